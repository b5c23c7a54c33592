"""Known mistakes of unit 3.3, variational autoencoders."""

import math

import torch
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits, logsigmoid

from grader.judge import mistake
from phase1_foundations.unit3_calculus_probability import gaussian_kl
from phase3_generative import unit3_vae as reference

# reparameterize ------------------------------------------------------------------------------------------------------


@mistake(
    "reparameterize",
    "The noise is scaled by the variance instead of the standard deviation, so codes are far too spread out "
    "where σ > 1 and far too tight where σ < 1.",
    see="log-variance",
)
def scaled_by_the_variance(mu, logvar, eps):
    return mu + logvar.exp() * eps


@mistake(
    "reparameterize",
    "The encoder's log-variance is used as if it were the standard deviation: it can be negative, and zero "
    "means no noise at all instead of unit noise.",
    see="log-variance",
)
def log_variance_as_deviation(mu, logvar, eps):
    return mu + logvar * eps


@mistake(
    "reparameterize",
    "The log-variance is doubled where it should be halved: the noise is scaled by σ⁴, and one large output "
    "makes the sample explode.",
    see="log-variance",
)
def doubled_exponent(mu, logvar, eps):
    return mu + (2 * logvar).exp() * eps


@mistake(
    "reparameterize",
    "The sample is cut off from the graph, so the encoder receives no gradient from the reconstruction and "
    "learns from the KL alone.",
    see="gradients-through-a-sample",
)
def no_gradient(mu, logvar, eps):
    return reference.reparameterize(mu, logvar, eps).detach()


@mistake(
    "reparameterize",
    "Only the mean is connected to the graph: the spread gets no gradient from the reconstruction, so nothing"
    " holds the KL back from pushing every σ to 1.",
    see="gradients-through-a-sample",
)
def deviation_without_gradient(mu, logvar, eps):
    return reference.reparameterize(mu, logvar.detach(), eps)


@mistake(
    "reparameterize",
    "All examples of the batch share the noise of the first, so their samples move together and the estimate "
    "of the bound is much noisier.",
    see="gradients-through-a-sample",
)
def shared_noise(mu, logvar, eps):
    return reference.reparameterize(mu, logvar, eps[:1])


@mistake(
    "reparameterize",
    "The log-variance is turned into the deviation in place, in the encoder's own output: the KL that is computed from "
    "it afterwards is another one.",
    see="log-variance",
)
def changes_its_argument(mu, logvar, eps):
    return mu + logvar.mul_(0.5).exp_() * eps


# kl_diag_gaussian ----------------------------------------------------------------------------------------------------


@mistake(
    "kl_diag_gaussian",
    "This is the negative of the divergence, as the paper's appendix B prints it; a KL is never below zero.",
    see="the-divergence",
)
def negative(mu, logvar):
    return -reference.kl_diag_gaussian(mu, logvar)


@mistake(
    "kl_diag_gaussian",
    "The divergence is averaged over the latents instead of summed, so it weighs less the more latents there "
    "are and the objective is no longer a bound.",
    see="sums-not-means",
)
def mean_over_latents(mu, logvar):
    return reference.kl_diag_gaussian(mu, logvar) / mu[0].numel()


@mistake(
    "kl_diag_gaussian",
    "The batch is averaged inside: every example gets the same number, and a caller that averages again or "
    "looks at one example is misled.",
    see="sums-not-means",
)
def mean_over_batch(mu, logvar):
    return reference.kl_diag_gaussian(mu, logvar).mean()


@mistake(
    "kl_diag_gaussian",
    "Only the last latent axis is summed, so a latent with height and width gives a map and not one number an example.",
    see="sums-not-means",
)
def last_axis_only(mu, logvar):
    zeros = torch.zeros_like(mu)
    return gaussian_kl(mu, logvar, zeros, zeros).sum(-1)


@mistake(
    "kl_diag_gaussian",
    "The log-variance is read as the log of the standard deviation, so the spread costs too much and the "
    "posteriors are pulled to the prior.",
    see="log-variance",
)
def log_deviation(mu, logvar):
    return reference.kl_diag_gaussian(mu, 2 * logvar)


@mistake(
    "kl_diag_gaussian",
    "The factor ½ is missing, which doubles the KL: this trains a β-VAE with β = 2.",
    see="the-divergence",
)
def without_half(mu, logvar):
    return 2 * reference.kl_diag_gaussian(mu, logvar)


@mistake(
    "kl_diag_gaussian",
    "The two Gaussians are exchanged: this is the divergence of the prior from the posterior, which explodes "
    "where the posterior is narrow.",
    see="the-divergence",
)
def exchanged(mu, logvar):
    zeros = torch.zeros_like(mu)
    return gaussian_kl(zeros, zeros, mu, logvar).flatten(1).sum(1)


