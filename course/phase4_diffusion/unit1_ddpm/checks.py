"""Checks for unit 4.1, diffusion fundamentals."""

import math
from functools import partial

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect
from grader.judge.terms.scenarios import named, refusal
from grader.judge.trial.strategies import dims, generator, seeds

# Near t = 0, 1 - ᾱ is a ten-thousandth that is left of a subtraction of float32 numbers near 1. Computed in another
# order or another precision it differs by up to 1.4e-3 of itself, and the first β of a cosine schedule by 2.3e-3
# (measured: every t of T = 1 … 1000, the three kinds, float32 against float64). None of that is a learner's error.
# Relative all the way down: β starts at 4e-5 in a cosine schedule, and ᾱ ends at 2e-9.
TABLE = {"rtol": 5e-3, "atol": 0.0}
# Images are sums of such terms, of size 1 to 10, and a sum can cancel.
IMAGE = {"rtol": 5e-3, "atol": 1e-4}
# At t = 1 of a long schedule both weights of the posterior's mean are ratios of what is left of such subtractions.
MEAN = {"rtol": 5e-3, "atol": 2e-3}
# Nothing at t = 0, where some forms leave a rounding error of β; a half of 1e-4 at t = 1.
VARIANCE = {"rtol": 5e-3, "atol": 1e-7}


# Inputs -----------------------------------------------------------------------------------------------------

lengths = st.sampled_from([1, 2, 5, 30, 1000])
kinds = st.sampled_from(["linear", "scaled_linear", "cosine"])
# A cosine schedule ends at ᾱ = 2e-9: what divides by √ᾱ there shows its rounding and little else.
mild = st.sampled_from(["linear", "scaled_linear"])
linear = st.just("linear")
shapes = st.lists(dims(4), min_size=2, max_size=4)


def batches(count, first=0, kinds=kinds, lengths=lengths):
    """A schedule, one timestep per image from `first` to T - 1, and `count` batches of images of one shape."""
    return st.builds(partial(_batch, count, first), lengths, kinds, shapes, st.booleans(), seeds())


def _batch(count, first, length, kind, shape, whole, seed):
    rng = np.random.default_rng(seed)
    t = rng.integers(first, length, size=shape[0])
    # The ends are where index errors live: a third of the timesteps lies there.
    ends = rng.choice([first, min(first + 1, length - 1), length - 1], size=shape[0])
    t = torch.from_numpy(np.where(rng.random(shape[0]) < 1 / 3, ends, t))
    images = rng.integers(-3, 4, (count, *shape)) if whole else rng.normal(size=(count, *shape))
    return {"T": length, "kind": kind}, t, *torch.from_numpy(images).float()


def linear_alpha_bar(length):
    """(T + 1,) float64: ᾱ of the linear schedule, from its definition; index -1 is the clean image's 1."""
    return torch.from_numpy(np.append(np.cumprod(1 - np.linspace(1e-4, 0.02, length)), 1.0))


def doubled(inputs):
    """The same inputs, with the images in float64."""
    schedule, t, *images = inputs
    return schedule, t, *(image.double() for image in images)


def over_images(values, t, images):
    return values[t].reshape(-1, *[1] * (images.ndim - 1)).to(images.dtype)


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def made(impl, schedule):
    return impl.NoiseSchedule(schedule["T"], schedule["kind"])


def tables(impl, T, kind):
    schedule = impl.NoiseSchedule(T, kind)
    return {"betas": schedule.betas, "alphas_cumprod": schedule.alphas_cumprod}


def default_tables(impl):
    schedule = impl.NoiseSchedule()
    return {"betas": schedule.betas, "alphas_cumprod": schedule.alphas_cumprod}


def alpha_bar(impl, schedule, t, like):
    return made(impl, schedule).alpha_bar(t, like)


def q_sample(impl, schedule, t, x0, noise):
    return made(impl, schedule).q_sample(x0, t, noise)


def afterwards(**arguments):
    return {f"{name} after the call": value for name, value in arguments.items()}


def q_sample_arguments_afterwards(impl, schedule, t, x0, noise):
    made(impl, schedule).q_sample(x0, t, noise)
    return afterwards(x0=x0, t=t, noise=noise)


