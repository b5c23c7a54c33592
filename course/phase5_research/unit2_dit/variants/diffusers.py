"""Unit 5.2 in the manner of diffusers: pixel_shuffle, addcmul, complex waves, functional norms, type hints."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from phase2_deep_learning.unit4_attention import MultiHeadAttention, PatchEmbed
from phase4_diffusion.unit1_ddpm import timestep_embedding
from phase4_diffusion.unit4_guidance import cfg_combine, drop_condition

BASE = 10000.0


def modulate(x: torch.Tensor, shift: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
    return torch.addcmul(shift[:, None], x, scale[:, None].add(1.0))


def unpatchify(tokens: torch.Tensor, p: int, c: int) -> torch.Tensor:
    _, n, d = tokens.shape
    g = round(np.sqrt(n))
    if g * g != n or d != p * p * c:
        raise ValueError(f"{tuple(tokens.shape)} is not a square picture of {p}x{p} patches with {c} channels")
    # pixel_shuffle wants the channels of a cell as (c, p, p).
    cells = tokens.unflatten(-1, (p * p, c)).transpose(-1, -2).flatten(-2)
    return F.pixel_shuffle(cells.mT.unflatten(-1, (g, g)), p)


def sincos_pos_embed_2d(dim: int, grid: int) -> torch.Tensor:
    if dim % 4 != 0:
        raise ValueError("`dim` must be divisible by 4")
    omega = torch.exp(-np.log(BASE) * torch.arange(dim // 4, dtype=torch.float64) / (dim // 4))
    waves = torch.polar(torch.ones(1, dtype=torch.float64), torch.outer(torch.arange(grid).double(), omega))
    line = torch.cat([waves.imag, waves.real], dim=1)
    columns = line.expand(grid, grid, -1)
    rows = line[:, None].expand(grid, grid, -1)
    return torch.cat([columns, rows], -1).view(grid * grid, dim).float()


class LabelEmbedder(nn.Module):
    def __init__(self, k: int, dim: int, p: float) -> None:
        super().__init__()
        self.embedding_table = nn.Embedding(k + 1, dim)
        self.num_classes = k
        self.dropout_prob = p

    def forward(self, y: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        if self.training:
            y = drop_condition(y, null_id=self.num_classes, p=self.dropout_prob, generator=generator)
        return F.embedding(y, self.embedding_table.weight)


def zero_module(module: nn.Module) -> nn.Module:
    for p in module.parameters():
        nn.init.zeros_(p)
    return module


class DiTBlock(nn.Module):
    def __init__(self, dim: int, heads: int, mlp_ratio: float = 4.0) -> None:
        super().__init__()
        hidden = int(dim * mlp_ratio)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), zero_module(nn.Linear(dim, 6 * dim)))
        self.mlp = nn.Sequential(
            OrderedDict(
                fc1=nn.Linear(dim, hidden),
                gelu=nn.GELU("tanh"),
                fc2=nn.Linear(hidden, dim),
            )
        )
        self.attn = MultiHeadAttention(dim=dim, heads=heads)
        self.norm1 = nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6)
        self.norm2 = nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6)

    def forward(self, hidden_states: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        emb = self.adaLN_modulation(c).unsqueeze(1)
        shift_msa, scale_msa, gate_msa, shift_mlp, scale_mlp, gate_mlp = emb.chunk(6, dim=-1)
        norm_hidden_states = self.norm1(hidden_states) * (1 + scale_msa) + shift_msa
        attn_output = self.attn(norm_hidden_states)
        hidden_states = hidden_states + gate_msa * attn_output
        norm_hidden_states = self.norm2(hidden_states)
        norm_hidden_states = norm_hidden_states * (1 + scale_mlp) + shift_mlp
        ff_output = gate_mlp * self.mlp(norm_hidden_states)
        return ff_output + hidden_states


class TimestepEmbedder(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, t: torch.Tensor) -> torch.Tensor:
        embedding = timestep_embedding(t, 256, flip=True)
        return self.mlp(embedding.to(self.mlp[0].weight.dtype))


class FinalLayer(nn.Module):
    def __init__(self, dim: int, p: int, out_channels: int) -> None:
        super().__init__()
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), zero_module(nn.Linear(dim, 2 * dim)))
        self.norm_final = nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6)
        self.linear = zero_module(nn.Linear(dim, p * p * out_channels))

    def forward(self, x: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
        shift, scale = self.adaLN_modulation(c).unflatten(1, (2, -1)).unbind(1)
        return self.linear(modulate(self.norm_final(x), shift, scale))


@dataclass
class Config:
    input_size: int
    patch: int
    channels: int
    dim: int
    depth: int
    heads: int
    num_classes: int
    mlp_ratio: float = 4.0
    class_dropout: float = 0.1


class DiT(nn.Module):
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
        self.config = Config(input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio, class_dropout)
        self.x_embedder = PatchEmbed(patch, channels, dim)
        self.register_buffer("pos_embed", sincos_pos_embed_2d(dim, input_size // patch).unsqueeze(0))
        self.t_embedder = TimestepEmbedder(dim)
        self.y_embedder = LabelEmbedder(num_classes, dim, class_dropout)
        self.blocks = nn.ModuleList(DiTBlock(dim, heads, mlp_ratio) for _ in range(depth))
        self.final_layer = FinalLayer(dim, patch, channels * 2)

    @property
    def dtype(self) -> torch.dtype:
        return self.x_embedder.proj.weight.dtype

    def forward(
        self, x: torch.Tensor, t: torch.Tensor, y: torch.Tensor, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        hidden_states = self.x_embedder(x)
        hidden_states = hidden_states + self.pos_embed.to(hidden_states.dtype)
        conditioning = self.y_embedder(y, generator=generator) + self.t_embedder(t)
        for block in self.blocks:
            hidden_states = block(hidden_states, conditioning)
        return unpatchify(self.final_layer(hidden_states, conditioning), self.config.patch, 2 * self.config.channels)

    @torch.no_grad()
    def forward_with_cfg(self, x: torch.Tensor, t: torch.Tensor, y: torch.Tensor, cfg_scale: float) -> torch.Tensor:
        half, _ = x.chunk(2)
        out = self(half.repeat(2, 1, 1, 1), t, y)
        noise, variance = out.chunk(2, dim=1)
        text, uncond = noise.chunk(2)
        noise = cfg_combine(uncond, text, cfg_scale).repeat(2, 1, 1, 1)
        return torch.cat((noise, variance), dim=1)


def dit_gflops(input_size: int, patch: int, channels: int, dim: int, depth: int, mlp_ratio: float = 4.0) -> float:
    cfg = Config(input_size, patch, channels, dim, depth, 1, 0, mlp_ratio)
    tokens = np.float64(cfg.input_size // cfg.patch) ** 2
    hidden = int(cfg.dim * cfg.mlp_ratio)
    layers = np.array([3 * dim * dim, dim * dim, 2 * dim * hidden, 2 * tokens * dim])
    block = tokens * layers.sum() + 6 * dim**2
    pixels = patch**2 * channels
    ends = tokens * dim * (pixels + 2 * pixels) + dim * (256 + dim + 2 * dim)
    return (ends + depth * block) * np.float64(1e-9)
