"""Unit 4.4's reference against diffusers, scikit-learn and torch.distributions."""

import numpy as np
import pytest
import torch
from diffusers.guiders import ClassifierFreeGuidance
from diffusers.models.embeddings import LabelEmbedding
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg
from hypothesis import given
from hypothesis import strategies as st
from sklearn.mixture import GaussianMixture
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from phase4_diffusion import unit4_guidance as guidance
from phase4_diffusion.unit1_ddpm import NoiseSchedule

ALPHAS_CUMPROD = NoiseSchedule(1000).alphas_cumprod
seeds = st.integers(0, 2**31)


def normals(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(seeds, st.floats(0.5, 12), st.sampled_from([("sd", False), ("paper", True)]))
def test_cfg_combine_is_the_guiders_forward(seed, scale, form):
    convention, original = form
    uncond, cond = normals(seed, 2, 2, 3, 4, 5)
    guider = ClassifierFreeGuidance(guidance_scale=scale, use_original_formulation=original)
    guider.set_state(step=0, num_inference_steps=10, timestep=torch.tensor(5))
    # At the scale that means "no guidance" diffusers uses the conditional prediction alone.
    want = guider.forward(cond, uncond).pred if guider._is_cfg_enabled() else cond
    torch.testing.assert_close(guidance.cfg_combine(uncond, cond, scale, convention), want)


@given(seeds, st.floats(0, 1))
def test_rescale_noise_cfg_is_diffusers(seed, phi):
    cfg, cond = normals(seed, 2, 2, 3, 4, 5)
    want = rescale_noise_cfg(3 * cfg, cond, phi)
    torch.testing.assert_close(guidance.rescale_noise_cfg(3 * cfg, cond, phi), want)


@pytest.mark.parametrize("p", [0.0, 0.1, 1.0])
def test_drop_condition_drops_as_often_as_label_embedding(p):
    y = torch.arange(10).repeat(2000)
    torch.manual_seed(0)
    want = (LabelEmbedding(10, 4, p).token_drop(y) == 10).float().mean()
    got = (guidance.drop_condition(y, 10, p, torch.Generator().manual_seed(1)) == 10).float().mean()
    # Two draws of 20,000: five standard errors of their difference at p = 0.1 are 0.015.
    torch.testing.assert_close(got, want, rtol=0, atol=0.015)


@given(seeds, st.floats(0.1, 8), st.integers(0, 999))
def test_classifier_guidance_has_the_closed_form_of_two_gaussians(seed, scale, step):
    """Two unit Gaussians at ±m: log p(+ | x) = log σ(2 m·x), whose gradient is 2 m σ(-2 m·x)."""
    x, eps, (mean, _) = *normals(seed, 2, 3, 2), normals(seed + 1, 2, 2)
    t = torch.full((3,), step)

    def log_prob(x, t):
        plus, minus = (Independent(Normal(centre, 1.0), 1).log_prob(x) for centre in (mean, -mean))
        return plus - torch.logaddexp(plus, minus)

    got = guidance.classifier_guided_eps(eps, x, t, log_prob, scale, ALPHAS_CUMPROD)
    gradient = 2 * mean * torch.sigmoid(-2 * x @ mean)[:, None]
    want = eps - scale * (1 - ALPHAS_CUMPROD[step]).sqrt() * gradient
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)


def mixture(seed):
    weights = torch.softmax(normals(seed, 3), 0)
    return weights.double(), 2 * normals(seed + 1, 3, 2).double(), normals(seed + 2, 3).double().exp()


@given(seeds, st.integers(0, 999))
def test_gmm_eps_is_the_score_by_autograd(seed, step):
    weights, means, var = mixture(seed)
    ab = ALPHAS_CUMPROD[step].double()
    noised = MixtureSameFamily(
        Categorical(weights),
        Independent(Normal(ab.sqrt() * means, (ab * var + 1 - ab).sqrt()[:, None].expand(3, 2)), 1),
    )
    x = normals(seed + 3, 4, 2).double().requires_grad_()
    (score,) = torch.autograd.grad(noised.log_prob(x).sum(), x)
    got = guidance.gmm_eps(x.detach(), torch.full((4,), step), weights, means, var, ALPHAS_CUMPROD.double())
    torch.testing.assert_close(got, -(1 - ab).sqrt() * score)


@given(seeds, st.integers(0, 999))
def test_gmm_eps_is_scikit_learns_density_differentiated(seed, step):
    weights, means, var = mixture(seed)
    ab = ALPHAS_CUMPROD[step].double()
    model = GaussianMixture(3, covariance_type="spherical")
    model.weights_, model.means_ = weights.numpy(), (ab.sqrt() * means).numpy()
    model.covariances_ = (ab * var + 1 - ab).numpy()
    model.precisions_cholesky_ = 1 / np.sqrt(model.covariances_)
    x, h = normals(seed + 3, 1, 2).double(), 1e-5
    up, down = (np.concatenate([x + s * h * axis for axis in torch.eye(2)]) for s in (1, -1))
    score = (model.score_samples(up) - model.score_samples(down)) / (2 * h)
    got = guidance.gmm_eps(x, torch.tensor([step]), weights, means, var, ALPHAS_CUMPROD.double())
    np.testing.assert_allclose(got[0], -(float(1 - ab) ** 0.5) * score, rtol=1e-4, atol=1e-6)
