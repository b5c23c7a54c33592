"""Checks for unit 1.4, classic machine learning.

Where several answers are right (which rows land where, which of two equally good thresholds), what is compared is what
the statement promises of every one of them.
"""

import math
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect, expect_untouched
from grader.judge.trial.strategies import dims, seeds

# stratified_split


NAMES_OF_CLASSES = np.array([0, 1, 2, 5, 9])
EIGHTHS = ((1.0,), (0.5, 0.5), (0.75, 0.25), (0.25, 0.75), (0.5, 0.25, 0.25), (0.125, 0.625, 0.25))
"""Shares that a computer knows exactly."""
ANY_SHARES = (*EIGHTHS, (0.6, 0.2, 0.2), (0.7, 0.3), (0.8, 0.1, 0.1), (1 / 3, 1 / 3, 1 / 3), (0.4, 0.3, 0.2, 0.1))


def mixed_labels(sizes, seed):
    """As many labels of each class as `sizes` says, in random order."""
    rng = np.random.default_rng(seed)
    names = np.sort(rng.choice(NAMES_OF_CLASSES, len(sizes), replace=False))
    return rng.permutation(np.repeat(names, sizes))


def labels_in_eights(classes, seed):
    """Every class has a multiple of 8 rows, so that there is nothing to round."""
    return mixed_labels(8 * np.random.default_rng(seed).integers(1, 5, classes), seed)


def labels_of_any_number(classes, seed):
    """Classes of one row, of a few, and of more than a hundred."""
    rng = np.random.default_rng(seed)
    return mixed_labels(
        [int(rng.choice((1, rng.integers(2, 12), rng.integers(90, 140)))) for _ in range(classes)], seed
    )


def census(impl, y, fractions, seed):
    """How many rows of each class (across) each part (down) has; whichever rows they are."""
    parts = impl.stratified_split(y, fractions, np.random.default_rng(seed))
    rows = {}
    for i, part in enumerate(parts):
        rows |= {f"rows of class {label} in part {i}": int((y[part] == label).sum()) for label in np.unique(y)}
    return {"number of parts": len(parts), "parts": rows}


def roll_call(impl, y, fractions, seed):
    """Who is in the parts, whichever part it is."""
    parts = impl.stratified_split(y, fractions, np.random.default_rng(seed))
    everyone = [int(row) for part in parts for row in part]
    return {
        "rows in all parts together": len(everyone),
        "different ones among them": len(set(everyone)),
        "the first of them": min(everyone, default=-1),
        "the last of them": max(everyone, default=-1),
    }


def types(impl, y, fractions, seed):
    """What kind of thing each part is."""
    parts = impl.stratified_split(y, fractions, np.random.default_rng(seed))
    kinds = [f"{type(part).__name__} of {part.dtype if hasattr(part, 'dtype') else 'objects'}" for part in parts]
    return {"number of parts": len(parts), "parts": {f"part {i}": kind for i, kind in enumerate(kinds)}}


def four_splits(impl, y, seed):
    """One half's rows, sorted: two splits in a row with one generator, one with an equal one, one with another."""
    halves = {}
    one = np.random.default_rng(seed)
    for name, rng in (
        ("first split", one),
        ("second split with that generator", one),
        ("first split with an equal generator", np.random.default_rng(seed)),
        ("first split with another generator", np.random.default_rng(seed + 1)),
    ):
        np.random.seed(7)  # whoever draws from here instead is found out
        random.seed(7)
        halves[name] = np.sort(impl.stratified_split(y, (0.5, 0.5), rng)[0])
    return halves


EXACT = st.builds(labels_in_eights, dims(4), seeds())
LABELS = st.builds(labels_of_any_number, dims(5), seeds())


