"""Known mistakes of unit 2.4, attention and transformers."""

import math

import torch
from torch.nn import functional as F

from grader.judge import mistake
from phase2_deep_learning import unit4_attention as reference

# scaled_dot_product_attention


def attend(q, k, v, mask, divisor, axis=-1):
    scores = q @ k.transpose(-2, -1) / divisor
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=axis) @ v


@mistake(
    "scaled_dot_product_attention",
    "The scores are not divided by √d, so softmax saturates as the heads get wider.",
    see="why-the-square-root",
)
def unscaled(q, k, v, mask=None):
    return attend(q, k, v, mask, 1.0)


@mistake(
    "scaled_dot_product_attention",
    "The scores are divided by d, not by its square root, so wide heads attend almost evenly to everything.",
    see="why-the-square-root",
)
def divided_by_d(q, k, v, mask=None):
    return attend(q, k, v, mask, q.shape[-1])


@mistake(
    "scaled_dot_product_attention",
    "The scale takes the width of all heads together; what counts is the length of one dot product, one head's d.",
    see="why-the-square-root",
)
def scaled_by_the_model_width(q, k, v, mask=None):
    heads = q.shape[-3] if q.ndim > 2 else 1
    return attend(q, k, v, mask, math.sqrt(heads * q.shape[-1]))


@mistake(
    "scaled_dot_product_attention",
    "Softmax runs over the queries: each key shares itself out, and a query's weights no longer add up to one.",
    see="the-smallest-example",
)
def softmax_over_queries(q, k, v, mask=None):
    return attend(q, k, v, mask, math.sqrt(q.shape[-1]), axis=-2)


@mistake(
    "scaled_dot_product_attention",
    "Hidden keys are zeroed after softmax: they have already taken their share, and the rest adds up to less than one.",
    see="masks",
)
def masked_after_softmax(q, k, v, mask=None):
    weights = torch.softmax(q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1]), dim=-1)
    return (weights if mask is None else weights * mask) @ v


@mistake(
    "scaled_dot_product_attention",
    "The mask is read the other way round: True means that the query may look.",
    see="masks",
)
def inverted_mask(q, k, v, mask=None):
    return attend(q, k, v, None if mask is None else ~mask, math.sqrt(q.shape[-1]))


@mistake(
    "scaled_dot_product_attention",
    "The mask is not used, so every query sees every key: a causal model reads the answer it should predict.",
    see="masks",
)
def ignored_mask(q, k, v, mask=None):
    return attend(q, k, v, None, math.sqrt(q.shape[-1]))


