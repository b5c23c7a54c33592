"""Who judges a class: a warm judge of our own that is started anew whenever it dies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol

from grader.judge import Judge, Submission, Verdict
from grader.judge.door.client import JudgeGone

TRIES = 4
"""How often a submission is judged anew when the judge dies over it; it may be what the judge dies of."""

LEAVES_WITHIN_SECONDS = 2.0
"""How long a service takes to notice that its sandbox is dead, and to end."""


class Judges(Protocol):
    """What a class run asks of whoever judges, from many threads at once."""

    def check(self, submission: Submission, targets: Sequence[str], *, profile: str, seed: int) -> Verdict: ...


class Stopped(Exception):
    """The run ends; there will be no verdict, and nothing is wrong."""


class LastingJudge:
    """A judge that is started when first asked, and anew when it dies, so that no student pays for its death."""

    def __init__(self, start: Callable[[], Judge]):
        self._start = start
        self._judge: Judge | None = None
        self.started: list[Judge] = []  # they are left in the end: other threads may still hear that theirs is dead
        self._lock = threading.Lock()
        self._over = False

    def __enter__(self) -> LastingJudge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._over = True
            for judge in self.started:
                judge.__exit__(kind, error, trace)

    def check(self, submission: Submission, targets: Sequence[str], *, profile: str, seed: int) -> Verdict:
        """Raises JudgeGone when the judge dies over it again and again, JudgeUnavailable for what it cannot do."""
        left = TRIES
        while True:
            judge = self._warm()
            try:
                return judge.check(submission, targets, profile=profile, seed=seed)
            except JudgeGone:
                left -= 1
                if self._over:
                    raise Stopped from None
                if not left:
                    raise
                self._let_go(judge)

    def _warm(self) -> Judge:
        with self._lock:
            if self._over:
                raise Stopped
            if self._judge is None:
                self._judge = self._start().__enter__()
                self.started.append(self._judge)
            return self._judge

    def _let_go(self, judge: Judge) -> None:
        """Let a dead judge go. One that has lost only the process on this submission is kept."""
        patience = time.monotonic() + LEAVES_WITHIN_SECONDS
        while judge.alive:
            if time.monotonic() > patience:
                return
            time.sleep(0.05)
        with self._lock:
            if self._judge is judge:
                self._judge = None
