"""Known mistakes of unit 4.1, diffusion fundamentals."""

import math

import torch

from grader.judge import mistake
from phase4_diffusion import unit1_ddpm as reference


def at(table, t, images):
    """A table's entries at t, shaped to multiply the images."""
    return table[t].reshape(-1, *[1] * (images.ndim - 1))


# NoiseSchedule ----------------------------------------------------------------------------------------------


@mistake(
    "NoiseSchedule",
    "q_sample uses the α of one step where the jump needs the product of all steps so far, so even the last step"
    " is hardly noised and the network never sees pure noise.",
    see="the-jump",
)
class OneStepOnly(reference.NoiseSchedule):
    def q_sample(self, x0, t, noise):
        alpha = at(1 - self.betas, t, x0)
        return alpha.sqrt() * x0 + (1 - alpha).sqrt() * noise


@mistake(
    "NoiseSchedule",
    "ᾱ is shifted by one: entry t holds the product up to t - 1, so the first step adds no noise and every step"
    " is one behind its network's timestep.",
    see="one-index-convention",
)
class ShiftedByOne(reference.NoiseSchedule):
    def __init__(self, T=1000, kind="linear"):
        super().__init__(T, kind)
        self.alphas_cumprod = torch.cat([torch.ones(1), self.alphas_cumprod[:-1]])


@mistake(
    "NoiseSchedule",
    "The square roots are missing: image and noise are mixed by ᾱ and 1 - ᾱ, so the variance does not stay at 1"
    " and dips in the middle of the schedule.",
    see="the-jump",
)
class MixedByVariance(reference.NoiseSchedule):
    def q_sample(self, x0, t, noise):
        ab = self.alpha_bar(t, x0)
        return ab * x0 + (1 - ab) * noise


@mistake(
    "NoiseSchedule",
    "Only the noise's square root is missing: it is scaled by the variance 1 - ᾱ, so early steps are far too clean.",
    see="the-jump",
)
class NoiseByVariance(reference.NoiseSchedule):
    def q_sample(self, x0, t, noise):
        ab = self.alpha_bar(t, x0)
        return ab.sqrt() * x0 + (1 - ab) * noise


@mistake(
    "NoiseSchedule",
    "The cosine schedule's last β is not held below 1: the final step erases everything, ᾱ becomes 0 and the"
    " sampler's first division is by zero.",
    see="three-schedules",
)
class CosineWithoutCeiling(reference.NoiseSchedule):
    def __init__(self, T=1000, kind="linear"):
        super().__init__(T, kind)
        if kind == "cosine":
            angle = (torch.arange(T + 1, dtype=torch.float64) / T + 0.008) / 1.008 * math.pi / 2
            curve = angle.cos() ** 2
            self.betas = (1 - curve[1:] / curve[:-1]).float()
            self.alphas_cumprod = (1 - self.betas).cumprod(0)


@mistake(
    "NoiseSchedule",
    "The cosine schedule's ᾱ is read off the curve and not multiplied up from the βs that were held below 1: the two"
    " tables disagree in the last step, where ᾱ becomes 0 and the sampler divides by its root.",
    see="three-schedules",
)
class CurveInsteadOfProduct(reference.NoiseSchedule):
    def __init__(self, T=1000, kind="linear"):
        super().__init__(T, kind)
        if kind == "cosine":
            angle = (torch.arange(T + 1, dtype=torch.float64) / T + 0.008) / 1.008 * math.pi / 2
            self.alphas_cumprod = ((angle.cos() / angle[0].cos()) ** 2)[1:].float()


@mistake(
    "NoiseSchedule",
    "The scaled linear schedule interpolates β instead of its square root, so the middle of the schedule adds too"
    " much noise for a Stable Diffusion network.",
    see="three-schedules",
)
class NotInTheRoot(reference.NoiseSchedule):
    def __init__(self, T=1000, kind="linear"):
        super().__init__(T, kind)
        if kind == "scaled_linear":
            self.betas = torch.linspace(0.00085, 0.012, T)
            self.alphas_cumprod = (1 - self.betas).cumprod(0)


