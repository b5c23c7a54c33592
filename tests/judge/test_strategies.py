"""Inputs have the shape, dtype, kind and size that was asked for, follow their seed alone, and shrink to the simple."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import find, given, settings
from hypothesis import strategies as st

from grader.judge.trial.strategies import (
    KINDS,
    arrays,
    dims,
    generator,
    numbers,
    random_state,
    seeds,
    tensors,
    weights,
)

shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
all_kinds = st.lists(st.sampled_from([*KINDS, "huge"]), min_size=1, max_size=5)

SIZES = {"integers": (0, 3), "unit": (0, 10), "tiny": (0, 1e-3), "constant": (0, 10), "huge": (0, 1e5)}
"""Bounds on the magnitude of an entry; a normal number of ten standard deviations does not come up."""


def is_of(kind, values):
    """Whether an array could be of this kind."""
    low, high = SIZES[kind]
    if not ((np.abs(values) >= low) & (np.abs(values) <= high)).all():
        return False
    if kind == "integers":
        return (values == np.round(values)).all()
    return kind != "constant" or len(np.unique(values)) <= 1


@given(data=st.data(), most=st.integers(1, 9))
def test_a_size_lies_between_one_and_the_largest(data, most):
    size = data.draw(dims(most))
    assert type(size) is int and 1 <= size <= most


def test_every_size_comes_up_and_one_half_as_often_as_any_other():
    drawn = []

    @settings(max_examples=2000)
    @given(size=dims(5))
    def draw(size):
        drawn.append(size)

    draw()
    counts = Counter(drawn)
    assert set(counts) == {1, 2, 3, 4, 5}
    others = sum(counts[size] for size in (2, 3, 4, 5)) / 4
    assert 0.3 < counts[1] / others < 0.8


@given(seed=seeds())
def test_a_seed_is_a_small_number_that_generators_take(seed):
    assert type(seed) is int and 0 <= seed < 2**16
    assert generator(seed).initial_seed() == seed
    assert torch.equal(torch.rand(3, generator=generator(seed)), torch.rand(3, generator=generator(seed)))


@given(data=st.data(), shape=shapes, kinds=all_kinds, dtype=st.sampled_from([np.float32, np.float64]))
def test_an_array_has_its_shape_its_dtype_and_one_of_its_kinds(data, shape, kinds, dtype):
    array = data.draw(arrays(*shape, dtype=dtype, kinds=kinds))
    assert type(array) is np.ndarray and array.shape == shape and array.dtype == dtype
    assert any(is_of(kind, array) for kind in kinds)


@given(data=st.data(), shape=shapes, kinds=all_kinds, dtype=st.sampled_from([torch.float32, torch.float64]))
def test_a_tensor_has_its_shape_its_dtype_and_one_of_its_kinds(data, shape, kinds, dtype):
    tensor = data.draw(tensors(*shape, dtype=dtype, kinds=kinds))
    assert type(tensor) is torch.Tensor and tensor.shape == shape and tensor.dtype == dtype
    assert not tensor.requires_grad and tensor.is_contiguous()
    assert any(is_of(kind, tensor.numpy()) for kind in kinds)


@pytest.mark.parametrize("kind", [*KINDS, "huge"])
def test_each_kind_is_drawn_and_is_what_it_says(kind):
    array = find(arrays(40, kinds=[*KINDS, "huge"]), lambda array: is_of(kind, array) and array.any())
    assert array.shape == (40,)
    only = find(arrays(40, kinds=[kind]), lambda array: True)
    assert is_of(kind, only)


@pytest.mark.parametrize(("strategy", "simplest"), [(dims(5), 1), (seeds(), 0)])
def test_sizes_and_seeds_shrink_to_the_simplest(strategy, simplest):
    assert find(strategy, lambda value: True) == simplest


def test_of_an_array_the_simplest_is_one_of_integers():
    """The first kind is the simplest to read in a sentence; where it will not do, the next one that does."""
    assert is_of("integers", find(arrays(3), lambda array: True))
    assert is_of("integers", find(tensors(2, 2), lambda tensor: True).numpy())
    assert not is_of("integers", find(arrays(3), lambda array: (array != np.round(array)).any()))


@given(data=st.data())
def test_whoever_changes_what_was_drawn_changes_no_other_draw(data):
    strategy = arrays(3)
    first = data.draw(strategy)
    first += 1000
    assert abs(data.draw(strategy)).max() < 100


@given(seed=seeds(), several=st.lists(shapes, max_size=4), kinds=all_kinds)
def test_numbers_follow_their_seed_and_take_one_kind_a_tensor(seed, several, kinds):
    made = numbers(seed, *several, kinds=kinds)
    again = numbers(seed, *several, kinds=kinds)
    assert [tensor.shape for tensor in made] == several
    rest = seed
    for tensor, same in zip(made, again, strict=True):
        rest, kind = divmod(rest, len(kinds))
        assert tensor.dtype == torch.float32 and tensor.is_contiguous() and torch.equal(tensor, same)
        assert is_of(kinds[kind], tensor.numpy())
        tensor += 1  # a constant one as well may be written to


@given(seed=seeds(), dtype=st.sampled_from([torch.float32, torch.float64]))
def test_numbers_have_the_dtype_that_was_asked_for(seed, dtype):
    assert [tensor.dtype for tensor in numbers(seed, (2,), (2, 3), dtype=dtype)] == [dtype, dtype]


named = st.dictionaries(st.text("abc.", min_size=1, max_size=4), st.lists(st.integers(1, 4), max_size=3).map(tuple))


@given(shapes=named, seed=seeds())
def test_weights_have_their_names_and_shapes_and_follow_their_seed(shapes, seed):
    made, again = weights(shapes, seed), weights(shapes, seed)
    assert list(made) == list(shapes)
    for name, tensor in made.items():
        assert tensor.shape == shapes[name] and tensor.dtype == torch.float32
        assert torch.equal(tensor, again[name]) and bool(tensor.all())


@pytest.mark.parametrize(("shape", "spread"), [((200, 100), 0.1), ((20_000,), 0.5)])
def test_weights_are_as_large_as_keeps_a_layer_in_range(shape, spread):
    """A matrix by its fan-in, a bias or a scale by a half."""
    assert float(weights({"w": shape}, seed=3)["w"].std()) == pytest.approx(spread, rel=0.05)


class Module(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.norm = torch.nn.Linear(100, 50), torch.nn.LayerNorm(50)
        self.fixed = torch.nn.Parameter(torch.zeros(3), requires_grad=False)
        self.register_buffer("table", torch.zeros(3))


@given(seed=seeds())
@settings(max_examples=20)
def test_a_random_state_is_all_that_can_be_trained_and_nothing_of_it_as_it_was(seed):
    module = Module()
    state = random_state(module, seed)
    assert {name: value.shape for name, value in state.items()} == {
        "layer.weight": (50, 100),
        "layer.bias": (50,),
        "norm.weight": (50,),
        "norm.bias": (50,),
    }
    for name, value in state.items():
        assert bool((value != module.get_parameter(name)).all()) and not value.requires_grad
        assert torch.equal(value, random_state(Module(), seed)[name])
    assert float(state["layer.weight"].std()) == pytest.approx(0.1, rel=0.1)
