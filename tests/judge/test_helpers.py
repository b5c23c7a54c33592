"""An exercise that fails only because of another one of the learner's own: that one is named first."""

from __future__ import annotations

import json

import pytest

from grader.judge import Judge, Submission, Verdict

AVERAGES, SPREAD = "phase1_numbers/unit1_averages", "phase1_numbers/unit2_spread"


@pytest.fixture
def handed_in(mini_course):
    """The references of both units, changed by hand."""

    def make(averages=("", ""), spread=("", "")) -> Submission:
        sources = {}
        for address, change in ((AVERAGES, averages), (SPREAD, spread)):
            unit = next(unit for unit in mini_course.curriculum.built if unit.address == address)
            text = mini_course.reference(unit).read_text("utf-8")
            assert change[0] in text
            sources[address] = text.replace(*change).encode()
        return Submission(sources)

    return make


WRONG_MEAN = ("/ len(x)", "/ (len(x) + 1)")


def test_the_helper_is_named_first_and_kept_as_data(mini_judge: Judge, handed_in):
    verdict = mini_judge.check(handed_in(averages=WRONG_MEAN), ["averages", "spread"])
    one = verdict.exercises["averages/centre"]
    assert (one.verdict, one.points, one.passes_with) == ("failed", 0, ("averages/mean",))
    assert one.diagnosis == "a helper"
    assert "With the course's own `mean` (1.1) in place of yours this passes" in one.message
    assert Verdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


def test_a_helper_in_another_unit_is_found_when_only_the_later_one_is_judged(mini_judge: Judge, handed_in):
    verdict = mini_judge.check(handed_in(averages=WRONG_MEAN), ["spread"])
    assert "averages/mean" in verdict.exercises["spread/variance"].passes_with


def test_nobody_is_blamed_for_a_fault_of_ones_own(mini_judge: Judge, handed_in):
    for averages in (("", ""), WRONG_MEAN):
        verdict = mini_judge.check(handed_in(averages=averages, spread=(".square()", ".abs()")), ["spread"])
        one = verdict.exercises["spread/variance"]
        assert one.verdict == "failed" and one.passes_with == ()


def test_what_passes_has_nobody_to_blame(mini_judge: Judge, handed_in):
    verdict = mini_judge.check(handed_in(), ["averages", "spread"])
    assert verdict.passed and not any(one.passes_with for one in verdict.exercises.values())


def test_the_second_look_tells_nothing_but_whether_it_passes(mini_judge: Judge):
    """What code finds in a helper's place, and prints, raises or returns there, is nowhere in the verdict."""
    source = b"""
def mean(x):
    return 7.0


def centre(x):
    if mean.__code__.co_filename == "<lent>":
        print("found it")
        raise ValueError("found it")
    return x - mean(x)
"""
    verdict = mini_judge.check(Submission({AVERAGES: source}), ["averages"])
    assert "found it" not in json.dumps(verdict.to_dict()) and verdict.points == 0
    assert verdict.exercises["averages/centre"].passes_with == ()
