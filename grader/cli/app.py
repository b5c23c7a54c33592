"""The commands, as click sees them. Each imports its body, which lives in another module, when it runs."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from grader.cli.out import answer
from grader.curriculum import CourseError

STUDENT, INSTRUCTOR, AUTHOR = "Student", "Instructor", "Author"
HELP = {"help_option_names": ["-h", "--help"], "show_default": True}


class Commands(click.Group):
    """Lists its commands in the order of this file, each under the heading of those whom it serves."""

    def __init__(self, *args: Any, **settings: Any):
        super().__init__(*args, **settings)
        self.headings: dict[str, str] = {}

    def serving(self, heading: str, **settings: Any) -> Callable[[Callable[..., int]], click.Command]:
        """Add a command under a heading."""

        def add(function: Callable[..., int]) -> click.Command:
            command = self.command(**settings)(function)
            self.headings[command.name or ""] = heading
            return command

        return add

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        for heading in dict.fromkeys(self.headings.values()):
            rows = [(name, self.commands[name].help or "") for name, its in self.headings.items() if its == heading]
            with formatter.section(heading):
                formatter.write_dl(rows)


json_option = click.option("--json", is_flag=True, help="Print one JSON document and nothing else.")
some_id = click.argument("id", metavar="[ID]", required=False)
an_id = click.argument("id", metavar="ID")
PATH: click.Path = click.Path(path_type=Path)
AT_LEAST_1 = click.IntRange(min=1)


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings=HELP,
    help="Zero to Diffusion: from Python to image and video generation, one checked exercise at a time.",
    epilog="IDs: attention or 2.4 (a unit), attention/ViT (an exercise), digit-vae or p1 (a project).",
)
@click.option("-C", "--directory", metavar="DIR", type=PATH, help="Run as if started in DIR.")
@click.option("--version", is_flag=True, help="Show the course's version.")
@click.pass_context
def app(context: click.Context, directory: Path | None, version: bool) -> int:
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise CourseError(f"Cannot go to {directory}: {error.strerror}.") from None
    if version:
        from grader.curriculum import default_course

        print(default_course().curriculum.version)
        context.exit()
    if context.invoked_subcommand is None:
        print(context.get_help())
    return 0


@app.serving(STUDENT)
@click.argument("folder", metavar="DIR", type=PATH)
@json_option
def init(folder: Path, json: bool) -> int:
    """Make a workspace: stubs, progress log, editor settings. Never overwrites a file."""
    from grader.cli import student

    return answer(json, lambda out: student.init(out, folder))


@app.serving(STUDENT)
@json_option
def next(json: bool) -> int:
    """Show where I am and what to write."""
    from grader.cli import student

    return answer(json, student.upcoming)


@app.serving(STUDENT)
@json_option
def status(json: bool) -> int:
    """Show the road: what is passed, open, locked (and by what) or coming."""
    from grader.cli import student

    return answer(json, student.status)


@app.serving(STUDENT)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--repro", is_flag=True, help="Print code that repeats the smallest failing input.")
@click.option("--profile", metavar="NAME", default="check", help="How thoroughly: check, grade or author.")
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    help="Which inputs are drawn; the same seed draws the same.",
)
@json_option
def check(ids: Sequence[str], repro: bool, profile: str, seed: int, json: bool) -> int:
    """Judge exercises, units or projects; without an ID what I am on."""
    known_profile(profile)
    from grader.cli import student

    return answer(json, lambda out: student.check(out, ids, profile, seed, repro))


@app.serving(STUDENT)
@some_id
@json_option
def watch(id: str | None, json: bool) -> int:
    """Judge on every save. Keys: n next, h hint, l list, o lesson, r reset, q quit."""
    from grader.cli import student

    return answer(json, lambda out: student.watch(out, id))


@app.serving(STUDENT)
@some_id
@click.option("--again", is_flag=True, help="Show the hints already taken once more.")
@json_option
def hint(id: str | None, again: bool, json: bool) -> int:
    """Show the next hint of an exercise; each says a little more than the last."""
    from grader.cli import student

    return answer(json, lambda out: student.hint(out, id, again))


@app.serving(STUDENT)
@an_id
@click.option("--reveal", is_flag=True, help="Show it before it has passed; this is recorded.")
@json_option
def solution(id: str, reveal: bool, json: bool) -> int:
    """Show the reference of an exercise that has passed."""
    from grader.cli import student

    return answer(json, lambda out: student.solution(out, id, reveal))


@app.serving(STUDENT)
@an_id
@json_option
def reset(id: str, json: bool) -> int:
    """Put back the stub of an exercise or a unit; mine is kept in .course/kept."""
    from grader.cli import student

    return answer(json, lambda out: student.reset(out, id))


@app.serving(STUDENT)
@json_option
def update(json: bool) -> int:
    """Bring the stubs and fixes of a newer course, leaving my work as it is."""
    from grader.cli import student

    return answer(json, student.update)


@app.serving(
    STUDENT,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    epilog="Any setting of the project is an option too, for example --epochs 30 --lr 1e-3 --precision bf16.",
)
@click.argument("project", metavar="PROJECT")
@click.option("--preset", metavar="NAME", default="cpu", help="cpu: minutes, offline. gpu: the real data set.")
@click.option("--out", metavar="DIR", type=PATH, show_default="runs/PROJECT", help="Where the run is kept.")
@click.option("--fresh", is_flag=True, help="Begin anew; an earlier run is set aside.")
@click.option("--wandb", is_flag=True, help="Log to Weights & Biases.")
@json_option
@click.pass_context
def train(
    context: click.Context, project: str, preset: str, out: Path | None, fresh: bool, wandb: bool, json: bool
) -> int:
    """Train a project with my own code, and have the result measured. Refuses until its units pass."""
    from grader.cli import student

    folder = out.absolute() if out else None
    return answer(json, lambda to: student.train(to, project, preset, folder, fresh, wandb, context.args))


@app.serving(STUDENT)
@click.argument("phase", metavar="[PHASE]", required=False)
@json_option
def milestone(phase: str | None, json: bool) -> int:
    """Run all that I wrote in a phase on real data, and keep the picture. Refuses until its units pass."""
    from grader.cli import student

    return answer(json, lambda out: student.milestone(out, phase))


@app.serving(STUDENT)
@click.option("--port", metavar="N", type=click.IntRange(0, 65535), default=8000, help="0 takes any free one.")
@click.option("--browser/--no-browser", default=True, help="Open a browser on it.")
@json_option
def serve(port: int, browser: bool, json: bool) -> int:
    """Serve the lessons on localhost, with my progress live."""
    from grader.cli import student

    return student.serve(json, port, browser)


@app.serving(STUDENT)
@json_option
def doctor(json: bool) -> int:
    """Say what this machine can do, what is missing, and how to get it."""
    from grader.cli import doctor as checkup

    return answer(json, checkup.doctor)


@app.serving(STUDENT)
@json_option
def demo(json: bool) -> int:
    """Show everything once, live, in a scratch workspace: about two minutes."""
    from grader.cli import demo as tour

    return answer(json, tour.demo)


@app.serving(INSTRUCTOR)
@click.argument("submissions", metavar="SUBMISSIONS", type=PATH)
@click.option("--out", metavar="DIR", type=PATH, required=True, help="Where verdicts, gradebook, CSV and feedback go.")
@click.option(
    "--unit", metavar="ID", multiple=True, show_default="what was handed in", help="What is graded; may be repeated."
)
@click.option("--jobs", metavar="N", type=AT_LEAST_1, show_default="one a core", help="Submissions at a time.")
@click.option(
    "--seed", metavar="N", type=click.IntRange(min=0), show_default="a secret one", help="Which inputs are drawn."
)
@click.option("--profile", metavar="NAME", default="grade", help="How thoroughly: check, grade or author.")
@click.option("--gradebook", metavar="URL", show_default="SQLite in DIR", help="nbgrader's database.")
@click.option("--unconfined", is_flag=True, help="Insist where the kernel cannot confine what students wrote.")
@click.option("--cluster", metavar="ADDRESS", help="Judge on a Dask cluster: tcp://host:8786.")
@click.option("--roster", metavar="FILE", type=PATH, help="Who is enrolled and when work is due.")
@click.option("--late", metavar="PERCENT", type=click.FloatRange(0, 100), default=0.0, help="What each day late costs.")
@click.option("--late-most", metavar="PERCENT", type=click.FloatRange(0, 100), default=100.0, help="The most it costs.")
@click.option(
    "--grace", metavar="HOURS", type=click.FloatRange(0, 10_000), default=0.0, help="How late is not late yet."
)
@click.option("--attempts", metavar="WHICH", default="last", help="Which attempt counts: last or best.")
@click.option("--regrade", metavar="STUDENT|EXERCISE", multiple=True, help="Judge anew; may be repeated.")
@click.option("--anonymous", is_flag=True, help="Write pseudonyms; DIR.names.csv has them.")
@click.option("--checks", metavar="FOLDER", type=PATH, help="Hidden checks of your own, besides.")
@click.option(
    "--show", metavar="WHAT", default="learner", help="What feedback tells: learner, after-deadline or instructor."
)
@json_option
def grade(
    submissions: Path, out: Path, unit: Sequence[str], profile: str, regrade: Sequence[str], json: bool, **options: Any
) -> int:
    """Grade a folder of submissions into nbgrader's gradebook, a CSV and feedback. Resumes."""
    known_profile(profile)
    from grader.cli import instructor

    options |= {"profile": profile, "regrade": list(regrade)}
    return answer(json, lambda to: instructor.grade(to, submissions, out, unit, **options))


