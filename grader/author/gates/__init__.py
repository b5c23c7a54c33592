"""The gates: what has to hold before a unit is done. Each yields a Finding for everything that does not.

The numbers are those of the authoring guide: 1 stub, 2 stub, reference and variants judged, 3 known mistakes,
4 mutants, 5 oracle, 6 every prefix of the road, 7 lesson, pictures and form, 9 speed. 8, the attempts of people who had
only the lesson, is to come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from grader.author.gates.finding import Finding, reported
from grader.author.gates.judged import (
    correct_variants,
    known_mistakes,
    mutants_rejected,
    prefixes,
    speed,
    stub_and_reference,
)
from grader.author.gates.lesson import lesson
from grader.author.gates.material import form, generated_stub, oracle_agrees, pictures
from grader.author.sampling import WHOLE, Part
from grader.curriculum import Unit
from grader.judge import Judge

__all__ = [
    "Finding",
    "check",
    "correct_variants",
    "form",
    "generated_stub",
    "known_mistakes",
    "lesson",
    "mutants_rejected",
    "oracle_agrees",
    "pictures",
    "prefixes",
    "speed",
    "stub_and_reference",
]


def check(
    judge: Judge,
    units: Sequence[Unit],
    *,
    mutants: Part = WHOLE,
    seed: int = 0,
    jobs: int = 1,
    parses: Callable[[list[str]], str | None] = lambda arguments: None,
    on_gate: Callable[[str, int], None] = lambda where, gate: None,
) -> Iterator[Finding]:
    """Every gate over these units, whatever the others find; gate 6, which is the whole road's, once.

    Nothing yielded: all is as it must be. `mutants` and `seed` are gate 4's, `jobs` judge at a time; `parses` is what
    `lesson` asks about commands; `on_gate(unit id or "road", number)` is called as each gate begins.
    """
    course = judge.course
    for unit in units:
        gates: dict[int, tuple[Iterator[Finding], ...]] = {
            1: (generated_stub(course, unit),),
            2: (stub_and_reference(judge, unit), correct_variants(judge, unit)),
            3: (known_mistakes(judge, unit, jobs=jobs),),
            4: (mutants_rejected(judge, unit, part=mutants, seed=seed, jobs=jobs),),
            5: (oracle_agrees(course, unit),),
            7: (lesson(course, unit, parses), form(course, unit), pictures(course, unit)),
            9: (speed(judge, unit),),
        }
        for number, parts in gates.items():
            on_gate(unit.id, number)
            for findings in parts:
                yield from reported(number, unit.id, findings)
    on_gate("road", 6)
    yield from reported(6, "road", prefixes(judge))