def predict_x0(impl, schedule, t, xt, out, kind=None):
    return impl.predict_x0(made(impl, schedule), xt, t, out, *([] if kind is None else [kind]))


def predict_x0_arguments_afterwards(impl, schedule, t, xt, out, kind):
    impl.predict_x0(made(impl, schedule), xt, t, out, kind)
    return afterwards(xt=xt, t=t, out=out)


def predict_x0_refusal(impl, schedule, t, xt, out, kind):
    try:
        impl.predict_x0(made(impl, schedule), xt, t, out, kind)
    except ValueError:
        return "ValueError"
    return "no error"


def v_target(impl, schedule, t, x0, eps):
    return impl.v_target(made(impl, schedule), x0, eps, t)


def v_target_arguments_afterwards(impl, schedule, t, x0, eps):
    impl.v_target(made(impl, schedule), x0, eps, t)
    return afterwards(x0=x0, eps=eps, t=t)


def q_posterior(impl, schedule, t, x0, xt):
    return named(impl.q_posterior(made(impl, schedule), x0, xt, t), "mean", "var")


def posterior_mean(impl, schedule, t, x0, xt):
    return {"mean": q_posterior(impl, schedule, t, x0, xt)["mean"]}


def posterior_variance(impl, schedule, t, x0, xt):
    return {"var": q_posterior(impl, schedule, t, x0, xt)["var"]}


def q_posterior_arguments_afterwards(impl, schedule, t, x0, xt):
    impl.q_posterior(made(impl, schedule), x0, xt, t)
    return afterwards(x0=x0, xt=xt, t=t)


def p_sample(impl, schedule, t, model_out, xt, noise):
    return impl.p_sample(made(impl, schedule), model_out, xt, t, noise)


def p_sample_arguments_afterwards(impl, schedule, t, model_out, xt, noise):
    impl.p_sample(made(impl, schedule), model_out, xt, t, noise)
    return afterwards(model_out=model_out, xt=xt, t=t, noise=noise)


def min_snr_weights(impl, schedule, gamma=None):
    schedule = made(impl, schedule)
    weights = impl.min_snr_weights(schedule, **({} if gamma is None else {"gamma": gamma}))
    return {"weights": weights, "schedule.alphas_cumprod after the call": schedule.alphas_cumprod}


def timestep_embedding_and_t(impl, t, dim):
    return {"embedding": impl.timestep_embedding(t, dim), "t after the call": t}


def loss(impl, schedule, t, x0, noise, weight=None):
    """The loss of a small model of xt and t, and its gradient in the model's one parameter."""
    slope = torch.tensor(0.7, requires_grad=True)

    def model(x, t):
        return slope * torch.tanh(x) + over_images(torch.cos(t), torch.arange(len(t)), x)

    value = impl.ddpm_loss(made(impl, schedule), model, x0, t, noise, weight)
    (gradient,) = torch.autograd.grad(value, slope)
    return {"loss": value, "gradient of the model's parameter": gradient}


def loss_arguments_afterwards(impl, schedule, t, x0, noise, weight):
    loss(impl, schedule, t, x0, noise, weight)
    return afterwards(x0=x0, t=t, noise=noise, weight=weight)


def loss_of_a_prediction(impl, schedule, t, x0, noise, prediction):
    """The loss of a model that predicts this, whatever it is given."""
    return impl.ddpm_loss(made(impl, schedule), lambda x, t: prediction, x0, t, noise, None)


def what_the_model_is_given(impl, schedule, t, x0, noise):
    """How often the model is called, and with what the first time."""
    calls = []

    def model(x, t):
        calls.append((x, t))
        return torch.zeros_like(x)

    impl.ddpm_loss(made(impl, schedule), model, x0, t, noise)
    xt, t = calls[0] if calls else (None, None)
    return {"calls of the model": len(calls), "xt given to the model": xt, "t given to the model": t}


# The checks -------------------------------------------------------------------------------------------------


