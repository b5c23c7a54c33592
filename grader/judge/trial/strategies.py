"""Inputs for checks, cheap to draw and quick to shrink.

Hypothesis draws a shape, a seed and a kind; the numbers are built from these. Drawing arrays element by element
would cost milliseconds an example, which is most of a verdict's time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from hypothesis import strategies as st

KINDS = ("integers", "unit", "tiny", "constant")
"""Magnitudes to draw from; add "huge" (±1e4) where the mathematics has to survive it."""

SCALES = {"unit": 1.0, "tiny": 1e-4, "huge": 1e4}
"""Standard deviations of the kinds that are normal numbers."""


def dims(max: int = 5) -> st.SearchStrategy[int]:
    """A size of an axis, 1 … max; 1, in which axes hide from each other, half as often as any other."""
    others = range(2, max + 1)
    return st.sampled_from([1, *others, *others])


def seeds() -> st.SearchStrategy[int]:
    """A seed for `generator`, `random_state` or a scenario."""
    return st.integers(0, 2**16 - 1)


def generator(seed: int) -> torch.Generator:
    """A CPU generator in the state that `seed` gives."""
    return torch.Generator().manual_seed(seed)


def arrays(
    *shape: int, dtype: type[np.floating] = np.float64, kinds: Sequence[str] = KINDS
) -> st.SearchStrategy[np.ndarray]:
    """NumPy arrays of one shape, of several magnitudes. The simplest one has the first kind."""
    # One integer says all: building a strategy per argument costs more than the numbers themselves.
    return seeds().map(lambda seed: _draw(shape, seed, kinds[seed % len(kinds)]).astype(dtype))


def tensors(
    *shape: int, dtype: torch.dtype = torch.float32, kinds: Sequence[str] = KINDS
) -> st.SearchStrategy[torch.Tensor]:
    """Tensors of one shape, of several magnitudes."""
    return arrays(*shape, kinds=kinds).map(lambda array: torch.from_numpy(array).to(dtype))


def _draw(shape: tuple[int, ...], seed: int, kind: str) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if kind == "integers":
        return np.asarray(rng.integers(-3, 4, size=shape), np.float64)
    if kind == "constant":
        return np.full(shape, rng.normal())
    return np.asarray(SCALES[kind] * rng.normal(size=shape))  # of no axes, NumPy makes a scalar


def numbers(
    seed: int, *shapes: tuple[int, ...], kinds: Sequence[str] = KINDS, dtype: torch.dtype = torch.float32
) -> list[torch.Tensor]:
    """What `tensors` draws, one tensor a shape, from a seed that is drawn already; its digits choose the kinds."""
    rng = generator(seed)
    made = []
    for shape in shapes:
        seed, kind = divmod(seed, len(kinds))
        if kinds[kind] == "integers":
            values = torch.randint(-3, 4, shape, generator=rng)
        elif kinds[kind] == "constant":
            values = torch.randn((), generator=rng, dtype=torch.float64).expand(shape).contiguous()  # may be written to
        else:
            values = SCALES[kinds[kind]] * torch.randn(shape, generator=rng, dtype=torch.float64)
        made.append(values.to(dtype, memory_format=torch.contiguous_format))
    return made


def weights(shapes: Mapping[str, tuple[int, ...]], seed: int) -> dict[str, torch.Tensor]:
    """Random weights of these names and shapes. To build a module only to ask for them would cost milliseconds."""
    flat = torch.randn(sum(map(math.prod, shapes.values())), generator=generator(seed))
    parts = torch.split(flat, [math.prod(shape) for shape in shapes.values()])
    return {
        name: part.view(shape) / (shape[-1] if len(shape) > 1 else 4) ** 0.5
        for (name, shape), part in zip(shapes.items(), parts, strict=True)
    }


def random_state(module: torch.nn.Module, seed: int) -> dict[str, torch.Tensor]:
    """Weights for a module: its trainable parameters' names and shapes, every entry drawn anew.

    What starts at zero or one gets random values as well, so that nothing hides behind it.
    """
    rng = generator(seed)
    return {
        name: torch.randn(value.shape, generator=rng) / (value.shape[-1] if value.ndim > 1 else 4) ** 0.5
        for name, value in module.named_parameters()
        if value.requires_grad
    }
