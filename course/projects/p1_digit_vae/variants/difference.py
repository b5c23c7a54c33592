"""Project P1 by someone who adds steps to the start: z0 + t (z1 - z0), negated minima, F.linear."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MLP(nn.Module):
    """What both networks begin with."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.fc = nn.Linear(inputs, hidden)

    def features(self, x):
        return -(-F.linear(x, self.fc.weight, self.fc.bias)).clamp(max=0)


class Encoder(MLP):
    def __init__(self, pixels=784, hidden=400, latent=20):
        super().__init__(pixels, hidden)
        self.heads = ("mu", "logvar")
        for head in self.heads:
            setattr(self, head, nn.Linear(hidden, latent))

    def forward(self, x):
        h = self.features(x)
        return tuple(getattr(self, head)(h) for head in self.heads)


class Decoder(MLP):
    def __init__(self, latent=20, hidden=400, pixels=784):
        super().__init__(latent, hidden)
        self.out = nn.Linear(hidden, pixels)
        nn.init.kaiming_normal_(self.fc.weight, nonlinearity="relu")

    def forward(self, z):
        return F.linear(self.features(z), self.out.weight) + self.out.bias


def interpolate(z0, z1, steps):
    if not steps >= 2:
        raise ValueError("steps")
    step = (z1 - z0) / (steps - 1)
    walk = torch.empty((steps, *z0.shape), dtype=z0.dtype, device=z0.device)
    for i in range(steps):
        walk[i] = z0 + i * step
    return walk
