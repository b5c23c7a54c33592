"""Project P1 with plain loops: layers written out, float64 inside, a walk code by code."""

import torch
from torch import nn


def affine(layer, x):
    return (x.double() @ layer.weight.double().t() + layer.bias.double()).to(x.dtype)


class Encoder(nn.Module):
    def __init__(self, pixels=784, hidden=400, latent=20):
        super().__init__()
        self.fc = nn.Linear(pixels, hidden)
        self.mu = nn.Linear(hidden, latent)
        self.logvar = nn.Linear(hidden, latent)

    def forward(self, x):
        h = affine(self.fc, x)
        h = torch.where(h > 0, h, torch.zeros_like(h))
        return affine(self.mu, h), affine(self.logvar, h)


class Decoder(nn.Module):
    def __init__(self, latent=20, hidden=400, pixels=784):
        super().__init__()
        self.fc = nn.Linear(latent, hidden)
        self.out = nn.Linear(hidden, pixels)

    def forward(self, z):
        rows = []
        for code in z:
            h = affine(self.fc, code)
            h = h * (h > 0)
            rows.append(affine(self.out, h))
        return torch.stack(rows)


def interpolate(z0, z1, steps):
    if steps < 2:
        raise ValueError("a walk has at least two codes")
    walk = []
    for i in range(steps):
        t = i / (steps - 1)
        walk.append(((1 - t) * z0.double() + t * z1.double()).to(z0.dtype))
    return torch.stack(walk, dim=0)


if __name__ == "__main__":
    print(interpolate(torch.zeros(1), torch.full((1,), 10.0), 3))
