"""Every gate, whole, over all units or those that are named: what `make gates` runs.

    python tests/author/prove.py [UNIT ...]

A unit at which nothing is found is proved, and tests/proofs.json keeps of which files: of a proved unit the suite tries
a part. Prints what is found and the seconds of each gate; the status is 1 if anything is found.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from grader.author import check
from grader.author.sampling import Proofs
from grader.cli.app import parses
from grader.curriculum import default_course
from grader.ground.cores import cores
from grader.judge import Judge


def main(ids: list[str]) -> int:
    course = default_course()
    units = {unit.id: unit for unit in [course.curriculum.unit(key) for key in ids] or course.curriculum.built}
    proofs = Proofs(Path(__file__).parents[1] / "proofs.json")
    began: list[tuple[str, int, float]] = []
    faulty: set[str] = set()

    def over(following: str) -> None:
        """The gate that began last is, and with the last one of a unit the unit: what is proved is kept at once."""
        if not began:
            return
        where, gate, since = began.pop()
        print(f"gate {gate}  {where}: {time.monotonic() - since:.1f} s", flush=True)
        if where != following and where in units and where not in faulty:
            proofs.keep(course, units[where])

    def on_gate(where: str, gate: int) -> None:
        over(where)
        began.append((where, gate, time.monotonic()))

    with Judge(course) as judge:
        for finding in check(judge, list(units.values()), jobs=cores(), parses=parses, on_gate=on_gate):
            faulty.add(finding.unit)
            print(finding, flush=True)
    over("")
    print(f"{len(units.keys() - faulty)} of {len(units)} units are proved.")
    return 1 if faulty else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
