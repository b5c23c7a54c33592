"""Checks for unit 1.3, calculus and probability."""

import copy
import itertools
import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect, expect_untouched
from grader.judge.trial.strategies import arrays, dims

KINDS = ("numpy float64", "numpy float32", "torch float64", "torch float32")


def cast(kind, *values):
    """The same numbers as arrays or tensors of one precision."""
    library, dtype = kind.split()
    cast_to = [np.asarray(value, dtype=dtype) for value in values]
    return [torch.from_numpy(value) for value in cast_to] if library == "torch" else cast_to


def rounding(kind):
    """What terms of size 10 may leave behind where they cancel, whatever the order they are added in."""
    return 1e-12 if "64" in kind else 1e-5


def kinds(*only):
    return st.sampled_from(only or KINDS)


def float64_kinds():
    return kinds("numpy float64", "torch float64")


def variance(number, decades=3):
    """A variance from any number: as many decades above or below 1 at most."""
    return 10.0 ** np.clip(number, -decades, decades)


def in_log_space(kind, *logs):
    """What exp makes of the rounding of logs this large: e^(8000 - 8000.5) has three digits in float32."""
    size = max(float(abs(np.nan_to_num(np.asarray(log), posinf=0.0, neginf=0.0)).max()) for log in logs)
    return 8 * float(np.finfo(kind.split()[1]).eps) * max(1.0, size)


FOUR_TABLES = np.random.default_rng(0).normal(size=(4, 3, 5))
"""For what needs no search: four tables of numbers."""


LAYOUTS = (("table", "table", "table"), *itertools.permutations(("table", "row", "column")))


def laid_out(layout, *tables):
    """Of each (n, k) table the whole, its first row (k,) or its first column (n, 1): they broadcast."""
    part = {"table": np.s_[:, :], "row": np.s_[0], "column": np.s_[:, :1]}
    return [table[part[name]] for table, name in zip(tables, layout, strict=True)]


# numerical_gradient


BUMPY = "lambda x: ((x - 0.5) ** 3).sum() + 2 * (x[:1] * x[-1:]).sum()"
"""Its slope along one coordinate depends on the others; both libraries can run it."""
PARABOLA = "lambda x: float((a * x**2 / 2 + b * x).sum())"
CUBE = "lambda x: (x**3).sum()"


def gradient(impl, f, x, h):
    return impl.numerical_gradient(eval(f), x, h)


def gradient_of_a_parabola(impl, f, a, b, x, h):
    return impl.numerical_gradient(eval(f, {"a": a, "b": b}), x, h=h)


def gradient_by_default(impl, f, x):
    return impl.numerical_gradient(eval(f), x)


def point_afterwards(impl, f, x):
    impl.numerical_gradient(eval(f), x)
    return x


@exercise("numerical_gradient")
class TestNumericalGradient:
    @given(st.data(), dims(), float64_kinds(), st.sampled_from((1e-5, 1e-3, 0.1)))
    def test_matches_the_reference(self, both, data, d, kind, h):
        "(f(x + h e_i) - f(x - h e_i)) / 2h for every coordinate i."
        (x,) = cast(kind, data.draw(arrays(d)))
        both.agree(gradient, BUMPY, x, h)

    @given(st.data(), dims(), st.sampled_from((1e-5, 0.25, 1.0)))
    def test_is_exact_for_a_parabola_at_any_step(self, learner, data, d, h):
        a, b, x = data.draw(arrays(3, d, kinds=("unit", "integers")))
        got = learner.run(gradient_of_a_parabola, PARABOLA, a, b, x, h)
        # f is of size 10 and its rounding error is divided by 2h
        expect(got, a * x + b, "the gradient of Σ (a x²/2 + b x)", rtol=1e-12 / h, atol=1e-14 / h)

    @given(dims())
    def test_errs_by_h_squared_on_a_cube(self, learner, d):
        "((0 + h)³ - (0 - h)³) / 2h = h², which also shows the default step, 1e-5."
        got = learner.run(gradient_by_default, CUBE, np.zeros(d))
        expect(got, np.full(d, 1e-10), "the gradient of Σ x³ at 0 with the default h")

    @given(st.data(), dims(), float64_kinds())
    def test_leaves_x_as_it_was(self, learner, data, d, kind):
        (x,) = cast(kind, data.draw(arrays(d)))
        # x + h - h can differ from x in the last digit, which a restore by subtraction may leave
        afterwards = learner.run(point_afterwards, BUMPY, copy.deepcopy(x))
        expect(afterwards, x, "x after the call", rtol=1e-12, atol=1e-15)


