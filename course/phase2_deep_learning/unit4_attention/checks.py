"""Checks for unit 2.4, attention and transformers."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from grader.judge import exercise, expect, expect_untouched
from grader.judge.terms.compare import largest
from grader.judge.terms.scenarios import load_weights, refusal
from grader.judge.trial.strategies import KINDS, dims, generator, numbers, seeds, weights

# A layer norm turns the rounding of a constant row into its whole output, so no constant rows for modules.
TOKENS = ("unit", "tiny", "integers")


# Inputs: a few integers are drawn, and everything is made of them -------------------------------------------


def tensors(seed, *wanted, dtype=torch.float32):
    """One for each (shape, kinds), as `numbers` makes them; every choice of kinds meets every other."""
    made = []
    for shape, kinds in wanted:
        made += numbers(seed + (len(made) << 16), shape, kinds=kinds, dtype=dtype)
        seed //= len(kinds)
    return made


def attended(lead, lq, lk, d, dv, seed):
    """q (…, Lq, d), k (…, Lk, d) and v (…, Lk, dv)."""
    return tensors(seed, ((*lead, lq, d), TOKENS), ((*lead, lk, d), ("unit", "integers")), ((*lead, lk, dv), KINDS))


leads = st.lists(dims(3), max_size=2)  # none, one or two leading axes
attentions = st.builds(attended, leads, dims(4), dims(4), dims(4), dims(4), seeds())


def strongly_attended(batch, lq, lk, d, dv, seed):
    """q, k and v in float64 whose scores are some ten thousand."""
    integers = ("integers",)
    shapes = ((batch, lq, d), integers), ((batch, lk, d), integers), ((batch, lk, dv), KINDS)
    q, k, v = tensors(seed, *shapes, dtype=torch.float64)
    return 1e4 * q, k, v


# Scores that are equal or far apart, for √d is a whole number: no form of the formula can lose them by rounding.
several = st.integers(2, 5)
strong_attentions = st.builds(strongly_attended, several, several, several, st.sampled_from([4, 1]), several, seeds())


def mask(seed, *shape):
    """Booleans of this shape; every query keeps one key at least."""
    rng = generator(seed)
    kept = torch.randint(shape[-1], (*shape[:-1], 1), generator=rng)
    return (torch.rand(shape, generator=rng) < 0.5).scatter(-1, kept, True)


def masked(qkv, seed):
    """q, k, v and a mask that broadcasts: some of its axes have length 1, and leading ones may be missing."""
    q, k, _ = qkv
    shape = [1 if seed >> i & 1 else size for i, size in enumerate(q.shape[:-1])]
    return *qkv, mask(seed, *shape[(seed >> 3) % len(shape) :], k.shape[-2])


masked_attentions = st.builds(masked, attentions, seeds())
masked_strong_attentions = st.builds(masked, strong_attentions, seeds())


def attention_shapes(dim):
    """The parameters of a MultiHeadAttention; these and those below in the reference's order."""
    return {"qkv.weight": (3 * dim, dim), "qkv.bias": (3 * dim,), "proj.weight": (dim, dim), "proj.bias": (dim,)}


def block_shapes(dim, mlp_ratio=4.0):
    hidden = int(dim * mlp_ratio)
    return {
        "norm1.weight": (dim,),
        "norm1.bias": (dim,),
        **{f"attn.{name}": shape for name, shape in attention_shapes(dim).items()},
        "norm2.weight": (dim,),
        "norm2.bias": (dim,),
        "mlp.fc1.weight": (hidden, dim),
        "mlp.fc1.bias": (hidden,),
        "mlp.fc2.weight": (dim, hidden),
        "mlp.fc2.bias": (dim,),
    }


def embed_shapes(patch, channels, dim):
    return {"proj.weight": (dim, channels, patch, patch), "proj.bias": (dim,)}


