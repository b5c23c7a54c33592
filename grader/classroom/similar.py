"""Which hand-ins read alike, for a person to look at. Nothing here says why they do.

The comparison is copydetect's (github.com/blingenf/copydetect): Pygments' tokens without names, comments and blanks,
and all their runs of 25 characters as fingerprints (Schleimer, Wilkerson and Aiken, SIGMOD 2003). What also stands in
the stub or the reference counts for nothing. copydetect's own report is not used: it speaks of plagiarism, and takes
names for HTML. Runs on this machine alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.classroom.submissions import list_class, read_work
from grader.curriculum import Course, CourseError, Unit
from grader.ground.files import write_text

if TYPE_CHECKING:
    from copydetect import CodeFingerprint
    from jinja2 import Template
    from markupsafe import Markup

RUN = 25
"""How many characters in a row must agree, counted after names have become one letter: copydetect's own choice."""

ALIKE, MOST = 0.5, 200
"""What is shown by default: pairs that share this part of the shorter one, and at most so many of them."""

LEAST = 100
"""A pair that shares fewer characters, counted like RUN, is not shown: a few lines are alike by themselves."""

MAX_CHARACTERS = 64 << 10
"""A longer file is not compared, and named."""

OnCompared = Callable[[int, int], None]
"""Called with how many comparisons are done and how many there are."""


Files = dict[Unit, dict[str, "CodeFingerprint"]]
"""The files to compare, by unit and student."""


@dataclass(frozen=True)
class Pair:
    """Two students' files of one unit. `shares` is how much of each stands in the other, from 0 to 1; `characters` how
    much that is, and `pages` the files as HTML, with what they share marked."""

    unit: Unit
    students: tuple[str, str]
    shares: tuple[float, float]
    characters: int
    pages: tuple[Markup, Markup]


@dataclass(frozen=True)
class Similar:
    """What was found: the pairs, the most alike first; how many more there are that were not shown; how many students
    were compared; who could not be, and why."""

    path: Path
    pairs: tuple[Pair, ...]
    more: int
    students: int
    units: tuple[Unit, ...]
    problems: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": 1,
            "report": str(self.path),
            "students": self.students,
            "units": [unit.id for unit in self.units],
            "pairs": [
                {"unit": one.unit.id, "students": one.students, "shares": one.shares, "characters": one.characters}
                for one in self.pairs
            ],
            "more": self.more,
            "problems": self.problems,
        }


def similar(
    course: Course,
    submissions: Path,
    to: Path,
    *,
    units: Sequence[Unit] = (),
    alike: float = ALIKE,
    most: int = MOST,
    progress: OnCompared = lambda done, total: None,
) -> Similar:
    """Compare every two students of the folder `submissions`, unit by unit, and write a page to `to`.

    Args:
        units: what is compared; by default every built unit that at least two students handed in.
        alike: the least part of the shorter file that a pair must share to be shown.
        most: how many pairs are shown.

    Raises CourseError when copydetect is missing, when there are no two students to compare, or when `to` cannot be
    written.
    """
    if find_spec("copydetect") is None:
        raise CourseError("Comparing needs copydetect; install it with: pip install 'zero-to-diffusion[class]'")
    files, problems = _read(course, submissions, to, units)
    if not files:
        wanted = ", ".join(unit.id for unit in units) or "any unit"
        raise CourseError(f"Fewer than two students in {submissions} handed in {wanted}; there is nothing to compare.")
    found = _compared(course, files, alike, progress)
    result = Similar(
        path=to,
        pairs=tuple(_pair(unit, who, files[unit]) for unit, who in found[:most]),
        more=max(0, len(found) - most),
        students=len({student for theirs in files.values() for student in theirs}),
        units=tuple(files),
        problems=problems,
    )
    write_text(to, _page().render(found=result, alike=alike, run=RUN) + "\n")
    return result


def _read(course: Course, submissions: Path, to: Path, units: Sequence[Unit]) -> tuple[Files, dict[str, str]]:
    """The files of each unit that more than one student handed in; and who cannot be compared, and why."""
    entries, _ = list_class(course, submissions, leave_out=to)
    problems: dict[str, str] = {}
    files: Files = {unit: {} for unit in units or course.curriculum.built}
    for entry in entries:
        work = read_work(course, submissions, entry, units)
        if work.problem:
            problems[entry.id] = work.problem
        for unit, theirs in files.items():
            text = work.submission.sources.get(unit.address, b"").decode("utf-8", "replace")
            if len(text) > MAX_CHARACTERS:
                problems[entry.id] = f"{unit.address}.py is longer than {MAX_CHARACTERS >> 10} Ki characters."
            elif text:
                theirs[entry.id] = _fingerprint(text)
    return {unit: theirs for unit, theirs in files.items() if len(theirs) > 1}, problems


