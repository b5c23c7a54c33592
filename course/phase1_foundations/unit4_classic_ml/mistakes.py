"""Known mistakes of unit 1.4, classic machine learning."""

import math

import numpy as np

from grader.judge import mistake
from phase1_foundations import unit4_classic_ml as reference

# stratified_split


def _by_class(y, fractions, deal):
    """Parts put together from `deal(rows of a class)`, a list of one piece for each part."""
    parts = [[] for _ in fractions]
    for label in np.unique(y):
        for part, piece in zip(parts, deal(np.flatnonzero(y == label)), strict=True):
            part.append(piece)
    return [np.concatenate(part) for part in parts]


def _cuts(fractions, n):
    return np.round(np.cumsum(fractions)[:-1] * n).astype(int)


@mistake(
    "stratified_split",
    "All rows are shuffled together and then cut: a class gets its share only on average, and a rare one may be "
    "missing from a part.",
    see="stratified",
)
def all_classes_together(y, fractions, rng):
    return np.split(rng.permutation(len(y)), _cuts(fractions, len(y)))


@mistake(
    "stratified_split",
    "Nothing is shuffled before the cut (afterwards is too late): the first rows of a class go into the first part. "
    "Files are often sorted, by date or by place.",
    see="shuffled",
)
def not_shuffled(y, fractions, rng):
    return _by_class(y, fractions, lambda rows: np.split(rows, _cuts(fractions, len(rows))))


@mistake(
    "stratified_split",
    "The sizes of all parts are rounded down, so they do not add up: some rows are in no part.",
    see="rounding",
)
def rows_lost(y, fractions, rng):
    def deal(rows):
        ends = np.cumsum([int(share * len(rows)) for share in fractions])
        return np.split(rng.permutation(rows), ends)[:-1]

    return _by_class(y, fractions, deal)


@mistake(
    "stratified_split",
    "Each part is drawn from all rows anew, so the parts overlap: the test set holds rows that were trained on.",
    see="three-parts",
)
def overlapping(y, fractions, rng):
    def deal(rows):
        return [rng.permutation(rows)[: round(share * len(rows))] for share in fractions]

    return _by_class(y, fractions, deal)


@mistake(
    "stratified_split",
    "Every part begins at the first row of the class; each should begin where the one before ends.",
    see="rounding",
)
def all_from_the_start(y, fractions, rng):
    def deal(rows):
        rows = rng.permutation(rows)
        return [rows[: round(share * len(rows))] for share in fractions]

    return _by_class(y, fractions, deal)


@mistake(
    "stratified_split",
    "Whole classes are dealt out instead of a share of each: the test set asks for what was never shown.",
    see="stratified",
)
def whole_classes(y, fractions, rng):
    labels = rng.permutation(np.unique(y))
    groups = np.split(labels, _cuts(fractions, len(labels)))
    return [np.flatnonzero(np.isin(y, group)) for group in groups]


@mistake(
    "stratified_split",
    "These are places within a class and not row numbers of y: row 3 of class 1 is not row 3.",
    see="stratified",
)
def places_within_the_class(y, fractions, rng):
    return _by_class(y, fractions, lambda rows: np.split(rng.permutation(len(rows)), _cuts(fractions, len(rows))))


@mistake(
    "stratified_split",
    "The labels are returned, and the row numbers were asked for.",
    see="stratified",
)
def labels_for_rows(y, fractions, rng):
    return [y[part] for part in reference.stratified_split(y, fractions, rng)]


@mistake(
    "stratified_split",
    "All parts are of equal size: fractions is only counted.",
    see="three-parts",
)
def equal_parts(y, fractions, rng):
    return _by_class(y, fractions, lambda rows: np.array_split(rng.permutation(rows), len(fractions)))


@mistake(
    "stratified_split",
    "The generator that was handed in is not used; it is shuffled by NumPy's own, so no split can be repeated.",
    see="shuffled",
)
def own_generator(y, fractions, rng):
    def deal(rows):
        return np.split(np.random.permutation(rows), _cuts(fractions, len(rows)))

    return _by_class(y, fractions, deal)


@mistake(
    "stratified_split",
    "A generator with a fixed seed is made inside, so every split is the same, whatever rng is.",
    see="shuffled",
)
def fixed_seed(y, fractions, rng):
    return reference.stratified_split(y, fractions, np.random.default_rng(0))


