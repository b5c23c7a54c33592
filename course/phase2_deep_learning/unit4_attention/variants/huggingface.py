"""Unit 2.4 in the manner of transformers: additive masks, softmax in float32, constants as tensors."""

import math
from typing import Optional

import torch
from torch import nn

ACT2FN = {"gelu": nn.functional.gelu}


def sqrt_of(n: int) -> torch.Tensor:
    return torch.sqrt(torch.tensor(n, dtype=torch.float32))


def invert_attention_mask(mask: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return (1.0 - mask.to(dtype)) * torch.finfo(dtype).min


def eager_attention_forward(query, key, value, attention_mask, scaling):
    attn_weights = torch.matmul(query, key.transpose(-1, -2)) / scaling
    if attention_mask is not None:
        attn_weights = attn_weights + attention_mask
    attn_weights = nn.functional.softmax(attn_weights, dim=-1, dtype=torch.float32).to(query.dtype)
    attn_weights = nn.functional.dropout(attn_weights, p=0.0, training=True)
    return torch.matmul(attn_weights, value), attn_weights


def scaled_dot_product_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: Optional[torch.Tensor] = None
) -> torch.Tensor:
    bias = None if mask is None else invert_attention_mask(mask, q.dtype)
    context, _ = eager_attention_forward(q, k, v, bias, sqrt_of(q.size(-1)))
    return context


class MultiHeadAttention(nn.Module):
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        if dim % heads != 0:
            raise ValueError(f"The hidden size {dim} is not a multiple of the number of attention heads {heads}.")
        self.num_attention_heads = heads
        self.attention_head_size = int(dim / heads)
        self.all_head_size = self.num_attention_heads * self.attention_head_size
        self.qkv = nn.Linear(dim, 3 * self.all_head_size)
        self.proj = nn.Linear(self.all_head_size, dim)
        self.register_buffer("scaling", sqrt_of(self.attention_head_size), persistent=False)

    def transpose_for_scores(self, x: torch.Tensor) -> torch.Tensor:
        x = x.view(x.size()[:-1] + (self.num_attention_heads, self.attention_head_size))
        return x.permute(0, 2, 1, 3)

    def forward(self, x: torch.Tensor, mask: Optional[torch.Tensor] = None) -> torch.Tensor:
        query, key, value = (self.transpose_for_scores(t.contiguous()) for t in torch.tensor_split(self.qkv(x), 3, -1))
        bias = None if mask is None else invert_attention_mask(mask, x.dtype)
        context, attention_probs = eager_attention_forward(query, key, value, bias, self.scaling)
        context = context.permute(0, 2, 1, 3).contiguous()
        outputs = (self.proj(context.view(context.size()[:-2] + (self.all_head_size,))), attention_probs)
        return outputs[0]


class SinusoidalPositionalEmbedding(nn.Embedding):
    """A fixed table in the clothes of an embedding."""

    def __init__(self, num_positions: int, embedding_dim: int) -> None:
        super().__init__(num_positions, embedding_dim)
        inv_freq = torch.pow(10000, -torch.arange(0, embedding_dim, 2, dtype=torch.int64).float() / embedding_dim)
        freqs = torch.arange(num_positions, dtype=torch.float32).unsqueeze(-1) @ inv_freq.unsqueeze(0)
        out = torch.zeros(num_positions, embedding_dim)
        out[:, ::2] = freqs.sin()
        out[:, 1::2] = freqs.cos()
        self.weight = nn.Parameter(out, requires_grad=False)

    @torch.no_grad()
    def forward(self, length: int) -> torch.Tensor:
        return super().forward(torch.arange(length))


def sinusoidal_positional_encoding(length: int, dim: int) -> torch.Tensor:
    if dim % 2 != 0:
        raise ValueError(f"dim must be even, got {dim}")
    return SinusoidalPositionalEmbedding(length, dim)(length)


def patchify(x: torch.Tensor, p: int) -> torch.Tensor:
    batch_size, num_channels, height, width = x.shape
    if height % p != 0 or width % p != 0:
        raise ValueError("Make sure the pixel values have dimensions that are divisible by the patch size")
    out = torch.zeros(batch_size, (height // p) * (width // p), num_channels * p * p, dtype=x.dtype, device=x.device)
    for token in range(out.shape[1]):
        row, column = divmod(token, width // p)
        square = x[:, :, row * p : (row + 1) * p, column * p : (column + 1) * p]
        out[:, token] = square.reshape(batch_size, -1)
    return out


class PatchEmbed(nn.Module):
    def __init__(self, patch: int, channels: int, dim: int) -> None:
        super().__init__()
        self.num_channels = channels
        self.proj = nn.Conv2d(channels, dim, kernel_size=patch, stride=patch)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.shape[1] != self.num_channels:
            raise ValueError("Make sure that the channel dimension of the pixel values matches the configuration.")
        return self.proj(x.to(dtype=self.proj.weight.dtype)).flatten(2).transpose(1, 2)


class ViTMLP(nn.Module):
    def __init__(self, hidden_size: int, intermediate_size: int, hidden_act: str = "gelu") -> None:
        super().__init__()
        self.fc1 = nn.Linear(hidden_size, intermediate_size)
        self.fc2 = nn.Linear(intermediate_size, hidden_size)
        self.activation_fn = ACT2FN[hidden_act]

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        return self.fc2(self.activation_fn(self.fc1(hidden_states)))


class TransformerBlock(nn.Module):
    def __init__(self, dim: int, heads: int, mlp_ratio: float = 4.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = MultiHeadAttention(dim, heads)
        self.mlp = ViTMLP(dim, math.floor(dim * mlp_ratio))

    def forward(self, x: torch.Tensor, mask: Optional[torch.Tensor] = None) -> torch.Tensor:
        residual = x
        hidden_states = residual + self.attn(self.norm1(x), mask=mask)
        residual = hidden_states
        hidden_states = self.mlp(self.norm2(hidden_states))
        return residual + hidden_states


class ViT(nn.Module):
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
        super().__init__()
        num_patches = (image_size // patch) ** 2
        self.patch_embed = PatchEmbed(patch, channels, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, num_patches + 1, dim))
        self.blocks = nn.ModuleList([TransformerBlock(dim, heads, mlp_ratio) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes) if num_classes > 0 else nn.Identity()
        with torch.no_grad():
            self.pos_embed.copy_(nn.init.trunc_normal_(self.pos_embed.data.to(torch.float32), mean=0.0, std=0.02))

    def forward(self, x: torch.Tensor, output_hidden_states: bool = False) -> torch.Tensor:
        embeddings = self.patch_embed(x)
        cls_tokens = self.cls_token.expand(embeddings.shape[0], -1, -1)
        hidden_states = torch.cat((cls_tokens, embeddings), dim=1) + self.pos_embed
        all_hidden_states = () if output_hidden_states else None
        for layer_module in self.blocks:
            if output_hidden_states:
                all_hidden_states = all_hidden_states + (hidden_states,)
            hidden_states = layer_module(hidden_states)
        sequence_output = self.norm(hidden_states)
        return self.head(sequence_output[:, 0, :])