def _compared(course: Course, files: Files, alike: float, progress: OnCompared) -> list[tuple[Unit, tuple[str, str]]]:
    """Every two students whose files of a unit share at least `alike`, the most alike first."""
    total = sum(len(theirs) * (len(theirs) - 1) // 2 for theirs in files.values())
    found: list[tuple[float, int, Unit, tuple[str, str]]] = []
    done = 0
    for unit, theirs in files.items():
        _forget_what_was_given(course, unit, theirs.values())
        for who in combinations(sorted(theirs), 2):
            share, characters = _shared(theirs[who[0]], theirs[who[1]], alike)
            if characters >= LEAST and share >= alike:
                found.append((min(1.0, share), characters, unit, who))
            done += 1
            if done % 1000 == 0 or done == total:
                progress(done, total)
    found.sort(key=lambda pair: (-pair[0], -pair[1], pair[2].id, pair[3]))
    return [(unit, who) for _, _, unit, who in found]


def _shared(one: CodeFingerprint, other: CodeFingerprint, alike: float) -> tuple[float, int]:
    """How much of the shorter file stands in the other, and how many characters; nothing of files that promise little:
    they are not laid side by side, which is what takes time."""
    from copydetect import compare_files

    if len(one.hashes & other.hashes) <= alike * min(len(one.hashes), len(other.hashes)) / 2:
        return 0.0, 0
    characters, shares, _ = compare_files(one, other)
    return max(shares), characters


def _fingerprint(text: str) -> CodeFingerprint:
    """All fingerprints (a window of one), so that nothing depends on the order of Python's hashes."""
    from copydetect import CodeFingerprint

    # As Pygments will read it, so that what it counts are this text's characters.
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip("\n") + "\n"
    return CodeFingerprint("hand-in.py", RUN, 1, fp=io.StringIO(text))


def _forget_what_was_given(course: Course, unit: Unit, files: Any) -> None:
    """Take out what stands in the stub or the reference. copydetect can leave out boilerplate as it reads a file, but
    takes what a file says twice for boilerplate as well (numpy.intersect1d told that all are different)."""
    from copydetect.utils import get_token_coverage

    given = set[Any]()
    for path in (course.stub(unit), course.reference(unit)):
        if path.is_file():
            given |= _fingerprint(path.read_text(encoding="utf-8")).hashes
    for one in files:
        one.hashes -= given
        one.hash_idx = {value: places for value, places in one.hash_idx.items() if value in one.hashes}
        one.token_coverage = get_token_coverage(one.hash_idx, one.k, len(one.filtered_code))


def _pair(unit: Unit, who: tuple[str, str], files: Mapping[str, CodeFingerprint]) -> Pair:
    from copydetect import compare_files

    one, other = files[who[0]], files[who[1]]
    characters, shares, slices = compare_files(one, other)
    first, second = (min(1.0, float(share)) for share in shares)  # a gap between two runs counts as shared
    return Pair(unit, who, (first, second), int(characters), (_marked(one, slices[0]), _marked(other, slices[1])))


def _marked(file: CodeFingerprint, slices: Any) -> Markup:
    """The file as HTML, with the slices (starts, ends) marked."""
    from markupsafe import Markup

    parts, at = [], 0
    for start, end in zip(*slices.astype(int), strict=True) if len(slices) else ():
        parts += [Markup("{}<mark>{}</mark>").format(file.raw_code[at:start], file.raw_code[start:end])]
        at = end
    return Markup("").join([*parts, file.raw_code[at:]])


_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Files that read alike</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 90rem; }
  .text { max-width: 46rem; }
  .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
  pre { overflow-x: auto; padding: .75rem; border-radius: .4rem; background: #8881; font-size: .85rem; margin: 0; }
  mark { color: inherit; background: #d9a4; }
  summary { padding: .4rem 0; overflow-wrap: anywhere; cursor: pointer; }
  h3 { font-size: 1rem; overflow-wrap: anywhere; }
</style>
<div class="text">
<h1>Files that read alike</h1>
<p>{{ found.students }} students were compared, each with every other, on
{% for unit in found.units %}{{ unit.number }} {{ unit.title }}{{ ", " if not loop.last }}{% endfor %}.
Below are the pairs that share at least {{ percent(alike) }} of the shorter file, the most alike first.</p>
<p><strong>A likeness is no finding.</strong> Files read alike for many reasons: two people talked, sat in the same
tutorial, read the same page, or a task has one natural solution. The page shows where to look; only a person who
has talked to both can say what happened.</p>
<p>Marked is what both files have, {{ run }} characters or more in a row, when names, comments, strings and blanks are
left out of account. What stands in the stub or in the course's own solution is not counted.</p>
{% if found.more %}<p>{{ found.more }} more pairs are that much alike and are not shown here.</p>{% endif %}
{% if found.problems %}<p>Not compared:</p><ul>{% for who, why in found.problems.items() %}
<li>{{ who }}: {{ why }}</li>{% endfor %}</ul>{% endif %}
{% if not found.pairs %}<p>There is no such pair.</p>{% endif %}
</div>
{% for pair in found.pairs %}
<details{{ " open" if loop.first }}>
<summary>{{ pair.unit.number }} {{ pair.unit.title }}: {{ pair.students[0] }} and {{ pair.students[1] }},
{{ percent(pair.shares[0]) }} of the one and {{ percent(pair.shares[1]) }} of the other</summary>
<div class="pair">{% for side in (0, 1) %}
<section><h3>{{ pair.students[side] }}</h3><pre>{{ pair.pages[side] }}</pre></section>{% endfor %}
</div>
</details>
{% endfor %}
</html>
"""


@cache
def _page() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals["percent"] = lambda share: f"{share:.0%}"
    return environment.from_string(_PAGE)
