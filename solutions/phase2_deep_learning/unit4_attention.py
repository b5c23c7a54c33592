"""Unit 2.4: attention and transformers, from one matrix product to a Vision Transformer.

Shapes are written with B = batch, H = heads, L = tokens, D = model width, d = D / H = width of one head,
C = channels, p = side of a square patch, N = patches in an image. Nothing here changes its arguments.

Sources: Vaswani et al. 2017, "Attention Is All You Need" (arXiv 1706.03762); Dosovitskiy et al. 2020, "An
Image is Worth 16x16 Words" (arXiv 2010.11929). Submodules carry the names of timm and facebookresearch/DiT.
"""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn


def scaled_dot_product_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mix the values, each query weighing them by how well their keys match it.

    softmax(q kᵀ / √d) v, the softmax running over the keys. Scores of ±1e5 must not overflow.

    Args:
        q: (..., Lq, d) queries, float; usually (B, H, Lq, d).
        k: (..., Lk, d) keys.
        v: (..., Lk, dv) values; dv may differ from d.
        mask: bool, broadcastable to (..., Lq, Lk). True means that the query may look at the key. Every query
            must keep at least one key. None keeps them all.

    Returns:
        (..., Lq, dv), the dtype and device of q.

    Source: Vaswani et al. 2017, eq. 1; the mask, section 3.2.3.
    """
    ### BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=-1) @ v
    ### END SOLUTION


class MultiHeadAttention(nn.Module):
    """Self-attention in `heads` subspaces at once: project, split, attend, merge, project.

    Submodules, both with bias:
        qkv: nn.Linear(dim, 3 * dim). Its output is [q | k | v], each dim wide, and each of the three is
            [head 0 | head 1 | …], each dim / heads wide.
        proj: nn.Linear(dim, dim), applied to the merged heads [head 0 | head 1 | …].

    Raises ValueError when dim is not a multiple of heads.
    Source: Vaswani et al. 2017, section 3.2.2.
    """

    def __init__(self, dim: int, heads: int) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        if dim % heads:
            raise ValueError(f"dim={dim} cannot be split into {heads} heads of equal width")
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        ### END SOLUTION

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """x: (B, L, D) -> (B, L, D). mask: bool, broadcastable to (B, heads, L, L), True = may look."""
        ### BEGIN SOLUTION
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, L, D) -> (B, H, L, d)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        mixed = scaled_dot_product_attention(q, k, v, mask)
        return self.proj(mixed.transpose(1, 2).flatten(-2))  # (B, H, L, d) -> (B, L, D)
        ### END SOLUTION


def sinusoidal_positional_encoding(length: int, dim: int) -> Tensor:
    """Give each position a vector of sines and cosines whose wavelengths run from 2π to 10000·2π.

    PE[pos, 2i] = sin(pos / 10000^(2i/dim)) and PE[pos, 2i+1] = cos(pos / 10000^(2i/dim)), pos counted from 0.

    Args:
        length: number of positions.
        dim: width, even. An odd width raises ValueError.

    Returns:
        (length, dim) float32, sines in the even columns and cosines in the odd ones.

    Source: Vaswani et al. 2017, section 3.5.
    """
    ### BEGIN SOLUTION
    if dim % 2:
        raise ValueError(f"dim={dim} is odd: sines and cosines come in pairs")
    frequency = 10000.0 ** (-torch.arange(0, dim, 2) / dim)
    angle = torch.outer(torch.arange(length), frequency)  # (length, dim / 2)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)
    ### END SOLUTION


def patchify(x: Tensor, p: int) -> Tensor:
    """Cut images into square patches and lay each one out as a token.

    Args:
        x: (B, C, H, W) float.
        p: side of a patch in pixels. A height or width that p does not divide raises ValueError.

    Returns:
        (B, (H/p)·(W/p), C·p·p), the dtype of x. Tokens come in reading order, row by row; inside a token the order is
        (C, p, p), the order in which nn.Conv2d keeps its kernels.

    Source: Dosovitskiy et al. 2020, eq. 1.
    """
    ### BEGIN SOLUTION
    b, c, h, w = x.shape
    if h % p or w % p:
        raise ValueError(f"an image of {h}×{w} cannot be cut into patches of {p}×{p}")
    grid = x.reshape(b, c, h // p, p, w // p, p)
    return grid.permute(0, 2, 4, 1, 3, 5).reshape(b, (h // p) * (w // p), c * p * p)
    ### END SOLUTION


class PatchEmbed(nn.Module):
    """Turn every patch of an image into a vector, by one linear map shared by all patches.

    Submodules:
        proj: nn.Conv2d(channels, dim, kernel_size=patch, stride=patch), with bias. As a matrix acting on the
            tokens of `patchify` it is proj.weight.flatten(1), of shape (dim, C·p·p).

    Source: Dosovitskiy et al. 2020, eq. 1 (the matrix E).
    """

    def __init__(self, patch: int, channels: int, dim: int) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, kernel_size=patch, stride=patch)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, H, W) -> (B, (H/p)·(W/p), D), in reading order."""
        ### BEGIN SOLUTION
        # Equal to patchify(x, p) @ proj.weight.flatten(1).T + proj.bias: the convolution never overlaps.
        return self.proj(x).flatten(2).transpose(1, 2)
        ### END SOLUTION


