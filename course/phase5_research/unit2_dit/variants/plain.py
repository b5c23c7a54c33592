"""Unit 5.2 with loops over patches and tokens, float64 inside, and layers written out by hand."""

import math

import numpy as np
import torch
from torch import nn

from phase2_deep_learning.unit4_attention import MultiHeadAttention, PatchEmbed
from phase4_diffusion.unit1_ddpm import timestep_embedding


def modulate(x, shift, scale):
    rows = []
    for tokens, b, g in zip(x, shift, scale, strict=True):
        tokens, b, g = tokens.double(), b.double(), g.double()
        rows.append(torch.stack([token + g * token + b for token in tokens]))
    return torch.stack(rows).to(x.dtype)


def unpatchify(tokens, p, c):
    batch, n, width = tokens.shape
    g = math.isqrt(n)
    if g**2 != n:
        raise ValueError("the number of tokens is not a square")
    if width != p * p * c:
        raise ValueError("the tokens have the wrong width")
    image = torch.empty(batch, c, g * p, g * p, dtype=tokens.dtype, device=tokens.device)
    for i in range(n):
        row, column = divmod(i, g)
        for a in range(p):
            for b in range(p):
                start = (a * p + b) * c
                image[:, :, row * p + a, column * p + b] = tokens[:, i, start : start + c]
    return image


def sincos_pos_embed_2d(dim, grid):
    if dim % 4:
        raise ValueError(f"{dim} is not a multiple of 4")
    quarter = dim // 4
    table = np.zeros((grid * grid, dim))
    for row in range(grid):
        for column in range(grid):
            cell = table[row * grid + column]
            for i in range(quarter):
                w = math.pow(10000, -i / quarter)
                cell[i] = math.sin(column * w)
                cell[quarter + i] = math.cos(column * w)
                cell[2 * quarter + i] = math.sin(row * w)
                cell[3 * quarter + i] = math.cos(row * w)
    return torch.tensor(table, dtype=torch.float32)


class LabelEmbedder(nn.Module):
    def __init__(self, k, dim, p):
        super().__init__()
        self.null, self.p = k, p
        self.embedding_table = nn.Embedding(k + 1, dim)

    def forward(self, y, generator=None):
        labels = y
        if self.training:
            labels = y.clone()
            for i in range(len(labels)):
                if torch.rand((), generator=generator).item() < self.p:
                    labels[i] = self.null
        return torch.stack([self.embedding_table.weight[label] for label in labels])


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        h = self.fc1(x)
        h = 0.5 * h * (1 + torch.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * h**3)))
        return self.fc2(h)


class DiTBlock(nn.Module):
    def __init__(self, dim, heads, mlp_ratio=4.0):
        super().__init__()
        self.dim = dim
        self.norm1 = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.attn = MultiHeadAttention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.mlp = Mlp(dim, int(dim * mlp_ratio))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        with torch.no_grad():
            self.adaLN_modulation[1].weight.zero_()
            self.adaLN_modulation[1].bias.zero_()

    def forward(self, x, c):
        six = self.adaLN_modulation(c)
        d = self.dim
        h = self.attn(modulate(self.norm1(x), six[:, 0:d], six[:, d : 2 * d]))
        x = x + six[:, None, 2 * d : 3 * d] * h
        h = self.mlp(modulate(self.norm2(x), six[:, 3 * d : 4 * d], six[:, 4 * d : 5 * d]))
        x = x + six[:, None, 5 * d : 6 * d] * h
        return x


class TimestepEmbedder(nn.Module):
    """Given: the timestep as a vector."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, t):
        embedding = timestep_embedding(t, 256, flip=True)
        return self.mlp(embedding.to(self.mlp[0].weight.dtype))


class FinalLayer(nn.Module):
    def __init__(self, dim, p, out_channels):
        super().__init__()
        self.norm_final = nn.LayerNorm(dim, eps=1e-6, elementwise_affine=False)
        self.linear = nn.Linear(dim, p * p * out_channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 2 * dim))
        for parameter in (*self.linear.parameters(), *self.adaLN_modulation.parameters()):
            parameter.data.fill_(0.0)

    def forward(self, x, c):
        two = self.adaLN_modulation(c)
        half = two.shape[1] // 2
        return self.linear(modulate(self.norm_final(x), two[:, :half], two[:, half:]))


class DiT(nn.Module):
    def __init__(
        self,
        input_size,
        patch,
        channels,
        dim,
        depth,
        heads,
        num_classes,
        mlp_ratio=4.0,
        class_dropout=0.1,
    ):
        super().__init__()
        self.patch, self.channels = patch, channels
        self.x_embedder = PatchEmbed(patch, channels, dim)
        self.register_buffer("pos_embed", sincos_pos_embed_2d(dim, input_size // patch)[None])
        self.t_embedder = TimestepEmbedder(dim)
        self.y_embedder = LabelEmbedder(num_classes, dim, class_dropout)
        self.blocks = nn.ModuleList()
        for _ in range(depth):
            self.blocks.append(DiTBlock(dim, heads, mlp_ratio))
        self.final_layer = FinalLayer(dim, patch, 2 * channels)

    def forward(self, x, t, y, generator=None):
        c = self.t_embedder(t) + self.y_embedder(y, generator)
        h = self.x_embedder(x) + self.pos_embed
        for block in self.blocks:
            h = block(h, c)
        return unpatchify(self.final_layer(h, c), self.patch, 2 * self.channels)

    def forward_with_cfg(self, x, t, y, cfg_scale):
        # Two passes in place of one: with labels, and without.
        n = x.shape[0] // 2
        x = x[:n]
        cond = self(x, t[:n], y[:n])
        uncond = self(x, t[n:], y[n:])
        result = torch.zeros_like(torch.cat([cond, uncond]))
        for i in range(n):
            e0, e1 = uncond[i, : self.channels].double(), cond[i, : self.channels].double()
            guided = (1 - cfg_scale) * e0 + cfg_scale * e1
            for j, out in ((i, cond[i]), (n + i, uncond[i])):
                result[j, : self.channels] = guided.to(result.dtype)
                result[j, self.channels :] = out[self.channels :]
        return result


def dit_gflops(input_size, patch, channels, dim, depth, mlp_ratio=4.0):
    tokens = (input_size / patch) ** 2
    hidden = int(dim * mlp_ratio)

    def product(n, a, b):
        return 1e-9 * n * a * b

    total = product(tokens, patch * patch * channels, dim) + product(1, 256, dim) + product(1, dim, dim)
    for _ in range(depth):
        total += product(tokens, dim, 3 * dim)
        total += product(tokens, dim, tokens)
        total += product(tokens, tokens, dim)
        total += product(tokens, dim, dim)
        total += product(tokens, dim, hidden)
        total += product(tokens, hidden, dim)
        total += product(1, dim, 6 * dim)
    total += product(1, dim, 2 * dim)
    total += product(tokens, dim, patch * patch * channels * 2)
    return total


if __name__ == "__main__":
    print(dit_gflops(32, 2, 4, 1152, 28))