@exercise("NoiseSchedule", part="betas")
class TestBetas:
    @given(T=lengths, kind=kinds)
    def test_tables_match_the_reference(self, both, T, kind):
        "βₜ of the kind, and ᾱₜ = ∏ (1 - βₛ) over s ≤ t."
        both.agree(tables, T, kind, **TABLE)

    def test_default_is_a_thousand_linear_steps(self, learner):
        "NoiseSchedule() is Ho et al.'s: a thousand steps, β from 1e-4 to 0.02."
        got = learner.run(default_tables)
        expect(got["betas"], torch.linspace(1e-4, 0.02, 1000), "betas")
        expect(got["alphas_cumprod"], linear_alpha_bar(1000)[:-1].float(), "alphas_cumprod")

    @given(T=st.integers(2, 200))
    def test_cosine_follows_its_curve(self, learner, T):
        "ᾱ of the cosine schedule is f((t+1)/T) / f(0) until the last step, where β is held at 0.999."
        angle = (torch.arange(T + 1, dtype=torch.float64) / T + 0.008) / 1.008 * math.pi / 2
        curve = (angle.cos() / angle[0].cos()) ** 2
        got = learner.run(tables, T, "cosine")
        expect(got["alphas_cumprod"][:-1], curve[1:-1].float(), "alphas_cumprod[:-1]", **TABLE)
        expect(got["betas"][-1], torch.tensor(0.999), "the last β")

    @given(T=lengths, kind=kinds)
    def test_every_step_removes_signal(self, learner, T, kind):
        "β lies between 0 and 1, and ᾱ falls with every step."
        got = learner.run(tables, T, kind)
        beta, ab = got["betas"], got["alphas_cumprod"]
        assert bool(((beta > 0) & (beta < 1)).all()), "a β lies outside (0, 1)"
        assert bool((ab[1:] < ab[:-1]).all()), "ᾱ does not fall at every step"

    @given(name=st.sampled_from(["quadratic", "", "LINEAR"]))
    def test_unknown_kind_is_refused(self, learner, name):
        "A kind that does not exist raises ValueError."
        expect(learner.run(refusal, "NoiseSchedule", 10, name), "ValueError", f"the kind {name!r}")


@exercise("NoiseSchedule", part="q_sample")
class TestQSample:
    @given(inputs=batches(1, first=-1))
    def test_alpha_bar_matches_the_reference(self, both, inputs):
        "ᾱ at each image's t, 1 for t = -1, with the images' number of axes."
        both.agree(alpha_bar, *inputs, **TABLE)

    @given(inputs=batches(2))
    def test_matches_the_reference_at_every_timestep(self, both, inputs):
        "√ᾱ x₀ + √(1-ᾱ) ε, each image at its own t."
        both.agree(q_sample, *inputs, **IMAGE)

    @given(inputs=batches(2))
    def test_keeps_the_variance(self, learner, inputs):
        "The squares of the two coefficients add up to 1."
        schedule, t, x0, noise = inputs
        one, zero = torch.ones_like(x0), torch.zeros_like(noise)
        signal = learner.run(q_sample, schedule, t, one, zero)
        added = learner.run(q_sample, schedule, t, zero, one)
        expect(signal**2 + added**2, one, "signal² + noise²")

    @given(inputs=batches(2, kinds=linear))
    def test_one_jump_is_many_small_steps(self, learner, inputs):
        "The jump to step t is what t + 1 steps xₛ = √(1-βₛ) xₛ₋₁ + √βₛ ε leave of the image."
        schedule, t, x0, _ = inputs
        want = x0 * over_images(linear_alpha_bar(schedule["T"]).sqrt(), t, x0)
        expect(learner.run(q_sample, schedule, t, x0, torch.zeros_like(x0)), want, "xₜ without noise")

    @given(inputs=batches(2))
    def test_double_precision_stays(self, both, inputs):
        "float64 images give a float64 result."
        both.agree(q_sample, *doubled(inputs), **IMAGE)

    @given(inputs=batches(2))
    def test_inputs_are_left_alone(self, learner, inputs):
        "q_sample does not write into its arguments."
        _, t, x0, noise = inputs
        got = learner.run(q_sample_arguments_afterwards, *inputs)
        expect(got, afterwards(x0=x0, t=t, noise=noise))


