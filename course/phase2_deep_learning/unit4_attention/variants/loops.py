"""Unit 2.4 by a beginner: one query, one head and one patch at a time, formulas by hand, float64 inside."""

import math

import torch
from torch import nn


def softmax_by_hand(scores):
    """exp(s) / sum exp(s), shifted by log-sum-exp."""
    m = scores.max()
    log_sum = m + torch.log(torch.exp(scores - m).sum())
    return torch.exp(scores - log_sum)


def scaled_dot_product_attention(q, k, v, mask=None):
    dtype = q.dtype
    lead = q.shape[:-2]
    Lq, d = q.shape[-2], q.shape[-1]
    Lk, dv = k.shape[-2], v.shape[-1]
    Q = q.double().reshape(-1, Lq, d)
    K = k.double().reshape(-1, Lk, d)
    V = v.double().reshape(-1, Lk, dv)
    M = None
    if mask is not None:
        M = mask.expand(*lead, Lq, Lk).reshape(-1, Lq, Lk)
    batch = []
    for b in range(Q.shape[0]):
        rows = []
        for i in range(Lq):
            scores = (K[b] * Q[b, i]).sum(1) / math.sqrt(d)
            if M is None:
                w = softmax_by_hand(scores)
                rows.append((w[:, None] * V[b]).sum(0))
            else:
                seen = M[b, i].nonzero()[:, 0]
                w = softmax_by_hand(scores[seen])
                rows.append((w[:, None] * V[b][seen]).sum(0))
        batch.append(torch.stack(rows))
    return torch.stack(batch).reshape(*lead, Lq, dv).to(dtype)


class MultiHeadAttention(nn.Module):
    def __init__(self, dim, heads):
        super(MultiHeadAttention, self).__init__()
        if dim != (dim // heads) * heads:
            raise ValueError("the heads must share the width evenly")
        self.dim = dim
        self.h = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, mask=None):
        d = self.dim // self.h
        everything = self.qkv(x)
        if mask is not None:
            mask = mask.expand(x.shape[0], self.h, x.shape[1], x.shape[1])
        outs = []
        for i in range(self.h):
            q = everything[..., i * d : (i + 1) * d]
            k = everything[..., self.dim + i * d : self.dim + (i + 1) * d]
            v = everything[..., 2 * self.dim + i * d : 2 * self.dim + (i + 1) * d]
            outs.append(scaled_dot_product_attention(q, k, v, None if mask is None else mask[:, i]))
        return self.proj(torch.cat(outs, -1))


def sinusoidal_positional_encoding(length, dim):
    if dim % 2 != 0:
        raise ValueError("odd width")
    rows = []
    for pos in range(length):
        row = []
        for i in range(dim // 2):
            angle = pos * math.exp(-2 * i / dim * math.log(10000))
            row += [math.sin(angle), math.cos(angle)]
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float64).reshape(length, dim).to(torch.float32)


def patchify(x, p):
    B, C, H, W = x.shape
    if H % p != 0 or W % p != 0:
        raise ValueError("p must divide the image")
    tokens = []
    for top in range(0, H, p):
        for left in range(0, W, p):
            tokens.append(x[:, :, top : top + p, left : left + p].reshape(B, -1))
    return torch.stack(tokens, dim=1)


class PatchEmbed(nn.Module):
    def __init__(self, patch, channels, dim):
        super().__init__()
        self.patch = patch
        self.proj = nn.Conv2d(channels, dim, kernel_size=patch, stride=patch)

    def forward(self, x):
        tokens = patchify(x, self.patch)
        E = self.proj.weight.flatten(1)
        out = []
        for n in range(tokens.shape[1]):
            out.append(tokens[:, n] @ E.T + self.proj.bias)
        return torch.stack(out, 1)


class MLP(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        h = self.fc1(x)
        h = 0.5 * h * (1 + torch.erf(h / math.sqrt(2)))
        return self.fc2(h)


class TransformerBlock(nn.Module):
    def __init__(self, dim, heads, mlp_ratio=4.0):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = MultiHeadAttention(dim, heads)
        self.mlp = MLP(dim, int(dim * mlp_ratio))

    def normalise(self, x, norm):
        x64 = x.double()
        mean = x64.mean(-1, keepdim=True)
        var = (x64 * x64).mean(-1, keepdim=True) - mean * mean
        x64 = (x64 - mean) / (var + 1e-6) ** 0.5
        return x64.to(x.dtype) * norm.weight + norm.bias

    def forward(self, x, mask=None):
        x = x + self.attn(self.normalise(x, self.norm1), mask)
        return x + self.mlp(self.normalise(x, self.norm2))


class ViT(nn.Module):
    def __init__(self, image_size, patch, dim, depth, heads, num_classes, channels=3, mlp_ratio=4.0):
        super().__init__()
        N = int((image_size / patch) ** 2)
        self.patch_embed = PatchEmbed(patch, channels, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.normal(0.0, 0.02, size=(1, N + 1, dim)))
        self.blocks = nn.ModuleList()
        for _ in range(depth):
            self.blocks.append(TransformerBlock(dim, heads, mlp_ratio))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes)

    def forward(self, x):
        logits = []
        for image in x:  # one image at a time
            tokens = self.patch_embed(image[None])
            z = torch.vstack([self.cls_token[0], tokens[0]]) + self.pos_embed[0]
            z = z[None]
            for block in self.blocks:
                z = block(z)
            logits.append(self.head(self.norm(z)[0, 0]))
        return torch.stack(logits)
