"""Checks for unit 3.3, variational autoencoders."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Bernoulli, Normal, kl_divergence

from grader.judge import exercise, expect, expect_untouched
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
        "encoder.mu": draw(tensors(pixels, z, kinds=("unit", "tiny", "integers"))),
        "encoder.logvar": draw(tensors(pixels, z, kinds=("unit", "tiny"))) / 2,
        "decoder.weight": draw(tensors(z, pixels, kinds=("unit", "integers"))),
        "decoder.bias": draw(tensors(pixels, kinds=("unit", "constant"))),
    }
    return draw(pictures(batch, height, width)), weights, draw(tensors(batch, z, kinds=("unit",)))


# Scenarios: what is asked of the learner's module --------------------------------------------------------------------


def networks(weights, shape):
    """The encoder and the decoder made of `weights`, for pictures of `shape`."""

    def encoder(x):
        flat = x.flatten(1)
        return flat @ weights["encoder.mu"], flat @ weights["encoder.logvar"]

    def decoder(z):
        return (z @ weights["decoder.weight"] + weights["decoder.bias"]).reshape(-1, *shape)

    return encoder, decoder


def linear_elbo(impl, x, weights, eps, beta=None):
    """What elbo returns for the encoder and the decoder made of `weights`."""
    options = {} if beta is None else {"beta": beta}
    return impl.elbo(x, *networks(weights, x.shape[1:]), eps, **options)


def afterwards(**arguments):
    return {f"{name} after the call": value for name, value in arguments.items()}


def elbo_arguments_afterwards(impl, x, weights, eps):
    linear_elbo(impl, x, weights, eps)
    return afterwards(x=x, eps=eps, weights=weights)


def elbo_gradients(impl, x, weights, eps, beta):
    def output(*watched):
        return linear_elbo(impl, x, dict(zip(weights, watched, strict=True)), eps, beta)

    return gradients(output, weights)


def reparameterize_gradients(impl, mu, logvar, eps):
    return gradients(lambda *watched: impl.reparameterize(*watched, eps), {"mu": mu, "logvar": logvar})


def kl_gradients(impl, mu, logvar):
    return gradients(impl.kl_diag_gaussian, {"mu": mu, "logvar": logvar})


def likelihood_gradient(impl, logits, x):
    return gradients(lambda watched: impl.bernoulli_log_likelihood(watched, x), {"logits": logits})


def iwae_gradient(impl, log_w):
    return gradients(impl.iwae_bound, {"log_w": log_w})


def gradients(function, inputs):
    """The gradient of the summed output of `function` in each of its inputs, by name; None where autograd sees none."""
    watched = [each.requires_grad_() for each in inputs.values()]
    output = function(*watched)
    if output.requires_grad:
        found = torch.autograd.grad(output.sum(), watched, allow_unused=True)
    else:
        found = [None] * len(watched)
    return {f"gradient of {name}": each for name, each in zip(inputs, found, strict=True)}


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
    def test_leaves_its_arguments_alone(self, learner, inputs):
        expect_untouched(learner, "reparameterize", *inputs)

    @given(inputs=latents(3))
    def test_gradients_match_the_reference(self, both, inputs):
        "Gradients reach μ and log σ²."
        both.agree(reparameterize_gradients, *inputs)

    @given(inputs=latents(3, dtype=torch.float64))
    def test_gradients_are_those_of_the_formula(self, learner, inputs):
        "dz/dμ = 1 and dz/d log σ² = σ ε / 2."
        mu, logvar, eps = inputs
        got = learner.run(reparameterize_gradients, *inputs)
        expect(got["gradient of mu"], torch.ones_like(mu), "the gradient of mu, dz/dμ")
        expect(got["gradient of logvar"], (logvar / 2).exp() * eps / 2, "the gradient of logvar, dz/d log σ²")


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
    def test_leaves_its_arguments_alone(self, learner, gaussian):
        expect_untouched(learner, "kl_diag_gaussian", *gaussian)

    @given(gaussian=gaussians())
    def test_gradients_match_the_reference(self, both, gaussian):
        "dKL/dμ = μ and dKL/d log σ² = (σ² − 1) / 2."
        both.agree(kl_gradients, *gaussian, atol=ROUNDING)  # σ² − 1 cancels too


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
        got = learner.run(likelihood_gradient, logits, x)["gradient of logits"]
        # A difference of numbers below 1, and of the roundings of σ(l) in other forms.
        expect(got, x - torch.sigmoid(logits), "the gradient of logits", atol=1e-5)

    @given(pair=decoded())
    def test_leaves_its_arguments_alone(self, learner, pair):
        expect_untouched(learner, "bernoulli_log_likelihood", *pair)


@exercise("elbo")
class TestElbo:
    @given(vae=linear_vaes())
    def test_matches_the_reference(self, both, vae):
        "log p(x|z) − KL for each picture, β left at its default."
        both.agree(linear_elbo, *vae, atol=1e-4)  # the two terms, of up to some hundred nats in float32, may cancel

    @given(vae=linear_vaes(), beta=st.sampled_from([0.0, 0.25, 4.0]))
    def test_beta_weighs_the_divergence(self, learner, vae, beta):
        "log p(x|z) − β KL, with both terms from torch.distributions."
        x, weights, eps = vae
        encoder, decoder = networks(weights, x.shape[1:])
        mu, logvar = encoder(x)
        q = Normal(mu, (logvar / 2).exp())
        likelihood = Bernoulli(logits=decoder(mu + q.scale * eps), validate_args=False).log_prob(x).flatten(1).sum(1)
        divergence = kl_divergence(q, Normal(torch.zeros_like(mu), 1.0)).sum(1)
        got = learner.run(linear_elbo, x, weights, eps, beta=beta)
        # The two terms may cancel each other; each is rounded to float32 on its own.
        scale = float(likelihood.abs().max() + beta * divergence.abs().max())
        expect(got, likelihood - beta * divergence, "log p(x|z) − β KL", atol=1e-5 * scale + 1e-6)

    @given(vae=linear_vaes())
    def test_leaves_its_arguments_alone(self, learner, vae):
        x, weights, eps = vae
        got = learner.run(elbo_arguments_afterwards, x, weights, eps)
        expect(got, afterwards(x=x, eps=eps, weights=weights), rtol=0, atol=0)

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
                "encoder.mu": (pixels, 1),
                "encoder.logvar": (pixels, 1),
                "decoder.weight": (1, pixels),
                "decoder.bias": (pixels,),
            }.items()
        }
        weights["encoder.logvar"] = weights["encoder.logvar"] / 4
        nodes, node_weights = np.polynomial.hermite_e.hermegauss(60)  # ∫ f(ε) N(ε; 0, 1) dε = Σ wᵢ f(εᵢ) / √(2π)
        eps, w = torch.tensor(nodes)[:, None], torch.tensor(node_weights) / math.sqrt(2 * math.pi)

        def log_likelihood(z):
            return Bernoulli(logits=z * weights["decoder.weight"] + weights["decoder.bias"]).log_prob(x).sum(1)

        mu, logvar = networks(weights, (pixels,))[0](x)
        q, prior = Normal(mu, (logvar / 2).exp()), Normal(torch.zeros_like(mu), 1.0)
        z = mu + q.scale * eps
        bound = w @ (log_likelihood(z) + (prior.log_prob(z) - q.log_prob(z))[:, 0])
        evidence = (w @ log_likelihood(eps).exp()).log()

        got = w @ learner.run(linear_elbo, x.expand(len(eps), pixels).contiguous(), weights, eps)
        expect(got, bound, "the mean of elbo over eps", rtol=1e-6)  # 60 nodes: the error of the quadrature
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
    def test_leaves_its_argument_alone(self, learner, log_w):
        expect_untouched(learner, "iwae_bound", log_w)

    @given(log_w=log_weights(dtype=torch.float64))
    def test_gradient_is_the_normalised_weights(self, learner, log_w):
        "d bound / d log w = softmax over the K samples: what an IWAE trains with."
        got = learner.run(iwae_gradient, log_w)["gradient of log_w"]
        expect(got, log_w.softmax(0), "the gradient of log_w", atol=1e-9)


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
        expect(torch.special.ndtr(got), want, "the probabilities Φ(z) of the codes")
