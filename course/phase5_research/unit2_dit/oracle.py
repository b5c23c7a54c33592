"""Unit 5.2's references against diffusers, torch and the numbers of the DiT paper."""

import math

import pytest
import torch
from diffusers import DiTTransformer2DModel
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.embeddings import LabelEmbedding, get_2d_sincos_pos_embed
from diffusers.models.normalization import AdaLayerNormZero
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from phase2_deep_learning.unit4_attention import patchify
from phase5_research import unit2_dit as unit

few = settings(max_examples=25, deadline=None)
sizes = st.integers(1, 4)
PAPER = {"S": (384, 12, 6), "B": (768, 12, 12), "L": (1024, 24, 16), "XL": (1152, 28, 16)}


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_modulation_is_that_of_adaln_zero():
    want = AdaLayerNormZero(16)
    x, c = torch.randn(2, 5, 16), torch.randn(2, 16)
    shift, scale, *_ = want.linear(F.silu(c)).chunk(6, dim=1)
    mine = unit.modulate(F.layer_norm(x, (16,), eps=1e-6), shift, scale)
    torch.testing.assert_close(mine, want(x, emb=c)[0])


@few
@given(b=sizes, g=sizes, p=sizes, c=sizes)
def test_unpatchify_is_fold_and_undoes_patchify(b, g, p, c):
    tokens = torch.randn(b, g * g, p * p * c)
    channels_first = tokens.unflatten(-1, (p * p, c)).transpose(-2, -1).flatten(-2)
    image = unit.unpatchify(tokens, p, c)
    assert torch.equal(image, F.fold(channels_first.transpose(1, 2), g * p, p, stride=p))
    assert torch.equal(patchify(image, p), channels_first)


@pytest.mark.parametrize(("dim", "grid"), [(4, 1), (16, 4), (64, 16)])
def test_positions_are_those_of_diffusers(dim, grid):
    want = get_2d_sincos_pos_embed(dim, grid, base_size=grid, output_type="pt")
    torch.testing.assert_close(unit.sincos_pos_embed_2d(dim, grid), want.float(), rtol=0, atol=2e-6)


def test_labels_are_embedded_as_in_diffusers():
    want = LabelEmbedding(10, 8, dropout_prob=0.5)
    mine = unit.LabelEmbedder(10, 8, 0.5)
    mine.load_state_dict(want.state_dict())
    y = torch.tensor([3, 9, 0, 10])
    torch.testing.assert_close(mine.eval()(y), want.eval()(y))
    everything_dropped = want(y, force_drop_ids=torch.ones(4))
    mine.p = 1.0
    torch.testing.assert_close(mine.train()(y), everything_dropped)


def test_the_block_is_that_of_diffusers():
    want = BasicTransformerBlock(
        16,
        2,
        8,
        num_embeds_ada_norm=10,
        norm_type="ada_norm_zero",
        norm_elementwise_affine=False,
        attention_bias=True,
        activation_fn="gelu-approximate",
    ).eval()
    want.norm3.eps = 1e-6  # as in the paper's code
    mine = unit.DiTBlock(16, 2)
    mine.load_state_dict(port_block(want))
    x, t, y = torch.randn(2, 5, 16), torch.tensor([3, 7]), torch.tensor([1, 2])
    c = want.norm1.emb(t, y, hidden_dtype=torch.float32)
    torch.testing.assert_close(mine(x, c), want(x, timestep=t, class_labels=y), rtol=1e-4, atol=1e-5)


def diffusers_dit() -> tuple[DiTTransformer2DModel, unit.DiT]:
    """A small DiT with random weights in diffusers' form, and the same in the course's."""
    want = DiTTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=8,
        in_channels=4,
        out_channels=8,
        num_layers=2,
        sample_size=8,
        patch_size=2,
        norm_num_groups=4,
        num_embeds_ada_norm=1000,
    ).eval()
    with torch.no_grad():
        for parameter in want.parameters():
            parameter.normal_(std=0.3)
    first = want.transformer_blocks[0].norm1.emb
    first.time_proj.downscale_freq_shift = 0  # as in the paper's code
    for block in want.transformer_blocks:  # in diffusers every block owns an embedder
        block.norm1.emb, block.norm3.eps = first, 1e-6

    mine = unit.DiT(8, 2, 4, 16, 2, 2, 1000).eval()
    names = {
        "x_embedder.proj": want.pos_embed.proj,
        "t_embedder.mlp.0": first.timestep_embedder.linear_1,
        "t_embedder.mlp.2": first.timestep_embedder.linear_2,
        "final_layer.adaLN_modulation.1": want.proj_out_1,
        "final_layer.linear": want.proj_out_2,
    }
    state = {f"{name}.{key}": value for name, theirs in names.items() for key, value in theirs.state_dict().items()}
    state["y_embedder.embedding_table.weight"] = first.class_embedder.embedding_table.weight
    for i, block in enumerate(want.transformer_blocks):
        state |= {f"blocks.{i}.{name}": value for name, value in port_block(block).items()}
    missing = mine.load_state_dict(state, strict=False)
    assert missing.missing_keys == ["pos_embed"] and not missing.unexpected_keys
    return want, mine


