"""Known mistakes of unit 5.2, diffusion transformers."""

import torch
from torch import nn

from grader.judge import mistake
from phase2_deep_learning.unit4_attention import sinusoidal_positional_encoding
from phase4_diffusion.unit4_guidance import cfg_combine, drop_condition
from phase5_research import unit2_dit as reference

# modulate


@mistake(
    "modulate",
    "The tokens are multiplied by scale, not by 1 + scale: a new block, whose scale is zero, erases them.",
    see="one-plus-scale",
)
def without_the_one(x, shift, scale):
    return x * scale.unsqueeze(1) + shift.unsqueeze(1)


@mistake(
    "modulate",
    "Shift and scale have changed places.",
    see="one-plus-scale",
)
def shift_and_scale_swapped(x, shift, scale):
    return x * (1 + shift.unsqueeze(1)) + scale.unsqueeze(1)


@mistake(
    "modulate",
    "The shift is added before scaling, so that the scale stretches it as well.",
    see="one-plus-scale",
)
def shifted_first(x, shift, scale):
    return (x + shift.unsqueeze(1)) * (1 + scale.unsqueeze(1))


@mistake(
    "modulate",
    "The result is written over x, so the caller's tokens are gone.",
    see="one-plus-scale",
)
def in_place(x, shift, scale):
    return x.mul_(1 + scale.unsqueeze(1)).add_(shift.unsqueeze(1))


# unpatchify


def pieces(tokens, p, c):
    """(B, g, g, p, p, c), after the reference's own checks."""
    g = reference.unpatchify(tokens, p, c).shape[-1] // p
    return tokens.unflatten(1, (g, g)).unflatten(-1, (p, p, c))


def picture(axes):
    """From (B, c, rows, p, columns, p)."""
    return axes.flatten(4).flatten(2, 3)


@mistake(
    "unpatchify",
    "A token is read as (c, p, p), the order of patchify; DiT's final layer has the channels last.",
    see="back-to-an-image",
)
def channels_first(tokens, p, c):
    g = reference.unpatchify(tokens, p, c).shape[-1] // p
    return picture(tokens.unflatten(1, (g, g)).unflatten(-1, (c, p, p)).permute(0, 3, 1, 4, 2, 5))


@mistake(
    "unpatchify",
    "One reshape makes the picture, without moving an axis, and the patches come out as horizontal smears.",
    see="back-to-an-image",
)
def reshaped_only(tokens, p, c):
    return tokens.reshape(reference.unpatchify(tokens, p, c).shape)


@mistake(
    "unpatchify",
    "The tokens are laid out down the columns; they come in reading order.",
    see="back-to-an-image",
)
def column_by_column(tokens, p, c):
    return picture(pieces(tokens, p, c).permute(0, 5, 2, 3, 1, 4))


@mistake(
    "unpatchify",
    "Each patch lies on its side: rows and columns have changed places inside the token.",
    see="back-to-an-image",
)
def patches_on_their_side(tokens, p, c):
    return picture(pieces(tokens, p, c).permute(0, 5, 1, 4, 2, 3))


@mistake(
    "unpatchify",
    "The axes stand as rows, columns, p, p when they are merged; each p has to follow the axis that it refines.",
    see="back-to-an-image",
)
def grid_before_patches(tokens, p, c):
    right = reference.unpatchify(tokens, p, c)
    return pieces(tokens, p, c).permute(0, 5, 1, 2, 3, 4).reshape(right.shape)


# sincos_pos_embed_2d


@mistake(
    "sincos_pos_embed_2d",
    "The row comes in the first half; in DiT, and in a released checkpoint, the column does.",
    see="where-a-patch-stands",
)
def row_first(dim, grid):
    column, row = reference.sincos_pos_embed_2d(dim, grid).chunk(2, dim=1)
    return torch.cat([row, column], dim=1)


