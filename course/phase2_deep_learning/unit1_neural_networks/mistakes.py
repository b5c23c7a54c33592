"""Known mistakes of unit 2.1, neural networks from scratch."""

import math

import numpy as np

from grader.judge import mistake
from phase2_deep_learning import unit1_neural_networks as reference

# softmax


@mistake(
    "softmax",
    "The exponentials are divided by their sum over another axis, so rows do not sum to 1.",
    see="softmax-as-a-shift",
)
def wrong_axis(x, axis=-1):
    return reference.softmax(x, axis - 1 if axis > 0 else (axis + 1) % x.ndim)


@mistake(
    "softmax",
    "exp is taken of the raw scores: from about 710 on it is infinite, and inf / inf is nan.",
    see="softmax-as-a-shift",
)
def overflows(x, axis=-1):
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        e = np.exp(x)
        return e / e.sum(axis=axis, keepdims=True)


@mistake(
    "softmax",
    "One maximum is used for the whole array, so rows far below it underflow to 0 / 0.",
    see="softmax-as-a-shift",
)
def one_shift_for_all(x, axis=-1):
    with np.errstate(invalid="ignore"):
        e = np.exp(x - x.max())
        return e / e.sum(axis=axis, keepdims=True)


@mistake(
    "softmax",
    "The scores are shifted in place, so the caller's array has changed.",
    see="softmax-as-a-shift",
)
def shifted_in_place(x, axis=-1):
    x -= x.max(axis=axis, keepdims=True)
    return reference.softmax(x, axis)


@mistake(
    "softmax",
    "The result is still in log space: these are log-probabilities, below 0 and not summing to 1.",
    see="softmax-as-a-shift",
)
def log_softmax(x, axis=-1):
    return x - np.expand_dims(reference.logsumexp(x, axis), axis)


# cross_entropy


def _one_hot(logits, y):
    return np.eye(logits.shape[1], dtype=logits.dtype)[y]


@mistake(
    "cross_entropy",
    "softmax is applied twice, so the loss hardly falls even when the scores are right.",
    see="the-gradient-of-cross-entropy",
)
def softmax_twice(logits, y):
    return reference.cross_entropy(reference.softmax(logits, axis=1), y)


@mistake(
    "cross_entropy",
    "The loss is a mean over the rows but the gradient is not divided by N: it is N times too steep.",
    see="the-gradient-of-cross-entropy",
)
def gradient_of_the_sum(logits, y):
    loss, dlogits = reference.cross_entropy(logits, y)
    return loss, dlogits * len(y)


@mistake(
    "cross_entropy",
    "The right class is not taken off the probabilities, so the gradient pushes every score down.",
    see="the-gradient-of-cross-entropy",
)
def one_hot_forgotten(logits, y):
    return reference.cross_entropy(logits, y)[0], reference.softmax(logits, axis=1) / len(y)


@mistake(
    "cross_entropy",
    "The log is taken of a probability that has underflowed to 0, so the loss is infinite.",
    see="the-gradient-of-cross-entropy",
)
def log_of_zero(logits, y):
    with np.errstate(divide="ignore"):
        right = reference.softmax(logits, axis=1)[np.arange(len(y)), y]
        return -np.log(right).mean(), reference.cross_entropy(logits, y)[1]


@mistake(
    "cross_entropy",
    "The losses are summed over the rows instead of averaged, so the step grows with the batch.",
    see="the-gradient-of-cross-entropy",
)
def summed(logits, y):
    loss, dlogits = reference.cross_entropy(logits, y)
    return loss * len(y), dlogits * len(y)


@mistake(
    "cross_entropy",
    "The gradient has the wrong sign: descending along it makes the right class less likely.",
    see="the-gradient-of-cross-entropy",
)
def gradient_sign(logits, y):
    loss, dlogits = reference.cross_entropy(logits, y)
    return loss, -dlogits


# linear_backward


@mistake(
    "linear_backward",
    "The weight is transposed on the way back, which only fits when the layer is square.",
    see="shapes-decide",
)
def weight_transposed(dout, x, w):
    return dout @ w.T, dout.T @ x, dout.sum(axis=0)


@mistake(
    "linear_backward",
    "The bias gradient is not summed over the batch, so it has one row for every example.",
    see="shapes-decide",
)
def bias_not_summed(dout, x, w):
    return dout @ w, dout.T @ x, dout


@mistake(
    "linear_backward",
    "The gradients of the parameters are averaged over the batch a second time; dout holds the 1/N already.",
    see="averaged-once",
)
def averaged_twice(dout, x, w):
    dx, dw, db = reference.linear_backward(dout, x, w)
    return dx, dw / len(dout), db / len(dout)


@mistake(
    "linear_backward",
    "dw comes out as (I, O), the transpose of the weight it belongs to.",
    see="shapes-decide",
)
def weight_gradient_transposed(dout, x, w):
    dx, dw, db = reference.linear_backward(dout, x, w)
    return dx, dw.T, db


# gelu_tanh