# logsumexp


def gradient_of_logsumexp(impl, a):
    a.requires_grad_(True)
    impl.logsumexp(a, 1).sum().backward()
    return a.grad


MODEST = ("unit", "tiny", "constant", "integers")
ANY_SIZE = (*MODEST, "huge")


@exercise("logsumexp")
class TestLogsumexp:
    @given(st.data(), dims(), dims(), st.sampled_from((0, 1, -1)), kinds())
    def test_matches_the_reference(self, both, data, n, k, axis, kind):
        "log Σ exp(a), also where exp(a) itself is 0 or infinite."
        (a,) = cast(kind, data.draw(arrays(n, k, kinds=ANY_SIZE)))
        both.agree("logsumexp", a, axis)

    @given(st.data(), dims(3), dims(4), dims(5), st.integers(-3, 2), kinds())
    def test_sums_away_one_axis_of_three(self, both, data, l, n, k, axis, kind):  # noqa: E741
        (a,) = cast(kind, data.draw(arrays(l, n, k)))
        both.agree("logsumexp", a, axis=axis)

    @given(st.data(), dims(), dims(), st.sampled_from((0.0, 1e4, -1e4)))
    def test_moves_with_its_input(self, learner, data, n, k, shift):
        "logsumexp(a + c) = logsumexp(a) + c, however large c is."
        a = data.draw(arrays(n, k))
        got = learner.logsumexp(a + shift, 1)
        expect(got, np.log(np.exp(a).sum(1)) + shift, f"logsumexp of a small array plus {shift:g}")

    @given(st.data(), dims(), dims(), kinds())
    def test_keeps_rows_of_very_different_size_apart(self, both, data, n, k, kind):
        "Each row 1e4 away from the next: one shift for the whole array is not enough."
        rows = 1e4 * np.arange(n)[:, None] - 5e3
        (a,) = cast(kind, data.draw(arrays(n, k, kinds=("unit", "integers"))) + rows)
        both.agree("logsumexp", a, 1)

    @given(st.data(), dims(), dims(), kinds())
    def test_ignores_minus_infinity(self, both, data, n, k, kind):
        "exp(-inf) = 0 adds nothing; a row of nothing but -inf gives -inf, not nan."
        a, coin = data.draw(arrays(2, n, k))
        a[coin < 0] = -np.inf
        a[0] = -np.inf
        (a,) = cast(kind, a)
        both.agree("logsumexp", a, 1)

    @given(st.data(), dims(), dims(), kinds("torch float64", "torch float32"))
    def test_has_softmax_as_its_gradient(self, learner, data, n, k, kind):
        (a,) = cast(kind, data.draw(arrays(n, k, kinds=("unit", "tiny", "integers", "huge"))))
        want, rounding_of_logs = a.softmax(1), in_log_space(kind, a)
        got = learner.run(gradient_of_logsumexp, a)
        expect(got, want, "autograd's gradient of logsumexp", atol=rounding_of_logs)

    def test_leaves_its_input_alone(self, learner):
        for kind in KINDS:
            expect_untouched(learner, "logsumexp", *cast(kind, FOUR_TABLES[0]), 1)


# gaussian_log_prob


def score(impl, x, mean, var):
    x.requires_grad_(True)
    impl.gaussian_log_prob(x, mean, var).sum().backward()
    return x.grad


