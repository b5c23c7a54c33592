"""The trusted end of the wall: one learner's process, asked to run functions, believed in nothing."""

from __future__ import annotations

import contextlib
import io
import math
import os
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import cloudpickle
import torch

from grader.ground.text import clean, line
from grader.judge.terms.calls import Call, LearnerDied, LearnerError, LearnerStopped, LearnerTimeout, Planned, Scenario
from grader.judge.terms.compare import Disagreement
from grader.judge.terms.failure import Frame
from grader.judge.wall import confine, wire
from grader.judge.wall.lent import Loan
from grader.judge.wall.meter import GLANCE_SECONDS, Meter
from grader.judge.wall.scratch import SCRATCH_BYTES, SCRATCH_FILES
from grader.judge.wall.zygote import JudgeError, Room, Sandbox

A = TypeVar("A")
T = TypeVar("T")

CALL_SECONDS = 5.0
"""Time of one call, and of importing the learner's file: computing or asleep, not waiting for a processor."""
EXERCISE_SECONDS = 20.0
"""The same of all calls of one exercise."""
MAX_THREADS = 64
MOST_OF_AN_EXERCISE = 512 << 20
"""Bytes that the answers to an exercise's planned calls may have together: they are kept until its verdict."""
MOST_OF_A_TEXT = 2000
MOST_FRAMES = 5
RECEIVED_AT_ONCE = 256 << 10
CALLS_AHEAD = 256
"""Calls that are sent in one go: the learner's side works on them while this side compares."""
START_SECONDS = 120.0
"""Wall time for a child to appear, while its parent may still be importing torch."""


