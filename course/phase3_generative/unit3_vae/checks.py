"""Checks for unit 3.3, variational autoencoders."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from grader.judge import exercise, expect
from grader.judge.trial.strategies import dims, seeds, tensors

KINDS = ("unit", "tiny", "constant", "integers")


# Inputs -------------------------------------------------------------------------------------------------------------


@st.composite
def latents(draw, count, batch=None, dtype=None):
    """`count` tensors (B, Z) of one shape: μ, log σ² and whatever else a call needs."""
    shape = (batch or draw(dims()), draw(dims()))
    dtype = dtype or draw(st.sampled_from([torch.float32, torch.float64]))
    return tuple(draw(tensors(*shape, dtype=dtype)) for _ in range(count))


@st.composite
def gaussians(draw):
    """μ and log σ² with one to three latent axes."""
    shape = tuple(draw(dims(4)) for _ in range(draw(st.integers(2, 4))))
    return draw(tensors(*shape)), draw(tensors(*shape))


@st.composite
def pictures(draw, *shape, binary=None):
    """Pixels in [0, 1]: black and white, or grey."""
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(draw(seeds())))
    binary = draw(st.booleans()) if binary is None else binary
    return noise.round() if binary else noise


@st.composite
def decoded(draw):
    """Logits, from near zero to ±1e4, and pixels of the same shape."""
    shape = tuple(draw(dims(4)) for _ in range(draw(st.integers(2, 4))))
    return draw(tensors(*shape, kinds=(*KINDS, "huge"))), draw(pictures(*shape))


@st.composite
def linear_vaes(draw):
    """A picture (B, H, W), the weights of a linear encoder and decoder, and noise (B, Z)."""
    batch, height, width, z = draw(dims(4)), draw(dims(3)), draw(dims(3)), draw(dims(3))
    pixels = height * width
    weights = {
        "mu": draw(tensors(pixels, z, kinds=("unit", "tiny", "integers"))),
        "logvar": draw(tensors(pixels, z, kinds=("unit", "tiny"))) / 2,
        "logits": draw(tensors(z, pixels, kinds=("unit", "integers"))),
        "bias": draw(tensors(pixels, kinds=("unit", "constant"))),
    }
    return draw(pictures(batch, height, width)), weights, draw(tensors(batch, z, kinds=("unit",)))


# Scenarios: what is asked of the learner's module --------------------------------------------------------------------


def networks(weights, shape):
    """The encoder and the decoder made of `weights`, for pictures of `shape`."""

    def encoder(x):
        flat = x.flatten(1)
        return flat @ weights["mu"], flat @ weights["logvar"]

    def decoder(z):
        return (z @ weights["logits"] + weights["bias"]).reshape(-1, *shape)

    return encoder, decoder


def with_arguments(impl, name, *arguments):
    """What a function returns, and its arguments as they are afterwards."""
    return getattr(impl, name)(*arguments), *arguments


def elbo_value(impl, x, weights, eps, **options):
    return impl.elbo(x, *networks(weights, x.shape[1:]), eps, **options)


def elbo_with_arguments(impl, x, weights, eps):
    return elbo_value(impl, x, weights, eps), x, eps, weights


def elbo_gradients(impl, x, weights, eps, beta):
    weights = {name: weight.requires_grad_() for name, weight in weights.items()}
    return gradients(elbo_value(impl, x, weights, eps, beta=beta), weights.values())


def function_gradients(impl, name, wanted, *inputs):
    """Gradients of the summed output of one function in its first `wanted` inputs."""
    watched = [each.requires_grad_() for each in inputs[:wanted]]
    return gradients(getattr(impl, name)(*watched, *inputs[wanted:]), watched)


def gradients(output, inputs):
    """None for an input that the output does not depend on, as autograd sees it."""
    if not output.requires_grad:
        return [None for _ in inputs]
    return list(torch.autograd.grad(output.sum(), list(inputs), allow_unused=True))


# The checks ----------------------------------------------------------------------------------------------------------


@exercise("reparameterize")
class TestReparameterize:
    @given(inputs=latents(3))
    def test_matches_the_reference(self, both, inputs):
        "μ + σ ε with σ² = exp(log σ²), each entry with its own noise."
        both.agree("reparameterize", *inputs)

    @given(inputs=latents(3, dtype=torch.float64), size=st.sampled_from([1.0, 1e6]))
    def test_noise_is_scaled_by_the_standard_deviation(self, learner, inputs, size):
        "With log σ² = 2 log s the sample is μ + s ε."
        mu, s, eps = inputs
        s = size * (s.abs() + 1e-3)
        expect(learner.reparameterize(mu, 2 * s.log(), eps), mu + s * eps, "μ + s ε for log σ² = 2 log s")

    @given(inputs=latents(3))
    def test_leaves_its_arguments_alone(self, both, inputs):
        both.agree(with_arguments, "reparameterize", *inputs)

    @given(inputs=latents(3))
    def test_gradients_match_the_reference(self, both, inputs):
        "Gradients reach μ and log σ²."
        both.agree(function_gradients, "reparameterize", 2, *inputs)

    @given(inputs=latents(3, dtype=torch.float64))
    def test_gradients_are_those_of_the_formula(self, learner, inputs):
        "dz/dμ = 1 and dz/d log σ² = σ ε / 2."
        mu, logvar, eps = inputs
        in_mu, in_logvar = learner.run(function_gradients, "reparameterize", 2, *inputs)
        expect(in_mu, torch.ones_like(mu), "dz/dμ")
        expect(in_logvar, (logvar / 2).exp() * eps / 2, "dz/d log σ²")


# exp(v) − 1 − v cancels for a log-variance v near 0: a handful of float32 roundings of numbers of size 1, an entry.
ROUNDING = 1e-6


@exercise("kl_diag_gaussian")
class TestKlDiagGaussian:
    @given(gaussian=gaussians())
    def test_matches_the_reference(self, both, gaussian):
        "One number an example, summed over one to three latent axes."
        both.agree("kl_diag_gaussian", *gaussian, atol=ROUNDING * gaussian[0][0].numel())

    @given(gaussian=latents(2, dtype=torch.float64))
    def test_equals_the_divergence_of_torch_distributions(self, learner, gaussian):
        "KL(N(μ, σ²) ‖ N(0, 1)), summed over the latents."
        mu, logvar = gaussian
        want = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(torch.zeros_like(mu), 1.0)).sum(1)
        expect(learner.kl_diag_gaussian(mu, logvar), want, "the KL in nats", atol=1e-12)  # cancels, as above

    @given(mu=latents(1, dtype=torch.float64))
    def test_is_half_the_squared_distance_at_unit_variance(self, learner, mu):
        "With σ² = 1 the KL is ‖μ‖² / 2: zero at the prior, never negative."
        (mu,) = mu
        expect(learner.kl_diag_gaussian(mu, torch.zeros_like(mu)), mu.square().sum(1) / 2, "‖μ‖² / 2", atol=1e-12)

    @given(mu=latents(1, dtype=torch.float64), logvar=st.sampled_from([-40.0, 30.0]))
    def test_knows_very_narrow_and_very_wide_posteriors(self, learner, mu, logvar):
        "A log-variance of −40 or 30 is taken as it is."
        (mu,) = mu
        want = (mu.square() + math.exp(logvar) - 1 - logvar).sum(1) / 2
        expect(learner.kl_diag_gaussian(mu, torch.full_like(mu, logvar)), want, f"the KL at log σ² = {logvar:g}")

    @given(gaussian=gaussians())
    def test_leaves_its_arguments_alone(self, both, gaussian):
        both.agree(with_arguments, "kl_diag_gaussian", *gaussian, atol=ROUNDING * gaussian[0][0].numel())

    @given(gaussian=gaussians())
    def test_gradients_match_the_reference(self, both, gaussian):
        "dKL/dμ = μ and dKL/d log σ² = (σ² − 1) / 2."
        both.agree(function_gradients, "kl_diag_gaussian", 2, *gaussian, atol=ROUNDING)  # σ² − 1 cancels too


def likelihood_rounding(logits):
    """x·l − log(1 + eˡ) is right too, and loses as much as one rounding of l for each pixel."""
    return 1e-6 * max(1.0, float(logits.abs().max())) * logits[0].numel()


@exercise("bernoulli_log_likelihood")
class TestBernoulliLogLikelihood:
    @given(pair=decoded())
    def test_matches_the_reference(self, both, pair):
        "Summed over the pixels, for logits out to ±1e4, pixels black and white or grey."
        both.agree("bernoulli_log_likelihood", *pair, atol=likelihood_rounding(pair[0]))

    @given(pixels=dims(4), seed=seeds())
    def test_probabilities_of_all_pictures_sum_to_one(self, learner, pixels, seed):
        "Over the 2^D black-and-white pictures the likelihoods add up to 1."
        logits = 2 * torch.randn(pixels, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        codes = torch.arange(2**pixels)
        pictures = (codes[:, None] >> torch.arange(pixels) & 1).to(torch.float64)
        log_p = learner.bernoulli_log_likelihood(logits.expand(len(codes), pixels), pictures)
        expect(log_p.exp().sum(), torch.tensor(1.0, dtype=torch.float64), "the sum of exp(log p) over all pictures")

    @given(size=st.sampled_from([1e2, 1e4]), batch=dims(), pixels=dims(), seed=seeds())
    def test_stays_exact_where_the_sigmoid_saturates(self, learner, size, batch, pixels, seed):
        "A pixel predicted with certainty costs nothing; predicted wrongly, it costs |logit| nats."
        x = torch.randint(2, (batch, pixels), generator=torch.Generator().manual_seed(seed)).float()
        certain = size * (2 * x - 1)
        expect(
            learner.bernoulli_log_likelihood(certain, x),
            torch.zeros(batch),
            "log p of a certain, right picture",
            atol=likelihood_rounding(certain),
        )
        expect(
            learner.bernoulli_log_likelihood(-certain, x),
            torch.full((batch,), -size * pixels),
            "log p of a certain, wrong picture",
        )

    @given(pair=decoded())
    def test_gradient_is_the_residual(self, learner, pair):
        "d log p / d logits = x − sigmoid(logits)."
        logits, x = pair
        logits[logits == 0] = 0.5  # max(l, 0) and |l| are right in the value, and have no derivative at 0
        (got,) = learner.run(function_gradients, "bernoulli_log_likelihood", 1, logits, x)
        # A difference of numbers below 1, and of the roundings of σ(l) in other forms.
        expect(got, x - torch.sigmoid(logits), "d log p / d logits", atol=1e-5)

    @given(pair=decoded())
    def test_leaves_its_arguments_alone(self, both, pair):
        both.agree(with_arguments, "bernoulli_log_likelihood", *pair, atol=likelihood_rounding(pair[0]))


@exercise("elbo")
class TestElbo:
    @given(vae=linear_vaes())
    def test_matches_the_reference(self, both, vae):
        "log p(x|z) − KL for each picture, β left at its default."
        both.agree(elbo_value, *vae, atol=1e-4)  # the two terms, of up to some hundred nats in float32, may cancel

    @given(vae=linear_vaes(), beta=st.sampled_from([0.0, 0.25, 4.0]))
    def test_beta_weighs_the_divergence(self, learner, vae, beta):
        "log p(x|z) − β KL, with both terms from torch.distributions."
        x, weights, eps = vae
        encoder, decoder = networks(weights, x.shape[1:])
        mu, logvar = encoder(x)
        q = Normal(mu, (logvar / 2).exp())
        likelihood = Bernoulli(logits=decoder(mu + q.scale * eps), validate_args=False).log_prob(x).flatten(1).sum(1)
        divergence = kl_divergence(q, Normal(torch.zeros_like(mu), 1.0)).sum(1)
        got = learner.run(elbo_value, x, weights, eps, beta=beta)
        # The two terms may cancel each other; each is rounded to float32 on its own.
        scale = float(likelihood.abs().max() + beta * divergence.abs().max())
        expect(got, likelihood - beta * divergence, "log p(x|z) − β KL", atol=1e-5 * scale + 1e-6)

    @given(vae=linear_vaes())
    def test_leaves_its_arguments_alone(self, both, vae):
        both.agree(elbo_with_arguments, *vae, atol=1e-4)  # as above

    @given(vae=linear_vaes(), beta=st.sampled_from([0.25, 1.0, 4.0]))
    def test_gradients_match_the_reference(self, both, vae, beta):
        "Gradients reach the encoder, through z and through the KL, and the decoder."
        # Sums over batch and pixels of entries of size 1 that may cancel.
        both.agree(elbo_gradients, *vae, beta, atol=1e-5 * vae[0].numel())

    @given(pixels=dims(4), seed=seeds())
    def test_its_mean_is_the_bound_and_below_the_evidence(self, learner, pixels, seed):
        "For one latent, with every integral done by quadrature: E_q[log p(x, z) − log q(z|x)] ≤ log p(x)."
        draw = torch.Generator().manual_seed(seed)
        x = torch.randint(2, (1, pixels), generator=draw).double()
        weights = {
            name: torch.randn(shape, generator=draw, dtype=torch.float64)
            for name, shape in {
                "mu": (pixels, 1),
                "logvar": (pixels, 1),
                "logits": (1, pixels),
                "bias": (pixels,),
            }.items()
        }
        weights["logvar"] = weights["logvar"] / 4
        nodes, node_weights = np.polynomial.hermite_e.hermegauss(60)  # ∫ f(ε) N(ε; 0, 1) dε = Σ wᵢ f(εᵢ) / √(2π)
        eps, w = torch.tensor(nodes)[:, None], torch.tensor(node_weights) / math.sqrt(2 * math.pi)

        def log_likelihood(z):
            return Bernoulli(logits=z * weights["logits"] + weights["bias"]).log_prob(x).sum(1)

        mu, logvar = networks(weights, (pixels,))[0](x)
        q, prior = Normal(mu, (logvar / 2).exp()), Normal(torch.zeros_like(mu), 1.0)
        z = mu + q.scale * eps
        bound = w @ (log_likelihood(z) + (prior.log_prob(z) - q.log_prob(z))[:, 0])
        evidence = (w @ log_likelihood(eps).exp()).log()

        got = w @ learner.run(elbo_value, x.expand(len(eps), pixels).contiguous(), weights, eps)
        expect(got, bound, "the mean of the estimate over ε", rtol=1e-6)  # 60 nodes: the error of the quadrature
        assert got <= evidence + 1e-6, f"the bound, {got:.6f} nats, lies above log p(x) = {evidence:.6f} nats"


@st.composite
def log_weights(draw, dtype=torch.float32, hopeless=False):
    """(K, B) log-weights, K and B different more often than not, out to ±1e4; some samples of weight zero.

    With `hopeless`, there may be an example none of whose samples has any weight.
    """
    log_w = draw(tensors(draw(dims()), draw(dims()), dtype=dtype, kinds=(*KINDS, "huge")))
    if len(log_w) > 1 and draw(st.booleans()):
        log_w[0] = -math.inf
    if hopeless and draw(st.booleans()):
        log_w[:, -1] = -math.inf
    return log_w


@exercise("iwae_bound")
class TestIwaeBound:
    @given(log_w=log_weights(hopeless=True))
    def test_matches_the_reference(self, both, log_w):
        "log of the mean weight over the K samples, safe at ±1e4."
        both.agree("iwae_bound", log_w, atol=1e-6)  # log Σ − log K cancels to 0 for equal weights

    @given(log_w=log_weights())
    def test_lies_between_the_mean_and_the_largest_log_weight(self, learner, log_w):
        "Jensen's inequality, example by example; all three are equal for one sample."
        got = learner.iwae_bound(log_w)
        slack = 1e-5 * (1 + got.abs())  # float32
        assert bool((got <= log_w.amax(0) + slack).all()), "the bound exceeds the largest of its log-weights"
        assert bool((got >= log_w.mean(0) - slack).all()), "the bound lies below the mean of the log-weights, the ELBO"

    @given(samples=dims(), batch=dims(), seed=seeds())
    def test_is_the_log_of_the_mean_weight(self, learner, samples, batch, seed):
        "exp(bound) is the plain average of the weights, where that can be computed."
        weights = torch.rand(samples, batch, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.1
        # rtol: log K may be a float32 number.
        expect(learner.iwae_bound(weights.log()).exp(), weights.mean(0), "exp(bound)", rtol=1e-6)

    @given(log_w=log_weights())
    def test_leaves_its_argument_alone(self, both, log_w):
        both.agree(with_arguments, "iwae_bound", log_w, atol=1e-6)  # as above

    @given(log_w=log_weights(dtype=torch.float64))
    def test_gradient_is_the_normalised_weights(self, learner, log_w):
        "d bound / d log w = softmax over the K samples: what an IWAE trains with."
        (got,) = learner.run(function_gradients, "iwae_bound", 1, log_w)
        expect(got, log_w.softmax(0), "d bound / d log w", atol=1e-9)


@st.composite
def grids(draw):
    """n, and two probabilities lo < hi."""
    lo, hi = draw(st.sampled_from([(0.05, 0.95), (0.01, 0.5), (0.2, 0.9), (0.6, 0.99)]))
    return draw(st.integers(2, 6)), lo, hi


@exercise("latent_manifold_grid")
class TestLatentManifoldGrid:
    @given(n=st.integers(2, 6))
    def test_matches_the_reference_by_default(self, both, n):
        "n·n codes between the 5 % and the 95 % quantile."
        both.agree("latent_manifold_grid", n)

    @given(grid=grids())
    def test_matches_the_reference(self, both, grid):
        "Other probabilities at the ends."
        # Near probability ½ quantiles go through 0; in the tails one rounding of a probability moves them by 3e-6.
        both.agree("latent_manifold_grid", *grid, atol=1e-5)

    @given(grid=grids())
    def test_codes_are_evenly_spaced_in_probability(self, learner, grid):
        "The normal distribution function sends the codes to an even grid, the first coordinate changing slowest."
        n, lo, hi = grid
        got = learner.latent_manifold_grid(n, lo, hi)
        steps = torch.tensor([lo + (hi - lo) * i / (n - 1) for i in range(n)])
        want = torch.stack([steps.repeat_interleave(n), steps.repeat(n)], dim=1)
        expect(torch.special.ndtr(got), want, "Φ(z)")