@exercise("predict_x0", part="predict_x0")
class TestPredictX0:
    # Half of the schedules are long ones: only there does the formula leave the range of the images.
    @given(
        inputs=batches(2, kinds=mild, lengths=st.sampled_from([1, 5, 1000, 1000])),
        kind=st.sampled_from([None, "eps", "v"]),
    )
    def test_matches_the_reference(self, both, inputs, kind):
        "The jump solved for x₀, from noise or from velocity; nothing is clipped."
        # At the end of a thousand steps this divides by √ᾱ = 0.006: numbers of 1e3, and their rounding.
        both.agree(predict_x0, *inputs, *([] if kind is None else [kind]), rtol=5e-3, atol=2e-3)

    @given(inputs=batches(2, kinds=linear))
    def test_true_noise_gives_the_image_back(self, learner, inputs):
        "From xₜ = √ᾱ x₀ + √(1-ᾱ) ε and ε itself, x₀ is recovered."
        schedule, t, x0, noise = inputs
        ab = over_images(linear_alpha_bar(schedule["T"]), t, x0.double())
        xt = (ab.sqrt() * x0 + (1 - ab).sqrt() * noise).float()
        got = learner.run(predict_x0, schedule, t, xt, noise, "eps")
        # At the end of a thousand steps xₜ keeps 0.6 % of the image, and its rounding error grows 160-fold.
        expect(got, x0, "x₀", rtol=2e-3, atol=1e-3)

    @given(inputs=batches(2, kinds=linear))
    def test_true_velocity_gives_the_image_back(self, learner, inputs):
        "From xₜ = √ᾱ x₀ + √(1-ᾱ) ε and v = √ᾱ ε - √(1-ᾱ) x₀, x₀ is recovered."
        schedule, t, x0, noise = inputs
        ab = over_images(linear_alpha_bar(schedule["T"]), t, x0)
        xt, v = ab.sqrt() * x0 + (1 - ab).sqrt() * noise, ab.sqrt() * noise - (1 - ab).sqrt() * x0
        expect(learner.run(predict_x0, schedule, t, xt, v, "v"), x0, "x₀ from v", **IMAGE)

    @given(inputs=batches(2, kinds=mild), kind=st.sampled_from(["eps", "v"]))
    def test_double_precision_stays(self, both, inputs, kind):
        "float64 images give a float64 result."
        both.agree(predict_x0, *doubled(inputs), kind, rtol=5e-3, atol=2e-3)

    @given(inputs=batches(2), kind=st.sampled_from(["eps", "v"]))
    def test_inputs_are_left_alone(self, learner, inputs, kind):
        "predict_x0 does not write into its arguments."
        _, t, xt, out = inputs
        got = learner.run(predict_x0_arguments_afterwards, *inputs, kind)
        expect(got, afterwards(xt=xt, t=t, out=out))

    @given(inputs=batches(2), name=st.sampled_from(["epsilon", "", "x0"]))
    def test_unknown_prediction_is_refused(self, learner, inputs, name):
        "A kind of prediction that does not exist raises ValueError."
        accepted = learner.run(predict_x0_refusal, *inputs, name) != "ValueError"
        assert not accepted, f"the kind {name!r} is accepted, where a ValueError is promised"


@exercise("predict_x0", part="v_target")
class TestVTarget:
    @given(inputs=batches(2))
    def test_matches_the_reference(self, both, inputs):
        "√ᾱ ε - √(1-ᾱ) x₀."
        both.agree(v_target, *inputs, **IMAGE)

    @given(inputs=batches(2, kinds=linear))
    def test_velocity_is_a_quarter_turn(self, learner, inputs):
        "(xₜ, v) is (x₀, ε) turned by one angle: v has the length that is left, and leads back to x₀."
        schedule, t, x0, noise = inputs
        ab = over_images(linear_alpha_bar(schedule["T"]), t, x0)
        xt = ab.sqrt() * x0 + (1 - ab).sqrt() * noise
        v = learner.run(v_target, schedule, t, x0, noise)
        expect(xt**2 + v**2, x0**2 + noise**2, "xₜ² + v²", **IMAGE)
        expect(ab.sqrt() * xt - (1 - ab).sqrt() * v, x0, "√ᾱ xₜ - √(1-ᾱ) v", **IMAGE)

    @given(inputs=batches(2, kinds=mild))
    def test_double_precision_stays(self, both, inputs):
        "float64 images give a float64 result."
        both.agree(v_target, *doubled(inputs), **IMAGE)

    @given(inputs=batches(2))
    def test_inputs_are_left_alone(self, learner, inputs):
        "v_target does not write into its arguments."
        _, t, x0, eps = inputs
        got = learner.run(v_target_arguments_afterwards, *inputs)
        expect(got, afterwards(x0=x0, eps=eps, t=t))


