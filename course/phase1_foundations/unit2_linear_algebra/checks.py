"""Checks for unit 1.2, linear algebra.

Matrices are built from the factors that the exercises look for, so that answers are known and well conditioned: any
correct algorithm gives them to many digits.
"""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect, expect_untouched
from grader.judge.trial.strategies import dims, seeds

SCALES = (1.0, 1e-4, 1e4)


def orthonormal(rng, m, n):
    """(m, n), m ≥ n, with orthonormal columns."""
    return np.linalg.qr(rng.normal(size=(m, n)))[0]


def turn(rows):
    """1 for each row that points to one side of space, -1 for each that points to the other; either is right."""
    return np.where(rows @ np.cos(np.arange(rows.shape[-1])) < 0, -1.0, 1.0)


def named(returned, *names, what="number of values returned"):
    """Several values under their names; how many there are comes first, as there may be more or fewer."""
    several = list(returned) if isinstance(returned, tuple | list) else [returned]
    some = [*several, *[None] * len(names)][: len(names)]
    return {what: len(several), **dict(zip(names, some, strict=True))}


# gram_schmidt_qr


def tall(n, more, seed):
    """a (n + more, n) of independent columns, and the q and r that it is made of."""
    rng = np.random.default_rng(seed)
    q = orthonormal(rng, n + more, n)
    scale = SCALES[seed % 3]
    r = scale * (np.triu(rng.normal(size=(n, n)), 1) + np.diag(rng.uniform(0.5, 2.0, n)))
    return q @ r, q, r


def small_whole_numbers(n, more, seed):
    """A matrix of small whole numbers with independent columns: the identity, and something above it and below."""
    rng = np.random.default_rng(seed)
    return np.vstack([np.triu(rng.integers(-2, 3, (n, n)), 1) + np.eye(n), rng.integers(-2, 3, (more, n))])


