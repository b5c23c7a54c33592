"""What a class run found, and how it reads: grades.csv, a summary of the class, and each student's feedback.

Names, messages and printed output come from students. HTML is escaped by Jinja2, Markdown by `_plain` and by fences
longer than any run of backticks inside, CSV cells that a spreadsheet would run as a formula are made text.
"""

from __future__ import annotations

import csv
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from grader.curriculum import Course, Unit
from grader.curriculum.lesson import place
from grader.ground.files import write_text
from grader.ground.text import counted
from grader.judge import CheckResult, ExerciseVerdict, Outcome, Unknown, Verdict, tone
from grader.judge.terms.sentence import Says, cause_in_words, lines

if TYPE_CHECKING:
    from jinja2 import Template

MOST_CHECKS = 20
"""How many checks the summary lists."""

LEVELS = ("learner", "after-deadline", "instructor")
"""How much feedback tells: of hidden checks the names of those that failed; all that they say; and the seed, too."""

FAULT = "The judge could not work on this"
"""How a problem begins that is ours. What follows is for the instructor."""


@dataclass(frozen=True)
class Graded:
    """One student's result. `submitted` holds the ids of the graded units for which there was a file; `problem` is
    the one line that says why the submission could not be judged. `handed_in` says when, and `late` which fraction of
    the points lateness costs, both by unit id and only where there is something to say.
    """

    id: str
    verdict: Verdict
    submitted: frozenset[str] = frozenset()
    problem: str | None = None
    handed_in: Mapping[str, datetime] = field(default_factory=dict)
    late: Mapping[str, float] = field(default_factory=dict)

    @property
    def standing(self) -> float:
        """The verdict's points, less those that lateness costs."""
        one = self.verdict.exercises
        return sum(result.points * (1 - self.late.get(name.partition("/")[0], 0.0)) for name, result in one.items())

    def lateness(self, unit: Unit) -> str:
        """What being late costs in this unit, as a sentence; "" if it is not late."""
        if unit.id not in self.late:
            return ""
        when = self.handed_in[unit.id].astimezone()
        return f"Handed in late, on {when:%Y-%m-%d at %H:%M %Z}: {self.late[unit.id]:.0%} of the points are taken off."


@dataclass(frozen=True)
class ClassMistake:
    """A known mistake and how many students of the class made it."""

    exercise: str
    name: str
    sentence: str
    students: int


class Tally:
    """What is counted over a class, one student at a time, in any order: as large as the course, however large the
    class."""

    def __init__(self, units: Sequence[Unit]):
        self.units = units
        self.exercises = [exercise for unit in units for exercise in unit.exercises]
        self.outcomes: Counter[tuple[str, Outcome | Unknown]] = Counter()  # by exercise id and verdict
        self.asked: Counter[tuple[str, str]] = Counter()  # how often a check ran, by exercise id and check
        self.refused: Counter[tuple[str, str]] = Counter()  # and how often it did not pass
        self.confined = True
        self._first: dict[tuple[str, str], tuple[str, int]] = {}  # the first student that it ran for, and its position
        self._made: Counter[tuple[str, str, str]] = Counter()

    def add(self, student: Graded) -> None:
        self.confined &= student.verdict.confined
        position = 0
        for name, result in student.verdict.exercises.items():
            self.outcomes[name, result.verdict] += 1
            for check, passed in _checks(result):
                key, position = (name, check), position + 1
                self.asked[key] += 1
                self.refused[key] += not passed
                self._first[key] = min(self._first.get(key, (student.id, position)), (student.id, position))
            causes = [cause for part in (result, result.hidden) if part for cause in part.causes]
            self._made.update({(name, cause.name, cause.sentence) for cause in causes if cause.known})

    @property
    def mistakes(self) -> tuple[ClassMistake, ...]:
        ordered = sorted(self._made.items(), key=lambda item: (-item[1], item[0]))
        return tuple(ClassMistake(*mistake, students=count) for mistake, count in ordered)

    @property
    def failing(self) -> list[tuple[tuple[str, str], int]]:
        """The checks that did not always pass and how often, by exercise id and check; the commonest first."""
        some = ((check, count) for check, count in self.refused.items() if count)
        return sorted(some, key=lambda item: (-item[1], self._first[item[0]]))


