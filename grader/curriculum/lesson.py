"""The one reader of lessons: their headings and anchors, the sections of exercises, hints, and the code that is shown.

Terminal, website, notebooks, class feedback and the gates all ask here, so that a section has one name everywhere.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from grader.curriculum.course import Course
from grader.curriculum.errors import UnknownId
from grader.curriculum.model import Exercise, Milestone, Unit
from grader.ground.errors import CourseError

_HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*(?:\{([^}]*)\})?\s*$")
_EXPLICIT_ID = re.compile(r"#([\w-]+)")
_MARKUP = re.compile(r"`|\*{1,2}(?=\S)|(?<=\S)\*{1,2}|\[([^\]]*)\]\([^)]*\)")
_FENCE = re.compile(r"^( *)(```+|~~~+) *(\w*)")
_GUIDE = re.compile(r"guide/(\w+)")
_HINT = re.compile(r'^\?\?\?\+?\s+tip\s+"(?:Hint\s+(\d+)\s*[:.]\s*)?(.*)"\s*$')


@dataclass(frozen=True)
class Heading:
    """A heading: `level` from 1, `title` without markup, `anchor` as the website has it, `line` counted from 1."""

    level: int
    title: str
    anchor: str
    line: int


@dataclass(frozen=True)
class Fence:
    """Code that is shown: its language ("" if none is named), and the line, counted from 1, on which it begins."""

    line: int
    language: str
    code: str


@dataclass(frozen=True)
class Hint:
    """Rung `number` (from 1) of `of`; `body` is Markdown. `label` is the number that the lesson itself gives it."""

    number: int
    of: int
    title: str
    body: str
    label: int | None = None


@dataclass(frozen=True)
class Lesson:
    """A lesson, a project's page, a milestone's or one of the guide, by its Markdown."""

    text: str

    @classmethod
    def read(cls, course: Course, of: Unit | Milestone) -> Lesson:
        """The lesson of a unit or a milestone. Raises CourseError if there is none."""
        try:
            return _parsed(course.lesson(of).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            name = f"{of.number} {of.title}" if isinstance(of, Unit) else of.title
            raise CourseError(f"The course lacks the lesson of {name}: reinstall it.") from None

    @cached_property
    def headings(self) -> tuple[Heading, ...]:
        """All of them, in order; an anchor that is taken gets a number, as Python-Markdown does it."""
        found: list[Heading] = []
        taken: set[str] = set()
        for number, line in enumerate(self._prose_lines, start=1):
            if match := _HEADING.match(line):
                explicit = _EXPLICIT_ID.search(match[3] or "")
                anchor = explicit[1] if explicit else _unique(_slug(match[2]), taken)
                taken.add(anchor)
                found.append(Heading(len(match[1]), _plain(match[2]), anchor, number))
        return tuple(found)

    @cached_property
    def prose(self) -> str:
        """The page with its code emptied; line numbers stay."""
        return "\n".join(self._prose_lines)

    @cached_property
    def fences(self) -> tuple[Fence, ...]:
        """The code that is shown, in order."""
        return tuple(self._scanned[1])

    def titled(self, anchor: str) -> str | None:
        """The title of the section with this anchor; None if there is none."""
        return next((heading.title for heading in self.headings if heading.anchor == anchor), None)

    def heading_of(self, exercise: Exercise) -> Heading | None:
        """The heading of an exercise's own section: `### name`."""
        named = (heading for heading in self.headings if heading.level == 3 and heading.title == exercise.name)
        return next(named, None)

    def section(self, exercise: Exercise) -> str:
        """What stands below an exercise's heading, hints included, up to the next heading of its level or above."""
        if (own := self.heading_of(exercise)) is None:
            return ""
        later = (other.line - 1 for other in self.headings if other.line > own.line and other.level <= own.level)
        return "\n".join(self.text.splitlines()[own.line : next(later, None)])

    def statement(self, exercise: Exercise) -> str:
        """An exercise's section without its hints; "" if it has none."""
        return "\n".join(line for line, rung in _with_rungs(self.section(exercise)) if rung is None).strip()

    def ladder(self, exercise: Exercise) -> list[Hint]:
        """The hints of an exercise, in order: the `??? tip` blocks of its section."""
        rungs: dict[int, tuple[re.Match[str], list[str]]] = {}
        for line, rung in _with_rungs(self.section(exercise)):
            if rung is not None and rung not in rungs:
                match = _HINT.match(line)
                assert match is not None
                rungs[rung] = match, []
            elif rung is not None:
                rungs[rung][1].append(line)
        return [
            Hint(
                number,
                len(rungs),
                match[2],
                textwrap.dedent("\n".join(lines)).strip(),
                int(match[1]) if match[1] else None,
            )
            for number, (match, lines) in enumerate(rungs.values(), start=1)
        ]

    @cached_property
    def _scanned(self) -> tuple[list[str], list[Fence]]:
        """The lines with those of code emptied, and the code."""
        prose: list[str] = []
        fences: list[Fence] = []
        opened: re.Match[str] | None = None
        body: list[str] = []
        for number, line in enumerate(self.text.splitlines(), start=1):
            mark = _FENCE.match(line)
            if opened is None and mark is None:
                prose.append(line)
                continue
            prose.append("")
            if opened is None:
                opened, body = mark, []
            elif line.rstrip() == f"{opened[1]}{opened[2]}":
                fences.append(
                    Fence(number - len(body), opened[3], textwrap.dedent("".join(f"{one}\n" for one in body)))
                )
                opened = None
            else:
                body.append(line)
        return prose, fences

    @property
    def _prose_lines(self) -> list[str]:
        return self._scanned[0]


