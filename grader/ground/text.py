"""Other people's text, made harmless: what a learner prints, raises or names its files."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?")
_JOINERS = "\u200c\u200d"  # invisible, and needed to spell several languages


def clean(text: str, most: int | None = None) -> str:
    """Text that cannot act: line breaks, and otherwise no control character, escape sequence or direction mark.

    At most `most` characters, with a mark where it is cut.
    """
    shortened = text if most is None else text[: 2 * most]
    safe = "".join(filter(_shows, _ESCAPES.sub("", shortened.replace("\t", "    "))))
    return safe if most is None or (len(safe) <= most and len(shortened) == len(text)) else safe[:most] + " … (cut)"


def line(text: str) -> str:
    """`clean`, on one line."""
    return " ".join(clean(text).split())


def plural(count: int, thing: str) -> str:
    """`count` with its noun: "1 stub", "2 stubs"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


QUOTED = "│ "
"""Begins a line of a message that is not the judge's own."""


def quoted(text: str) -> list[str]:
    """`clean`, each line marked: nothing that it holds is the judge's word."""
    return [f"{QUOTED}{line}" for line in clean(text).splitlines() if line.strip()]


def _shows(character: str) -> bool:
    """No control, format, surrogate, private or unassigned character, and no separator of lines but \\n."""
    return character in _JOINERS or character == "\n" or unicodedata.category(character) not in _HIDDEN


_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