def _gelu(x, cubic=0.044715, inner=None, power=3):
    """The curve, and its slope if the inner derivative were `inner`."""
    scale = math.sqrt(2 / math.pi)
    t = np.tanh(scale * (x + cubic * x**power))
    inner = scale * (1 + power * cubic * x ** (power - 1)) if inner is None else inner
    return 0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner


@mistake(
    "gelu_tanh",
    "The slope of the cubic inside tanh is left out of the chain, so the derivative is wrong away from 0.",
    see="the-chain-inside-gelu",
)
def inner_slope_dropped(x):
    return _gelu(x, inner=math.sqrt(2 / math.pi))


@mistake(
    "gelu_tanh",
    "Only the first half of the product rule is there: x times the slope of tanh is missing.",
    see="the-chain-inside-gelu",
)
def half_the_product_rule(x):
    return _gelu(x, inner=0.0)


@mistake(
    "gelu_tanh",
    "The correction inside tanh is squared instead of cubed, so the curve is no longer symmetric.",
    see="the-chain-inside-gelu",
)
def squared_correction(x):
    return _gelu(x, power=2)


@mistake(
    "gelu_tanh",
    "This is the exact GELU with the error function; the tanh form differs from it in the fourth digit.",
    see="two-gelus",
)
def exact_gelu(x):
    cdf = 0.5 * (1 + np.vectorize(math.erf, otypes=[x.dtype])(x / math.sqrt(2)))
    return x * cdf, cdf + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


@mistake(
    "gelu_tanh",
    "This is the short sigmoid form, x · σ(1.702 x), which is up to 0.02 away from the tanh form.",
    see="two-gelus",
)
def sigmoid_gelu(x):
    gate = 0.5 * (1 + np.tanh(0.851 * x))
    return x * gate, gate + 1.702 * x * gate * (1 - gate)


@mistake(
    "gelu_tanh",
    "float32 becomes float64: np.sqrt(2 / np.pi) is a float64 of NumPy's own, and it wins over the array's precision.",
    see="float64-by-accident",
)
def promoted_by_a_scalar(x):
    scale = np.sqrt(2 / np.pi)
    t = np.tanh(scale * (x + 0.044715 * x**3))
    return 0.5 * x * (1 + t), 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * scale * (1 + 3 * 0.044715 * x**2)


# Value


class _Backward(reference.Value):
    """The reference with the pieces of `backward` laid open. Results of operations are of the same class."""

    def _same(self, out):
        out.__class__ = type(self)
        return out

    def __add__(self, other):
        return self._same(super().__add__(other))

    def __mul__(self, other):
        return self._same(super().__mul__(other))

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent):
        return self._same(super().__pow__(exponent))

    def tanh(self):
        return self._same(super().tanh())

    def exp(self):
        return self._same(super().exp())

    def order(self):
        """Every value once, after all of its parents."""
        order = []

        def visit(value):
            if value not in order:
                for parent, _ in value.parents:
                    visit(parent)
                order.append(value)

        visit(self)
        return order

    def start(self, order):
        for value in order:
            value.grad = 0.0
        self.grad = 1.0

    def backward(self):
        order = self.order()
        self.start(order)
        for value in reversed(order):
            for parent, slope in value.parents:
                parent.grad += slope * value.grad


@mistake(
    "Value",
    "A slope is assigned where it should be added, so a number used twice keeps only one of its paths.",
    see="paths-add-up",
)
class Assigned(_Backward):
    def backward(self):
        order = self.order()
        self.start(order)
        for value in reversed(order):
            for parent, slope in value.parents:
                parent.grad = slope * value.grad


@mistake(
    "Value",
    "The graph is walked breadth first, so slopes are passed on before all of them have arrived.",
    see="paths-add-up",
)
class BreadthFirst(_Backward):
    def order(self):
        queue = [self]
        for value in queue:
            queue += [parent for parent, _ in value.parents if parent not in queue]
        return queue[::-1]


@mistake(
    "Value",
    "A number reached along two paths is visited twice, so everything behind it is counted too often.",
    see="paths-add-up",
)
class VisitedTwice(_Backward):
    def order(self):
        order = []

        def visit(value):
            for parent, _ in value.parents:
                visit(parent)
            order.append(value)

        visit(self)
        return order


@mistake(
    "Value",
    "Slopes of an earlier call are still there, so the second backward adds to the first.",
    see="starting-afresh",
)
class NotZeroed(_Backward):
    def start(self, order):
        self.grad = 1.0


@mistake(
    "Value",
    "backward never sets the slope of the output itself to 1, so every slope stays 0.",
    see="paths-add-up",
)
class NoSeed(_Backward):
    def start(self, order):
        for value in order:
            value.grad = 0.0


@mistake(
    "Value",
    "The slopes of a product are the wrong way round: each operand gets its own number.",
    see="local-slopes",
)
class OwnFactor(_Backward):
    def __mul__(self, other):
        out = super().__mul__(other)
        (a, _), (b, _) = out.parents
        out.parents = ((a, a.data), (b, b.data))
        return out

    __rmul__ = __mul__