# binary_cross_entropy


def _terms(p, y, eps, log=np.log):
    p = np.clip(p, eps, 1 - eps)
    return -(y * log(p) + (1 - y) * log(1 - p))


@mistake(
    "binary_cross_entropy",
    "The logarithm has base 2: these are bits, and nats were asked for.",
    see="surprise",
)
def in_bits(p, y, eps=1e-12):
    return _terms(p, y, eps, np.log2).mean()


@mistake(
    "binary_cross_entropy",
    "The logarithm has base 10; here it is the natural one.",
    see="surprise",
)
def base_ten(p, y, eps=1e-12):
    return _terms(p, y, eps, np.log10).mean()


@mistake(
    "binary_cross_entropy",
    "The sum is returned, which grows with the number of rows; the mean was asked for.",
    see="surprise",
)
def summed(p, y, eps=1e-12):
    return _terms(p, y, eps).sum()


@mistake(
    "binary_cross_entropy",
    "Nothing is clipped: a prediction of exactly 0 or 1 gives inf, or nan from 0 · inf, and one row spoils the mean.",
    see="clip",
)
def not_clipped(p, y, eps=1e-12):
    with np.errstate(all="ignore"):
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


@mistake(
    "binary_cross_entropy",
    "Clipped from below only: a p of 1 for a row with label 0 still costs inf.",
    see="clip",
)
def clipped_below_only(p, y, eps=1e-12):
    with np.errstate(all="ignore"):
        p = np.maximum(p, eps)
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


@mistake(
    "binary_cross_entropy",
    "eps is added to every probability; it is only a floor and a ceiling, and the others count as they are.",
    see="clip",
)
def eps_added(p, y, eps=1e-12):
    return -(y * np.log(p + eps) + (1 - y) * np.log(1 - p + eps)).mean()


@mistake(
    "binary_cross_entropy",
    "The sign is missing: the logarithm of a probability is negative, and a loss is not.",
    see="surprise",
)
def sign_missing(p, y, eps=1e-12):
    return -_terms(p, y, eps).mean()


@mistake(
    "binary_cross_entropy",
    "Only rows with label 1 cost something: calling every 0 a 1 would be free.",
    see="surprise",
)
def ones_only(p, y, eps=1e-12):
    return -(y * np.log(np.clip(p, eps, 1 - eps))).mean()


@mistake(
    "binary_cross_entropy",
    "Labels and predictions have changed places: the logarithm is taken of the labels.",
    see="surprise",
)
def places_changed(p, y, eps=1e-12):
    return _terms(y, p, eps).mean()


@mistake(
    "binary_cross_entropy",
    "The two labels are confused: p is the probability of label 1, not of 0.",
    see="surprise",
)
def labels_confused(p, y, eps=1e-12):
    return _terms(p, 1 - y, eps).mean()


# logistic_regression_fit


def _descend(x, y, l2, lr, steps, change):
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        w, b = change(w, b, np.exp(-np.logaddexp(0.0, -(x @ w + b))))
    return w, b


@mistake(
    "logistic_regression_fit",
    "b is penalised, too, and so the model is pulled towards calling half of everything a 1.",
    see="penalty",
)
def b_penalised(x, y, l2, lr, steps):
    def change(w, b, p):
        return w - lr * (x.T @ (p - y) + l2 * w) / len(y), b - lr * ((p - y).sum() + l2 * b) / len(y)

    return _descend(x, y, l2, lr, steps, change)


@mistake(
    "logistic_regression_fit",
    "The penalty is not divided by N as the sum over the rows is: it weighs N times too much.",
    see="penalty",
)
def penalty_not_divided(x, y, l2, lr, steps):
    return reference.logistic_regression_fit(x, y, l2 * len(y), lr, steps)


@mistake(
    "logistic_regression_fit",
    "There is no penalty: l2 is not used.",
    see="penalty",
)
def no_penalty(x, y, l2, lr, steps):
    return reference.logistic_regression_fit(x, y, 0.0, lr, steps)


@mistake(
    "logistic_regression_fit",
    "The penalty's slope is twice what it should be: that of l2/2 · w² is l2 · w.",
    see="penalty",
)
def penalty_doubled(x, y, l2, lr, steps):
    return reference.logistic_regression_fit(x, y, 2 * l2, lr, steps)