@exercise("q_posterior", returns=("mean", "var"))
class TestQPosterior:
    @given(inputs=batches(2))
    def test_matches_the_reference(self, both, inputs):
        "Mean and variance of q(xₜ₋₁ | xₜ, x₀), each image at its own t."
        both.agree(posterior_mean, *inputs, **MEAN)
        both.agree(posterior_variance, *inputs, **VARIANCE)

    @given(inputs=batches(2, kinds=linear, first=1, lengths=st.sampled_from([2, 5, 30, 1000])))
    def test_precisions_add(self, learner, inputs):
        "1/β̃ is the precision of the jump to t - 1 plus that of the step to t, seen from t - 1."
        schedule, t, x0, xt = inputs
        beta = over_images(torch.linspace(1e-4, 0.02, schedule["T"], dtype=torch.float64), t, x0.double())
        ab_prev = over_images(linear_alpha_bar(schedule["T"]), t - 1, x0.double())
        got = learner.run(q_posterior, *inputs)
        precision = 1 / (1 - ab_prev) + (1 - beta) / beta
        want = (ab_prev.sqrt() / (1 - ab_prev) * x0 + (1 - beta).sqrt() / beta * xt) / precision
        expect(got["var"], (1 / precision).float(), "var", **VARIANCE)
        expect(got["mean"], want.float(), "mean", **MEAN)

    @given(inputs=batches(1, kinds=linear))
    def test_agrees_with_the_jump_on_average(self, learner, inputs):
        "When xₜ is its own average, √ᾱₜ x₀, the mean is the average of xₜ₋₁, √ᾱₜ₋₁ x₀."
        schedule, t, x0 = inputs
        ab, ab_prev = (over_images(linear_alpha_bar(schedule["T"]), step, x0) for step in (t, t - 1))
        got = learner.run(q_posterior, schedule, t, x0, ab.sqrt() * x0)
        expect(got["mean"], ab_prev.sqrt() * x0, "mean at xₜ = √ᾱₜ x₀", **MEAN)
        assert bool((got["var"] <= 1 - ab_prev + 1e-6).all()), "seeing xₜ made xₜ₋₁ less certain than it was without"

    @given(inputs=batches(2))
    def test_before_the_first_step_is_the_clean_image(self, learner, inputs):
        "At t = 0 the previous image is x₀: that mean, and no variance."
        schedule, t, x0, xt = inputs
        got = learner.run(q_posterior, schedule, torch.zeros_like(t), x0, xt)
        expect(got["mean"], x0, "mean at t = 0", **IMAGE)
        expect(got["var"], torch.zeros(len(t), *[1] * (x0.ndim - 1)), "var at t = 0", **VARIANCE)

    @given(inputs=batches(2))
    def test_double_precision_stays(self, both, inputs):
        "float64 images give a float64 mean."
        both.agree(posterior_mean, *doubled(inputs), **MEAN)

    @given(inputs=batches(2))
    def test_inputs_are_left_alone(self, learner, inputs):
        "q_posterior does not write into its arguments."
        _, t, x0, xt = inputs
        got = learner.run(q_posterior_arguments_afterwards, *inputs)
        expect(got, afterwards(x0=x0, xt=xt, t=t))