@mistake(
    "scaled_dot_product_attention",
    "Softmax is taken as e^score over the sum of e^score, as it stands: a large score overflows, and inf / inf is NaN.",
    see="the-smallest-example",
)
def exponentials_as_they_stand(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.exp()
    return weights / weights.sum(-1, keepdim=True) @ v


@mistake(
    "scaled_dot_product_attention",
    "What is added to hidden scores is too small: it does not outweigh large scores, and the mask leaks.",
    see="masks",
)
def lowered_too_little(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        scores = scores - 1e4 * ~mask
    return torch.softmax(scores, dim=-1) @ v


# MultiHeadAttention


def split(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


@mistake(
    "MultiHeadAttention",
    "The width is split into heads by a reshape alone: a head is filled with pieces of neighbouring tokens.",
    see="splitting-into-heads",
)
class HeadsWithoutTranspose(reference.MultiHeadAttention):
    def forward(self, x, mask=None):
        b, length, dim = x.shape
        q, k, v = (part.reshape(b, self.heads, length, -1) for part in self.qkv(x).chunk(3, dim=-1))
        mixed = reference.scaled_dot_product_attention(q, k, v, mask)
        return self.proj(mixed.reshape(b, length, dim))


@mistake(
    "MultiHeadAttention",
    "The heads are merged while they still stand before the tokens, so a token receives other tokens' results.",
    see="splitting-into-heads",
)
class MergedWithoutTranspose(reference.MultiHeadAttention):
    def forward(self, x, mask=None):
        q, k, v = (split(part, self.heads) for part in self.qkv(x).chunk(3, dim=-1))
        return self.proj(reference.scaled_dot_product_attention(q, k, v, mask).reshape(x.shape))


@mistake(
    "MultiHeadAttention",
    "The three parts of qkv are taken in another order than query, key, value.",
    see="splitting-into-heads",
)
class AnotherOrder(reference.MultiHeadAttention):
    def forward(self, x, mask=None):
        k, q, v = (split(part, self.heads) for part in self.qkv(x).chunk(3, dim=-1))
        return self.proj(reference.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(-2))


@mistake(
    "MultiHeadAttention",
    "The output of qkv is read head by head, [q k v] of head 0 and then of head 1; it is all of q, then k, then v.",
    see="splitting-into-heads",
)
class PackedByHead(reference.MultiHeadAttention):
    def forward(self, x, mask=None):
        q, k, v = split(self.qkv(x), self.heads).chunk(3, dim=-1)
        return self.proj(reference.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(-2))


@mistake(
    "MultiHeadAttention",
    "The merged heads are returned as they are; without the output projection the heads never meet.",
    see="splitting-into-heads",
)
class NoOutputProjection(reference.MultiHeadAttention):
    def forward(self, x, mask=None):
        q, k, v = (split(part, self.heads) for part in self.qkv(x).chunk(3, dim=-1))
        return reference.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(-2)


@mistake(
    "MultiHeadAttention",
    "The mask is accepted and not passed on, so every token still sees every other.",
    see="masks",
)
class MaskLostOnTheWay(reference.MultiHeadAttention):
    def forward(self, x, mask=None):
        return super().forward(x)


# sinusoidal_positional_encoding


@mistake(
    "sinusoidal_positional_encoding",
    "All sines come first and all cosines after them; this formula alternates them, one pair for each frequency.",
    see="where-a-token-stands",
)
def halves(length, dim):
    interleaved = reference.sinusoidal_positional_encoding(length, dim)
    return torch.cat([interleaved[:, 0::2], interleaved[:, 1::2]], dim=1)


@mistake(
    "sinusoidal_positional_encoding",
    "The exponent grows half as fast as it should, so half of the wavelengths are missing.",
    see="where-a-token-stands",
)
def half_the_exponent(length, dim):
    reference.sinusoidal_positional_encoding(1, dim)  # refuses an odd width
    angle = torch.outer(torch.arange(length), 10000.0 ** (-torch.arange(dim // 2) / dim))
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


@mistake(
    "sinusoidal_positional_encoding",
    "The positions are counted from 1, so the first row is not the sines and cosines of zero.",
    see="where-a-token-stands",
)
def counted_from_one(length, dim):
    return reference.sinusoidal_positional_encoding(length + 1, dim)[1:]


@mistake(
    "sinusoidal_positional_encoding",
    "Sines and cosines have changed places: the even columns hold the sines.",
    see="where-a-token-stands",
)
def cosines_first(length, dim):
    return reference.sinusoidal_positional_encoding(length, dim).reshape(length, -1, 2).flip(-1).flatten(1)


@mistake(
    "sinusoidal_positional_encoding",
    "Every column has a frequency of its own, so a sine and its cosine no longer belong together.",
    see="where-a-token-stands",
)
def a_frequency_for_every_column(length, dim):
    even = reference.sinusoidal_positional_encoding(length, dim)[:, 0::2]
    odd = torch.outer(torch.arange(length), 10000.0 ** (-torch.arange(1, dim, 2) / dim)).cos()
    return torch.stack([even, odd], dim=-1).flatten(1)


# patchify, PatchEmbed


def grid(x, p):
    """(B, C, H/p, p, W/p, p), after the checks of the reference."""
    reference.patchify(x, p)
    return x.unflatten(-1, (-1, p)).unflatten(2, (-1, p))


@mistake(
    "patchify",
    "One reshape makes the tokens, without moving an axis: each holds a run of pixels of a row, not a square.",
    see="an-image-as-a-sentence",
)
def reshaped_only(x, p):
    return x.reshape(reference.patchify(x, p).shape)


@mistake(
    "patchify",
    "The tokens go down the columns of the picture; they should go along the rows, as one reads.",
    see="an-image-as-a-sentence",
)
def column_by_column(x, p):
    return grid(x, p).permute(0, 4, 2, 1, 3, 5).flatten(3).flatten(1, 2)


@mistake(
    "patchify",
    "Inside a token the channels come last, (p, p, C); a convolution's kernel, and this exercise, have them first.",
    see="an-image-as-a-sentence",
)
def channels_last(x, p):
    return grid(x, p).permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


@mistake(
    "patchify",
    "Each patch lies on its side: rows and columns have changed places inside the token.",
    see="an-image-as-a-sentence",
)
def patches_on_their_side(x, p):
    return grid(x, p).permute(0, 2, 4, 1, 5, 3).flatten(3).flatten(1, 2)


@mistake(
    "patchify",
    "PatchEmbed reshapes the convolution's output into tokens without moving the channels last, which mixes patches.",
    see="an-image-as-a-sentence",
    replaces="PatchEmbed",
)
class TokensWithoutTranspose(reference.PatchEmbed):
    def forward(self, x):
        out = self.proj(x)
        return out.reshape(len(x), -1, out.shape[1])


@mistake(
    "patchify",
    "PatchEmbed's linear map has no bias.",
    see="an-image-as-a-sentence",
    replaces="PatchEmbed",
)
class WithoutBias(reference.PatchEmbed):
    def forward(self, x):
        return F.conv2d(x, self.proj.weight, stride=self.proj.stride).flatten(2).transpose(1, 2)


# TransformerBlock


@mistake(
    "TransformerBlock",
    "The norms come after the additions, as in 2017; then no clean path runs through the depth of the network.",
    see="before-or-after",
)
class PostNorm(reference.TransformerBlock):
    def forward(self, x, mask=None):
        x = self.norm1(x + self.attn(x, mask))
        return self.norm2(x + self.mlp(x))


@mistake(
    "TransformerBlock",
    "One layer norm serves both branches; each branch has its own.",
    see="before-or-after",
)
class SharedNorm(reference.TransformerBlock):
    def forward(self, x, mask=None):
        x = x + self.attn(self.norm1(x), mask)
        return x + self.mlp(self.norm1(x))


@mistake(
    "TransformerBlock",
    "The branch is added to the normalised tokens, so the tokens themselves are lost at every block.",
    see="before-or-after",
)
class ResidualOfTheNormed(reference.TransformerBlock):
    def forward(self, x, mask=None):
        x = self.norm1(x)
        x = x + self.attn(x, mask)
        x = self.norm2(x)
        return x + self.mlp(x)


@mistake(
    "TransformerBlock",
    "The second addition is missing: the block returns the MLP's output alone.",
    see="before-or-after",
)
class NoSecondResidual(reference.TransformerBlock):
    def forward(self, x, mask=None):
        x = x + self.attn(self.norm1(x), mask)
        return self.mlp(self.norm2(x))


@mistake(
    "TransformerBlock",
    "Both branches read the incoming tokens; the MLP should see what attention has already written.",
    see="before-or-after",
)
class SideBySide(reference.TransformerBlock):
    def forward(self, x, mask=None):
        return x + self.attn(self.norm1(x), mask) + self.mlp(self.norm2(x))


@mistake(
    "TransformerBlock",
    "The activation of the MLP is ReLU; a transformer's is GELU.",
    see="before-or-after",
)
class WithRelu(reference.TransformerBlock):
    def forward(self, x, mask=None):
        x = x + self.attn(self.norm1(x), mask)
        return x + self.mlp.fc2(torch.relu(self.mlp.fc1(self.norm2(x))))


@mistake(
    "TransformerBlock",
    "The additions are made in place, in the caller's own tensor: whoever still needs those tokens, autograd too, "
    "finds them changed.",
    see="before-or-after",
)
class AddedInPlace(reference.TransformerBlock):
    def forward(self, x, mask=None):
        x += self.attn(self.norm1(x), mask)
        x += self.mlp(self.norm2(x))
        return x


@mistake(
    "TransformerBlock",
    "The activation is GELU's tanh approximation; this block, as ViT's, uses the exact one.",
    see="before-or-after",
)
class TanhGelu(reference.TransformerBlock):
    def forward(self, x, mask=None):
        x = x + self.attn(self.norm1(x), mask)
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm2(x)), approximate="tanh"))


# ViT


@mistake(
    "ViT",
    "The class token joins after the positions are added, so that row 0 of the positions is never used.",
    see="the-class-token",
)
class ClassTokenAfterPositions(reference.ViT):
    def forward(self, x):
        cls = self.cls_token.expand(len(x), -1, -1)
        tokens = torch.cat([cls, self.patch_embed(x) + self.pos_embed[:, 1:]], dim=1)
        return answer(self, tokens, lambda tokens: self.norm(tokens)[:, 0])


@mistake(
    "ViT",
    "The class token stands last, where row 0 of the positions is not its own.",
    see="the-class-token",
)
class ClassTokenLast(reference.ViT):
    def forward(self, x):
        cls = self.cls_token.expand(len(x), -1, -1)
        tokens = torch.cat([self.patch_embed(x), cls], dim=1) + self.pos_embed
        return answer(self, tokens, lambda tokens: self.norm(tokens)[:, -1])


@mistake(
    "ViT",
    "The head reads the mean of all tokens; in this model the class token speaks for them.",
    see="the-class-token",
)
class MeanOfTheTokens(reference.ViT):
    def forward(self, x):
        return answer(self, embedded(self, x), lambda tokens: self.norm(tokens).mean(1))


@mistake(
    "ViT",
    "The last norm is missing, so the head sees a sum of all blocks whose size grows with the depth.",
    see="the-class-token",
)
class NoFinalNorm(reference.ViT):
    def forward(self, x):
        return answer(self, embedded(self, x), lambda tokens: tokens[:, 0])


@mistake(
    "ViT",
    "No positions are added, so the picture is a bag of patches: shuffled, it gives the same answer.",
    see="where-a-token-stands",
)
class NoPositions(reference.ViT):
    def forward(self, x):
        tokens = torch.cat([self.cls_token.expand(len(x), -1, -1), self.patch_embed(x)], dim=1)
        return answer(self, tokens, lambda tokens: self.norm(tokens)[:, 0])


def embedded(vit, x):
    return torch.cat([vit.cls_token.expand(len(x), -1, -1), vit.patch_embed(x)], dim=1) + vit.pos_embed


def answer(vit, tokens, pool):
    for block in vit.blocks:
        tokens = block(tokens)
    return vit.head(pool(tokens))


EQUIVALENT = {
    "scaled_dot_product_attention: `k.transpose(-2, -1)` → `k.transpose(-1, -2)`": (
        "An exchange of two axes has no order."
    ),
    "MultiHeadAttention.forward: `part.unflatten(-1, (self.heads, -1)).transpose(1, 2)`"
    " → `part.unflatten(-1, (self.heads, -1)).transpose(2, 1)`": "An exchange of two axes has no order.",
    "MultiHeadAttention.forward: `mixed.transpose(1, 2)` → `mixed.transpose(2, 1)`": (
        "An exchange of two axes has no order."
    ),
    "MultiHeadAttention.forward: `mixed.transpose(1, 2).flatten(-2)` → `mixed.transpose(1, 2).flatten(2)`": (
        "Of four axes, axis 2 is axis −2."
    ),
    "PatchEmbed.forward: `self.proj(x).flatten(2).transpose(1, 2)` → `self.proj(x).flatten(2).transpose(2, 1)`": (
        "An exchange of two axes has no order."
    ),
    "ViT.forward: `self.cls_token.expand(len(x), -1, -1)` → `self.cls_token.expand(len(x), 1, -1)`": (
        "The axis has length 1 already; −1 and 1 both keep it."
    ),
}
