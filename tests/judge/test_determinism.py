"""One submission, one verdict: over fresh and warm judges, on one core and on all, whatever the inputs drawn."""

import contextlib
import os

import pytest

from grader.judge import Judge, Submission

AVERAGES = "phase1_numbers/unit1_averages"
VERDICTS = 200
SAMPLED = 40
FRESH = 3

# The mean wrong in a way that only some inputs show, and a centre that draws from the global generators.
WRONG = b"""
import numpy as np, random
def mean(x):
    return float(np.sum(x) / (len(x) if len(x) < 3 else len(x) + 1))
def centre(x):
    return x - np.mean(x) + (random.random() + np.random.rand() < 1)
"""


@contextlib.contextmanager
def one_core():
    """Whatever starts in here has one processor."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


@pytest.fixture(scope="module")
def judges(mini_course, mini_judge):
    """A warm one, fresh ones, and one that has a single core."""
    with contextlib.ExitStack() as stack:
        fresh = [stack.enter_context(Judge(mini_course)) for _ in range(FRESH - 1)]
        with one_core():
            fresh.append(stack.enter_context(Judge(mini_course)))
        yield [mini_judge, *fresh]


def test_verdicts_on_right_work_are_one(mini_course, judges, whole, sampled):
    reference = mini_course.reference(mini_course.curriculum.unit("averages")).read_bytes()
    submission = Submission({AVERAGES: reference})
    verdicts = VERDICTS if whole else SAMPLED
    sampled("seeds of verdicts on right work", verdicts, VERDICTS)
    for seed in range(verdicts):
        assert judges[seed % len(judges)].check(submission, seed=seed).passed, seed


def test_wrong_work_is_wrong_under_every_seed_and_word_for_word_under_one(judges):
    submission = Submission({AVERAGES: WRONG})
    for seed in range(5):
        first, *others = (judge.check(submission, seed=seed).to_dict() for judge in judges)
        assert all(other == first for other in others)
        assert [one["verdict"] for one in first["exercises"].values()] == ["failed", "failed"]