def place(course: Course, see: str) -> str | None:
    """`lesson 2.4, “Why the square root”` for a verdict's `see` (`address#anchor`); None if that leads nowhere.

    A page of the guide is called by its name: `errors, “Axes”` for `guide/errors#axes`.
    """
    address, _, anchor = see.partition("#")
    try:
        if guide := _GUIDE.fullmatch(address):
            title = _parsed(course.guide(guide[1]).read_text(encoding="utf-8")).titled(anchor)
            return title and f"{guide[1]}, “{title}”"
        unit = course.curriculum.unit(address)
        title = Lesson.read(course, unit).titled(anchor)
    except (UnknownId, CourseError, OSError, UnicodeDecodeError):
        return None
    return title and f"lesson {unit.number}, “{title}”"


def href(see: str) -> str:
    """Where a place that exists is on the website: a lesson is a folder of its own, a page of the guide is not."""
    address, _, anchor = see.partition("#")
    return f"/{address}{'.html' if _GUIDE.fullmatch(address) else '/'}#{anchor}"


@lru_cache(maxsize=64)  # a class's feedback asks the same lessons again and again
def _parsed(text: str) -> Lesson:
    return Lesson(text)


def _with_rungs(section: str) -> Iterator[tuple[str, int | None]]:
    """Each line of a section with the place of the hint that it belongs to, None for the others."""
    place = -1
    inside = False
    for line in section.splitlines():
        if _HINT.match(line):
            place, inside = place + 1, True
        elif inside and line.strip() and not line.startswith("    "):
            inside = False
        yield line, place if inside else None


def _plain(title: str) -> str:
    return _MARKUP.sub(lambda match: match[1] or "", title)


def _slug(title: str) -> str:
    """The id that Python-Markdown's table of contents gives a heading."""
    ascii_only = unicodedata.normalize("NFKD", _plain(title)).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", ascii_only).strip().lower())


def _unique(anchor: str, taken: Iterable[str]) -> str:
    number = 0
    name = anchor
    while name in taken or not name:
        number += 1
        name = f"{anchor}_{number}"
    return name