@exercise("gaussian_log_prob")
class TestGaussianLogProb:
    @given(st.data(), dims(), dims(), st.sampled_from(LAYOUTS), kinds())
    def test_matches_the_reference(self, both, data, n, k, layout, kind):
        "-½ (log 2π + log σ² + (x - μ)²/σ²) in every entry, shapes broadcast."
        # x² - 2xμ + μ² is right as well, and loses digits: in float32 only where that can be borne
        double = "64" in kind
        x, mean, spread = data.draw(arrays(3, n, k, kinds=ANY_SIZE if double else MODEST))
        parts = laid_out(layout, x, mean, variance(spread, 3 if double else 1))
        both.agree("gaussian_log_prob", *cast(kind, *parts), atol=rounding(kind))

    @given(st.floats(-5, 5), st.floats(-3, 3))
    def test_is_a_density(self, learner, mean, log10_var):
        "exp(log p) integrates to 1. The trapezoidal rule is exact to 1e-12 on 20 standard deviations."
        var = 10.0**log10_var
        x = mean + np.linspace(-10, 10, 401) * math.sqrt(var)
        got = learner.gaussian_log_prob(x, np.full(401, mean), np.full(401, var))
        expect(float(np.exp(got).sum() * (x[1] - x[0])), 1.0, "the integral of exp(log p)")

    @given(st.data(), dims(), dims())
    def test_has_the_score_as_its_slope(self, learner, data, n, k):
        "d log p / dx = (μ - x) / σ²: the quantity that diffusion models learn."
        x, mean, spread = data.draw(arrays(3, n, k))
        x, mean, var = cast("torch float64", x, mean, variance(spread))
        expect(learner.run(score, x, mean, var), (mean - x) / var, "autograd's slope of log p")

    def test_leaves_its_inputs_alone(self, learner):
        x, mean, spread, _ = FOUR_TABLES
        for kind in KINDS:
            expect_untouched(learner, "gaussian_log_prob", *cast(kind, x, mean, variance(spread)))


# gaussian_kl


def two_gaussians(*shape):
    """(mu1, logvar1, mu2, logvar2): apart, near or equal; log-variances within ±6."""
    return arrays(4, *shape).map(lambda four: (four[0], 2 * np.clip(four[1], -3, 3), four[2], four[3]))


def slopes_of_kl(impl, mu1, logvar1, mu2, logvar2):
    gaussians = {"mu1": mu1, "logvar1": logvar1, "mu2": mu2, "logvar2": logvar2}
    for one in gaussians.values():
        one.requires_grad_(True)
    impl.gaussian_kl(*gaussians.values()).sum().backward()
    return {f"slope in {name}": one.grad for name, one in gaussians.items()}


