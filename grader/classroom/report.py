"""What a class run found, and how it reads: grades.csv, a summary of the class, and each student's feedback.

Names, messages and printed output come from students. HTML is escaped by Jinja2, Markdown by `_plain` and by fences
longer than any run of backticks inside, CSV cells that a spreadsheet would run as a formula are made text.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.classroom.files import write_text
from grader.classroom.gradebook import Scores
from grader.curriculum import Exercise, Unit
from grader.judge import ExerciseVerdict, Verdict

if TYPE_CHECKING:
    from jinja2 import Template

OUTCOMES = ("passed", "failed", "crashed", "timed out", "not attempted")


@dataclass(frozen=True)
class Graded:
    """One student's result. `submitted` holds the ids of the graded units for which there was a file; `problem` is
    the one line that says why the submission could not be judged; `reused` says that an earlier run's verdict stood.
    """

    id: str
    verdict: Verdict
    submitted: frozenset[str] = frozenset()
    problem: str | None = None
    reused: bool = False


@dataclass(frozen=True)
class ClassMistake:
    """A known mistake and how many students of the class made it."""

    exercise: str
    name: str
    sentence: str
    students: int


@dataclass(frozen=True)
class GradeReport:
    """A class run: every student by id in order, the units graded, where it was written, and the scores that stand.

    `gradebook` is the database's address without its password; `ignored` are entries of the folder that are nobody's
    submission.
    """

    students: tuple[Graded, ...]
    units: tuple[Unit, ...]
    out: Path
    gradebook: str
    scores: Scores
    seed: int
    mistakes: tuple[ClassMistake, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def exercises(self) -> tuple[Exercise, ...]:
        return tuple(exercise for unit in self.units for exercise in unit.exercises)

    @property
    def problems(self) -> dict[str, str]:
        """Students whose submission could not be judged, and why."""
        return {student.id: student.problem for student in self.students if student.problem}

    @property
    def confined(self) -> bool:
        """Whether the kernel's wall stood around every submission."""
        return all(student.verdict.confined for student in self.students)

    def outcomes(self, exercise: Exercise) -> dict[str, int]:
        """How many students got each of the five verdicts on an exercise."""
        counted = Counter[str](student.verdict.exercises[exercise.id].verdict for student in self.students)
        return {outcome: counted[outcome] for outcome in OUTCOMES}

    def to_dict(self) -> dict[str, Any]:
        """The run as JSON-able data: `{"schema": 1, "students": {id: verdict}, …}`."""
        return {
            "schema": 1,
            "students": {student.id: student.verdict.to_dict() for student in self.students},
            "scores": self.scores,
            "problems": self.problems,
            "mistakes": [vars(mistake) for mistake in self.mistakes],
            "units": [unit.id for unit in self.units],
            "seed": self.seed,
            "confined": self.confined,
            "gradebook": self.gradebook,
            "out": str(self.out),
            "ignored": list(self.ignored),
        }


def write_report(report: GradeReport) -> None:
    """Write grades.csv, summary.md and feedback/<student>/feedback.{html,md} under the report's folder."""
    for student in report.students:
        folder = report.out / "feedback" / student.id
        write_text(folder / "feedback.html", feedback_html(student, report.units))
        write_text(folder / "feedback.md", feedback_markdown(student, report.units))
    write_text(report.out / "grades.csv", grades_csv(report))
    write_text(report.out / "summary.md", summary_markdown(report))


def grades_csv(report: GradeReport) -> str:
    """One row a student: total, each unit, each exercise, and a note. Manual scores of the gradebook count."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    units = [unit.id for unit in report.units]
    exercises = [exercise.id for exercise in report.exercises]
    rows.writerow(["student", "points", "max_points", *units, *exercises, "note"])
    most = sum(unit.points for unit in report.units)
    for student in report.students:
        scores = report.scores[student.id]
        by_unit = [sum(scores[exercise.id] for exercise in unit.exercises) for unit in report.units]
        points = [sum(by_unit), most, *by_unit, *(scores[exercise] for exercise in exercises)]
        rows.writerow([_cell(student.id), *(f"{value:g}" for value in points), _cell(student.problem or "")])
    return text.getvalue()


def _cell(text: str) -> str:
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
  .passed { color: light-dark(#186a2c, #7fd494); }
  .failed, .crashed, .timed { color: light-dark(#a32020, #ff9d94); }
  .small { font-size: .85rem; opacity: .8; overflow-wrap: anywhere; }
  ul { padding-left: 1.2rem; }
</style>
<h1>Feedback for {{ student.id }}</h1>
<p><strong>{{ student.verdict.points }} of {{ student.verdict.max_points }} points</strong></p>
{% if student.problem %}<p class="failed">{{ student.problem }}</p>{% endif %}
{% for note in student.verdict.notes %}<p class="small">{{ note }}</p>{% endfor %}
{% for unit in units %}
<h2>{{ unit.number }} {{ unit.title }}</h2>
{% for exercise in unit.exercises %}{% set one = student.verdict.exercises[exercise.id] %}
<section>
<h3 class="{{ one.verdict.split()[0] }}">{{ exercise.title }} <span>{{ one.points }} / {{ one.max_points }}</span></h3>
<p><code>{{ exercise.name }}</code>: {{ one.verdict }}</p>
{% if one.message %}<pre>{{ one.message }}</pre>{% endif %}
{% if one.see %}<p>Read again: {{ lesson(unit, one.see) }}</p>{% endif %}
{% if one.repro %}<details><summary>Code that shows it</summary><pre>{{ one.repro }}</pre></details>{% endif %}
{% if one.checks %}<ul>{% for check in one.checks %}
<li>{{ "✓" if check.passed else "✗" }} {{ check.name }}</li>{% endfor %}
</ul>{% endif %}
{% if one.output %}<details><summary>What your code printed</summary><pre>{{ one.output }}</pre></details>{% endif %}
</section>
{% endfor %}{% endfor %}
<p class="small">{{ provenance }}</p>
</html>
"""


