"""Unit 5.2 with functional norms and lookups: patches pasted one by one, NumPy waves, six vectors in one array."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from phase2_deep_learning.unit4_attention import MultiHeadAttention, PatchEmbed
from phase4_diffusion.unit1_ddpm import timestep_embedding


def modulate(x, shift, scale):
    return torch.addcmul(x + shift[:, None, :], x, scale[:, None, :])


def unpatchify(tokens, p, c):
    batch, n, width = tokens.shape
    side = round(n**0.5)
    if side * side != n or width != p * p * c:
        raise ValueError("no image is cut like this")
    image = torch.empty(batch, c, side * p, side * p, dtype=tokens.dtype)
    for i in range(n):
        row, column = divmod(i, side)
        patch = tokens[:, i].reshape(batch, p, p, c).permute(0, 3, 1, 2)
        image[:, :, row * p : (row + 1) * p, column * p : (column + 1) * p] = patch
    return image


def sincos_pos_embed_2d(dim, grid):
    if dim % 4 != 0:
        raise ValueError("dim")
    omega = 1.0 / 10000 ** (np.arange(dim // 4) / (dim / 4))
    w, h = np.meshgrid(np.arange(grid), np.arange(grid))
    parts = []
    for position in (w.reshape(-1), h.reshape(-1)):
        angle = position[:, None] * omega[None]
        parts += [np.sin(angle), np.cos(angle)]
    return torch.from_numpy(np.concatenate(parts, 1)).float()


class LabelEmbedder(nn.Module):
    def __init__(self, k, dim, p):
        super().__init__()
        self.embedding_table = nn.Embedding(k + 1, dim)
        nn.init.normal_(self.embedding_table.weight, std=0.02)
        self.null, self.prob = k, p

    def forward(self, y, generator=None):
        if self.training and self.prob > 0:
            dropped = torch.rand(y.shape, generator=generator) < self.prob
            y = torch.where(dropped, self.null, y)
        return F.embedding(y, self.embedding_table.weight)


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(dim, hidden), nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class DiTBlock(nn.Module):
    def __init__(self, dim, heads, mlp_ratio=4.0):
        super().__init__()
        self.dim = dim
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        self.mlp = Mlp(dim, int(mlp_ratio * dim))
        self.attn = MultiHeadAttention(dim, heads)
        nn.init.constant_(self.adaLN_modulation[-1].weight, 0)
        nn.init.constant_(self.adaLN_modulation[-1].bias, 0)

    def forward(self, x, c):
        six = self.adaLN_modulation(c).reshape(len(c), 6, 1, self.dim)
        h = F.layer_norm(x, (self.dim,), eps=1e-6)
        x = x + six[:, 2] * self.attn(h * (1 + six[:, 1]) + six[:, 0])
        h = F.layer_norm(x, (self.dim,), eps=1e-6)
        return x + six[:, 5] * self.mlp(h * (1 + six[:, 4]) + six[:, 3])


class TimestepEmbedder(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, t):
        return self.mlp(timestep_embedding(t, 256, flip=True).to(self.mlp[0].weight.dtype))


class FinalLayer(nn.Module):
    def __init__(self, dim, p, out_channels):
        super().__init__()
        self.norm_final = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 2 * dim))
        self.linear = nn.Linear(dim, p * p * out_channels)
        for layer in (self.adaLN_modulation[1], self.linear):
            layer.weight.data.zero_()
            layer.bias.data.zero_()

    def forward(self, x, c):
        shift, scale = self.adaLN_modulation(c).split(x.shape[-1], dim=1)
        return self.linear(modulate(self.norm_final(x), shift, scale))


class DiT(nn.Module):
    def __init__(self, input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio=4.0, class_dropout=0.1):
        super().__init__()
        self.p, self.c = patch, channels
        self.y_embedder = LabelEmbedder(num_classes, dim, class_dropout)
        self.t_embedder = TimestepEmbedder(dim)
        self.x_embedder = PatchEmbed(patch, channels, dim)
        self.pos_embed = nn.Parameter(sincos_pos_embed_2d(dim, input_size // patch)[None], requires_grad=False)
        self.blocks = nn.ModuleList([DiTBlock(dim, heads, mlp_ratio) for _ in range(depth)])
        self.final_layer = FinalLayer(dim, patch, 2 * channels)

    def forward(self, x, t, y, generator=None):
        x = self.x_embedder(x) + self.pos_embed
        c = self.y_embedder(y, generator) + self.t_embedder(t)
        for block in self.blocks:
            x = block(x, c)
        return unpatchify(self.final_layer(x, c), self.p, 2 * self.c)

    def forward_with_cfg(self, x, t, y, cfg_scale):
        n = x.shape[0] // 2
        out = self.forward(x[:n].repeat(2, 1, 1, 1), t, y)
        cond, uncond = out[:n, : self.c], out[n:, : self.c]
        eps = (1 - cfg_scale) * uncond + cfg_scale * cond
        return torch.cat((eps.repeat(2, 1, 1, 1), out[:, self.c :]), dim=1)


def dit_gflops(input_size, patch, channels, dim, depth, mlp_ratio=4.0):
    tokens = (input_size // patch) * (input_size // patch)

    def linear(rows, inputs, outputs):
        return rows * inputs * outputs

    hidden = int(dim * mlp_ratio)
    total = linear(tokens, patch**2 * channels, dim) + linear(1, 256, dim) + linear(1, dim, dim)
    for _ in range(depth):
        total += linear(1, dim, 6 * dim) + linear(tokens, dim, 3 * dim) + linear(tokens, dim, dim)
        total += 2 * tokens * tokens * dim + 2 * linear(tokens, dim, hidden)
    total += linear(1, dim, 2 * dim) + linear(tokens, dim, patch**2 * 2 * channels)
    return total / 1e9
