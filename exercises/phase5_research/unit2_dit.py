"""Unit 5.2: DiT, a diffusion model whose network is a transformer.

Shapes are written with B = batch, N = tokens, D = model width, C = latent channels, p = side of a patch in
latent pixels, g = input_size / p = patches along a side, so that N = g².

Source: Peebles & Xie 2022, "Scalable Diffusion Models with Transformers" (arXiv 2212.09748). Submodules carry
the names of its released code, facebookresearch/DiT: a released checkpoint and a model built here have the
same keys.
"""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

from phase2_deep_learning.unit4_attention import (
    MultiHeadAttention,
    PatchEmbed,
    sinusoidal_positional_encoding,
)
from phase4_diffusion.unit1_ddpm import timestep_embedding
from phase4_diffusion.unit4_guidance import cfg_combine, drop_condition


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Scale and shift every token of an image by the image's own vectors: x · (1 + scale) + shift.

    Args:
        x: (B, N, D) tokens, already normalised.
        shift, scale: (B, D), one vector an image, shared by its N tokens. Zeros leave x as it is.

    Returns:
        (B, N, D), the dtype and device of x. The arguments themselves are not changed.

    Source: Peebles & Xie 2022, section 3.2 (adaLN); FiLM, Perez et al. 2018.
    """
    raise NotImplementedError("modulate")


def unpatchify(tokens: Tensor, p: int, c: int) -> Tensor:
    """Lay tokens back out as an image: the inverse of cutting it into patches.

    Args:
        tokens: (B, N, p·p·c) in reading order. N is a square number. Inside a token the order is (p, p, c),
            channels last, as in DiT's final layer; `patchify` of unit 2.4 lays a token out as (c, p, p).
        p: side of a patch in pixels.
        c: channels of the image.

    Returns:
        (B, c, g·p, g·p) with g = √N, dtype kept. Raises ValueError when N is not a square or a token is not
        p·p·c wide.

    Source: Peebles & Xie 2022, section 3.2 (transformer decoder).
    """
    raise NotImplementedError("unpatchify")


def sincos_pos_embed_2d(dim: int, grid: int) -> Tensor:
    """Give each cell of a square grid a fixed vector made of its column and its row.

    The first dim/2 numbers encode the column (w), the last dim/2 the row (h). Each half is
    [sin(pos·ω_0), sin(pos·ω_1), …, cos(pos·ω_0), cos(pos·ω_1), …] with ω_i = 10000^(-i / (dim/4)): what
    `sinusoidal_positional_encoding` gives at width dim/2, all its sines first and all its cosines after them.

    Args:
        dim: width, a multiple of 4; any other raises ValueError.
        grid: cells along a side.

    Returns:
        (grid·grid, dim) float32, cells in reading order.

    Source: Peebles & Xie 2022, section 3.2 (patchify); released code `get_2d_sincos_pos_embed`, after MAE.
    """
    raise NotImplementedError("sincos_pos_embed_2d")


class LabelEmbedder(nn.Module):
    """Look up a vector for each class, with one more row for "no class", which guidance needs.

    Submodules:
        embedding_table: nn.Embedding(k + 1, dim), whatever p is; row k is the null class. (The released code
            leaves that row out when p = 0.)

    Args:
        k: number of classes. dim: width. p: probability with which training replaces each label by k.

    Source: Peebles & Xie 2022, sections 3.1 (classifier-free guidance) and 3.2.
    """

    def __init__(self, k: int, dim: int, p: float) -> None:
        raise NotImplementedError("LabelEmbedder.__init__")

    def forward(self, y: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """y: (B,) int64 in 0..k -> (B, D). y itself is not changed.

        Drops labels in training mode only, each on its own, drawing from the generator; None is torch's global one.
        """
        raise NotImplementedError("LabelEmbedder.forward")


class DiTBlock(nn.Module):
    """A transformer block that the condition steers through its layer norms (adaLN-Zero).

    Six vectors, in this order, come out of adaLN_modulation(c), each dim wide: shift, scale and gate for the
    attention, then shift, scale and gate for the MLP. Then
    x ← x + gate · attn(modulate(norm1(x), shift, scale)), and the same with norm2 and mlp.

    Submodules:
        norm1, norm2: nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6).
        attn: MultiHeadAttention(dim, heads) of unit 2.4.
        mlp: fc1, GELU in its tanh approximation, fc2, reachable as mlp.fc1 = nn.Linear(dim, hidden) and
            mlp.fc2 = nn.Linear(hidden, dim), where hidden = int(dim · mlp_ratio).
        adaLN_modulation: nn.Sequential(nn.SiLU(), nn.Linear(dim, 6 * dim)); the linear layer starts with
            weight and bias zero, so that a new block returns x unchanged.

    Source: Peebles & Xie 2022, section 3.2 and figure 3 (DiT block with adaLN-Zero).
    """

    def __init__(self, dim: int, heads: int, mlp_ratio: float = 4.0) -> None:
        raise NotImplementedError("DiTBlock.__init__")

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x: (B, N, D) tokens, c: (B, D) the condition -> (B, N, D)."""
        raise NotImplementedError("DiTBlock.forward")