def _checks(result: ExerciseVerdict) -> Iterator[tuple[str, bool]]:
    """The checks of an exercise and whether they passed, hidden ones marked."""
    yield from ((check.name, check.passed) for check in result.checks)
    if result.hidden:
        yield from ((f"hidden: {check.name}", check.passed) for check in result.hidden.checks)


@dataclass(frozen=True, slots=True)
class Row:
    """What stays in memory of a student when the class is done: the line of grades.csv, and what a screen shows.

    `scores` are the points that stand, by exercise in the order of the run's units, before lateness is paid for, and
    `outcomes` the verdicts; `by_unit` is what is left of each unit.
    """

    student: str
    scores: tuple[float, ...]
    by_unit: tuple[float, ...]
    outcomes: tuple[Outcome | Unknown, ...]
    late: Mapping[str, float]
    problem: str | None
    note: str

    @classmethod
    def of(cls, student: Graded, units: Sequence[Unit], scores: Mapping[str, float]) -> Row:
        """The row of a student with these `scores` by exercise id."""
        exercises = [exercise.id for unit in units for exercise in unit.exercises]
        late = [f"{unit.id}: {said}" for unit in units if (said := student.lateness(unit))]
        return cls(
            student=student.id,
            scores=tuple(scores[exercise] for exercise in exercises),
            by_unit=tuple(after_lateness(student, unit, scores) for unit in units),
            outcomes=tuple(student.verdict.exercises[exercise].verdict for exercise in exercises),
            late=student.late,
            problem=student.problem,
            note=" ".join(filter(None, [student.problem, *late])),
        )

    @property
    def points(self) -> float:
        return sum(self.by_unit)


