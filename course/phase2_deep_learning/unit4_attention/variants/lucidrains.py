"""Unit 2.4 in the manner of lucidrains: einsum, rearrange chains, exists and default, -finfo.max, Sequential."""

from collections import OrderedDict

import torch
from torch import einsum, nn

# helpers


def exists(val):
    return val is not None


def default(val, d):
    return val if exists(val) else d


def pair(t):
    return t if isinstance(t, tuple) else (t, t)


def divisible_by(numer, denom):
    return (numer % denom) == 0


def split_heads(t, h):  # b n (h d) -> b h n d
    b, n, d = t.shape
    return t.unflatten(-1, (h, d // h)).movedim(2, 1)


def merge_heads(t):  # b h n d -> b n (h d)
    return t.movedim(1, 2).flatten(2)


# attention


def scaled_dot_product_attention(q, k, v, mask=None):
    scale = q.shape[-1] ** -0.5
    sim = einsum("... i d, ... j d -> ... i j", q, k) * scale

    if exists(mask):
        max_neg_value = -torch.finfo(sim.dtype).max
        sim.masked_fill_(~mask, max_neg_value)

    sim = sim - sim.amax(dim=-1, keepdim=True).detach()
    attn = sim.softmax(dim=-1)
    return einsum("... i j, ... j d -> ... i d", attn, v)


class MultiHeadAttention(nn.Module):
    def __init__(self, dim, heads=8):
        super().__init__()
        if not divisible_by(dim, heads):
            raise ValueError("dim must be divisible by heads")
        self.heads = heads
        self.scale = (dim // heads) ** -0.5
        self.attend = nn.Softmax(dim=-1)
        self.qkv = nn.Linear(dim, dim * 3, bias=True)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x, mask=None):
        q, k, v = map(lambda t: split_heads(t, self.heads), self.qkv(x).chunk(3, dim=-1))
        dots = torch.matmul(q, k.transpose(-1, -2)) * self.scale
        if exists(mask):
            dots = dots.masked_fill(~mask, -torch.finfo(dots.dtype).max)
        out = torch.matmul(self.attend(dots), v)
        return self.proj(merge_heads(out))


def sinusoidal_positional_encoding(length, dim, temperature=10000.0):
    if not divisible_by(dim, 2):
        raise ValueError("dim must be even")
    inv_freq = 1.0 / (temperature ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim))
    pos = torch.arange(length, dtype=torch.float32)
    freqs = pos[:, None] * inv_freq[None, :]
    emb = torch.cat((freqs.sin(), freqs.cos()), dim=-1)
    return emb.unflatten(-1, (2, dim // 2)).transpose(-1, -2).flatten(-2)


def patchify(x, p):
    p1, p2 = pair(p)
    if not (divisible_by(x.shape[-2], p1) and divisible_by(x.shape[-1], p2)):
        raise ValueError("image dimensions must be divisible by the patch size")
    x = x.unfold(2, p1, p1).unfold(3, p2, p2)  # b c h w p1 p2
    return x.movedim(1, 3).flatten(1, 2).flatten(2)


class PatchEmbed(nn.Module):
    def __init__(self, patch, channels, dim):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, kernel_size=pair(patch), stride=pair(patch))
        self.to_tokens = nn.Sequential(nn.Flatten(2))

    def forward(self, x):
        return self.to_tokens(self.proj(x)).mT


class PreNorm(nn.Module):
    def __init__(self, norm, fn):
        super().__init__()
        self.norm, self.fn = norm, fn

    def forward(self, x, **kwargs):
        return self.fn(self.norm(x), **kwargs)


class TransformerBlock(nn.Module):
    def __init__(self, dim, heads, mlp_ratio=4.0):
        super().__init__()
        hidden = int(dim * mlp_ratio)
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = MultiHeadAttention(dim, heads=heads)
        self.mlp = nn.Sequential(
            OrderedDict(
                [
                    ("fc1", nn.Linear(dim, hidden)),
                    ("act", nn.GELU()),
                    ("drop", nn.Dropout(0.0)),
                    ("fc2", nn.Linear(hidden, dim)),
                ]
            )
        )

    def forward(self, x, mask=None):
        x = self.attn(self.norm1(x), mask=mask) + x
        x = self.mlp(self.norm2(x)) + x
        return x


class ViT(nn.Module):
    def __init__(self, image_size, patch, dim, depth, heads, num_classes, channels=3, mlp_ratio=4.0):
        super().__init__()
        (image_height, image_width), (patch_height, patch_width) = pair(image_size), pair(patch)
        num_patches = (image_height // patch_height) * (image_width // patch_width)

        self.pos_embed = nn.Parameter(torch.randn(1, num_patches + 1, dim) * 0.02)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.patch_embed = PatchEmbed(patch, channels, dim)
        self.blocks = nn.ModuleList([])
        for _ in range(depth):
            self.blocks.append(TransformerBlock(dim, heads, mlp_ratio=mlp_ratio))
        self.to_latent = nn.Identity()
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes)

    def forward(self, img):
        x = self.patch_embed(img)
        b, n, _ = x.shape
        cls_tokens = self.cls_token.expand(b, -1, -1)
        x = torch.cat((cls_tokens, x), dim=1)
        x += self.pos_embed[:, : (n + 1)]
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return self.head(self.to_latent(x[:, 0]))