class TimestepEmbedder(nn.Module):
    """Given: the timestep as a vector. Sinusoids of width 256 (cosines first), then a two-layer MLP.

    Source: released code of Peebles & Xie 2022; the sinusoids are those of Ho et al. 2020, appendix B.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(256, dim), nn.SiLU(), nn.Linear(dim, dim))

    def forward(self, t: Tensor) -> Tensor:
        """t: (B,) int64 or float -> (B, D)."""
        embedding = timestep_embedding(t, 256, flip=True)
        return self.mlp(embedding.to(self.mlp[0].weight.dtype))


class FinalLayer(nn.Module):
    """From tokens to pixels: one more adaptive layer norm, then a linear map to a patch.

    Submodules:
        norm_final: nn.LayerNorm(dim, elementwise_affine=False, eps=1e-6).
        linear: nn.Linear(dim, p * p * out_channels), weight and bias zero at the start.
        adaLN_modulation: nn.Sequential(nn.SiLU(), nn.Linear(dim, 2 * dim)), the linear layer zero at the
            start; its output is [shift | scale].

    Source: Peebles & Xie 2022, section 3.2 (transformer decoder).
    """

    def __init__(self, dim: int, p: int, out_channels: int) -> None:
        raise NotImplementedError("FinalLayer.__init__")

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x: (B, N, D), c: (B, D) -> (B, N, p·p·out_channels)."""
        raise NotImplementedError("FinalLayer.forward")


class DiT(nn.Module):
    """The diffusion transformer: a noisy latent, its timestep and its class in; noise and variance out.

    Submodules and buffers:
        x_embedder: PatchEmbed(patch, channels, dim) of unit 2.4.
        pos_embed: (1, N, dim), sincos_pos_embed_2d(dim, input_size / patch); fixed, never trained, but saved in
            the state dict, as in the released checkpoint.
        t_embedder: TimestepEmbedder(dim).
        y_embedder: LabelEmbedder(num_classes, dim, class_dropout).
        blocks: nn.ModuleList of `depth` DiTBlock(dim, heads, mlp_ratio).
        final_layer: FinalLayer(dim, patch, 2 * channels).

    The condition of every block is t_embedder(t) + y_embedder(y). A new model predicts zero, and its blocks return
    their tokens unchanged, whatever else __init__ does to the weights. DiT-XL/2 for 256×256 pictures is
    DiT(input_size=32, patch=2, channels=4, dim=1152, depth=28, heads=16, num_classes=1000).

    Source: Peebles & Xie 2022, section 3.2, figure 3 and table 1.
    """

    def __init__(
        self,
        input_size: int,
        patch: int,
        channels: int,
        dim: int,
        depth: int,
        heads: int,
        num_classes: int,
        mlp_ratio: float = 4.0,
        class_dropout: float = 0.1,
    ) -> None:
        raise NotImplementedError("DiT.__init__")

    def forward(self, x: Tensor, t: Tensor, y: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Predict the noise and the variance's interpolation for a batch of noisy latents.

        Args:
            x: (B, C, input_size, input_size).
            t: (B,) timesteps.
            y: (B,) int64 labels; num_classes stands for no class.
            generator: for dropping labels in training mode.

        Returns:
            (B, 2C, input_size, input_size): the first C channels are the predicted noise.
        """
        raise NotImplementedError("DiT.forward")

    def forward_with_cfg(self, x: Tensor, t: Tensor, y: Tensor, cfg_scale: float) -> Tensor:
        """Run the conditional and the unconditional prediction in one batch and guide the noise.

        Args:
            x: (2B, C, S, S); only the first half is looked at, and both predictions are made for it.
            t: (2B,) timesteps. y: (2B,): B labels, then B times the null class.
            cfg_scale: s in ε_uncond + s · (ε_cond − ε_uncond).

        Returns:
            (2B, 2C, S, S). The first C channels are the guided noise, the same in both halves; the other C
            are each half's own, unguided. (The released code guides three of its four noise channels; here
            all are guided.)

        Source: Peebles & Xie 2022, section 3.1; Ho & Salimans 2022.
        """
        raise NotImplementedError("DiT.forward_with_cfg")


def dit_gflops(input_size: int, patch: int, channels: int, dim: int, depth: int, mlp_ratio: float = 4.0) -> float:
    """Count what one forward pass of one image costs a DiT, in Gflops as the paper counts them.

    One multiply-and-add is one flop (most profilers count two). Counted is every matrix product: x_embedder;
    the MLP of t_embedder (256 → dim → dim); in each block qkv, q kᵀ, weights · v, proj, both layers of the
    MLP (its hidden width is int(dim · mlp_ratio), as in DiTBlock) and adaLN_modulation; in the final layer
    adaLN_modulation and linear (2 · channels come out). Not counted are biases, norms, activations and softmax.

    Returns:
        10⁹ multiply-and-adds; 118.6 for DiT-XL/2 at input_size 32.

    Source: Peebles & Xie 2022, section 3.2 (model size) and table 4; released code for the layers.
    """
    raise NotImplementedError("dit_gflops")
