"""Known mistakes of unit 2.6, autoencoders."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from grader.judge import mistake
from phase2_deep_learning import unit6_autoencoders as reference

# reconstruction_loss


@mistake(
    "reconstruction_loss",
    "The loss is averaged over pixels, too. In unit 3.3 the KL term is not, and would outweigh such a loss many times.",
    see="sums-over-pixels",
)
def mean_over_pixels(x, xhat, kind):
    return reference.reconstruction_loss(x, xhat, kind) / x[0].numel()


@mistake(
    "reconstruction_loss",
    "The loss is summed over the batch as well, so that a batch of twice the size takes steps twice as large.",
    see="sums-over-pixels",
)
def sum_over_the_batch(x, xhat, kind):
    return reference.reconstruction_loss(x, xhat, kind) * len(x)


@mistake(
    "reconstruction_loss",
    "The sigmoid is applied twice. The second one sees numbers between 0 and 1, and calls every pixel grey or white.",
    see="logits-again",
)
def sigmoid_twice(x, xhat, kind):
    return reference.reconstruction_loss(x, xhat.sigmoid() if kind == "bce" else xhat, kind)


@mistake(
    "reconstruction_loss",
    "The logarithm is taken of a sigmoid that was rounded to 0 or 1: logits that are large come to infinity or nan.",
    see="logits-again",
)
def log_of_a_rounded_sigmoid(x, xhat, kind):
    if kind != "bce":
        return reference.reconstruction_loss(x, xhat, kind)
    p = xhat.sigmoid()
    return -(x * p.log() + (1 - x) * (1 - p).log()).sum() / len(x)


@mistake(
    "reconstruction_loss",
    "The squared error goes through a sigmoid first; for mse, xhat is the brightness already.",
    see="logits-again",
)
def sigmoid_before_the_square(x, xhat, kind):
    return reference.reconstruction_loss(x, xhat.sigmoid() if kind == "mse" else xhat, kind)


@mistake(
    "reconstruction_loss",
    "Any kind that is not mse counts as bce; a typing error then trains something else and nobody notices.",
    see="logits-again",
)
def any_kind_will_do(x, xhat, kind):
    return reference.reconstruction_loss(x, xhat, kind if kind == "mse" else "bce")


# linear_ae_reconstruct


@mistake(
    "linear_ae_reconstruct",
    "The mean is not added back, so the reconstructions lie around the origin.",
    see="linear-is-pca",
)
def mean_forgotten(x, k):
    return reference.linear_ae_reconstruct(x, k) - x.mean(axis=0)


@mistake(
    "linear_ae_reconstruct",
    "The codes are returned, k numbers a point; decode them, back to D.",
    see="linear-is-pca",
)
def codes_only(x, k):
    return reference.pca(x, k)[2]


@mistake(
    "linear_ae_reconstruct",
    "x is multiplied by the components without taking its mean off first; then the mean comes back nearly twice.",
    see="linear-is-pca",
)
def encoded_uncentred(x, k):
    components, _, _ = reference.pca(x, k)
    return x.mean(axis=0) + x @ components.T @ components


@mistake(
    "linear_ae_reconstruct",
    "The directions are those of the data as they are, mean included: the first one only says where the cloud is.",
    see="linear-is-pca",
)
def uncentred(x, k):
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    return (u[:, :k] * s[:k]) @ vt[:k]


@mistake(
    "linear_ae_reconstruct",
    "The codes are scaled to variance 1 and never scaled back, so every direction returns with the same width.",
    see="linear-is-pca",
)
def whitened(x, k):
    components, variance, z = reference.pca(x, k)
    return x.mean(axis=0) + (z / np.sqrt(variance)) @ components


# ConvAutoencoder


@mistake(
    "ConvAutoencoder",
    "The pictures come back smaller: a transposed convolution with kernel 3, stride 2 and padding 1 makes 13 of 7; "
    "it needs output_padding=1, or a kernel of 4.",
    see="there-and-back",
)
class Shrunk(reference.ConvAutoencoder):
    def __init__(self, c, latent_dim):
        super().__init__(c, latent_dim)
        self.deconv1 = nn.ConvTranspose2d(32, 16, 3, stride=2, padding=1)
        self.deconv2 = nn.ConvTranspose2d(16, c, 3, stride=2, padding=1)


@mistake(
    "ConvAutoencoder",
    "There is no bottleneck: the code is a stack of feature maps with more numbers than the picture, which needs to "
    "learn nothing to copy it.",
    see="the-bottleneck",
)
class NoBottleneck(reference.ConvAutoencoder):
    def encode(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))))

    def decode(self, z):
        if z.ndim == 2:
            z = F.relu(self.from_code(z)).unflatten(1, (32, 7, 7))
        return self.deconv2(F.relu(self.deconv1(z)))


@mistake(
    "ConvAutoencoder",
    "forward returns the reconstruction alone; the code is wanted with it, first.",
    see="there-and-back",
)
class PictureOnly(reference.ConvAutoencoder):
    def forward(self, x):
        return self.decode(self.encode(x))


@mistake(
    "ConvAutoencoder",
    "forward returns the reconstruction first and the code second; it is the other way round.",
    see="there-and-back",
)
class PictureFirst(reference.ConvAutoencoder):
    def forward(self, x):
        z, logits = super().forward(x)
        return logits, z


@mistake(
    "ConvAutoencoder",
    "There is a sigmoid on what comes out. The loss applies one to it as well, and two of them leave every pixel grey.",
    see="logits-again",
)
class SigmoidAtTheEnd(reference.ConvAutoencoder):
    def decode(self, z):
        return super().decode(z).sigmoid()


@mistake(
    "ConvAutoencoder",
    "There is a ReLU on the code, so that half of the space is never used and many numbers of it stay at 0.",
    see="the-bottleneck",
)
class ReluOnTheCode(reference.ConvAutoencoder):
    def encode(self, x):
        return super().encode(x).relu()


@mistake(
    "ConvAutoencoder",
    "The decoder gets feature maps of the encoder past the code. The reconstructions are sharp, and the code is empty.",
    see="the-bottleneck",
)
class PastTheCode(reference.ConvAutoencoder):
    def encode(self, x):
        self.kept = F.relu(self.conv1(x))
        return self.to_code(F.relu(self.conv2(self.kept)).flatten(1))

    def decode(self, z):
        h = F.relu(self.from_code(z)).unflatten(1, (32, 7, 7))
        h = F.relu(self.deconv1(h))
        return self.deconv2(h + self.kept if len(h) == len(self.kept) else h)


@mistake(
    "ConvAutoencoder",
    "Nothing bends between the layers, so all of them together are one linear map: principal components, at best.",
    see="there-and-back",
)
class NoBend(reference.ConvAutoencoder):
    def encode(self, x):
        return self.to_code(self.conv2(self.conv1(x)).flatten(1))

    def decode(self, z):
        return self.deconv2(self.deconv1(self.from_code(z).unflatten(1, (32, 7, 7))))


@mistake(
    "ConvAutoencoder",
    "The code is detached from the graph on its way to the decoder, so the encoder never learns.",
    see="the-bottleneck",
)
class Detached(reference.ConvAutoencoder):
    def forward(self, x):
        z = self.encode(x)
        return z, self.decode(z.detach())


@mistake(
    "ConvAutoencoder",
    "The layers are kept in a plain list, which hides their weights from the optimiser and from state_dict.",
    see="there-and-back",
)
class HiddenInAList(reference.ConvAutoencoder):
    def __init__(self, c, latent_dim):
        super().__init__(c, latent_dim)
        hidden = [self.conv1, self.conv2]
        del self.conv1, self.conv2
        self.convolutions = hidden

    def encode(self, x):
        for layer in self.convolutions:
            x = F.relu(layer(x))
        return self.to_code(x.flatten(1))


# slerp


@mistake(
    "slerp",
    "This is the straight line. It cuts through the inside of the sphere, where vectors are short and no codes are.",
    see="round-the-sphere",
)
def straight_line(z0, z1, t):
    reference.slerp(z0, z1, t)
    return torch.lerp(z0 / z0.norm(), z1 / z1.norm(), t[:, None])


@mistake(
    "slerp",
    "The straight line was pushed out to the sphere: the rows have length 1, but the walk is fast in the middle and "
    "slow at its ends.",
    see="round-the-sphere",
)
def uneven_steps(z0, z1, t):
    rows = straight_line(z0, z1, t)
    return rows / rows.norm(dim=1, keepdim=True)


@mistake(
    "slerp",
    "z0 and z1 are not brought to length 1 first: the angle is wrong, and the rows have other lengths.",
    see="round-the-sphere",
)
def not_normalised(z0, z1, t):
    angle = torch.arccos((z0 @ z1).clamp(-1, 1))
    t = t[:, None]
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)


@mistake(
    "slerp",
    "The rows have the lengths of z0 and z1, not 1.",
    see="round-the-sphere",
)
def lengths_kept(z0, z1, t):
    rows = reference.slerp(z0, z1, t)
    return rows * torch.lerp(z0.norm(), z1.norm(), t[:, None])


@mistake(
    "slerp",
    "The angle is taken in degrees; sin wants radians.",
    see="round-the-sphere",
)
def degrees(z0, z1, t):
    reference.slerp(z0, z1, t)
    start, end = z0 / z0.norm(), z1 / z1.norm()
    angle = torch.rad2deg(torch.arccos((start @ end).clamp(-1, 1)))
    t = t[:, None]
    return (torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / torch.sin(angle)


@mistake(
    "slerp",
    "Where both directions are the same the angle is 0, and 0 divided by sin(0) is nan.",
    see="nothing-divided-by-nothing",
)
def zero_by_zero(z0, z1, t):
    reference.slerp(z0, z1, t)
    start, end = z0 / z0.norm(), z1 / z1.norm()
    angle = torch.arccos((start @ end).clamp(-1, 1))
    t = t[:, None]
    return (torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end) / torch.sin(angle)


@mistake(
    "slerp",
    "The walk goes from z1 to z0: t = 0 is the direction of z0.",
    see="round-the-sphere",
)
def backwards(z0, z1, t):
    return reference.slerp(z1, z0, t)


@mistake(
    "slerp",
    "Opposite directions get an answer, one of endlessly many. There is no shortest way between them: refuse.",
    see="nothing-divided-by-nothing",
)
def opposites_answered(z0, z1, t):
    start, end = z0 / z0.norm(), z1 / z1.norm()
    angle = 2 * torch.atan2((start - end).norm(), (start + end).norm()).clamp(min=5e-7)
    t = t[:, None]
    rows = torch.sin((1 - t) * angle) * start + torch.sin(t * angle) * end
    return rows / rows.norm(dim=1, keepdim=True)


# knn_probe


@mistake(
    "knn_probe",
    "The k codes that are farthest away vote.",
    see="asking-the-neighbours",
)
def farthest(z_tr, y_tr, z_te, k):
    votes = F.one_hot(y_tr[torch.cdist(z_te, z_tr).topk(k).indices]).sum(1)
    return votes.argmax(1)


@mistake(
    "knn_probe",
    "Only the nearest is asked, whatever k is.",
    see="asking-the-neighbours",
)
def nearest_only(z_tr, y_tr, z_te, k):
    return reference.knn_probe(z_tr, y_tr, z_te, 1)


@mistake(
    "knn_probe",
    "The labels of the neighbours are averaged. Labels are names: between a 3 and a 7 there is no 5.",
    see="asking-the-neighbours",
)
def labels_averaged(z_tr, y_tr, z_te, k):
    nearest = torch.cdist(z_te, z_tr).topk(k, largest=False).indices
    return y_tr[nearest].double().mean(1).round().long()


@mistake(
    "knn_probe",
    "The nearest neighbour is left out, as if it were the new code itself; new codes are not in the training set.",
    see="asking-the-neighbours",
)
def first_one_skipped(z_tr, y_tr, z_te, k):
    nearest = torch.cdist(z_te, z_tr).argsort(1)
    nearest = nearest[:, 1 : k + 1] if len(z_tr) > 1 else nearest
    return F.one_hot(y_tr[nearest]).sum(1).argmax(1)


@mistake(
    "knn_probe",
    "Votes are weighted by nearness; here each of the k has one.",
    see="asking-the-neighbours",
)
def weighted(z_tr, y_tr, z_te, k):
    far, nearest = torch.cdist(z_te, z_tr).topk(k, largest=False)
    votes = F.one_hot(y_tr[nearest]) / far.clamp(min=1e-12)[:, :, None]
    return votes.sum(1).argmax(1)


@mistake(
    "knn_probe",
    "Of labels with equally many votes the largest wins; it should be the smallest.",
    see="asking-the-neighbours",
)
def largest_of_equals(z_tr, y_tr, z_te, k):
    votes = F.one_hot(y_tr[torch.cdist(z_te, z_tr).topk(k, largest=False).indices]).sum(1)
    return votes.shape[1] - 1 - votes.flip(1).argmax(1)


@mistake(
    "knn_probe",
    "Of labels with equally many votes the one with the nearest neighbour wins; it should be the smallest label.",
    see="asking-the-neighbours",
)
def nearest_of_equals(z_tr, y_tr, z_te, k):
    labels = y_tr[torch.cdist(z_te, z_tr).topk(k, largest=False).indices]
    votes = F.one_hot(labels).sum(1)
    return labels[torch.arange(len(labels)), votes.gather(1, labels).argmax(1)]


# tsne_affinities


def _distances(x):
    """Squared, and none to oneself."""
    d2 = reference.pairwise_sq_dists(x, x)
    np.fill_diagonal(d2, np.inf)
    return d2


def _conditional(d2, perplexity):
    """p(j|i), by bisection of log β."""
    low, high = np.full((len(d2), 1), -50.0), np.full((len(d2), 1), 50.0)
    with np.errstate(all="ignore"):
        for _ in range(60):
            p = np.exp(-np.exp((low + high) / 2) * d2)
            p = p / p.sum(axis=1, keepdims=True)
            entropy = -(p * np.log(p, where=p > 0, out=np.zeros_like(p))).sum(axis=1, keepdims=True)
            flat = entropy > math.log(perplexity)
            low, high = np.where(flat, (low + high) / 2, low), np.where(flat, high, (low + high) / 2)
    return p


def _shifted(d2):
    return d2 - d2.min(axis=1, keepdims=True)


def _joint(p):
    return (p + p.T) / (2 * len(p))


@mistake(
    "tsne_affinities",
    "p(j|i) is returned as it is: not symmetric, and every row adds up to 1, so that all of it adds up to N.",
    see="both-ways",
)
def not_symmetric(x, perplexity):
    return _conditional(_shifted(_distances(x)), perplexity)


@mistake(
    "tsne_affinities",
    "The sum over both points is not divided by 2N, so P adds up to 2N and is no probability.",
    see="both-ways",
)
def not_divided(x, perplexity):
    return 2 * len(x) * reference.tsne_affinities(x, perplexity)


@mistake(
    "tsne_affinities",
    "Bits and nats are mixed: the entropy is in nats and is compared with log₂ of the perplexity.",
    see="perplexity",
)
def bits_and_nats(x, perplexity):
    return reference.tsne_affinities(x, min(math.exp(math.log2(perplexity)), len(x) - 1.0))


@mistake(
    "tsne_affinities",
    "The entropy itself is made equal to the perplexity, not to its logarithm.",
    see="perplexity",
)
def entropy_for_perplexity(x, perplexity):
    return reference.tsne_affinities(x, min(2.0**perplexity, len(x) - 1.0))


@mistake(
    "tsne_affinities",
    "Each point is its own neighbour. It is the nearest of all, at distance 0, and takes the largest share.",
    see="perplexity",
)
def own_neighbour(x, perplexity):
    return _joint(_conditional(reference.pairwise_sq_dists(x, x), perplexity))


@mistake(
    "tsne_affinities",
    "All Gaussians have the same width, and the perplexity is not used; in a sparse place a point then has no "
    "neighbours at all.",
    see="perplexity",
)
def one_width_for_all(x, perplexity):
    p = np.exp(-_shifted(_distances(x)) / 2)
    return _joint(p / p.sum(axis=1, keepdims=True))


@mistake(
    "tsne_affinities",
    "The distances are not squared, so that far points count for more than under a Gaussian.",
    see="perplexity",
)
def not_squared(x, perplexity):
    return _joint(_conditional(_shifted(np.sqrt(_distances(x))), perplexity))


@mistake(
    "tsne_affinities",
    "For a point far from all others exp gives 0 for everybody, and 0 / 0 is nan. Take the least distance off first.",
    see="perplexity",
)
def lost_outlier(x, perplexity):
    return _joint(_conditional(_distances(x), perplexity))


def _with_nan(d2, perplexity):
    """p(j|i) by a search whose entropy is nan wherever a share is 0; whatever is compared with nan is False."""
    d2 = d2[~np.eye(len(d2), dtype=bool)].reshape(len(d2), -1)
    low, high = np.full((len(d2), 1), -50.0), np.full((len(d2), 1), 50.0)
    with np.errstate(all="ignore"):
        for _ in range(60):
            p = np.exp(-np.exp((low + high) / 2) * d2)
            p = p / p.sum(axis=1, keepdims=True)
            flat = -(p * np.log(p)).sum(axis=1, keepdims=True) > math.log(perplexity)
            low, high = np.where(flat, (low + high) / 2, low), np.where(flat, high, (low + high) / 2)
    full = np.zeros((len(d2), len(d2)))
    full[~np.eye(len(d2), dtype=bool)] = p.ravel()
    return full


@mistake(
    "tsne_affinities",
    "Where a share is 0, its 0 · log 0 makes the entropy nan; nan is never above anything, so the search goes astray.",
    see="perplexity",
)
def zero_times_log_zero(x, perplexity):
    return _joint(_with_nan(_shifted(_distances(x)), perplexity))


@mistake(
    "tsne_affinities",
    "Two nan lead the search astray: 0 · log 0 in the entropy; and 0 / 0 for a point so far away that every exp is 0. "
    "Take the least distance of the row off first.",
    see="perplexity",
)
def nan_twice(x, perplexity):
    return _joint(_with_nan(_distances(x), perplexity))


EQUIVALENT = {
    "ConvAutoencoder.__init__: `nn.Conv2d(c, 16, 4, stride=2, padding=1)`"
    " → `nn.Conv2d(c, 16, 3, stride=2, padding=1)`": "Another kernel with the same sizes; the layers are free.",
    "ConvAutoencoder.__init__: `nn.Conv2d(c, 16, 4, stride=2, padding=1)`"
    " → `nn.Conv2d(c, 16, 4, stride=2, padding=2)`": "15 instead of 14, and 7 after the next layer all the same.",
    "ConvAutoencoder.__init__: `nn.Conv2d(16, 32, 4, stride=2, padding=1)`"
    " → `nn.Conv2d(16, 32, 3, stride=2, padding=1)`": "Another kernel with the same sizes; the layers are free.",
    "ConvAutoencoder.encode: `F.relu(self.conv1(x))` → `self.conv1(x)`": "One bend is left; the layers are free.",
    "ConvAutoencoder.encode: `F.relu(self.conv2(h))` → `self.conv2(h)`": "One bend is left; the layers are free.",
    "ConvAutoencoder.decode: `F.relu(self.from_code(z))` → `self.from_code(z)`": "One bend is left; layers are free.",
    "ConvAutoencoder.decode: `F.relu(self.deconv1(h))` → `self.deconv1(h)`": "One bend is left; the layers are free.",
    "slerp: `math.pi - angle < 0.001` → `math.pi - angle <= 0.001`": "No angle of two floats is that number.",
    "slerp: `angle.clamp(min=1e-06)` → `angle.clamp(min=2e-06)`": "Any small angle does: sines are as their angles.",
    "tsne_affinities: `np.full((n, 1), -50.0)` → `np.full((n, 1), -100.0)`": "The search begins in a wider bracket.",
    "tsne_affinities: `np.full((n, 1), 50.0)` → `np.full((n, 1), 100.0)`": "The search begins in a wider bracket.",
    "tsne_affinities: `range(60)` → `range(61)`": "The bracket is 1e-16 wide by then.",
    "tsne_affinities: `range(60)` → `range(59)`": "The bracket is 2e-16 wide by then.",
    "tsne_affinities: `entropy > np.log(perplexity)` → `entropy >= np.log(perplexity)`": "Where they are equal the"
    " search has ended.",
}