def vit_shapes(image_size, patch, dim, depth, num_classes, channels, mlp_ratio):
    shapes = {"cls_token": (1, 1, dim), "pos_embed": (1, (image_size // patch) ** 2 + 1, dim)}
    shapes |= {f"patch_embed.{name}": shape for name, shape in embed_shapes(patch, channels, dim).items()}
    for i in range(depth):
        shapes |= {f"blocks.{i}.{name}": shape for name, shape in block_shapes(dim, mlp_ratio).items()}
    return shapes | {
        "norm.weight": (dim,),
        "norm.bias": (dim,),
        "head.weight": (num_classes, dim),
        "head.bias": (num_classes,),
    }


def sequence(shapes, heads, width, ratio, b, length, seed):
    """What a module is made with (an mlp_ratio only where one is drawn), its weights, and tokens (B, L, D)."""
    dim = heads * width
    (x,) = numbers(seed, (b, length, dim), kinds=TOKENS)
    inputs = {"dim": dim, "heads": heads, "weights": weights(shapes(dim, *ratio), seed), "x": x}
    return inputs | dict(zip(("mlp_ratio",), ratio, strict=False))


def sequences(shapes, *ratios, narrowest=1):
    ratio = st.sampled_from([(), *((one,) for one in ratios)])
    return st.builds(sequence, st.just(shapes), dims(3), st.integers(narrowest, 3), ratio, dims(3), dims(4), seeds())


# For what does not depend on sizes: to build modules is what an example costs.
FEW_SEQUENCES = st.sampled_from(
    [
        sequence(block_shapes, 1, 3, (), 1, 2, 0),
        sequence(block_shapes, 2, 3, (1.5,), 2, 4, 1),
        sequence(block_shapes, 3, 3, (2.0,), 3, 1, 2),
        sequence(block_shapes, 2, 4, (), 2, 3, 3),
    ]
)


def masked_sequence(inputs, seed):
    x, heads = inputs["x"], inputs["heads"]
    batch, length = x.shape[:2]
    shapes = [(length, length), (batch, 1, 1, length), (heads, length, length), (batch, heads, length, length)]
    return inputs | {"mask": mask(seed, *shapes[seed % 4])}


def cut(b, c, rows, columns, p, seed):
    """A picture that patches of side p divide, and p."""
    dtype = torch.float64 if seed % 2 else torch.float32
    (x,) = numbers(seed // 2, (b, c, rows * p, columns * p), dtype=dtype)
    return x, p


cut_pictures = st.builds(cut, dims(3), dims(3), dims(3), dims(3), dims(3), seeds())


def uncut(p, h, w, seed):
    """A picture that patches of side p do not divide, in its height, its width or both."""
    (x,) = numbers(seed, (1, 2, h if h % p or w % p else h + 1, w))
    return x, p


uncut_pictures = st.builds(uncut, st.integers(2, 4), dims(7), dims(7), seeds())


def embedded(picture, dim, seed):
    """What a PatchEmbed is made with, its weights, and pictures."""
    x, patch = picture
    channels = x.shape[1]
    held = weights(embed_shapes(patch, channels, dim), seed)
    return {"patch": patch, "channels": channels, "dim": dim, "weights": held, "x": x.float()}


embedded_pictures = st.builds(embedded, cut_pictures, dims(4), seeds())
FEW_PICTURES = st.sampled_from(
    [
        embedded(cut(1, 1, 1, 1, 2, 0), 2, 0),
        embedded(cut(2, 3, 2, 1, 2, 2), 3, 1),
        embedded(cut(3, 2, 1, 3, 1, 4), 4, 2),
        embedded(cut(2, 1, 2, 2, 3, 6), 1, 3),
    ]
)


def classified(patch, rows, heads, width, depth, classes, channels, mlp_ratio, b, seed):
    """What a ViT is made with, its weights, and pictures. What is as it is without being said is not said."""
    arguments = {
        "image_size": patch * rows,
        "patch": patch,
        "dim": heads * width,
        "depth": depth,
        "num_classes": classes,
    }
    shapes = vit_shapes(**arguments, channels=channels, mlp_ratio=mlp_ratio)
    arguments["heads"] = heads
    if channels != 3:
        arguments["channels"] = channels
    if mlp_ratio != 4.0:
        arguments["mlp_ratio"] = mlp_ratio
    (x,) = numbers(seed, (b, channels, patch * rows, patch * rows), kinds=TOKENS)
    return arguments | {"weights": weights(shapes, seed), "x": x}


def classified_pictures(shallowest=0, deepest=2, narrowest=1):
    return st.builds(
        classified,
        *(dims(2), dims(3), dims(2), st.integers(narrowest, 3), st.integers(shallowest, deepest), dims(4)),
        st.sampled_from([3, 1, 2]),
        st.sampled_from([4.0, 1.5, 2.0]),
        dims(3),
        seeds(),
    )


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def attention_gradients(impl, q, k, v, dout):
    """What a loss that is linear in the output sends back to q, k and v."""
    inputs = [one.requires_grad_() for one in (q, k, v)]
    found = torch.autograd.grad((impl.scaled_dot_product_attention(*inputs) * dout).sum(), inputs)
    return dict(zip(("gradient of q", "gradient of k", "gradient of v"), found, strict=True))


def attention(impl, dim, heads, weights):
    return load_weights(impl.MultiHeadAttention(dim, heads), weights)


def block(impl, dim, heads, weights, mlp_ratio=None):
    ratio = () if mlp_ratio is None else (mlp_ratio,)
    return load_weights(impl.TransformerBlock(dim, heads, *ratio), weights)


def embed(impl, patch, channels, dim, weights):
    return load_weights(impl.PatchEmbed(patch, channels, dim), weights)


def vit(impl, image_size, patch, dim, depth, heads, num_classes, weights, channels, mlp_ratio):
    options = {"channels": channels, "mlp_ratio": mlp_ratio}
    options = {name: value for name, value in options.items() if value is not None}
    made = impl.ViT(
        image_size=image_size, patch=patch, dim=dim, depth=depth, heads=heads, num_classes=num_classes, **options
    )
    return load_weights(made, weights)


def attention_forward(impl, dim, heads, weights, x):
    return attention(impl, dim, heads, weights)(x)


def masked_attention_forward(impl, dim, heads, weights, x, mask):
    out = attention(impl, dim, heads, weights)(x, mask)
    return {"out": out, "x afterwards": x, "mask afterwards": mask}


def block_forward(impl, dim, heads, weights, x, mlp_ratio=None):
    return block(impl, dim, heads, weights, mlp_ratio)(x)


def masked_block_forward(impl, dim, heads, weights, x, mask, mlp_ratio=None):
    out = block(impl, dim, heads, weights, mlp_ratio)(x, mask)
    return {"out": out, "x afterwards": x, "mask afterwards": mask}


def embed_forward(impl, patch, channels, dim, weights, x):
    return embed(impl, patch, channels, dim, weights)(x)


def vit_forward(impl, image_size, patch, dim, depth, heads, num_classes, weights, x, channels=None, mlp_ratio=None):
    module = vit(impl, image_size, patch, dim, depth, heads, num_classes, weights, channels, mlp_ratio)
    return module(x)


def gradients(module, weights, x):
    """What the loss Σ out² sends back to the input, and to every weight by the name that the statement promises."""
    x = x.detach().requires_grad_()
    module(x).square().sum().backward()
    own = {name: value for name, value in module.named_parameters() if value.requires_grad}
    if set(own) != set(weights):
        own = dict(zip(weights, own.values(), strict=True))
    return {"gradient of x": x.grad} | {f"gradient of {name}": own[name].grad for name in weights}


def attention_module_gradients(impl, dim, heads, weights, x):
    return gradients(attention(impl, dim, heads, weights), weights, x)


def block_gradients(impl, dim, heads, weights, x, mlp_ratio=None):
    return gradients(block(impl, dim, heads, weights, mlp_ratio), weights, x)


def embed_gradients(impl, patch, channels, dim, weights, x):
    return gradients(embed(impl, patch, channels, dim, weights), weights, x)


def vit_gradients(impl, image_size, patch, dim, depth, heads, num_classes, weights, x, channels=None, mlp_ratio=None):
    module = vit(impl, image_size, patch, dim, depth, heads, num_classes, weights, channels, mlp_ratio)
    return gradients(module, weights, x)


def fresh_vit(impl, image_size, patch, dim, depth, heads, num_classes, seed):
    torch.default_generator.manual_seed(seed)  # of the CPU alone: torch.manual_seed costs five milliseconds
    made = impl.ViT(image_size, patch, dim, depth, heads, num_classes)
    return {"cls_token": made.cls_token, "pos_embed": made.pos_embed}


# Checks -----------------------------------------------------------------------------------------------------


def agree_on_gradients(both, scenario, inputs):
    got, want = both.answers(scenario, **inputs)
    # Large terms cancel in the backward pass of a layer norm, so that float32 leaves some gradients few digits.
    expect(got, want, "with the loss Σ out²", rtol=1e-3, atol=1e-4 * largest(want))


@exercise("scaled_dot_product_attention")
class TestScaledDotProductAttention:
    @given(qkv=attentions)
    def test_matches_the_reference(self, both, qkv):
        "softmax(q kᵀ / √d) v, for any batch, lengths and widths."
        both.agree("scaled_dot_product_attention", *qkv)

    @given(inputs=masked_attentions)
    def test_hides_what_the_mask_hides(self, both, inputs):
        "Where the mask is False the query does not see the key; the mask may broadcast."
        both.agree("scaled_dot_product_attention", *inputs)

    @given(qkv=strong_attentions)
    def test_survives_scores_of_ten_thousand(self, both, qkv):
        "float64 goes in and comes out, and nothing overflows."
        # rtol, atol: in between a scale or the softmax may be float32.
        both.agree("scaled_dot_product_attention", *qkv, rtol=1e-4, atol=1e-5 * largest(qkv[2]))

    @given(inputs=masked_strong_attentions)
    def test_hides_keys_with_scores_of_ten_thousand(self, both, inputs):
        both.agree("scaled_dot_product_attention", *inputs, rtol=1e-4, atol=1e-5 * largest(inputs[2]))  # as above

    @given(qkv=attentions)
    def test_each_query_gets_a_convex_mix_of_values(self, learner, qkv):
        out, v = learner.scaled_dot_product_attention(*qkv), qkv[2]
        room = 1e-5 * (1 + v.abs().amax())
        assert bool((out <= v.amax(-2, keepdim=True) + room).all()), "an output lies above all the values"
        assert bool((out >= v.amin(-2, keepdim=True) - room).all()), "an output lies below all the values"

    @given(qkv=attentions)
    def test_equal_keys_give_the_mean_of_the_values(self, learner, qkv):
        q, k, v = qkv
        out = learner.scaled_dot_product_attention(q, k[..., :1, :].expand_as(k), v)
        mean = v.mean(-2, keepdim=True).expand(*q.shape[:-1], v.shape[-1])
        expect(out, mean, "attention over equal keys")

    @given(qkv=attentions, hidden=dims(3))
    def test_keys_hidden_from_all_might_as_well_not_be_there(self, learner, qkv, hidden):
        q, k, v = qkv
        more_k = torch.cat([3 + k[..., :1, :].expand(*k.shape[:-2], hidden, -1), k], dim=-2)
        more_v = torch.cat([7 - v[..., :1, :].expand(*v.shape[:-2], hidden, -1), v], dim=-2)
        mask = torch.arange(more_k.shape[-2]) >= hidden
        out = learner.scaled_dot_product_attention(q, more_k, more_v, mask.expand(q.shape[-2], -1))
        expect(out, F.scaled_dot_product_attention(q, k, v), "attention over the keys that are left")

    @given(inputs=masked_attentions)
    def test_leaves_its_arguments_alone(self, learner, inputs):
        expect_untouched(learner, "scaled_dot_product_attention", *inputs)

    @given(qkv=attentions, seed=seeds())
    def test_gradients_match_the_reference(self, both, qkv, seed):
        q, _, v = qkv
        upstream = torch.randn(*q.shape[:-1], v.shape[-1], generator=generator(seed), dtype=q.dtype)
        both.agree(attention_gradients, *qkv, upstream)


@exercise("MultiHeadAttention")
class TestMultiHeadAttention:
    @given(inputs=sequences(attention_shapes))
    def test_matches_the_reference(self, both, inputs):
        "Project, split into heads, attend, merge, project."
        both.agree(attention_forward, **inputs)

    @given(inputs=st.builds(masked_sequence, sequences(attention_shapes), seeds()))
    def test_hides_what_the_mask_hides_and_leaves_its_arguments_alone(self, both, inputs):
        both.agree(masked_attention_forward, **inputs)

    @given(inputs=sequences(attention_shapes))
    def test_without_queries_every_token_gets_the_mean_value(self, learner, inputs):
        dim, state, x = inputs["dim"], inputs["weights"], inputs["x"]
        state["qkv.weight"][:dim] = 0
        state["qkv.bias"][:dim] = 0
        values = F.linear(x, state["qkv.weight"][2 * dim :], state["qkv.bias"][2 * dim :])
        mean = values.mean(1, keepdim=True).expand_as(x)
        want = F.linear(mean, state["proj.weight"], state["proj.bias"])
        expect(learner.run(attention_forward, **inputs), want, "attention with q = 0")

    @given(inputs=sequences(attention_shapes))
    def test_gradients_match_the_reference(self, both, inputs):
        agree_on_gradients(both, attention_module_gradients, inputs)

    @given(heads=st.integers(2, 5), rest=dims(4), whole=dims(3))
    def test_refuses_a_width_that_the_heads_do_not_divide(self, learner, heads, rest, whole):
        dim = heads * whole + min(rest, heads - 1)
        found = learner.run(refusal, "MultiHeadAttention", dim, heads)
        expect(found, "ValueError", f"dim={dim}, heads={heads}")


@exercise("sinusoidal_positional_encoding")
class TestSinusoidalPositionalEncoding:
    @given(length=dims(20), pairs=dims(6))
    def test_matches_the_reference(self, both, length, pairs):
        "Sines in the even columns, cosines in the odd ones, wavelengths from 2π up."
        both.agree("sinusoidal_positional_encoding", length, 2 * pairs)

    @given(length=st.integers(40, 50), pairs=st.integers(4, 8))
    def test_matches_the_reference_further_along(self, both, length, pairs):
        both.agree("sinusoidal_positional_encoding", length, 2 * pairs)

    @given(length=dims(30), pairs=dims(6))
    def test_every_pair_of_columns_lies_on_the_unit_circle(self, learner, length, pairs):
        out = learner.sinusoidal_positional_encoding(length, 2 * pairs)
        expect(str(tuple(out.shape)), str((length, 2 * pairs)), "the shape of the encoding")
        expect(out.reshape(length, pairs, 2).square().sum(-1), torch.ones(length, pairs), "sin² + cos²")

    @given(length=dims(30), pairs=dims(6))
    def test_how_alike_two_positions_are_depends_only_on_their_distance(self, learner, length, pairs):
        out = learner.sinusoidal_positional_encoding(length, 2 * pairs).double()
        alike, at = out @ out.T, torch.arange(length)
        # rtol, atol: products of float32 numbers of size one, summed over at most twelve columns.
        expect(alike, alike[0, (at - at[:, None]).abs()], "PE[i]·PE[j] beside PE[0]·PE[|i - j|]", rtol=0, atol=2e-5)

    @given(length=dims(5), pairs=dims(5))
    def test_refuses_an_odd_width(self, learner, length, pairs):
        found = learner.run(refusal, "sinusoidal_positional_encoding", length, 2 * pairs - 1)
        expect(found, "ValueError", f"dim={2 * pairs - 1}")


@exercise("patchify", part="patchify")
class TestPatchify:
    @given(inputs=cut_pictures)
    def test_matches_the_reference(self, both, inputs):
        "Tokens in reading order, each in the order (C, p, p)."
        both.agree("patchify", *inputs)

    @given(inputs=cut_pictures)
    def test_every_token_is_one_square_of_the_picture(self, learner, inputs):
        x, p = inputs
        rows, columns = x.shape[2] // p, x.shape[3] // p
        tokens = learner.patchify(x, p)
        shape = len(x), rows * columns, x.shape[1] * p * p
        expect(str(tuple(tokens.shape)), str(shape), "the shape of the tokens")
        for i in range(rows):
            for j in range(columns):
                square = x[:, :, i * p : (i + 1) * p, j * p : (j + 1) * p].flatten(1)
                expect(tokens[:, i * columns + j], square, f"the token of row {i}, column {j}")

    @given(inputs=uncut_pictures)
    def test_refuses_a_picture_that_the_patches_do_not_divide(self, learner, inputs):
        x, p = inputs
        expect(learner.run(refusal, "patchify", x, p), "ValueError", f"{tuple(x.shape)} in patches of {p}")


@exercise("patchify", part="PatchEmbed")
class TestPatchEmbed:
    @given(inputs=embedded_pictures)
    def test_is_one_matrix_on_the_tokens(self, learner, inputs):
        "One linear map, the same for every patch."
        p, state, x = inputs["patch"], inputs["weights"], inputs["x"]
        tokens = F.unfold(x, p, stride=p).transpose(1, 2)
        want = F.linear(tokens, state["proj.weight"].flatten(1), state["proj.bias"])
        # atol: another order of summation over at most 27 products of numbers up to three.
        expect(learner.run(embed_forward, **inputs), want, "the embedded patches", atol=2e-5)

    @given(inputs=FEW_PICTURES)
    def test_gradients_match_the_reference(self, both, inputs):
        agree_on_gradients(both, embed_gradients, inputs)


@exercise("TransformerBlock")
class TestTransformerBlock:
    @given(inputs=sequences(block_shapes, 1.0, 1.5, 2.0))
    def test_matches_the_reference(self, both, inputs):
        "x + attn(norm1(x)), then that plus mlp(norm2(that)); the MLP as wide as asked, or four times the tokens."
        both.agree(block_forward, **inputs)

    @given(inputs=st.builds(masked_sequence, sequences(block_shapes), seeds()))
    def test_hides_what_the_mask_hides_and_leaves_its_arguments_alone(self, both, inputs):
        both.agree(masked_block_forward, **inputs)

    @given(inputs=FEW_SEQUENCES)
    def test_two_silent_branches_leave_the_tokens_alone(self, learner, inputs):
        state, x = inputs["weights"], inputs["x"]
        silent = ("attn.proj.weight", "attn.proj.bias", "mlp.fc2.weight", "mlp.fc2.bias")
        state = state | {name: torch.zeros_like(state[name]) for name in silent}
        expect(learner.run(block_forward, **inputs | {"weights": state}), x, "a block whose branches add nothing")

    @given(inputs=FEW_SEQUENCES)
    def test_gradients_match_the_reference(self, both, inputs):
        agree_on_gradients(both, block_gradients, inputs)


@exercise("ViT")
class TestViT:
    @given(inputs=classified_pictures())
    def test_matches_the_reference(self, both, inputs):
        "Patches, class token first, positions, blocks, norm, head."
        both.agree(vit_forward, **inputs)

    @given(inputs=classified_pictures(deepest=0))
    def test_without_blocks_the_class_token_answers_alone(self, learner, inputs):
        state, x = inputs["weights"], inputs["x"]
        token = state["cls_token"][0] + state["pos_embed"][0, :1]
        normed = F.layer_norm(token, token.shape[-1:], state["norm.weight"], state["norm.bias"], eps=1e-6)
        want = F.linear(normed, state["head.weight"], state["head.bias"]).expand(len(x), -1)
        expect(learner.run(vit_forward, **inputs), want, "the logits of a ViT of depth 0")

    @given(inputs=classified_pictures(deepest=1, shallowest=1, narrowest=3))
    def test_gradients_match_the_reference(self, both, inputs):
        agree_on_gradients(both, vit_gradients, inputs)

    @given(seed=seeds())
    def test_positions_start_small_and_the_class_token_at_zero(self, learner, seed):
        sizes = {"image_size": 16, "patch": 2, "dim": 32, "depth": 1, "heads": 2, "num_classes": 5}
        got = learner.run(fresh_vit, **sizes, seed=seed)
        cls_token, pos_embed = got["cls_token"], got["pos_embed"]
        expect(cls_token, torch.zeros(1, 1, 32), "cls_token")
        expect(str(tuple(pos_embed.shape)), "(1, 65, 32)", "the shape of pos_embed")
        # 2080 draws: the sample deviation is off by 12 % once in 10¹⁴ runs, the mean by 0.003 once in 10¹¹.
        expect(float(pos_embed.std()), 0.02, "the standard deviation of pos_embed", rtol=0.12)
        expect(float(pos_embed.mean()), 0.0, "the mean of pos_embed", atol=0.003)
        # A normal distribution has tails: none of the draws lies beyond 2.5 deviations once in 10¹¹ runs.
        assert largest(pos_embed) > 0.05, "pos_embed has no entry beyond 2.5 deviations: it is not drawn from a normal"