@app.serving(INSTRUCTOR)
@click.argument("key", metavar="UNIT|PHASE")
@click.option("--format", metavar="NAME", default="nbgrader", help="files, nbgrader, gradescope or github-classroom.")
@click.option("--out", metavar="DIR", type=PATH, default="release", help="Where to, such as nbgrader's folder.")
@click.option("--install", metavar="WHAT", default="", help="What pip installs where the course is not.")
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(min=0),
    show_default="a secret one",
    help="Which inputs hidden tests draw.",
)
@click.option("--unconfined", is_flag=True, help="Let Gradescope judge where its kernel cannot confine.")
@json_option
def release(key: str, format: str, out: Path, install: str, seed: int | None, unconfined: bool, json: bool) -> int:
    """Write what the students of a unit or a whole phase get."""
    from grader.cli import instructor

    return answer(json, lambda to: instructor.release(to, key, format, out, install, seed, unconfined))


@app.serving(INSTRUCTOR)
@click.argument("run", metavar="DIR", type=PATH)
@click.option("--format", metavar="NAME", default="csv", help="csv, canvas or moodle.")
@click.option("--roster", metavar="FILE", type=PATH, help="How the LMS knows the students.")
@click.option("--gradebook", metavar="URL", show_default="SQLite in DIR", help="nbgrader's database.")
@click.option("--to", metavar="FILE", type=PATH, show_default="DIR/export-FORMAT.csv", help="Where to.")
@json_option
def export(run: Path, format: str, roster: Path | None, gradebook: str | None, to: Path | None, json: bool) -> int:
    """Write the grades of a class run for an LMS. Exits with 1 if somebody could not be matched, and says who."""
    from grader.cli import instructor

    return answer(json, lambda out: instructor.export(out, run, format, roster, gradebook, to))