@mistake(
    "logistic_regression_fit",
    "The sign of the penalty is wrong: large weights are rewarded.",
    see="penalty",
)
def large_weights_rewarded(x, y, l2, lr, steps):
    return reference.logistic_regression_fit(x, y, -l2, lr, steps)


@mistake(
    "logistic_regression_fit",
    "exp overflows for large scores: inf / inf is nan, and from then on every weight is nan.",
    see="overflow",
)
def overflow(x, y, l2, lr, steps):
    w, b = np.zeros(x.shape[1]), 0.0
    with np.errstate(all="ignore"):
        for _ in range(steps):
            grown = np.exp(x @ w + b)
            error = grown / (1 + grown) - y
            w, b = w - lr * (x.T @ error + l2 * w) / len(y), b - lr * error.mean()
    return w, b


@mistake(
    "logistic_regression_fit",
    "It walks uphill: the sign of the slope is turned, and the loss grows.",
    see="downhill",
)
def uphill(x, y, l2, lr, steps):
    return reference.logistic_regression_fit(x, y, l2, -lr, steps)


@mistake(
    "logistic_regression_fit",
    "Probabilities are compared with labels -1 and 1; the difference p - y wants the labels 0 and 1.",
    see="error",
)
def labels_of_plus_and_minus_one(x, y, l2, lr, steps):
    return reference.logistic_regression_fit(x, 2 * y - 1, l2, lr, steps)


@mistake(
    "logistic_regression_fit",
    "The slope is summed over the rows and not averaged: each step is N times too long.",
    see="downhill",
)
def summed_over_the_rows(x, y, l2, lr, steps):
    return reference.logistic_regression_fit(x, y, l2, lr * len(y), steps)


@mistake(
    "logistic_regression_fit",
    "w moves first, and the slope for b is taken with the new w; both belong to the old place.",
    see="downhill",
)
def one_after_the_other(x, y, l2, lr, steps):
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        p = np.exp(-np.logaddexp(0.0, -(x @ w + b)))
        w = w - lr * (x.T @ (p - y) + l2 * w) / len(y)
        b = b - lr * (np.exp(-np.logaddexp(0.0, -(x @ w + b))) - y).mean()
    return w, b


@mistake(
    "logistic_regression_fit",
    "b is never moved: the border between the classes has to pass through the origin.",
    see="downhill",
)
def b_forgotten(x, y, l2, lr, steps):
    def change(w, b, p):
        return w - lr * (x.T @ (p - y) + l2 * w) / len(y), b

    return _descend(x, y, l2, lr, steps, change)


@mistake(
    "logistic_regression_fit",
    "This is the slope of the squared error, with its factor p (1 - p): where the model is sure and wrong, it stands "
    "still.",
    see="error",
)
def squared_error(x, y, l2, lr, steps):
    def change(w, b, p):
        error = (p - y) * p * (1 - p)
        return w - lr * (x.T @ error + l2 * w) / len(y), b - lr * error.mean()

    return _descend(x, y, l2, lr, steps, change)


@mistake(
    "logistic_regression_fit",
    "There is no sigmoid: the score itself is compared with the label, which is linear regression.",
    see="sigmoid",
)
def linear_regression(x, y, l2, lr, steps):
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        error = x @ w + b - y
        w, b = w - lr * (x.T @ error + l2 * w) / len(y), b - lr * error.mean()
    return w, b


@mistake(
    "logistic_regression_fit",
    "One step is missing.",
    see="downhill",
)
def one_step_too_few(x, y, l2, lr, steps):
    return reference.logistic_regression_fit(x, y, l2, lr, steps - 1)


@mistake(
    "logistic_regression_fit",
    "It does not start at w = 0: weights drawn at random are for networks, here there is one bottom and one start.",
    see="downhill",
)
def random_start(x, y, l2, lr, steps):
    w, b = 0.01 * np.random.default_rng(0).normal(size=x.shape[1]), 0.0
    for _ in range(steps):
        error = np.exp(-np.logaddexp(0.0, -(x @ w + b))) - y
        w, b = w - lr * (x.T @ error + l2 * w) / len(y), b - lr * error.mean()
    return w, b


# hinge_loss


@mistake(
    "hinge_loss",
    "The labels are used as 0 and 1: a row with label 0 then costs 1, whatever its score. t is -1 for it.",
    see="hinge",
)
def labels_as_they_are(score, y):
    return np.maximum(0.0, 1.0 - y * score).mean()


