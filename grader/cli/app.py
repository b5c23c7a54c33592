"""The commands, as typer sees them. Each imports its body, which lives in another module, when it runs."""

import contextlib
import difflib
import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from grader.cli.out import answer
from grader.curriculum import CourseError

app = typer.Typer(
    help="Zero to Diffusion: from Python to image and video generation, one checked exercise at a time.",
    epilog="IDs: attention or 2.4 (a unit), attention/ViT (an exercise), digit-vae or p1 (a project).",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
authoring = typer.Typer(rich_markup_mode="rich")
app.add_typer(authoring, name="author", rich_help_panel="Author")

STUDENT, INSTRUCTOR = "Student", "Instructor"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
SomeId = Annotated[str | None, typer.Argument(metavar="ID", show_default=False)]
AnId = Annotated[str, typer.Argument(metavar="ID", show_default=False)]


@app.callback(invoke_without_command=True)
def course(
    context: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Option("-C", "--directory", metavar="DIR", help="Run as if started in DIR.", show_default=False),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Show the course's version.")] = False,
) -> int:
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise CourseError(f"Cannot go to {directory}: {error.strerror}.") from None
    if version:
        from grader.curriculum import default_course

        print(default_course().curriculum.version)
        raise typer.Exit()
    if context.invoked_subcommand is None:
        print(context.get_help())
    return 0


@app.command(rich_help_panel=STUDENT)
def init(folder: Annotated[Path, typer.Argument(metavar="DIR", show_default=False)], json: Json = False) -> int:
    """Make a workspace: stubs, progress log, editor settings. Never overwrites a file."""
    from grader.cli import student

    return answer(json, lambda out: student.init(out, folder))


@app.command(rich_help_panel=STUDENT)
def next(json: Json = False) -> int:
    """Show where I am and what to write."""
    from grader.cli import student

    return answer(json, student.upcoming)


@app.command(rich_help_panel=STUDENT)
def status(json: Json = False) -> int:
    """Show the road: what is passed, open, locked (and by what) or coming."""
    from grader.cli import student

    return answer(json, student.status)


@app.command(rich_help_panel=STUDENT)
def check(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID…", show_default=False)] = None,
    repro: Annotated[bool, typer.Option("--repro", help="Print code that repeats the smallest failing input.")] = False,
    profile: Annotated[str, typer.Option(help="How thoroughly: check, grade or author.")] = "check",
    seed: Annotated[int, typer.Option(help="Which inputs are drawn; the same seed draws the same.", min=0)] = 0,
    json: Json = False,
) -> int:
    """Judge exercises, units or projects; without an ID what I am on."""
    known_profile(profile)
    from grader.cli import student

    return answer(json, lambda out: student.check(out, ids or [], profile, seed, repro))


@app.command(rich_help_panel=STUDENT)
def watch(id: SomeId = None, json: Json = False) -> int:
    """Judge on every save. Keys: n next, h hint, l list, o lesson, r reset, q quit."""
    from grader.cli import student

    return answer(json, lambda out: student.watch(out, id))


@app.command(rich_help_panel=STUDENT)
def hint(
    id: SomeId = None,
    again: Annotated[bool, typer.Option("--again", help="Show the hints already taken once more.")] = False,
    json: Json = False,
) -> int:
    """Show the next hint of an exercise; each says a little more than the last."""
    from grader.cli import student

    return answer(json, lambda out: student.hint(out, id, again))


@app.command(rich_help_panel=STUDENT)
def solution(
    id: AnId,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show it before it has passed; this is recorded.")] = False,
    json: Json = False,
) -> int:
    """Show the reference of an exercise that has passed."""
    from grader.cli import student

    return answer(json, lambda out: student.solution(out, id, reveal))


@app.command(rich_help_panel=STUDENT)
def reset(id: AnId, json: Json = False) -> int:
    """Put back the stub of an exercise or a unit; mine is kept in .course/kept."""
    from grader.cli import student

    return answer(json, lambda out: student.reset(out, id))


@app.command(rich_help_panel=STUDENT)
def update(json: Json = False) -> int:
    """Bring the stubs and fixes of a newer course, leaving my work as it is."""
    from grader.cli import student

    return answer(json, student.update)


@app.command(
    rich_help_panel=STUDENT,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Any setting of the project is an option too, for example --epochs 30 --lr 1e-3 --precision bf16.",
)
def train(
    context: typer.Context,
    project: Annotated[str, typer.Argument(metavar="PROJECT", show_default=False)],
    preset: Annotated[str, typer.Option(help="cpu: minutes, offline. gpu: the real data set.")] = "cpu",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the run is kept.", show_default="runs/PROJECT")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew; an earlier run is set aside.")] = False,
    wandb: Annotated[bool, typer.Option("--wandb", help="Log to Weights & Biases.")] = False,
    json: Json = False,
) -> int:
    """Train a project with my own code, and have the result measured. Refuses until its units pass."""
    from grader.cli import student

    folder = out.absolute() if out else None
    return answer(json, lambda to: student.train(to, project, preset, folder, fresh, wandb, context.args))