@mistake(
    "NoiseSchedule",
    "Every image of the batch is noised to the first image's timestep, so most of the network's (xₜ, t) pairs are"
    " wrong.",
    see="one-index-convention",
)
class OneTimestepForAll(reference.NoiseSchedule):
    def alpha_bar(self, t, like):
        return super().alpha_bar(t[:1].expand_as(t), like)


@mistake(
    "NoiseSchedule",
    "At t = -1 the table wraps around: the clean image gets the last step's ᾱ, almost 0, instead of 1.",
    see="one-index-convention",
)
class WrapsAround(reference.NoiseSchedule):
    def alpha_bar(self, t, like):
        return at(self.alphas_cumprod, t, like)


# predict_x0 -------------------------------------------------------------------------------------------------


@mistake(
    "predict_x0",
    "The estimate is divided by ᾱ instead of its square root, so at the end of the schedule it is more than a"
    " hundred times too large.",
    see="back-from-the-noise",
)
def divided_by_alpha_bar(schedule, xt, t, out, kind="eps"):
    if kind != "eps":
        return reference.predict_x0(schedule, xt, t, out, kind)
    ab = schedule.alpha_bar(t, xt)
    return (xt - (1 - ab).sqrt() * out) / ab


@mistake(
    "predict_x0",
    "The noise is taken off with the variance 1 - ᾱ instead of the standard deviation, so a grey veil of it stays in.",
    see="back-from-the-noise",
)
def noise_by_variance(schedule, xt, t, out, kind="eps"):
    if kind != "eps":
        return reference.predict_x0(schedule, xt, t, out, kind)
    ab = schedule.alpha_bar(t, xt)
    return (xt - (1 - ab) * out) / ab.sqrt()


@mistake(
    "predict_x0",
    "The estimate is clipped to [-1, 1] inside the formula. Clipping is a sampler's choice: here it hides wrong"
    " formulas and breaks latents, which are not bounded.",
    see="back-from-the-noise",
)
def always_clipped(schedule, xt, t, out, kind="eps"):
    return reference.predict_x0(schedule, xt, t, out, kind).clamp(-1, 1)


@mistake(
    "predict_x0",
    "A velocity is read as if it were noise, so a v-predicting network's samples drift off and burn out.",
    see="velocity",
)
def velocity_read_as_noise(schedule, xt, t, out, kind="eps"):
    reference.predict_x0(schedule, xt, t, out, kind)  # an unknown kind is still an error
    return reference.predict_x0(schedule, xt, t, out, "eps")


@mistake(
    "predict_x0",
    "The velocity has the wrong sign, so the network is trained to point away from where the sampler goes.",
    see="velocity",
    replaces="v_target",
)
def velocity_reversed(schedule, x0, eps, t):
    return -reference.v_target(schedule, x0, eps, t)


@mistake(
    "predict_x0",
    "The two coefficients of the velocity are exchanged: this is the noised image xₜ with a minus sign, not its"
    " quarter turn.",
    see="velocity",
    replaces="v_target",
)
def velocity_not_turned(schedule, x0, eps, t):
    ab = schedule.alpha_bar(t, x0)
    return (1 - ab).sqrt() * eps - ab.sqrt() * x0


# q_posterior ------------------------------------------------------------------------------------------------


@mistake(
    "q_posterior",
    "The variance is the forward step's β, not the posterior's β̃: knowing x₀ should make xₜ₋₁ more certain, most of"
    " all near t = 0.",
    see="the-posterior",
)
def forward_variance(schedule, x0, xt, t):
    mean, _ = reference.q_posterior(schedule, x0, xt, t)
    return mean, at(schedule.betas, t, x0)


