"""The digits: which ones are trained on, which ones are held back, and how grey becomes black and white.

NumPy only, apart from the download of the full data set. The training run and the acceptance both read from here.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grader.curriculum import CourseError

EMBEDDED = Path(__file__).with_name("mnist10k.npz")


@dataclass(frozen=True)
class Digits:
    """Images as flat rows: x (N, 784) uint8, 0 black to 255 white; y (N,) int64, the digit."""

    x: NDArray[np.uint8]
    y: NDArray[np.int64]
    held_x: NDArray[np.uint8]
    held_y: NDArray[np.int64]

    @cached_property
    def held_binary(self) -> NDArray[np.float32]:
        """The held-out images in black and white, (N, 784) float32 of 0 and 1, the same ones in every run.

        A pixel of brightness v is white with probability v/255 (Salakhutdinov & Murray 2008). RandomState's stream is
        frozen for good by NumPy's policy (NEP 19), so these are the same bits on every machine.
        """
        draws = np.random.RandomState(0).random_sample(self.held_x.shape)
        return (draws < self.held_x / 255.0).astype(np.float32)

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for array in (self.x, self.y, self.held_x, self.held_y):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def load(name: str, data_dir: str = "") -> Digits:
    """`mnist10k` ships with the course, every tenth image held out; `mnist` is downloaded once, with its own split."""
    return _embedded() if name == "mnist10k" else _full(Path(data_dir).expanduser() if data_dir else _cache())


def _embedded() -> Digits:
    with np.load(EMBEDDED, allow_pickle=False) as archive:
        x, y = archive["x"].reshape(-1, 784), archive["y"].astype(np.int64)
    held = np.arange(len(x)) % 10 == 9  # the file is in order of class, so each class gives a tenth
    return Digits(x[~held], y[~held], x[held], y[held])


def _full(folder: Path) -> Digits:
    from torchvision.datasets import MNIST

    try:
        folder.mkdir(parents=True, exist_ok=True)
        train, test = (MNIST(folder, train=part, download=True) for part in (True, False))
    except (OSError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[-1]
        raise CourseError(
            f"MNIST could not be downloaded to {folder} ({reason}); put its four files into "
            f"{folder / 'MNIST/raw'} yourself, or train with the cpu preset, which needs no network."
        ) from None
    parts = [array.numpy() for part in (train, test) for array in (part.data.reshape(-1, 784), part.targets)]
    return Digits(parts[0], parts[1].astype(np.int64), parts[2], parts[3].astype(np.int64))


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "zero-to-diffusion"
