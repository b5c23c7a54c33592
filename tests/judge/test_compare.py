"""Rounding is forgiven where numbers cancel; a difference that matters is not."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import expect
from grader.judge.terms.compare import Disagreement, Tolerance, difference

sizes = st.floats(1e-3, 1e3)


def test_what_cancels_to_nothing_is_forgiven_a_few_roundings_of_what_cancelled():
    residue, nothing = torch.tensor([3e-8]), torch.tensor([0.0])
    assert difference(residue, nothing) is not None
    assert difference(residue, nothing, Tolerance(magnitude=1.0)) is None
    assert difference(residue, nothing, Tolerance(magnitude=1e-4)) is not None
    assert difference(residue.double(), nothing.double(), Tolerance(magnitude=1.0)) is not None


@given(size=sizes, sign=st.sampled_from([-1, 1]))
def test_a_part_in_a_thousand_is_seen_in_single_and_a_part_in_a_million_in_double(size, sign):
    for dtype, part in [(np.float32, 1e-3), (np.float64, 1e-6)]:
        want = np.array([size], dtype=dtype)
        assert difference(want * dtype(1 + sign * part), want, Tolerance(magnitude=size)) is not None
        assert difference(want * dtype(1 + sign * part / 1000), want, Tolerance(magnitude=size)) is None


def test_conditioning_widens_what_the_reference_itself_cannot_do_better():
    want, exact = torch.tensor([1.0]), torch.tensor([1.01], dtype=torch.float64)
    assert difference(torch.tensor([1.03]), want) is not None
    assert difference(torch.tensor([1.03]), want, exact=exact) is None
    assert difference(torch.tensor([1.06]), want, exact=exact) is not None


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        (torch.ones(2), torch.ones(3), r"\(2,\) float32, expected \(3,\) float32"),
        (torch.ones(2), torch.ones(2).double(), "float32, expected"),
        (torch.ones(2), np.ones(2), "a Tensor .* expected a ndarray"),
        (1, True, "the int 1, expected the bool True"),
        (1.0, 1, "the float 1, expected the int 1"),
        ((1.0,), (1.0, 2.0), "1 values, expected 2"),
        ((1.0, 2.0), (1.0, 3.0), r"at \[1\]: returned 2, expected 3"),
        ({"a": 1.0}, {"b": 1.0}, "keys"),
        (float("inf"), 1.0, "inf"),
        (torch.tensor([float("nan")]), torch.tensor([float("inf")]), "nan, expected inf"),
        (torch.tensor([float("inf")]), torch.tensor([-float("inf")]), "inf, expected -inf"),
        (torch.tensor([1.0]), torch.tensor([float("inf")]), "1, expected inf"),
        (torch.tensor([1 + 1j, 2]), torch.tensor([1 + 1j, 2 + 1j]), r"\[1\]: \(2\+0j\), expected \(2\+1j\)"),
        (np.array([1j]), np.array([2j]), r"\[0\]: 1j, expected 2j"),
    ],
)
def test_every_kind_of_difference_is_put_in_words(got, want, words):
    with pytest.raises(Disagreement, match=words):
        expect(got, want)