@exercise("p_sample")
class TestPSample:
    @given(inputs=batches(3, kinds=mild))
    def test_matches_the_reference(self, both, inputs):
        "The posterior's mean at the predicted x₀, plus √β̃ z."
        both.agree(p_sample, *inputs, **IMAGE)

    @given(inputs=batches(3, kinds=linear))
    def test_noise_enters_by_its_standard_deviation(self, learner, inputs):
        "z enters as σ z with σ² = β̃, the variance of the posterior; not at all at t = 0."
        schedule, t, eps, xt, noise = inputs
        table = linear_alpha_bar(schedule["T"])
        ab, ab_prev = (over_images(table, step, xt.double()) for step in (t, t - 1))
        sigma = ((1 - ab / ab_prev) * (1 - ab_prev) / (1 - ab)).sqrt()
        moved = learner.run(p_sample, schedule, t, eps, xt, 100 * noise)
        still = learner.run(p_sample, schedule, t, eps, xt, torch.zeros_like(noise))
        expect(moved - still, (100 * sigma * noise).float(), "what 100 z changes", **IMAGE)

    @given(inputs=batches(3, kinds=linear))
    def test_last_step_adds_no_noise(self, learner, inputs):
        "At t = 0 the result is the estimate of x₀, whatever z is."
        schedule, t, eps, xt, noise = inputs
        got = learner.run(p_sample, schedule, torch.zeros_like(t), eps, xt, 1e4 * noise)
        want = (xt - 0.01 * eps) / (1 - 1e-4) ** 0.5
        expect(got, want, "the result at t = 0", **IMAGE)

    @given(seed=seeds(), T=st.integers(1, 12), shape=st.tuples(dims(3), dims(3), dims(4)))
    def test_a_perfect_denoiser_comes_home(self, learner, seed, T, shape):
        "If only one image exists and the network knows it, T steps from pure noise arrive at it."
        draw = generator(seed)
        image, start = torch.randn(2, *shape, generator=draw)
        noises = torch.randn(T, *shape, generator=draw)
        schedule = {"T": T, "kind": "linear"}
        table, x = linear_alpha_bar(T).float(), start
        for step in reversed(range(T)):
            eps = (x - table[step].sqrt() * image) / (1 - table[step]).sqrt()
            x = learner.run(p_sample, schedule, torch.full((len(x),), step), eps, x, noises[step])
        # The last step divides the rounding error of x - √ᾱ·image by √(1-ᾱ) = 0.01.
        expect(x, image, "the sample", rtol=2e-3, atol=1e-3)

    @given(inputs=batches(3, kinds=mild))
    def test_double_precision_stays(self, both, inputs):
        "float64 images give a float64 result."
        both.agree(p_sample, *doubled(inputs), **IMAGE)

    @given(inputs=batches(3))
    def test_inputs_are_left_alone(self, learner, inputs):
        "p_sample does not write into its arguments."
        _, t, eps, xt, noise = inputs
        got = learner.run(p_sample_arguments_afterwards, *inputs)
        expect(got, afterwards(model_out=eps, xt=xt, t=t, noise=noise))


@exercise("timestep_embedding")
class TestTimestepEmbedding:
    timesteps = st.lists(st.integers(0, 999), min_size=1, max_size=5)
    dtypes = st.sampled_from([torch.int64, torch.float32, torch.float64])

    @given(t=timesteps, dtype=dtypes, dim=st.integers(2, 13))
    def test_matches_the_reference(self, both, t, dtype, dim):
        "Sines, then cosines, frequencies max_period^(-i/half)."
        # Angles reach 1e3 radians, where float32 numbers lie 6e-5 apart.
        both.agree("timestep_embedding", torch.tensor(t, dtype=dtype), dim, atol=3e-4)

    @given(
        t=timesteps,
        dim=st.integers(4, 13),
        max_period=st.sampled_from([50, 10000]),
        flip=st.booleans(),
        shift=st.sampled_from([0, 0.5, 1]),
    )
    def test_options_match_the_reference(self, both, t, dim, max_period, flip, shift):
        "Another longest period, cosines first, DDPM's shift of 1."
        options = {"max_period": max_period, "flip": flip, "shift": shift}
        both.agree("timestep_embedding", torch.tensor(t), dim, **options, atol=3e-4)

    @given(seed=seeds(), dtype=st.sampled_from([torch.float32, torch.float64]), dim=st.integers(2, 13))
    def test_time_may_be_continuous(self, both, seed, dtype, dim):
        "Between two timesteps the features lie between theirs: t may be any float."
        t = 10 * torch.rand(3, generator=generator(seed), dtype=dtype)
        both.agree(timestep_embedding_and_t, t, dim, atol=1e-5)

    @given(t=timesteps, half=dims(6), odd=st.booleans())
    def test_each_frequency_is_a_point_on_a_circle(self, learner, t, half, odd):
        "sin² + cos² = 1 for each frequency; an odd last column is 0."
        got = learner.timestep_embedding(torch.tensor(t), 2 * half + odd)
        circle = got[:, :half] ** 2 + got[:, half : 2 * half] ** 2
        expect(circle, torch.ones(len(t), half), "sin² + cos²")
        expect(got[:, 2 * half :], torch.zeros(len(t), int(odd)), "the last of an odd number of features")

    @given(t=st.lists(st.integers(0, 3), min_size=1, max_size=5), half=dims(6))
    def test_first_pair_turns_one_radian_a_step(self, learner, t, half):
        "The first sine and cosine are sin t and cos t."
        got = learner.timestep_embedding(torch.tensor(t), 2 * half)
        angle = torch.tensor(t, dtype=torch.float32)
        expect(got[:, 0], angle.sin(), "the first sine")
        expect(got[:, half], angle.cos(), "the first cosine")