@app.command(rich_help_panel=STUDENT)
def milestone(
    phase: Annotated[str | None, typer.Argument(metavar="PHASE", show_default=False)] = None, json: Json = False
) -> int:
    """Run all that I wrote in a phase on real data, and keep the picture. Refuses until its units pass."""
    from grader.cli import student

    return answer(json, lambda out: student.milestone(out, phase))


@app.command(rich_help_panel=STUDENT)
def serve(
    port: Annotated[int, typer.Option(help="0 takes any free one.", min=0, max=65535)] = 8000,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser on it.")] = True,
    json: Json = False,
) -> int:
    """Serve the lessons on localhost, with my progress live."""
    from grader.cli import student

    return student.serve(json, port, browser)


@app.command(rich_help_panel=STUDENT)
def doctor(json: Json = False) -> int:
    """Say what this machine can do, what is missing, and how to get it."""
    from grader.cli import doctor as checkup

    return answer(json, checkup.doctor)


@app.command(rich_help_panel=STUDENT)
def demo(json: Json = False) -> int:
    """Show everything once, live, in a scratch workspace: about two minutes."""
    from grader.cli import demo as tour

    return answer(json, tour.demo)


@app.command(rich_help_panel=INSTRUCTOR)
def grade(
    submissions: Annotated[Path, typer.Argument(metavar="SUBMISSIONS", show_default=False)],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where verdicts, gradebook, CSV and feedback go.")],
    unit: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="What is graded; may be repeated.", show_default="what was handed in"),
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Submissions at a time.", min=1, show_default="one a core")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Which inputs are drawn.", min=0, show_default="a secret one")
    ] = None,
    profile: Annotated[str, typer.Option(help="How thoroughly: check, grade or author.")] = "grade",
    gradebook: Annotated[
        str | None, typer.Option(metavar="URL", help="nbgrader's database.", show_default="SQLite in DIR")
    ] = None,
    unconfined: Annotated[
        bool, typer.Option("--unconfined", help="Insist where the kernel cannot confine what students wrote.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Judge on a Dask cluster: tcp://host:8786.", show_default=False),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who is enrolled and when work is due.", show_default=False)
    ] = None,
    late: Annotated[float, typer.Option(metavar="PERCENT", help="What each day late costs.", min=0, max=100)] = 0,
    late_most: Annotated[float, typer.Option(metavar="PERCENT", help="The most it costs.", min=0, max=100)] = 100,
    grace: Annotated[float, typer.Option(metavar="HOURS", help="How late is not late yet.", min=0, max=10_000)] = 0,
    attempts: Annotated[str, typer.Option(help="Which attempt counts: last or best.")] = "last",
    regrade: Annotated[
        list[str] | None,
        typer.Option(metavar="STUDENT|EXERCISE", help="Judge anew; may be repeated.", show_default=False),
    ] = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="Write pseudonyms; DIR.names.csv has them.")] = False,
    checks: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Hidden checks of your own, besides.", show_default=False)
    ] = None,
    show: Annotated[str, typer.Option(help="What feedback tells: learner, after-deadline or instructor.")] = "learner",
    json: Json = False,
) -> int:
    """Grade a folder of submissions into nbgrader's gradebook, a CSV and feedback. Resumes."""
    known_profile(profile)
    from grader.cli import instructor

    options: dict[str, Any] = {"jobs": jobs, "seed": seed, "profile": profile, "gradebook": gradebook}
    options |= {"unconfined": unconfined, "cluster": cluster, "roster": roster, "grace": grace, "late": late}
    options |= {"late_most": late_most, "attempts": attempts, "regrade": regrade or [], "anonymous": anonymous}
    options |= {"checks": checks, "show": show}
    return answer(json, lambda to: instructor.grade(to, submissions, out, unit or [], **options))


@app.command(rich_help_panel=INSTRUCTOR)
def release(
    key: Annotated[str, typer.Argument(metavar="UNIT|PHASE", show_default=False)],
    format: Annotated[str, typer.Option(help="files, nbgrader, gradescope or github-classroom.")] = "nbgrader",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to, such as nbgrader's folder.")] = Path("release"),
    install: Annotated[
        str, typer.Option(metavar="WHAT", help="What pip installs where the course is not.", show_default=False)
    ] = "",
    seed: Annotated[
        int | None, typer.Option(help="Which inputs hidden tests draw.", min=0, show_default="a secret one")
    ] = None,
    unconfined: Annotated[
        bool, typer.Option("--unconfined", help="Let Gradescope judge where its kernel cannot confine.")
    ] = False,
    json: Json = False,
) -> int:
    """Write what the students of a unit or a whole phase get."""
    from grader.cli import instructor

    return answer(json, lambda to: instructor.release(to, key, format, out, install, seed, unconfined))


