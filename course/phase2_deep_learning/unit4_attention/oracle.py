"""Unit 2.4's references against torch.nn, diffusers and transformers."""

import pytest
import torch
from diffusers.models.embeddings import PatchEmbed, SinusoidalPositionalEmbedding
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from transformers import ViTConfig, ViTForImageClassification

from phase2_deep_learning import unit4_attention as unit

few = settings(max_examples=25, deadline=None)
sizes = st.integers(1, 5)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


@few
@given(b=sizes, h=sizes, lq=sizes, lk=sizes, d=sizes, dv=sizes, masked=st.booleans(), seed=sizes)
def test_attention_is_torchs(b, h, lq, lk, d, dv, masked, seed):
    torch.manual_seed(seed)
    q, k, v = torch.randn(b, h, lq, d), torch.randn(b, h, lk, d), torch.randn(b, h, lk, dv)
    mask = (torch.rand(b, 1, lq, lk) < 0.5) | (torch.arange(lk) == seed % lk) if masked else None
    want = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    torch.testing.assert_close(unit.scaled_dot_product_attention(q, k, v, mask), want)


def test_a_causal_mask_is_torchs_is_causal():
    q, k, v = torch.randn(3, 2, 4, 7, 8)
    causal = torch.ones(7, 7).tril().bool()
    want = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    torch.testing.assert_close(unit.scaled_dot_product_attention(q, k, v, causal), want)


@few
@given(b=sizes, length=sizes, heads=sizes, width=sizes, masked=st.booleans())
def test_multi_head_attention_is_torchs(b, length, heads, width, masked):
    dim = heads * width
    want = nn.MultiheadAttention(dim, heads, batch_first=True)
    nn.init.normal_(want.in_proj_bias)
    mine = unit.MultiHeadAttention(dim, heads)
    mine.load_state_dict(port_attention(want))
    x = torch.randn(b, length, dim)
    causal = torch.ones(length, length).tril().bool() if masked else None
    hidden = None if causal is None else ~causal  # torch's boolean mask says what to hide
    torch.testing.assert_close(mine(x, causal), want(x, x, x, attn_mask=hidden)[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("length", "dim"), [(1, 2), (10, 16), (50, 64)])
def test_positions_are_those_of_diffusers(length, dim):
    want = SinusoidalPositionalEmbedding(dim, length).pe[0]
    torch.testing.assert_close(unit.sinusoidal_positional_encoding(length, dim), want, rtol=0, atol=1e-5)


@few
@given(b=sizes, c=sizes, rows=sizes, columns=sizes, p=sizes)
def test_patches_are_those_of_unfold(b, c, rows, columns, p):
    x = torch.randn(b, c, rows * p, columns * p)
    assert torch.equal(unit.patchify(x, p), F.unfold(x, p, stride=p).transpose(1, 2))


def test_patch_embedding_is_that_of_diffusers():
    want = PatchEmbed(8, 8, 2, in_channels=3, embed_dim=16, pos_embed_type=None)
    mine = unit.PatchEmbed(2, 3, 16)
    mine.load_state_dict(want.state_dict())
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(mine(x), want(x))


@pytest.mark.parametrize("masked", [False, True])
def test_the_block_is_torchs_pre_norm_encoder_layer(masked):
    want = nn.TransformerEncoderLayer(
        12, 3, 30, dropout=0.0, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    )
    mine = unit.TransformerBlock(12, 3, mlp_ratio=2.5)
    state = {f"attn.{name}": value for name, value in port_attention(want.self_attn).items()}
    names = {"norm1": "norm1", "norm2": "norm2", "linear1": "mlp.fc1", "linear2": "mlp.fc2"}
    for theirs, name in names.items():
        state |= {f"{name}.{key}": value for key, value in getattr(want, theirs).state_dict().items()}
    mine.load_state_dict(state)
    x = torch.randn(2, 5, 12)
    causal = torch.ones(5, 5).tril().bool() if masked else None
    hidden = None if causal is None else ~causal
    torch.testing.assert_close(mine(x, causal), want(x, src_mask=hidden), rtol=1e-4, atol=1e-5)


def test_the_vision_transformer_is_that_of_transformers():
    config = ViTConfig(
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=8,
        patch_size=4,
        num_channels=1,
        num_labels=5,
        layer_norm_eps=1e-6,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    want = ViTForImageClassification(config).eval()
    for parameter in want.parameters():
        nn.init.normal_(parameter, std=0.3)
    mine = unit.ViT(8, 4, 16, 2, 2, 5, channels=1)
    mine.load_state_dict(port_vit(want.state_dict(), depth=2))
    x = torch.randn(3, 1, 8, 8)
    torch.testing.assert_close(mine(x), want(x).logits, rtol=1e-4, atol=1e-4)


def port_attention(theirs: nn.MultiheadAttention) -> dict[str, torch.Tensor]:
    return {
        "qkv.weight": theirs.in_proj_weight,
        "qkv.bias": theirs.in_proj_bias,
        "proj.weight": theirs.out_proj.weight,
        "proj.bias": theirs.out_proj.bias,
    }


def port_vit(theirs: dict[str, torch.Tensor], depth: int) -> dict[str, torch.Tensor]:
    """A transformers checkpoint under this course's names."""
    top = {
        "vit.embeddings.patch_embeddings.projection": "patch_embed.proj",
        "vit.layernorm": "norm",
        "classifier": "head",
    }
    inner = {
        "layernorm_before": "norm1",
        "attention.o_proj": "attn.proj",
        "layernorm_after": "norm2",
        "mlp.fc1": "mlp.fc1",
        "mlp.fc2": "mlp.fc2",
    }
    names = top | {f"vit.layers.{i}.{old}": f"blocks.{i}.{new}" for i in range(depth) for old, new in inner.items()}
    state = {"cls_token": theirs["vit.embeddings.cls_token"]}
    state["pos_embed"] = theirs["vit.embeddings.position_embeddings"]
    for key in ("weight", "bias"):
        state |= {f"{new}.{key}": theirs[f"{old}.{key}"] for old, new in names.items()}
        for i in range(depth):
            parts = [theirs[f"vit.layers.{i}.attention.{letter}_proj.{key}"] for letter in "qkv"]
            state[f"blocks.{i}.attn.qkv.{key}"] = torch.cat(parts)
    return state
