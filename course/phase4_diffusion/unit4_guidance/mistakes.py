"""Known mistakes of unit 4.4, guidance."""

import torch

from grader.judge import mistake
from phase4_diffusion import unit4_guidance as reference

# cfg_combine ------------------------------------------------------------------------------------------------


@mistake(
    "cfg_combine",
    "The conditional and the unconditional prediction are exchanged, so guidance pushes away from the prompt: the"
    " higher the scale, the less of it is seen.",
    see="two-conventions",
)
def exchanged(eps_uncond, eps_cond, scale, convention="sd"):
    return reference.cfg_combine(eps_cond, eps_uncond, scale, convention)


@mistake(
    "cfg_combine",
    "The two conventions are one apart and are mixed up: a scale of 1 already doubles the guidance where it should"
    " be off.",
    see="two-conventions",
)
def one_too_many(eps_uncond, eps_cond, scale, convention="sd"):
    other = "paper" if convention == "sd" else "sd"
    reference.cfg_combine(eps_uncond, eps_cond, scale, convention)  # an unknown convention is still an error
    return reference.cfg_combine(eps_uncond, eps_cond, scale, other)


@mistake(
    "cfg_combine",
    "The guidance is added to the conditional prediction in both conventions, so Stable Diffusion's 7.5 acts as 8.5.",
    see="two-conventions",
)
def starts_at_the_condition(eps_uncond, eps_cond, scale, convention="sd"):
    reference.cfg_combine(eps_uncond, eps_cond, scale, convention)
    return eps_cond + scale * (eps_cond - eps_uncond)


@mistake(
    "cfg_combine",
    "The unconditional prediction is not subtracted from the conditional one: both are added, and the result grows"
    " with the scale instead of turning towards the condition.",
    see="the-idea",
)
def condition_added(eps_uncond, eps_cond, scale, convention="sd"):
    if convention == "sd":
        return eps_uncond + scale * eps_cond
    return reference.cfg_combine(eps_uncond, eps_cond, scale, convention)


@mistake(
    "cfg_combine",
    "The two are averaged with weights s and 1 - s the wrong way round: at s = 1 the condition is gone.",
    see="two-conventions",
)
def weights_reversed(eps_uncond, eps_cond, scale, convention="sd"):
    if convention == "sd":
        return scale * eps_uncond + (1 - scale) * eps_cond
    return reference.cfg_combine(eps_uncond, eps_cond, scale, convention)


# rescale_noise_cfg ------------------------------------------------------------------------------------------


@mistake(
    "rescale_noise_cfg",
    "One standard deviation is taken over the whole batch, so a picture's contrast depends on its neighbours.",
    see="rescaling",
)
def contrast_of_the_batch(cfg, cond, phi):
    return phi * cfg * cond.std() / cfg.std() + (1 - phi) * cfg


@mistake(
    "rescale_noise_cfg",
    "φ and 1 - φ are exchanged: 0 now rescales fully and 1 not at all.",
    see="rescaling",
)
def phi_reversed(cfg, cond, phi):
    return reference.rescale_noise_cfg(cfg, cond, 1 - phi)


@mistake(
    "rescale_noise_cfg",
    "Variances are compared instead of standard deviations, so the correction is squared and pictures turn pale.",
    see="rescaling",
)
def ratio_of_variances(cfg, cond, phi):
    axes = tuple(range(1, cfg.ndim))
    ratio = cond.var(axes, keepdim=True) / cfg.var(axes, keepdim=True)
    return phi * ratio * cfg + (1 - phi) * cfg


@mistake(
    "rescale_noise_cfg",
    "The result is blended with the conditional instead of the guided prediction, so a small φ switches the guidance"
    " off.",
    see="rescaling",
)
def blended_with_the_condition(cfg, cond, phi):
    return phi * reference.rescale_noise_cfg(cfg, cond, 1.0) + (1 - phi) * cond


@mistake(
    "rescale_noise_cfg",
    "The ratio is upside down: where guidance raised the contrast, it is raised once more.",
    see="rescaling",
)
def ratio_upside_down(cfg, cond, phi):
    axes = tuple(range(1, cfg.ndim))
    ratio = cfg.std(axes, keepdim=True) / cond.std(axes, keepdim=True)
    return phi * ratio * cfg + (1 - phi) * cfg


@mistake(
    "rescale_noise_cfg",
    "Every channel or row is rescaled by itself; the colours that guidance set against each other are evened out.",
    see="rescaling",
)
def contrast_of_the_last_axis(cfg, cond, phi):
    ratio = cond.std(-1, keepdim=True) / cfg.std(-1, keepdim=True)
    return phi * ratio * cfg + (1 - phi) * cfg


