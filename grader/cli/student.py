"""The student's commands: take what was typed, call grader.learner or grader.judge, render the answer."""

from __future__ import annotations

from collections.abc import Sequence
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from grader.cli.command import AT_LEAST_0, PATH, Commands, profile_option
from grader.cli.out import Answer, Out
from grader.curriculum import Course, CourseError, Exercise, Unit, default_course
from grader.ground.text import clean, counted
from grader.judge import Outcome
from grader.learner import Event, Road, Workspace

if TYPE_CHECKING:
    from grader.judge import Verdict

commands = Commands()
some_id = click.argument("key", metavar="[ID]", required=False)
an_id = click.argument("key", metavar="ID")

SCHEMA: dict[str, Any] = {"schema": 1}


def starting(imports: Sequence[str]) -> str:
    """What is being waited for, where a judge has to be started first."""
    company = f" with {' and '.join(imports)}" if imports else ""
    return f"starting the judge{company}; later checks find it warm …"


def here(out: Out, course: Course) -> Workspace:
    """The workspace of the current folder, ready for this course."""
    workspace = Workspace.find(Path.cwd())
    if remark := workspace.opens(course):
        out.note(remark)
    return workspace


@commands.command()
@click.argument("folder", metavar="DIR", type=PATH)
def init(out: Out, folder: Path) -> Answer:
    """Make a workspace: stubs, progress log, editor settings. Never overwrites a file."""
    course = default_course()
    again = (folder / ".course" / "workspace.json").exists()
    workspace, changes = Workspace.create(folder, course)
    stubs = [name for name in changes.written if name.endswith(".py")]
    if not out.as_json:
        if again and not changes.written:
            out.print(f"{workspace.root} is a workspace already and lacks nothing.", soft_wrap=True)
        else:
            out.print(f"{'Completed' if again else 'Made'} the workspace {workspace.root}", soft_wrap=True)
            out.print(
                f"  {counted(len(stubs), 'stub')} and {len(changes.written) - len(stubs)} other files; "
                "nothing that was there has changed."
            )
        out.print(f"\nNext:  cd {folder}\n       course next", soft_wrap=True)
    return SCHEMA | {"workspace": str(workspace.root), "written": changes.written}, 0


@commands.command("next")
def upcoming(out: Out) -> Answer:
    """Show where I am and what to write."""
    course = default_course()
    workspace = here(out, course)
    road = Road(course, workspace)
    thing = road.next
    if thing is None:
        out.print("Everything that is built is passed. course status shows what is coming.")
        return SCHEMA | {"next": None}, 0
    unit = course.curriculum.unit(thing.id)
    document = SCHEMA | {
        "next": thing.id,
        "unit": unit.id,
        "title": thing.title,
        "file": f"{unit.address}.py",
        "line": workspace.line(thing, unit) if isinstance(thing, Exercise) else None,
        "minutes": thing.minutes,
    }
    if not out.as_json:
        from grader.cli.show import show_ahead, show_task

        show_task(out, course, workspace, road, thing)
        show_ahead(out, road, unit)
    return document, 0


@commands.command()
def status(out: Out) -> Answer:
    """Show the road: what is passed, open, owed, locked (and what opens it) or coming."""
    course = default_course()
    workspace = here(out, course)
    road = Road(course, workspace)
    if not out.as_json:
        from grader.cli import render

        out.print(render.road(road))
        thing = road.next
        out.print(f"\nNext: {thing.id}   (course next)" if thing else "\nEverything that is built is passed.")
        if road.unreadable:
            lines = counted(road.unreadable, "line")
            out.print(
                render.dim(f"{lines} of {workspace.log.path.relative_to(workspace.root)} passed over: not readable.")
            )
    return road.to_dict(), 0