@mistake(
    "Value",
    "The slope of tanh is taken at its output once more: 1 - tanh² wants the output, not the tanh of it.",
    see="local-slopes",
)
class TanhOfTanh(_Backward):
    def tanh(self):
        out = super().tanh()
        out.parents = ((self, 1 - math.tanh(out.data) ** 2),)
        return out


@mistake(
    "Value",
    "The exponent of a power is not lowered by one in its slope.",
    see="local-slopes",
)
class ExponentKept(_Backward):
    def __pow__(self, exponent):
        out = super().__pow__(exponent)
        out.parents = ((self, exponent * out.data),)
        return out


# adam_step


def _adam(step):
    """Adam and AdamW around `step(m, v, t, betas, eps)`, the direction in which p moves."""

    def adam_step(p, g, state, lr, betas, eps, weight_decay=0.0, decoupled=False):
        _, (m, v, t) = reference.adam_step(p, g, state, lr, betas, eps, weight_decay, decoupled)
        p = p * (1 - lr * weight_decay) if decoupled else p
        with np.errstate(divide="ignore", invalid="ignore"):
            return p - lr * step(m, v, t, betas, eps), (m, v, t)

    return adam_step


def _corrected(mean, beta, t):
    return mean / np.array(1 - beta**t, dtype=mean.dtype)


@mistake(
    "adam_step",
    "The running means are not corrected for their start at zero, so the first steps have the wrong size.",
    see="the-start-at-zero",
)
def no_correction(*args, **kwargs):
    return _adam(lambda m, v, t, betas, eps: m / (np.sqrt(v) + eps))(*args, **kwargs)


@mistake(
    "adam_step",
    "The correction uses the step count before it is raised; at the first step that divides by zero.",
    see="the-start-at-zero",
)
def count_starts_at_zero(*args, **kwargs):
    def step(m, v, t, betas, eps):
        return _corrected(m, betas[0], t - 1) / (np.sqrt(_corrected(v, betas[1], t - 1)) + eps)

    return _adam(step)(*args, **kwargs)


@mistake(
    "adam_step",
    "eps is added under the root instead of beside it, so it weighs far more (√1e-8 is 1e-4).",
    see="adam",
)
def eps_inside(*args, **kwargs):
    def step(m, v, t, betas, eps):
        return _corrected(m, betas[0], t) / np.sqrt(_corrected(v, betas[1], t) + eps)

    return _adam(step)(*args, **kwargs)


@mistake(
    "adam_step",
    "The decay goes into the gradient although it is decoupled, so Adam's division rescales it.",
    see="two-kinds-of-decay",
)
def decay_folded_in(p, g, state, lr, betas, eps, weight_decay=0.0, decoupled=False):
    return reference.adam_step(p, g, state, lr, betas, eps, weight_decay, False)


@mistake(
    "adam_step",
    "The decoupled decay is not multiplied by the learning rate, so it shrinks the weights far too fast.",
    see="two-kinds-of-decay",
)
def decay_without_rate(p, g, state, lr, betas, eps, weight_decay=0.0, decoupled=False):
    shrunk = p * (1 - weight_decay) if decoupled else p
    rest = 0.0 if decoupled else weight_decay
    return reference.adam_step(shrunk, g, state, lr, betas, eps, rest, False)


@mistake(
    "adam_step",
    "β₁ and β₂ are swapped: the direction remembers too long and the scale too briefly.",
    see="adam",
)
def betas_swapped(p, g, state, lr, betas, eps, weight_decay=0.0, decoupled=False):
    return reference.adam_step(p, g, state, lr, betas[::-1], eps, weight_decay, decoupled)


@mistake(
    "adam_step",
    "float32 becomes float64: np.sqrt of a plain number is a float64 of NumPy's own, and it wins over the array's.",
    see="float64-by-accident",
)
def promoted_by_the_correction(p, g, state, lr, betas, eps, weight_decay=0.0, decoupled=False):
    _, (m, v, t) = reference.adam_step(p, g, state, lr, betas, eps, weight_decay, decoupled)
    p = p * (1 - lr * weight_decay) if decoupled else p
    step = lr * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
    return p - step * m / (np.sqrt(v) + eps * np.sqrt(1 - betas[1] ** t)), (m, v, t)


@mistake(
    "adam_step",
    "The running means are updated in place, so the caller's state has changed.",
    see="adam",
)
def state_in_place(p, g, state, lr, betas, eps, weight_decay=0.0, decoupled=False):
    new, (m, v, t) = reference.adam_step(p, g, state, lr, betas, eps, weight_decay, decoupled)
    state[0][...], state[1][...] = m, v
    return new, (state[0], state[1], t)


@mistake(
    "adam_step",
    "The root is missing: the step is divided by the mean square, so it shrinks as gradients grow.",
    see="adam",
)
def no_root(*args, **kwargs):
    def step(m, v, t, betas, eps):
        return _corrected(m, betas[0], t) / (_corrected(v, betas[1], t) + eps)

    return _adam(step)(*args, **kwargs)
