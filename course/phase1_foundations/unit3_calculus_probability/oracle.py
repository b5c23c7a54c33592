"""Unit 1.3's references against scipy, scikit-learn, torch.distributions and numerical integration."""

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
import scipy.stats
import torch
from diffusers import DDPMScheduler
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.naive_bayes import GaussianNB
from torch.distributions import Normal, kl_divergence

from phase1_foundations.unit3_calculus_probability import (
    bayes_posterior,
    gaussian_kl,
    gaussian_log_prob,
    gaussian_posterior,
    logsumexp,
    numerical_gradient,
)

SHAPE = (3, 4)


def table(low: float = -5, high: float = 5) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.float64, SHAPE, elements=st.floats(low, high))


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


@given(hnp.arrays(np.float64, 4, elements=st.floats(-2, 2)))
def test_numerical_gradient_is_that_of_scipy_and_of_autograd(x):
    ours = numerical_gradient(rosenbrock, x)
    np.testing.assert_allclose(ours, scipy.optimize.rosen_der(x), rtol=1e-6, atol=1e-5)
    forward = scipy.optimize.approx_fprime(x, rosenbrock)  # one-sided, so only good to 1e-8 · f''
    np.testing.assert_allclose(ours, forward, rtol=1e-4, atol=1e-3)
    leaf = torch.from_numpy(x).requires_grad_(True)
    (exact,) = torch.autograd.grad(rosenbrock(leaf), leaf)
    with_tensors = numerical_gradient(rosenbrock, torch.from_numpy(x))
    torch.testing.assert_close(with_tensors, exact, rtol=1e-6, atol=1e-5)


@given(table(-1e4, 1e4), st.sampled_from((0, 1, -1)))
def test_logsumexp_is_that_of_scipy_and_of_torch(a, axis):
    np.testing.assert_allclose(logsumexp(a, axis), scipy.special.logsumexp(a, axis=axis), rtol=1e-12, atol=1e-12)
    tensor = torch.from_numpy(a)
    torch.testing.assert_close(logsumexp(tensor, axis), torch.logsumexp(tensor, axis))


@pytest.mark.parametrize("library", [np.asarray, torch.from_numpy])
def test_logsumexp_of_log_zero(library):
    a = np.array([[-np.inf, -np.inf], [-np.inf, 2.0], [1e4, -np.inf]])
    np.testing.assert_array_equal(logsumexp(library(a), 1), scipy.special.logsumexp(a, axis=1))


@given(table(), table(), table(1e-3, 1e3))
def test_gaussian_log_prob_is_that_of_scipy_and_of_torch(x, mean, var):
    ours = gaussian_log_prob(x, mean, var)
    np.testing.assert_allclose(ours, scipy.stats.norm.logpdf(x, mean, np.sqrt(var)), rtol=1e-9, atol=1e-12)
    x, mean, var = map(torch.from_numpy, (x, mean, var))
    theirs = Normal(mean, var.sqrt(), validate_args=False).log_prob(x)
    torch.testing.assert_close(gaussian_log_prob(x, mean, var), theirs, rtol=1e-9, atol=1e-12)


@given(table(), table(), table(), table())
def test_gaussian_kl_is_that_of_torch_distributions(mu1, logvar1, mu2, logvar2):
    tensors = [torch.from_numpy(one) for one in (mu1, logvar1, mu2, logvar2)]
    mean1, log1, mean2, log2 = tensors
    theirs = kl_divergence(Normal(mean1, (log1 / 2).exp()), Normal(mean2, (log2 / 2).exp()))
    torch.testing.assert_close(gaussian_kl(*tensors), theirs, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gaussian_kl(mu1, logvar1, mu2, logvar2), theirs.numpy(), rtol=1e-9, atol=1e-9)


def test_bayes_posterior_is_that_of_naive_bayes_in_scikit_learn():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [10, 30, 20])
    x = rng.normal(size=(60, 2)) * [1.0, 3.0] + np.stack([y, -y], axis=1)
    model = GaussianNB(var_smoothing=0).fit(x, y)
    log_lik = gaussian_log_prob(x[:, None, :], model.theta_, model.var_).sum(-1)
    np.testing.assert_allclose(bayes_posterior(np.log(model.class_prior_), log_lik), model.predict_proba(x), rtol=1e-9)


@given(*(st.floats(-3, 3) for _ in range(2)), *(st.floats(0.05, 5) for _ in range(2)))
def test_gaussian_posterior_has_the_moments_of_bayes_integral(m0, x, v0, v_obs):
    grid = np.linspace(min(m0, x) - 8 * max(v0, v_obs) ** 0.5, max(m0, x) + 8 * max(v0, v_obs) ** 0.5, 2001)
    weights = scipy.stats.norm.pdf(grid, m0, v0**0.5) * scipy.stats.norm.pdf(x, grid, v_obs**0.5)
    evidence = scipy.integrate.trapezoid(weights, grid)
    mean = scipy.integrate.trapezoid(grid * weights, grid) / evidence
    var = scipy.integrate.trapezoid((grid - mean) ** 2 * weights, grid) / evidence
    np.testing.assert_allclose(gaussian_posterior(m0, v0, x, v_obs), (mean, var), rtol=1e-6, atol=1e-9)


def test_gaussian_posterior_is_ddpms():
    scheduler = DDPMScheduler(num_train_timesteps=50, clip_sample=False)
    alpha_bar = scheduler.alphas_cumprod.double()
    for t in (1, 7, 49):
        beta = 1 - alpha_bar[t] / alpha_bar[t - 1]
        mean_is_not_asked = torch.zeros(())
        _, var = gaussian_posterior(mean_is_not_asked, 1 - alpha_bar[t - 1], mean_is_not_asked, beta / (1 - beta))
        torch.testing.assert_close(var.float(), scheduler._get_variance(t))
