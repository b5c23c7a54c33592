"""Unit 1.4 by someone who writes loops over plain Python numbers, and rounds down, the rest to the last part."""

import itertools
import math

import numpy as np


def stratified_split(y, fractions, rng):
    groups = {}
    for i, label in enumerate(y.tolist()):
        groups.setdefault(label, []).append(i)
    parts = [[] for _ in fractions]
    for rows in groups.values():
        rng.shuffle(rows)
        start = 0
        for k, share in enumerate(fractions):
            end = start + int(share * len(rows)) if k < len(fractions) - 1 else len(rows)
            parts[k].extend(rows[start:end])
            start = end
    return [np.array(sorted(part), dtype=np.int64) for part in parts]


def binary_cross_entropy(p, y, eps=1e-12):
    total = 0.0
    for q, label in zip(p.tolist(), y.tolist()):
        right = q if label == 1 else 1 - q
        total -= math.log(min(max(right, eps), 1 - eps))
    return total / len(y)


def _sigmoid(z):
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))


def logistic_regression_fit(x, y, l2, lr, steps):
    n, d = x.shape
    w, b = [0.0] * d, 0.0
    for _ in range(steps):
        slope_w, slope_b = [l2 * v for v in w], 0.0
        for row, label in zip(x.tolist(), y.tolist()):
            error = _sigmoid(sum(v * u for v, u in zip(w, row)) + b) - label
            slope_b += error
            for j in range(d):
                slope_w[j] += error * row[j]
        w = [v - lr * s / n for v, s in zip(w, slope_w)]
        b -= lr * slope_b / n
    return np.array(w), b


def hinge_loss(score, y):
    total = 0.0
    for s, label in zip(score, y):
        t = 1 if label == 1 else -1
        if t * s < 1:
            total += 1 - t * s
    return total / len(y)


def best_gini_split(x, y):
    """The last of the best, by whole numbers of pairs."""
    values = sorted(set(x.tolist()))
    best, where = math.inf, None
    for a, b in itertools.pairwise(values):
        middle = a + (b - a) / 2
        cost = 0.0
        for side in (y[x < middle], y[x > middle]):
            n = len(side)
            cost += n * sum((c / n) * (1 - c / n) for c in (int((side == k).sum()) for k in set(side.tolist())))
        if cost <= best:
            best, where = cost, middle
    return where


def precision_recall_f1(y_true, y_pred):
    tp = fp = fn = 0
    for t, p in zip(y_true, y_pred):
        tp += t == 1 and p == 1
        fp += t == 0 and p == 1
        fn += t == 1 and p == 0
    precision = float(tp / (tp + fp)) if tp + fp > 0 else 0.0
    recall = float(tp / (tp + fn)) if tp + fn > 0 else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0
    return np.array([precision, recall, f1])
