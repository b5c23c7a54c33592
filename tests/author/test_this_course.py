"""The gates over every unit of this course: short ones whole, long ones whole where they are not known to hold.

A unit that `make gates` has proved as it is gets a part of its known mistakes, mutants, variants and profiles, chosen
by its own files. Gate 5 is each unit's oracle.py, which runs beside this; gate 9 looks at a clock, for a benchmark.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grader.author import gates
from grader.author.gates.judged import PROFILES
from grader.author.sampling import WHOLE, Part, Proofs
from grader.cli.app import parses
from grader.curriculum import Unit, default_course
from grader.judge import Judge

COURSE = default_course()
PROOFS = Proofs(Path(__file__).parents[1] / "proofs.json")
ONE_IN = {"known mistakes": 8, "mutants": 64, "correct variants": 4, "units' pictures": 16}
"""What is tried of a proved unit while the platform is the same; of another platform's twice as much."""

every_unit = pytest.mark.parametrize("unit", COURSE.curriculum.built, ids=lambda unit: unit.id)


@pytest.fixture
def part(whole: bool, sampled: Callable[[str, int, int], None]) -> Callable[[Unit, str], Part]:
    """`part(unit, what)` is what is to be tried of it."""

    def chosen(unit: Unit, what: str) -> Part:
        some = WHOLE if whole else PROOFS.part(COURSE, unit, ONE_IN[what])
        return replace(some, tell=lambda count, of: sampled(what, count, of))

    return chosen


def listed(findings: Iterator[gates.Finding]) -> str:
    return "\n".join(map(str, findings))


@every_unit
def test_the_stub_is_made_from_the_reference(unit: Unit):
    assert listed(gates.generated_stub(COURSE, unit)) == ""


@every_unit
def test_the_stub_is_not_attempted_and_the_reference_passes(course_judge: Judge, unit: Unit, whole: bool, sampled):
    profiles = ("check",) if PROOFS.hold(COURSE, unit) and not whole else PROFILES
    sampled("profiles of units", len(profiles), len(PROFILES))
    assert listed(gates.stub_and_reference(course_judge, unit, profiles)) == ""


@every_unit
def test_correct_variants_pass(course_judge: Judge, unit: Unit, part):
    assert listed(gates.correct_variants(course_judge, unit, part=part(unit, "correct variants"))) == ""


@every_unit
def test_known_mistakes_are_rejected_and_diagnosed_as_themselves(course_judge: Judge, unit: Unit, part):
    assert listed(gates.known_mistakes(course_judge, unit, part=part(unit, "known mistakes"), jobs=2)) == ""


@every_unit
def test_mutants_are_rejected(course_judge: Judge, unit: Unit, part):
    assert listed(gates.mutants_rejected(course_judge, unit, part=part(unit, "mutants"), jobs=2)) == ""


@every_unit
def test_there_is_an_independent_oracle(unit: Unit):
    assert COURSE.oracle(unit).is_file()


@every_unit
def test_the_lesson_is_whole_and_what_it_shows_runs(unit: Unit):
    assert listed(gates.lesson(COURSE, unit, parses)) == ""


@every_unit
def test_each_file_says_whose_it_is_and_each_exercise_has_two_variants(unit: Unit):
    assert listed(gates.form(COURSE, unit)) == ""


@every_unit
def test_the_pictures_are_what_their_script_draws(unit: Unit, whole: bool, sampled):
    what = "units' pictures"
    drawn = whole or PROOFS.pictures(COURSE, unit, ONE_IN[what])
    sampled(what, int(drawn), 1)
    assert not drawn or listed(gates.pictures(COURSE, unit)) == ""


def test_the_road_can_be_walked_unit_by_unit(course_judge: Judge):
    assert listed(gates.prefixes(course_judge)) == ""
