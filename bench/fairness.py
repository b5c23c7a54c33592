"""How often correct work is failed: the references under ever new seeds, each with other inputs.

    python bench/fairness.py [seeds] [--variants]

Seed k judges unit k modulo their number, as `course check` does. With --variants the correct variants of
tests/variants take turns with the reference. Prints the failures and what they said; exits 1 if there is one.
An interrupted run prints what it has.
"""

from __future__ import annotations

import argparse
import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from grader.curriculum import Course, Unit, default_course
from grader.judge import Judge, Submission

VARIANTS = Path(__file__).parent.parent / "tests" / "variants"


def solutions(course: Course, unit: Unit, variants: bool) -> list[Path]:
    return [course.reference(unit), *(sorted((VARIANTS / unit.address).glob("*.py")) if variants else [])]


def rounds(course: Course, variants: bool) -> Iterator[tuple[Unit, Path]]:
    """Unit after unit for ever, each time with its next solution."""
    units = {unit: itertools.cycle(solutions(course, unit, variants)) for unit in course.curriculum.built}
    while True:
        yield from ((unit, next(files)) for unit, files in units.items())


def main(seeds: int, variants: bool) -> int:
    course, console = default_course(), Console()
    verdicts, failures = Counter[str](), defaultdict[str, list[str]](list)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    with Judge(course) as judge, ThreadPoolExecutor(cores) as pool:

        def judged(case: tuple[int, tuple[Unit, Path]]) -> None:
            seed, (unit, file) = case
            verdict = judge.check(Submission({unit.address: file.read_bytes()}), [unit.id], seed=seed)
            verdicts[unit.id] += 1
            for one in verdict.exercises.values():
                if one.verdict != "passed":
                    failures[unit.id].append(f"seed {seed}, {file.stem}: {one.message}")

        cases = list(zip(range(seeds), rounds(course, variants), strict=False))
        try:
            for _ in track(pool.map(judged, cases), "judging", total=seeds, console=console, transient=True):
                pass
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)

    table = Table("unit", "solutions", "seeds", "false failures", title="correct work, judged under ever new seeds")
    for unit in course.curriculum.built:
        count = len(solutions(course, unit, variants))
        table.add_row(unit.id, str(count), str(verdicts[unit.id]), str(len(failures[unit.id])))
    console.print(table)
    done, wrong = verdicts.total(), sum(map(len, failures.values()))
    console.print(f"{wrong} of {done} verdicts wrong.")
    if not wrong:
        # The rule of three: no event in n trials.
        console.print(f"The rate of false failures is below {3 / max(done, 1):.1g} with 95 % confidence.")
    for message in itertools.chain.from_iterable(failures.values()):
        console.print(message, markup=False, highlight=False)
    return int(wrong > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", type=int, nargs="?", default=10_000)
    parser.add_argument("--variants", action="store_true")
    options = parser.parse_args()
    raise SystemExit(main(options.seeds, options.variants))
