"""What a warm verdict's time goes to, seen from inside the judge."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

from measure import Row

from grader.curriculum import Course


def parts(course: Course, unit_id: str, repeats: int) -> Iterator[Row]:
    """Where the time of a unit's verdict goes; in a process of its own, for pytest collects only once."""
    command = [sys.executable, __file__, str(course.root), unit_id, str(repeats)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in ran.stdout.splitlines():
        if "\t" in line:
            what, *took = line.split("\t")
            yield Row(f"  of which {what}", [float(one) for one in took])


def main(course: Course, unit_id: str, repeats: int) -> None:
    import pytest
    import torch

    from grader.judge import Submission
    from grader.judge.terms import compare
    from grader.judge.trial import examiner, fixtures
    from grader.judge.trial.plugin import open_rooms
    from grader.judge.wall import confine, session, wire, zygote

    spent: Counter[str] = Counter()

    def timed(name: str, owner: Any, attribute: str) -> None:
        function: Callable[..., Any] = getattr(owner, attribute)

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            began, inside = time.perf_counter(), sum(spent.values())
            try:
                return function(*args, **kwargs)
            finally:  # what was measured within is not counted twice
                spent[name] += time.perf_counter() - began - (sum(spent.values()) - inside)

        setattr(owner, attribute, run)

    class Measured:
        def __init__(self, examiner: Any):
            self.examiner = examiner

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtestloop(self, session: pytest.Session) -> bool:
            self.examiner.prepare(session.items)
            unit = course.curriculum.unit(unit_id)
            text = Submission.read(course.root / "solutions", course)
            question = dict(sha256="", targets=[one.id for one in unit.exercises], profile="check", seed=0)
            rows: dict[str, list[float]] = {}
            for number in range(repeats + 1):
                spent.clear()
                began = time.perf_counter()
                self.examiner.judge(sources=text.sources, notes=[], **question)
                spent["the checks themselves"] = time.perf_counter() - began - sum(spent.values())
                for name, took in spent.items() if number else ():
                    rows.setdefault(name, []).append(took)
            for name, took in rows.items():
                print(name, *took, sep="\t")
            return True

    timed("a confined process with the learner's file in it", session.Session, "start_exercise")
    timed("waiting for the learner's code", session.Session, "_receive_ahead")
    timed("sending inputs", session.Session, "_send")
    timed("reading answers", wire, "decode")
    timed("comparing", compare, "difference")
    fixtures.difference = compare.difference
    timed("a sandbox's end", session.Session, "close")
    sandbox = zygote.Sandbox(confined=confine.can_confine())
    torch.set_num_threads(1)
    open_rooms(course)
    judge = examiner.Examiner(course, sandbox)
    judge.collect(Measured(judge))
    sandbox.close()


if __name__ == "__main__":
    main(Course(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3]))
