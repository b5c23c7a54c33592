"""Causes that no bank holds: what kind of thing came back, and what it has to do with the right one."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import Judge, Submission
from grader.judge.terms.calls import Call, Evidence
from grader.judge.trial.kinds import kind
from grader.judge.trial.relations import relation


def right(x, y):
    """What the calls below should return."""
    return x * 2.0 + y


SHAPES = ((3, 4), (5, 2), (2, 3), (4, 4))


def asked(wrong, want=right, seed=0, dtype=torch.float64):
    """Four calls on random numbers, each with what `wrong` makes of them and what should come."""
    rng = torch.Generator().manual_seed(seed)
    found = []
    for shape in SHAPES:
        x, y = (torch.randn(shape, generator=rng, dtype=dtype) for _ in range(2))
        should = want(x, y)
        found.append((Evidence(Call("f", (x, y)), wrong(x, y, should)), should))
    return found


def named(call: Call) -> dict[str, Any]:
    return dict(inspect.signature(right).bind(*call.args).arguments)


RELATIONS = {
    "negative": lambda x, y, want: -want,
    "input returned": lambda x, y, want: x.clone(),
    "times 2": lambda x, y, want: 2 * want,
    "times 0.5": lambda x, y, want: want / 2,
    "times a size": lambda x, y, want: want * len(x),
    "over a size": lambda x, y, want: want / x.shape[1] ** 0.5,
    "offset": lambda x, y, want: want + 1,
    "flipped": lambda x, y, want: want.flip(1),
    "one ahead": lambda x, y, want: want.roll(1, 0),
    "one behind": lambda x, y, want: want.roll(-1, 1),
    "one for all": lambda x, y, want: want[:1].expand_as(want).clone(),
    "absolute value": lambda x, y, want: want.abs(),
    "complement": lambda x, y, want: 1 - want,
    "rounded to 2": lambda x, y, want: torch.round(want, decimals=2),
    "clipped": lambda x, y, want: want.clamp(-1, 1),
    "reciprocal": lambda x, y, want: 1 / want,
    "root missing": lambda x, y, want: want.square(),
    "low precision": lambda x, y, want: want.half().double(),
    "not finite": lambda x, y, want: torch.where(want > 0, want, torch.nan),
}


@pytest.mark.parametrize("name", RELATIONS)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_relation_is_seen(name, seed):
    found = relation(asked(RELATIONS[name], seed=seed), (), (), named)
    assert found is not None and found.name == name
    assert found.sentence.startswith("The result ") and found.sentence.endswith(".")


def test_a_size_is_named_by_its_argument():
    found = relation(asked(RELATIONS["times a size"]), (), (), named)
    assert "n times what it should be, n being the length of `x` along axis 0" in found.sentence


def test_results_that_stand_in_each_others_place_are_named():
    def want(x, y):
        return x + y, x - y, x

    calls = asked(lambda x, y, want: (want[1], want[0], want[2]), want)
    found = relation(calls, (0,), ("total", "rest", "x"), named)
    assert found.sentence == "`total` and `rest` stand in each other's place."


@given(st.integers(0, 10_000), st.sampled_from([torch.float32, torch.float64]))
def test_what_is_merely_wrong_gets_no_relation(seed, dtype):
    """Another formula on the same inputs, and noise: a wrong name is worse than none."""
    for wrong in (
        lambda x, y, want: x * y,
        lambda x, y, want: want + 0.1 * x,
        lambda x, y, want: want * torch.rand(want.shape, generator=torch.Generator().manual_seed(seed)),
    ):
        assert relation(asked(wrong, seed=seed, dtype=dtype), (), (), named) is None


@pytest.mark.parametrize("wrong", RELATIONS.values())
def test_one_number_has_no_relation_to_another(wrong):
    x, y = torch.ones(1, 1, dtype=torch.float64), torch.full((1, 1), 2.0, dtype=torch.float64)
    want = right(x, y)
    assert relation([(Evidence(Call("f", (x, y)), wrong(x, y, want)), want)], (), (), named) is None


KINDS = {
    "nothing returned": lambda x, y, want: None,
    "array for tensor": lambda x, y, want: want.numpy(),
    "list for array": lambda x, y, want: want.tolist(),
    "number for array": lambda x, y, want: 0.5,
    "summed away": lambda x, y, want: want.sum(0),
    "not summed": lambda x, y, want: want[:, :, None] * torch.ones(2),
    "an axis too many": lambda x, y, want: want[:, None],
    "another dtype": lambda x, y, want: want.float(),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_seen(name):
    assert kind(asked(KINDS[name]), (), ()).name == name


def test_a_gradient_that_is_not_there_is_told_as_one():
    def want(x, y):
        return {"gradient of x": x, "y": y}

    calls = asked(lambda x, y, want: {**want, "gradient of x": None}, want)
    found = kind(calls, ("gradient of x",), ())
    assert found.name == "no gradient" and found.sentence.startswith("`gradient of x` is None")


def test_axes_in_another_order_are_seen_where_lengths_differ():
    assert kind(asked(lambda x, y, want: want.T.contiguous()), (), ()).name == "axes in another order"


def test_a_kind_speaks_of_the_value_by_its_name():
    def want(x, y):
        return x + y, x

    found = kind(asked(lambda x, y, want: (want[0], want[1].numpy()), want), (1,), ("total", "x"))
    assert found.sentence.startswith("`x` is a NumPy array")


# -------------------------------------------------------------------------------------------------- through the door

AVERAGES = "phase1_numbers/unit1_averages"

ATTEMPTS = {
    "negative": ("centre", "return x.mean() - x"),
    "another dtype": ("centre", "return (x - x.mean()).astype(np.float32)"),
    "list for array": ("centre", "return list(x - x.mean())"),
    "another each time": ("centre", "return x - x.mean() + np.random.randn(len(x))"),
}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_verdict_says_it(mini_judge: Judge, mini_course, name):
    exercise, body = ATTEMPTS[name]
    stub = mini_course.stub(mini_course.curriculum.unit("averages")).read_text("utf-8")
    source = f"{stub}\n\ndef mean(x):\n    return float(np.sum(x) / len(x))\n\n\ndef {exercise}(x):\n    {body}\n"
    one = mini_judge.check(Submission({AVERAGES: source.encode()}), [f"averages/{exercise}"]).exercises
    causes = one[f"averages/{exercise}"].causes
    assert [cause.name for cause in causes] == [name]


ANSWERS = [10**400, -(10**400), True, "text", b"", float("nan"), [], {}, None, 1j, torch.empty(0)]


@pytest.mark.parametrize("answer", ANSWERS, ids=[str(place) for place in range(len(ANSWERS))])
def test_no_answer_upsets_it(answer):
    """Whatever comes back in place of a number or an array: a cause or none, and no fault of the judge."""
    for want in (2.0, 3, torch.ones(2, 3), np.ones(3), (1.0, 2.0), {"a": 1.0}):
        calls = [(Evidence(Call("f", ()), answer), want) for _ in range(3)]
        for found in (kind(calls, (), ()), relation(calls, (), (), lambda _: {})):
            assert found is None or found.sentence
