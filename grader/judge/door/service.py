"""The trusted side: a warm process that forks one child for every submission it is asked to judge.

`pytest.main` collects all checks once; its run loop then waits here for requests on a Unix socket. The forked child
lets the examiner judge one submission behind the wall and answers with a verdict.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import time
import traceback
from typing import Any

import numpy as np
import pytest
import torch

from grader.curriculum import Course
from grader.judge.door import framing
from grader.judge.trial.examiner import Examiner
from grader.judge.trial.plugin import open_rooms
from grader.judge.wall import confine, huge_pages
from grader.judge.wall.zygote import JudgeError, Sandbox

JUDGE_MEMORY_BYTES, JUDGE_CPU_SECONDS = 4 << 30, 60
"""What one verdict may take on this side: memory, and processor time an exercise. Hostile replies aim at both."""

REQUEST_SECONDS = 10.0
"""How long a client may take to say what it wants, once connected: nobody else is heard meanwhile."""


class Service:
    """A pytest plugin that replaces the run loop by one that waits for submissions."""

    def __init__(self, examiner: Examiner, listener: socket.socket, idle_seconds: float):
        self.examiner, self.listener, self.idle_seconds = examiner, listener, idle_seconds
        self._children: set[int] = set()
        self._forks = 0
        self._parent = os.getppid()
        self._busy = time.monotonic()  # when somebody last wanted something, or waited for it

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.examiner.prepare(session.items)
        self._serve()
        return True

    def _serve(self) -> None:
        np.random.seed(0)
        gc.freeze()  # the children's collections need not look at any of this
        gc.enable()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._busy = time.monotonic()
        with selectors.DefaultSelector() as waiting:
            waiting.register(self.listener, selectors.EVENT_READ)
            while True:
                ready = waiting.select(timeout=1.0)
                self._children -= {pid for pid in self._children if os.waitpid(pid, os.WNOHANG)[0]}
                if self._children or ready:
                    self._busy = time.monotonic()
                if self._over():
                    return
                if ready:
                    connection, _ = self.listener.accept()
                    with connection:
                        self._take(connection)

    def _over(self) -> bool:
        """Whether there is nobody left to serve, or nothing to serve with."""
        if self.examiner.sandbox.process.poll() is not None:
            return True  # without its sandbox the service is of no use; the next client starts another
        if self.idle_seconds:
            return time.monotonic() - self._busy > self.idle_seconds
        return os.getppid() != self._parent

    def _take(self, connection: socket.socket) -> None:
        """Hear what a client wants, and leave it to a forked child."""
        connection.settimeout(REQUEST_SECONDS)
        try:
            request = framing.receive(connection)
        except Exception:  # whoever left, or speaks another language, is no reason to end for all
            return
        connection.settimeout(None)
        self._foresee(request)
        if (pid := os.fork()) == 0:
            self._answer(connection, request)
        self._children.add(pid)
        self._forks += 1
        if self._forks == 2:  # the very first verdict is not to wait for this
            huge_pages.in_huge_pages()

    def _foresee(self, request: dict[str, Any]) -> None:
        """Have the plans in memory before the fork. What cannot be planned, the child will say."""
        with contextlib.suppress(Exception):
            self.examiner.foresee(request["sources"], request["targets"], request["profile"], request["seed"])

    def _answer(self, connection: socket.socket, request: dict[str, Any]) -> None:
        """In the forked child: judge what was asked for, answer, and be gone."""
        try:
            self.listener.close()
            confine.limit_memory_and_time(JUDGE_MEMORY_BYTES, JUDGE_CPU_SECONDS * max(1, len(request["targets"])))
            try:
                answer: dict[str, Any] = {"verdict": self.examiner.judge(**request).to_dict()}
            except JudgeError as error:
                answer = {"error": str(error), "gone": False}
            except BaseException:
                answer = {"error": f"the judge failed: {traceback.format_exc(limit=-3)}", "gone": False}
            if self.examiner.sandbox.gone:  # its children went with it, which is not the learner's fault
                answer = {"error": "the judge's sandbox is gone; run the command again", "gone": True}
            framing.send(connection, answer)
        finally:
            os._exit(0)


def serve(
    course: Course, imports: tuple[str, ...], sandbox: Sandbox, listener: socket.socket, idle_seconds: float
) -> None:
    """Answer whoever asks about units with these imports, until idle for long enough (0: until the parent is gone)."""
    torch.set_num_threads(1)
    open_rooms(course)
    examiner = Examiner(course, sandbox, imports)
    examiner.collect(Service(examiner, listener, idle_seconds))