def test_the_model_is_that_of_diffusers():
    want, mine = diffusers_dit()
    x, t, y = torch.randn(3, 4, 8, 8), torch.tensor([0, 500, 999]), torch.tensor([3, 999, 1000])
    out = mine(x, t, y)
    torch.testing.assert_close(out, want(x, timestep=t, class_labels=y).sample, rtol=1e-4, atol=1e-3)


def test_guidance_is_the_formula_on_diffusers_predictions():
    want, mine = diffusers_dit()
    x, t, y = torch.randn(2, 4, 8, 8), torch.tensor([10, 700]), torch.tensor([3, 4])
    null = torch.full_like(y, 1000)
    out = mine.forward_with_cfg(torch.cat([x, x]), torch.cat([t, t]), torch.cat([y, null]), 4.0)
    cond, uncond = (want(x, timestep=t, class_labels=label).sample for label in (y, null))
    guided = uncond[:, :4] + 4.0 * (cond[:, :4] - uncond[:, :4])
    wanted = torch.cat([torch.cat([guided, cond[:, 4:]], 1), torch.cat([guided, uncond[:, 4:]], 1)])
    torch.testing.assert_close(out, wanted, rtol=1e-4, atol=5e-3)


@few
@given(grid=sizes, patch=sizes, channels=sizes, heads=sizes, depth=st.integers(0, 2), ratio=st.sampled_from([4.0, 1.5]))
def test_gflops_are_half_of_what_torch_counts(grid, patch, channels, heads, depth, ratio):
    size, dim = grid * patch, 4 * heads
    with torch.device("meta"):
        model = unit.DiT(size, patch, channels, dim, depth, heads, 10, mlp_ratio=ratio).eval()
        image, zero = torch.zeros(1, channels, size, size), torch.zeros(1, dtype=torch.int64)
        with FlopCounterMode(display=False) as counter:
            model(image, zero, zero)
    counted = unit.dit_gflops(size, patch, channels, dim, depth, ratio)
    assert math.isclose(2e9 * counted, counter.get_total_flops())


@pytest.mark.parametrize(
    ("name", "patch", "gflops"),
    [
        ("S", 8, 0.36),
        ("S", 4, 1.41),
        ("S", 2, 6.06),
        ("B", 4, 5.56),
        ("L", 4, 19.70),
        ("XL", 8, 7.39),
        ("XL", 2, 118.64),
    ],
)
def test_gflops_are_those_of_the_paper(name, patch, gflops):
    dim, depth, _ = PAPER[name]
    assert abs(unit.dit_gflops(32, patch, 4, dim, depth) - gflops) < 0.006 + 1e-3 * gflops


@pytest.mark.parametrize(("name", "millions"), [("S", 33), ("B", 130), ("L", 458), ("XL", 675)])
def test_the_sizes_have_as_many_weights_as_in_the_paper(name, millions):
    dim, depth, heads = PAPER[name]
    with torch.device("meta"):
        model = unit.DiT(32, 2, 4, dim, depth, heads, 1000)
    weights = sum(value.numel() for value in model.parameters() if value.requires_grad)
    assert round(weights / 1e6) == millions


def test_the_keys_are_those_of_the_released_checkpoints():
    linears = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "adaLN_modulation.1"]
    names = ["x_embedder.proj", "t_embedder.mlp.0", "t_embedder.mlp.2", *(f"blocks.0.{name}" for name in linears)]
    names += ["final_layer.linear", "final_layer.adaLN_modulation.1"]
    keys = {f"{name}.{key}" for name in names for key in ("weight", "bias")}
    state = unit.DiT(8, 2, 4, 16, 1, 2, 10).state_dict()
    assert set(state) == keys | {"pos_embed", "y_embedder.embedding_table.weight"}
    assert state["x_embedder.proj.weight"].shape == (16, 4, 2, 2)
    assert state["pos_embed"].shape == (1, 16, 16)


def port_block(theirs: nn.Module) -> dict[str, Tensor]:
    """The weights of diffusers' adaLN-Zero block under the course's names."""
    attention, mlp = theirs.attn1, theirs.ff.net
    names = {
        "attn.proj": attention.to_out[0],
        "mlp.fc1": mlp[0].proj,
        "mlp.fc2": mlp[2],
        "adaLN_modulation.1": theirs.norm1.linear,
    }
    state = {f"{name}.{key}": value for name, layer in names.items() for key, value in layer.state_dict().items()}
    parts = (attention.to_q, attention.to_k, attention.to_v)
    state["attn.qkv.weight"] = torch.cat([part.weight for part in parts])
    state["attn.qkv.bias"] = torch.cat([part.bias for part in parts])
    return state
