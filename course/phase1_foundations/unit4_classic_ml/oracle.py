"""Unit 1.4's references against scikit-learn, scipy and torch."""

import warnings

import numpy as np
import pytest
import scipy.optimize
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import hinge_loss as sklearn_hinge_loss
from sklearn.metrics import log_loss, precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from phase1_foundations.unit4_classic_ml import (
    best_gini_split,
    binary_cross_entropy,
    hinge_loss,
    logistic_regression_fit,
    precision_recall_f1,
    stratified_split,
)

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 4), st.sampled_from((0.5, 0.25, 0.125)))
def test_stratified_split_has_the_counts_of_train_test_split(seed, classes, test_share):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(np.arange(classes), 8 * rng.integers(1, 5, classes)))
    train, test = train_test_split(np.arange(len(y)), test_size=test_share, stratify=y, random_state=seed)
    ours = stratified_split(y, (1 - test_share, test_share), rng)
    for part, theirs in zip(ours, (train, test), strict=True):
        np.testing.assert_array_equal(np.bincount(y[part]), np.bincount(y[theirs]))


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
def test_stratified_split_of_real_labels_in_three(load):
    y = load().target
    parts = stratified_split(y, (0.6, 0.2, 0.2), np.random.default_rng(0))
    train, rest = train_test_split(np.arange(len(y)), test_size=0.4, stratify=y, random_state=0)
    val, test = train_test_split(rest, test_size=0.5, stratify=y[rest], random_state=0)
    for part, theirs in zip(parts, (train, val, test), strict=True):
        np.testing.assert_allclose(np.bincount(y[part]), np.bincount(y[theirs]), atol=1)


@given(SEEDS, st.integers(1, 30))
def test_binary_cross_entropy_is_log_loss_and_torchs(seed, n):
    rng = np.random.default_rng(seed)
    p, y = rng.uniform(1e-6, 1 - 1e-6, n), rng.integers(0, 2, n)
    ours = binary_cross_entropy(p, y)
    np.testing.assert_allclose(ours, log_loss(y, p, labels=[0, 1]), rtol=1e-9)
    np.testing.assert_allclose(
        ours, F.binary_cross_entropy(torch.from_numpy(p), torch.from_numpy(1.0 * y)).item(), rtol=1e-9
    )


@pytest.mark.parametrize("l2", [0.1, 1.0, 30.0])
def test_logistic_regression_arrives_where_scikit_learn_does(l2):
    data = load_breast_cancer()
    x, y = StandardScaler().fit_transform(data.data[:, [0, 1, 4, 5]]), data.target
    theirs = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=10_000).fit(x, y)
    w, b = logistic_regression_fit(x, y, l2, 1.0, 10_000)
    np.testing.assert_allclose(w, theirs.coef_[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(b, theirs.intercept_[0], rtol=1e-4, atol=1e-5)


def test_logistic_regression_takes_the_steps_of_torchs_sgd():
    rng = np.random.default_rng(0)
    x, y, l2, lr = rng.normal(size=(9, 4)), rng.integers(0, 2, 9), 0.7, 0.3
    w, b = torch.zeros(4, dtype=torch.float64, requires_grad=True), torch.zeros((), dtype=torch.float64)
    b.requires_grad_()
    descent = torch.optim.SGD([w, b], lr)
    for _ in range(25):
        descent.zero_grad()
        losses = F.binary_cross_entropy_with_logits(
            torch.from_numpy(x) @ w + b, torch.from_numpy(1.0 * y), reduction="sum"
        )
        ((losses + l2 / 2 * (w**2).sum()) / len(y)).backward()
        descent.step()
    ours_w, ours_b = logistic_regression_fit(x, y, l2, lr, 25)
    np.testing.assert_allclose(ours_w, w.detach().numpy(), rtol=1e-10)
    np.testing.assert_allclose(ours_b, b.item(), rtol=1e-10)


def test_logistic_regression_arrives_at_scipys_minimum_of_our_own_loss():
    rng = np.random.default_rng(1)
    x, y, l2 = rng.normal(size=(40, 3)), rng.integers(0, 2, 40), 2.0

    def objective(wb):
        p = 1 / (1 + np.exp(-(x @ wb[:3] + wb[3])))
        return binary_cross_entropy(p, y) + l2 / 2 * (wb[:3] ** 2).sum() / len(y)

    best = scipy.optimize.minimize(objective, np.zeros(4), tol=1e-12).x
    w, b = logistic_regression_fit(x, y, l2, 0.5, 5_000)
    np.testing.assert_allclose([*w, b], best, atol=1e-5)


@given(SEEDS, st.integers(2, 30))
def test_hinge_loss_is_scikit_learns(seed, n):
    rng = np.random.default_rng(seed)
    score, y = 2 * rng.normal(size=n), rng.integers(0, 2, n)
    y[:2] = 0, 1  # scikit-learn wants to see both
    theirs = sklearn_hinge_loss(2 * y - 1, score, labels=[-1, 1])
    np.testing.assert_allclose(hinge_loss(score, y), theirs, rtol=1e-12, atol=1e-12)


def weighted_impurity(x, y, threshold):
    total = 0.0
    for side in (y[x <= threshold], y[x > threshold]):
        total += len(side) - (np.bincount(side) ** 2).sum() / len(side)
    return total / len(y)


@given(SEEDS, st.integers(4, 40), st.integers(2, 4))
def test_best_gini_split_is_as_good_as_a_decision_tree(seed, n, classes):
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 12, n).astype(np.float64), rng.integers(0, classes, n)
    x[:2], y[:2] = (0, 11), (0, 1)
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x[:, None], y).tree_
    ours = best_gini_split(x, y)
    if tree.node_count > 1:  # scikit-learn does not split where nothing is gained
        np.testing.assert_allclose(weighted_impurity(x, y, ours), weighted_impurity(x, y, tree.threshold[0]), rtol=1e-9)


@pytest.mark.parametrize("column", range(0, 30, 3))
def test_best_gini_split_is_the_threshold_of_a_decision_tree(column):
    data = load_breast_cancer()
    x, y = data.data[:, column], data.target
    tree = DecisionTreeClassifier(max_depth=1, random_state=0).fit(x[:, None], y).tree_
    np.testing.assert_allclose(best_gini_split(x, y), tree.threshold[0], rtol=1e-6)


@given(SEEDS, st.integers(1, 12))
def test_precision_recall_f1_is_scikit_learns(seed, n):
    rng = np.random.default_rng(seed)
    y_true, y_pred = (rng.random(n) < rng.random()).astype(np.int64), (rng.random(n) < rng.random()).astype(np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = precision_recall_fscore_support(y_true, y_pred, average="binary", zero_division=0)[:3]
    np.testing.assert_allclose(precision_recall_f1(y_true, y_pred), theirs, rtol=1e-12)