def nearly_parallel(n, more, seed):
    """Columns that differ from the first by one part in 10⁷."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n + more, 1)) + 1e-7 * orthonormal(rng, n + more, n)


TALL = st.builds(tall, dims(5), st.integers(0, 3), seeds())


def factors(impl, a):
    return named(impl.gram_schmidt_qr(a), "q", "r")


@exercise("gram_schmidt_qr", returns=("q", "r"))
class TestGramSchmidtQr:
    @given(st.builds(small_whole_numbers, dims(4), st.integers(0, 3), seeds()))
    def test_matches_the_reference(self, both, a):
        "q with orthonormal columns, r upper triangular with a positive diagonal."
        both.agree("gram_schmidt_qr", a)

    @given(TALL)
    def test_finds_the_factors_that_a_was_made_of(self, learner, made):
        a, q, r = made
        expect(learner.run(factors, a), named((q, r), "q", "r"))

    @given(st.builds(nearly_parallel, st.integers(2, 5), st.integers(1, 3), seeds()))
    def test_stays_orthonormal_when_columns_are_nearly_parallel(self, learner, a):
        "qᵀ q = I; subtracting from the original columns instead of from what is left of them loses this."
        q, r = learner.gram_schmidt_qr(a)
        expect(q.T @ q, np.eye(a.shape[1]), "qᵀ q", atol=1e-5)  # as the statement says
        expect(q @ r, a, "q @ r")
        expect(np.tril(r, -1), np.zeros_like(r), "r below its diagonal", rtol=0, atol=0)
        assert bool((np.diagonal(r) > 0).all()), "a number on r's diagonal is not positive"

    @given(TALL)
    def test_leaves_a_alone(self, learner, made):
        expect_untouched(learner, "gram_schmidt_qr", made[0])


# power_iteration


def symmetric(n, seed):
    """A symmetric matrix (n, n) with eigenvalues from 0.2 to 3, of either sign, and a start."""
    rng = np.random.default_rng(seed)
    q = orthonormal(rng, n, n)
    eigenvalues = rng.uniform(0.2, 3.0, n) * rng.choice([-1, 1], n)
    return symmetrised(q, SCALES[seed % 3] * eigenvalues), (1.0, 50.0)[seed % 2] * rng.normal(size=n)


def dominated(n, seed):
    """(a, v0, lam, v): one eigenvalue is at least twice as large as the others, and may be negative."""
    rng = np.random.default_rng(seed)
    q = orthonormal(rng, n, n)
    eigenvalues = np.append((-1) ** (seed % 2), rng.uniform(-0.5, 0.5, n - 1)) * SCALES[seed % 3]
    return symmetrised(q, eigenvalues), rng.normal(size=n), float(eigenvalues[0]), q[:, 0] * turn(q[:, 0])


def symmetrised(q, eigenvalues):
    a = (q * eigenvalues) @ q.T
    return (a + a.T) / 2


def iterated(impl, a, num_iters, v0):
    """What power_iteration returns, v turned to one side."""
    found = named(impl.power_iteration(a, num_iters, v0), "lam", "v")
    if np.shape(found["v"]) == np.shape(v0):
        found["v"] = found["v"] * turn(found["v"])
    return found


@exercise("power_iteration", returns=("lam", "v"))
class TestPowerIteration:
    @given(st.builds(symmetric, dims(5), seeds()), st.integers(1, 4))
    def test_matches_the_reference(self, both, drawn, num_iters):
        "num_iters times: multiply by a, scale to length 1. lam = vᵀ a v. (v and -v are both right.)"
        a, v0 = drawn
        both.agree(iterated, a, num_iters, v0)

    @given(st.builds(dominated, dims(5), seeds()), st.sampled_from((100, 150)))
    def test_finds_the_largest_eigenvalue_with_its_sign(self, learner, drawn, num_iters):
        "Also where a multiplied by itself a hundred times would overflow, or vanish."
        a, v0, lam, v = drawn
        expect(learner.run(iterated, a, num_iters, v0), named((lam, v), "lam", "v"))

    @given(st.builds(symmetric, dims(5), seeds()), st.integers(1, 4))
    def test_v_has_length_1(self, learner, drawn, num_iters):
        a, v0 = drawn
        _, v = learner.power_iteration(a, num_iters, v0)
        expect(float(np.linalg.norm(v)), 1.0, "the length of v")

    @given(st.integers(2, 5), seeds())
    def test_stays_with_an_eigenvector_that_it_starts_from(self, learner, n, seed):
        "From an eigenvector there is nowhere to go: v0 is where the iteration begins."
        eigenvalues = np.arange(1.0, n + 1) * (-1) ** np.arange(n)
        start = seed % n
        v0 = np.zeros(n)
        v0[start] = 2.0
        got = learner.run(iterated, np.diag(eigenvalues), 3, v0)
        expect(got, named((float(eigenvalues[start]), turn(v0) * v0 / 2), "lam", "v"))

    @given(st.builds(symmetric, dims(5), seeds()), st.integers(1, 4))
    def test_leaves_its_inputs_alone(self, learner, drawn, num_iters):
        a, v0 = drawn
        expect_untouched(learner, "power_iteration", a, num_iters, v0)


# low_rank_approx


def with_spectrum(m, n, seed):
    """a (m, n) and its singular values: each 0.3 to 0.8 of the one before, and in one case of three the last are 0."""
    rng = np.random.default_rng(seed)
    small = min(m, n)
    s = SCALES[seed % 3] * np.cumprod(rng.uniform(0.3, 0.8, small))
    if seed // 3 % 3 == 0:
        s[1 + seed // 9 % small :] = 0
    return (orthonormal(rng, m, small) * s) @ orthonormal(rng, n, small).T, s


def product(impl, a, r):
    """The product, and the shapes that the statement asks for; how b and c share the sizes is free."""
    found = named(impl.low_rank_approx(a, r), "b", "c")
    b, c = found.pop("b"), found.pop("c")
    fit = np.ndim(b) == np.ndim(c) == 2 and np.shape(b)[1] == np.shape(c)[0]
    return found | {
        "the shape of b": str(np.shape(b)),
        "the shape of c": str(np.shape(c)),
        "b @ c": np.matmul(b, c) if fit else "the shapes do not fit",
    }


MATRICES = st.builds(with_spectrum, dims(5), dims(6), seeds())
RANKS = st.integers(1, 3)  # full rank has a check of its own


@exercise("low_rank_approx", returns=("b", "c"))
class TestLowRankApprox:
    @given(MATRICES, RANKS)
    def test_matches_the_reference(self, both, made, r):
        "b (M, r) and c (r, N), and b @ c the best approximation of rank r."
        a, _ = made
        both.agree(product, a, min(r, *a.shape))

    @given(MATRICES, RANKS)
    def test_errs_by_the_singular_values_left_out(self, learner, made, r):
        "Eckart and Young: Σ (a - b @ c)² is the sum of the squares of the singular values from the (r+1)-th on."
        a, s = made
        r = min(r, *a.shape)
        got = learner.run(product, a, r)["b @ c"]
        # squares of differences of numbers as large as s[0]
        expect(float(((a - got) ** 2).sum()), float((s[r:] ** 2).sum()), "Σ (a - b @ c)²", atol=1e-12 * s[0] ** 2)

    @given(MATRICES)
    def test_of_full_rank_is_the_matrix_itself(self, learner, made):
        a, _ = made
        expect(learner.run(product, a, min(a.shape))["b @ c"], a, "b @ c with r = min(M, N)")

    @given(MATRICES, RANKS)
    def test_leaves_a_alone(self, learner, made, r):
        a, _ = made
        expect_untouched(learner, "low_rank_approx", a, min(r, *a.shape))


# pca


def cloud(n, d, seed):
    """(x, k): n ≥ 2 points with clearly different variances along d directions, around some place."""
    rng = np.random.default_rng(seed)
    small = min(n - 1, d)
    scores = rng.normal(size=(n, small))
    scores = np.linalg.qr(scores - scores.mean(0))[0]  # orthonormal columns with mean 0
    s = SCALES[seed % 3] * np.cumprod(rng.uniform(0.4, 0.7, small))
    x = (scores * s) @ orthonormal(rng, d, small).T + SCALES[seed % 3] * rng.integers(-3, 4, d)
    return x, 1 + seed // 3 % small


def facing(impl, x, k):
    """What pca returns, each component turned to one side, and its column of z with it."""
    found = named(impl.pca(x, k), "components", "explained_variance", "z")
    if np.shape(found["components"]) == (k, x.shape[1]) and np.shape(found["z"]) == (len(x), k):
        sign = turn(found["components"])
        found |= {"components": found["components"] * sign[:, None], "z": found["z"] * sign}
    return found


CLOUDS = st.builds(cloud, st.integers(2, 7), dims(5), seeds())


@exercise("pca", returns=("components", "explained_variance", "z"))
class TestPca:
    @given(CLOUDS)
    def test_matches_the_reference(self, both, drawn):
        "(components, explained_variance, z), largest variance first. (A component and its z may be turned round.)"
        both.agree(facing, *drawn)

    @given(CLOUDS)
    def test_components_are_orthonormal(self, learner, drawn):
        x, k = drawn
        components, _, _ = learner.pca(x, k)
        expect(components @ components.T, np.eye(k), "components @ componentsᵀ")

    @given(CLOUDS)
    def test_z_has_mean_0_and_the_variances_that_are_told(self, learner, drawn):
        x, k = drawn
        _, variance, z = learner.pca(x, k)
        size = float(abs(x).max())
        expect(np.asarray(z).mean(0), np.zeros(k), "the means of z", atol=1e-12 * size)
        expect(
            np.asarray(z).var(0, ddof=1),
            variance,
            "the variances of z, by explained_variance",
            atol=1e-9 * float(variance[0]),
        )
        assert bool((np.diff(variance) <= 0).all()), "explained_variance is not in descending order"

    @given(CLOUDS)
    def test_with_all_components_the_points_come_back(self, learner, drawn):
        "mean + z @ components = x, and the variances add up to that of x."
        x, _ = drawn
        k = min(len(x) - 1, x.shape[1])
        components, variance, z = learner.pca(x, k)
        expect(x.mean(0) + z @ components, x, "mean + z @ components")
        expect(float(variance.sum()), float(x.var(0, ddof=1).sum()), "the sum of explained_variance")

    @given(CLOUDS)
    def test_leaves_x_alone(self, learner, drawn):
        expect_untouched(learner, "pca", *drawn)


# ridge_solve


def equations(d, more, seed):
    """a (d + more, d) with independent columns and moderate singular values, b, and a lam that may be 0."""
    rng = np.random.default_rng(seed)
    a = (orthonormal(rng, d + more, d) * rng.uniform(0.5, 3.0, d)) @ orthonormal(rng, d, d).T
    return a, rng.normal(size=d + more) * 3, (0.0, 0.1, 1.0, 25.0, 1e6)[seed % 5]


def too_few_equations(n, more, seed):
    """a (n, n + more): more unknowns than equations, so that lam has to be above 0."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n + more)), rng.normal(size=n), (0.1, 1.0, 25.0)[seed % 3]


