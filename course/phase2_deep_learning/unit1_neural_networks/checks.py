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


@exercise("cross_entropy", returns=("loss", "dlogits"))
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


@exercise("linear_backward", returns=("dx", "dw", "db"))
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
        expect((dx * by_x).sum(), (dout * (by_x @ w.T)).sum(), "Σ dx · (change of x)", rtol=1e-7, atol=1e-9)
        expect((dw * by_w).sum(), (dout * (x @ by_w.T)).sum(), "Σ dw · (change of w)", rtol=1e-7, atol=1e-9)
        expect((db * by_b).sum(), (dout * by_b).sum(), "Σ db · (change of b)", rtol=1e-7, atol=1e-9)

    def test_leaves_its_inputs_alone(self, learner):
        dout, x, w = FOUR_TABLES[0, :, :4], FOUR_TABLES[1], FOUR_TABLES[2:, :2].reshape(4, 5)
        expect_untouched_in_both_precisions(learner, "linear_backward", dout, x, w)


# gelu_tanh


@exercise("gelu_tanh", returns=("y", "dy_dx"))
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
        expect(y - mirrored, x, "y at x, less y at -x")
        expect(slope + mirrored_slope, np.ones(n), "dy_dx at x, plus dy_dx at -x")

    @given(st.data(), dims())
    def test_has_the_slope_of_its_curve(self, learner, data, n):
        "Central differences of the formula."
        x = data.draw(arrays(n, kinds=("unit", "tiny", "integers")))

        def curve(z):
            return 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))

        _, slope = learner.gelu_tanh(x)
        # central differences with h = 1e-5 are good to 1e-10 here
        expect(slope, (curve(x + 1e-5) - curve(x - 1e-5)) / 2e-5, "dy_dx", rtol=1e-6, atol=1e-9)

    def test_leaves_its_input_alone(self, learner):
        expect_untouched_in_both_precisions(learner, "gelu_tanh", FOUR_TABLES[0])


# Value

