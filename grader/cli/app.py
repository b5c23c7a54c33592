"""`course` itself: which commands there are, whom each serves, and what is said of those that do not exist.

A command lies in the module of its audience, which is imported when the command is typed or its help is asked for.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from grader.cli.command import PATH
from grader.curriculum import CourseError

STUDENT, INSTRUCTOR, AUTHOR = "Student", "Instructor", "Author"

# Command -> the heading it is listed under, and the module of grader.cli that has it.
COMMANDS = {
    "init": (STUDENT, "student"),
    "next": (STUDENT, "student"),
    "status": (STUDENT, "student"),
    "check": (STUDENT, "student"),
    "watch": (STUDENT, "student"),
    "hint": (STUDENT, "student"),
    "solution": (STUDENT, "student"),
    "reset": (STUDENT, "student"),
    "update": (STUDENT, "student"),
    "train": (STUDENT, "student"),
    "milestone": (STUDENT, "student"),
    "serve": (STUDENT, "student"),
    "doctor": (STUDENT, "doctor"),
    "demo": (STUDENT, "demo"),
    "grade": (INSTRUCTOR, "instructor"),
    "release": (INSTRUCTOR, "instructor"),
    "export": (INSTRUCTOR, "instructor"),
    "similar": (INSTRUCTOR, "instructor"),
}
AUTHORING = dict.fromkeys(("new", "stub", "check", "mutate"), (AUTHOR, "author"))


class Lazy(click.Group):
    """Knows its commands by name, and imports one when it is wanted."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], **settings: Any):
        super().__init__(*args, **settings)
        self.headings = {name: heading for name, (heading, _) in table.items()}
        self.modules = {name: module for name, (_, module) in table.items()}

    def list_commands(self, ctx: click.Context | None = None) -> list[str]:
        return list(self.headings)

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        if cmd_name in self.modules:
            module = import_module(f"grader.cli.{self.modules[cmd_name]}")
            found: click.Command = module.commands[cmd_name]
            return found
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each under the heading of those whom it serves."""
        for heading in dict.fromkeys(self.headings.values()):
            names = [name for name, its in self.headings.items() if its == heading]
            commands = [self.get_command(ctx, name) for name in names]
            with formatter.section(heading):
                formatter.write_dl([(command.name or "", command.help or "") for command in commands if command])


@click.group(
    cls=Lazy,
    table=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    help="Zero to Diffusion: from Python to image and video generation, one checked exercise at a time.",
    epilog="IDs: attention or 2.4 (a unit), attention/ViT (an exercise), digit-vae or p1 (a project).",
)
@click.option("-C", "--directory", metavar="DIR", type=PATH, help="Run as if started in DIR.")
@click.option("--version", is_flag=True, help="Show the course's version.")
@click.pass_context
def app(context: click.Context, directory: Path | None, version: bool) -> int:
    context.obj = parses  # for the author's gate on lessons, which show commands
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


@click.group(cls=Lazy, table=AUTHORING, invoke_without_command=True)
@click.pass_context
def author(context: click.Context) -> int:
    """Write and prove units."""
    if context.invoked_subcommand is None:
        print(context.get_help())
    return 0


app.add_command(author)
app.headings["author"] = AUTHOR


def parses(arguments: Sequence[str]) -> str | None:
    """What is wrong with the words after `course`; None if they parse. Runs nothing."""
    command: click.Command | None = app
    context, name, rest = None, "course", list(arguments)
    try:
        while command is not None:
            with contextlib.redirect_stdout(io.StringIO()):  # --help would print
                context = command.make_context(name, rest, parent=context)
            words = [*getattr(context, "_protected_args", ()), *context.args]
            if not isinstance(command, Lazy) or not words:
                return None
            name, *rest = words
            command = command.get_command(context, name)
    except click.exceptions.Exit:  # --help
        return None
    except click.UsageError as error:
        return complaint(error)
    except CourseError as error:
        return str(error)
    return f"No such command {name!r}."


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
        known = group.list_commands()
        if word not in known:
            close = get_close_matches(word, known, n=1)
            hint = f"did you mean `{name} {close[0]}`?" if close else f"`{name} --help` lists them."
            return f"There is no command `{name} {word}`; {hint}"
        if word != "author":
            return None
    return None
