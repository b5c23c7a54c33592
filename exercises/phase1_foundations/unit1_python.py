"""Unit 1.1, Python and NumPy: arrays without loops, batches, and pictures as numbers.

This is the file you work in. Each function below says in its docstring (the text in triple quotes) what goes in and
what comes out, and ends in a line that raises NotImplementedError. Replace that line by code, save, and run
`course check`. Everything here takes and gives NumPy arrays. Arguments are left as they were: what you return is new.

Read `x: (N, D) float64` as "an array x with two axes, N rows and D columns, of 64-bit floating-point numbers".
"""

import math
from collections.abc import Iterator

import numpy as np


def brighten(image: np.ndarray, amount: float) -> np.ndarray:
    """The picture with `amount` added to every pixel; nothing gets darker than black or lighter than white.

    image: any shape, float32 or float64; 0 is black, 1 is white. It is left as it was.
    amount: from -1 to 1; a negative amount darkens.
    Returns a new array of the same shape and dtype. What would fall below 0 is 0, what would rise above 1 is 1.
    """
    raise NotImplementedError("brighten")


def standardize(x: np.ndarray, axis: int = 0, eps: float = 0.0) -> np.ndarray:
    """Each slice along `axis` shifted to mean 0 and scaled to standard deviation 1.

    x: (N, D) float64. With axis=0 each of the D columns is standardised over its N rows, with axis=1 each row.
    eps: ≥ 0, a small number that keeps the divisor above 0, so that a constant slice becomes 0 and not nan. Add it
        under the root (var + eps) or after it (std + eps): both are in use, and either is right here.
    Returns a new array of the shape of x. The standard deviation is the population's: Σ (x - mean)² divided by N.
    """
    raise NotImplementedError("standardize")


def one_hot(y: np.ndarray, num_classes: int) -> np.ndarray:
    """A row for each label, 1 at the label's place and 0 elsewhere.

    y: (N,) int64, labels from 0 to num_classes - 1. Not every class has to occur.
    Returns (N, num_classes) float32.
    """
    raise NotImplementedError("one_hot")


def pairwise_sq_dists(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The squared Euclidean distance from every row of x to every row of y.

    x: (N, D) float64. y: (M, D) float64.
    Returns (N, M) float64; entry [i, j] is Σ_d (x[i, d] - y[j, d])², never below 0.
    """
    raise NotImplementedError("pairwise_sq_dists")


def minibatches(
    n: int, batch_size: int, rng: np.random.Generator, shuffle: bool = True, drop_last: bool = False
) -> Iterator[np.ndarray]:
    """The numbers 0 … n-1 in batches: which examples to look at together, for one pass over a data set of n.

    n: ≥ 0, the size of the data set. batch_size: ≥ 1.
    rng: the only source of chance. Two calls with the same rng are two passes, in two different orders.
    shuffle: in random order, each order as likely as any other; if False, 0, 1, 2, …
    drop_last: leave the last batch out when fewer than batch_size are left for it.
    Yields (batch_size,) int64 index arrays, the last one possibly shorter. No index comes twice.
    """
    raise NotImplementedError("minibatches")


def make_grid(images: np.ndarray, nrow: int = 8, padding: int = 2, pad_value: float = 0.0) -> np.ndarray:
    """Many pictures as one: laid out row by row, with a border around each.

    images: (B, C, H, W) float32, B ≥ 1.
    nrow: ≥ 1, how many pictures stand in one row; all B in one row if there are fewer.
    padding: ≥ 0, the width of the border in pixels: between neighbours once, and all around the outside.
    pad_value: the colour of the border and of the places that stay empty in the last row.
    Returns (C, rows · (H + padding) + padding, columns · (W + padding) + padding) float32. One picture gets its
    border, too.
    Source: torchvision.utils.make_grid, for two pictures or more.
    """
    raise NotImplementedError("make_grid")


def to_uint8(x: np.ndarray) -> np.ndarray:
    """From a network's pictures to a file's: bytes, channels last.

    x: (B, C, H, W) float32; -1 is black, 1 is white. What lies outside counts as black or white.
    Returns (B, H, W, C) uint8, 0 to 255, each rounded to the nearest.
    """
    raise NotImplementedError("to_uint8")


def from_uint8(img: np.ndarray) -> np.ndarray:
    """From a file's pictures to a network's: the way back.

    img: (B, H, W, C) uint8.
    Returns (B, C, H, W) float32; byte 0 becomes -1 and byte 255 becomes 1.
    """
    raise NotImplementedError("from_uint8")
