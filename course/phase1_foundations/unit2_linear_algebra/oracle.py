"""Unit 1.2's references against LAPACK, scipy and scikit-learn."""

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse.linalg
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.utils.extmath import randomized_svd

from phase1_foundations.unit2_linear_algebra import (
    gram_schmidt_qr,
    low_rank_approx,
    pca,
    power_iteration,
    ridge_solve,
    sqrtm_psd,
)

SEEDS = st.integers(0, 2**32 - 1)


def table(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@given(SEEDS, st.integers(1, 6), st.integers(0, 5))
def test_gram_schmidt_qr_is_lapacks_up_to_signs(seed, n, more):
    a = table(seed, n + more, n) + 3 * np.eye(n + more, n)
    q, r = gram_schmidt_qr(a)
    theirs_q, theirs_r = scipy.linalg.qr(a, mode="economic")
    signs = np.sign(np.diagonal(theirs_r))
    np.testing.assert_allclose(q, theirs_q * signs, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(r, signs[:, None] * theirs_r, rtol=1e-6, atol=1e-8)


def test_gram_schmidt_qr_bears_a_hilbert_matrix_as_modified_and_not_as_classical():
    a = scipy.linalg.hilbert(7)  # condition 5e8
    q, r = gram_schmidt_qr(a)
    assert abs(q.T @ q - np.eye(7)).max() < 1e-6
    np.testing.assert_allclose(q @ r, a, rtol=1e-12)


@given(SEEDS, st.integers(2, 8))
def test_power_iteration_is_the_end_of_the_spectrum(seed, n):
    q = np.linalg.qr(table(seed, n, n))[0]
    spectrum = np.append(-2.0, np.linspace(-1, 1, n - 1))
    a = (q * spectrum) @ q.T
    lam, v = power_iteration(a, 80, table(seed + 1, n))
    values, vectors = np.linalg.eigh(a)
    np.testing.assert_allclose(lam, values[0], rtol=1e-9)
    np.testing.assert_allclose(abs(v @ vectors[:, 0]), 1.0, rtol=1e-9)


def test_power_iteration_is_arpacks_answer():
    half = table(0, 40, 40)
    a = half @ half.T
    (theirs,), vectors = scipy.sparse.linalg.eigsh(a, k=1, which="LM", v0=np.ones(40))
    lam, v = power_iteration(a, 3000, np.ones(40))
    np.testing.assert_allclose(lam, theirs, rtol=1e-9)
    np.testing.assert_allclose(np.outer(v, v), vectors @ vectors.T, atol=1e-6)


@pytest.mark.parametrize("r", [1, 3, 10, 30])
def test_low_rank_approx_is_the_truncated_svd(r):
    a = load_digits().data[:200]
    u, s, vt = randomized_svd(a, n_components=r, n_iter=50, random_state=0)
    b, c = low_rank_approx(a, r)
    np.testing.assert_allclose(b @ c, (u * s) @ vt, atol=1e-6)
    left_out = scipy.linalg.svdvals(a)[r:]
    np.testing.assert_allclose(np.linalg.norm(a - b @ c), np.linalg.norm(left_out), rtol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(a - b @ c, 2), left_out[0], rtol=1e-9)


@pytest.mark.parametrize("k", [1, 5, 20])
def test_pca_is_that_of_scikit_learn(k):
    x = load_digits().data
    theirs = PCA(k, svd_solver="full").fit(x)
    components, variance, z = pca(x, k)
    signs = np.sign((components * theirs.components_).sum(1))
    np.testing.assert_allclose(components * signs[:, None], theirs.components_, atol=1e-9)
    np.testing.assert_allclose(variance, theirs.explained_variance_, rtol=1e-9)
    np.testing.assert_allclose(z * signs, theirs.transform(x), atol=1e-8)


@given(SEEDS, st.integers(1, 9), st.integers(1, 6), st.sampled_from((0.01, 1.0, 100.0)))
def test_ridge_solve_is_that_of_scikit_learn(seed, n, d, lam):
    a, b = table(seed, n, d), table(seed + 1, n)
    theirs = Ridge(alpha=lam, fit_intercept=False, solver="svd").fit(a, b).coef_
    np.testing.assert_allclose(ridge_solve(a, b, lam), theirs, rtol=1e-7, atol=1e-9)


def test_ridge_solve_without_penalty_is_least_squares():
    a, b = table(0, 20, 4), table(1, 20)
    np.testing.assert_allclose(ridge_solve(a, b, 0.0), np.linalg.lstsq(a, b)[0], rtol=1e-9)
    np.testing.assert_allclose(ridge_solve(a, b, 0.0), LinearRegression(fit_intercept=False).fit(a, b).coef_, rtol=1e-9)


@given(SEEDS, st.integers(1, 6))
def test_sqrtm_psd_is_scipys(seed, n):
    half = table(seed, n, n + 3)
    s = half @ half.T
    np.testing.assert_allclose(sqrtm_psd(s), np.real(scipy.linalg.sqrtm(s)), rtol=1e-6, atol=1e-7)


def test_sqrtm_psd_of_a_singular_matrix_is_the_polar_factor():
    a = table(0, 3, 5)  # aᵀ a has rank 3
    _, root = scipy.linalg.polar(a)
    np.testing.assert_allclose(sqrtm_psd(a.T @ a), root, atol=1e-6)