@mistake(
    "q_posterior",
    "At t = 0 the previous ᾱ is read at index -1 of the table, the last step's, instead of being 1: the clean image"
    " is thrown away in the very last step.",
    see="one-index-convention",
)
def previous_alpha_bar_wraps(schedule, x0, xt, t):
    beta, ab, ab_prev = (at(table, i, x0) for table, i in _tables(schedule, t, t - 1))
    return _posterior(beta, ab, ab_prev, x0, xt)


@mistake(
    "q_posterior",
    "The weights of x₀ and xₜ are exchanged, so the mean jumps to the clean image at once instead of moving a small"
    " step towards it.",
    see="the-posterior",
)
def weights_exchanged(schedule, x0, xt, t):
    mean, var = reference.q_posterior(schedule, xt, x0, t)
    return mean, var


@mistake(
    "q_posterior",
    "The standard deviation is returned where the variance is asked for; whoever takes its root again adds far too"
    " much noise.",
    see="the-posterior",
)
def deviation_for_variance(schedule, x0, xt, t):
    mean, var = reference.q_posterior(schedule, x0, xt, t)
    return mean, var.sqrt()


@mistake(
    "q_posterior",
    "ᾱ of step t is used where that of step t - 1 belongs: the prior on xₜ₋₁ is one step too noisy, and the mean is"
    " off most near t = 0.",
    see="one-index-convention",
)
def prior_one_step_late(schedule, x0, xt, t):
    beta, ab, _ = (at(table, i, x0) for table, i in _tables(schedule, t, t))
    return _posterior(beta, ab, ab, x0, xt)


def _tables(schedule, t, t_prev):
    return (schedule.betas, t), (schedule.alphas_cumprod, t), (schedule.alphas_cumprod, t_prev)


def _posterior(beta, ab, ab_prev, x0, xt):
    """Ho et al. 2020, eq. 7, with whatever ᾱₜ₋₁ it is given."""
    mean = (ab_prev.sqrt() * beta * x0 + (1 - beta).sqrt() * (1 - ab_prev) * xt) / (1 - ab)
    return mean, beta * (1 - ab_prev) / (1 - ab)


# p_sample ---------------------------------------------------------------------------------------------------


@mistake(
    "p_sample",
    "Noise is added in the last step as well, so every finished sample has a fine grain over it.",
    see="no-noise-in-the-last-step",
)
def noise_at_the_end(schedule, model_out, xt, t, noise):
    mean = reference.p_sample(schedule, model_out, xt, t, torch.zeros_like(noise))
    _, var = reference.q_posterior(schedule, xt, xt, t)
    return mean + torch.where(at(t, torch.arange(len(t)), xt) > 0, var, at(schedule.betas, t, xt)).sqrt() * noise


@mistake(
    "p_sample",
    "The noise is multiplied by the variance instead of the standard deviation: far too little is put back, and"
    " samples come out smooth and all alike.",
    see="the-sampling-step",
)
def noise_by_the_variance(schedule, model_out, xt, t, noise):
    _, var = reference.q_posterior(schedule, xt, xt, t)
    return reference.p_sample(schedule, model_out, xt, t, var.sqrt() * noise)


@mistake(
    "p_sample",
    "The mean is divided by α instead of its square root: up to one per cent too large at every step, which compounds"
    " over a thousand steps into burnt-out samples.",
    see="the-sampling-step",
)
def divided_by_alpha(schedule, model_out, xt, t, noise):
    mean = reference.p_sample(schedule, model_out, xt, t, torch.zeros_like(noise))
    added = reference.p_sample(schedule, model_out, xt, t, noise) - mean
    return mean / (1 - at(schedule.betas, t, xt)).sqrt() + added


@mistake(
    "p_sample",
    "The predicted noise is weighted by β/(1-ᾱ), without the square root in the denominator: near the end of"
    " sampling too much is taken off.",
    see="the-sampling-step",
)
def denominator_without_root(schedule, model_out, xt, t, noise):
    return reference.p_sample(schedule, model_out / (1 - schedule.alpha_bar(t, xt)).sqrt(), xt, t, noise)


