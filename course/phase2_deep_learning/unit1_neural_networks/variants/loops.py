"""Unit 2.1 by someone who trusts loops: one number at a time, in float64, cast at the end; Value without recursion."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np


def softmax(x, axis=-1):
    out = np.empty_like(x)
    rows, targets = np.moveaxis(x, axis, -1), np.moveaxis(out, axis, -1)
    for place in np.ndindex(*rows.shape[:-1]):
        scores = [float(one) for one in rows[place]]
        top = max(scores)
        weights = [math.exp(one - top) for one in scores]
        targets[place] = [w / math.fsum(weights) for w in weights]
    return out


def cross_entropy(logits, y):
    n, classes = logits.shape
    loss = 0.0
    gradient = np.zeros((n, classes))
    for row in range(n):
        scores = logits[row].astype(np.float64)
        right = int(y[row])
        margins = scores - scores[right]
        top = margins.max()
        loss += top + math.log(sum(math.exp(m - top) for m in margins))
        for c in range(classes):
            gradient[row, c] = math.exp(scores[c] - scores.max()) / sum(math.exp(s - scores.max()) for s in scores)
        gradient[row, right] -= 1
    return loss / n, (gradient / n).astype(logits.dtype)


def linear_backward(dout, x, w):
    (n, o), i = dout.shape, x.shape[1]
    dx, dw, db = np.zeros((n, i)), np.zeros((o, i)), np.zeros(o)
    for a in range(n):
        for b in range(o):
            g = float(dout[a, b])
            db[b] += g
            for c in range(i):
                dx[a, c] += g * w[b, c]
                dw[b, c] += g * x[a, c]
    return dx.astype(x.dtype), dw.astype(w.dtype), db.astype(dout.dtype)


def gelu_tanh(x):
    s, k = math.sqrt(2 / math.pi), 0.044715
    y, slope = np.empty_like(x), np.empty_like(x)
    for place in np.ndindex(*x.shape):
        a = float(x[place])
        t = math.tanh(s * (a + k * a**3))
        y[place] = a * (1 + t) / 2
        slope[place] = (1 + t) / 2 + a * (1 - t) * (1 + t) / 2 * s * (1 + 3 * k * a * a)
    return y, slope


@dataclass(eq=False)
class Value:
    data: float
    parents: tuple = ()
    grad: float = field(default=0.0, init=False)

    def __post_init__(self):
        self.data = float(self.data)

    def __add__(self, other):
        if not isinstance(other, Value):
            return Value(self.data + other, ((self, 1.0),))
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        if not isinstance(other, Value):
            return Value(self.data * other, ((self, float(other)),))
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent):
        slope = exponent * self.data ** (exponent - 1) if exponent != 0 else 0.0
        return Value(self.data**exponent, ((self, slope),))

    def tanh(self):
        return Value(math.tanh(self.data), ((self, 1 / math.cosh(min(abs(self.data), 350.0)) ** 2),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, ((self, e),))

    def backward(self):
        """Kahn's algorithm: a value is done when all who used it are done."""
        users = {self: 0}
        stack = [self]
        while stack:
            for parent, _ in stack.pop().parents:
                if parent not in users:
                    users[parent] = 0
                    stack.append(parent)
                users[parent] += 1
        for value in users:
            value.grad = 0.0
        self.grad = 1.0
        ready = [self]
        while ready:
            value = ready.pop()
            for parent, slope in value.parents:
                parent.grad += slope * value.grad
                users[parent] -= 1
                if users[parent] == 0:
                    ready.append(parent)


def adam_step(p, g, state, lr, betas, eps, weight_decay=0.0, decoupled=False):
    m, v, t = state
    t = int(t) + 1
    b1, b2 = betas
    out = [np.array(a, dtype=np.float64) for a in (p, g, m, v)]
    new_p, grad, new_m, new_v = out
    for i in np.ndindex(*np.shape(p)):
        if weight_decay:
            if decoupled:
                new_p[i] -= lr * weight_decay * new_p[i]
            else:
                grad[i] += weight_decay * new_p[i]
        new_m[i] = b1 * new_m[i] + (1 - b1) * grad[i]
        new_v[i] = b2 * new_v[i] + (1 - b2) * grad[i] ** 2
        new_p[i] -= lr * (new_m[i] / (1 - b1**t)) / (math.sqrt(new_v[i] / (1 - b2**t)) + eps)
    return new_p.astype(p.dtype), (new_m.astype(m.dtype), new_v.astype(v.dtype), t)