@commands.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--repro", is_flag=True, help="Print code that repeats the smallest failing input.")
@profile_option("check")
@click.option(
    "--seed", metavar="N", type=AT_LEAST_0, default=0, help="Which inputs are drawn; the same seed draws the same."
)
def check(out: Out, ids: Sequence[str], *, profile: str, seed: int, repro: bool = False) -> Answer:
    """Judge exercises, units or projects; without an ID what I am on."""
    course = default_course()
    workspace = here(out, course)
    found = [course.curriculum.find(key) for key in ids]
    from grader.learner import desk

    wanted = desk.exercises(course, found or [desk.current(course, workspace, Road(course, workspace))])
    from grader.judge import Judge

    units = list(dict.fromkeys(course.curriculum.unit(exercise.unit_id) for exercise in wanted))
    names = ", ".join(unit.number.upper() for unit in units)
    before: list[Road] = []

    def meanwhile() -> None:
        from grader.cli import render  # noqa: F401 - so that it is there when the verdict is

        before.append(Road(course, workspace))

    with (
        out.busy(f"checking {names} …") as say,
        Judge.resident(course, on_start=lambda imports: say(starting(imports))) as judge,
    ):
        verdict = desk.check(course, workspace, wanted, judge, profile=profile, seed=seed, meanwhile=meanwhile)
    if not out.as_json:
        after = Road(course, workspace)
        show_verdict(out, course, after, verdict, units, wanted)
        for key, result in verdict.exercises.items():
            if repro and result.repro:
                out.print(f"\n# {key}: this repeats the smallest failing input", style="bright_black")
                out.print(clean(result.repro).strip(), soft_wrap=True)
        show_summary(out, course, after, verdict, before[0])
    return verdict.to_dict(), 0 if verdict.passed else 1


def show_verdict(
    out: Out, course: Course, road: Road, verdict: Verdict, units: Sequence[Unit], wanted: Sequence[Exercise]
) -> None:
    """What was judged, of one unit after the other."""
    from grader.cli import render

    for position, unit in enumerate(units):
        if position:
            out.print()
        out.print(render.heading(unit, f"seed {verdict.seed}" if verdict.seed else ""))
        if missing := road.opens_with(unit):
            out.print(render.dim(f"opens with {missing}; judged all the same"))
        exercises = [exercise for exercise in wanted if exercise.unit_id == unit.id]
        out.print(render.verdict(course, verdict, exercises))


def show_summary(out: Out, course: Course, road: Road, verdict: Verdict, before: Road) -> None:
    """What the verdict opened, the points, and what to do next. `before` is the road without it."""
    from grader.cli import render

    out.print()
    for remark in verdict.notes:
        out.print(render.dim(remark))
    if not verdict.confined:
        out.print(render.dim("This machine cannot confine your code; course doctor says what is not enforced."))
    opened = [unit for unit in course.curriculum.built if before.locked_by(unit) and road.state(unit) == "open"]
    for unit in opened:
        out.print(f"Unlocked: {render.number(unit)} {unit.title}", style="bold green")
    locked = (unit for unit in course.curriculum.built if road.state(unit) == "locked")
    if nearer := next((unit for unit in locked if road.missing(unit) != before.missing(unit)), None):
        out.print(render.dim(f"{render.number(nearer)} opens with {road.opens_with(nearer)}"))
    for unit in dict.fromkeys(course.curriculum.unit(key) for key in verdict.exercises):
        if owed := road.owed(unit):
            out.print(render.dim(f"{unit.number}: {counted(len(owed), 'exercise')} owed"))
    for phase in course.curriculum.phases:
        if phase.milestone and before.left(phase) and not road.left(phase):
            out.print(f"Phase {phase.number} is yours: course milestone {phase.id}", style="bold green")
    thing = road.next
    if verdict.passed:
        after = f" Next: {thing.id}" if thing else " Everything that is built is passed."
        out.print(f"{verdict.points} of {counted(verdict.max_points, 'point')}.{after}")
        return
    short = {key: one for key, one in verdict.exercises.items() if one.verdict != Outcome.PASSED}
    wrong = [key for key, one in short.items() if one.verdict != Outcome.NOT_ATTEMPTED]
    unwritten = [key for key, one in short.items() if one.could_be_judged]
    advice = f" Stuck? course hint {wrong[0]}" if wrong else ""
    if unwritten and not wrong:
        advice = f" Next to write: {unwritten[0]}"
    out.print(f"{verdict.points} of {counted(verdict.max_points, 'point')}.{advice}")


@commands.command()
@some_id
def watch(out: Out, key: str | None) -> Answer:
    """Judge on every save. Keys: n next, h hint, l list, o lesson, r reset, q quit."""
    course = default_course()
    workspace = here(out, course)
    start = course.curriculum.find(key) if key else None
    from grader.cli.screen import Silent, Terminal
    from grader.judge import Judge
    from grader.learner import desk
    from grader.learner.watch import Screen, Watch, happenings

    if isinstance(start, Unit):
        desk.exercises(course, [start])
        start = next(iter(Road(course, workspace).waiting(start)), start.exercises[0])
    with Judge.resident(course, on_start=lambda imports: out.print(starting(imports), style="bright_black")) as judge:
        screen: Screen = Silent() if out.as_json else Terminal(out, course, workspace)
        loop = Watch(
            course,
            workspace,
            screen,
            lambda wanted: desk.check(course, workspace, wanted, judge),
            start=start,
        )
        try:
            loop.run(happenings(workspace, course))
        except KeyboardInterrupt:
            out.print()
    last = loop.verdicts[-1].to_dict() if loop.verdicts else None
    return SCHEMA | {"checked": len(loop.verdicts), "last": last}, 0