@exercise("gaussian_kl")
class TestGaussianKl:
    @given(st.data(), dims(), dims(), kinds())
    def test_matches_the_reference(self, both, data, n, k, kind):
        "½ (log σ₂² - log σ₁² + (σ₁² + (μ₁ - μ₂)²)/σ₂² - 1) in every entry."
        both.agree("gaussian_kl", *cast(kind, *data.draw(two_gaussians(n, k))), atol=rounding(kind))

    @given(st.data(), dims(), dims())
    def test_broadcasts(self, both, data, n, k):
        "One mean a row, one log-variance a column."
        mu1, logvar1, mu2, logvar2 = data.draw(two_gaussians(n, k))
        parts = mu1[:, :1], logvar1[0], mu2[:1], logvar2[:, :1]
        both.agree("gaussian_kl", *parts, atol=rounding("float64"))

    @given(st.data())
    def test_is_the_integral_it_stands_for(self, learner, data):
        "∫ p₁(x) (log p₁(x) - log p₂(x)) dx, by the trapezoidal rule."
        gaussians = data.draw(two_gaussians(1))
        mu1, logvar1, mu2, logvar2 = (float(one[0]) for one in gaussians)
        z = np.linspace(-12, 12, 481)
        x = mu1 + z * math.exp(logvar1 / 2)
        log_ratio = 0.5 * ((x - mu2) ** 2 * math.exp(-logvar2) - z**2 + logvar2 - logvar1)
        integral = float((np.exp(-(z**2) / 2) * log_ratio).sum() * 0.05 / math.sqrt(2 * math.pi))
        got = learner.gaussian_kl(*gaussians)
        # the sum cancels where the Gaussians are near each other
        expect(got, np.array([integral]), "KL as an integral", rtol=1e-7, atol=1e-9)

    @given(st.data(), dims(), kinds())
    def test_is_zero_between_equals_and_never_below(self, learner, data, n, kind):
        mu1, logvar1, mu2, logvar2 = cast(kind, *data.draw(two_gaussians(n)))
        same = learner.gaussian_kl(mu1, logvar1, mu1, logvar1)
        expect(same, 0 * mu1, "KL from a Gaussian to itself", atol=rounding(kind))
        smallest = float(learner.gaussian_kl(mu1, logvar1, mu2, logvar2).min())
        assert smallest >= -rounding(kind), f"KL came out negative: {smallest:.6g}"

    @given(st.data(), dims(), kinds("numpy float64", "torch float64"))
    def test_survives_variances_too_large_for_a_float(self, learner, data, n, kind):
        "σ₁² and σ₂² may both be infinite and still have a ratio: e^(800 - 801)."
        mu1, logvar1, mu2, logvar2 = data.draw(two_gaussians(n))
        difference = logvar1 - logvar2
        want = 0.5 * (np.exp(difference) - 1 - difference)
        got = learner.gaussian_kl(*cast(kind, mu1, 800 + logvar1, mu2, 800 + logvar2))
        # 800 itself keeps twelve digits after the point
        expect(got, *cast(kind, want), "KL between very wide Gaussians", rtol=1e-7, atol=1e-10)

    def test_leaves_its_inputs_alone(self, learner):
        for kind in KINDS:
            expect_untouched(learner, "gaussian_kl", *cast(kind, *FOUR_TABLES))

    @given(st.data(), dims())
    def test_has_the_right_slopes(self, learner, data, n):
        "Zero where the two Gaussians meet; a VAE's encoder follows these."
        gaussians = cast("torch float64", *data.draw(two_gaussians(n)))
        mu1, logvar1, mu2, logvar2 = gaussians
        ratio, pull = (logvar1 - logvar2).exp(), (mu1 - mu2) * (-logvar2).exp()
        want = {
            "slope in mu1": pull,
            "slope in logvar1": (ratio - 1) / 2,
            "slope in mu2": -pull,
            "slope in logvar2": (1 - ratio - pull * (mu1 - mu2)) / 2,
        }
        got = learner.run(slopes_of_kl, *gaussians)
        expect(got, want, "by autograd", atol=rounding("float64"))


# bayes_posterior


def log_prior_of(weights):
    return weights - np.log(np.exp(weights).sum())


def slopes_of_posterior(impl, log_prior, log_lik, weights):
    log_prior.requires_grad_(True)
    log_lik.requires_grad_(True)
    (weights * impl.bayes_posterior(log_prior, log_lik)).sum().backward()
    return {"slope in log_prior": log_prior.grad, "slope in log_lik": log_lik.grad}