class TransformerBlock(nn.Module):
    """One pre-norm encoder layer: tokens exchange information, then each one is processed alone.

    x ← x + attn(norm1(x)), then x ← x + mlp(norm2(x)).

    Submodules:
        norm1, norm2: nn.LayerNorm(dim, eps=1e-6).
        attn: MultiHeadAttention(dim, heads).
        mlp: fc1, the exact (erf) GELU, fc2, reachable as mlp.fc1 = nn.Linear(dim, hidden) and
            mlp.fc2 = nn.Linear(hidden, dim), where hidden = int(dim · mlp_ratio).

    Source: Dosovitskiy et al. 2020, eq. 2–3.
    """

    def __init__(self, dim: int, heads: int, mlp_ratio: float = 4.0) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        hidden = int(dim * mlp_ratio)
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = MultiHeadAttention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = nn.Sequential(OrderedDict(fc1=nn.Linear(dim, hidden), act=nn.GELU(), fc2=nn.Linear(hidden, dim)))
        ### END SOLUTION

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """x: (B, L, D) -> (B, L, D). mask: as in MultiHeadAttention."""
        ### BEGIN SOLUTION
        x = x + self.attn(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))
        ### END SOLUTION


class ViT(nn.Module):
    """A Vision Transformer: an image becomes a sentence of patches; one extra token answers for all of it.

    Submodules and parameters:
        patch_embed: PatchEmbed(patch, channels, dim).
        cls_token: (1, 1, dim), zeros at the start.
        pos_embed: (1, N + 1, dim), learned, drawn from a normal distribution of standard deviation 0.02;
            row 0 belongs to the class token. N = (image_size / patch)².
        blocks: nn.ModuleList of `depth` TransformerBlock(dim, heads, mlp_ratio).
        norm: nn.LayerNorm(dim, eps=1e-6).
        head: nn.Linear(dim, num_classes), reading the class token.

    Source: Dosovitskiy et al. 2020, eq. 1–4.
    """

    def __init__(
        self,
        image_size: int,
        patch: int,
        dim: int,
        depth: int,
        heads: int,
        num_classes: int,
        channels: int = 3,
        mlp_ratio: float = 4.0,
    ) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        tokens = (image_size // patch) ** 2 + 1
        self.patch_embed = PatchEmbed(patch, channels, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, tokens, dim))
        self.blocks = nn.ModuleList(TransformerBlock(dim, heads, mlp_ratio) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, C, image_size, image_size) -> logits (B, num_classes)."""
        ### BEGIN SOLUTION
        patches = self.patch_embed(x)
        cls = self.cls_token.expand(len(x), -1, -1)
        tokens = torch.cat([cls, patches], dim=1) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens)
        return self.head(self.norm(tokens)[:, 0])
        ### END SOLUTION
