"""Unit 2.1's references against torch.nn.functional, torch.autograd, torch.optim and scipy."""

import math

import numpy as np
import pytest
import scipy.special
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from phase2_deep_learning.unit1_neural_networks import (
    Value,
    adam_step,
    cross_entropy,
    gelu_tanh,
    linear_backward,
    softmax,
)


def table(*shape: int, size: float = 5.0) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, shape, elements=st.floats(-size, size))


@given(table(3, 4, size=1e4), st.sampled_from((0, 1, -1)))
def test_softmax_is_that_of_torch_and_of_scipy(x, axis):
    # x - log Σ exp x keeps about twelve digits at 1e4
    np.testing.assert_allclose(softmax(x, axis), scipy.special.softmax(x, axis=axis), rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(softmax(x, axis), F.softmax(torch.from_numpy(x), axis).numpy(), rtol=1e-10, atol=1e-300)


@given(table(5, 3, size=100.0), hnp.arrays(np.int64, 5, elements=st.integers(0, 2)))
def test_cross_entropy_is_that_of_torch(logits, y):
    leaf = torch.from_numpy(logits).requires_grad_(True)
    want = F.cross_entropy(leaf, torch.from_numpy(y))
    want.backward()
    loss, dlogits = cross_entropy(logits, y)
    np.testing.assert_allclose(loss, want.item(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dlogits, leaf.grad.numpy(), rtol=1e-10, atol=1e-14)


@given(table(5, 3), table(5, 2), table(3, 2))
def test_linear_backward_is_autograds(dout, x, w):
    leaves = [torch.from_numpy(one).requires_grad_(True) for one in (x, w, np.zeros(3))]
    grads = torch.autograd.grad(F.linear(*leaves), leaves, torch.from_numpy(dout))
    for ours, theirs in zip(linear_backward(dout, x, w), grads, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-12)


@given(table(7, size=30.0))
def test_gelu_is_that_of_torch(x):
    leaf = torch.from_numpy(x).requires_grad_(True)
    want = F.gelu(leaf, approximate="tanh")
    (slope,) = torch.autograd.grad(want.sum(), leaf)
    y, dy_dx = gelu_tanh(x)
    np.testing.assert_allclose(y, want.detach().numpy(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(dy_dx, slope.numpy(), rtol=1e-10, atol=1e-12)


def expression(a, b, c):
    """One of everything, with shared parts. Values and tensors both understand it."""
    inner = (a * b + 2) * (a + -1 * b) ** 2 + (0.1 * c).exp()
    return (inner * 0.01).tanh() * inner + c**-2 + 3 * inner


@given(*(st.floats(0.5, 3) for _ in range(3)))
def test_value_is_autograd(a, b, c):
    values = [Value(one) for one in (a, b, c)]
    out = expression(*values)
    out.backward()
    leaves = [torch.tensor(one, dtype=torch.float64, requires_grad=True) for one in (a, b, c)]
    want = expression(*leaves)
    grads = torch.autograd.grad(want, leaves)
    assert math.isclose(out.data, want.item(), rel_tol=1e-12)
    np.testing.assert_allclose([one.grad for one in values], [float(one) for one in grads], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_step_is_that_of_torch_optim(weight_decay, decoupled):
    rng = np.random.default_rng(0)
    p = rng.normal(size=(3, 4))
    state = (np.zeros_like(p), np.zeros_like(p), 0)
    parameter = torch.nn.Parameter(torch.from_numpy(p.copy()))
    settings = {"lr": 0.05, "betas": (0.9, 0.99), "eps": 1e-3}
    rule = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimizer = rule([parameter], weight_decay=weight_decay, **settings)
    for _ in range(7):
        g = rng.normal(size=p.shape)
        parameter.grad = torch.from_numpy(g.copy())
        optimizer.step()
        p, state = adam_step(p, g, state, **settings, weight_decay=weight_decay, decoupled=decoupled)
        np.testing.assert_allclose(p, parameter.detach().numpy(), rtol=1e-12, atol=1e-12)
