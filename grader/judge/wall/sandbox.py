"""The untrusted side: a warm process that forks one confined child for every submission.

It never imports a check, a mistake or a reference (a child may be lent compiled slices of what was not attempted), and
starts without the user's environment, but for library paths. The trusted side sends it a message with three descriptors
for each child: the conversation, the lifeline (closing it kills the child), and a file for what the learner prints.
Within the conversation, pickles go in and wire.py's plain data comes out.
"""

from __future__ import annotations

import contextlib
import difflib
import gc
import importlib.abc
import importlib.machinery
import importlib.util
import io
import linecache
import os
import pickle
import random
import select
import signal
import socket
import struct
import sys
import tempfile
import traceback
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import torch
import torch.nn.functional

from grader.judge.terms import libraries, scenarios
from grader.judge.wall import confine, huge_pages, scratch, wire
from grader.judge.wall.lent import Loan, lend
from grader.judge.wall.zygote import ROOM_BYTES, Room

MOST_FRAMES = 5
"""The innermost of the learner's lines on the way to an exception."""

QUIET_SECONDS = 1.0
"""After the first verdict, how long nobody asks for another one before the rest of the warming up is done."""


class Submitted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the submission's files by address, from memory. Stands last, so that it can shadow nothing."""

    def __init__(self, sources: dict[str, bytes], lent: dict[str, Loan]):
        self.sources = {address.replace("/", "."): (f"{address}.py", text) for address, text in sources.items()}
        self.lent = {address.replace("/", "."): loan for address, loan in lent.items()}
        modules = (*self.sources, *self.lent)
        self.packages = {name.rsplit(".", depth)[0] for name in modules for depth in range(1, name.count(".") + 1)}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname in self.packages or fullname in self.sources or fullname in self.lent:
            is_package = fullname in self.packages
            return importlib.util.spec_from_loader(fullname, self, is_package=is_package)
        return None

    def exec_module(self, module: types.ModuleType) -> None:
        name = module.__name__
        if name in self.sources:
            filename, text = self.sources[name]
            module.__file__ = filename
            linecache.cache[filename] = (len(text), None, text.decode("utf-8", "replace").splitlines(True), filename)
            exec(compile(text, filename, "exec"), module.__dict__)
        if name in self.lent:
            lend(self.lent.pop(name), module)


class Printed(io.TextIOBase):
    """What the learner prints: kept up to wire.OUTPUT_BYTES, the rest forgotten."""

    def __init__(self, descriptor: int):
        self.descriptor, self.room = descriptor, wire.OUTPUT_BYTES

    def write(self, text: str) -> int:
        data = text.encode("utf-8", "replace")[: self.room]
        if data:
            self.room -= os.write(self.descriptor, data)
        return len(text)


def main(control_descriptor: int, confined: bool, read: Sequence[str]) -> None:
    control = socket.socket(fileno=control_descriptor)
    ruleset = confine.prepare_landlock() if confined else None
    _warm_up(read)
    children: dict[int, tuple[int, Path | None]] = {}  # lifeline → process, and its folder on disk
    forks, warm = 0, False
    waker, wakes = os.pipe()
    os.set_blocking(wakes, False)
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        watched: list[Any] = [control, waker, *children]
        idle = forks and not children and not warm
        ready, _, _ = select.select(watched, [], [], QUIET_SECONDS if idle else None)
        for lifeline in children.keys() & set(ready):
            _end(*children.pop(lifeline))
            os.close(lifeline)
        if waker in ready:
            os.read(waker, 4096)  # a child ended; it stays a zombie until its lifeline closes
        if control in ready:
            message, descriptors, _, _ = socket.recv_fds(control, ROOM_BYTES, 3)
            if not message:
                for child in children.values():
                    _end(*child)
                return
            conversation, lifeline, printed = descriptors
            room = Room.of(message)
            folder = scratch.make_folder() if room.scratch and not (confined and scratch.can_mount()) else None
            pid = os.fork()
            if pid == 0:
                _be_the_child(conversation, printed, ruleset, room, folder)
            os.close(conversation)
            os.close(printed)
            children[lifeline] = pid, folder
            forks += 1
        if not warm and (forks > 2 or not ready):
            _warm_up_more()
            warm = True


def _end(pid: int, folder: Path | None) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    if folder is not None:
        with contextlib.suppress(OSError):
            scratch.remove(folder)