@app.serving(INSTRUCTOR)
@click.argument("submissions", metavar="SUBMISSIONS", type=PATH)
@click.option(
    "--unit", metavar="ID", multiple=True, show_default="what was handed in", help="What is compared; may be repeated."
)
@click.option("--to", metavar="FILE", type=PATH, default="similar.html", help="Where the page goes.")
@click.option(
    "--alike",
    metavar="SHARE",
    type=click.FloatRange(0, 1),
    default=0.5,
    help="What part of the shorter file a pair shares.",
)
@click.option("--most", metavar="N", type=AT_LEAST_1, default=200, help="How many pairs are shown.")
@json_option
def similar(submissions: Path, unit: Sequence[str], to: Path, alike: float, most: int, json: bool) -> int:
    """Show which hand-ins read alike, side by side, for a person to judge. Nothing leaves this machine."""
    from grader.cli import instructor

    return answer(json, lambda out: instructor.similar(out, submissions, unit, to, alike, most))


@click.group(cls=Commands, invoke_without_command=True)
@click.pass_context
def author(context: click.Context) -> int:
    """Write and prove units."""
    if context.invoked_subcommand is None:
        print(context.get_help())
    return 0


app.add_command(author)
app.headings["author"] = AUTHOR

some_units = click.argument("units", metavar="[UNIT]...", nargs=-1)
sample_option = click.option(
    "--sample", metavar="N", type=AT_LEAST_1, show_default="all of them", help="How many mutants of a unit to judge."
)
seed_option = click.option("--seed", metavar="N", type=int, default=0, help="Which inputs are drawn.")
jobs_option = click.option(
    "--jobs", metavar="N", type=AT_LEAST_1, show_default="one a core", help="How many to judge at a time."
)