@mistake(
    "hinge_loss",
    "The margin is 0: whatever is barely right costs nothing, and so does w = 0.",
    see="hinge",
)
def no_margin(score, y):
    return np.maximum(0.0, -(2 * y - 1) * score).mean()


@mistake(
    "hinge_loss",
    "The costs are squared.",
    see="hinge",
)
def squared(score, y):
    return (np.maximum(0.0, 1.0 - (2 * y - 1) * score) ** 2).mean()


@mistake(
    "hinge_loss",
    "The mean is over the rows that cost something; those that cost nothing count as well.",
    see="hinge",
)
def mean_of_violators(score, y):
    costs = np.maximum(0.0, 1.0 - (2 * y - 1) * score)
    return costs[costs > 0].mean() if (costs > 0).any() else 0.0


@mistake(
    "hinge_loss",
    "The sum is returned, which grows with the number of rows; the mean was asked for.",
    see="hinge",
)
def hinge_summed(score, y):
    return np.maximum(0.0, 1.0 - (2 * y - 1) * score).sum()


@mistake(
    "hinge_loss",
    "The sign is turned: scores on the right side cost, those on the wrong side do not.",
    see="hinge",
)
def sign_turned(score, y):
    return np.maximum(0.0, 1.0 + (2 * y - 1) * score).mean()


@mistake(
    "hinge_loss",
    "Costs below 0 are kept: rows that are far on the right side pay for those on the wrong one.",
    see="hinge",
)
def not_cut_at_zero(score, y):
    return (1.0 - (2 * y - 1) * score).mean()


@mistake(
    "hinge_loss",
    "The mean is taken first and cut at 0 afterwards: rows on the right side pay for those on the wrong one.",
    see="hinge",
)
def cut_after_the_mean(score, y):
    return max(0.0, (1.0 - (2 * y - 1) * score).mean())


@mistake(
    "hinge_loss",
    "Scores are squashed to probabilities first; the hinge looks at the score itself.",
    see="hinge",
)
def of_probabilities(score, y):
    return np.maximum(0.0, 1.0 - (2 * y - 1) * np.exp(-np.logaddexp(0.0, -score))).mean()


# best_gini_split


def _gini(labels):
    _, counts = np.unique(labels, return_counts=True)
    return 1 - ((counts / len(labels)) ** 2).sum()


def _entropy(labels):
    _, counts = np.unique(labels, return_counts=True)
    p = counts / len(labels)
    return -(p * np.log(p)).sum()


def _error_rate(labels):
    _, counts = np.unique(labels, return_counts=True)
    return 1 - counts.max() / len(labels)


def _search(x, y, cost):
    """The midpoint with the smallest cost(labels on the left, labels on the right)."""
    values = np.unique(x)
    return min((values[:-1] + values[1:]) / 2, key=lambda t: cost(y[x <= t], y[x > t]))


def _weighted(impurity):
    return lambda left, right: len(left) * impurity(left) + len(right) * impurity(right)


@mistake(
    "best_gini_split",
    "Both sides count alike, however many rows they have: cutting off a single row looks like a great success.",
    see="weighted",
)
def unweighted(x, y):
    return _search(x, y, lambda left, right: _gini(left) + _gini(right))


@mistake(
    "best_gini_split",
    "The threshold is a value of x itself, the last one on the left; halfway to the next one is where it belongs.",
    see="halfway",
)
def at_a_data_point(x, y):
    return x[x <= reference.best_gini_split(x, y)].max()


@mistake(
    "best_gini_split",
    "The threshold is a value of x itself, the first one on the right; it belongs halfway from the one before.",
    see="halfway",
)
def at_the_next_data_point(x, y):
    return x[x > reference.best_gini_split(x, y)].min()


@mistake(
    "best_gini_split",
    "This is the threshold with the smallest entropy; the impurity here is Gini's.",
    see="gini",
)
def by_entropy(x, y):
    return _search(x, y, _weighted(_entropy))


@mistake(
    "best_gini_split",
    "This counts the rows that are not of their side's largest class; the impurity here is Gini's.",
    see="gini",
)
def by_error_rate(x, y):
    return _search(x, y, _weighted(_error_rate))