def feedback_html(student: Graded, units: Sequence[Unit]) -> str:
    """One student's feedback as a page of its own: no scripts, no requests."""
    return _page().render(student=student, units=units, provenance=_provenance(student.verdict)) + "\n"


@cache
def _page() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals["lesson"] = _lesson
    return environment.from_string(_PAGE)


def _lesson(unit: Unit, see: str) -> str:
    """`phase2/unit4#why-the-square-root` as a person would say it."""
    return f"lesson {unit.number}, “{see.partition('#')[2].replace('-', ' ')}”"


def feedback_markdown(student: Graded, units: Sequence[Unit]) -> str:
    """The same feedback as Markdown, for a pull request or a mail."""
    verdict = student.verdict
    parts = [
        f"# Feedback for {_plain(student.id)}",
        f"**{verdict.points} of {verdict.max_points} points**",
        *(_plain(line) for line in filter(None, [student.problem, *verdict.notes])),
    ]
    for unit in units:
        parts.append(f"## {unit.number} {_plain(unit.title)}")
        parts += [_exercise_markdown(unit, exercise, verdict.exercises[exercise.id]) for exercise in unit.exercises]
    parts += ["---", _plain(_provenance(verdict))]
    return "\n\n".join(parts) + "\n"


def _exercise_markdown(unit: Unit, exercise: Exercise, one: ExerciseVerdict) -> str:
    parts = [
        f"### {_plain(exercise.title)}: {one.points} / {one.max_points}",
        f"`{exercise.name}`: {one.verdict}",
        _fenced(one.message) if one.message else "",
        f"Read again: {_lesson(unit, one.see)}" if one.see else "",
        f"Code that shows it:\n\n{_fenced(one.repro, 'python')}" if one.repro else "",
        "\n".join(f"- {'✓' if check.passed else '✗'} {_plain(check.name)}" for check in one.checks),
        f"What your code printed:\n\n{_fenced(one.output)}" if one.output else "",
    ]
    return "\n\n".join(filter(None, parts))


_UNCONFINED = "The kernel did not confine the code while it was judged."


def _provenance(verdict: Verdict) -> str:
    return (
        f"Judged by {verdict.checker}, seed {verdict.seed}, source {verdict.source_sha256 or 'none'}. "
        "The same three give the same verdict." + ("" if verdict.confined else f" {_UNCONFINED}")
    )


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
    parts = [
        "# Class summary",
        f"{_students(len(report.students))}; {', '.join(f'{u.number} {_plain(u.title)}' for u in report.units)}. "
        f"Gradebook: {_plain(report.gradebook)}",
        "| exercise | " + " | ".join(OUTCOMES) + " | mean points |\n| --- |" + " ---: |" * (len(OUTCOMES) + 1),
    ]
    for exercise in report.exercises:
        scores = [report.scores[student.id][exercise.id] for student in report.students]
        mean = f"{sum(scores) / max(len(scores), 1):.2f} / {exercise.points}"
        counts = " | ".join(map(str, report.outcomes(exercise).values()))
        parts[-1] += f"\n| `{exercise.id}` | {counts} | {mean} |"
    if not report.confined:
        parts.append(f"**{_UNCONFINED}**")
    if report.mistakes:
        parts.append("## Known mistakes the class makes")
        parts.append(
            "\n".join(
                f"- {_students(mistake.students)}, `{mistake.exercise}`: {_plain(mistake.sentence)}"
                for mistake in report.mistakes
            )
        )
    if report.problems:
        parts.append("## Could not be judged")
        parts.append("\n".join(f"- {_plain(who)}: {_plain(why)}" for who, why in report.problems.items()))
    if report.ignored:
        parts.append("Not taken for submissions: " + ", ".join(map(_plain, report.ignored)))
    return "\n\n".join(parts) + "\n"


def _students(count: int) -> str:
    return "1 student" if count == 1 else f"{count} students"
