"""Correct but different: other people's right answers pass, whatever the seed."""

import ast
from pathlib import Path

import pytest

from grader.curriculum import default_course
from grader.judge import Judge, Submission

VARIANTS = Path(__file__).parent / "variants"
COURSE = default_course()


@pytest.fixture(scope="module")
def judge():
    with Judge(COURSE) as judge:
        yield judge


@pytest.mark.parametrize("file", sorted(VARIANTS.rglob("*.py")), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_correct_variant_passes(judge, file):
    address = file.parent.relative_to(VARIANTS).as_posix()
    for seed in (1, 99):
        verdict = judge.check(Submission({address: file.read_bytes()}), seed=seed)
        assert verdict.passed, "\n".join(one.message for one in verdict.exercises.values())


@pytest.mark.parametrize("unit", COURSE.curriculum.built, ids=lambda unit: unit.id)
def test_every_exercise_has_two_variants_or_more(unit):
    written = [
        {getattr(node, "name", "") for node in ast.parse(file.read_text(encoding="utf-8")).body}
        for file in (VARIANTS / unit.address).glob("*.py")
    ]
    for exercise in unit.exercises:
        assert sum(names.issuperset(exercise.names) for names in written) >= 2, exercise.id