@mistake(
    "kl_diag_gaussian",
    "The log-variance is clamped first, as some code bases do for safety: beyond that range the value is no KL, and "
    "the gradient is zero.",
    see="log-variance",
)
def clamped(mu, logvar):
    return reference.kl_diag_gaussian(mu, logvar.clamp(-30.0, 20.0))


# bernoulli_log_likelihood --------------------------------------------------------------------------------------------


@mistake(
    "bernoulli_log_likelihood",
    "The pixels are averaged instead of summed, so an image of 784 pixels counts 784 times too little against"
    " the KL and the codes collapse onto the prior.",
    see="sums-not-means",
)
def mean_over_pixels(logits, x):
    return reference.bernoulli_log_likelihood(logits, x) / x[0].numel()


@mistake(
    "bernoulli_log_likelihood",
    "The sigmoid is applied twice: predicted probabilities can only lie between 0.5 and 0.73, and pictures stay grey.",
    see="logits",
)
def sigmoid_twice(logits, x):
    return reference.bernoulli_log_likelihood(torch.sigmoid(logits), x)


@mistake(
    "bernoulli_log_likelihood",
    "This is the cross-entropy, the negative of the log-likelihood: maximising the bound would make the "
    "pictures worse.",
    see="logits",
)
def cross_entropy(logits, x):
    return binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


@mistake(
    "bernoulli_log_likelihood",
    "Grey pixels are rounded to black and white inside, so a value that the caller gave is not the one that is scored.",
    see="logits",
)
def binarises_again(logits, x):
    return reference.bernoulli_log_likelihood(logits, (x > 0.5).to(x))


@mistake(
    "bernoulli_log_likelihood",
    "Only the white pixels are scored: painting everything white is then the best answer.",
    see="logits",
)
def white_pixels_only(logits, x):
    return (x * logsigmoid(logits)).flatten(1).sum(1)


@mistake(
    "bernoulli_log_likelihood",
    "The probability is computed before its logarithm, so it rounds to exactly 0 or 1 at large logits, where "
    "the value is cut off and the gradient is gone.",
    see="logits",
)
def probability_first(logits, x):
    return -binary_cross_entropy(torch.sigmoid(logits), x, reduction="none").flatten(1).sum(1)


@mistake(
    "bernoulli_log_likelihood",
    "The whole batch is summed into one number, so an image's own likelihood is lost.",
    see="sums-not-means",
)
def summed_over_the_batch(logits, x):
    return reference.bernoulli_log_likelihood(logits, x).sum()


# elbo ----------------------------------------------------------------------------------------------------------------


@mistake(
    "elbo",
    "The KL is added instead of subtracted: the objective rewards codes for leaving the prior, and samples "
    "from the prior decode to noise.",
    see="the-bound",
)
def adds_the_divergence(x, encoder, decoder, eps, beta=1.0):
    return reference.elbo(x, encoder, decoder, eps, -beta)


@mistake(
    "elbo",
    "This is the loss, the negative of the bound. The bound itself is asked for; the training loop changes its sign.",
    see="the-bound",
)
def loss(x, encoder, decoder, eps, beta=1.0):
    return -reference.elbo(x, encoder, decoder, eps, beta)


@mistake(
    "elbo",
    "β weighs the reconstruction instead of the KL, so a larger β frees the codes where it should press them "
    "to the prior.",
    see="beta",
)
def beta_on_the_reconstruction(x, encoder, decoder, eps, beta=1.0):
    kl = reference.kl_diag_gaussian(*encoder(x))
    return beta * reference.elbo(x, encoder, decoder, eps, 0.0) - kl


@mistake("elbo", "β is accepted and not used.", see="beta")
def ignores_beta(x, encoder, decoder, eps, beta=1.0):
    return reference.elbo(x, encoder, decoder, eps)


@mistake(
    "elbo",
    "The reconstruction is averaged over the pixels while the KL is summed over the latents: the KL dominates"
    " and the codes collapse onto the prior.",
    see="sums-not-means",
)
def averaged_reconstruction(x, encoder, decoder, eps, beta=1.0):
    kl = reference.kl_diag_gaussian(*encoder(x))
    return reference.elbo(x, encoder, decoder, eps, 0.0) / x[0].numel() - beta * kl


@mistake(
    "elbo",
    "The mean code is decoded and the noise is never used: this is a plain autoencoder with a penalty, not a bound.",
    see="gradients-through-a-sample",
)
def decodes_the_mean(x, encoder, decoder, eps, beta=1.0):
    return reference.elbo(x, encoder, decoder, torch.zeros_like(eps), beta)