@exercise("ddpm_loss", part="ddpm_loss")
class TestDdpmLoss:
    @given(inputs=batches(2))
    def test_matches_the_reference(self, both, inputs):
        "mean (ε_θ(xₜ, t) - ε)², and its gradient in the network's parameter."
        both.agree(loss, *inputs, **IMAGE)

    @given(inputs=batches(2), seed=seeds())
    def test_weighted_loss_matches_the_reference(self, both, inputs, seed):
        "With a table of weights each image counts by the weight of its timestep."
        weight = torch.rand(inputs[0]["T"], generator=generator(seed))
        both.agree(loss, *inputs, weight, **IMAGE)

    @given(inputs=batches(2))
    def test_finding_the_noise_costs_nothing(self, learner, inputs):
        "A network that returns the noise has loss 0; one that returns zeros has the mean of ε²."
        noise = inputs[-1]
        expect(learner.run(loss_of_a_prediction, *inputs, noise), torch.tensor(0.0), "the loss of ε")
        nothing = learner.run(loss_of_a_prediction, *inputs, torch.zeros_like(noise))
        expect(nothing, noise.square().mean(), "the loss of zeros")

    @given(inputs=batches(2, kinds=linear))
    def test_the_network_sees_the_noised_image_and_its_time(self, learner, inputs):
        "The model is called once, with xₜ made of this very noise, and with t."
        schedule, t, x0, noise = inputs
        ab = over_images(linear_alpha_bar(schedule["T"]), t, x0)
        xt = ab.sqrt() * x0 + (1 - ab).sqrt() * noise
        want = {"calls of the model": 1, "xt given to the model": xt, "t given to the model": t}
        expect(learner.run(what_the_model_is_given, *inputs), want, **IMAGE)

    @given(inputs=batches(2))
    def test_double_precision_stays(self, both, inputs):
        "float64 images give a float64 loss."
        both.agree(loss, *doubled(inputs), **IMAGE)

    @given(inputs=batches(2), seed=seeds())
    def test_inputs_are_left_alone(self, learner, inputs, seed):
        "ddpm_loss does not write into its arguments."
        schedule, t, x0, noise = inputs
        weight = torch.rand(schedule["T"], generator=generator(seed))
        got = learner.run(loss_arguments_afterwards, *inputs, weight)
        expect(got, afterwards(x0=x0, t=t, noise=noise, weight=weight))


@exercise("ddpm_loss", part="min_snr_weights")
class TestMinSnrWeights:
    @given(T=lengths, kind=kinds, options=st.sampled_from([{}, {"gamma": 1.0}, {"gamma": 20.0}]))
    def test_match_the_reference(self, both, T, kind, options):
        "min(SNR, γ) / SNR with SNR = ᾱ / (1-ᾱ)."
        both.agree(min_snr_weights, {"T": T, "kind": kind}, **options, **TABLE)

    @given(T=st.integers(1, 1000), gamma=st.floats(0.5, 20))
    def test_weigh_down_only_nearly_clean_images(self, learner, T, gamma):
        "Weight × SNR is the SNR held at γ."
        ab = linear_alpha_bar(T)[:-1]
        snr = ab / (1 - ab)
        got = learner.run(min_snr_weights, {"T": T, "kind": "linear"}, gamma=gamma)["weights"]
        expect(got * snr, snr.clamp(max=gamma), "weights × SNR", **TABLE)