# drop_condition ---------------------------------------------------------------------------------------------


@mistake(
    "drop_condition",
    "The whole batch is dropped or kept together, so one training step sees only one of the two networks.",
    see="training-both-at-once",
)
def all_or_none(y, null_id, p, generator=None):
    dropped = torch.rand((), generator=generator) < p
    return torch.where(dropped, null_id, y)


@mistake(
    "drop_condition",
    "Dropped labels become class 0 instead of the null label: class 0 turns into a mixture of everything, and the"
    " null label is never trained.",
    see="training-both-at-once",
)
def dropped_to_class_zero(y, null_id, p, generator=None):
    return reference.drop_condition(y, 0, p, generator)


@mistake(
    "drop_condition",
    "Labels are kept with probability p and dropped with 1 - p: at p = 0.1 the network hardly ever sees a condition.",
    see="training-both-at-once",
)
def kept_with_p(y, null_id, p, generator=None):
    return reference.drop_condition(y, null_id, 1 - p, generator)


@mistake(
    "drop_condition",
    "Only the first p·B labels of a batch are dropped. With sorted or small batches the same classes lose their"
    " label every time.",
    see="training-both-at-once",
)
def the_first_ones(y, null_id, p, generator=None):
    return torch.where(torch.arange(len(y)) < p * len(y), null_id, y)


@mistake(
    "drop_condition",
    "A fixed share of the batch is drawn and dropped, so the labels are not independent: of two labels with p = 0.5"
    " exactly one goes, and in a batch smaller than 1/p none ever does.",
    see="training-both-at-once",
)
def a_fixed_number(y, null_id, p, generator=None):
    drawn = torch.randperm(len(y), generator=generator)[: int(p * len(y))]
    return y.clone().index_fill_(0, drawn, null_id)


@mistake(
    "drop_condition",
    "The given generator is ignored and the global one used, so a run cannot be repeated from its seed.",
    see="training-both-at-once",
)
def global_randomness(y, null_id, p, generator=None):
    return reference.drop_condition(y, null_id, p)


@mistake(
    "drop_condition",
    "The labels are overwritten in place: the data set's own labels vanish epoch by epoch.",
    see="training-both-at-once",
)
def overwritten(y, null_id, p, generator=None):
    y[torch.rand(y.shape, generator=generator) < p] = null_id
    return y


# classifier_guided_eps --------------------------------------------------------------------------------------


