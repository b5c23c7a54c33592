"""Unit 2.6, autoencoders: a bottleneck, and what can be done with the codes that pass through it.

What stands near a network takes torch tensors: the loss, the autoencoder, `slerp`, `knn_probe`. The two functions that
look at a whole table at once, `linear_ae_reconstruct` and `tsne_affinities`, take NumPy arrays of float64 and build on
units 1.1 and 1.2. Arguments are left as they were; results have the dtype of what comes in.

Shapes are written with B = pictures in the batch, C = channels, N, M = data points, D = numbers of each, T = stations.

Sources: Goodfellow, Bengio & Courville, *Deep Learning* (DLB), chapter 14; Baldi & Hornik 1989, "Neural networks and
principal component analysis"; White 2016, "Sampling generative networks" (arXiv 1609.04468); van der Maaten & Hinton
2008, "Visualizing data using t-SNE" (JMLR 9, 2579–2605).
"""

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from phase1_foundations.unit1_python import pairwise_sq_dists
from phase1_foundations.unit2_linear_algebra import pca


def reconstruction_loss(x: Tensor, xhat: Tensor, kind: str) -> Tensor:
    """How far the reconstructions are from the pictures: summed over the numbers of a picture, averaged over pictures.

    Args:
        x: (B, C, H, W) float, the pictures; for "bce" between 0 and 1, grey values included.
        xhat: (B, C, H, W), the dtype of x. For "bce" logits, any real numbers: sigmoid(xhat) is the brightness. They
            may be as large as ±1e4. For "mse" the brightness itself.
        kind: "bce", binary cross-entropy −x log p − (1 − x) log(1 − p) in nats with p = sigmoid(xhat), or "mse",
            the squared error (x − xhat)².

    Returns:
        () a tensor that gradients flow back through, the dtype of x.

    Raises:
        ValueError: kind is neither of the two.

    Source: DLB sections 14.1 and 6.2.2.2. Unit 3.3 adds a KL term to it, and that is why pixels are summed.
    """
    raise NotImplementedError("reconstruction_loss")


def linear_ae_reconstruct(x: np.ndarray, k: int) -> np.ndarray:
    """What the best linear autoencoder with a code of k numbers gives back.

    Encoder z = E x + e and decoder x̂ = D z + d have no bend in them. Of all such pairs the best, by the sum of the
    squared errors over x, gives the same x̂ as principal components: build it on `pca` of unit 1.2.

    x: (N, D) float64, N ≥ 2; its mean may be anywhere. k: from 1 to min(N - 1, D).
    Returns (N, D) float64.
    Source: Baldi & Hornik 1989; DLB section 14.1.
    """
    raise NotImplementedError("linear_ae_reconstruct")