@exercise("stratified_split")
class TestStratifiedSplit:
    @given(EXACT, st.sampled_from(EIGHTHS), seeds())
    def test_matches_the_references_counts(self, both, y, fractions, seed):
        "Where nothing has to be rounded, each part (a row of this table) has its exact share of each class."
        both.agree(census, y, fractions, seed)

    @given(LABELS, st.sampled_from(ANY_SHARES), seeds())
    def test_returns_int64_arrays(self, both, y, fractions, seed):
        "Also where a part is empty: np.array([]) would be float64, which is no row number."
        both.agree(types, y, fractions, seed)

    @given(LABELS, st.sampled_from(ANY_SHARES), seeds())
    def test_puts_every_row_into_exactly_one_part(self, learner, y, fractions, seed):
        got = learner.run(roll_call, y, fractions, seed)
        want = {
            "rows in all parts together": len(y),
            "different ones among them": len(y),
            "the first of them": 0,
            "the last of them": len(y) - 1,
        }
        expect(got, want, "the parts")

    @given(LABELS, st.sampled_from(ANY_SHARES), seeds())
    def test_gives_every_class_its_share_but_for_rounding(self, learner, y, fractions, seed):
        "Off by less than one row for each part."
        got = learner.run(census, y, fractions, seed)
        labels, sizes = np.unique(y, return_counts=True)
        want = np.outer(fractions, sizes)
        count = got["number of parts"]
        assert count == len(fractions), f"{count} parts came back for {len(fractions)} fractions"
        rows = np.array(list(got["parts"].values())).reshape(want.shape)
        off = abs(rows - want)
        part, label = (int(i) for i in np.unravel_index(off.argmax(), off.shape))
        assert off[part, label] < len(fractions) - 1e-6, (
            f"part {part} has {rows[part, label]} of the {sizes[label]} rows of class {labels[label]}; "
            f"its share is {want[part, label]:g}"
        )

    @given(st.integers(1, 3), seeds(), seeds())
    def test_lets_the_generator_choose_the_rows(self, learner, classes, labels_seed, seed):
        # Two halves of 40 rows are the same by chance once in C(40, 20) ≈ 10^11 times.
        y = mixed_labels([40] * classes, labels_seed)
        first, second, again, other = learner.run(four_splits, y, seed).values()
        for label in np.unique(y):
            rows = np.flatnonzero(y == label)
            mine = first[y[first] == label]
            for which, some in (("first", rows[: len(mine)]), ("last", rows[len(rows) - len(mine) :])):
                assert not np.array_equal(mine, some), (
                    f"the first part has simply the {which} {len(mine)} rows of class {label}: nothing was shuffled"
                )
        expect(again, first, "the first part with an equal generator")
        assert not np.array_equal(other, first), "another generator gives the same split: rng is not what was used"
        assert not np.array_equal(second, first), "a second split with the same generator repeats the first"

    @given(LABELS, st.sampled_from(ANY_SHARES))
    def test_leaves_the_labels_alone(self, learner, y, fractions):
        got = learner.run(labels_afterwards, np.copy(y), fractions)
        expect(got, y, "y after the call")


def labels_afterwards(impl, y, fractions):
    impl.stratified_split(y, fractions, np.random.default_rng(0))
    return y


# binary_cross_entropy


POWERS_OF_TWO = (2.0**-40, 2.0**-10, 2.0**-5, 2.0**-3)
"""For eps: 1 - eps is then exact, and p clipped above is as good as 1 - p clipped below."""


def predictions(n, seed):
    """Probabilities, two of five of them 0, 1, or very near; and labels."""
    rng = np.random.default_rng(seed)
    p = rng.random(n)
    extreme = rng.random(n) < 0.4
    p[extreme] = rng.choice([0.0, 1.0, 1e-6, 1 - 1e-6, 0.01, 0.99], extreme.sum())
    return p, rng.integers(0, 2, n)


PREDICTIONS = st.builds(predictions, dims(6), seeds())


