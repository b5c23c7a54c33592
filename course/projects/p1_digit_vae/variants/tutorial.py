"""Project P1 in the manner of the PyTorch examples: nn.ReLU modules, xavier, flattened images, a broadcast linspace."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F


def init_weights(m: nn.Module) -> None:
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        nn.init.zeros_(m.bias)


class Encoder(nn.Module):
    def __init__(self, pixels: int = 784, hidden: int = 400, latent: int = 20) -> None:
        super(Encoder, self).__init__()
        self.pixels = pixels
        self.logvar = nn.Linear(hidden, latent)
        self.mu = nn.Linear(hidden, latent)
        self.fc = nn.Linear(pixels, hidden)
        self.act = nn.ReLU(inplace=True)
        self.apply(init_weights)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = x.view(-1, self.pixels)
        h1 = self.act(self.fc(x))
        mu = self.mu(h1)
        logvar = self.logvar(h1)
        return [mu, logvar]


class Decoder(nn.Module):
    def __init__(self, latent: int = 20, hidden: int = 400, pixels: int = 784) -> None:
        super().__init__()
        self.fc = nn.Linear(latent, hidden)
        self.out = nn.Linear(hidden, pixels)
        self.net = nn.Sequential(self.fc, nn.ReLU(), self.out)
        self.apply(init_weights)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.net(z)


def interpolate(z0: torch.Tensor, z1: torch.Tensor, steps: int) -> torch.Tensor:
    if steps < 2:
        raise ValueError(f"steps must be at least 2, got {steps}")
    t = torch.linspace(0, 1, steps, dtype=z0.dtype, device=z0.device)
    t = t.view(-1, *([1] * z0.dim()))
    return torch.lerp(F.threshold(z0[None], -torch.inf, 0), z1[None], t)