class Session:
    """One unit of one submission behind the wall. A child that ended is replaced at the next exercise.

    `sources` are the learner's files and `lent` what the course lends, both by address; `entry` is the unit's module.
    A unit may have a scratch folder, and its own `seconds` for a call and `memory` in MiB.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        sources: dict[str, bytes],
        lent: dict[str, Loan],
        entry: str,
        *,
        scratch: bool = False,
        seconds: float | None = None,
        memory: int | None = None,
    ):
        self._sandbox, self._load = sandbox, ("load", sources, lent, entry)
        longer = 1.0 if seconds is None else max(1.0, seconds / CALL_SECONDS)
        self._call_seconds = CALL_SECONDS if seconds is None else seconds
        self._exercise_seconds = EXERCISE_SECONDS * longer
        memory_bytes = confine.LEARNER_MEMORY_BYTES if memory is None else memory << 20
        self._room = Room(scratch, memory_bytes, math.ceil(confine.LEARNER_CPU_SECONDS * longer))
        self._conversation: socket.socket | None = None
        self._inbox = bytearray()  # what was received, and not asked for yet
        self._known: set[Scenario] = set()  # those that the child can call by number
        self._calls: Sequence[Planned] = ()
        self._replies: dict[int, bytearray] = {}  # by the call's place
        self._bytes = 0  # of all these
        self._ahead = range(0)  # places of calls that were sent, and whose replies are still to come
        self._meter: Meter | None = None  # once there is a child that has greeted
        self._unusable: LearnerError | LearnerStopped | None = None
        self._printed: list[str] = []
        self._lifeline = self._output = -1

    def start_exercise(self, calls: Sequence[Planned] = ()) -> None:
        """Give the next exercise its own time, and a living child with the module loaded. `calls` will be made.

        Raises LearnerError or LearnerStopped when the module cannot be imported, every time it is asked.
        """
        if self._unusable is not None:
            raise self._unusable
        self._finish()
        self._calls, self._replies, self._bytes = calls, {}, 0
        if self._conversation is not None and self._meter is not None:
            self._meter.start_exercise()
            return
        self._meter = None
        self._conversation, self._lifeline, self._output = self._sandbox.child(self._room)
        self._inbox.clear()
        self._known.clear()
        self._conversation.settimeout(START_SECONDS)
        self._meter = Meter(*self._greeting())
        self._conversation.settimeout(GLANCE_SECONDS)
        try:
            self._ask(_dumps(self._load))
        except (LearnerError, LearnerStopped) as error:
            self._unusable = error
            raise

    @property
    def alive(self) -> bool:
        return self._conversation is not None

    def call(self, call: Call) -> Any:
        words = message(call)
        if not isinstance(call.what, str) and call.what not in self._known:
            self._known.add(call.what)
            words = _dumps(("ahead", dict([_defined(call.what)]), [words]))
        return self._ask(words)

    def answer(self, planned: Planned) -> Any:
        """What came of a planned call; asked again, the same."""
        if self._conversation is None and planned.place not in self._replies:
            raise LearnerDied("the process had already ended")
        with self._believing_nothing():
            if planned.place not in self._replies and planned.place not in self._ahead:
                self._send_ahead(planned.place)
            while planned.place not in self._replies:
                self._receive_ahead()
            reply = wire.decode(self._replies[planned.place])
        return self._read(reply)

    def _send_ahead(self, place: int) -> None:
        calls = self._calls[place : place + CALLS_AHEAD]
        asked_for = (planned.call.what for planned in calls)
        scenarios = {what for what in asked_for if not isinstance(what, str)} - self._known
        self._known |= scenarios
        self._send(_dumps(("ahead", dict(map(_defined, scenarios)), [planned.message for planned in calls])))
        self._ahead = range(place, place + len(calls))

    def _receive_ahead(self) -> None:
        reply = self._replies[self._ahead.start] = self._reply()
        self._ahead = self._ahead[1:]
        self._bytes += len(reply)
        if self._bytes > MOST_OF_AN_EXERCISE:
            raise wire.Malformed(f"more than {MOST_OF_AN_EXERCISE >> 20} MiB for one exercise")

    def _finish(self) -> None:
        """Let the child come to the end of what was asked ahead: how much of it ran must not be chance."""
        with contextlib.suppress(LearnerStopped), self._believing_nothing():
            while self._ahead and self.alive:
                self._receive_ahead()

    def printed(self) -> str:
        """What the learner's code has printed since the last time it was asked, as text not yet cleaned."""
        self._finish()
        self._collect()
        text, self._printed = "".join(self._printed), []
        return text

    def put_away(self) -> None:
        """Keep the answers to the last exercise no longer: together they may be very large."""
        self._finish()
        self._replies, self._bytes = {}, 0

    def close(self) -> None:
        """End the child, whatever it is doing."""
        if self._conversation is not None:
            self._collect()
            self._conversation.close()
            os.close(self._lifeline)
            os.close(self._output)
            self._conversation, self._ahead = None, range(0)

    def _collect(self) -> None:
        if self._conversation is not None:
            data = os.pread(self._output, wire.OUTPUT_BYTES, 0)
            os.ftruncate(self._output, 0)
            os.lseek(self._output, 0, os.SEEK_SET)  # the child shares this position
            self._printed.append(data.decode("utf-8", "replace"))

    def _ask(self, request: bytes) -> Any:
        if self._conversation is None:
            raise LearnerDied("the process had already ended")
        with self._believing_nothing():
            self._send(request)
            reply = wire.decode(self._reply())
        return self._read(reply)

    @contextlib.contextmanager
    def _believing_nothing(self) -> Iterator[None]:
        """Whatever goes wrong in here is the child's doing, and its end."""
        try:
            yield
        except TimeoutError:
            self.close()
            raise LearnerTimeout(f"did not return within {self._call_seconds:g} seconds") from None
        except (EOFError, ConnectionError):
            self.close()
            raise LearnerDied("ended the process instead of returning") from None
        except wire.Malformed as error:
            self.close()
            raise LearnerDied(f"sent back {error}") from None
        except LearnerStopped:
            self.close()
            raise

    def _send(self, request: bytes) -> None:
        """Ask, after what was asked ahead: the order of calls must not be chance either."""
        while self._ahead:
            self._receive_ahead()
        assert self._conversation is not None
        if self._meter is not None:
            self._meter.start_call()
        rest = memoryview(struct.pack("<I", len(request)) + request)
        while rest:
            rest = rest[self._patiently(self._conversation.send, rest) :]

    def _read(self, reply: Any) -> Any:
        """What a reply means. The bounds on its texts were kept on the other side, too, but perhaps not by us."""
        match reply:
            case {"ok": value}:
                return value
            case {"unsendable": str(what)}:
                raise Disagreement(
                    f"returned {line(what[:200])}; plain tensors, arrays, numbers and tuples can be judged"
                )
            case {"missing": [str(name), str(nearest)]}:
                instead = f"; is it the one called `{line(nearest[:200])}`?" if nearest else ""
                raise Disagreement(f"the file defines no `{line(name[:200])}`{instead}")
            case {"raised": [str(kind), str(text), list(frames)]}:
                raise LearnerError(line(kind[:200]), text[:MOST_OF_A_TEXT], tuple(map(_frame, frames[:MOST_FRAMES])))
        raise LearnerDied("sent back something that is no reply")

    def _greeting(self) -> tuple[int, Path | None]:
        """The child's process id and the folder to be watched, told before any of the learner's code is there."""
        try:
            match wire.decode(self._reply()):
                case {"ready": int(pid), "watched": str(folder)}:
                    return pid, Path(folder) if folder else None
        except (OSError, EOFError, wire.Malformed):
            pass
        raise JudgeError("the judge's sandbox does not start a process; `course doctor` may know why")

    def _reply(self) -> bytearray:
        assert self._conversation is not None
        if self._meter is not None:
            self._meter.start_call()
        (size,) = struct.unpack("<I", self._received(4))
        if size > wire.MAX_BYTES:
            raise wire.Malformed(f"a reply of {size} bytes; {wire.MAX_BYTES} are allowed")
        return self._received(size)

    def _received(self, size: int) -> bytearray:
        """The next bytes that the child sent. What comes with them is kept: most replies are there before we ask."""
        assert self._conversation is not None
        while len(self._inbox) < size:
            self._inbox += self._patiently(self._conversation.recv, RECEIVED_AT_ONCE)
        data = self._inbox[:size]
        del self._inbox[:size]
        return data

    def _patiently(self, step: Callable[[A], T], what: A) -> T:
        """Send or receive something; TimeoutError once the call's or the exercise's time is used up."""
        while True:
            moved: T | None = None
            try:
                moved = step(what)
            except TimeoutError:
                if self._meter is None:
                    raise
            else:
                if not moved:
                    raise EOFError
            if self._meter is not None:
                if self._meter.over(self._call_seconds, self._exercise_seconds):
                    raise TimeoutError
                if self._meter.threads > MAX_THREADS:
                    raise LearnerDied(f"started more than {MAX_THREADS} threads")
                if self._meter.overfull:
                    raise LearnerDied(_OVERFULL)
            if moved:
                return moved


