"""How things look on a terminal of 80 columns or more. Every mark is a character: nothing needs colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, assert_never

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from grader.curriculum import Course, Curriculum, Exercise, Milestone, Phase, Unit
from grader.ground.text import QUOTED, clean, counted
from grader.judge import Outcome, Tone, Unknown, tone
from grader.judge.terms.sentence import Says, lines
from grader.judge.terms.sentence import heading as of_check
from grader.learner.road import EDITED, Road

if TYPE_CHECKING:
    from grader.judge import ExerciseVerdict, Failure, PartVerdict, Verdict


class Look(NamedTuple):
    """How an outcome shows: its mark, the colour of mark and score, and the style of the exercise's name."""

    mark: str
    colour: str
    name: str = ""


def look(outcome: Outcome | Unknown) -> Look:
    match tone(outcome):
        case Tone.RIGHT:
            return Look("✓", "green")
        case Tone.WRONG:
            return Look("✗", "red", name="bold")
        case Tone.OPEN:
            return Look("·", "bright_black", name="bright_black")
        case Tone.UNSURE:
            return Look("~", "yellow")
        case never:
            assert_never(never)


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
        if exercise.id not in shown:
            parts.append(_row(exercise.name, one))
        elif one.parts:
            parts += [_row(exercise.name, one), *_in_parts(course, one, exercise.id)]
        else:
            parts += _judged(course, exercise.name, one, exercise.id)
        if exercise.id in shown and one.output.strip():
            parts.append(Padding(Text("your code printed", style="bright_black"), (0, 0, 0, 4)))
            parts.append(Padding(Quoted("\n".join(_printed(one.output))), (0, 0, 0, 4)))
    return Group(*parts)


def _in_parts(course: Course, one: ExerciseVerdict, key: str) -> Iterable[RenderableType]:
    """A line for each part; below the one that is spoken of, what is wrong with it."""
    for part in one.parts:
        spoken_of = part.failure is not None and part.failure == one.failure
        lines = _judged(course, part.name, part, key) if spoken_of else [_row(part.name, part)]
        yield from (Padding(line, (0, 0, 0, 4)) for line in lines)


def _judged(course: Course, name: str, one: ExerciseVerdict | PartVerdict, key: str) -> Iterable[RenderableType]:
    failure = one.failure
    if failure is None:
        first, *rest = clean(one.message).strip().splitlines() or [""]
        told = [first, *rest] if first and not first.startswith(name) else rest
        yield _row(first if first.startswith(name) else name, one)
        yield from (Padding(Text(text.strip()), (0, 0, 0, 4)) for text in told)
        return
    yield _row(of_check(name, failure), one)
    yield from (Padding(line, (0, 0, 0, 4)) for line in _told(course, failure, one, key))
    if len(one.checks) > 1 and one.verdict == Outcome.FAILED:
        failing = [clean(check.name) for check in one.checks if not check.passed]
        also = f"; also failing: {'; '.join(failing[1:])}" if len(failing) > 1 else ""
        passing = len(one.checks) - len(failing)
        yield Padding(Text(f"{passing} of {len(one.checks)} checks pass{also}", style="bright_black"), (0, 0, 0, 4))


def _told(course: Course, failure: Failure, one: ExerciseVerdict | PartVerdict, key: str) -> Iterable[RenderableType]:
    """What there is to say of a failure, each kind of line in its own way."""
    causes = iter(failure.causes)
    for says, text in lines(failure):
        match says:
            case Says.CALLED:
                said = Text(text)
                if one.repro:
                    smallest = "" if one.verdict == Outcome.TIMED_OUT else "the smallest failing input; "
                    said.append(f"   [{smallest}course check {key} --repro]", style="bright_black")
                yield said
            case Says.FOUND:
                yield Text(text)
            case Says.QUOTED:
                yield Quoted(text.removeprefix(QUOTED))
            case Says.CAUSE:
                cause = next(causes)
                said = Text(text, style="yellow")
                if cause.section and (section := _section(course, cause.section)):
                    said.append(f"   → {section}", style="cyan")
                yield said
            case never:
                assert_never(never)


def _section(course: Course, see: str) -> str | None:
    from grader.curriculum.lesson import place

    return place(course, see)


class Quoted:
    """The learner's own words: a bar before every line, also where a long one is broken, so that none is ours."""

    def __init__(self, text: str):
        self.text = Text(text)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.text.wrap(console, options.max_width - len(QUOTED)):
            yield Text(QUOTED, style="bright_black") + line


def _row(head: str, one: ExerciseVerdict | PartVerdict) -> RenderableType:
    shown = look(one.verdict)
    outcome = "" if one.verdict == Outcome.PASSED else f"{clean(one.verdict)}  "
    score = Text(f"{outcome}{one.points}/{one.max_points}", style=shown.colour)
    return Ends(Text(clean(head), style=shown.name), score, Text(f"{shown.mark} ", style=f"bold {shown.colour}"))


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
    standing = sum(verdict in (Outcome.PASSED, EDITED) for verdict in road.verdicts.values())
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
    done, edited = sum(one in (Outcome.PASSED, EDITED) for one in verdicts), verdicts.count(EDITED)
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
