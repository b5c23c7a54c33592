"""Unit 1.4, classic machine learning: split the data honestly, fit, and score.

Everything here takes and gives NumPy arrays. Arguments are left as they were. `x: (N, D)` holds N examples as rows,
`y: (N,)` their labels: one whole number for each row, the number of its class. With two classes, 1 is the positive one.

Sources: Goodfellow, Bengio & Courville, *Deep Learning* (DLB), chapter 5; Breiman et al., *Classification and
Regression Trees* (CART); scikit-learn's user guide.
"""

from collections.abc import Sequence

import numpy as np


def stratified_split(y: np.ndarray, fractions: Sequence[float], rng: np.random.Generator) -> list[np.ndarray]:
    """Which rows go into which part (training, validation, test), at random, with every class in its proportion.

    y: (N,) int64, N ≥ 1, labels ≥ 0; numbers in between may be missing.
    fractions: what share of the rows each part gets; all > 0, together 1. (0.6, 0.2, 0.2) asks for three parts.
    rng: the only source of chance. An equal rng gives an equal split, another one another split.
    Returns one (n_i,) int64 array of row numbers for each part. Every row from 0 to N - 1 is in exactly one of them.
        Their order within a part is free.
    Of a class with n rows, part i gets fractions[i] · n: exactly, where these are whole numbers for all parts; else
    rounded as you like, off by less than len(fractions) rows. A part may thus be empty (and is int64 all the same).
    Which rows of the class they are is chance: not simply the first ones.
    """
    ### BEGIN SOLUTION
    parts: list[list[np.ndarray]] = [[] for _ in fractions]
    shares = np.cumsum(fractions)[:-1]  # where each part but the last ends
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        cuts = np.round(shares * len(rows)).astype(int)
        for part, piece in zip(parts, np.split(rows, cuts), strict=True):
            part.append(piece)
    return [np.concatenate(part) for part in parts]
    ### END SOLUTION


def binary_cross_entropy(p: np.ndarray, y: np.ndarray, eps: float = 1e-12) -> float:
    """The mean surprise, in nats, at what happened: -log of the probability that was given to the true label.

    p: (N,) float64, N ≥ 1, from 0 to 1: the predicted probabilities of label 1. y: (N,) int64, labels 0 or 1.
    eps: > 0, < 0.5. A p below eps counts as eps, one above 1 - eps as 1 - eps; all others count as they are.
    Returns a number ≥ 0: the mean over the N rows.
    Source: DLB section 5.5 (maximum likelihood) and 3.13; scikit-learn's log_loss.
    """
    ### BEGIN SOLUTION
    p = np.clip(p, eps, 1 - eps)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    ### END SOLUTION


def logistic_regression_fit(x: np.ndarray, y: np.ndarray, l2: float, lr: float, steps: int) -> tuple[np.ndarray, float]:
    """Logistic regression by gradient descent: p(y = 1 | x) = σ(w · x + b), with σ(z) = 1 / (1 + exp(-z)).

    x: (N, D) float64. y: (N,) int64, labels 0 or 1. l2: ≥ 0, the price of large weights. lr: > 0, the step size.
    Goes downhill on J(w, b) = (Σ_n -log p(y_n | x_n) + l2/2 · ‖w‖²) / N. The sum is over all N rows in every step;
    b costs nothing. Starts at w = 0, b = 0 and takes `steps` ≥ 1 steps of this kind:
        w_new = w - lr · ∂J/∂w,    b_new = b - lr · ∂J/∂b,    both slopes taken at the old (w, b).
    |w · x + b| may grow to 1e6 on the way; nothing may become nan or inf for that.
    Returns w (D,) float64 and b, a number, after the last step.
    Source: DLB section 5.7.1. At the bottom of J: scikit-learn's LogisticRegression(C=1/l2).
    """
    ### BEGIN SOLUTION
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(steps):
        p = np.exp(-np.logaddexp(0.0, -(x @ w + b)))  # σ(z) = exp(-log(1 + exp(-z)))
        error = p - y
        w = w - lr * (x.T @ error + l2 * w) / len(y)
        b = b - lr * error.mean()
    return w, b
    ### END SOLUTION


def hinge_loss(score: np.ndarray, y: np.ndarray) -> float:
    """How far the scores are, on average, from being right with room to spare: the mean of max(0, 1 - t · score).

    score: (N,) float64, N ≥ 1, any real numbers; above 0 speaks for label 1. y: (N,) int64, labels 0 or 1.
    t is +1 for label 1 and -1 for label 0.
    Returns a number ≥ 0: the mean over all N rows, also those that cost nothing.
    Source: Cortes & Vapnik 1995 (support vector machines); scikit-learn's hinge_loss.
    """
    ### BEGIN SOLUTION
    t = 2 * y - 1
    return np.maximum(0.0, 1.0 - t * score).mean()
    ### END SOLUTION


def best_gini_split(x: np.ndarray, y: np.ndarray) -> float:
    """The question "x ≤ threshold?" that separates the classes best: the first decision of a decision tree.

    x: (N,) float64, one feature of N rows, with at least two different values. Some may occur several times.
    y: (N,) int64, labels ≥ 0, of any number of classes; numbers in between may be missing.
    The rows with x ≤ threshold go left, the others right. Each side has the impurity 1 - Σ_c p_c², where p_c is the
    share of class c among its rows; the two are averaged, each weighted by its number of rows.
    Returns the threshold with the smallest average: a number halfway between two neighbouring different values of x.
        Where several are equally good, any of them is right.
    Source: CART (Breiman et al. 1984).
    """

    ### BEGIN SOLUTION
    def gini(labels: np.ndarray) -> float:
        _, counts = np.unique(labels, return_counts=True)
        return 1 - ((counts / len(labels)) ** 2).sum()

    def impurity(threshold: float) -> float:
        left = x <= threshold
        return (left.sum() * gini(y[left]) + (~left).sum() * gini(y[~left])) / len(y)

    values = np.unique(x)  # sorted, each once
    thresholds = (values[:-1] + values[1:]) / 2
    return min(thresholds, key=impurity)
    ### END SOLUTION


def precision_recall_f1(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """Three scores for label 1: how many alarms were right, how many cases were found, and one number for both.

    y_true: (N,) int64, what is, labels 0 or 1. y_pred: (N,) int64, what was predicted, labels 0 or 1.
    precision: of the rows predicted 1, the share that is 1. recall: of the rows that are 1, the share predicted 1.
    f1: 2 · precision · recall / (precision + recall). A share of nothing, 0/0, counts as 0, in all three.
    Returns an array (3,): precision, recall, f1.
    Source: scikit-learn's precision_recall_fscore_support with average="binary" and zero_division=0.
    """
    ### BEGIN SOLUTION
    found, there = (y_pred == 1).sum(), (y_true == 1).sum()
    hits = ((y_pred == 1) & (y_true == 1)).sum()
    precision = hits / found if found else 0.0
    recall = hits / there if there else 0.0
    f1 = 2 * hits / (found + there) if found + there else 0.0  # the same as with precision and recall
    return np.array([precision, recall, f1])
    ### END SOLUTION
