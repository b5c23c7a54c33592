"""How things look on a terminal of 80 columns or more. Every mark is a character: nothing needs colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from grader.curriculum import Course, Curriculum, Exercise, Milestone, Phase, Unit
from grader.ground.text import QUOTED, clean, counted
from grader.learner.log import NOT_ATTEMPTED, PASSED
from grader.learner.road import EDITED, Road

if TYPE_CHECKING:
    from grader.judge import ExerciseVerdict, Verdict


class Look(NamedTuple):
    """How an outcome shows: its mark, the colour of mark and score, and the style of the exercise's name."""

    mark: str
    colour: str
    name: str = ""


LOOKS = {
    PASSED: Look("✓", "green"),
    EDITED: Look("~", "yellow"),
    "failed": Look("✗", "red", name="bold"),
    "crashed": Look("✗", "red", name="bold"),
    "timed out": Look("✗", "red", name="bold"),
    NOT_ATTEMPTED: Look("·", "bright_black", name="bright_black"),
}
STATES = {
    "passed": ("✓", "green"),
    "open": ("▸", "cyan"),
    "locked": ("○", "bright_black"),
    "coming": ("·", "bright_black"),
}
OUTPUT_LINES, OUTPUT_WIDTH = 8, 200
STANDING_COLUMNS = 36
"""What is left of 80 columns beside a unit's title."""


def number(unit: Unit) -> str:
    return unit.number.upper() if unit.kind == "project" else unit.number


def heading(unit: Unit, aside: str = "") -> RenderableType:
    return Ends(Text(f"{number(unit)} {unit.title}", style="bold"), dim(aside))


class Ends:
    """A line with a text on its left, broken where it is long, and one on its right."""

    def __init__(self, left: Text, right: Text, mark: Text | None = None):
        self.left, self.right, self.mark = left, right, mark or Text()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(options.max_width - self.mark.cell_len - self.right.cell_len - 1, 1)
        first, *rest = self.left.wrap(console, width, overflow="fold")
        if self.right:
            first.truncate(width, pad=True)
            first += Text(" ") + self.right
        yield self.mark + first
        for line in rest:
            yield Text(" " * self.mark.cell_len) + line


def verdict(
    course: Course,
    verdict: Verdict,
    exercises: Sequence[Exercise],
    *,
    full: Iterable[Exercise] | None = None,
) -> RenderableType:
    """A line for each exercise, and below it, for those in `full` (by default all), what is wrong with it."""
    shown = {exercise.id for exercise in (exercises if full is None else full)}
    parts: list[RenderableType] = []
    for exercise in exercises:
        one = verdict.exercises[exercise.id]
        wrong = one.verdict not in (PASSED, NOT_ATTEMPTED)
        head, *rest = _message(exercise, one) if exercise.id in shown and wrong else [exercise.name]
        parts.append(_row(head, one))
        if exercise.id in shown:
            parts += _details(course, one, rest)
    return Group(*parts)


class Quoted:
    """The learner's own words: a bar before every line, also where a long one is broken, so that none is ours."""

    def __init__(self, text: str):
        self.text = Text(text)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.wrap(console, options.max_width - len(QUOTED)):
            yield Text(QUOTED, style="bright_black") + line


def _row(head: str, one: ExerciseVerdict) -> RenderableType:
    look = LOOKS[one.verdict]
    outcome = "" if one.verdict == PASSED else f"{one.verdict}  "
    score = Text(f"{outcome}{one.points}/{one.max_points}", style=look.colour)
    return Ends(Text(clean(head), style=look.name), score, Text(f"{look.mark} ", style=f"bold {look.colour}"))


def _message(exercise: Exercise, one: ExerciseVerdict) -> list[str]:
    """The judge's sentence; its first line names the exercise, and its mark is ours to print."""
    lines = clean(one.message).strip("\n").splitlines() or [""]
    lines[0] = lines[0].strip().removeprefix("✗").strip()
    if not lines[0].startswith(exercise.name):
        lines[0] = f"{exercise.name} — {lines[0]}" if lines[0] else exercise.name
    return lines


