"""Unit 2.4 by a systems person: keys in tiles with a running softmax, library calls for whole layers, buffers."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

TILE = 2


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Never holds more than TILE columns of the scores: running maximum, running sum, running output."""
    *lead, lq, d = q.shape
    lk = k.shape[-2]
    low = torch.finfo(q.dtype).min
    m = q.new_full((*lead, lq, 1), low)
    s = q.new_zeros((*lead, lq, 1))
    out = q.new_zeros((*lead, lq, v.shape[-1]))
    if mask is not None:
        mask = torch.broadcast_to(mask, (*lead, lq, lk))
    q = q / d**0.5
    for start in range(0, lk, TILE):
        scores = q.matmul(k[..., start : start + TILE, :].mT)
        seen = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask[..., start : start + TILE]
        m_new = torch.maximum(m, torch.where(seen, scores, low).amax(-1, keepdim=True)).detach()
        e = torch.where(seen, torch.exp(torch.where(seen, scores - m_new, 0.0)), 0.0)
        keep = torch.exp(m - m_new)
        s = s * keep + e.sum(-1, keepdim=True)
        out = out * keep + e.matmul(v[..., start : start + TILE, :])
        m = m_new
    return out / s


class MultiHeadAttention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError(f"{heads} heads cannot share {dim} channels")
        self.dim, self.heads = dim, heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        b, n, _ = x.shape
        if mask is not None:
            mask = ~mask.expand(b, self.heads, n, n).reshape(b * self.heads, n, n)
        t = x.transpose(0, 1)
        out, _ = F.multi_head_attention_forward(
            t,
            t,
            t,
            self.dim,
            self.heads,
            self.qkv.weight,
            self.qkv.bias,
            None,
            None,
            False,
            0.0,
            self.proj.weight,
            self.proj.bias,
            training=self.training,
            need_weights=False,
            attn_mask=mask,
        )
        return out.transpose(0, 1)  # not contiguous


def sinusoidal_positional_encoding(length: int, dim: int) -> Tensor:
    if dim & 1:
        raise ValueError("sines and cosines come in pairs")
    angle = np.arange(length)[:, None] / np.power(10_000, 2 * np.arange(dim // 2) / dim)
    wave = np.exp(1j * angle)
    table = np.empty((length, dim), dtype=np.float32)
    table[:, 0::2], table[:, 1::2] = wave.imag, wave.real
    return torch.from_numpy(table)


def patchify(x: Tensor, p: int) -> Tensor:
    rows, r = divmod(x.shape[-2], p)
    cols, c = divmod(x.shape[-1], p)
    if r or c:
        raise ValueError("patches do not tile the image")
    y, xx = torch.meshgrid(torch.arange(rows) * p, torch.arange(cols) * p, indexing="ij")
    dy, dx = torch.meshgrid(torch.arange(p), torch.arange(p), indexing="ij")
    iy = y.reshape(-1, 1, 1) + dy
    ix = xx.reshape(-1, 1, 1) + dx
    picked = x[:, :, iy, ix]  # (B, C, N, p, p), one gather
    return picked.transpose(1, 2).flatten(2)


class PatchEmbed(nn.Module):
    def __init__(self, patch: int, channels: int, dim: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, kernel_size=(patch, patch), stride=(patch, patch))

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bdhw->bhwd", self.proj(x)).flatten(1, 2)


class _Mlp(nn.ModuleDict):
    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate="none"))


class TransformerBlock(nn.Module):
    def __init__(self, dim: int, heads: int, mlp_ratio: float = 4.0) -> None:
        super().__init__()
        hidden = int(dim * mlp_ratio)
        self.attn = MultiHeadAttention(dim, heads)
        self.norm1, self.norm2 = (nn.LayerNorm(dim, 1e-6) for _ in range(2))
        self.mlp = _Mlp({"fc1": nn.Linear(dim, hidden), "fc2": nn.Linear(hidden, dim)})

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x.clone()
        x += self.attn(self.norm1(x.clone()), mask)
        return torch.add(x, self.mlp(self.norm2(x)))


class ViT(nn.Module):
    def __init__(self, image_size, patch, dim, depth, heads, num_classes, channels=3, mlp_ratio=4.0) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(patch, channels, dim)
        n = (image_size // patch) ** 2
        self.register_parameter("cls_token", nn.Parameter(torch.zeros(1, 1, dim)))
        self.register_parameter("pos_embed", nn.Parameter(nn.init.normal_(torch.empty(1, n + 1, dim), 0, 0.02)))
        self.register_buffer("index", torch.arange(n + 1), persistent=False)
        self.blocks = nn.ModuleList(TransformerBlock(dim, heads, mlp_ratio=mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.patch_embed(x)
        z = tokens.new_empty(len(x), len(self.index), tokens.shape[-1])
        z[:, :1] = self.cls_token
        z[:, 1:] = tokens
        z = z + self.pos_embed.index_select(1, self.index)
        for block in self.blocks:
            z = block(z)
        answer = z.select(1, 0)  # the last norm works token by token, so one token is enough
        return self.head(self.norm(answer))
