"""Unit 3.3 against torch.distributions, diffusers, scipy and a model whose evidence is known exactly."""

import math

import numpy as np
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.decomposition import PCA
from torch.distributions import Bernoulli, LowRankMultivariateNormal, MultivariateNormal, Normal, kl_divergence
from torch.testing import assert_close

from phase3_generative import unit3_vae as unit

seeds = st.integers(0, 2**31 - 1)
sizes = st.integers(1, 6)


def normal(seed, *shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def posterior(seed, *shape):
    mu, logvar = normal(seed, 2, *shape)
    return mu, logvar, Normal(mu, (logvar / 2).exp())


@given(seed=seeds, batch=sizes, z=sizes)
def test_reparameterize_is_the_sample_of_diffusers(seed, batch, z):
    moments = normal(seed, batch, 2 * z, 2, 3)
    sample = DiagonalGaussianDistribution(moments).sample(generator=torch.Generator().manual_seed(seed))
    eps = torch.randn(sample.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    assert_close(unit.reparameterize(*moments.chunk(2, 1), eps), sample)


@given(seed=seeds, batch=sizes, z=sizes)
def test_kl_is_that_of_torch_distributions_and_diffusers(seed, batch, z):
    mu, logvar, q = posterior(seed, batch, z, 2, 3)
    got = unit.kl_diag_gaussian(mu, logvar)
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    assert_close(got, kl_divergence(q, prior).sum((1, 2, 3)))
    assert_close(got, DiagonalGaussianDistribution(torch.cat([mu, logvar], 1)).kl())


@given(seed=seeds, batch=sizes, pixels=sizes, scale=st.sampled_from([0.01, 1.0, 100.0, 1e4]))
def test_log_likelihood_is_that_of_torch_distributions(seed, batch, pixels, scale):
    logits, x = scale * normal(seed, batch, pixels), (normal(seed + 1, batch, pixels) > 0).double()
    assert_close(unit.bernoulli_log_likelihood(logits, x), Bernoulli(logits=logits).log_prob(x).sum(1))


def enumerable_vae(seed, pixels):
    """A VAE with one latent and few pixels: every integral is a sum over quadrature nodes or over all pictures."""
    to_mu, to_logvar, to_logits, bias = normal(seed, 4, pixels)
    return (
        lambda x: ((x @ to_mu)[:, None], (x @ to_logvar)[:, None] / 4),
        lambda z: z * to_logits + bias,
    )


@given(seed=seeds, pixels=st.integers(1, 4))
def test_elbo_differs_from_the_exact_evidence_by_the_divergence_of_the_posteriors(seed, pixels):
    """log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)) ≥ 0, integrated on a grid; and the evidences of all pictures sum to 1."""
    encoder, decoder = enumerable_vae(seed, pixels)
    pictures = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * pixels).reshape(-1, pixels)
    grid = torch.linspace(-12, 12, 1201, dtype=torch.float64)[:, None]
    likelihood = Bernoulli(logits=decoder(grid)).log_prob(pictures[:, None]).sum(-1)
    joint = likelihood + Normal(0.0, 1.0).log_prob(grid[:, 0])
    evidence = torch.trapezoid(joint.exp(), grid[:, 0]).log()
    assert_close(evidence.exp().sum(), torch.tensor(1.0, dtype=torch.float64))

    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    eps, weights = torch.tensor(nodes), torch.tensor(weights) / math.sqrt(2 * math.pi)
    repeated = pictures.repeat_interleave(len(eps), 0)
    samples = unit.elbo(repeated, encoder, decoder, eps.repeat(len(pictures))[:, None])
    bound = samples.reshape(len(pictures), -1) @ weights

    mu, logvar = encoder(pictures)
    log_q = Normal(mu, (logvar / 2).exp()).log_prob(grid[:, 0])
    gap = torch.trapezoid(log_q.exp() * (log_q - (joint - evidence[:, None])), grid[:, 0])
    assert_close(evidence - bound, gap, rtol=1e-5, atol=1e-6)
    assert bool((gap > -1e-9).all())


def probabilistic_pca():
    """A Gaussian latent-variable model with exact evidence (scikit-learn) and exact posterior (Bishop, eq. 12.42)."""
    draw = np.random.default_rng(0)
    data = draw.normal(size=(200, 4)) @ draw.normal(size=(4, 6)) + 0.3 * draw.normal(size=(200, 6))
    pca = PCA(2).fit(data)
    noise = torch.tensor(pca.noise_variance_)
    loadings = torch.tensor(pca.components_.T * np.sqrt(pca.explained_variance_ - pca.noise_variance_))
    x = torch.tensor(data[:5])
    evidence = torch.tensor(pca.score_samples(data[:5]))
    mean = torch.tensor(pca.mean_)
    assert_close(LowRankMultivariateNormal(mean, loadings, noise.expand(6)).log_prob(x), evidence)
    precision = loadings.T @ loadings + noise * torch.eye(2, dtype=torch.float64)
    exact = MultivariateNormal((x - mean) @ loadings @ precision.inverse(), noise * precision.inverse())
    return (
        x,
        evidence,
        lambda z: (
            Normal(0.0, 1.0).log_prob(z).sum(-1) + Normal(z @ loadings.T + mean, noise.sqrt()).log_prob(x).sum(-1)
        ),
        exact,
    )


def test_iwae_bound_is_exact_for_any_k_at_the_true_posterior():
    _, evidence, log_joint, exact = probabilistic_pca()
    torch.manual_seed(0)
    for k in (1, 2, 7):
        z = exact.sample((k,))
        assert_close(unit.iwae_bound(log_joint(z) - exact.log_prob(z)), evidence)


def test_iwae_bound_rises_to_the_evidence_when_the_posterior_is_wrong():
    """Burda et al. 2016, theorem 1. Means over 4,000 draws: standard errors below 0.02 nats, steps above 0.1."""
    _, evidence, log_joint, exact = probabilistic_pca()
    wrong = Normal(exact.mean, 1.8 * exact.covariance_matrix.diagonal(dim1=-2, dim2=-1).sqrt())
    torch.manual_seed(0)
    bounds = []
    for k in (1, 4, 16):
        z = wrong.sample((k, 4000))
        log_w = log_joint(z) - wrong.log_prob(z).sum(-1)
        bounds.append(unit.iwae_bound(log_w.flatten(1)).reshape(4000, -1).mean(0))
    assert bool((bounds[0] < bounds[1]).all() and (bounds[1] < bounds[2]).all() and (bounds[2] < evidence).all())


@given(seed=seeds, samples=sizes, batch=sizes, scale=st.sampled_from([1.0, 1e4]))
def test_iwae_bound_is_torch_logsumexp_less_log_k(seed, samples, batch, scale):
    log_w = scale * normal(seed, samples, batch)
    assert_close(unit.iwae_bound(log_w), torch.logsumexp(log_w, 0) - math.log(samples))


@given(n=st.integers(2, 12), lo=st.floats(0.01, 0.4), hi=st.floats(0.6, 0.99))
def test_grid_is_made_of_the_quantiles_of_scipy(n, lo, hi):
    quantiles = norm.ppf(np.linspace(lo, hi, n))
    first, second = np.meshgrid(quantiles, quantiles, indexing="ij")
    want = torch.tensor(np.stack([first.ravel(), second.ravel()], 1), dtype=torch.float32)
    assert_close(unit.latent_manifold_grid(n, lo, hi), want, rtol=1e-5, atol=1e-5)