@exercise("bayes_posterior")
class TestBayesPosterior:
    @given(st.data(), dims(), dims(), kinds())
    def test_matches_the_reference(self, both, data, n, c, kind):
        "p(class) p(data | class), divided by its sum over the classes; likelihoods down to e^-10000."
        log_prior = log_prior_of(data.draw(arrays(c)))
        log_lik = -abs(data.draw(arrays(n, c, kinds=ANY_SIZE)))
        rounding_of_logs = in_log_space(kind, log_prior, log_lik)
        both.agree("bayes_posterior", *cast(kind, log_prior, log_lik), atol=rounding_of_logs)

    @given(st.data(), dims(), dims(), st.sampled_from((0.0, -1e4)))
    def test_is_prior_times_likelihood_over_evidence(self, learner, data, n, c, shift):
        "A factor common to all classes, even e^-10000, cancels."
        weights, *log_lik = data.draw(arrays(n + 1, c))
        log_prior, log_lik = log_prior_of(weights), np.stack(log_lik)
        joint = np.exp(log_prior) * np.exp(log_lik)
        want = joint / joint.sum(1, keepdims=True)
        got = learner.bayes_posterior(log_prior, log_lik + shift)
        # log_lik - 1e4 itself keeps twelve digits after the point
        expect(got, want, "the posterior", rtol=1e-7, atol=1e-10)

    @given(st.data(), dims(), dims(), kinds())
    def test_each_row_is_a_distribution(self, learner, data, n, c, kind):
        log_prior = log_prior_of(data.draw(arrays(c)))
        log_lik = data.draw(arrays(n, c, kinds=("unit", "huge")))
        got = learner.bayes_posterior(*cast(kind, log_prior, log_lik))
        assert bool((got >= 0).all()), "a probability is negative or nan"
        (want,) = cast(kind, np.ones(n))
        expect(got.sum(1), want, "the sum of each row", atol=c * in_log_space(kind, log_prior, log_lik))

    @given(st.data(), dims(), dims(4), kinds())
    def test_an_impossible_class_stays_impossible(self, both, data, n, c, kind):
        "log prior = -inf gives probability 0; the others share the rest."
        log_prior = np.append(log_prior_of(data.draw(arrays(c))), -np.inf)
        got = both.agree("bayes_posterior", *cast(kind, log_prior, data.draw(arrays(n, c + 1))))
        assert bool((got[:, -1] == 0).all()), "a class of prior probability 0 got a posterior above 0"

    @given(st.data(), dims(), dims())
    def test_can_be_differentiated_through(self, learner, data, n, c):
        "dp_i / d(log joint)_j = p_i ([i = j] - p_j); autograd has to be able to follow."
        log_prior, *rows = data.draw(arrays(1 + 2 * n, c))
        log_prior, log_lik, weights = cast("torch float64", log_prior, np.stack(rows[:n]), np.stack(rows[n:]))
        p = (log_prior + log_lik).softmax(1)
        slopes = p * (weights - (weights * p).sum(1, keepdim=True))
        got = learner.run(slopes_of_posterior, log_prior, log_lik, weights)
        want = {"slope in log_prior": slopes.sum(0), "slope in log_lik": slopes}
        expect(got, want, "by autograd", atol=rounding("float64"))

    def test_leaves_its_inputs_alone(self, learner):
        for kind in KINDS:
            expect_untouched(learner, "bayes_posterior", *cast(kind, log_prior_of(FOUR_TABLES[0, 0]), FOUR_TABLES[1]))


# gaussian_posterior


ONE_SHAPE_OF_VARIANCE = (("table", "row", "row"), ("row", "column", "column"))
"""Layouts of m0, v0, v_obs in which the posterior's variance is smaller than its mean."""


def slopes_of_update(impl, m0, v0, x, v_obs):
    """The slopes of mean + 2 var."""
    arguments = {"m0": m0, "v0": v0, "x": x, "v_obs": v_obs}
    for one in arguments.values():
        one.requires_grad_(True)
    mean, var = impl.gaussian_posterior(*arguments.values())
    (mean + 2 * var).sum().backward()
    return {f"slope of mean + 2 var in {name}": one.grad for name, one in arguments.items()}


def posterior(impl, m0, v0, x, v_obs):
    mean, var = impl.gaussian_posterior(m0, v0, x, v_obs)
    return {"mean": mean, "var": var}


def log_normal(x, mean, var):
    return -0.5 * (np.log(2 * np.pi * var) + (x - mean) ** 2 / var)


