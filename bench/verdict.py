"""How long a verdict takes, unit by unit, warm: the reference and, beside it, plain pytest on the same checks.

    python bench/verdict.py [repeats]

Prints medians with the spread between quartiles, measured side by side in one run, and the ratio of the two.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import track
from rich.table import Table

from grader.curriculum import Course, Unit, default_course
from grader.judge import Judge, Submission


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def plain_pytest(course: Course, unit: Unit) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(course.checks(unit))]
    subprocess.run([*command, "--learner", str(course.root / "solutions")], check=True, capture_output=True)


def spread(samples: list[float]) -> str:
    if len(samples) < 2:
        return f"{samples[0]:.2f} s"
    low, middle, high = statistics.quantiles(samples, n=4)
    return f"{middle:.2f} s [{low:.2f}–{high:.2f}]"


def main(repeats: int) -> None:
    course = default_course()
    submission = Submission.read(course.root / "solutions", course)
    table = Table("unit", "checks, warm judge", "plain pytest, cold", "ratio", title=machine())
    with Judge(course) as judge:
        judge.check(submission, [course.curriculum.built[0].id])
        for unit in track(course.curriculum.built, "measuring", transient=True):
            warm, cold = [], []
            for _ in range(repeats):
                warm.append(seconds(lambda unit=unit: judge.check(submission, [unit.id], profile="author")))
                cold.append(seconds(lambda unit=unit: plain_pytest(course, unit)))
            ratio = statistics.median(cold) / statistics.median(warm)
            table.add_row(unit.id, spread(warm), spread(cold), f"{ratio:.1f}×")
    Console().print(table)


def machine() -> str:
    return f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