_OVERFULL = f"put more than {SCRATCH_BYTES >> 20} MiB or {SCRATCH_FILES} files into its scratch folder"


def _frame(told: Any) -> Frame:
    """A line of the learner's, as the other side tells it."""
    match told:
        case [str(file), int(number), str(function), str(code)]:
            return Frame(
                line(file[:200]), number, line(function[:200]), clean(code[:MOST_OF_A_TEXT]).replace("\n", " ")
            )
    raise LearnerDied("sent back something that is no reply")


_scenarios: dict[Scenario, tuple[int, bytes]] = {}


def _defined(scenario: Scenario) -> tuple[int, bytes]:
    """A scenario's number, the same in all sessions that share this process' memory, and itself as bytes."""
    if scenario not in _scenarios:
        _scenarios[scenario] = len(_scenarios), cloudpickle.dumps(scenario)
    return _scenarios[scenario]


def message(call: Call) -> bytes:
    """The words that ask the child for a call."""
    what = call.what if isinstance(call.what, str) else _defined(call.what)[0]
    return _dumps(("call", what, call.args, call.kwargs))


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # it has no types
    """Tensors as bytes: torch's own reduction of one costs twenty times as much."""

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is torch.Tensor and not obj.requires_grad and obj.layout == torch.strided:
            return wire.decode, (wire.encode(obj),)
        return super().reducer_override(obj)


def _dumps(request: tuple[Any, ...]) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer).dump(request)
    return buffer.getvalue()