@exercise("gaussian_posterior", returns=("mean", "var"))
class TestGaussianPosterior:
    @given(st.data(), dims(), dims(), st.sampled_from(LAYOUTS + ONE_SHAPE_OF_VARIANCE), kinds())
    def test_matches_the_reference(self, both, data, n, k, layout, kind):
        "Means weighted by precision, precisions added; shapes broadcast."
        m0, x, spread, spread_obs = data.draw(arrays(4, n, k))
        # (1 - gain) · v0 is right as well, and loses as many digits as the two variances are decades apart
        decades = 3 if "64" in kind else 1
        m0, v0, v_obs = laid_out(layout, m0, variance(spread, decades), variance(spread_obs, decades))
        both.agree("gaussian_posterior", *cast(kind, m0, v0, x, v_obs), atol=rounding(kind))

    @given(st.data(), dims(), dims())
    def test_is_prior_times_likelihood_up_to_a_constant(self, learner, data, n, k):
        "log p(z) + log p(x | z) - log p(z | x) = log p(x), the same for every z."
        m0, x, spread, spread_obs = data.draw(arrays(4, n, k))
        v0, v_obs = variance(spread), variance(spread_obs)
        mean, var = learner.gaussian_posterior(m0, v0, x, v_obs)
        assert bool((var > 0).all()), "the posterior variance is not above 0"
        for shift in (-1.0, 0.0, 2.0):
            z = m0 + shift * np.sqrt(np.minimum(v0, v_obs))
            log_evidence = log_normal(z, m0, v0) + log_normal(x, z, v_obs) - log_normal(z, mean, var)
            # three terms up to 1e5 in size, each right to 1e-10 or better, cancel to the one that is left
            want = log_normal(x, m0, v0 + v_obs)
            expect(log_evidence, want, "log p(z) + log p(x|z) - log p(z|x)", rtol=1e-7, atol=1e-5)

    @given(st.data(), dims(), kinds())
    def test_believes_whoever_is_certain(self, learner, data, n, kind):
        "A variance of 0 decides, without dividing by it. DDPM's last step is such a case."
        m0, x, spread = data.draw(arrays(3, n))
        m0, x, some, zero = cast(kind, m0, x, variance(spread), np.zeros(n))
        certain, exact = (m0, zero, x, some), (m0, some, x, zero)
        atol = rounding(kind)
        expect(learner.run(posterior, *certain), {"mean": m0, "var": zero}, "with a certain prior", atol=atol)
        expect(learner.run(posterior, *exact), {"mean": x, "var": zero}, "with an exact observation", atol=atol)

    @given(st.data(), dims())
    def test_can_be_differentiated_through(self, learner, data, n):
        "DDPM's loss flows back through the posterior's mean."
        m0, x, spread, spread_obs = data.draw(arrays(4, n))
        m0, v0, x, v_obs = cast("torch float64", m0, variance(spread, 1), x, variance(spread_obs, 1))
        total = v0 + v_obs
        slopes = {
            "m0": v_obs / total,
            "v0": (x - m0) * v_obs / total**2 + 2 * (v_obs / total) ** 2,
            "x": v0 / total,
            "v_obs": (m0 - x) * v0 / total**2 + 2 * (v0 / total) ** 2,
        }
        want = {f"slope of mean + 2 var in {name}": slope for name, slope in slopes.items()}
        expect(learner.run(slopes_of_update, m0, v0, x, v_obs), want, "by autograd", atol=1e-11)

    def test_leaves_its_inputs_alone(self, learner):
        m0, x, spread, spread_obs = FOUR_TABLES
        for kind in KINDS:
            arguments = cast(kind, m0, variance(spread), x, variance(spread_obs))
            expect_untouched(learner, "gaussian_posterior", *arguments)

    @given(st.data(), dims(), st.floats(0.02, 0.98), st.floats(0.02, 0.98))
    def test_gives_the_posterior_of_ddpm(self, learner, data, n, alpha, alpha_bar_before):
        "Ho et al. 2020, eq. 7: what x_t and x_0 say of x_(t-1)."
        x0, xt = data.draw(arrays(2, n))
        beta, alpha_bar = 1 - alpha, alpha * alpha_bar_before
        ones = np.ones(n)
        got = learner.run(
            posterior,
            math.sqrt(alpha_bar_before) * x0,
            (1 - alpha_bar_before) * ones,
            xt / math.sqrt(alpha),
            beta / alpha * ones,
        )
        from_x0 = math.sqrt(alpha_bar_before) * beta / (1 - alpha_bar)
        from_xt = math.sqrt(alpha) * (1 - alpha_bar_before) / (1 - alpha_bar)
        beta_tilde = (1 - alpha_bar_before) / (1 - alpha_bar) * beta
        want = {"mean": from_x0 * x0 + from_xt * xt, "var": beta_tilde * ones}
        expect(got, want, "q(x_(t-1) | x_t, x_0)", atol=rounding("float64"))
