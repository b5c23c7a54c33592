"""How much time the learner's process has had: what it computed, and what it slept while we waited for it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from grader.judge.wall import scratch

GLANCE_SECONDS = 0.25
"""Wall time between two looks; a look costs a file."""
PATIENCE = 6.0
"""Wall time allowed for each second: a busy machine is not the learner's fault."""


class Meter:
    """One child's time, by call and by exercise, its threads, and whether the scratch folder that is `watched` is full.

    Where the kernel does not tell, wall time counts.
    """

    def __init__(self, pid: int, watched: Path | None = None):
        self._pid, self._watched = pid, watched
        self._stat = Path(f"/proc/{pid}/stat")
        self._looked = self._called = time.monotonic()
        self._processor: float | None = None  # at the last look
        self.threads = 1
        self.overfull = False
        self._call = self._exercise = self._waited = 0.0

    def start_exercise(self) -> None:
        self._exercise = self._waited = 0.0

    def start_call(self) -> None:
        self._call, self._called = 0.0, time.monotonic()

    def over(self, call_seconds: float, exercise_seconds: float) -> bool:
        """Whether the call or the exercise has had its time."""
        now = time.monotonic()
        if (since := now - self._looked) < GLANCE_SECONDS:
            return False
        in_call = now - self._called
        used = self._used(since, min(since, in_call))
        self._looked = now
        self._call += used
        self._exercise += used
        self._waited += min(since, in_call)
        self.overfull = self._watched is not None and scratch.overfull(self._watched, self._pid)
        return (
            max(self._call, in_call / PATIENCE) > call_seconds
            or max(self._exercise, self._waited / PATIENCE) > exercise_seconds
        )

    def _used(self, since: float, waited: float) -> float:
        """Seconds used since the last look, for `waited` of which it was this call that we waited for."""
        try:
            state, *fields = self._stat.read_text().rpartition(")")[2].split()
        except OSError:  # no such file, or no such process
            return waited
        before, self._processor = self._processor, (int(fields[10]) + int(fields[11])) / os.sysconf("SC_CLK_TCK")
        self.threads = int(fields[16])
        if before is None:
            return 0.0
        used = self._processor - before
        asleep = state == "S" and waited == since and used < since / 10
        return waited if asleep else used