EQUATIONS = st.builds(equations, dims(4), st.integers(0, 4), seeds())
ANY_EQUATIONS = EQUATIONS | st.builds(too_few_equations, dims(3), dims(3), seeds())


@exercise("ridge_solve")
class TestRidgeSolve:
    @given(ANY_EQUATIONS)
    def test_matches_the_reference(self, both, drawn):
        "The w where ‖a w - b‖² + lam ‖w‖² is smallest."
        both.agree("ridge_solve", *drawn)

    @given(ANY_EQUATIONS)
    def test_stands_at_the_bottom(self, learner, drawn):
        "The slope of ‖a w - b‖² + lam ‖w‖² is 0 there: aᵀ (a w - b) + lam w = 0."
        a, b, lam = drawn
        w = learner.ridge_solve(a, b, lam)
        slope = a.T @ (a @ w - b) + lam * w
        expect(slope, np.zeros(a.shape[1]), "half the slope at w", atol=1e-9)

    @given(EQUATIONS)
    def test_without_penalty_finds_what_b_was_made_of(self, learner, drawn):
        a, b, _ = drawn
        w = b[: a.shape[1]]
        expect(learner.ridge_solve(a, a @ w, 0.0), w, "the w of b = a @ w with lam = 0")

    @given(ANY_EQUATIONS)
    def test_leaves_its_inputs_alone(self, learner, drawn):
        expect_untouched(learner, "ridge_solve", *drawn)