@mistake(
    "classifier_guided_eps",
    "The gradient is added to ε. Noise points away from likely images, so this moves towards what the classifier"
    " thinks least likely.",
    see="classifier-guidance",
)
def wrong_direction(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    return reference.classifier_guided_eps(eps, xt, t, log_prob_fn, -scale, alphas_cumprod)


@mistake(
    "classifier_guided_eps",
    "The factor √(1-ᾱ) that turns a score into noise is missing, so guidance is far too strong near the end of"
    " sampling.",
    see="classifier-guidance",
)
def score_taken_for_noise(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    return reference.classifier_guided_eps(eps, xt, t, log_prob_fn, scale, torch.zeros_like(alphas_cumprod))


@mistake(
    "classifier_guided_eps",
    "The shift is scaled by the variance 1 - ᾱ instead of the standard deviation, so guidance fades too early.",
    see="classifier-guidance",
)
def shifted_by_the_variance(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    variance = 1 - alphas_cumprod
    return reference.classifier_guided_eps(eps, xt, t, log_prob_fn, scale, 1 - variance**2)


@mistake(
    "classifier_guided_eps",
    "The log-probabilities are averaged over the batch before the gradient is taken, so guidance gets weaker the"
    " more pictures are made at once.",
    see="classifier-guidance",
)
def averaged_over_the_batch(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    return reference.classifier_guided_eps(eps, xt, t, log_prob_fn, scale / len(xt), alphas_cumprod)


@mistake(
    "classifier_guided_eps",
    "The gradient is that of the probability, not of its logarithm: where the classifier is sure that the class is"
    " absent, and guidance is needed most, it vanishes.",
    see="classifier-guidance",
)
def gradient_of_the_probability(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    def prob(x, t):
        return log_prob_fn(x, t).exp()

    return reference.classifier_guided_eps(eps, xt, t, prob, scale, alphas_cumprod)


@mistake(
    "classifier_guided_eps",
    "The classifier is asked about an estimate of the clean image instead of xₜ, for which its log p(y | xₜ) is"
    " not defined.",
    see="classifier-guidance",
)
def classifier_on_the_clean_image(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    ab = alphas_cumprod[t].reshape(-1, *[1] * (xt.ndim - 1))

    def on_x0(x, t):
        return log_prob_fn((x - (1 - ab).sqrt() * eps.detach()) / ab.sqrt(), t)

    return reference.classifier_guided_eps(eps, xt, t, on_x0, scale, alphas_cumprod)


@mistake(
    "classifier_guided_eps",
    "Gradients are not switched back on, so the function fails inside the sampler's torch.no_grad().",
    see="classifier-guidance",
)
def needs_grad_mode(eps, xt, t, log_prob_fn, scale, alphas_cumprod):
    x = xt.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(log_prob_fn(x, t).sum(), x)
    sigma = (1 - alphas_cumprod)[t].sqrt().reshape(-1, *[1] * (xt.ndim - 1))
    return eps.detach() - scale * sigma * gradient


# gmm_eps ----------------------------------------------------------------------------------------------------


@mistake(
    "gmm_eps",
    "The components keep their clean variance. Noise widens them to ᾱ v + 1 - ᾱ; without that the pull is far too"
    " strong at the noisy end.",
    see="an-exact-denoiser",
)
def clean_variance(x, t, weights, means, var, alphas_cumprod):
    ab = alphas_cumprod[t][:, None]
    return _eps(x, ab, weights, means, var.expand(len(x), -1))


@mistake(
    "gmm_eps",
    "The centres are not shrunk by √ᾱ: noised data lies around √ᾱ m, and at the last step around 0.",
    see="an-exact-denoiser",
)
def centres_not_shrunk(x, t, weights, means, var, alphas_cumprod):
    ab = alphas_cumprod[t][:, None]
    return _eps(x, ab, weights, means / ab[..., None].sqrt(), ab * var + 1 - ab)


@mistake(
    "gmm_eps",
    "The score is returned with its own sign: noise points away from the data and the score towards it, so samples"
    " run off to infinity.",
    see="an-exact-denoiser",
)
def sign_of_the_score(x, t, weights, means, var, alphas_cumprod):
    return -reference.gmm_eps(x, t, weights, means, var, alphas_cumprod)


@mistake(
    "gmm_eps",
    "The softmax runs over the points instead of the components, so the points of a batch compete for each centre.",
    see="an-exact-denoiser",
)
def points_compete(x, t, weights, means, var, alphas_cumprod):
    ab = alphas_cumprod[t][:, None]
    return _eps(x, ab, weights, means, ab * var + 1 - ab, axis=0)


@mistake(
    "gmm_eps",
    "Responsibilities are those of the clean mixture: near a border between components the point is assigned far"
    " too surely.",
    see="an-exact-denoiser",
)
def clean_responsibilities(x, t, weights, means, var, alphas_cumprod):
    ab = alphas_cumprod[t][:, None]
    var_t = ab * var + 1 - ab
    clean = _responsibility(x[:, None] - means, var.expand_as(var_t), weights)
    offset = x[:, None] - ab[..., None].sqrt() * means
    return (1 - ab).sqrt() * ((clean / var_t)[..., None] * offset).sum(1)


@mistake(
    "gmm_eps",
    "The factor √(1-ᾱ) is missing: this is minus the score, not the noise.",
    see="an-exact-denoiser",
)
def score_not_scaled(x, t, weights, means, var, alphas_cumprod):
    ab = alphas_cumprod[t][:, None]
    return reference.gmm_eps(x, t, weights, means, var, alphas_cumprod) / (1 - ab).sqrt()


@mistake(
    "gmm_eps",
    "The normalising constant of each Gaussian is left out of its log-density, so wide components take points that"
    " belong to narrow ones.",
    see="an-exact-denoiser",
)
def unnormalised_components(x, t, weights, means, var, alphas_cumprod):
    ab = alphas_cumprod[t][:, None]
    var_t = ab * var + 1 - ab
    offset = x[:, None] - ab[..., None].sqrt() * means
    share = torch.softmax(weights.log() - offset.square().sum(-1) / (2 * var_t), dim=1)
    return (1 - ab).sqrt() * ((share / var_t)[..., None] * offset).sum(1)


def _responsibility(offset, var_t, weights, axis=1):
    log_density = -0.5 * (offset.square().sum(-1) / var_t + offset.shape[-1] * var_t.log())
    return torch.softmax(weights.log() + log_density, dim=axis)


def _eps(x, ab, weights, means, var_t, axis=1):
    offset = x[:, None] - ab[..., None].sqrt() * means
    share = _responsibility(offset, var_t, weights, axis)
    return (1 - ab).sqrt() * ((share / var_t)[..., None] * offset).sum(1)


EQUIVALENT = {
    "drop_condition: `torch.rand(y.shape, generator=generator, device=y.device) < p` → "
    "`torch.rand(y.shape, generator=generator, device=y.device) <= p`": (
        "the two differ only where a uniform number equals p exactly"
    ),
}
