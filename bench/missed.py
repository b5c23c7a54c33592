"""python bench/missed.py [seeds]: how many mutants of the references a class run lets pass, each judged once a seed.

A mutant that gets by one seed's inputs is no hole in the checks (`course author mutate` finds those, with more inputs);
it is what the number of examples is chosen by.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from grader.author.mutants import Mutant, equivalents, mutants
from grader.curriculum import default_course
from grader.judge import Judge, Submission


def main(seeds: int) -> None:
    course = default_course()
    judged, missed = 0, 0
    with Judge(course) as judge, ThreadPoolExecutor(os.cpu_count()) as pool:
        for unit in course.curriculum.built:
            listed = equivalents(course, unit)
            faulty = [one for one in mutants(course, unit) if one.id not in listed]
            for seed in range(seeds):

                def passes(mutant: Mutant, address: str = unit.address, seed: int = seed) -> bool:
                    submission = Submission({address: mutant.source.encode()})
                    return judge.check(submission, [mutant.exercise], profile="grade", seed=seed).passed

                for mutant, passed in zip(faulty, pool.map(passes, faulty), strict=True):
                    judged, missed = judged + 1, missed + passed
                    if passed:
                        print(f"{unit.id}, seed {seed}: {mutant.id}")
            print(f"{missed} of {judged} verdicts so far: {unit.number} {unit.title}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
