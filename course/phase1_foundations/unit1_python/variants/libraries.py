"""Unit 1.1 in the manner of libraries: scikit-learn's scaler, torch's sampler, torchvision's grid, diffusers' bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange


def brighten(image: np.ndarray, amount: float) -> np.ndarray:
    return (torch.from_numpy(image) + amount).clamp_(0, 1).numpy()


def standardize(x: np.ndarray, axis: int = 0, eps: float = 0.0) -> np.ndarray:
    mean, scale = np.mean(x, axis=axis), np.std(x, axis=axis)
    scale = np.maximum(scale, eps)
    scale = np.where(scale == 0.0, 1.0, scale)
    return (x - np.expand_dims(mean, axis)) / np.expand_dims(scale, axis)


def one_hot(y: np.ndarray, num_classes: int) -> np.ndarray:
    return F.one_hot(torch.as_tensor(y), num_classes).to(torch.float32).numpy()


def pairwise_sq_dists(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    distances = np.stack([np.linalg.norm(y - row, axis=1) for row in x])
    return distances**2


class _Batches:
    """An object that can be looped over, as a data loader is."""

    def __init__(self, order: np.ndarray, batch_size: int, drop_last: bool):
        self.order, self.batch_size, self.drop_last = order, batch_size, drop_last

    def __len__(self) -> int:
        n = len(self.order) / self.batch_size
        return math.floor(n) if self.drop_last else math.ceil(n)

    def __iter__(self) -> Iterator[np.ndarray]:
        for i in range(len(self)):
            yield self.order[i * self.batch_size : (i + 1) * self.batch_size]


def minibatches(n, batch_size, rng, shuffle=True, drop_last=False):
    order = np.argsort(rng.random(n)) if shuffle else np.arange(n)
    return _Batches(order, batch_size, drop_last)


def make_grid(images: np.ndarray, nrow: int = 8, padding: int = 2, pad_value: float = 0.0) -> np.ndarray:
    """torchvision's loop, without its own way with single pictures and single channels."""
    tensor = torch.from_numpy(images)
    nmaps = tensor.size(0)
    xmaps = min(nrow, nmaps)
    ymaps = math.ceil(float(nmaps) / xmaps)
    height, width = int(tensor.size(2) + padding), int(tensor.size(3) + padding)
    grid = tensor.new_full((tensor.size(1), height * ymaps + padding, width * xmaps + padding), pad_value)
    k = 0
    for y in range(ymaps):
        for x in range(xmaps):
            if k >= nmaps:
                break
            grid.narrow(1, y * height + padding, height - padding).narrow(
                2, x * width + padding, width - padding
            ).copy_(tensor[k])
            k = k + 1
    return grid.numpy()


def to_uint8(x: np.ndarray) -> np.ndarray:
    images = (torch.from_numpy(x) / 2 + 0.5).clamp(0, 1)
    images = images.permute(0, 2, 3, 1).float().numpy()
    return (images * 255).round().astype("uint8")


def from_uint8(img: np.ndarray) -> np.ndarray:
    images = rearrange(torch.from_numpy(img), "b h w c -> b c h w").float().div(255)
    return (2.0 * images - 1.0).numpy()
