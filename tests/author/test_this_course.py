"""The gates over every unit of this course. Mutants are sampled here; `make mutants` judges them all.

Gate 5 is each unit's oracle.py, which runs beside this; gate 8 looks at a clock, which is for a benchmark.
"""

from collections.abc import Iterator

import pytest

from grader.author import gates
from grader.cli.app import parses
from grader.curriculum import Unit, default_course
from grader.judge import Judge

COURSE = default_course()
MUTANTS = 8
"""Drawn for each unit; with the seed in `test_sampled_mutants…` they are the same each time."""

every_unit = pytest.mark.parametrize("unit", COURSE.curriculum.built, ids=lambda unit: unit.id)


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(COURSE) as judge:
        yield judge


def listed(findings: Iterator[gates.Finding]) -> str:
    return "\n".join(map(str, findings))


@every_unit
def test_the_stub_is_made_from_the_reference(unit: Unit):
    assert listed(gates.generated_stub(COURSE, unit)) == ""


@every_unit
def test_the_stub_is_not_attempted_and_the_reference_passes(judge: Judge, unit: Unit):
    assert listed(gates.stub_and_reference(judge, unit, ["check"], [0, 2718])) == ""
    assert listed(gates.stub_and_reference(judge, unit, ["author"], [31415])) == ""


@every_unit
def test_each_known_mistake_is_rejected_and_diagnosed_as_itself(judge: Judge, unit: Unit):
    assert listed(gates.known_mistakes(judge, unit, jobs=2)) == ""


@every_unit
def test_sampled_mutants_are_rejected(judge: Judge, unit: Unit):
    assert listed(gates.mutants_rejected(judge, unit, sample=MUTANTS, seed=1, jobs=2)) == ""


@every_unit
def test_there_is_an_independent_oracle(unit: Unit):
    assert COURSE.oracle(unit).is_file()


@every_unit
def test_the_lesson_is_whole_and_what_it_shows_runs(unit: Unit):
    assert listed(gates.lesson(COURSE, unit, parses)) == ""


def test_the_road_can_be_walked_unit_by_unit(judge: Judge):
    assert listed(gates.prefixes(judge)) == ""