@dataclass(frozen=True)
class GradeReport:
    """A class run: the units graded, where it was written, and what was counted.

    `students` are read from disk one by one, in order of id, each time they are asked for; `rows` are what is kept of
    them in that order. `judged` is how many needed a new verdict; `gradebook` the database's address without its
    password; `ignored` are entries of the folder that are nobody's submission, and `strangers` students who are not on
    the roster.
    """

    students: Sequence[Graded]
    units: tuple[Unit, ...]
    out: Path
    gradebook: str
    seed: int
    tally: Tally
    rows: tuple[Row, ...]
    judged: int = 0
    ignored: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()

    @property
    def problems(self) -> dict[str, str]:
        """Students whose submission could not be judged, and why."""
        return {row.student: row.problem for row in self.rows if row.problem}

    @property
    def mistakes(self) -> tuple[ClassMistake, ...]:
        """The known mistakes of the class, the commonest first."""
        return self.tally.mistakes

    @property
    def confined(self) -> bool:
        """Whether the kernel's wall stood around every submission."""
        return self.tally.confined

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """The points that stand, by student and exercise, as grades.csv has them: before lateness is paid for."""
        names = [exercise.id for exercise in self.tally.exercises]
        return {row.student: dict(zip(names, map(float, map(_cell, row.scores)), strict=True)) for row in self.rows}

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON-able data: `{"schema": 1, "students": {id: verdict}, …}`. Reads and holds the whole class."""
        return {
            "schema": 1,
            "students": {student.id: student.verdict.to_dict() for student in self.students},
            "scores": self.scores,
            "problems": self.problems,
            "mistakes": [vars(mistake) for mistake in self.mistakes],
            "late": {row.student: dict(row.late) for row in self.rows if row.late},
            "units": [unit.id for unit in self.units],
            "seed": self.seed,
            "confined": self.confined,
            "gradebook": self.gradebook,
            "out": str(self.out),
            "ignored": list(self.ignored),
            "strangers": list(self.strangers),
        }


def after_lateness(student: Graded, unit: Unit, scores: Mapping[str, float]) -> float:
    """The points of a unit that are left."""
    return sum(scores[exercise.id] for exercise in unit.exercises) * (1 - student.late.get(unit.id, 0.0))


def write_grades(file: IO[str], units: Sequence[Unit], rows: Iterable[Row]) -> None:
    """grades.csv, a row a student: total, each unit, each exercise, and a note. What a person entered counts.

    What lateness costs is taken off the units and the total, not the exercises.
    """
    table = csv.writer(file, lineterminator="\n")
    exercises = [exercise.id for unit in units for exercise in unit.exercises]
    table.writerow(["student", "points", "max_points", *(unit.id for unit in units), *exercises, "note"])
    most = sum(unit.points for unit in units)
    for row in rows:
        points = map(_cell, [row.points, most, *row.by_unit, *row.scores])
        table.writerow([spreadsheet_text(row.student), *points, spreadsheet_text(row.note)])


def _cell(points: float) -> str:
    return f"{points:g}"


def spreadsheet_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    first = unicodedata.normalize("NFKC", text).lstrip()[:1]  # some programs read full-width signs as well
    return f"'{text}" if first and first in "=+-@" else text


# ----------------------------------------------------------------------------------------------------- feedback

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Feedback for {{ student.id }}</title>
<style>
  :root { color-scheme: light dark; }
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: .75rem; border-radius: .4rem; background: #8882; }
  section { border-top: 1px solid #8886; padding-top: .5rem; margin-top: 1.5rem; }
  h3 span { float: right; font-weight: normal; }
  .right { color: light-dark(#186a2c, #7fd494); }
  .wrong { color: light-dark(#a32020, #ff9d94); }
  .unsure { color: light-dark(#7a5a00, #e8c66b); }
  .cause { border-left: .2rem solid #e0a800; padding-left: .6rem; }
  .small { font-size: .85rem; opacity: .8; overflow-wrap: anywhere; }
  ul { padding-left: 1.2rem; }
</style>
{% macro told(one) %}
{% if one.parts %}<ul>{% for part in one.parts %}
<li class="{{ tone(part.verdict) }}">{{ part.name }}: {{ part.verdict }},
{{ part.points }} / {{ part.max_points }}</li>{% endfor %}
</ul>{% endif %}
{% if one.message %}<pre>{{ without_causes(one) }}</pre>{% endif %}
{% for cause in one.causes %}<p class="cause">{{ in_words(cause) }}
{% if instructor and cause.known %}<span class="small">Known mistake: <code>{{ cause.name }}</code></span>{% endif %}
{% set section = cause.section and lesson(cause.section) %}{% if section %}<br>Read again: {{ section }}{% endif %}
</p>{% endfor %}
{% if one.repro %}<details><summary>Code that shows it</summary><pre>{{ one.repro }}</pre></details>{% endif %}
{% if one.checks %}<ul>{% for check in one.checks %}
<li>{{ "✓" if check.passed else "✗" }} {{ check.name }}
{% if not one.message.startswith(check.message.rstrip()) %}<pre>{{ check.message }}</pre>{% endif %}</li>{% endfor %}
</ul>{% endif %}
{% if one.output %}<details><summary>What your code printed</summary><pre>{{ one.output }}</pre></details>{% endif %}
{% endmacro %}
<h1>Feedback for {{ student.id }}</h1>
{% if instructor %}<p class="wrong">{{ banner }}</p>{% endif %}
<p><strong>{{ points }} of {{ student.verdict.max_points }} points</strong></p>
{% if student.problem %}<p class="wrong">{{ student.problem }}</p>{% endif %}
{% for note in student.verdict.notes %}<p class="small">{{ note }}</p>{% endfor %}
{% for unit in units %}
<h2>{{ unit.number }} {{ unit.title }}</h2>
{% if student.lateness(unit) %}<p class="wrong">{{ student.lateness(unit) }}</p>{% endif %}
{% for exercise in unit.exercises %}{% set one = student.verdict.exercises[exercise.id] %}
<section>
<h3 class="{{ tone(one.verdict) }}">{{ exercise.title }} <span>{{ one.points }} / {{ one.max_points }}</span></h3>
<p><code>{{ exercise.name }}</code>: {{ one.verdict }}</p>
{{ told(one) }}
{% if one.hidden %}<h4>Hidden checks</h4>
{{ told(one.hidden) }}{% endif %}
</section>
{% endfor %}{% endfor %}
<p class="small">{{ provenance }}</p>
</html>
"""


def write_feedback(course: Course, out: Path, student: Graded, units: Sequence[Unit], level: str = "learner") -> None:
    """Write out/feedback/<student>/feedback.{html,md}."""
    folder = out / "feedback" / student.id
    write_text(folder / "feedback.html", feedback_html(course, student, units, level))
    write_text(folder / "feedback.md", feedback_markdown(course, student, units, level))


