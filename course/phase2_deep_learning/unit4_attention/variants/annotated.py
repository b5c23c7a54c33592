"""Unit 2.4 in the manner of the Annotated Transformer: clones, sublayers as lambdas, -1e9 for masked scores."""

import copy
import math

import torch
import torch.nn as nn


def clones(module, N):
    "Produce N identical layers."
    return nn.ModuleList([copy.deepcopy(module) for _ in range(N)])


def attention(query, key, value, mask=None, dropout=None):
    "Compute 'Scaled Dot Product Attention'"
    d_k = query.size(-1)
    scores = torch.matmul(query, key.transpose(-2, -1)) / math.sqrt(d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    p_attn = scores.softmax(dim=-1)
    if dropout is not None:
        p_attn = dropout(p_attn)
    return torch.matmul(p_attn, value), p_attn


def scaled_dot_product_attention(q, k, v, mask=None):
    return attention(q, k, v, mask)[0]


class MultiHeadAttention(nn.Module):
    def __init__(self, dim, heads, dropout=0.0):
        "Take in model size and number of heads."
        super(MultiHeadAttention, self).__init__()
        if dim % heads != 0:
            raise ValueError("d_model % h != 0")
        self.d_k = dim // heads
        self.h = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self.attn = None
        self.dropout = nn.Dropout(p=dropout)

    def forward(self, x, mask=None):
        nbatches = x.size(0)
        weights = self.qkv.weight.split(self.qkv.in_features)
        biases = self.qkv.bias.split(self.qkv.in_features)
        query, key, value = [
            nn.functional.linear(x, w, b).view(nbatches, -1, self.h, self.d_k).transpose(1, 2)
            for w, b in zip(weights, biases)
        ]
        x, self.attn = attention(query, key, value, mask=mask, dropout=self.dropout)
        x = x.transpose(1, 2).contiguous().view(nbatches, -1, self.h * self.d_k)
        return self.proj(x)


class PositionalEncoding(nn.Module):
    "Implement the PE function."

    def __init__(self, d_model, max_len=5000):
        super(PositionalEncoding, self).__init__()
        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * -(math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)


def sinusoidal_positional_encoding(length, dim):
    if dim % 2 == 1:
        raise ValueError("d_model must be even")
    return PositionalEncoding(dim, max(length, 5000)).pe[:length]


def patchify(x, p):
    b, c, h, w = x.shape
    if h % p > 0 or w % p > 0:
        raise ValueError("patch size does not divide the image")
    x = x.permute(0, 2, 3, 1)  # b h w c
    x = x.reshape(b, h // p, p, w // p, p, c).transpose(2, 3)
    x = x.permute(0, 1, 2, 5, 3, 4)
    return x.flatten(start_dim=3).flatten(start_dim=1, end_dim=2)


class PatchEmbed(nn.Module):
    def __init__(self, patch, channels, dim):
        super(PatchEmbed, self).__init__()
        self.proj = nn.Conv2d(channels, dim, kernel_size=patch, stride=patch, padding=0)

    def forward(self, x):
        out = self.proj(x)
        b, d, h, w = out.shape
        return out.permute(0, 2, 3, 1).reshape(b, h * w, d)


class PositionwiseFeedForward(nn.Module):
    "Implements FFN equation."

    def __init__(self, d_model, d_ff, dropout=0.0):
        super(PositionwiseFeedForward, self).__init__()
        self.fc1 = nn.Linear(d_model, d_ff)
        self.fc2 = nn.Linear(d_ff, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        return self.fc2(self.dropout(nn.functional.gelu(self.fc1(x))))


class TransformerBlock(nn.Module):
    def __init__(self, dim, heads, mlp_ratio=4.0):
        super(TransformerBlock, self).__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = MultiHeadAttention(dim, heads)
        self.mlp = PositionwiseFeedForward(dim, int(dim * mlp_ratio))
        self.dropout = nn.Dropout(0.0)

    def residual(self, x, norm, sublayer):
        "Apply residual connection to any sublayer with the same size."
        return x + self.dropout(sublayer(norm(x)))

    def forward(self, x, mask=None):
        x = self.residual(x, self.norm1, lambda x: self.attn(x, mask))
        return self.residual(x, self.norm2, self.mlp)


class ViT(nn.Module):
    def __init__(self, image_size, patch, dim, depth, heads, num_classes, channels=3, mlp_ratio=4.0):
        super(ViT, self).__init__()
        self.patch_embed = PatchEmbed(patch, channels, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.empty(1, 1 + (image_size // patch) ** 2, dim))
        nn.init.normal_(self.pos_embed, std=0.02)
        self.blocks = clones(TransformerBlock(dim, heads, mlp_ratio), depth)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes)
        for p in self.parameters():
            if p.dim() == 2:
                nn.init.xavier_uniform_(p)

    def forward(self, x):
        x = self.patch_embed(x)
        cls = torch.stack([self.cls_token.squeeze(0)] * x.size(0))
        x = torch.cat([cls, x], dim=1) + self.pos_embed
        for layer in self.blocks:
            x = layer(x)
        x, _ = self.norm(x).split([1, x.size(1) - 1], dim=1)
        return self.head(x.squeeze(1))