def _details(course: Course, one: ExerciseVerdict, lines: Sequence[str]) -> Iterable[RenderableType]:
    common = min((len(text) - len(text.lstrip()) for text in lines if text.strip()), default=0)
    for text in lines:
        deeper = len(text) - len(text.lstrip()) - common
        if text.lstrip().startswith(QUOTED):
            yield Padding(Quoted(text.lstrip().removeprefix(QUOTED)), (0, 0, 0, 4))
            continue
        told = bool(one.diagnosis) and text is lines[-1]
        said = Text(text.strip(), style="yellow" if told else "")
        if told and one.see:
            from grader.curriculum.lesson import place

            if section := place(course, one.see):
                said.append(f"   → {section}", style="cyan")
        if text.strip().startswith("called with") and one.repro:
            smallest = "" if one.verdict == "timed out" else "the smallest failing input; "
            said.append(f"   [{smallest}--repro prints code for it]", style="bright_black")
        yield Padding(said, (0, 0, 0, 4 + max(deeper, 0)))
    if len(one.checks) > 1 and one.verdict == "failed":
        failing = [clean(check.name) for check in one.checks if not check.passed]
        also = f"; also failing: {'; '.join(failing[1:])}" if len(failing) > 1 else ""
        passing = len(one.checks) - len(failing)
        yield Padding(Text(f"{passing} of {len(one.checks)} checks pass{also}", style="bright_black"), (0, 0, 0, 4))
    if one.output.strip():
        yield Padding(Text("your code printed", style="bright_black"), (0, 0, 0, 4))
        yield Padding(Quoted("\n".join(_printed(one.output))), (0, 0, 0, 4))


def _printed(output: str) -> Iterable[str]:
    """What the learner's code printed, line by line; a line again and again is one, since every input prints it."""
    lines = [(text, len(list(same))) for text, same in groupby(clean(output).rstrip("\n").splitlines())]
    for text, times in lines[:OUTPUT_LINES]:
        text = text if len(text) <= OUTPUT_WIDTH else f"{text[:OUTPUT_WIDTH]} …"
        yield f"{text}   (× {times})" if times > 1 else text
    if len(lines) > OUTPUT_LINES:
        yield f"… {len(lines) - OUTPUT_LINES} lines more"


def road(road: Road) -> RenderableType:
    """The whole road: phases, units, projects, how far each is, what is owed, what is locked and what opens it."""
    standing = sum(verdict in (PASSED, EDITED) for verdict in road.verdicts.values())
    parts: list[RenderableType] = [
        Ends(
            Text(road.curriculum.title, style="bold"),
            dim(f"{standing} of {len(road.verdicts)} exercises passed"),
        )
    ]
    for phase in road.curriculum.phases:
        parts += [Text(f"\n{phase.number}  {phase.title}", style="bold"), *_units(road, phase.units)]
        if phase.milestone:
            parts.append(_milestone(road, phase, phase.milestone))
    if road.curriculum.projects:
        parts += [Text("\nProjects", style="bold"), *_units(road, road.curriculum.projects)]
    return Group(*parts)


def _milestone(road: Road, phase: Phase, milestone: Milestone) -> Text:
    how, style = "when all above is passed", "bright_black"
    if road.reached(phase):
        how, style = "reached", "bold green"
    elif not road.left(phase):
        how, style = f"course milestone {phase.id}", "bold yellow"
    return Text(f" ★     {milestone.title:<36} {how}", style=style)