def shown(student: Graded, level: str) -> Graded:
    """What a level of LEVELS lets be seen of a result. Pages are made of nothing else."""
    if level == "instructor":
        return student
    ours = student.problem and student.problem.startswith(f"{FAULT}:")
    problem = f"{FAULT}; your instructor can find out why." if ours else student.problem
    exercises = {
        name: replace(
            one,
            message=problem if problem and one.message == student.problem else one.message,
            hidden=_names_alone(one) if level == "learner" else one.hidden,
        )
        for name, one in student.verdict.exercises.items()
    }
    return replace(student, problem=problem, verdict=replace(student.verdict, exercises=exercises))


def _names_alone(one: ExerciseVerdict) -> ExerciseVerdict | None:
    """Of hidden checks, the names of those that failed."""
    names = one.refused_hidden
    checks = tuple(CheckResult(name, False) for name in names)
    return ExerciseVerdict(Outcome.FAILED, 0, one.max_points, checks=checks) if names else None


def feedback_html(course: Course, student: Graded, units: Sequence[Unit], level: str = "learner") -> str:
    """One student's feedback as a page of its own: no scripts, no requests."""
    student = shown(student, level)
    page = _page().render(
        student=student,
        points=f"{student.standing:g}",
        units=units,
        provenance=_provenance(student.verdict, level),
        instructor=level == "instructor",
        lesson=partial(place, course),
    )
    return f"{page}\n"


@cache
def _page() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals |= {"banner": _BANNER, "tone": lambda outcome: tone(outcome).name.lower()}
    environment.globals |= {"without_causes": _without_causes, "in_words": cause_in_words}
    return environment.from_string(_PAGE)


def _without_causes(one: ExerciseVerdict) -> str:
    """What a verdict says, but for the causes, which are shown in a way of their own."""
    if one.failure is None or not one.failure.causes:
        return one.message
    head = one.message.partition("\n")[0]
    said = [f"  {text}" for says, text in lines(one.failure) if says is not Says.CAUSE]
    return "\n".join([head, *said])


_BANNER = "For the instructor, not to be handed out: with what hidden checks say, and the seed."


def feedback_markdown(course: Course, student: Graded, units: Sequence[Unit], level: str = "learner") -> str:
    """The same feedback as Markdown, for a pull request or a mail."""
    student = shown(student, level)
    verdict, instructor = student.verdict, level == "instructor"
    parts = [
        f"# Feedback for {_plain(student.id)}",
        *([f"**{_BANNER}**"] if instructor else []),
        f"**{student.standing:g} of {verdict.max_points} points**",
        *(_plain(line) for line in filter(None, [student.problem, *verdict.notes])),
    ]
    for unit in units:
        parts.append(f"## {unit.number} {_plain(unit.title)}")
        parts += filter(None, [student.lateness(unit)])
        for exercise in unit.exercises:
            one = verdict.exercises[exercise.id]
            parts.append(f"### {_plain(exercise.title)}: {one.points} / {one.max_points}")
            parts += [f"`{exercise.name}`: {one.verdict}", *_told(course, one, instructor)]
            if one.hidden:
                parts += ["#### Hidden checks", *_told(course, one.hidden, instructor)]
    parts += ["---", _plain(_provenance(verdict, level))]
    return "\n\n".join(parts) + "\n"


def _told(course: Course, one: ExerciseVerdict, instructor: bool) -> Iterator[str]:
    if one.parts:
        yield "\n".join(
            f"- {_plain(part.name)}: {_plain(part.verdict)}, {part.points} / {part.max_points}" for part in one.parts
        )
    if one.message:
        yield _fenced(_without_causes(one))
    for cause in one.causes:
        known = f" (known mistake: `{cause.name}`)" if instructor and cause.known else ""
        section = cause.section and place(course, cause.section)
        again = f" Read again: {_plain(section)}" if section else ""
        yield f"{_plain(cause_in_words(cause))}{known}{again}"
    if one.repro:
        yield f"Code that shows it:\n\n{_fenced(one.repro, 'python')}"
    if one.checks:
        yield "\n".join(f"- {'✓' if check.passed else '✗'} {_plain(check.name)}" for check in one.checks)
    yield from (_fenced(check.message) for check in one.checks if not one.message.startswith(check.message))
    if one.output:
        yield f"What your code printed:\n\n{_fenced(one.output)}"


