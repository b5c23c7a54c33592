"""Unit 2.6 in the manner of PyTorch tutorials: nn.Sequential, batch norm, dropout, upsampling, and library calls."""

import numpy as np
import torch
import torch.nn as nn
from scipy.spatial.distance import pdist, squareform
from sklearn.decomposition import PCA


def reconstruction_loss(x, xhat, kind):
    if kind == "bce":
        per_pixel = nn.BCEWithLogitsLoss(reduction="none")(xhat, x)
    elif kind == "mse":
        per_pixel = nn.MSELoss(reduction="none")(xhat, x)
    else:
        raise ValueError(f"Unknown reconstruction loss: {kind}")
    return per_pixel.flatten(start_dim=1).sum(dim=1).mean()


def linear_ae_reconstruct(x, k):
    model = PCA(n_components=k, svd_solver="full").fit(x)
    return model.inverse_transform(model.transform(x))


class ConvAutoencoder(nn.Module):
    def __init__(self, c, latent_dim):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(c, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(64 * 7 * 7, latent_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 64 * 7 * 7),
            nn.Unflatten(1, (64, 7, 7)),
            nn.BatchNorm2d(64),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(64, 32, 3, padding=1),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            nn.Conv2d(32, c, 3, padding=1),
        )

    def encode(self, x):
        return self.encoder(x)

    def decode(self, z):
        return self.decoder(z)

    def forward(self, x):
        z = self.encode(x)
        return [z, self.decode(z)]


def slerp(z0, z1, t, dot_threshold=0.9995):
    """As in diffusers' community pipelines, with a straight line where the angle is small."""
    v0 = torch.nn.functional.normalize(z0, dim=0, eps=0.0)
    v1 = torch.nn.functional.normalize(z1, dim=0, eps=0.0)
    dot = torch.sum(v0 * v1).clamp(-1.0, 1.0)
    theta_0 = torch.acos(dot)
    if torch.pi - theta_0 < 1e-3:
        raise ValueError("slerp between opposite vectors is not defined")
    t = t.unsqueeze(1)
    if torch.abs(dot) > dot_threshold and dot > 0:
        v2 = (1 - t) * v0 + t * v1
        return torch.nn.functional.normalize(v2, dim=1)
    s0 = torch.sin((1.0 - t) * theta_0) / torch.sin(theta_0)
    s1 = torch.sin(t * theta_0) / torch.sin(theta_0)
    return s0 * v0 + s1 * v1


def knn_probe(z_tr, y_tr, z_te, k):
    distances = (z_te.unsqueeze(1) - z_tr.unsqueeze(0)).pow(2).sum(-1).sqrt()
    _, indices = torch.sort(distances, dim=1)
    neighbours = y_tr[indices[:, :k]]
    counts = (neighbours.unsqueeze(2) == neighbours.unsqueeze(1)).sum(2)
    best = counts == counts.max(1, keepdim=True).values
    return neighbours.masked_fill(~best, torch.iinfo(torch.int64).max).min(1).values


def tsne_affinities(x, perplexity):
    """As in van der Maaten's own Python: β doubled and halved, one point at a time."""
    n = x.shape[0]
    d = squareform(pdist(x, "sqeuclidean"))
    p = np.zeros((n, n))
    for i in range(n):
        di = np.delete(d[i], i)
        di = di - di.min()
        lower, upper = -np.inf, np.inf
        beta = 1.0 / max(di.mean(), 1e-300)
        for _ in range(200):
            row = np.exp(-di * beta)
            row /= row.sum()
            h = -np.sum(row[row > 0] * np.log2(row[row > 0]))
            difference = h - np.log2(perplexity)
            if abs(difference) < 1e-5:
                break
            if difference > 0:
                lower = beta
                beta = beta * 2 if upper == np.inf else (beta + upper) / 2
            else:
                upper = beta
                beta = beta / 2 if lower == -np.inf else (beta + lower) / 2
        p[i, np.r_[:i, i + 1 : n]] = row
    p = p + p.T
    return p / p.sum()