def _units(road: Road, units: Sequence[Unit]) -> Iterable[RenderableType]:
    for unit in units:
        state = road.state(unit)
        mark, colour = STATES[state]
        dim = "bright_black" if state in ("coming", "locked") else ""
        title = Text(unit.title, style=dim)
        title.truncate(36, overflow="ellipsis", pad=True)
        standing = _standing(road, unit, state)
        fits = len(standing) <= STANDING_COLUMNS
        yield Text.assemble(
            (f" {mark} ", dim or f"bold {colour}"), (f"{number(unit)} ", dim), title, " ", standing if fits else ""
        )
        if not fits:
            yield Padding(standing, (0, 0, 0, 7))


def _standing(road: Road, unit: Unit, state: str) -> Text:
    if state == "coming":
        return Text("coming", style="bright_black")
    verdicts = [road.verdicts[exercise.id] for exercise in unit.exercises]
    done, edited = sum(one in (PASSED, EDITED) for one in verdicts), verdicts.count(EDITED)
    text = Text()
    if done or state != "locked":
        text.append("━" * done, style="green").append("─" * (len(verdicts) - done), style="bright_black")
        text.append(f" {done}/{len(verdicts)}")
    remarks = []
    if state == "locked":
        blocking = road.locked_by(unit)
        far = any(road.state(needed) == "locked" for needed in blocking)
        names = ", ".join(number(needed) for needed in blocking)
        remarks.append(f"locked by {names}" if far else f"opens with {road.opens_with(unit)}")
    if owed := road.owed(unit):
        remarks.append(f"{counted(len(owed), 'exercise')} owed")
    accepted = unit.kind == "project" and road.accepted(unit)
    if accepted:
        remarks.append("accepted")
    if edited:
        remarks.append("edited since: check again")
    elif not accepted and state == "open" and unit.kind == "project" and done == len(verdicts):
        remarks.append("ready to train")
    if remarks:
        text.append(("  " if text else "") + "; ".join(remarks), style="yellow" if edited else "bright_black")
    return text


def difficulty(exercise: Exercise) -> str:
    return "●" * exercise.difficulty + "○" * (5 - exercise.difficulty)


def task(curriculum: Curriculum, exercise: Exercise, where: str, hints: tuple[int, int]) -> RenderableType:
    """What to write now: title, effort, place, and the commands that follow."""
    from rich.table import Table

    unit = curriculum.unit(exercise.unit_id)
    position = unit.exercises.index(exercise) + 1
    seen, total = hints
    body = Table.grid(padding=(0, 2))
    body.add_column(style="bright_black", no_wrap=True)
    body.add_column(overflow="fold")
    body.add_row("write it in", clean(where))
    body.add_row("read", f"lesson {number(unit)}, “{exercise.name}”   (course serve)")
    body.add_row("then", "course watch")
    body.add_row("or", f"course check {exercise.id}")
    if total:
        body.add_row("stuck?", f"course hint {exercise.id}   ({seen} of {total} seen)")
    return Group(
        heading(unit, f"exercise {position} of {len(unit.exercises)}"),
        Text(),
        Text.assemble("  ", (exercise.name, "bold cyan"), "   ", exercise.title),
        Text(
            f"  {counted(exercise.points, 'point')} · {difficulty(exercise)} · about {exercise.minutes} min",
            style="bright_black",
        ),
        Text(),
        Padding(body, (0, 0, 0, 2)),
    )


def markdown(text: str) -> RenderableType:
    from rich.markdown import Markdown

    return Padding(Markdown(clean(text)), (0, 0, 0, 2))


def code(text: str, coloured: bool) -> RenderableType:
    """Python code; plain where there is no terminal, so that it can be piped into a file as it is."""
    if not coloured:
        return Padding(Text(clean(text).rstrip()), (0, 0, 0, 2))
    from rich.syntax import Syntax

    return Padding(Syntax(clean(text).rstrip(), "python", theme="ansi_dark", background_color="default"), (0, 0, 0, 2))


def rule(title: str = "") -> RenderableType:
    return Rule(Text(clean(title)), style="bright_black", align="left")


def dim(text: str) -> Text:
    return Text(clean(text), style="bright_black")
