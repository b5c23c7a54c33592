"""Checks for unit 2.1, neural networks from scratch."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect, expect_untouched
from grader.judge.trial.strategies import arrays, dims, seeds

ANY_SIZE = ("unit", "tiny", "constant", "integers", "huge")
DTYPES = st.sampled_from((np.float64, np.float32))
FOUR_TABLES = np.random.default_rng(0).normal(size=(4, 3, 5))
"""For what needs no search: four tables of numbers."""


def rounding(dtype):
    """What terms of size 10 may leave behind where they cancel, whatever the order they are added in."""
    return 1e-12 if dtype == np.float64 else 1e-5


def in_log_space(x):
    """What exp makes of the rounding of scores this large: e^(8000 - 8000.5) has three digits in float32."""
    return 8 * float(np.finfo(x.dtype).eps) * max(1.0, float(abs(x).max()))


def expect_untouched_in_both_precisions(learner, name, *arguments):
    for dtype in (np.float64, np.float32):
        expect_untouched(learner, name, *(in_dtype(dtype, one) for one in arguments))


def in_dtype(dtype, value):
    if isinstance(value, tuple):
        return tuple(in_dtype(dtype, one) for one in value)
    return value.astype(dtype) if getattr(value, "dtype", None) == np.float64 else value


# softmax


@exercise("softmax")
class TestSoftmax:
    @given(st.data(), dims(), dims(), st.sampled_from((0, 1, -1)), DTYPES)
    def test_matches_the_reference(self, both, data, n, c, axis, dtype):
        "exp(x) / Σ exp(x), also where exp(x) itself is 0 or infinite."
        x = data.draw(arrays(n, c, dtype=dtype, kinds=ANY_SIZE))
        both.agree("softmax", x, axis, atol=in_log_space(x))

    @given(st.data(), dims(3), dims(4), dims(5))
    def test_runs_along_the_last_axis_unless_told(self, both, data, l, n, c):  # noqa: E741
        x = data.draw(arrays(l, n, c))
        both.agree("softmax", x)
        both.agree("softmax", x, axis=-2)

    @given(st.data(), dims(), dims(), st.sampled_from((0.0, 1e4, -1e4)))
    def test_does_not_change_when_all_scores_move(self, learner, data, n, c, shift):
        x = data.draw(arrays(n, c))
        want = np.exp(x) / np.exp(x).sum(1, keepdims=True)
        got = learner.softmax(x + shift, 1)
        # x + 1e4 itself keeps twelve digits after the point
        expect(got, want, f"softmax of scores moved by {shift:g}", rtol=1e-7, atol=1e-10)

    @given(st.data(), dims(), dims())
    def test_keeps_rows_of_very_different_size_apart(self, both, data, n, c):
        "Each row 1e4 away from the next: one shift for the whole array is not enough."
        both.agree("softmax", data.draw(arrays(n, c)) + 1e4 * np.arange(n)[:, None], 1)

    @given(st.data(), dims(), dims())
    def test_each_row_is_a_distribution(self, learner, data, n, c):
        p = learner.softmax(data.draw(arrays(n, c, kinds=ANY_SIZE)))
        assert bool((p >= 0).all()), "a probability is negative or nan"
        expect(p.sum(-1), np.ones(n), "the sum of each row", rtol=1e-9)

    def test_leaves_its_input_alone(self, learner):
        expect_untouched_in_both_precisions(learner, "softmax", FOUR_TABLES[0])


# cross_entropy


@st.composite
def classified(draw, dtype=np.float64, kinds=ANY_SIZE):
    """Scores (N, C) and classes (N,), as integers of any width."""
    n, c, seed = draw(dims()), draw(dims()), draw(seeds())
    y = np.random.default_rng(seed).integers(0, c, size=n, dtype=(np.int64, np.int32, np.uint8)[seed % 3])
    return draw(arrays(n, c, dtype=dtype, kinds=kinds)), y


@exercise("cross_entropy")
class TestCrossEntropy:
    @given(classified())
    def test_matches_the_reference(self, both, case):
        "Mean of -log softmax at the right class, and its gradient."
        # log Σ exp - score may cancel to nothing, within the rounding of scores up to 1e4
        both.agree("cross_entropy", *case, atol=1e-10)

    @given(classified(np.float32, kinds=("unit", "tiny", "integers")))
    def test_keeps_float32(self, both, case):
        # the loss crosses as a plain number but was computed in float32
        both.agree("cross_entropy", *case, rtol=1e-4, atol=1e-5)

    @given(dims(), dims(), st.floats(-1e4, 1e4))
    def test_costs_log_c_to_know_nothing(self, learner, n, c, score):
        "Equal scores: log C nats, and a gradient of 1/C everywhere, less 1 at the right class, over N."
        y = np.arange(n) % c
        loss, dlogits = learner.cross_entropy(np.full((n, c), score), y)
        expect(loss, math.log(c), "the loss of equal scores", rtol=1e-7, atol=1e-10)
        want = np.full((n, c), 1 / c)
        want[np.arange(n), y] -= 1
        expect(dlogits, want / n, "the gradient at equal scores", rtol=1e-7, atol=1e-12)

    @given(dims(), st.integers(2, 5), st.sampled_from((50.0, 1e4)))
    def test_costs_the_margin_to_be_wrong_and_nothing_to_be_right(self, learner, n, c, margin):
        "log(0) must not appear where a probability underflows."
        logits = np.zeros((n, c))
        logits[:, 0] = margin
        right, _ = learner.cross_entropy(logits, np.zeros(n, dtype=np.int64))
        expect(right, 0.0, "the loss of a sure and right answer", atol=1e-10)
        wrong, _ = learner.cross_entropy(logits, np.ones(n, dtype=np.int64))
        expect(wrong, margin, "the loss of a sure and wrong answer")

    @given(classified(kinds=("unit", "integers")))
    def test_has_the_gradient_of_its_loss(self, learner, case):
        "Central differences of -log(exp(score) / Σ exp(scores)), averaged over the rows."
        logits, y = case

        def loss_at(flat):
            scores = np.exp(flat.reshape(logits.shape))
            return -np.log(scores[np.arange(len(y)), y] / scores.sum(1)).mean()

        step = 1e-5 * np.eye(logits.size)
        flat = logits.ravel()
        slopes = [(loss_at(flat + one) - loss_at(flat - one)) / 2e-5 for one in step]
        _, dlogits = learner.cross_entropy(logits, y)
        # central differences with h = 1e-5 are good to 1e-10 here
        expect(dlogits.ravel(), np.array(slopes), "dlogits", rtol=1e-6, atol=1e-9)

    def test_leaves_its_inputs_alone(self, learner):
        expect_untouched_in_both_precisions(learner, "cross_entropy", FOUR_TABLES[0], np.array([4, 0, 2]))


# linear_backward


@st.composite
def layers(draw, dtype=np.float64):
    """dout (N, O), x (N, I), w (O, I)."""
    n, i, o = draw(dims()), draw(dims()), draw(dims())
    return tuple(draw(arrays(*shape, dtype=dtype)) for shape in ((n, o), (n, i), (o, i)))


@exercise("linear_backward")
class TestLinearBackward:
    @given(st.data(), DTYPES)
    def test_matches_the_reference(self, both, data, dtype):
        "dx = dout w, dw = doutᵀ x, db = Σ dout over the rows."
        both.agree("linear_backward", *data.draw(layers(dtype)), atol=rounding(dtype))

    @given(layers(), st.integers(0, 2**16))
    def test_predicts_what_a_small_change_does(self, learner, case, seed):
        "The layer is linear in x, w and b: Σ dout · (change of y) equals Σ gradient · change, exactly."
        dout, x, w = case
        dx, dw, db = learner.linear_backward(dout, x, w)
        rng = np.random.default_rng(seed)
        by_x, by_w, by_b = (rng.normal(size=shape) for shape in (x.shape, w.shape, w.shape[:1]))
        # sums of up to 25 terms that may cancel
        expect((dx * by_x).sum(), (dout * (by_x @ w.T)).sum(), "the effect of x", rtol=1e-7, atol=1e-9)
        expect((dw * by_w).sum(), (dout * (x @ by_w.T)).sum(), "the effect of w", rtol=1e-7, atol=1e-9)
        expect((db * by_b).sum(), (dout * by_b).sum(), "the effect of b", rtol=1e-7, atol=1e-9)

    def test_leaves_its_inputs_alone(self, learner):
        dout, x, w = FOUR_TABLES[0, :, :4], FOUR_TABLES[1], FOUR_TABLES[2:, :2].reshape(4, 5)
        expect_untouched_in_both_precisions(learner, "linear_backward", dout, x, w)


# gelu_tanh


@exercise("gelu_tanh")
class TestGeluTanh:
    @given(st.data(), dims(), dims(), DTYPES)
    def test_matches_the_reference(self, both, data, n, k, dtype):
        "½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) and its derivative."
        both.agree("gelu_tanh", data.draw(arrays(n, k, dtype=dtype)), atol=rounding(dtype))

    @given(st.data(), dims())
    def test_survives_large_numbers(self, both, data, n):
        "Far out it is 0 on the left and x on the right, with slopes 0 and 1."
        x = data.draw(arrays(n, kinds=("huge",)))
        both.agree("gelu_tanh", x, atol=rounding(np.float64))
        still_bent = 4 * np.sign(x) + x / 1e4
        both.agree("gelu_tanh", still_bent, atol=rounding(np.float64))

    @given(st.data(), dims())
    def test_differs_from_its_mirror_image_by_x(self, learner, data, n):
        "gelu(x) - gelu(-x) = x, so the two slopes add up to 1."
        x = data.draw(arrays(n, kinds=("unit", "tiny", "integers", "huge")))
        (y, slope), (mirrored, mirrored_slope) = learner.gelu_tanh(x), learner.gelu_tanh(-x)
        expect(y - mirrored, x, "gelu(x) - gelu(-x)")
        expect(slope + mirrored_slope, np.ones(n), "the sum of the two slopes")

    @given(st.data(), dims())
    def test_has_the_slope_of_its_curve(self, learner, data, n):
        "Central differences of the formula."
        x = data.draw(arrays(n, kinds=("unit", "tiny", "integers")))

        def curve(z):
            return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))

        _, slope = learner.gelu_tanh(x)
        # central differences with h = 1e-5 are good to 1e-10 here
        expect(slope, (curve(x + 1e-5) - curve(x - 1e-5)) / 2e-5, "the slope", rtol=1e-6, atol=1e-9)

    def test_leaves_its_input_alone(self, learner):
        expect_untouched_in_both_precisions(learner, "gelu_tanh", FOUR_TABLES[0])


# Value

OPERATIONS = {
    "a + b": lambda a, b: a + b,
    "a * b": lambda a, b: a * b,
    "a + a": lambda a, b: a + a,
    "a * a": lambda a, b: a * a,
    "a + 3": lambda a, b: a + 3,
    "a * 3": lambda a, b: a * 3,
    "a + 0.5": lambda a, b: a + 0.5,
    "a * 0.5": lambda a, b: a * 0.5,
    "3 + a": lambda a, b: 3 + a,
    "3 * a": lambda a, b: 3 * a,
    "0.5 + a": lambda a, b: 0.5 + a,
    "0.5 * a": lambda a, b: 0.5 * a,
    "a ** 1": lambda a, b: a**1,
    "b ** 2": lambda a, b: b**2,
    "b ** 3": lambda a, b: b**3,
    "a ** 2": lambda a, b: a**2,
    "a ** 3": lambda a, b: a**3,
    "a ** -1": lambda a, b: a**-1,
    "a ** 0.5": lambda a, b: a**0.5,
    "a.tanh()": lambda a, b: a.tanh(),
    "a.exp()": lambda a, b: a.exp(),
}


def each_operation(impl, x, y):
    results = {}
    for name, operation in OPERATIONS.items():
        a, b = impl.Value(x), impl.Value(y)
        out = operation(a, b)
        out.backward()
        results[name] = {"data": out.data, "a.grad": a.grad, "b.grad": b.grad, "grad of the output": out.grad}
    return results


def grow(leaves, steps):
    """Every number of a graph: the leaves, then one more for each step. Earlier numbers are used again."""
    nodes = list(leaves)
    for operation, i, j in steps:
        a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
        nodes.append(
            {
                "add": lambda a, b: a + b,
                "multiply": lambda a, b: a * b,
                "power": lambda a, b: a.tanh() ** 3,
                "exp": lambda a, b: a.tanh().exp(),
                "tanh": lambda a, b: a.tanh(),
            }[operation](a, b)
        )
    return nodes


def whole_graph(impl, leaves, steps):
    nodes = grow([impl.Value(leaf) for leaf in leaves], steps)
    nodes[-1].backward()
    return {"data": [node.data for node in nodes], "grad": [node.grad for node in nodes]}


def three_times(impl, leaves, steps):
    """backward from the last number, from one in the middle, and from the last again; each time the leaves' slopes."""
    nodes = grow([impl.Value(leaf) for leaf in leaves], steps)
    grads = []
    for output in (nodes[-1], nodes[len(nodes) // 2], nodes[-1]):
        output.backward()
        grads.append([node.grad for node in nodes[: len(leaves)]])
    return grads


def by_autograd(leaves, steps):
    """Every number of the graph, as a tensor."""
    return grow([torch.tensor(leaf, dtype=torch.float64, requires_grad=True) for leaf in leaves], steps)


def slopes_by_autograd(output, nodes):
    """None where the output was not computed from a number."""
    grads = torch.autograd.grad(output, nodes, allow_unused=True, retain_graph=True)
    return [None if grad is None else float(grad) for grad in grads]


def fresh(impl, number):
    value = impl.Value(number)
    combined = value * value + 1
    return {"data": value.data, "grad": value.grad, "grad of a result": combined.grad}


def steps(min_size=1):
    operation = st.sampled_from(("add", "multiply", "power", "exp", "tanh"))
    # counted from the end as often as from the start, so that graphs become deep as well as wide
    pick = st.integers(-3, 5)
    return st.lists(st.tuples(operation, pick, pick), min_size=min_size, max_size=5)


# Five steps from leaves within ±0.9 make numbers up to 1e5, whose slopes along many paths may cancel. What tanh
# is given stays below 310, so that it may be written with exp(2x).
MANY_PATHS = 1e-9


def leaves():
    return st.lists(st.integers(-900, 900).map(lambda x: x / 1000), min_size=1, max_size=3)


@exercise("Value")
class TestValue:
    @given(st.floats(0.1, 3), st.floats(-3, 3))
    def test_each_operation_matches_the_reference(self, both, a, b):
        "The number, and the slope along each operand; plain numbers may stand on either side."
        both.agree(each_operation, a, b)

    @given(leaves(), steps())
    def test_a_graph_matches_the_reference(self, both, leaves, steps):
        both.agree(whole_graph, leaves, steps, atol=MANY_PATHS)

    @given(leaves(), steps(min_size=3))
    def test_a_graph_matches_autograd(self, learner, leaves, steps):
        "The same expression in torch.autograd, for every number in the graph."
        nodes = by_autograd(leaves, steps)
        want = [slope or 0.0 for slope in slopes_by_autograd(nodes[-1], nodes)]
        got = learner.run(whole_graph, leaves, steps)
        expect(got["grad"], want, "the gradients", atol=MANY_PATHS)

    @given(st.floats(-2, 2), st.integers(1, 8))
    def test_adds_up_every_path_to_a_shared_number(self, learner, x, doublings):
        "y = x + x, again and again: 2ⁿ paths lead back to x."
        got = learner.run(whole_graph, [x], [("add", -1, -1)] * doublings)
        expect(got["grad"], [2.0 ** (doublings - i) for i in range(doublings + 1)], "the gradients")

    def test_waits_for_every_consumer(self, learner):
        "y = x · x; out = tanh(y) + y: y's slope must be complete before it is passed on to x."
        got = learner.run(whole_graph, [0.5], [("multiply", 0, 0), ("tanh", 1, 1), ("add", 1, 2)])
        through = 2 - math.tanh(0.25) ** 2
        expect(got["grad"], [through, through, 1.0, 1.0], "the gradients of x, y, tanh(y), out")

    @given(leaves(), steps(min_size=2))
    def test_backward_starts_afresh_each_time(self, learner, leaves, steps):
        "Slopes left over from an earlier call do not add to the new ones."
        nodes = by_autograd(leaves, steps)
        leaf_nodes = nodes[: len(leaves)]
        outputs = nodes[-1], nodes[len(nodes) // 2], nodes[-1]
        got = learner.run(three_times, leaves, steps)
        for call, (slopes, output) in enumerate(zip(got, outputs, strict=True), start=1):
            want = slopes_by_autograd(output, leaf_nodes)
            # nothing is said of a leaf that this output was not computed from
            known = [slope if wanted is not None else None for slope, wanted in zip(slopes, want, strict=True)]
            expect(known, want, f"the leaves' slopes after call {call}", atol=MANY_PATHS)

    @given(st.floats(-3, 3))
    def test_starts_without_a_slope(self, learner, number):
        want = {"data": number, "grad": 0.0, "grad of a result": 0.0}
        expect(learner.run(fresh, number), want, "a Value before backward")


# adam_step


@st.composite
def optimiser(draw, dtype=np.float64):
    """(p, g, state) in the middle of a run, and (lr, betas, eps)."""
    n, k, t = draw(dims(3)), draw(dims()), draw(st.sampled_from((0, 1, 2, 10, 1000)))
    p, g, m, v = draw(arrays(4, n, k, dtype=dtype, kinds=("unit", "tiny", "integers")))
    state = (0 * m, 0 * v, 0) if t == 0 else (m, v * v, t)
    # with β = 0, m + (1 - β) (g - m) is right as well, but keeps too few digits of g in float32
    no_memory = ((0.0, 0.0), (0.0, 0.9)) if dtype == np.float64 else ()
    return (p, g, state), (
        draw(st.sampled_from((0.1, 1e-3))),
        draw(st.sampled_from(((0.9, 0.999), (0.5, 0.8), *no_memory))),
        draw(st.sampled_from((1e-8, 1e-2))),
    )


def several_steps(impl, p, gradients, *settings):
    state = (np.zeros_like(p), np.zeros_like(p), 0)
    for g in gradients:
        p, state = impl.adam_step(p, g, state, *settings)
    return p, state[2]


@exercise("adam_step")
class TestAdamStep:
    @given(st.data(), DTYPES)
    def test_matches_the_reference(self, both, data, dtype):
        "Two running means, both corrected for their start at zero."
        start, settings = data.draw(optimiser(dtype))
        both.agree("adam_step", *start, *settings)

    @given(optimiser(), st.sampled_from((0.01, 0.5)), st.booleans())
    def test_decays_weights_either_way(self, both, case, weight_decay, decoupled):
        "Folded into the gradient (Adam), or taken from the weights beside it (AdamW)."
        start, settings = case
        kind = {"decoupled": True} if decoupled else {}
        both.agree("adam_step", *start, *settings, weight_decay=weight_decay, **kind)

    @given(st.data(), dims(), dims(4), st.sampled_from((0.0, 0.3)), st.booleans())
    def test_walks_by_honest_averages(self, learner, data, d, count, weight_decay, decoupled):
        "m̂ averages all gradients so far, the one k steps back weighted by β₁ᵏ; v̂ their squares, by β₂ᵏ."
        p, *gradients = data.draw(arrays(1 + count, d, kinds=("unit", "integers")))
        lr, betas, eps = 0.05, (0.9, 0.99), 1e-6
        got = learner.run(several_steps, p, gradients, lr, betas, eps, weight_decay, decoupled)
        seen = []
        for g in gradients:
            seen.append(g + (0 if decoupled else weight_decay) * p)
            shrink = lr * weight_decay * p if decoupled else 0
            age = np.arange(len(seen))[::-1]
            m_hat = np.average(seen, axis=0, weights=betas[0] ** age)
            v_hat = np.average(np.square(seen), axis=0, weights=betas[1] ** age)
            p = p - shrink - lr * m_hat / (np.sqrt(v_hat) + eps)
        expect(got, (p, count), "the weights after those steps, and their count", atol=1e-12)

    @given(st.data(), dims(), st.sampled_from((1e-4, 1.0, 1e4)))
    def test_first_steps_by_the_learning_rate(self, learner, data, d, size):
        "Whatever the size of the gradient: m̂ / √v̂ = g / |g| at t = 1."
        p, direction = data.draw(arrays(2, d, kinds=("unit",)))
        g = size * np.where(direction < 0, -1.0, 1.0)
        got, _ = learner.adam_step(p, g, (np.zeros(d), np.zeros(d), 0), 0.1, (0.9, 0.999), 1e-12)
        expect(got, p - 0.1 * np.sign(g), "the weights after the first step")

    def test_leaves_its_inputs_alone(self, learner):
        p, g, m, v = FOUR_TABLES
        for decoupled in (False, True):
            expect_untouched_in_both_precisions(
                learner, "adam_step", p, g, (m, v * v, 3), 0.1, (0.9, 0.999), 1e-8, 0.1, decoupled
            )