@mistake(
    "best_gini_split",
    "The threshold with the largest impurity is returned: the worst question of all.",
    see="weighted",
)
def the_worst(x, y):
    return _search(x, y, lambda left, right: -_weighted(_gini)(left, right))


@mistake(
    "best_gini_split",
    "Only the left side is looked at: its impurity is smallest where it has one row.",
    see="weighted",
)
def left_side_only(x, y):
    return _search(x, y, lambda left, right: _gini(left))


@mistake(
    "best_gini_split",
    "x is sorted and y is not sorted along with it: every row has another row's label.",
    see="halfway",
)
def labels_left_behind(x, y):
    return reference.best_gini_split(np.sort(x), y)


@mistake(
    "best_gini_split",
    "It cuts between rows and not between different values: no threshold can separate rows of equal x.",
    see="halfway",
)
def between_equal_values(x, y):
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    costs = [_weighted(_gini)(y[:i], y[i:]) for i in range(1, len(x))]
    i = int(np.argmin(costs)) + 1
    return (x[i - 1] + x[i]) / 2


@mistake(
    "best_gini_split",
    "Between two rows with the same value the middle is that value itself, and not halfway to the next one: each value "
    "of x must be taken once.",
    see="halfway",
)
def middle_of_equal_values(x, y):
    values = np.sort(x)
    return min((values[:-1] + values[1:]) / 2, key=lambda t: _weighted(_gini)(y[x <= t], y[x > t]))


@mistake(
    "best_gini_split",
    "Of 1 - Σ p² only one class is subtracted, as if there were no others.",
    see="gini",
)
def one_class_only(x, y):
    largest = y.max()
    return _search(x, y, _weighted(lambda labels: 1 - (labels == largest).mean() ** 2))


@mistake(
    "best_gini_split",
    "The smallest impurity is returned; the threshold where it is reached was asked for.",
    see="weighted",
)
def impurity_returned(x, y):
    t = reference.best_gini_split(x, y)
    return _weighted(_gini)(y[x <= t], y[x > t]) / len(y)


# precision_recall_f1


@mistake(
    "precision_recall_f1",
    "Precision and recall have changed places; f1 does not notice, because it treats both alike.",
    see="precision-recall",
)
def places_exchanged(y_true, y_pred):
    return reference.precision_recall_f1(y_pred, y_true)


@mistake(
    "precision_recall_f1",
    "0/0 gives nan; a share of nothing counts as 0 here.",
    see="nothing",
)
def nan_for_nothing(y_true, y_pred):
    hits = ((y_true == 1) & (y_pred == 1)).sum()
    with np.errstate(all="ignore"):
        precision, recall = hits / (y_pred == 1).sum(), hits / (y_true == 1).sum()
        return np.array([precision, recall, 2 * precision * recall / (precision + recall)])


@mistake(
    "precision_recall_f1",
    "0/0 stops the program; a share of nothing counts as 0 here.",
    see="nothing",
)
def division_by_zero(y_true, y_pred):
    hits = sum(1 for t, p in zip(y_true, y_pred, strict=True) if t == p == 1)
    precision, recall = hits / int(y_pred.sum()), hits / int(y_true.sum())
    return np.array([precision, recall, 2 * precision * recall / (precision + recall)])


@mistake(
    "precision_recall_f1",
    "A share of nothing is given as 1, and it counts as 0 here.",
    see="nothing",
)
def one_for_nothing(y_true, y_pred):
    hits, found, there = ((y_true == 1) & (y_pred == 1)).sum(), (y_pred == 1).sum(), (y_true == 1).sum()
    precision, recall = hits / found if found else 1.0, hits / there if there else 1.0
    return np.array([precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0])


@mistake(
    "precision_recall_f1",
    "This is the accuracy, the share of rows that are right: always saying 0 does well at that when 1 is rare.",
    see="accuracy",
)
def accuracy(y_true, y_pred):
    return np.full(3, (y_true == y_pred).mean())


@mistake(
    "precision_recall_f1",
    "The first number is the accuracy: correct zeros are counted as well as hits.",
    see="accuracy",
)
def accuracy_for_precision(y_true, y_pred):
    _, recall, f1 = reference.precision_recall_f1(y_true, y_pred)
    return np.array([(y_true == y_pred).mean(), recall, f1])