def _warm_up(read: Sequence[str]) -> None:
    """Touch once what every child would otherwise pay for, with one thread: a second would hang the forks.

    Chance starts from the same place in every child, so that a file that draws from the global generators is judged
    the same every time.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    np.random.seed(0)
    a = torch.ones(4, 4, requires_grad=True)
    for result in (torch.softmax(a @ a, -1) ** 2, torch.nn.functional.layer_norm(a, (4,)), torch.nn.Linear(4, 4)(a)):
        torch.autograd.backward(result.sum())
    np.linalg.inv(np.eye(2))
    tempfile.tempdir = "/tmp"  # there is none that can be written to, and who looks for one would fail
    # matplotlib could not be imported behind the wall, and a file may import pyplot without need.
    with contextlib.suppress(ImportError, OSError):
        importlib.import_module("matplotlib").use("Agg")
        importlib.import_module("matplotlib.pyplot")
    libraries.load(read)
    wire.decode(wire.encode([a, np.ones(2)]))
    pickle.loads(cloudpickle.dumps(scenarios.load_weights))
    gc.collect()
    gc.freeze()


def _warm_up_more() -> None:
    """What the first verdict is not to wait for: torch._dynamo, which torch.func and torch.optim bring in."""
    importlib.import_module("torch._dynamo")
    gc.collect()
    gc.freeze()
    huge_pages.in_huge_pages()


def _be_the_child(conversation: int, printed: int, ruleset: int | None, room: Room, folder: Path | None) -> None:
    try:
        os.setsid()
        random.seed(0)  # a fork draws a new seed of itself
        signal.set_wakeup_fd(-1)
        _close_all_but({conversation, printed, *([] if ruleset is None else [ruleset])})
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        os.close(nowhere)
        place = _scratch(folder) if room.scratch else None
        most = {} if place is None else {"file_bytes": scratch.SCRATCH_BYTES}
        confine.limit_resources(room.memory_bytes, room.cpu_seconds, **most)
        if ruleset is not None:
            confine.confine(ruleset if place is None else confine.prepare_landlock(place), place is not None)
        sys.stdin = open(0)  # noqa: SIM115 - the process's own, for as long as it lives
        sys.stdout = sys.stderr = Printed(printed)
        _converse(socket.socket(fileno=conversation), str(folder or ""))
    finally:
        os._exit(0)


def _scratch(folder: Path | None) -> Path:
    """The child's scratch folder, in which it works, and in which whoever asks for a temporary file gets one."""
    place = folder or scratch.mount()
    os.chdir(place)
    tempfile.tempdir = os.environ["TMPDIR"] = str(place)
    return place


def _close_all_but(keep: set[int]) -> None:
    low = 3
    for descriptor in sorted(keep):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, 4096)


def _converse(trusted: socket.socket, watched: str) -> None:
    _reply(trusted, wire.encode({"ready": os.getpid(), "watched": watched}))
    known: dict[int, Any] = {}  # scenarios by number
    module: types.ModuleType | None = None
    for verb, *rest in _requests(trusted, known):
        try:
            if verb == "load":
                sources, lent, entry = rest
                sys.meta_path.append(Submitted(sources, lent))
                module = importlib.import_module(entry)
                reply: dict[str, Any] = {"ok": None}
            else:
                what, args, kwargs = rest
                reply = {"ok": _run(module, known.get(what, what), args, kwargs)}
            data = wire.encode(reply)
        except wire.Unsendable as error:
            data = wire.encode({"unsendable": str(error)})
        except BaseException as error:  # SystemExit and KeyboardInterrupt are the learner's as well
            data = wire.encode(_explain(error, module))
        _reply(trusted, data)


def _reply(trusted: socket.socket, data: bytes) -> None:
    trusted.sendall(struct.pack("<I", len(data)) + data)


def _run(module: types.ModuleType | None, what: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if isinstance(what, str):
        return getattr(module, what)(*args, **kwargs)
    return what(module, *args, **kwargs)


def _requests(trusted: socket.socket, known: dict[int, Any]) -> Iterator[Any]:
    """What is asked, one after another, be it sent one by one or many calls ahead."""
    with contextlib.suppress(EOFError):
        while True:
            (size,) = struct.unpack("<I", _exactly(trusted, 4))
            request = pickle.loads(_exactly(trusted, size))
            if request[0] == "ahead":
                _, definitions, calls = request
                known |= {number: pickle.loads(definition) for number, definition in definitions.items()}
                yield from map(pickle.loads, calls)
            else:
                yield request


def _exactly(connection: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, have = memoryview(data), 0
    while have < size:
        got = connection.recv_into(view[have:])
        if not got:
            raise EOFError
        have += got
    return data


def _explain(error: BaseException, module: types.ModuleType | None) -> dict[str, Any]:
    """An exception as bounded text: type, message and the learner's own frames; or the name that `module` lacks."""
    if isinstance(error, AttributeError) and module is not None and error.obj is module:
        nearest = difflib.get_close_matches(str(error.name), [name for name in vars(module) if name[0] != "_"], 1)
        return {"missing": [str(error.name)[:200], *(nearest or [""])]}
    frames: list[list[Any]] = [
        [frame.filename[:200], frame.lineno or 0, frame.name[:200], (frame.line or "")[:400]]
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename in linecache.cache and not os.path.isabs(frame.filename)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        number = error.lineno if type(error.lineno) is int else 0
        frames = [[str(error.filename)[:200], number, "", str(error.text or "").strip()[:400]]]
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:
        text = "(an exception whose text cannot be read)"
    return {"raised": [type(error).__name__[:200], text[:2000], frames[-MOST_FRAMES:]]}


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] == "confined", sys.argv[3:])