@author.serving(AUTHOR)
@click.argument("unit", metavar="UNIT")
@json_option
def new(unit: str, json: bool) -> int:
    """Write the files of a unit that curriculum.toml lists, in form, for you to fill."""
    from grader.cli import writer

    return answer(json, lambda to: writer.new(to, unit))


@author.serving(AUTHOR)
@some_units
@json_option
def stub(units: Sequence[str], json: bool) -> int:
    """Make the stubs anew from the references."""
    from grader.cli import writer

    return answer(json, lambda to: writer.stub(to, units))


@author.serving(AUTHOR, name="check")
@some_units
@sample_option
@seed_option
@jobs_option
@json_option
def author_check(units: Sequence[str], sample: int | None, seed: int, jobs: int | None, json: bool) -> int:
    """Run every gate: stub, verdicts, mistakes, mutants, oracle, lesson, speed, and the road's prefixes."""
    from grader.cli import writer

    return answer(json, lambda to: writer.check(to, units, sample, seed, jobs))


@author.serving(AUTHOR)
@some_units
@sample_option
@seed_option
@jobs_option
@json_option
def mutate(units: Sequence[str], sample: int | None, seed: int, jobs: int | None, json: bool) -> int:
    """Judge faulty references; whatever survives is a hole in the checks."""
    from grader.cli import writer

    return answer(json, lambda to: writer.mutate(to, units, sample, seed, jobs))


def known_profile(profile: str) -> None:
    if profile not in ("check", "grade", "author"):
        raise CourseError(f"There is no profile {profile!r}; choose check, grade or author.")


def parses(arguments: Sequence[str]) -> str | None:
    """What is wrong with the words after `course`; None if they parse. Runs nothing."""
    command: click.Command = app
    context, name, rest = None, "course", list(arguments)
    try:
        while True:
            with contextlib.redirect_stdout(io.StringIO()):  # --help would print
                context = command.make_context(name, rest, parent=context)
            words = [*getattr(context, "_protected_args", ()), *context.args]
            if not isinstance(command, Commands) or not words:
                return None
            name, *rest = words
            if name not in command.commands:
                return f"No such command {name!r}."
            command = command.commands[name]
    except click.exceptions.Exit:  # --help
        return None
    except click.UsageError as error:
        return complaint(error)


def complaint(error: click.UsageError) -> str:
    """A usage error in words, and where to read on."""
    where = error.ctx.command_path if error.ctx else "course"
    text = error.format_message()
    return f"{text if text[-1:] in '.?' else f'{text}.'} `{where} --help` lists what there is."


def nearest_command(argv: Sequence[str]) -> str | None:
    """The sentence for a command that does not exist; None if it was not the command that was wrong."""
    from difflib import get_close_matches

    words = [word for word in argv if not word.startswith("-")]
    for group, name, word in zip((app, author), ("course", "course author"), words, strict=False):
        if word not in group.commands:
            close = get_close_matches(word, group.commands, n=1)
            hint = f"did you mean `{name} {close[0]}`?" if close else f"`{name} --help` lists them."
            return f"There is no command `{name} {word}`; {hint}"
        if word != "author":
            return None
    return None