@mistake(
    "elbo",
    "The noise itself is decoded, not the code made from it, so the picture that is scored has nothing to do with x.",
    see="the-bound",
)
def decodes_the_noise(x, encoder, decoder, eps, beta=1.0):
    kl = reference.kl_diag_gaussian(*encoder(x))
    return reference.bernoulli_log_likelihood(decoder(eps), x) - beta * kl


@mistake(
    "elbo",
    "The batch is averaged inside, so one number comes back and the bound of a single image can't be read.",
    see="sums-not-means",
)
def mean_of_the_batch(x, encoder, decoder, eps, beta=1.0):
    return reference.elbo(x, encoder, decoder, eps, beta).mean()


# iwae_bound ----------------------------------------------------------------------------------------------------------


@mistake(
    "iwae_bound",
    "The logarithms are averaged, not the weights: that is the ELBO again, and more samples do not tighten it.",
    see="a-tighter-bound",
)
def mean_of_logs(log_w):
    return log_w.mean(0)


@mistake(
    "iwae_bound",
    "The weights are summed and not averaged: the value lies log K too high and is no longer below log p(x).",
    see="a-tighter-bound",
)
def without_log_k(log_w):
    return log_w.logsumexp(0)


@mistake(
    "iwae_bound",
    "The average runs over the batch instead of the samples, which mixes the weights of different images.",
    see="a-tighter-bound",
)
def over_the_batch(log_w):
    return log_w.logsumexp(1) - math.log(log_w.shape[1])


@mistake(
    "iwae_bound",
    "The number of samples is read from the batch axis, so the result is off by a constant whenever K and B differ.",
    see="a-tighter-bound",
)
def log_of_the_batch_size(log_w):
    return log_w.logsumexp(0) - math.log(log_w.shape[1])


@mistake(
    "iwae_bound",
    "The weights leave the log domain: e^−1000 is 0 and e^1000 is infinite, so real images give −inf or inf.",
    see="a-tighter-bound",
)
def outside_the_log_domain(log_w):
    return log_w.exp().mean(0).log()


@mistake(
    "iwae_bound",
    "Only the best sample counts: without the average over K this can exceed log p(x).",
    see="a-tighter-bound",
)
def best_sample(log_w):
    return log_w.amax(0)


# latent_manifold_grid ------------------------------------------------------------------------------------------------


@mistake(
    "latent_manifold_grid",
    "The probabilities themselves are used as codes, so the whole picture shows one corner of the latent space.",
    see="a-map-of-the-latents",
)
def probabilities_as_codes(n, lo=0.05, hi=0.95):
    steps = torch.linspace(lo, hi, n)
    return torch.cartesian_prod(steps, steps)


@mistake(
    "latent_manifold_grid",
    "The distribution function is applied where its inverse is needed, which squeezes all codes between 0.5 and 0.84.",
    see="a-map-of-the-latents",
)
def distribution_function(n, lo=0.05, hi=0.95):
    steps = torch.special.ndtr(torch.linspace(lo, hi, n))
    return torch.cartesian_prod(steps, steps)


@mistake(
    "latent_manifold_grid",
    "The codes are evenly spaced in z and not in probability, so the sparse outskirts take most of the picture.",
    see="a-map-of-the-latents",
)
def evenly_spaced_codes(n, lo=0.05, hi=0.95):
    first, last = torch.special.ndtri(torch.tensor([lo, hi])).tolist()
    steps = torch.linspace(first, last, n)
    return torch.cartesian_prod(steps, steps)


@mistake(
    "latent_manifold_grid",
    "The first coordinate changes fastest where it should change slowest: the picture comes out transposed.",
    see="a-map-of-the-latents",
)
def transposed(n, lo=0.05, hi=0.95):
    return reference.latent_manifold_grid(n, lo, hi).flip(1)


@mistake(
    "latent_manifold_grid",
    "The upper end is left out, so the grid is not symmetric about the origin and never reaches the last quantile.",
    see="a-map-of-the-latents",
)
def without_the_last(n, lo=0.05, hi=0.95):
    quantiles = torch.special.ndtri(lo + (hi - lo) * torch.arange(n) / n)
    return torch.cartesian_prod(quantiles, quantiles)


@mistake(
    "latent_manifold_grid",
    "The probabilities run from 0 to 1, whose quantiles are −∞ and ∞: the decoder gets infinities at the border.",
    see="a-map-of-the-latents",
)
def from_zero_to_one(n, lo=0.05, hi=0.95):
    return reference.latent_manifold_grid(n, 0.0, 1.0)
