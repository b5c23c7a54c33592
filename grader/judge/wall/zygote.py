"""The trusted side's hold on the warm untrusted process. Imports no torch, so that both sides can do so at once."""

from __future__ import annotations

import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from typing import NamedTuple

from grader.judge.terms import libraries
from grader.judge.wall import confine


class JudgeError(RuntimeError):
    """The judge itself cannot work; says nothing about the submission."""


class Room(NamedTuple):
    """What a child is given. Its bytes are the message that asks for one."""

    scratch: bool = False
    memory_bytes: int = confine.LEARNER_MEMORY_BYTES
    cpu_seconds: int = confine.LEARNER_CPU_SECONDS

    def __bytes__(self) -> bytes:
        return _ROOM.pack(*self)

    @classmethod
    def of(cls, message: bytes) -> Room:
        return cls(*_ROOM.unpack(message))


_PATHS = ("PYTHONPATH", "LD_LIBRARY_PATH")
"""What the user's environment says that the sandbox's does too."""

_ROOM = struct.Struct("<?QI")
ROOM_BYTES = _ROOM.size


class Sandbox:
    """The warm untrusted process. Safe to share between forks: asking for a child is one short message.

    `read` names what of libraries it imports while it warms up, besides what every unit has.
    """

    def __init__(self, confined: bool, read: Iterable[str] = ()):
        self.confined = confined
        self._control, theirs = socket.socketpair()
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
        environment["TORCHDYNAMO_DISABLE"] = "1"  # torch.compile would want a compiler; without it, it is the identity
        environment |= libraries.ALONE
        environment |= {name: _absolute(os.environ[name]) for name in _PATHS if name in os.environ}
        mode = "confined" if confined else "unconfined"
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "grader.judge.wall.sandbox", str(theirs.fileno()), mode, *read],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=environment,
            cwd="/",
        )
        theirs.close()

    def child(self, room: Room) -> tuple[socket.socket, int, int]:
        """Fork a child: the conversation, its lifeline, and the file that holds what it prints."""
        conversation, theirs = socket.socketpair()
        beat, lifeline = os.pipe()
        printed = _unnamed_file()
        try:
            socket.send_fds(self._control, [bytes(room)], [theirs.fileno(), beat, printed])
        except OSError as error:
            raise JudgeError(f"the judge's sandbox is gone ({error}); run the command again") from None
        finally:
            theirs.close()
            os.close(beat)
        return conversation, lifeline, printed

    @property
    def gone(self) -> bool:
        """Whether the process has ended. A fork may ask as well, whose child it is not."""
        return bool(select.select([self._control], [], [], 0)[0])  # it never says anything, but for the end of file

    def close(self) -> None:
        self._control.close()
        self.process.wait()


def _absolute(paths: str) -> str:
    """A list of folders without those that are relative or empty: here they would mean the root, and all below it."""
    return os.pathsep.join(filter(os.path.isabs, paths.split(os.pathsep)))


def _unnamed_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("printed")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