class ConvAutoencoder(nn.Module):
    """Pictures of 28 × 28 pixels through a code of `latent_dim` numbers, and back.

    Args:
        c: channels of the pictures, ≥ 1.
        latent_dim: numbers of the code, ≥ 1.

    Three methods are promised:
        encode(x): (B, c, 28, 28) float32 between 0 and 1 -> z (B, latent_dim). No activation on z: any real numbers.
        decode(z): (B, latent_dim) float32 -> logits (B, c, 28, 28), any real numbers; sigmoid makes them brightness.
        forward(x): (z, logits), which are encode(x) and decode(z).

    The layers and their names are yours to choose. If you have no plan: convolutions with 16 and 32 channels, kernel 4,
    stride 2, padding 1, each with a ReLU (28 → 14 → 7), then a linear layer to z; back a linear layer with a ReLU,
    and transposed convolutions of the same kind (7 → 14 → 28) with a ReLU between them.

    Whatever you choose, this holds:
        - decode sees z and the weights, nothing else: no picture finds a way past the code.
        - Neither encode nor decode is a linear map: there is a bend between the layers.
        - In eval mode every picture is treated by itself, whatever is in the batch with it. B may be 1.
        - All that is learned is in parameters() and state_dict(): a second module that loads it gives the same answers.
          Every parameter gets a gradient from reconstruction_loss(x, logits, "bce").
        - It learns: trained on 4 pictures in black and white with latent_dim 8, by at most 250 full-batch steps of
          torch.optim.Adam with lr=3e-3 or else 1e-2, `logits > 0` says in eval mode of 90 % of the pixels whether they
          are white. (The layers above need about 40 steps.)

    Source: DLB chapter 14.
    """

    def __init__(self, c: int, latent_dim: int) -> None:
        raise NotImplementedError("ConvAutoencoder.__init__")

    def encode(self, x: Tensor) -> Tensor:
        """x: (B, c, 28, 28) -> z: (B, latent_dim)."""
        raise NotImplementedError("ConvAutoencoder.encode")

    def decode(self, z: Tensor) -> Tensor:
        """z: (B, latent_dim) -> logits: (B, c, 28, 28)."""
        raise NotImplementedError("ConvAutoencoder.decode")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x: (B, c, 28, 28) -> (z, logits): (B, latent_dim) and (B, c, 28, 28)."""
        raise NotImplementedError("ConvAutoencoder.forward")


def slerp(z0: Tensor, z1: Tensor, t: Tensor) -> Tensor:
    """Walk from the direction of z0 to that of z1 along the sphere, at constant speed, the short way round.

    Args:
        z0, z1: (D,) float, D ≥ 2; of any length but 0, of which only the direction counts.
        t: (T,) the stations, each between 0 (the direction of z0) and 1 (that of z1), the dtype of z0.

    Returns:
        (T, D) vectors of length 1. Where z0 and z1 have one direction, every row is that direction. Where the angle
        between them is below 0.05 radians, every entry is within 1e-5 of the truth: the formula divides 0 by 0 there.

    Raises:
        ValueError: z0 and z1 are opposite, so that no way is the shortest: their angle is within 1e-3 radians of π.

    Source: White 2016, section 2; Shoemake 1985, "Animating rotation with quaternion curves".
    """
    raise NotImplementedError("slerp")


def knn_probe(z_tr: Tensor, y_tr: Tensor, z_te: Tensor, k: int) -> Tensor:
    """Guess the label of each new code by a vote among the k codes of the training set that are nearest to it.

    Args:
        z_tr: (N, D) float, codes whose labels are known.
        y_tr: (N,) int64, their labels, ≥ 0; there may be gaps between them.
        z_te: (M, D) codes to be labelled, the dtype of z_tr.
        k: from 1 to N.

    Returns:
        (M,) int64, the label that most of the k nearest have, by Euclidean distance, each with one vote. Of labels with
        equally many votes the smallest wins. (No two training codes are equally far from one new code.) A new code that
        is also in the training set has itself for its nearest neighbour.

    Source: Hastie, Tibshirani & Friedman, *The Elements of Statistical Learning*, section 13.3.
    """
    raise NotImplementedError("knn_probe")


def tsne_affinities(x: np.ndarray, perplexity: float) -> np.ndarray:
    """The probabilities P with which t-SNE says who is whose neighbour.

    Each point i looks at the others through a Gaussian of its own width: p(j|i) ∝ exp(−‖x_i − x_j‖² / 2σ_i²), the sum
    over all j ≠ i being 1 and p(i|i) = 0. The width σ_i is searched until the point has as many neighbours, in effect,
    as was asked for: 2 to the power of H_i equals `perplexity`, where H_i = −Σ_j p(j|i) log₂ p(j|i).
    Then P_ij = (p(j|i) + p(i|j)) / 2N.

    x: (N, D) float64, N ≥ 4, in any unit: neighbours may be 1e-4 apart or 1e4. Two points may be equal, and a point may
        lie thousands of times as far from the others as they lie from each other.
    perplexity: above 1 and below N − 1. Search until it is met to 1 part in 10⁵, or better.
    Returns P (N, N) float64: symmetric, 0 on the diagonal, with the sum 1. Entries are judged to 1 part in 10³.
    Source: van der Maaten & Hinton 2008, section 2 and eq. 1; section 3.1 for the symmetric form.
    """
    raise NotImplementedError("tsne_affinities")