_UNCONFINED = "The kernel did not confine the code while it was judged."


def _provenance(verdict: Verdict, level: str) -> str:
    """What was judged, by what. Who knows the seed as well knows what the next hand-in will be asked."""
    source = f"source {verdict.source_sha256 or 'none'}."
    seed = f"seed {verdict.seed}, {source} The same three give the same verdict."
    said = f"Judged by {verdict.checker}, {seed if level == 'instructor' else source}"
    return said if verdict.confined else f"{said} {_UNCONFINED}"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"(^[-+=]|[\\`*_{}\[\]<>#|~$&!])", r"\\\1", " ".join(text.split()))


def _fenced(text: str, language: str = "text") -> str:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


# ------------------------------------------------------------------------------------------------------ summary


def summary_markdown(report: GradeReport) -> str:
    """The class at a glance: what was passed, which known mistakes it makes, whose work needs a person."""
    units = ", ".join(f"{unit.number} {_plain(unit.title)}" for unit in report.units)
    parts = [
        "# Class summary",
        f"{counted(len(report.rows), 'student')}; {units}. Gradebook: {_plain(report.gradebook)}",
        _outcomes(report),
        *([] if report.confined else [f"**{_UNCONFINED}**"]),
        "## Points",
        _histogram(report),
        *_failing(report.tally),
        *_listed("Known mistakes the class makes", map(_made, report.mistakes)),
        *_listed("Could not be judged", (f"{_plain(who)}: {_plain(why)}" for who, why in report.problems.items())),
        *_named("Not on the roster, so never late", report.strangers),
        *_named("Not taken for submissions", report.ignored),
    ]
    return "\n\n".join(parts) + "\n"


def _outcomes(report: GradeReport) -> str:
    """A table: each exercise, how often each outcome, and the mean of the points that stand."""
    later = {outcome for _, outcome in report.tally.outcomes if isinstance(outcome, Unknown)}
    outcomes = [*Outcome, *sorted(later)]
    lines = [
        "| exercise | " + " | ".join(outcomes) + " | mean points |",
        "| --- |" + " ---: |" * (len(outcomes) + 1),
    ]
    for number, exercise in enumerate(report.tally.exercises):
        mean = sum(row.scores[number] for row in report.rows) / max(len(report.rows), 1)
        counts = " | ".join(str(report.tally.outcomes[exercise.id, outcome]) for outcome in outcomes)
        lines.append(f"| `{exercise.id}` | {counts} | {mean:.2f} / {exercise.points} |")
    return "\n".join(lines)


def _failing(tally: Tally) -> Iterator[str]:
    lines = ["| exercise | check | fails |", "| --- | --- | ---: |"]
    for (exercise, check), count in tally.failing[:MOST_CHECKS]:
        asked = tally.asked[exercise, check]
        lines.append(f"| `{exercise}` | {_plain(check)} | {count} of {asked} ({count / asked:.0%}) |")
    if tally.failing:
        yield "## Checks that fail most"
        yield "\n".join(lines)


def _made(mistake: ClassMistake) -> str:
    return f"{counted(mistake.students, 'student')}, `{mistake.exercise}`: {_plain(mistake.sentence)}"


def _listed(title: str, items: Iterable[str]) -> Iterator[str]:
    if lines := [f"- {item}" for item in items]:
        yield f"## {title}"
        yield "\n".join(lines)


def _named(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"{what}: " + ", ".join(map(_plain, names))


def _histogram(report: GradeReport) -> str:
    """How many students have how many percent of the points."""
    most = sum(unit.points for unit in report.units)
    tenths = [0] * 10  # how many students have up to a tenth of the points, two tenths, …
    for row in report.rows:
        tenths[min(9, max(0, math.ceil(10 * row.points / most - 1e-9) - 1))] += 1
    lines = []
    for number, count in enumerate(tenths):
        low = 10 * number + 1 if number else 0
        bar = "█" * math.ceil(40 * count / max(*tenths, 1))
        lines.append(f"{low:>3}–{10 * (number + 1):>3} %  {count:>5}  {bar}".rstrip())
    return _fenced("\n".join(lines))
