"""Unit 2.1, neural networks from scratch: forward, loss, hand-derived backward, optimiser.

Everything is NumPy, so that no library differentiates for you. Functions leave their inputs alone and keep
their dtype: float32 arrays in, float32 arrays out.

Sources: Goodfellow, Bengio & Courville, *Deep Learning* (DLB), chapter 6; Hendrycks & Gimpel 2016; Karpathy's
micrograd; Kingma & Ba 2015; Loshchilov & Hutter 2019.
"""

import math

import numpy as np

from phase1_foundations.unit3_calculus_probability import logsumexp


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Scores to probabilities: exp(x) / Σ exp(x) along `axis`.

    x: (N, C) or any other shape; entries up to ±1e5.
    Returns the shape of x, entries in [0, 1]; each slice along `axis` sums to 1.
    Source: DLB section 6.2.2.3.
    """
    raise NotImplementedError("softmax")


def cross_entropy(logits: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean negative log-likelihood of the right classes, and its gradient.

    logits: (N, C) scores before softmax, up to ±1e5. y: (N,) integer classes in 0 … C-1.
    Returns (loss, dlogits): the mean over N, a number ≥ 0 in nats; and its derivative with respect to logits,
    (N, C) in the dtype of logits.
    Source: DLB section 6.2.2.3.
    """
    raise NotImplementedError("cross_entropy")


def linear_backward(dout: np.ndarray, x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a linear layer y = x wᵀ + b, given the gradient of the loss with respect to y.

    dout: (N, O) = dL/dy. x: (N, I) the layer's input. w: (O, I) its weight.
    Returns (dx, dw, db): (N, I), (O, I), (O,). Nothing is averaged: if L is a mean, dout holds the 1/N.
    Source: DLB section 6.5.
    """
    raise NotImplementedError("linear_backward")


def gelu_tanh(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """GELU in its tanh form, and its slope. Element by element.

    x: any shape, entries up to ±1e4. Returns (y, dy_dx), both of that shape and dtype:
    y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
    Source: Hendrycks & Gimpel 2016, section 2.
    """
    raise NotImplementedError("gelu_tanh")


class Value:
    """A number that remembers how it was computed, so that it can be differentiated.

    Value(data) starts a graph. `a + b` and `a * b` (one of the two may be a plain number), `a ** n` (n a
    plain number), `a.tanh()` and `a.exp()` give new Values.
    `.data` is the number; `.grad` is 0.0 until `backward` has run, then d(output)/d(this value), a number too.
    `parents` is yours to use: the reference keeps a pair (parent, d self / d parent) for every operand.
    Source: Karpathy's micrograd; DLB section 6.5.
    """

    def __init__(self, data: float, parents: tuple = ()) -> None:
        self.data = float(data)
        self.grad = 0.0
        self.parents = parents

    def __add__(self, other: "Value | float") -> "Value":
        """self + other."""
        raise NotImplementedError("Value.__add__")

    def __mul__(self, other: "Value | float") -> "Value":
        """self · other."""
        raise NotImplementedError("Value.__mul__")

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent: float) -> "Value":
        """self to the power of a plain number. A negative self has whole powers."""
        raise NotImplementedError("Value.__pow__")

    def tanh(self) -> "Value":
        """The hyperbolic tangent of self."""
        raise NotImplementedError("Value.tanh")

    def exp(self) -> "Value":
        """e to the power of self."""
        raise NotImplementedError("Value.exp")

    def backward(self) -> None:
        """Fill in `.grad` of every Value that self was computed from (and of self: 1.0).

        Whatever stood in those `.grad`s before is replaced, so that a second call gives the same numbers.
        """
        raise NotImplementedError("Value.backward")


def adam_step(
    p: np.ndarray,
    g: np.ndarray,
    state: tuple[np.ndarray, np.ndarray, int],
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, int]]:
    """One step of Adam, or of AdamW when `decoupled`.

    p, g: the parameters and their gradient, same shape. lr > 0. betas = (β₁, β₂), each in [0, 1). eps > 0.
    state = (m, v, t): the running means of g and g², shaped like p, and the number of steps taken so far.
    Before the first step it is (zeros, zeros, 0).
    weight_decay ≥ 0: added to the gradient as weight_decay · p; or, when `decoupled`, p is first shrunk by
    the factor 1 - lr · weight_decay and the gradient is left alone.
    Returns (new p, (new m, new v, t + 1)), in the dtype of p. t is a plain integer.
    Source: Kingma & Ba 2015, algorithm 1; Loshchilov & Hutter 2019, algorithm 2, with the learning rate
    multiplying the decay too, as torch.optim.AdamW has it.
    """
    raise NotImplementedError("adam_step")