OPERATIONS = {
    "a + b": lambda a, b: a + b,
    "a * b": lambda a, b: a * b,
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
WITH_ITSELF = {
    "a + a": lambda a, b: a + a,
    "a * a": lambda a, b: a * a,
}


def each_operation(impl, a, b):
    """The number that each operation gives."""
    numbers = {}
    for name, operation in (OPERATIONS | WITH_ITSELF).items():
        numbers[f"({name}).data"] = operation(impl.Value(a), impl.Value(b)).data
    return numbers


def slopes(impl, a, b, operations):
    numbers = {}
    for name, operation in operations.items():
        left, right = impl.Value(a), impl.Value(b)
        out = operation(left, right)
        out.backward()
        numbers |= {f"out.data for out = {name}": out.data, f"a.grad for out = {name}": left.grad}
        numbers |= {f"b.grad for out = {name}": right.grad, f"out.grad for out = {name}": out.grad}
    return numbers


def backward_of_each_operation(impl, a, b):
    return slopes(impl, a, b, OPERATIONS)


def backward_of_a_number_with_itself(impl, a, b):
    return slopes(impl, a, b, WITH_ITSELF)


def computed(numbers, lines):
    """`numbers`, by name, and the results of lines such as "c = a * b"."""
    names = dict(numbers)
    for line in lines:
        name, _, expression = line.partition(" = ")
        names[name] = eval(expression, {}, names)
    return names


def values_of(impl, numbers):
    return {name: impl.Value(number) for name, number in numbers.items()}


def forward(impl, numbers, lines):
    """Every number of a graph."""
    return {f"{name}.data": value.data for name, value in computed(values_of(impl, numbers), lines).items()}


def backward_from_the_last(impl, numbers, lines):
    """Every number of a graph and its slope, once backward was called on the last of them."""
    values = computed(values_of(impl, numbers), lines)
    list(values.values())[-1].backward()
    data = {f"{name}.data": value.data for name, value in values.items()}
    return data | {f"{name}.grad": value.grad for name, value in values.items()}


def three_calls(names):
    """From which numbers of a graph backward is called: the last, one in the middle, and the last again."""
    names = list(names)
    return names[-1], names[len(names) // 2], names[-1]


def backward_three_times(impl, numbers, lines):
    """The slopes of the numbers that all began with, after each of three calls."""
    values = computed(values_of(impl, numbers), lines)
    found = {}
    for call, output in enumerate(three_calls(values), start=1):
        values[output].backward()
        found |= {f"{name}.grad after call {call}, {output}.backward()": values[name].grad for name in numbers}
    return found


def by_autograd(numbers, lines):
    """Every number of the graph, as a tensor."""
    leaves = {name: torch.tensor(number, dtype=torch.float64, requires_grad=True) for name, number in numbers.items()}
    return computed(leaves, lines)


def slopes_by_autograd(output, tensors):
    """None where the output was not computed from a number."""
    grads = torch.autograd.grad(output, list(tensors.values()), allow_unused=True, retain_graph=True)
    return {name: None if grad is None else float(grad) for name, grad in zip(tensors, grads, strict=True)}


def gradients_of(got):
    return {name: number for name, number in got.items() if name.endswith(".grad")}


def expect_slopes_of_autograd(learner, numbers, lines):
    """The same expression in torch.autograd, for every number in the graph."""
    tensors = by_autograd(numbers, lines)
    found = slopes_by_autograd(list(tensors.values())[-1], tensors)
    want = {f"{name}.grad": slope or 0.0 for name, slope in found.items()}
    expect(gradients_of(learner.run(backward_from_the_last, numbers, lines)), want, atol=MANY_PATHS)


def fresh(impl, number):
    value = impl.Value(number)
    combined = value * value + 1
    return {".data": value.data, ".grad": value.grad, ".grad of a result": combined.grad}


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


def letters(leaves):
    """The numbers that all begins with, by name: a, b, c."""
    return dict(zip("abc", leaves, strict=False))


EXPRESSIONS = {
    "add": "{} + {}",
    "multiply": "{} * {}",
    "power": "{}.tanh() ** 3",
    "exp": "{}.tanh().exp()",
    "tanh": "{}.tanh()",
}


def graph(leaves, steps):
    """One more number for each step. Earlier ones are used again."""
    numbers, lines = letters(leaves), []
    names = list(numbers)
    for operation, i, j in steps:
        expression = EXPRESSIONS[operation].format(names[i % len(names)], names[j % len(names)])
        names.append(chr(ord("a") + len(names)))
        lines.append(f"{names[-1]} = {expression}")
    return numbers, lines


def tree(leaves, steps):
    """The same, but only what it begins with is used more than once: each result goes into the next one."""
    numbers, lines = letters(leaves), []
    last = list(numbers)[-1]
    for place, (operation, i, _) in enumerate(steps, start=len(numbers)):
        expression = EXPRESSIONS[operation].format(last, list(numbers)[i % len(numbers)])
        last = chr(ord("a") + place)
        lines.append(f"{last} = {expression}")
    return numbers, lines


LINKS = ("{} + 0.5", "3 * {}", "{} * -0.5", "{}.tanh() ** 3", "{}.tanh().exp()", "{}.tanh()")


def chain(start, links):
    """Each number is computed from the one before."""
    names = "abcdef"
    return {"a": start}, [f"{names[i + 1]} = {link.format(names[i])}" for i, link in enumerate(links)]


GRAPHS = st.builds(graph, leaves(), steps())
TREES = st.builds(tree, leaves(), steps())
CHAINS = st.builds(
    chain,
    st.integers(-900, 900).map(lambda x: x / 1000),
    st.lists(st.sampled_from(LINKS), min_size=1, max_size=5),
)
OPERANDS = (st.floats(0.1, 3), st.floats(-3, 3))


@exercise("Value", part="forward")
class TestValueForward:
    @given(*OPERANDS)
    def test_each_operation_matches_the_reference(self, both, a, b):
        "The number; plain numbers may stand on either side."
        both.agree(each_operation, a, b)

    @given(GRAPHS)
    def test_results_can_be_computed_with(self, learner, graph):
        "The same lines with torch's numbers."
        numbers, lines = graph
        want = {f"{name}.data": float(tensor) for name, tensor in by_autograd(numbers, lines).items()}
        expect(learner.run(forward, numbers, lines), want, atol=MANY_PATHS)

    @given(st.floats(-3, 3))
    def test_starts_without_a_slope(self, learner, number):
        want = {".data": number, ".grad": 0.0, ".grad of a result": 0.0}
        expect(learner.run(fresh, number), want, "a Value before backward")


@exercise("Value", part="backward on a chain")
class TestValueOnAChain:
    @given(*OPERANDS)
    def test_each_operation_matches_the_reference(self, both, a, b):
        "The slope along each operand."
        both.agree(backward_of_each_operation, a, b)

    @given(CHAINS)
    def test_a_chain_matches_autograd(self, learner, chain):
        "The same lines in torch.autograd: the slopes of a chain are multiplied."
        expect_slopes_of_autograd(learner, *chain)


@exercise("Value", part="backward with sharing")
class TestValueWithSharing:
    @given(*OPERANDS)
    def test_a_number_with_itself_matches_the_reference(self, both, a, b):
        "Along both paths: the slopes of a + a and a * a."
        both.agree(backward_of_a_number_with_itself, a, b)

    @given(TREES)
    def test_numbers_used_again_match_autograd(self, learner, tree):
        "The same lines in torch.autograd, where what they begin with is used again."
        expect_slopes_of_autograd(learner, *tree)

    @given(st.floats(-2, 2), st.integers(1, 5))
    def test_adds_up_every_path(self, learner, x, times):
        "a + a + a + …: each time that a is added is one path."
        _, lines = tree([x], [("add", 0, 0)] * times)
        got = learner.run(backward_from_the_last, {"a": x}, lines)
        expect(got["a.grad"], float(times + 1), "a.grad")


@exercise("Value", part="backward in order")
class TestValueInOrder:
    @given(GRAPHS)
    def test_a_graph_matches_the_reference(self, both, graph):
        both.agree(backward_from_the_last, *graph, atol=MANY_PATHS)

    @given(st.builds(graph, leaves(), steps(min_size=3)))
    def test_a_graph_matches_autograd(self, learner, graph):
        "The same lines in torch.autograd, for every number in the graph."
        expect_slopes_of_autograd(learner, *graph)

    @given(st.floats(-2, 2), st.integers(1, 8))
    def test_adds_up_every_path_to_a_shared_number(self, learner, x, doublings):
        "b = a + a, c = b + b, again and again: 2ⁿ paths lead back to a."
        numbers, lines = graph([x], [("add", -1, -1)] * doublings)
        got = learner.run(backward_from_the_last, numbers, lines)
        want = {f"{chr(ord('a') + i)}.grad": 2.0 ** (doublings - i) for i in range(doublings + 1)}
        expect(gradients_of(got), want)

    def test_waits_for_every_consumer(self, learner):
        "b = a · a, c = tanh(b), d = b + c: b's slope must be complete before it is passed on to a."
        numbers, lines = graph([0.5], [("multiply", 0, 0), ("tanh", 1, 1), ("add", 1, 2)])
        got = learner.run(backward_from_the_last, numbers, lines)
        through = 2 - math.tanh(0.25) ** 2
        expect(gradients_of(got), {"a.grad": through, "b.grad": through, "c.grad": 1.0, "d.grad": 1.0})

    @given(st.builds(graph, leaves(), steps(min_size=2)))
    def test_backward_starts_afresh_each_time(self, learner, graph):
        "Slopes left over from an earlier call do not add to the new ones."
        numbers, lines = graph
        tensors = by_autograd(numbers, lines)
        want = {}
        for call, output in enumerate(three_calls(tensors), start=1):
            slopes = slopes_by_autograd(tensors[output], {name: tensors[name] for name in numbers})
            # nothing is said of a number that this output was not computed from
            known = {name: slope for name, slope in slopes.items() if slope is not None}
            want |= {f"{name}.grad after call {call}, {output}.backward()": slope for name, slope in known.items()}
        got = learner.run(backward_three_times, numbers, lines)
        expect({name: got[name] for name in want}, want, atol=MANY_PATHS)


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


def several_steps(impl, p, gradients, lr, betas, eps, weight_decay, decoupled):
    state = (np.zeros_like(p), np.zeros_like(p), 0)
    for g in gradients:
        p, state = impl.adam_step(p, g, state, lr, betas, eps, weight_decay, decoupled)
    return {"p after the last step": p, "t after the last step": state[2]}


@exercise("adam_step", returns=("p", ("m", "v", "t")))
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
        expect(got, {"p after the last step": p, "t after the last step": count}, atol=1e-12)

    @given(st.data(), dims(), st.sampled_from((1e-4, 1.0, 1e4)))
    def test_first_steps_by_the_learning_rate(self, learner, data, d, size):
        "Whatever the size of the gradient: m̂ / √v̂ = g / |g| at t = 1."
        p, direction = data.draw(arrays(2, d, kinds=("unit",)))
        g = size * np.where(direction < 0, -1.0, 1.0)
        got, _ = learner.adam_step(p, g, (np.zeros(d), np.zeros(d), 0), 0.1, (0.9, 0.999), 1e-12)
        expect(got, p - 0.1 * np.sign(g), "p after the first step")

    def test_leaves_its_inputs_alone(self, learner):
        p, g, m, v = FOUR_TABLES
        for decoupled in (False, True):
            expect_untouched_in_both_precisions(
                learner, "adam_step", p, g, (m, v * v, 3), 0.1, (0.9, 0.999), 1e-8, 0.1, decoupled
            )