@mistake(
    "sincos_pos_embed_2d",
    "Sines and cosines alternate, as in 2.4; here all sines of an axis come before its cosines.",
    see="where-a-patch-stands",
)
def interleaved(dim, grid):
    reference.sincos_pos_embed_2d(dim, grid)  # refuses a width that four does not divide
    table = sinusoidal_positional_encoding(grid, dim // 2)
    return torch.cat([table.repeat(grid, 1), table.repeat_interleave(grid, dim=0)], dim=1)


@mistake(
    "sincos_pos_embed_2d",
    "In each half the cosines come before the sines.",
    see="where-a-patch-stands",
)
def cosines_first(dim, grid):
    parts = reference.sincos_pos_embed_2d(dim, grid).chunk(4, dim=1)
    return torch.cat([parts[1], parts[0], parts[3], parts[2]], dim=1)


@mistake(
    "sincos_pos_embed_2d",
    "The frequencies fall half as fast as they should, because the exponent is divided by the whole width.",
    see="where-a-patch-stands",
)
def frequencies_of_the_whole_width(dim, grid):
    column, row = reference.sincos_pos_embed_2d(2 * dim, grid).chunk(2, dim=1)
    quarter = dim // 4
    reference.sincos_pos_embed_2d(dim, grid)  # refuses a width that four does not divide
    keep = [*range(quarter), *range(2 * quarter, 3 * quarter)]
    return torch.cat([column[:, keep], row[:, keep]], dim=1)


@mistake(
    "sincos_pos_embed_2d",
    "The cells are counted one by one, so the table knows nothing of rows: the patch below is as far "
    "as the row is long.",
    see="where-a-patch-stands",
)
def one_dimensional(dim, grid):
    reference.sincos_pos_embed_2d(dim, grid)  # refuses a width that four does not divide
    table = sinusoidal_positional_encoding(grid * grid, dim)
    return torch.cat([table[:, 0::2], table[:, 1::2]], dim=1)


# LabelEmbedder


@mistake(
    "LabelEmbedder",
    "Dropped labels become class 0, so the model learns that class as “no class” and guidance pushes away from it.",
    see="the-null-class",
)
class NullIsClassZero(reference.LabelEmbedder):
    def forward(self, y, generator=None):
        return self.embedding_table(drop_condition(y, 0, self.p, generator) if self.training else y)


@mistake(
    "LabelEmbedder",
    "Labels are dropped outside training too, so a sample does not show the class that was asked for.",
    see="the-null-class",
)
class DropsWhileSampling(reference.LabelEmbedder):
    def forward(self, y, generator=None):
        return self.embedding_table(drop_condition(y, self.k, self.p, generator))


@mistake(
    "LabelEmbedder",
    "No label is ever dropped: the null row stays random, and guidance against it is guidance against noise.",
    see="the-null-class",
)
class NeverDrops(reference.LabelEmbedder):
    def forward(self, y, generator=None):
        return self.embedding_table(y)


@mistake(
    "LabelEmbedder",
    "p is used as the probability of keeping a label; it is that of dropping one.",
    see="the-null-class",
)
class KeepsWithProbabilityP(reference.LabelEmbedder):
    def forward(self, y, generator=None):
        return self.embedding_table(drop_condition(y, self.k, 1 - self.p, generator) if self.training else y)


@mistake(
    "LabelEmbedder",
    "One draw decides for the whole batch; each label has to be dropped on its own.",
    see="the-null-class",
)
class OneDrawForAll(reference.LabelEmbedder):
    def forward(self, y, generator=None):
        if self.training and torch.rand((), generator=generator) < self.p:
            y = torch.full_like(y, self.k)
        return self.embedding_table(y)


@mistake(
    "LabelEmbedder",
    "The generator is not used: the same seed drops other labels each time, and no run can be repeated.",
    see="the-null-class",
)
class IgnoresTheGenerator(reference.LabelEmbedder):
    def forward(self, y, generator=None):
        return super().forward(y)


@mistake(
    "LabelEmbedder",
    "The null class is written into the caller's own labels, which stay lost for whatever comes after this step.",
    see="the-null-class",
)
class OverwritesTheLabels(reference.LabelEmbedder):
    def forward(self, y, generator=None):
        if self.training:
            y[torch.rand(y.shape, generator=generator) < self.p] = self.k
        return self.embedding_table(y)


# DiTBlock


def branches(block, x, c, gated):
    """The reference's forward, with `gated(x, gate, branch)` in place of x + gate · branch."""
    shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = block.adaLN_modulation(c).unsqueeze(1).chunk(6, dim=2)
    x = gated(x, gate_a, block.attn(block.norm1(x) * (1 + scale_a) + shift_a))
    return gated(x, gate_m, block.mlp(block.norm2(x) * (1 + scale_m) + shift_m))


@mistake(
    "DiTBlock",
    "The gates are missing: a new block is not the identity, and a deep stack starts from noise.",
    see="adaln-zero",
)
class WithoutGates(reference.DiTBlock):
    def forward(self, x, c):
        return branches(self, x, c, lambda x, gate, branch: x + branch)


@mistake(
    "DiTBlock",
    "The gate multiplies the tokens themselves; it belongs to the branch that is added to them.",
    see="adaln-zero",
)
class GateOnTheTokens(reference.DiTBlock):
    def forward(self, x, c):
        return branches(self, x, c, lambda x, gate, branch: gate * x + branch)


@mistake(
    "DiTBlock",
    "The gate multiplies the sum of tokens and branch, so that a new block returns zeros.",
    see="adaln-zero",
)
class GateOnTheSum(reference.DiTBlock):
    def forward(self, x, c):
        return branches(self, x, c, lambda x, gate, branch: gate * (x + branch))


@mistake(
    "DiTBlock",
    "The condition goes into the linear layer without SiLU, so the modulation can only be linear in it.",
    see="adaln-zero",
)
class WithoutSiLU(reference.DiTBlock):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.adaLN_modulation[0] = nn.Identity()


@mistake(
    "DiTBlock",
    "The first two of each three vectors are read as scale and shift; they come as shift and scale.",
    see="adaln-zero",
)
class ScaleBeforeShift(reference.DiTBlock):
    def forward(self, x, c):
        scale_a, shift_a, gate_a, scale_m, shift_m, gate_m = self.adaLN_modulation(c).chunk(6, dim=1)
        x = x + gate_a.unsqueeze(1) * self.attn(reference.modulate(self.norm1(x), shift_a, scale_a))
        return x + gate_m.unsqueeze(1) * self.mlp(reference.modulate(self.norm2(x), shift_m, scale_m))


@mistake(
    "DiTBlock",
    "The MLP has the exact GELU; DiT has its tanh approximation, and released weights expect it.",
    see="adaln-zero",
)
class ExactGelu(reference.DiTBlock):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.mlp.act = nn.GELU()


@mistake(
    "DiTBlock",
    "Only the bias of the modulation starts at zero, so a new block already changes its input.",
    see="adaln-zero",
)
class OnlyTheBiasIsZero(reference.DiTBlock):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.adaLN_modulation[1].reset_parameters()
        nn.init.zeros_(self.adaLN_modulation[1].bias)


# DiT, FinalLayer, dit_gflops


@mistake(
    "DiT",
    "The last linear layer does not start at zero, so training begins with random noise as the prediction.",
    see="the-whole-model",
    replaces="FinalLayer",
)
class FinalLayerNotZero(reference.FinalLayer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.linear.reset_parameters()


@mistake(
    "DiT",
    "The final layer reads scale and shift; they come as shift and scale.",
    see="the-whole-model",
    replaces="FinalLayer",
)
class FinalScaleBeforeShift(reference.FinalLayer):
    def forward(self, x, c):
        scale, shift = self.adaLN_modulation(c).chunk(2, dim=1)
        return self.linear(reference.modulate(self.norm_final(x), shift, scale))


@mistake(
    "DiT",
    "The final layer goes straight from tokens to pixels, without the norm that the condition steers.",
    see="the-whole-model",
    replaces="FinalLayer",
)
class FinalLayerUnsteered(reference.FinalLayer):
    def forward(self, x, c):
        return self.linear(self.norm_final(x))


def whole(dit, x, t, y, generator=None, *, positions_first=True, condition=torch.add):
    tokens = dit.x_embedder(x)
    if positions_first:
        tokens = tokens + dit.pos_embed
    c = condition(dit.t_embedder(t), dit.y_embedder(y, generator))
    for block in dit.blocks:
        tokens = block(tokens, c)
    if not positions_first:
        tokens = tokens + dit.pos_embed
    return reference.unpatchify(dit.final_layer(tokens, c), dit.patch, 2 * dit.channels)


@mistake(
    "DiT",
    "The positions are added after the blocks, so that attention never knows where a patch stands.",
    see="where-a-patch-stands",
)
class PositionsAfterTheBlocks(reference.DiT):
    def forward(self, x, t, y, generator=None):
        return whole(self, x, t, y, generator, positions_first=False)


@mistake(
    "DiT",
    "The embeddings of timestep and class are multiplied; they are added.",
    see="the-whole-model",
)
class ConditionsMultiplied(reference.DiT):
    def forward(self, x, t, y, generator=None):
        return whole(self, x, t, y, generator, condition=torch.mul)


@mistake(
    "DiT",
    "The timestep does not reach the blocks, so the network has to guess how noisy its input is.",
    see="the-whole-model",
)
class NoTimestep(reference.DiT):
    def forward(self, x, t, y, generator=None):
        return whole(self, x, t, y, generator, condition=lambda t, y: y)


@mistake(
    "DiT",
    "The model initialises every linear layer anew after its parts were made, and with that undoes their zeros.",
    see="adaln-zero",
)
class ZerosUndone(reference.DiT):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)


def guide(dit, x, t, y, scale, *, guided_channels, swapped=False, own_halves=False):
    half = x[: len(x) // 2]
    out = dit(x if own_halves else torch.cat([half, half]), t, y)
    noise, rest = out[:, :guided_channels], out[:, guided_channels:]
    cond, uncond = noise.chunk(2)
    guided = cfg_combine(cond, uncond, scale) if swapped else cfg_combine(uncond, cond, scale)
    return torch.cat([torch.cat([guided, guided]), rest], dim=1)


@mistake(
    "DiT",
    "The variance channels are guided as well; guidance is a statement about the noise alone.",
    see="guidance-in-one-batch",
)
class GuidesTheVariance(reference.DiT):
    def forward_with_cfg(self, x, t, y, cfg_scale):
        return guide(self, x, t, y, cfg_scale, guided_channels=2 * self.channels)


@mistake(
    "DiT",
    "The halves are taken for each other: the first one is conditional, and guidance pushes away from the class.",
    see="guidance-in-one-batch",
)
class HalvesSwapped(reference.DiT):
    def forward_with_cfg(self, x, t, y, cfg_scale):
        return guide(self, x, t, y, cfg_scale, guided_channels=self.channels, swapped=True)


@mistake(
    "DiT",
    "The two predictions are made for different latents, so that their difference is not the effect of the class.",
    see="guidance-in-one-batch",
)
class TwoDifferentLatents(reference.DiT):
    def forward_with_cfg(self, x, t, y, cfg_scale):
        return guide(self, x, t, y, cfg_scale, guided_channels=self.channels, own_halves=True)


@mistake(
    "DiT",
    "A multiply-and-add is counted as two; the paper's Gflops count it once.",
    see="counting-gflops",
    replaces="dit_gflops",
)
def counted_twice(*arguments, **options):
    return 2 * reference.dit_gflops(*arguments, **options)


@mistake(
    "DiT",
    "The two products inside attention are not counted; they are the part that grows with the square of the tokens.",
    see="counting-gflops",
    replaces="dit_gflops",
)
def attention_is_free(input_size, patch, channels, dim, depth, mlp_ratio=4.0):
    n = (input_size // patch) ** 2
    return reference.dit_gflops(input_size, patch, channels, dim, depth, mlp_ratio) - depth * 2 * n * n * dim / 1e9


@mistake(
    "DiT",
    "Each block's modulation is counted once for every token; it runs once for an image.",
    see="counting-gflops",
    replaces="dit_gflops",
)
def modulated_per_token(input_size, patch, channels, dim, depth, mlp_ratio=4.0):
    n = (input_size // patch) ** 2
    extra = (n - 1) * depth * 6 * dim * dim / 1e9
    return reference.dit_gflops(input_size, patch, channels, dim, depth, mlp_ratio) + extra


EQUIVALENT = {
    "sincos_pos_embed_2d: `dim // 2` → `dim / 2`": "dim is even here, and 2.4 reads 4.0 as it reads 4.",
    "sincos_pos_embed_2d: `table[:, 0::2]` → `table[:, ::2]`": "A slice starts at 0 by itself.",
    "dit_gflops: `input_size // patch` → `input_size / patch`": "The patch divides the size.",
}
