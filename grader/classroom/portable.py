"""Lessons for places where the site's Markdown extensions are not: notebooks, and files read as they are."""

from __future__ import annotations

import re

# An admonition (!!!) or a folded block (???, ???+): its title line, then all that is blank or indented by four.
_BLOCK = re.compile(
    r"""
    ^ (?P<mark> !!! | \?\?\?\+? ) [ ]+ [\w-]+ (?: [ ]+ "(?P<title>[^"\n]*)" )? [ \t]* \n
    (?P<body> (?: (?: [ ]{4}.* | [ \t]* ) (?: \n | \Z ) )* )
    """,
    re.MULTILINE | re.VERBOSE,
)


_CODE_OR_MATH = re.compile(r"(```.*?^```|`[^`\n]+`|\$\$.*?\$\$|\$[^$\n]+\$)", re.DOTALL | re.MULTILINE)


def portable(markdown: str) -> str:
    """Lesson Markdown without what only the site's extensions understand.

    Admonitions become quotations, folded blocks (the hints) become <details>, and links into the course and pictures,
    which do not travel with a notebook, leave their text. Code and mathematics stay as they are.
    """
    parts = _CODE_OR_MATH.split(_BLOCK.sub(_unfolded, markdown))
    parts[::2] = map(_without_places, parts[::2])
    return re.sub(r"\n{3,}", "\n\n", "".join(parts)).strip()


def _without_places(prose: str) -> str:
    prose = re.sub(r"!\[([^\]]*)\]\((?!https?:)[^)]*\)(?:\{[^}\n]*\})?", r"*(picture in the lesson: \1)*", prose)
    prose = re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", prose)
    return re.sub(r"[ \t]*\{ *[#.:][^}\n]*\}[ \t]*$", "", prose, flags=re.MULTILINE)


def _unfolded(block: re.Match[str]) -> str:
    body = "\n".join(line[4:] for line in block["body"].splitlines()).strip("\n")
    title = block["title"] or ""
    if block["mark"] == "!!!":
        lines = [f"**{title}**", "", *body.splitlines()] if title else body.splitlines()
        return "\n".join(f"> {line}".rstrip() for line in lines) + "\n\n"
    return f"<details>\n<summary>{title or 'More'}</summary>\n\n{body}\n\n</details>\n\n"
