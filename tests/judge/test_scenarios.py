"""What scenarios are given beside the learner's code."""

from collections import namedtuple

import pytest

from grader.judge.terms.scenarios import named


@pytest.mark.parametrize("returned", [(1, 2), [1, 2], namedtuple("Posterior", "m v")(1, 2)])
def test_the_values_of_a_tuple_have_the_names_of_the_docstring(returned):
    assert named(returned, "mean", "var") == {"mean": 1, "var": 2}


@pytest.mark.parametrize("returned", [1, (1,), [1]])
def test_what_did_not_come_back_is_none(returned):
    assert named(returned, "mean", "var") == {"mean": 1, "var": None}


def test_more_values_than_names_are_refused_in_words():
    with pytest.raises(TypeError, match=r"^3 values came back; the statement promises 2: mean, var$"):
        named((1, 2, 3), "mean", "var")
