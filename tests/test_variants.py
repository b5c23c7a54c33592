"""Correct but different: other people's right answers pass, whatever the seed."""

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


@pytest.mark.parametrize("file", sorted(VARIANTS.rglob("*.py")), ids=lambda file: file.stem)
@pytest.mark.parametrize("seed", [1, 99])
def test_a_correct_variant_passes(judge, file, seed):
    address = file.relative_to(VARIANTS).with_suffix("").as_posix()
    verdict = judge.check(Submission({address: file.read_bytes()}), profile="grade", seed=seed)
    assert verdict.passed, "\n".join(one.message for one in verdict.exercises.values())