def exercise_of(course: Course, workspace: Workspace, key: str | None) -> Exercise:
    """The exercise an id means: of a unit the first that is not passed; without an id what comes next."""
    road = Road(course, workspace)
    found = course.curriculum.find(key) if key else road.next
    if isinstance(found, Exercise):
        return found
    if found is None:
        raise CourseError("Everything that is built is passed; name an exercise.")
    if found.coming:
        raise CourseError(f"{found.number} {found.title} is coming: it has no exercises yet.")
    return next(iter(road.waiting(found)), found.exercises[0])


@commands.command()
@some_id
@click.option("--again", is_flag=True, help="Show the hints already taken once more.")
def hint(out: Out, key: str | None, *, again: bool) -> Answer:
    """Show the next hint of an exercise; each says a little more than the last."""
    course = default_course()
    workspace = here(out, course)
    exercise = exercise_of(course, workspace, key)
    from grader.learner.hints import take_hint, taken_hints

    shown = taken_hints(course, workspace, exercise) if again else [take_hint(course, workspace, exercise)]
    if not shown:
        raise CourseError(f"No hint for {exercise.id} has been taken yet: `course hint {exercise.id}`.")
    if not out.as_json:
        from grader.cli.show import show_hint

        for rung in shown:
            show_hint(out, exercise, rung)
    fields = [{"number": rung.number, "of": rung.of, "title": rung.title, "body": rung.body} for rung in shown]
    return SCHEMA | {"exercise": exercise.id, "hints": fields}, 0


@commands.command()
@an_id
@click.option("--reveal", is_flag=True, help="Show it before it has passed; this is recorded.")
def solution(out: Out, key: str, *, reveal: bool) -> Answer:
    """Show the reference of an exercise that has passed."""
    course = default_course()
    workspace = here(out, course)
    exercise = exercise_of(course, workspace, key)
    from grader.learner.hints import solution as reference

    text = reference(course, workspace, exercise, reveal=reveal)
    if not out.as_json:
        from rich.syntax import Syntax

        out.print(f"# {exercise.id}: the reference", style="bright_black")
        if out.console.is_terminal:
            out.print(Syntax(text, "python", theme="ansi_dark", background_color="default"))
        else:
            out.print(text, soft_wrap=True)
    return SCHEMA | {"exercise": exercise.id, "source": text}, 0


@commands.command()
@an_id
def reset(out: Out, key: str) -> Answer:
    """Put back the stub of an exercise or a unit; mine is kept in .course/kept."""
    course = default_course()
    workspace = here(out, course)
    found = course.curriculum.find(key)
    changes = workspace.reset(found, course)
    out.print(
        f"{found.id} is a fresh stub again in {', '.join(changes.written)}."
        if changes.written
        else f"{found.id} was the stub already.",
        soft_wrap=True,
    )
    for name in changes.kept:
        out.print(f"Yours is kept in {name}", soft_wrap=True)
    return SCHEMA | {"reset": found.id, "written": changes.written, "kept": changes.kept}, 0


@commands.command()
def update(out: Out) -> Answer:
    """Bring the stubs and fixes of a newer course, leaving my work as it is."""
    course = default_course()
    workspace = Workspace.find(Path.cwd())
    changes = workspace.update(course)
    for name in changes.written:
        out.print(f"new     {name}", soft_wrap=True)
    for name in changes.kept:
        out.print(f"before  {name}", soft_wrap=True)
    for remark in changes.notes:
        out.print(remark, soft_wrap=True)
    if not (changes.written or changes.notes):
        out.print(f"Up to date with course {course.curriculum.version}.")
    return SCHEMA | {"written": changes.written, "kept": changes.kept, "notes": changes.notes}, 0


