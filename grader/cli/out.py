"""Where output goes: people's to the terminal, a program's to stdout as one document, errors to stderr."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from grader.ground.text import line

if TYPE_CHECKING:
    from rich.console import Console

Answer = tuple[dict[str, Any], int]


def complain(text: str) -> int:
    """One line on stderr; the exit code of an error."""
    with contextlib.suppress(BrokenPipeError):
        print(f"course: {line(text)}", file=sys.stderr)
    return 2


class ReaderGone(Exception):
    """Whoever read our output has had enough, as in `course status | head`. No error; click takes it for one."""


class Out:
    """What a command prints to. For programs (`--json`) everything but the final document is left out."""

    def __init__(self, as_json: bool):
        self.as_json = as_json

    @cached_property
    def console(self) -> Console:
        from rich.console import Console

        class Terminal(Console):
            def on_broken_pipe(self) -> None:
                raise  # rich would end with 1

        console = Terminal(highlight=False, markup=False, emoji=False, quiet=self.as_json)
        # Sentences are hard to read on long lines.
        console.width = min(console.width, 100)
        return console

    def print(self, *what: Any, **how: Any) -> None:
        if not self.as_json:
            self.console.print(*what, **how)

    @contextlib.contextmanager
    def busy(self, what: str) -> Iterator[Callable[[str], None]]:
        """Says at once what is going on, while it does; gives what says the next thing. Only on a terminal."""
        if self.as_json or not sys.stdout.isatty():  # which needs no console, and that takes a while to import
            yield lambda what: None
            return
        with self.console.status(line(what)) as status:
            yield lambda what: status.update(line(what))

    def note(self, text: str) -> None:
        """A remark beside the matter; on stderr, so that it is out of a program's way."""
        print(f"course: {line(text)}", file=sys.stderr)


def answer(as_json: bool, command: Callable[[Out], Answer]) -> int:
    """Run a command and give its answer; returns the exit code."""
    out = Out(as_json)
    try:
        with _stdout_kept() if as_json else contextlib.nullcontext():
            document, code = command(out)
        if as_json:
            # ASCII, so that no text of a learner's can reach a terminal as a control character.
            print(json.dumps(document, indent=2))
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderGone from None
    return code


@contextlib.contextmanager
def _stdout_kept() -> Iterator[None]:
    """While the command runs, whatever it, its libraries or its children print goes to stderr."""
    sys.stdout.flush()
    try:
        saved = os.dup(1)
    except OSError:
        saved = None
    try:
        if saved is not None:
            os.dup2(2, 1)
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if saved is not None:
            os.dup2(saved, 1)
            os.close(saved)
