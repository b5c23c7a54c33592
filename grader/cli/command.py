"""How a function becomes a command: what was typed goes in, its answer goes to people or to a program."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from grader.cli.out import Answer, answer
from grader.curriculum import CourseError

F = TypeVar("F", bound=Callable[..., Answer])

PATH: click.Path = click.Path(path_type=Path)
AT_LEAST_0, AT_LEAST_1 = click.IntRange(min=0), click.IntRange(min=1)


class Commands(dict[str, click.Command]):
    """The commands of a module, by name. Each has --json."""

    def command(self, name: str | None = None, **settings: Any) -> Callable[[F], F]:
        """What makes a function a command, by default of its own name, and leaves the function as it is.

        The function takes an Out and then by name what was typed; its docstring is the command's help.
        """

        def made(function: F) -> F:
            @functools.wraps(function)
            def run(json: bool, **typed: Any) -> int:
                return answer(json, lambda out: function(out, **typed))

            self.add(click.command(name, cls=click.Command, **settings)(run))
            return function

        return made

    def add(self, command: click.Command) -> click.Command:
        command.params.append(click.Option(["--json"], is_flag=True, help="Print one JSON document and nothing else."))
        self[command.name or ""] = command
        return command


class Choice(click.Option):
    """Takes one of a room's own words, which are listed where the help says {words}.

    The room is asked for them when one was typed or the help is shown, not before: rooms take a while to import.
    """

    def __init__(self, *names: Any, what: str, words: Callable[[], Sequence[str]], **settings: Any):
        """`what` is one of them, in the sentence for another word."""
        super().__init__(*names, **settings)
        self.what, self.words = what, words

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        word = super().type_cast_value(ctx, value)
        if word in self.words():
            return word
        raise CourseError(f"There is no {self.what} {word!r}; choose {self._listed()}.")

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].replace("{words}", self._listed()))

    def _listed(self) -> str:
        *others, last = self.words()
        return f"{', '.join(others)} or {last}"


def profiles() -> Sequence[str]:
    from grader.judge.terms.profiles import PROFILES

    return PROFILES


def profile_option(default: str) -> Callable[[F], F]:
    return click.option(
        "--profile",
        cls=Choice,
        what="profile",
        words=profiles,
        metavar="NAME",
        default=default,
        help="How thoroughly: {words}.",
    )
