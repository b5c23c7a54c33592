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
    ### BEGIN SOLUTION
    return np.exp(x - np.expand_dims(logsumexp(x, axis), axis))
    ### END SOLUTION


def cross_entropy(logits: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean negative log-likelihood of the right classes, and its gradient.

    logits: (N, C) scores before softmax, up to ±1e5. y: (N,) integer classes in 0 … C-1.
    Returns (loss, dlogits): the mean over N, a number ≥ 0 in nats; and its derivative with respect to logits,
    (N, C) in the dtype of logits.
    Source: DLB section 6.2.2.3.
    """
    ### BEGIN SOLUTION
    rows = np.arange(len(y))
    loss = (logsumexp(logits, axis=1) - logits[rows, y]).mean()
    dlogits = softmax(logits)
    dlogits[rows, y] -= 1
    return loss, dlogits / len(y)
    ### END SOLUTION


def linear_backward(dout: np.ndarray, x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a linear layer y = x wᵀ + b, given the gradient of the loss with respect to y.

    dout: (N, O) = dL/dy. x: (N, I) the layer's input. w: (O, I) its weight.
    Returns (dx, dw, db): (N, I), (O, I), (O,). Nothing is averaged: if L is a mean, dout holds the 1/N.
    Source: DLB section 6.5.
    """
    ### BEGIN SOLUTION
    return dout @ w, dout.T @ x, dout.sum(axis=0)
    ### END SOLUTION


def gelu_tanh(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """GELU in its tanh form, and its slope. Element by element.

    x: any shape, entries up to ±1e4. Returns (y, dy_dx), both of that shape and dtype:
    y = ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))).
    Source: Hendrycks & Gimpel 2016, section 2.
    """
    ### BEGIN SOLUTION
    scale = math.sqrt(2 / math.pi)
    t = np.tanh(scale * (x + 0.044715 * x**3))
    du_dx = scale * (1 + 3 * 0.044715 * x**2)
    return 0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * du_dx
    ### END SOLUTION


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
        ### BEGIN SOLUTION
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))
        ### END SOLUTION

    def __mul__(self, other: "Value | float") -> "Value":
        """self · other."""
        ### BEGIN SOLUTION
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))
        ### END SOLUTION

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent: float) -> "Value":
        """self to the power of a plain number. A negative self has whole powers."""
        ### BEGIN SOLUTION
        return Value(self.data**exponent, ((self, exponent * self.data ** (exponent - 1)),))
        ### END SOLUTION

    def tanh(self) -> "Value":
        """The hyperbolic tangent of self."""
        ### BEGIN SOLUTION
        t = math.tanh(self.data)
        return Value(t, ((self, 1 - t**2),))
        ### END SOLUTION

    def exp(self) -> "Value":
        """e to the power of self."""
        ### BEGIN SOLUTION
        e = math.exp(self.data)
        return Value(e, ((self, e),))
        ### END SOLUTION

    def backward(self) -> None:
        """Fill in `.grad` of every Value that self was computed from (and of self: 1.0).

        Whatever stood in those `.grad`s before is replaced, so that a second call gives the same numbers.
        """
        ### BEGIN SOLUTION
        order: list[Value] = []  # every value after all of its parents
        seen: set[Value] = set()

        def visit(value: Value) -> None:
            if value not in seen:
                seen.add(value)
                for parent, _ in value.parents:
                    visit(parent)
                order.append(value)

        visit(self)
        for value in order:
            value.grad = 0.0
        self.grad = 1.0
        for value in reversed(order):
            for parent, slope in value.parents:
                parent.grad += slope * value.grad
        ### END SOLUTION


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
    ### BEGIN SOLUTION
    m, v, t = state
    beta1, beta2 = betas
    if decoupled:
        p = p * (1 - lr * weight_decay)
    else:
        g = g + weight_decay * p
    t = t + 1
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return p - lr * m_hat / (np.sqrt(v_hat) + eps), (m, v, t)
    ### END SOLUTION
