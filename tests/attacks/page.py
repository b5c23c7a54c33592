"""The table of attacks in the instructors' guide, made from the attacks' own first lines.

python tests/attacks/page.py    writes it; the suite says when it is stale
"""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "course" / "guide" / "promises.md"
MARK = "<!-- attacks -->\n"

FAMILIES = {
    "forgery": "Forging the verdict",
    "reading": "Reading the answers",
    "lending": "Getting more than what is lent",
    "tampering": "Tampering with the judge",
    "exhaustion": "Using everything up",
    "escape": "Getting out",
    "persistence": "Staying behind",
    "libraries": "Libraries and a scratch folder",
    "protocol": "Abusing the conversation",
    "packaging": "Tricks of packaging",
    "notebook": "Tricks of notebooks",
}


def attempts(family: str) -> dict[str, str]:
    """Names and first lines of one family's attacks."""
    files = sorted(path for path in (HERE / family).glob("*.py") if not path.name.startswith("_"))
    return {path.stem: (ast.get_docstring(ast.parse(path.read_bytes())) or "").split("\n")[0] for path in files}


def page() -> str:
    """The guide's page with the table as it should be."""
    head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    tables = [f"{sum(len(attempts(family)) for family in FAMILIES)} in all."]
    for family, title in FAMILIES.items():
        rows = [f"| `{name}` | {line.replace('|', chr(92) + '|')} |" for name, line in attempts(family).items()]
        tables.append("\n".join([f"### {title}", "", "| attack | what it tries |", "| --- | --- |", *rows]))
    return head + MARK + "\n" + "\n\n".join(tables) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