@exercise("binary_cross_entropy")
class TestBinaryCrossEntropy:
    @given(PREDICTIONS, st.sampled_from(POWERS_OF_TWO))
    def test_matches_the_reference(self, both, drawn, eps):
        "The mean of -log(probability of the true label), where none is below eps or above 1 - eps."
        both.agree("binary_cross_entropy", *drawn, eps)

    @given(st.integers(0, 5), st.integers(0, 5), st.floats(0.01, 0.99), seeds())
    def test_knows_what_one_guess_for_all_costs(self, learner, ones, zeros, p, seed):
        "Always the same p: the ones cost -log p each, the zeros -log(1 - p), in nats."
        n = max(1, ones + zeros)
        y = np.random.default_rng(seed).permutation((np.arange(n) < ones).astype(np.int64))
        total = -(int(y.sum()) * math.log(p) + (n - int(y.sum())) * math.log1p(-p))
        expect(learner.binary_cross_entropy(np.full(n, p), y), total / n, f"the loss of always saying {p:.4g}")

    @given(dims(5), seeds())
    def test_bears_being_sure_and_wrong(self, learner, n, seed):
        "Unless told otherwise, no row costs more than -log(1e-12) = 27.6 nats, and a sure and right one nothing."
        y = np.random.default_rng(seed).integers(0, 2, n)
        right, wrong = y.astype(np.float64), 1.0 - y
        expect(learner.binary_cross_entropy(right, y), 0.0, "the loss of sure and right predictions", atol=1e-9)
        # 1 - 1e-12 is rounded: clipping p, or clipping 1 - p, differ in the sixth digit
        want = -math.log(1e-12)
        expect(learner.binary_cross_entropy(wrong, y), want, "the loss of sure and wrong predictions", rtol=2e-5)

    @given(PREDICTIONS)
    def test_leaves_its_inputs_alone(self, learner, drawn):
        expect_untouched(learner, "binary_cross_entropy", *drawn)


# logistic_regression_fit


def two_classes(n, d, seed):
    """x (n, d) of some size, labels, and (l2, lr, steps)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) * (1.0, 0.1, 3.0)[seed % 3] + rng.integers(-1, 2, d)
    settings = (0.0, 0.5, 3.0, 10.0)[seed // 3 % 4], (0.1, 0.5, 1.0)[seed // 12 % 3], 1 + seed // 36 % 4
    return x, rng.integers(0, 2, n), *settings


def far_apart(n, d, seed):
    """Two classes on far sides of the origin: after one step, w · x is in the thousands, and of the right sign."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    direction = rng.choice([-1.0, 1.0], d) * rng.uniform(1, 2, d)
    x = (100.0, 1000.0)[seed % 2] * (np.outer(2 * y - 1, direction) + rng.uniform(-0.3, 0.3, (n, d)))
    return x, y, (0.0, 1.0)[seed // 2 % 2], 1.0, 2 + seed // 4 % 3


def upright(seed):
    """Twelve rows of two columns at right angles to each other and to a column of ones: downhill is a short way."""
    rng = np.random.default_rng(seed)
    square = np.linalg.qr(np.column_stack([np.ones(12), rng.normal(size=(12, 2))]))[0]
    y = rng.integers(0, 2, 12)
    y[:2] = 0, 1
    return math.sqrt(12) * square[:, 1:], y


DATA = st.builds(two_classes, dims(7), dims(4), seeds())


def fitted(impl, x, y, l2, lr, steps):
    w, b = impl.logistic_regression_fit(x, y, l2, lr, steps)
    return {"w": w, "b": b}


@exercise("logistic_regression_fit", returns=("w", "b"))
class TestLogisticRegressionFit:
    @given(DATA)
    def test_matches_the_reference(self, both, drawn):
        "(w, b) after so many steps, each down the slope of J that the statement defines."
        both.agree("logistic_regression_fit", *drawn)

    @given(DATA)
    def test_first_step_goes_by_half_the_difference(self, learner, drawn):
        "At w = 0 and b = 0 everything has probability 1/2, so the slope is known."
        x, y, l2, lr, _ = drawn
        half = (2 * y - 1) / 2
        want = {"w": lr * (half @ x) / len(y), "b": lr * float(half.mean())}
        expect(learner.run(fitted, x, y, l2, lr, 1), want, "after one step")

    @given(st.builds(far_apart, dims(6), dims(3), seeds()))
    def test_survives_scores_in_the_thousands(self, both, drawn):
        "exp(1000) is infinite; σ(1000) is 1."
        both.agree("logistic_regression_fit", *drawn)

    @given(st.sampled_from((1, 2, 3, 4)), st.sampled_from((0.5, 4.0)))
    def test_arrives_at_the_bottom(self, learner, seed, l2):
        "After 150 steps, the slope of Σ -log p(y | x) + l2/2 · ‖w‖² is 0, in w and in b."
        x, y = upright(seed)
        w, b = learner.logistic_regression_fit(x, y, l2, 2.0, 150)
        error = 1 / (1 + np.exp(-(x @ w + b))) - y
        slope = np.append(x.T @ error + l2 * w, error.sum())
        expect(slope, np.zeros(3), "the slope along w and b after 150 steps", atol=1e-6)

    @given(DATA)
    def test_leaves_its_inputs_alone(self, learner, drawn):
        expect_untouched(learner, "logistic_regression_fit", *drawn)


# hinge_loss


def scores(n, seed):
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) * (1.0, 0.1, 5.0, 1e4)[seed % 4], rng.integers(0, 2, n)


