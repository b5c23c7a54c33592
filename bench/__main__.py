"""python bench [repeats]: every figure of the README, measured side by side in one run.

Medians, with the quarters between which half of the samples lie, and how many times longer the other took. On a busy
machine trust the ratios, not the seconds.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from measure import Row, samples
from rich.console import Console
from rich.table import Table
from split import parts
from verdict import UNIT, against_nbgrader, save_to_verdict, starting, watching, whole_units, with_a_library

from grader.curriculum import default_course


def main(repeats: int) -> None:
    course, console = default_course(), Console(width=150)
    table = Table("what", "here", "beside it", "ratio", title=machine())
    with console.status("measuring …") as status:
        for rows in (
            save_to_verdict(course, repeats),
            whole_units(course, repeats),
            parts(course, UNIT, repeats),
            watching(course, repeats),
            starting(course, repeats),
            with_a_library(repeats),
            against_nbgrader(course, repeats),
            site(repeats),
        ):
            for row in rows:
                table.add_row(*row.cells)
                status.update(f"{row.what}: {row.cells[1]}")
    console.print(table)
    for sizes in (["100", "--jobs", "1"], ["10", "100", "1000"]):  # one at a time, and one a core
        subprocess.run([sys.executable, str(Path(__file__).parent / "klass.py"), *sizes], check=True)


def site(repeats: int) -> Iterator[Row]:
    build = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    (took,) = samples(min(repeats, 3), lambda: subprocess.run(build, check=True, capture_output=True))
    yield Row("the site, built", took)


def machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.processor() or platform.machine()}, {cores} cores, Python {platform.python_version()}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
