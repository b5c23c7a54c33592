"""Unit 2.4 by someone else: fused kernels, einsum, loops in float64, a scale in a buffer, finfo.min as mask."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def scaled_dot_product_attention(q, k, v, mask=None):
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


class MultiHeadAttention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        if dim % heads != 0:
            raise ValueError("bad")
        self.num_heads = heads
        self.proj = nn.Linear(dim, dim)
        self.qkv = nn.Linear(dim, dim * 3)
        self.register_buffer("scale", torch.tensor((dim // heads) ** -0.5), persistent=False)

    def forward(self, x, mask=None):
        B, L, D = x.shape
        qkv = self.qkv(x).view(B, L, 3, self.num_heads, D // self.num_heads)
        q, k, v = qkv.unbind(2)
        a = torch.einsum("blhd,bmhd->bhlm", q * self.scale, k)
        if mask is not None:
            a = torch.where(mask, a, torch.finfo(a.dtype).min)
        a = a.softmax(-1)
        return self.proj(torch.einsum("bhlm,bmhd->blhd", a, v).reshape(B, L, D))


def sinusoidal_positional_encoding(length, dim):
    if dim % 2 == 1:
        raise ValueError
    pe = np.zeros((length, dim))
    for pos in range(length):
        for i in range(0, dim, 2):
            pe[pos, i] = math.sin(pos / 10000 ** (i / dim))
            pe[pos, i + 1] = math.cos(pos / 10000 ** (i / dim))
    return torch.tensor(pe, dtype=torch.float32)


def patchify(x, p):
    H, W = x.shape[-2:]
    if H % p != 0 or W % p != 0:
        raise ValueError("no")
    return F.unfold(x, p, stride=p).transpose(1, 2)


class PatchEmbed(nn.Module):
    def __init__(self, patch, channels, dim):
        super().__init__()
        self.p = patch
        self.proj = nn.Conv2d(channels, dim, patch, patch)

    def forward(self, x):
        return patchify(x, self.p) @ self.proj.weight.reshape(self.proj.weight.shape[0], -1).t() + self.proj.bias


class Mlp(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(d, h), nn.Linear(h, d)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class TransformerBlock(nn.Module):
    def __init__(self, dim, heads, mlp_ratio=4.0):
        super().__init__()
        self.attn = MultiHeadAttention(dim, heads)
        self.mlp = Mlp(dim, int(dim * mlp_ratio))
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, x, mask=None):
        h = self.attn(self.norm1(x), mask=mask)
        x = x + h
        h = self.mlp(self.norm2(x))
        return x + h


class ViT(nn.Module):
    def __init__(self, image_size, patch, dim, depth, heads, num_classes, channels=3, mlp_ratio=4.0):
        super().__init__()
        n = (image_size // patch) * (image_size // patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.empty(1, n + 1, dim).normal_(std=0.02))
        self.patch_embed = PatchEmbed(patch, channels, dim)
        self.blocks = nn.ModuleList([TransformerBlock(dim, heads, mlp_ratio) for i in range(depth)])
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes)

    def forward(self, x):
        x = self.patch_embed(x)
        x = torch.cat((self.cls_token.repeat(x.shape[0], 1, 1), x), 1)
        x = x + self.pos_embed
        for b in self.blocks:
            x = b(x)
        return self.head(self.norm(x[:, 0]))
