"""Plain data crosses unchanged; anything else is refused, on whichever side it is noticed."""

import contextlib
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from grader.judge.terms.compare import difference
from grader.judge.wall import wire

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | hnp.arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.bool_]), hnp.array_shapes(min_dims=1, min_side=0)
    )
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def same(a, b) -> bool:
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return type(a) is type(b) and a == b


@given(values)
def test_plain_data_comes_back_as_it_went(value):
    assert same(value, wire.decode(wire.encode(value)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.complex64, torch.int64, torch.bool])
def test_tensors_of_any_layout_come_back_as_numbers(dtype):
    base = torch.arange(24).reshape(2, 3, 4).to(dtype)
    for tensor in (base, base.mT, base[:, ::2], base[0, 0, 0].expand(1, 1), base[:0], torch.tensor(1).to(dtype)):
        back = wire.decode(wire.encode(tensor))
        assert back.is_contiguous() and back.dtype == dtype and torch.equal(back, tensor)


def test_named_tuples_and_ordered_dicts_are_what_they_hold():
    pair = namedtuple("Pair", "mean var")
    value = {"pair": pair(1.0, 2.0), "shape": torch.Size([2, 3]), "more": OrderedDict(a=[1])}
    back = wire.decode(wire.encode(value))
    assert back == {"pair": (1.0, 2.0), "shape": (2, 3), "more": {"a": [1]}} and type(back["pair"]) is tuple


class Sub(torch.Tensor):
    pass


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object(), "`object`"),
        (torch.ones(2).as_subclass(Sub), "`Sub`"),
        (np.ma.array([1.0]), "`MaskedArray`"),
        (torch.eye(2).to_sparse(), "sparse"),
        (torch.empty(2, device="meta"), "meta"),
        (np.array([object()]), "dtype object"),
        ({1.5: 2}, "keys"),
        ((one for one in ()), "`generator`"),
    ],
)
def test_what_is_no_plain_data_is_named(value, words):
    with pytest.raises(wire.Unsendable, match=words):
        wire.encode(value)


@given(st.binary(max_size=200))
def test_any_bytes_decode_to_plain_data_or_are_malformed(data):
    with contextlib.suppress(wire.Malformed):
        wire.decode(data)


@given(values, st.data())
def test_a_damaged_reply_is_plain_data_or_malformed(value, data):
    reply = bytearray(wire.encode({"ok": value}))
    for _ in range(data.draw(st.integers(1, 4))):
        reply[data.draw(st.integers(0, len(reply) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(wire.Malformed):
        wire.decode(reply)


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=2), elements=st.floats(width=32)))
def test_a_value_never_differs_from_itself(array):
    assert difference(array, array.copy()) is None
    assert difference(torch.from_numpy(array), torch.from_numpy(array.copy())) is None
    assert difference(array.astype(np.float32), array) is not None