def margins(n, seed):
    """Scores that lie on known sides of the line and of the margin, the labels, and what each row costs."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    kinds = rng.integers(0, 6, n)
    margin = np.array([-3.0, -0.5, 0.0, 0.25, 1.0, 8.0])[kinds]
    return np.where(y == 1, margin, -margin), y, np.array([4.0, 1.5, 1.0, 0.75, 0.0, 0.0])[kinds]


SCORES = st.builds(scores, dims(6), seeds())


@exercise("hinge_loss")
class TestHingeLoss:
    @given(SCORES)
    def test_matches_the_reference(self, both, drawn):
        "The mean of max(0, 1 - t · score), t = ±1."
        both.agree("hinge_loss", *drawn)

    @given(st.builds(margins, dims(7), seeds()))
    def test_asks_for_room_to_spare(self, learner, drawn):
        "Right by 1 or more costs nothing, right by 0.25 costs 0.75, wrong by 3 costs 4; the mean is over all rows."
        score, y, costs = drawn
        expect(learner.hinge_loss(score, y), float(costs.mean()), "the loss of scores with known margins")

    @given(SCORES)
    def test_leaves_its_inputs_alone(self, learner, drawn):
        expect_untouched(learner, "hinge_loss", *drawn)


# best_gini_split


CLASSES = np.array([0, 1, 2, 7])
SCALES = (1.0, 1e-4, 1e4)


def thresholds_and_counts(x, y):
    """All midpoints, and how many rows of each class (across) each of them (down) leaves left and right."""
    values = np.unique(x)
    middle = (values[:-1] + values[1:]) / 2
    of_class = y[:, None] == np.unique(y)
    left = (x <= middle[:, None]).astype(np.int64) @ of_class
    return middle, left, of_class.sum(0) - left


def gini_cost(counts):
    """n · (1 - Σ p²) for each row of counts."""
    n = counts.sum(1)
    return n - (counts**2).sum(1) / n


def entropy_cost(counts):
    p = counts / counts.sum(1, keepdims=True)
    return -(counts * np.log(np.where(p > 0, p, 1))).sum(1)


def feature(n, seed):
    """n ≥ 2 whole numbers, some of them equal, not all; of some scale and place; and labels."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-4, 5, n).astype(np.float64)
    x[0] = x[-1] + 1
    order = rng.permutation(n)
    labels = rng.choice(CLASSES[: 2 + seed % 3], n)
    return x[order] * SCALES[seed // 3 % 3], labels


def contested(n, seed):
    """A feature with exactly one best threshold, where entropy would choose another one."""
    rng = np.random.default_rng(seed)
    while True:
        x, y = feature(n, int(rng.integers(2**16)))
        _, left, right = thresholds_and_counts(x, y)
        gini, entropy = (cost(left) + cost(right) for cost in (gini_cost, entropy_cost))
        alone = (gini < gini.min() + 1e-6).sum() == 1
        if alone and entropy[gini.argmin()] > entropy.min() + 1e-6:
            return x, y


def clean_cut(left, right, seed):
    """Two classes, one below a gap and one above it: (x, y, the middle of the gap)."""
    rng = np.random.default_rng(seed)
    gap = float(rng.uniform(0.5, 3))
    below, above = -rng.random(left), gap + rng.random(right)
    below[0], above[0] = 0.0, gap
    order = rng.permutation(left + right)
    x = SCALES[seed % 3] * (np.concatenate([below, above]) + rng.integers(-3, 4))
    labels = rng.choice(CLASSES, 2, replace=False)
    middle = (float(x[:left].max()) + float(x[left:].min())) / 2
    return x[order], np.repeat(labels, (left, right))[order], middle


FEATURES = st.builds(feature, st.integers(2, 9), seeds())


@exercise("best_gini_split")
class TestBestGiniSplit:
    @given(st.builds(contested, st.integers(8, 12), seeds()))
    def test_matches_the_reference(self, both, drawn):
        "The threshold with the smallest weighted impurity, here the only one."
        both.agree("best_gini_split", *drawn)

    @given(FEATURES)
    def test_no_threshold_is_better(self, learner, drawn):
        "Halfway between two neighbouring values; where several are equally good, any."
        x, y = drawn
        got = learner.best_gini_split(x, y)
        middle, left, right = thresholds_and_counts(x, y)
        costs = gini_cost(left) + gini_cost(right)
        nearest = int(abs(middle - got).argmin())
        expect(got, float(middle[nearest]), "the threshold, halfway between two neighbouring values of x")
        mine, best = costs[nearest] / len(x), costs.min() / len(x)
        assert mine <= best + 1e-9, (
            f"the threshold {got:.6g} leaves an impurity of {mine:.6g}, and {float(middle[costs.argmin()]):.6g} "
            f"only {best:.6g}"
        )

    @given(st.builds(clean_cut, dims(5), dims(5), seeds()))
    def test_finds_a_gap_between_two_classes(self, learner, drawn):
        x, y, middle = drawn
        expect(learner.best_gini_split(x, y), middle, "the threshold")

    @given(FEATURES)
    def test_leaves_its_inputs_alone(self, learner, drawn):
        expect_untouched(learner, "best_gini_split", *drawn)


# precision_recall_f1


def outcomes(hits, alarms, misses, seed):
    """y_true and y_pred with so many hits, false alarms and misses, and up to three rows where nothing happened."""
    rng = np.random.default_rng(seed)
    quiet = seed % 4 if hits + alarms + misses else 1 + seed % 4
    pairs = np.repeat([[1, 1], [0, 1], [1, 0], [0, 0]], (hits, alarms, misses, quiet), axis=0)
    return tuple(rng.permutation(pairs).T.copy())


def three_scores(impl, y_true, y_pred):
    """As floats: where all three are 0 or 1, np.array([0, 0, 0]) is as good an answer."""
    scores = impl.precision_recall_f1(y_true, y_pred)
    kind = f"an array {scores.shape}" if isinstance(scores, np.ndarray) else f"a {type(scores).__name__}"
    three = map(float, scores) if kind == "an array (3,)" else (None, None, None)
    return {"what is returned": kind, **dict(zip(("precision", "recall", "f1"), three, strict=True))}


def scores_are(precision, recall, f1):
    return {"what is returned": "an array (3,)", "precision": precision, "recall": recall, "f1": f1}


COUNT = st.integers(0, 4)
OUTCOMES = st.builds(outcomes, COUNT, COUNT, COUNT, seeds())


@exercise("precision_recall_f1")
class TestPrecisionRecallF1:
    @given(OUTCOMES)
    def test_matches_the_reference(self, both, drawn):
        "[precision, recall, f1] of label 1."
        both.agree(three_scores, *drawn)

    @given(st.integers(1, 6), COUNT, COUNT, seeds())
    def test_counts_hits_alarms_and_misses(self, learner, hits, alarms, misses, seed):
        "f1 is the harmonic mean: hits / (hits + half of alarms and misses)."
        got = learner.run(three_scores, *outcomes(hits, alarms, misses, seed))
        want = scores_are(hits / (hits + alarms), hits / (hits + misses), hits / (hits + (alarms + misses) / 2))
        expect(got, want, f"{hits} hits, {alarms} false alarms, {misses} misses")

    @given(COUNT, COUNT, seeds())
    def test_a_share_of_nothing_is_0(self, learner, alarms, misses, seed):
        "Not a single hit; perhaps nothing predicted, nothing there, or neither."
        got = learner.run(three_scores, *outcomes(0, alarms, misses, seed))
        expect(got, scores_are(0.0, 0.0, 0.0), f"no hit, {alarms} false alarms, {misses} misses")

    @given(OUTCOMES)
    def test_leaves_its_inputs_alone(self, learner, drawn):
        expect_untouched(learner, "precision_recall_f1", *drawn)