@commands.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Any setting of the project is an option too, for example --epochs 30 --lr 1e-3 --precision bf16.",
)
@click.argument("key", metavar="PROJECT")
@click.option("--preset", metavar="NAME", default="cpu", help="cpu: minutes, offline. gpu: the real data set.")
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=PATH,
    callback=lambda context, option, folder: folder and folder.absolute(),
    show_default="runs/PROJECT",
    help="Where the run is kept.",
)
@click.option("--fresh", is_flag=True, help="Begin anew; an earlier run is set aside.")
@click.option("--wandb", is_flag=True, help="Log to Weights & Biases.")
@click.argument("settings", metavar="", nargs=-1, type=click.UNPROCESSED)
def train(
    out: Out,
    key: str,
    *,
    preset: str,
    folder: Path | None = None,
    fresh: bool = False,
    wandb: bool = False,
    settings: Sequence[str] = (),
) -> Answer:
    """Train a project with my own code, and have the result measured. Refuses until the project is open."""
    course = default_course()
    workspace = here(out, course)
    project = course.curriculum.find(key)
    if not isinstance(project, Unit) or project.kind != "project":
        raise CourseError(f"{key!r} is no project; `course check {key}` judges it, `course status` lists the projects.")
    from grader.learner import desk

    overrides = read_settings(settings) | ({"log": "wandb"} if wandb else {})
    desk.admit(course, workspace, project)
    from grader.training import Bar, gate_table
    from grader.training import train as run_training

    with Bar(None if out.as_json else out.console) as report:
        run = run_training(
            course, project, workspace.root, preset, out=folder, overrides=overrides, fresh=fresh, report=report
        )
    accepted = run.acceptance.accepted
    workspace.log.append([Event.now("acceptance", project.id, verdict=Outcome.PASSED if accepted else Outcome.FAILED)])
    document = run.to_dict()
    out.print()
    if not out.as_json:
        out.print(gate_table(run.acceptance))
    for name, path in document["pictures"].items():
        out.print(f"{name:<17}{path}", soft_wrap=True)
    return document, 0 if accepted else 1


@commands.command()
@click.argument("key", metavar="[PHASE]", required=False)
def milestone(out: Out, key: str | None) -> Answer:
    """Run all that I wrote in a phase on real data, and keep the picture. Refuses until its units pass."""
    course = default_course()
    workspace = here(out, course)
    from grader.learner import desk
    from grader.training import run_milestone

    ends = {phase: phase.milestone for phase in course.curriculum.phases if phase.milestone}
    if not ends:
        raise CourseError("This course has no milestones.")
    road = Road(course, workspace)
    waiting = [phase for phase in ends if not road.reached(phase)]
    phase = course.curriculum.phase(key) if key else [*waiting, *ends][0]
    if phase not in ends:
        raise CourseError(f"No phase {key!r} has a milestone; these have: {', '.join(end.id for end in ends)}.")
    desk.complete(course, workspace, phase)
    out.print(f"{ends[phase].title}, by what you wrote in phase {phase.number}:", style="bold")
    picture = workspace.picture(ends[phase])
    run_milestone(course, ends[phase], workspace.root, picture)
    workspace.log.append([Event.now("milestone", phase.id)])
    out.print(f"The picture is yours to keep: {picture}", soft_wrap=True)
    return SCHEMA | {"milestone": phase.id, "picture": str(picture)}, 0


def read_settings(words: Sequence[str]) -> dict[str, object]:
    """`--epochs 30 --lr=1e-3` as {"epochs": "30", "lr": "1e-3"}. Raises CourseError."""
    settings: dict[str, object] = {}
    rest = list(words)
    while rest:
        name, given, value = rest.pop(0).partition("=")
        if not name.startswith("--") or not (given or rest):
            raise CourseError(f"Settings are given as `--name value`, as in `--epochs 30`; {name!r} is not.")
        settings[name[2:]] = value if given else rest.pop(0)
    return settings


@commands.add
@click.command()
@click.option("--port", metavar="N", type=click.IntRange(0, 65535), default=8000, help="0 takes any free one.")
@click.option("--browser/--no-browser", default=True, help="Open a browser on it.")
def serve(json: bool, port: int, browser: bool) -> int:
    """Serve the lessons on localhost, with my progress live."""
    # Unlike other commands it answers when it begins: with --json the address is the document.
    out = Out(json)
    course = default_course()
    workspace = here(out, course)
    from grader.web import serve as run_server

    def announce(address: str) -> None:
        if json:
            print(dumps(SCHEMA | {"url": address}), flush=True)
        else:
            out.print(f"Your course is at {address}   Ctrl-C stops it.")

    out.print("Opening the lessons; they are built first if they have changed.", style="bright_black")
    run_server(course, workspace, port, browser and not json, announce)
    return 0
