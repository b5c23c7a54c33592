"""Unit 4.1's reference against diffusers, torch.distributions and torch.nn.functional."""

import pytest
import torch
import torch.nn.functional as F
from diffusers import DDPMScheduler
from diffusers.models.embeddings import get_timestep_embedding
from diffusers.schedulers.scheduling_ddpm import betas_for_alpha_bar
from diffusers.training_utils import compute_snr
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Normal

from phase4_diffusion import unit1_ddpm as ddpm

T = 1000
SCHEDULERS = {
    "linear": DDPMScheduler(T, beta_schedule="linear", clip_sample=False),
    "scaled_linear": DDPMScheduler(
        T, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False
    ),
    "cosine": DDPMScheduler(T, beta_schedule="squaredcos_cap_v2", clip_sample=False),
}
kinds = st.sampled_from(sorted(SCHEDULERS))
# diffusers multiplies a thousand float32 factors; the reference multiplies in float64 and rounds once.
FLOAT32_PRODUCT = {"rtol": 2e-4, "atol": 2e-7}


@st.composite
def steps(draw, first=0):
    """A schedule, its diffusers twin, timesteps, and two batches of standard normals around those."""
    kind = draw(kinds)
    t = torch.tensor(draw(st.lists(st.integers(first, T - 1), min_size=1, max_size=4)))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    x, noise = torch.randn(2, len(t), 2, 3, 4, generator=generator)
    return ddpm.NoiseSchedule(T, kind), SCHEDULERS[kind], x, t, noise


def close(got, want, **tolerance):
    torch.testing.assert_close(got, want, check_dtype=False, **(tolerance or {"rtol": 1e-4, "atol": 1e-5}))


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_schedules_are_those_of_diffusers(kind):
    schedule = ddpm.NoiseSchedule(T, kind)
    close(schedule.betas, SCHEDULERS[kind].betas, **FLOAT32_PRODUCT)
    close(schedule.alphas_cumprod, SCHEDULERS[kind].alphas_cumprod, **FLOAT32_PRODUCT)


@given(st.integers(1, 60))
def test_cosine_schedule_of_any_length(length):
    close(ddpm.NoiseSchedule(length, "cosine").betas, betas_for_alpha_bar(length))


@given(steps())
def test_q_sample_is_add_noise(case):
    schedule, scheduler, x0, t, noise = case
    close(schedule.q_sample(x0, t, noise), scheduler.add_noise(x0, noise, t))


@given(steps())
def test_v_target_is_the_schedulers_velocity(case):
    schedule, scheduler, x0, t, noise = case
    close(ddpm.v_target(schedule, x0, noise, t), scheduler.get_velocity(x0, noise, t))


@given(steps(), st.sampled_from([("eps", "epsilon"), ("v", "v_prediction")]))
def test_predict_x0_is_pred_original_sample(case, names):
    schedule, twin, xt, t, out = case
    ours, theirs = names
    scheduler = DDPMScheduler.from_config(twin.config, prediction_type=theirs)
    for i, step in enumerate(t.tolist()):
        want = scheduler.step(out[i : i + 1], step, xt[i : i + 1]).pred_original_sample
        close(ddpm.predict_x0(schedule, xt, t, out, ours)[i : i + 1], want, rtol=1e-3, atol=1e-4)


@given(steps(first=1))
def test_posterior_variance_is_the_schedulers(case):
    schedule, scheduler, x0, t, xt = case
    var = ddpm.q_posterior(schedule, x0, xt, t)[1]
    want = torch.stack([scheduler._get_variance(step) for step in t.tolist()]).reshape(-1, 1, 1, 1)
    # Near t = 0 both are a ratio of two float32 numbers of size 1e-4 that came from 1 - ᾱ.
    close(var, want, rtol=1e-3, atol=0)


@given(steps(first=1))
def test_posterior_is_bayes_rule_on_the_joint_density(case):
    """log q(x | xₜ, x₀) - log q(x | x₀) - log q(xₜ | x) is one constant, whatever x is."""
    schedule, _, x0, t, xt = case
    x0, xt = x0.double(), xt.double()
    mean, var = ddpm.q_posterior(schedule, x0, xt, t)
    beta = schedule.betas.double()[t].reshape(-1, 1, 1, 1)
    ab = schedule.alpha_bar(t - 1, x0).double()

    def excess(x):
        step = Normal((1 - beta).sqrt() * x, beta.sqrt()).log_prob(xt)
        jump = Normal(ab.sqrt() * x0, (1 - ab).sqrt()).log_prob(x)
        return Normal(mean, var.sqrt()).log_prob(x) - step - jump

    # In units of the posterior's own spread, so that the densities stay of moderate size.
    close(excess(mean), excess(mean + 2 * var.sqrt()), rtol=1e-2, atol=1e-2)


@given(steps(), st.integers(0, 2**31))
def test_p_sample_is_the_schedulers_step(case, seed):
    schedule, scheduler, xt, t, out = case
    for i, step in enumerate(t.tolist()):
        one = slice(i, i + 1)
        noise = torch.randn(xt[one].shape, generator=torch.Generator().manual_seed(seed))
        theirs = scheduler.step(out[one], step, xt[one], generator=torch.Generator().manual_seed(seed))
        got = ddpm.p_sample(schedule, out[one], xt[one], t[one], noise)
        close(got, theirs.prev_sample, rtol=1e-3, atol=1e-4)


@given(
    st.lists(st.integers(0, T - 1), min_size=1, max_size=4),
    st.integers(4, 33),
    st.sampled_from([100, 10000]),
    st.booleans(),
    st.sampled_from([0, 1]),
)
def test_timestep_embedding_is_diffusers(t, dim, max_period, flip, shift):
    t = torch.tensor(t)
    want = get_timestep_embedding(t, dim, flip, shift, max_period=max_period)
    close(ddpm.timestep_embedding(t, dim, max_period, flip, shift), want)


@given(steps())
def test_loss_is_mse_loss(case):
    schedule, scheduler, x0, t, noise = case
    want = F.mse_loss(torch.tanh(scheduler.add_noise(x0, noise, t)), noise)
    close(ddpm.ddpm_loss(schedule, lambda x, _: torch.tanh(x), x0, t, noise), want)


@given(kinds, st.floats(0.5, 20))
def test_min_snr_weights_use_compute_snr(kind, gamma):
    snr = compute_snr(SCHEDULERS[kind], torch.arange(T))
    want = torch.minimum(snr, torch.full_like(snr, gamma)) / snr
    close(ddpm.min_snr_weights(ddpm.NoiseSchedule(T, kind), gamma), want, rtol=1e-3, atol=1e-6)


@given(steps())
def test_noise_is_the_scaled_score(case):
    """∇ log q(xₜ | x₀) = -ε / √(1-ᾱ), by autograd: what makes a noise predictor a score model."""
    schedule, _, x0, t, noise = case
    x0, noise = x0.double(), noise.double()
    ab = schedule.alpha_bar(t, x0)
    xt = schedule.q_sample(x0, t, noise).requires_grad_()
    Normal(ab.sqrt() * x0, (1 - ab).sqrt()).log_prob(xt).sum().backward()
    close(xt.grad, -noise / (1 - ab).sqrt())