@mistake(
    "p_sample",
    "All of the predicted noise is taken off at once and the estimate of x₀ is returned, so the chain ends after one"
    " step in a blurred average.",
    see="the-sampling-step",
)
def jumps_to_x0(schedule, model_out, xt, t, noise):
    return reference.predict_x0(schedule, xt, t, model_out)


@mistake(
    "p_sample",
    "The step's own variance β is used instead of the posterior's β̃. Both are in the paper; this course fixes β̃,"
    " which also vanishes at t = 0.",
    see="the-sampling-step",
)
def the_other_variance(schedule, model_out, xt, t, noise):
    mean = reference.p_sample(schedule, model_out, xt, t, torch.zeros_like(noise))
    sigma = torch.where(t > 0, schedule.betas[t], 0.0).sqrt()
    return mean + at(sigma, torch.arange(len(t)), xt) * noise


# timestep_embedding -----------------------------------------------------------------------------------------


@mistake(
    "timestep_embedding",
    "The frequencies are spaced by half - 1 although no shift was asked for: the slowest wave is one place too"
    " early, and pretrained DiT weights do not fit.",
    see="the-timestep-embedding",
)
def always_shifted(t, dim, max_period=10000, flip=False, shift=0):
    half = dim // 2
    shift = shift if half - shift < 1.5 else shift + 1
    return reference.timestep_embedding(t, dim, max_period, flip, shift)


@mistake(
    "timestep_embedding",
    "Cosines come before sines although flip is off. The network would learn with either, but weights trained with"
    " the other order turn to noise.",
    see="the-timestep-embedding",
)
def cosines_first(t, dim, max_period=10000, flip=False, shift=0):
    return reference.timestep_embedding(t, dim, max_period, not flip, shift)


@mistake(
    "timestep_embedding",
    "Sines and cosines alternate, as in the Transformer's positional encoding, instead of standing in two blocks.",
    see="the-timestep-embedding",
)
def interleaved(t, dim, max_period=10000, flip=False, shift=0):
    out = reference.timestep_embedding(t, dim, max_period, flip, shift)
    half = dim // 2
    pairs = torch.stack([out[:, :half], out[:, half : 2 * half]], dim=2).flatten(1)
    return torch.cat([pairs, out[:, 2 * half :]], dim=1)


@mistake(
    "timestep_embedding",
    "The exponent is divided by dim instead of half of it, so the slowest wave is only √max_period long and late"
    " timesteps look alike.",
    see="the-timestep-embedding",
)
def spaced_by_dim(t, dim, max_period=10000, flip=False, shift=0):
    half = dim // 2
    return reference.timestep_embedding(t, dim, max_period, flip, half - 2 * (half - shift))


@mistake(
    "timestep_embedding",
    "Timesteps are cut to whole numbers: a continuous time between 0 and 1 always looks like 0, and the network cannot"
    " tell early from late.",
    see="the-timestep-embedding",
)
def whole_steps_only(t, dim, max_period=10000, flip=False, shift=0):
    return reference.timestep_embedding(t.long(), dim, max_period, flip, shift)


@mistake(
    "timestep_embedding",
    "With an odd dim the missing feature is not filled in, so the result is one column too narrow.",
    see="the-timestep-embedding",
)
def one_column_short(t, dim, max_period=10000, flip=False, shift=0):
    return reference.timestep_embedding(t, dim - dim % 2, max_period, flip, shift)


# ddpm_loss --------------------------------------------------------------------------------------------------


@mistake(
    "ddpm_loss",
    "The network's output is compared with the clean image although everything else treats it as noise: the loss"
    " falls, and the sampler subtracts a picture.",
    see="the-loss",
)
def compared_with_the_image(schedule, model, x0, t, noise, weight=None):
    xt = schedule.q_sample(x0, t, noise)
    return _weighted((model(xt, t) - x0) ** 2, t, weight)


