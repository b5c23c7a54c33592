"""Unit 2.6 with other people's tools: scipy's root finder, geometric_slerp, a deep narrow net."""

import numpy as np
import torch
from scipy import stats
from scipy.optimize import brentq
from scipy.spatial import cKDTree, geometric_slerp
from scipy.special import entr, softmax
from torch import nn
from torch.distributions import Bernoulli
from torch.nn.functional import gelu, mse_loss, silu


def reconstruction_loss(x, xhat, kind):
    match kind:
        case "bce":
            return -Bernoulli(logits=xhat, validate_args=False).log_prob(x).sum((1, 2, 3)).mean(0)
        case "mse":
            return mse_loss(xhat, x, reduction="sum") / x.shape[0]
    raise ValueError("kind")


def linear_ae_reconstruct(x, k):
    mean = np.mean(x, axis=0)
    u, s, vh = np.linalg.svd(x - mean, full_matrices=False)
    s[k:] = 0
    return mean + u @ np.diag(s) @ vh


class Down(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, 3, padding=1)
        self.norm = nn.GroupNorm(4, c_out)

    def forward(self, x):
        return nn.functional.avg_pool2d(silu(self.norm(self.conv(x))), 2)


class Up(nn.Module):
    def __init__(self, c_in, c_out):
        super().__init__()
        self.conv = nn.Conv2d(c_in, 4 * c_out, 3, padding=1)

    def forward(self, x):
        return nn.functional.pixel_shuffle(self.conv(x), 2)


class ConvAutoencoder(nn.Module):
    """Pooling down, pixel shuffle up; the middle grey is a buffer."""

    def __init__(self, c, latent_dim):
        super().__init__()
        self.register_buffer("grey", torch.tensor(0.5))
        self.down = nn.ModuleList([Down(c, 16), Down(16, 32)])
        self.squeeze = nn.Conv2d(32, latent_dim, 7)
        self.widen = nn.ConvTranspose2d(latent_dim, 32, 7)
        self.up1, self.up2 = Up(32, 16), Up(16, c)

    def encode(self, x):
        x = (x - self.grey) / self.grey
        for block in self.down:
            x = block(x)
        return self.squeeze(x)[:, :, 0, 0]

    def decode(self, z):
        return self.up2(gelu(self.up1(gelu(self.widen(z[:, :, None, None])))))

    def forward(self, x):
        z = self.encode(x)
        return z, self.decode(z)


def slerp(z0, z1, t):
    a, b = (z.double().numpy() / np.linalg.norm(z.double().numpy()) for z in (z0, z1))
    if np.linalg.norm(a + b) < 1e-3:
        raise ValueError("no shortest way between opposite vectors")
    if np.linalg.norm(a - b) < 1e-6:
        rows = np.repeat(a[None], len(t), axis=0)
    else:
        rows = np.stack([geometric_slerp(a, b, float(one)) for one in t])
    return torch.from_numpy(rows).to(z0.dtype)


def knn_probe(z_tr, y_tr, z_te, k):
    _, nearest = cKDTree(z_tr.numpy()).query(z_te.numpy(), k=list(range(1, k + 1)))
    return torch.as_tensor(stats.mode(y_tr.numpy()[nearest], axis=1).mode)


def tsne_affinities(x, perplexity):
    """One root a point, by Brent's method, in units of the point's own distances."""
    n = len(x)
    p = np.zeros((n, n))
    for i in range(n):
        others = np.arange(n) != i
        d = ((x[others] - x[i]) ** 2).sum(1)
        d = (d - d.min()) / np.ptp(d)

        def gap(log_beta, d=d):
            return entr(softmax(-np.exp(log_beta) * d)).sum() - np.log(perplexity)

        p[i, others] = softmax(-np.exp(brentq(gap, -40, 40, xtol=1e-10)) * d)
    return (p + p.T) / (2 * n)
