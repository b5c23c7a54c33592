"""Unit 5.2 in short lines: lerp, fold, permutes without a copy, everything that it can use from the earlier units."""

import math
from types import SimpleNamespace

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor

from phase2_deep_learning.unit4_attention import (
    MultiHeadAttention,
    PatchEmbed,
    sinusoidal_positional_encoding,
)
from phase4_diffusion.unit1_ddpm import timestep_embedding
from phase4_diffusion.unit4_guidance import drop_condition


def exists(val):
    return val is not None


def default(val, d):
    return val if exists(val) else d


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    shift, scale = shift.view(-1, 1, x.shape[-1]), scale.view(-1, 1, x.shape[-1])
    return (x + x.mul(scale).add_(shift)).to(x)


def unpatchify(tokens: Tensor, p: int, c: int) -> Tensor:
    n = tokens.size(1)
    if not math.sqrt(n).is_integer():
        raise ValueError("N")
    if tokens.size(2) != p * p * c:
        raise ValueError("width")
    g = int(math.sqrt(n))
    # fold takes (B, c·p·p, N); it has no half precision on a CPU of old, and rounds nothing: no blocks overlap.
    columns = tokens.view(-1, n, p * p, c).permute(0, 3, 2, 1).reshape(-1, c * p * p, n)
    return F.fold(columns.double(), (g * p, g * p), kernel_size=p, stride=p).to(tokens.dtype)


def sincos_pos_embed_2d(dim: int, grid: int) -> Tensor:
    if dim & 3:
        raise ValueError(dim)
    line = sinusoidal_positional_encoding(grid, dim // 2)
    line = line.unflatten(1, (-1, 2)).mT.flatten(1)
    y, x = torch.meshgrid(torch.arange(grid), torch.arange(grid), indexing="ij")
    return torch.hstack([line[x.flatten()], line[y.flatten()]])


class LabelEmbedder(nn.Module):
    def __init__(self, k: int, dim: int, p: float) -> None:
        super().__init__()
        self.embedding_table = nn.Embedding(k + 1, dim)
        self.p = p

    @property
    def null(self):
        return self.embedding_table.num_embeddings - 1

    def forward(self, y: Tensor, generator: torch.Generator | None = None) -> Tensor:
        return self.embedding_table(drop_condition(y, self.null, self.p * self.training, generator))


class DiTBlock(nn.Module):
    def __init__(self, dim: int, heads: int, mlp_ratio: float = 4.0) -> None:
        super().__init__()
        norm = lambda: nn.LayerNorm(dim, 1e-6, False)  # noqa: E731
        self.norm1, self.norm2 = norm(), norm()
        self.attn = MultiHeadAttention(dim, heads)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(dim, int(dim * mlp_ratio)), "fc2": nn.Linear(int(dim * mlp_ratio), dim)}
        )
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim))
        nn.init.zeros_(self.adaLN_modulation[1].weight)
        nn.init.zeros_(self.adaLN_modulation[1].bias)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        m = SimpleNamespace()
        names = ("b1", "g1", "a1", "b2", "g2", "a2")
        m.__dict__.update(zip(names, self.adaLN_modulation(c).reshape(c.shape[0], 6, -1).unbind(1), strict=True))
        x = torch.addcmul(x, m.a1[:, None], self.attn(modulate(self.norm1(x), m.b1, m.g1)))
        h = F.gelu(self.mlp.fc1(modulate(self.norm2(x), m.b2, m.g2)), approximate="tanh")
        return torch.addcmul(x, m.a2[:, None], self.mlp.fc2(h))


class TimestepEmbedder(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, t: Tensor) -> Tensor:
        embedding = timestep_embedding(t, 256, flip=True)
        return self.mlp(embedding.to(self.mlp[0].weight.dtype))


class FinalLayer(nn.Module):
    def __init__(self, dim: int, p: int, out_channels: int) -> None:
        super().__init__()
        self.norm_final = nn.LayerNorm(dim, 1e-6, False)
        self.linear = nn.Linear(dim, p * p * out_channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(dim, 2 * dim))
        for layer in (self.linear, self.adaLN_modulation[1]):
            layer.weight = nn.Parameter(torch.zeros_like(layer.weight))
            layer.bias = nn.Parameter(torch.zeros_like(layer.bias))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        return self.linear(modulate(self.norm_final(x), *self.adaLN_modulation(c).tensor_split(2, dim=-1)))


class DiT(nn.Module):
    pos_embed: Tensor

    def __init__(
        self,
        input_size: int,
        patch: int,
        channels: int,
        dim: int,
        depth: int,
        heads: int,
        num_classes: int,
        mlp_ratio: float = 4.0,
        class_dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.final_layer = FinalLayer(dim, patch, 2 * channels)
        self.blocks = nn.ModuleList([DiTBlock(dim, heads, mlp_ratio) for _ in range(depth)])
        self.y_embedder = LabelEmbedder(num_classes, dim, class_dropout)
        self.t_embedder = TimestepEmbedder(dim)
        self.pos_embed = nn.Parameter(sincos_pos_embed_2d(dim, input_size // patch)[None], requires_grad=False)
        self.x_embedder = PatchEmbed(patch, channels, dim)

    def forward(self, x: Tensor, t: Tensor, y: Tensor, generator: torch.Generator | None = None) -> Tensor:
        p = self.x_embedder.proj.kernel_size[0]
        cond = self.t_embedder(t).add_(self.y_embedder(y, generator))
        x = self.x_embedder(x).add_(self.pos_embed)
        for block in self.blocks:
            x = block(x, cond)
        return unpatchify(self.final_layer(x, cond), p, self.final_layer.linear.out_features // p**2)

    def forward_with_cfg(self, x: Tensor, t: Tensor, y: Tensor, cfg_scale: float) -> Tensor:
        b, c = len(x) // 2, x.shape[1]
        out = self.forward(torch.cat([x[:b]] * 2), t, y)
        guided = torch.lerp(out[b:, :c], out[:b, :c], cfg_scale)
        out[:b, :c] = guided
        out[b:, :c] = guided
        return out


def dit_gflops(input_size: int, patch: int, channels: int, dim: int, depth: int, mlp_ratio: float = 4.0) -> float:
    n, d, px, h = (input_size // patch) ** 2, dim, patch**2 * channels, int(dim * mlp_ratio)
    macs = [
        (n, px, d),
        (1, 256, d),
        (1, d, d),
        *[(n, d, 3 * d), (n, d, n), (n, n, d), (n, d, d), (n, d, h), (n, h, d), (1, d, 6 * d)] * depth,
        (1, d, 2 * d),
        (n, d, 2 * px),
    ]
    return sum(map(math.prod, macs)) / 10**9