@mistake(
    "ddpm_loss",
    "The target is fresh noise, not the noise that was mixed in. Nothing can predict that: the loss stays near 1 and"
    " the network learns to say 0.",
    see="the-loss",
)
def fresh_noise_as_target(schedule, model, x0, t, noise, weight=None):
    xt = schedule.q_sample(x0, t, noise)
    fresh = torch.randn(noise.shape, generator=torch.Generator().manual_seed(0)).to(noise)
    return _weighted((model(xt, t) - fresh) ** 2, t, weight)


@mistake(
    "ddpm_loss",
    "Squared errors are added up instead of averaged, so the learning rate that suits one image size is thousands"
    " of times too high for another.",
    see="the-loss",
)
def summed(schedule, model, x0, t, noise, weight=None):
    return noise.numel() * reference.ddpm_loss(schedule, model, x0, t, noise, weight)


@mistake(
    "ddpm_loss",
    "The network is shown the clean image instead of the noised one, so it has no way to find the noise.",
    see="the-loss",
)
def shown_the_clean_image(schedule, model, x0, t, noise, weight=None):
    return _weighted((model(x0, t) - noise) ** 2, t, weight)


@mistake(
    "ddpm_loss",
    "The whole batch shares the first image's timestep; the gradient then sees one noise level a step and the loss"
    " curve jumps about.",
    see="the-loss",
)
def one_timestep_for_the_batch(schedule, model, x0, t, noise, weight=None):
    return reference.ddpm_loss(schedule, model, x0, t[:1].expand_as(t), noise, weight)


@mistake(
    "ddpm_loss",
    "Timesteps are counted from 1, so the last one reads past the end of the schedule and the first is never trained.",
    see="one-index-convention",
)
def counted_from_one(schedule, model, x0, t, noise, weight=None):
    return reference.ddpm_loss(schedule, model, x0, t + 1, noise, weight)


@mistake(
    "ddpm_loss",
    "The absolute error is taken instead of the squared one: that is the median of the noise, not its mean, and the"
    " score identity is lost.",
    see="the-loss",
)
def absolute_error(schedule, model, x0, t, noise, weight=None):
    xt = schedule.q_sample(x0, t, noise)
    return _weighted((model(xt, t) - noise).abs(), t, weight)


@mistake(
    "ddpm_loss",
    "The weighted errors are divided by the sum of the weights, which takes back what the weights were for: a batch"
    " of nearly clean images pulls as hard as any other.",
    see="which-timesteps-count",
)
def normalised_by_the_weights(schedule, model, x0, t, noise, weight=None):
    value = reference.ddpm_loss(schedule, model, x0, t, noise, weight)
    return value if weight is None else value / weight[t].mean()


@mistake(
    "ddpm_loss",
    "min(SNR, γ) is used without dividing by the SNR: that is the weight for a network that predicts x₀, not noise.",
    see="which-timesteps-count",
    replaces="min_snr_weights",
)
def weights_for_x0(schedule, gamma=5.0):
    snr = schedule.alphas_cumprod / (1 - schedule.alphas_cumprod)
    return snr.clamp(max=gamma)


def _weighted(error, t, weight):
    per_image = error.flatten(1).mean(1)
    return (per_image if weight is None else weight[t] * per_image).mean()


EQUIVALENT = {
    "NoiseSchedule.__init__: `torch.arange(T + 1, dtype=torch.float64)` → `torch.arange(T + 1)`": (
        "float32 cosines lose digits of the first β; the checks' tolerance admits them on purpose"
    ),
    "NoiseSchedule.__init__: `(1 - self.betas).cumprod(0)` → `(1 - self.betas).cumprod(-1)`": (
        "the table has one axis, the first and the last"
    ),
}
