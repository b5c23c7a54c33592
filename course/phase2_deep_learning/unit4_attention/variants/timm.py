"""Unit 2.4 in the manner of timm: keyword-rich layers, permute(2, 0, 3, 1, 4), truncated normals, dropout at zero."""

import math
from functools import partial
from itertools import repeat
from typing import Optional, Tuple, Union

import torch
import torch.nn as nn

LayerNorm = partial(nn.LayerNorm, eps=1e-6)


def to_2tuple(x: Union[int, Tuple[int, int]]) -> Tuple[int, int]:
    return x if isinstance(x, tuple) else tuple(repeat(x, 2))


def scaled_dot_product_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: Optional[torch.Tensor] = None
) -> torch.Tensor:
    q = q * q.shape[-1] ** -0.5
    attn = q @ k.transpose(-2, -1)
    if mask is not None:
        bias = torch.zeros(mask.shape, dtype=q.dtype, device=q.device)
        bias.masked_fill_(mask.logical_not(), float("-inf"))
        attn = attn + bias
    attn = attn.softmax(dim=-1)
    return attn @ v


class MultiHeadAttention(nn.Module):
    def __init__(self, dim, heads=8, qkv_bias=True, qk_norm=False, attn_drop=0.0, proj_drop=0.0):
        super().__init__()
        if dim % heads:
            raise ValueError("dim should be divisible by num_heads")
        self.num_heads = heads
        self.head_dim = dim // heads
        self.scale = self.head_dim**-0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.q_norm = nn.LayerNorm(self.head_dim) if qk_norm else nn.Identity()
        self.k_norm = nn.LayerNorm(self.head_dim) if qk_norm else nn.Identity()
        self.attn_drop = nn.Dropout(attn_drop)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x, mask=None):
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        q, k = self.q_norm(q), self.k_norm(k)
        x = scaled_dot_product_attention(q, k, v, mask)
        x = x.transpose(1, 2).reshape(B, N, C)
        x = self.proj(x)
        x = self.proj_drop(x)
        return x


def sinusoidal_positional_encoding(length: int, dim: int) -> torch.Tensor:
    if dim % 2 != 0:
        raise ValueError(f"dim must be even, got {dim}")
    omega = torch.arange(dim // 2, dtype=torch.float64)
    omega /= dim / 2.0
    omega = 1.0 / 10000**omega
    out = torch.einsum("m,d->md", torch.arange(length, dtype=torch.float64), omega)
    return torch.stack([out.sin(), out.cos()], dim=2).reshape(length, dim).float()


def patchify(x: torch.Tensor, p: int) -> torch.Tensor:
    ph, pw = to_2tuple(p)
    B, C, H, W = x.shape
    if H % ph != 0 or W % pw != 0:
        raise ValueError("Input height and width should be divisible by the patch size")
    h, w = H // ph, W // pw
    x = x.reshape(shape=(B, C, h, ph, w, pw))
    x = torch.einsum("nchpwq->nhwcpq", x)
    return x.reshape(shape=(B, h * w, C * ph * pw))


class PatchEmbed(nn.Module):
    def __init__(self, patch=16, channels=3, dim=768, norm_layer=None, flatten=True):
        super().__init__()
        self.patch_size = to_2tuple(patch)
        self.flatten = flatten
        self.proj = nn.Conv2d(channels, dim, kernel_size=self.patch_size, stride=self.patch_size, bias=True)
        self.norm = norm_layer(dim) if norm_layer else nn.Identity()

    def forward(self, x):
        x = self.proj(x)
        if self.flatten:
            x = x.flatten(2).transpose(1, 2)  # NCHW -> NLC
        x = self.norm(x)
        return x


class Mlp(nn.Module):
    def __init__(self, in_features, hidden_features=None, out_features=None, act_layer=nn.GELU, drop=0.0):
        super().__init__()
        out_features = out_features or in_features
        hidden_features = hidden_features or in_features
        self.fc1 = nn.Linear(in_features, hidden_features)
        self.act = act_layer()
        self.drop1 = nn.Dropout(drop)
        self.norm = nn.Identity()
        self.fc2 = nn.Linear(hidden_features, out_features)
        self.drop2 = nn.Dropout(drop)

    def forward(self, x):
        return self.drop2(self.fc2(self.norm(self.drop1(self.act(self.fc1(x))))))


class DropPath(nn.Module):
    def __init__(self, drop_prob: float = 0.0):
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x):
        if self.drop_prob == 0.0 or not self.training:
            return x
        keep = 1 - self.drop_prob
        return x * x.new_empty((x.shape[0],) + (1,) * (x.ndim - 1)).bernoulli_(keep) / keep


class TransformerBlock(nn.Module):
    def __init__(self, dim, heads, mlp_ratio=4.0, drop_path=0.0):
        super().__init__()
        self.norm1 = LayerNorm(dim)
        self.attn = MultiHeadAttention(dim, heads=heads)
        self.drop_path1 = DropPath(drop_path) if drop_path > 0.0 else nn.Identity()
        self.norm2 = LayerNorm(dim)
        self.mlp = Mlp(in_features=dim, hidden_features=int(dim * mlp_ratio))
        self.drop_path2 = DropPath(drop_path) if drop_path > 0.0 else nn.Identity()

    def forward(self, x, mask=None):
        x = x + self.drop_path1(self.attn(self.norm1(x), mask))
        x = x + self.drop_path2(self.mlp(self.norm2(x)))
        return x


class ViT(nn.Module):
    def __init__(self, image_size, patch, dim, depth, heads, num_classes, channels=3, mlp_ratio=4.0):
        super().__init__()
        self.num_classes = num_classes
        self.embed_dim = dim
        self.patch_embed = PatchEmbed(patch, channels, dim)
        num_patches = math.prod(to_2tuple(image_size // patch))
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.randn(1, num_patches + 1, dim) * 0.02)
        self.pos_drop = nn.Dropout(p=0.0)
        self.norm_pre = nn.Identity()
        dpr = [x.item() for x in torch.linspace(0, 0.0, depth)]
        self.blocks = nn.ModuleList([TransformerBlock(dim, heads, mlp_ratio, dpr[i]) for i in range(depth)])
        self.norm = LayerNorm(dim)
        self.fc_norm = nn.Identity()
        self.head = nn.Linear(dim, num_classes) if num_classes > 0 else nn.Identity()
        self.init_weights()

    def init_weights(self):
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    @torch.jit.ignore
    def no_weight_decay(self):
        return {"pos_embed", "cls_token"}

    def _pos_embed(self, x):
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], dim=1)
        return self.pos_drop(x + self.pos_embed)

    def forward_features(self, x):
        x = self.norm_pre(self._pos_embed(self.patch_embed(x)))
        for blk in self.blocks:
            x = blk(x)
        return self.norm(x)

    def forward_head(self, x, pre_logits: bool = False):
        x = self.fc_norm(x[:, 0])
        return x if pre_logits else self.head(x)

    def forward(self, x):
        return self.forward_head(self.forward_features(x))