@mistake(
    "precision_recall_f1",
    "The scores of both labels are averaged (macro); asked for are those of label 1.",
    see="precision-recall",
)
def averaged_over_labels(y_true, y_pred):
    ones = reference.precision_recall_f1(y_true, y_pred)
    return (ones + reference.precision_recall_f1(1 - y_true, 1 - y_pred)) / 2


@mistake(
    "precision_recall_f1",
    "These are the scores of label 0; label 1 is the positive one.",
    see="precision-recall",
)
def of_label_zero(y_true, y_pred):
    return reference.precision_recall_f1(1 - y_true, 1 - y_pred)


@mistake(
    "precision_recall_f1",
    "f1 is the ordinary mean of the two; the harmonic one is near the smaller of them.",
    see="f1",
)
def ordinary_mean(y_true, y_pred):
    precision, recall, _ = reference.precision_recall_f1(y_true, y_pred)
    return np.array([precision, recall, (precision + recall) / 2])


@mistake(
    "precision_recall_f1",
    "f1 is half of what it should be: the factor 2 is missing.",
    see="f1",
)
def factor_missing(y_true, y_pred):
    precision, recall, f1 = reference.precision_recall_f1(y_true, y_pred)
    return np.array([precision, recall, f1 / 2])


@mistake(
    "precision_recall_f1",
    "f1 is the geometric mean, √(precision · recall); the harmonic one is smaller.",
    see="f1",
)
def geometric_mean(y_true, y_pred):
    precision, recall, _ = reference.precision_recall_f1(y_true, y_pred)
    return np.array([precision, recall, math.sqrt(precision * recall)])


@mistake(
    "precision_recall_f1",
    "The second number is the share of zeros that were recognised (specificity); recall looks at the ones.",
    see="precision-recall",
)
def specificity(y_true, y_pred):
    precision, _, f1 = reference.precision_recall_f1(y_true, y_pred)
    zeros = (y_true == 0).sum()
    return np.array([precision, ((y_true == 0) & (y_pred == 0)).sum() / zeros if zeros else 0.0, f1])


EQUIVALENT = {
    "stratified_split: `np.round(shares * len(rows))` → `shares * len(rows)`":
        "the cuts are rounded down instead, and the statement leaves the rounding free",
    "stratified_split: `zip(parts, np.split(rows, cuts), strict=True)` → `zip(parts, np.split(rows, cuts))`":
        "there are always as many pieces as parts",
    "stratified_split: `zip(parts, np.split(rows, cuts), strict=True)` → "
    "`zip(parts, np.split(rows, cuts), strict=False)`": "the same",
    "binary_cross_entropy: `np.clip(p, eps, 1 - eps)` → `np.clip(eps, p, 1 - eps)`":
        "the larger of the two, either way",
    "logistic_regression_fit: `np.logaddexp(0.0, -(x @ w + b))` → `np.logaddexp(-(x @ w + b), 0.0)`":
        "logaddexp is symmetric",
    "hinge_loss: `np.maximum(0.0, 1.0 - t * score)` → `np.maximum(1.0 - t * score, 0.0)`":
        "the larger of the two, either way",
    "best_gini_split: `1 - ((counts / len(labels)) ** 2).sum()` → `2 - ((counts / len(labels)) ** 2).sum()`":
        "every threshold costs 1 more, and the best stays the best",
    "best_gini_split: `1 - ((counts / len(labels)) ** 2).sum()` → `0 - ((counts / len(labels)) ** 2).sum()`":
        "every threshold costs 1 less, and the best stays the best",
    "best_gini_split: `x <= threshold` → `x < threshold`": "no value of x is a threshold",
    "best_gini_split: `x <= threshold` → `x > threshold`": "left and right only change their names",
    "best_gini_split: `(left.sum() * gini(y[left]) + (~left).sum() * gini(y[~left])) / len(y)` → "
    "`(left.sum() * gini(y[left]) + (~left).sum() * gini(y[~left])) * len(y)`":
        "a factor that is the same for all thresholds",
    "best_gini_split: `(left.sum() * gini(y[left]) + (~left).sum() * gini(y[~left])) / len(y)` → "
    "`left.sum() * gini(y[left]) + (~left).sum() * gini(y[~left])`": "the same",
    "precision_recall_f1: `found + there` → `found`": "without alarms there are no hits, and f1 is 0 either way",
    "precision_recall_f1: `found + there` → `there`": "without cases there are no hits, and f1 is 0 either way",
}  # fmt: skip
