"""Project P1 by someone who fuses: both heads in one product, addmm and clamp, a named tuple, a walk by einsum."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Posterior(NamedTuple):
    mu: Tensor
    logvar: Tensor


class Encoder(nn.Module):
    def __init__(self, pixels: int = 784, hidden: int = 400, latent: int = 20) -> None:
        super().__init__()
        self.fc, self.mu, self.logvar = nn.Linear(pixels, hidden), nn.Linear(hidden, latent), nn.Linear(hidden, latent)

    def forward(self, x: Tensor) -> Posterior:
        h = torch.addmm(self.fc.bias, x, self.fc.weight.mT).clamp_(min=0)
        heads = torch.cat([self.mu.weight, self.logvar.weight])
        both = h @ heads.T + torch.cat([self.mu.bias, self.logvar.bias])
        return Posterior(*both.chunk(2, dim=-1))


class Decoder(nn.Module):
    def __init__(self, latent: int = 20, hidden: int = 400, pixels: int = 784) -> None:
        super().__init__()
        for name, into, out in (("fc", latent, hidden), ("out", hidden, pixels)):
            self.add_module(name, nn.Linear(into, out))

    def forward(self, z: Tensor) -> Tensor:
        h = self.fc(z)
        h = torch.maximum(h, h.new_zeros(()))
        return torch.einsum("bh,ph->bp", h, self.out.weight) + self.out.bias


def fractions(steps: int) -> Iterator[float]:
    yield from (i / (steps - 1) for i in range(steps))


def interpolate(z0: Tensor, z1: Tensor, steps: int) -> Tensor:
    if steps < 2:
        raise ValueError(steps)
    t = torch.tensor(list(fractions(steps)), dtype=torch.float64)
    weights = torch.stack([1 - t, t]).to(z0)
    # The new axis is made last and moved to the front: the result is not contiguous.
    return torch.einsum("e...,es->...s", torch.stack([z0, z1]), weights).movedim(-1, 0)