@app.command(rich_help_panel=INSTRUCTOR)
def export(
    run: Annotated[Path, typer.Argument(metavar="DIR", show_default=False)],
    format: Annotated[str, typer.Option(help="csv, canvas or moodle.")] = "csv",
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="How the LMS knows the students.", show_default=False)
    ] = None,
    gradebook: Annotated[
        str | None, typer.Option(metavar="URL", help="nbgrader's database.", show_default="SQLite in DIR")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to.", show_default="DIR/export-FORMAT.csv")
    ] = None,
    json: Json = False,
) -> int:
    """Write the grades of a class run for an LMS. Exits with 1 if somebody could not be matched, and says who."""
    from grader.cli import instructor

    return answer(json, lambda out: instructor.export(out, run, format, roster, gradebook, to))


@app.command(rich_help_panel=INSTRUCTOR)
def similar(
    submissions: Annotated[Path, typer.Argument(metavar="SUBMISSIONS", show_default=False)],
    unit: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="What is compared; may be repeated.", show_default="what was handed in"),
    ] = None,
    to: Annotated[Path, typer.Option(metavar="FILE", help="Where the page goes.")] = Path("similar.html"),
    alike: Annotated[float, typer.Option(help="What part of the shorter file a pair shares.", min=0, max=1)] = 0.5,
    most: Annotated[int, typer.Option(help="How many pairs are shown.", min=1)] = 200,
    json: Json = False,
) -> int:
    """Show which hand-ins read alike, side by side, for a person to judge. Nothing leaves this machine."""
    from grader.cli import instructor

    return answer(json, lambda out: instructor.similar(out, submissions, unit or [], to, alike, most))


Units = Annotated[list[str] | None, typer.Argument(metavar="UNIT…", show_default=False)]
Sample = Annotated[
    int | None, typer.Option(help="How many mutants of a unit to judge.", min=1, show_default="all of them")
]
Jobs = Annotated[int | None, typer.Option(help="How many to judge at a time.", min=1, show_default="one a core")]


@authoring.callback(invoke_without_command=True)
def author(context: typer.Context) -> int:
    """Write and prove units."""
    if context.invoked_subcommand is None:
        print(context.get_help())
    return 0


@authoring.command("new")
def author_new(unit: Annotated[str, typer.Argument(metavar="UNIT", show_default=False)], json: Json = False) -> int:
    """Write the files of a unit that curriculum.toml lists, in form, for you to fill."""
    from grader.cli import writer

    return answer(json, lambda to: writer.new(to, unit))


@authoring.command("stub")
def author_stub(units: Units = None, json: Json = False) -> int:
    """Make the stubs anew from the references."""
    from grader.cli import writer

    return answer(json, lambda to: writer.stub(to, units or []))


@authoring.command("check")
def author_check(
    units: Units = None, sample: Sample = None, seed: int = 0, jobs: Jobs = None, json: Json = False
) -> int:
    """Run every gate: stub, verdicts, mistakes, mutants, oracle, lesson, speed, and the road's prefixes."""
    from grader.cli import writer

    return answer(json, lambda to: writer.check(to, units or [], sample, seed, jobs))


@authoring.command("mutate")
def author_mutate(
    units: Units = None, sample: Sample = None, seed: int = 0, jobs: Jobs = None, json: Json = False
) -> int:
    """Judge faulty references; whatever survives is a hole in the checks."""
    from grader.cli import writer

    return answer(json, lambda to: writer.mutate(to, units or [], sample, seed, jobs))


def known_profile(profile: str) -> None:
    if profile not in ("check", "grade", "author"):
        raise CourseError(f"There is no profile {profile!r}; choose check, grade or author.")


def parses(arguments: Sequence[str]) -> str | None:
    """What is wrong with the words after `course`; None if they parse. Runs nothing."""
    command, context, rest = typer.main.get_command(app), None, list(arguments)
    name: str | None = "course"
    try:
        while True:
            with contextlib.redirect_stdout(io.StringIO()):  # --help would print
                context = command.make_context(name, rest, parent=context)
            words = [*getattr(context, "_protected_args", ()), *context.args]
            if not isinstance(command, typer.core.TyperGroup) or not words:
                return None
            name, found, rest = command.resolve_command(context, words)
            if found is None:
                return f"No such command {words[0]!r}."
            command = found
    except typer.Exit:  # --help
        return None
    except USAGE_ERROR as error:
        return complaint(error)


# What the parser raises, and its ancestor's name has moved between versions of typer.
USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]


def complaint(error: Exception) -> str:
    """A usage error in words, and where to read on."""
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    return f"{text.rstrip('.')}. `{context.command_path if context else 'course'} --help` lists what there is."


def nearest_command(argv: Sequence[str]) -> str | None:
    """The sentence for a command that does not exist; None if it was not the command that was wrong."""
    words = [word for word in argv if not word.startswith("-")]
    groups: list[tuple[typer.Typer, str]] = [(app, "course"), (authoring, "course author")]
    for (group, name), word in zip(groups, words, strict=False):
        known = [command.name or command.callback.__name__ for command in group.registered_commands if command.callback]
        if group is app:
            known.append("author")
        if word not in known:
            close = difflib.get_close_matches(word, known, n=1)
            hint = f"did you mean `{name} {close[0]}`?" if close else f"`{name} --help` lists them."
            return f"There is no command `{name} {word}`; {hint}"
        if word != "author":
            return None
    return None
