"""What a child process says to the process that started it: messages, one JSON object a line, on standard output.

`launch` reads them. Everything that anything else prints is kept out of their way. Knows no torch.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, redirect_stdout
from typing import Any, Protocol

from grader.curriculum import CourseError

# Its "event" says what it is; the other entries are as `launch.train` lists them.
Message = dict[str, Any]
Send = Callable[[Message], None]


class Say(Protocol):
    """Says one message, from the first of several processes only."""

    def __call__(self, event: str, **fields: Any) -> None: ...


def serve(channel: AbstractContextManager[Send], work: Callable[[Say], list[str] | None], stopped: str) -> int:
    """Do a child's work and return its exit code: 0, or 2 after an `error` message, one line that says what was wrong.

    work: may return a command line, which takes the place of this process.
    stopped: what is said after Ctrl-C.
    """
    with channel as send:

        def say(event: str, **fields: Any) -> None:
            if os.environ.get("RANK", "0") == "0":  # set by torchrun and accelerate launch
                send({"event": event, **fields})

        try:
            successor = work(say)
        except CourseError as error:
            say("error", message=str(error))
            return 2
        except KeyboardInterrupt:
            say("error", message=stopped)
            return 2
    if successor is not None:
        os.execv(successor[0], successor)
    return 0


@contextmanager
def to_parent() -> Iterator[Send]:
    """Messages go to what was standard output; what Python code prints there becomes `line` messages of its own.

    What is written past Python, by a C library or a process of its own, goes to standard error.
    """
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(saved, "w", encoding="utf-8", buffering=1) as stream:

        def send(message: Message) -> None:
            stream.write(json.dumps(message) + "\n")

        with redirect_stdout(_Lines(send)) as lines:
            yield send
            lines.close()
        os.dup2(saved, 1)


class _Lines(io.TextIOBase):
    """A text stream whose lines are sent."""

    def __init__(self, send: Send):
        self._send, self._rest = send, ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._send({"event": "line", "text": line.rstrip()[:500]})
        return len(text)

    def close(self) -> None:
        if self._rest:
            self.write("\n")
        super().close()
