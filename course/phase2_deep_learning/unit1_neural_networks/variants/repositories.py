"""Unit 2.1 in the manner of micrograd, of the CS231n layers and of torch.optim's single-tensor Adam."""

from __future__ import annotations

import math

import numpy as np

from phase1_foundations.unit3_calculus_probability import logsumexp

GELU_SCALE = np.sqrt(2.0 / np.pi)
Number = int | float


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.exp(x - np.expand_dims(logsumexp(x, axis), axis))


def cross_entropy(logits: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """softmax_loss of the lecture notes."""
    num_examples = logits.shape[0]
    probs = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    probs /= np.sum(probs, axis=1, keepdims=True)
    picked = logits[np.arange(num_examples), y]
    correct_logprobs = logsumexp(logits, axis=1) - picked
    data_loss = np.sum(correct_logprobs) / num_examples
    dscores = probs
    dscores[range(num_examples), y] -= 1
    dscores /= num_examples
    return float(data_loss), dscores


def linear_backward(dout: np.ndarray, x: np.ndarray, w: np.ndarray) -> list[np.ndarray]:
    dx = dout.dot(w)
    dw = dout.T.dot(x)
    db = np.sum(dout, axis=0)
    return [dx, dw, db]


def gelu_tanh(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    inner = float(GELU_SCALE) * (x + 0.044715 * np.power(x, 3))
    tanh = np.tanh(inner)
    left, right = 0.5 * x, 1 + tanh
    with np.errstate(over="ignore"):
        sech2 = np.cosh(inner) ** -2
    right_slope = sech2 * float(GELU_SCALE) * (1 + 3 * 0.044715 * x**2)
    return left * right, 0.5 * right + left * right_slope


class Value:
    """stores a single scalar value and its gradient"""

    def __init__(self, data: Number, _children: tuple = (), _op: str = "", label: str | None = None):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = set(_children)
        self._op = _op
        self.label = label

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other), "+")

        def _backward():
            self.grad += out.grad
            other.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other), "*")

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, other):
        assert isinstance(other, (int, float)), "only supporting int/float powers for now"
        out = Value(self.data**other, (self,), f"**{other}")

        def _backward():
            self.grad += (other * self.data ** (other - 1)) * out.grad

        out._backward = _backward
        return out

    def tanh(self):
        x = self.data
        t = 1 - 2 / (math.exp(2 * x) + 1)
        out = Value(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    def exp(self):
        out = Value(math.exp(self.data), (self,), "exp")

        def _backward():
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def backward(self):
        topo = []
        visited = set()

        def build_topo(v):
            if v not in visited:
                visited.add(v)
                for child in v._prev:
                    build_topo(child)
                topo.append(v)

        build_topo(self)
        for v in topo:
            v.grad = 0.0
        self.grad = 1
        for v in reversed(topo):
            v._backward()

    def __neg__(self):
        return self * -1

    def __radd__(self, other):
        return self + other

    def __sub__(self, other):
        return self + (-other)

    def __rmul__(self, other):
        return self * other

    def __truediv__(self, other):
        return self * other**-1

    def __repr__(self):
        return f"Value(data={self.data}, grad={self.grad})"


def adam_step(
    p: np.ndarray,
    g: np.ndarray,
    state,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float = 0.0,
    decoupled: bool = False,
):
    exp_avg, exp_avg_sq, step = state[0].copy(), state[1].copy(), state[2]
    param, grad = p.copy(), g.copy()
    beta1, beta2 = betas

    step += 1
    if weight_decay != 0:
        if decoupled:
            param *= 1 - lr * weight_decay
        else:
            grad += weight_decay * param

    exp_avg *= beta1
    exp_avg += (1 - beta1) * grad
    exp_avg_sq *= beta2
    exp_avg_sq += (1 - beta2) * grad * grad
    bias_correction1 = 1 - beta1**step
    bias_correction2 = 1 - beta2**step
    step_size = lr / bias_correction1
    denom = np.sqrt(exp_avg_sq) / math.sqrt(bias_correction2) + eps
    param += -step_size * exp_avg / denom
    return param, [exp_avg, exp_avg_sq, step]