# sqrtm_psd


def root_and_square(d, seed):
    """(root, s): symmetric with eigenvalues 0.3 to 2, and its square; in one case of two as large as 10⁸ or 10⁻⁸."""
    rng = np.random.default_rng(seed)
    root = symmetrised(orthonormal(rng, d, d), rng.uniform(0.3, 2.0, d) * SCALES[seed % 3])
    s = root @ root
    return root, (s + s.T) / 2


def singular(d, rank, seed):
    """(root, s) with d - rank eigenvalues 0 or more: some come out a little below 0."""
    rng = np.random.default_rng(seed)
    eigenvalues = rng.uniform(0.5, 2.0, d) * (np.arange(d) < rank)
    q = orthonormal(rng, d, d)
    return symmetrised(q, eigenvalues), symmetrised(q, eigenvalues**2)


SQUARES = st.builds(root_and_square, dims(5), seeds())
SINGULAR = st.builds(singular, st.integers(2, 6), st.integers(0, 4), seeds())


@exercise("sqrtm_psd")
class TestSqrtmPsd:
    @given(SQUARES)
    def test_matches_the_reference(self, both, made):
        "Symmetric, no negative eigenvalue, and s when multiplied by itself."
        both.agree("sqrtm_psd", made[1])

    @given(SQUARES)
    def test_undoes_the_square(self, learner, made):
        root, s = made
        expect(learner.sqrtm_psd(s), root, "the root of root @ root")

    @given(SINGULAR)
    def test_bears_eigenvalues_of_zero(self, learner, made):
        "Rounding makes some of them negative, and there is no real root of -1e-17."
        root, s = made
        got = learner.sqrtm_psd(s)
        # The root of an eigenvalue that is off by 1e-16 is off by 1e-8.
        expect(got, root, "the root of a singular matrix", rtol=1e-6, atol=1e-6)

    @given(SQUARES)
    def test_is_symmetric(self, learner, made):
        _, s = made
        got = learner.sqrtm_psd(s)
        expect(got.T, got, "the root, transposed")

    @given(SQUARES)
    def test_leaves_s_alone(self, learner, made):
        expect_untouched(learner, "sqrtm_psd", made[1])
