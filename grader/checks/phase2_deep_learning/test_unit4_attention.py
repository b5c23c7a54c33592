"""Checks for unit 2.4, attention and transformers."""

from functools import lru_cache

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from grader.judge import exercise, expect
from grader.judge.compare import largest
from grader.judge.scenarios import load_weights, refusal
from grader.judge.strategies import dims, generator, random_state, seeds, tensors
from phase2_deep_learning import unit4_attention as reference

# A layer norm turns the rounding of a constant row into its whole output, so no constant rows for modules.
TOKENS = ("unit", "tiny", "integers")


# Inputs -----------------------------------------------------------------------------------------------------


@st.composite
def attention_inputs(draw):
    """q (…, Lq, d), k (…, Lk, d), v (…, Lk, dv), with none, one or two leading axes."""
    lead = tuple(draw(st.lists(dims(3), max_size=2)))
    lq, lk, d, dv = (draw(dims(4)) for _ in range(4))
    q = draw(tensors(*lead, lq, d, kinds=TOKENS))
    k = draw(tensors(*lead, lk, d, kinds=("unit", "integers")))
    return q, k, draw(tensors(*lead, lk, dv))


@st.composite
def large_attention_inputs(draw):
    """Scores of some ten thousand that are equal or far apart: no form of the formula can lose them by rounding."""
    batch, lq, lk, dv = (draw(st.integers(2, 5)) for _ in range(4))
    d = draw(st.sampled_from([4, 1]))  # √d is a whole number
    q, k = (draw(tensors(batch, length, d, dtype=torch.float64, kinds=("integers",))) for length in (lq, lk))
    return 1e4 * q, k, draw(tensors(batch, lk, dv, dtype=torch.float64))


@st.composite
def masked_attention_inputs(draw, inputs=attention_inputs):
    """Inputs as above with a mask that broadcasts; every query keeps one key at least."""
    q, k, v = draw(inputs())
    full = (*q.shape[:-1], k.shape[-2])
    shape = [size if draw(st.booleans()) else 1 for size in full[:-1]] + [full[-1]]
    return q, k, v, draw(masks(*shape[draw(st.integers(0, len(shape) - 2)) :]))


@st.composite
def masks(draw, *shape):
    rng = generator(draw(seeds()))
    kept = torch.randint(shape[-1], (*shape[:-1], 1), generator=rng)
    return (torch.rand(shape, generator=rng) < 0.5).scatter(-1, kept, True)


built = lru_cache(lambda module, *arguments: module(*arguments))  # for the shapes of its weights only


@st.composite
def sequences(draw, module, *ratios, narrowest=1):
    """Arguments of `module(dim, heads)`, or with one of the ratios too, its weights, and a batch (B, L, D) for it."""
    heads = draw(dims(3))
    dim = heads * draw(st.integers(narrowest, 3))
    arguments = (dim, heads, *draw(st.sampled_from([(), *((ratio,) for ratio in ratios)])))
    state = random_state(built(module, *arguments), draw(seeds()))
    return arguments, state, draw(tensors(draw(dims(3)), draw(dims(4)), dim, kinds=TOKENS))


@st.composite
def masked_sequences(draw, module):
    arguments, state, x = draw(sequences(module))
    batch, length, heads = len(x), x.shape[1], arguments[1]
    shapes = [(length, length), (batch, 1, 1, length), (heads, length, length), (batch, heads, length, length)]
    return arguments, state, x, draw(masks(*draw(st.sampled_from(shapes))))


@st.composite
def cut_pictures(draw):
    """A picture that patches of side p divide, and p."""
    b, c, rows, columns, p = (draw(dims(3)) for _ in range(5))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return draw(tensors(b, c, rows * p, columns * p, dtype=dtype)), p


@st.composite
def uncut_pictures(draw):
    """A picture that patches of side p do not divide, in its height, its width or both."""
    p = draw(st.integers(2, 4))
    sizes = st.tuples(dims(7), dims(7)).filter(lambda size: size[0] % p or size[1] % p)
    return draw(tensors(1, 2, *draw(sizes))), p


@st.composite
def embedded_pictures(draw):
    """(patch, channels, dim), the weights of a PatchEmbed, and pictures."""
    x, p = draw(cut_pictures())
    x = x.float()
    arguments = (p, x.shape[1], draw(dims(4)))
    return arguments, random_state(built(reference.PatchEmbed, *arguments), draw(seeds())), x


@st.composite
def classified_pictures(draw, deepest=2, shallowest=0, narrowest=1):
    """ViT's arguments, its weights, and pictures."""
    patch, heads, channels = draw(dims(2)), draw(dims(2)), draw(st.sampled_from([3, 1, 2]))
    size, dim = patch * draw(dims(3)), heads * draw(st.integers(narrowest, 3))
    arguments = {
        "image_size": size,
        "patch": patch,
        "dim": dim,
        "depth": draw(st.integers(shallowest, deepest)),
        "heads": heads,
        "num_classes": draw(dims(4)),
    }
    if channels != 3:
        arguments["channels"] = channels
    if draw(st.booleans()):
        arguments["mlp_ratio"] = draw(st.sampled_from([1.5, 2.0]))
    x = draw(tensors(draw(dims(3)), channels, size, size, kinds=TOKENS))
    return arguments, random_state(reference.ViT(**arguments), draw(seeds())), x


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def attention_and_arguments(impl, *arguments):
    return impl.scaled_dot_product_attention(*arguments), *arguments


def attention_gradients(impl, q, k, v, upstream):
    """What a loss that is linear in the output sends back to q, k and v."""
    inputs = [one.requires_grad_() for one in (q, k, v)]
    return torch.autograd.grad((impl.scaled_dot_product_attention(*inputs) * upstream).sum(), inputs)


def loaded(impl, name, arguments, state):
    """A module of the learner's with these weights."""
    arguments, options = ((), arguments) if isinstance(arguments, dict) else (arguments, {})
    return load_weights(getattr(impl, name)(*arguments, **options), state)


def forward(impl, name, arguments, state, *inputs):
    return loaded(impl, name, arguments, state)(*inputs)


def masked_forward(impl, name, arguments, state, x, mask):
    return {"out": loaded(impl, name, arguments, state)(x, mask), "x afterwards": x, "mask afterwards": mask}


def gradients(impl, name, arguments, state, x):
    """What the loss Σ out² sends back to the input, and to every weight by the name that the statement promises."""
    module = loaded(impl, name, arguments, state)
    x = x.detach().requires_grad_()
    module(x).square().sum().backward()
    own = {key: value for key, value in module.named_parameters() if value.requires_grad}
    if set(own) != set(state):
        own = dict(zip(state, own.values(), strict=True))
    return {"x": x.grad} | {key: own[key].grad for key in state}


def fresh_vit(impl, seed):
    torch.default_generator.manual_seed(seed)  # of the CPU alone: torch.manual_seed costs five milliseconds
    vit = impl.ViT(16, 2, 32, 1, 2, 5)
    return vit.cls_token, vit.pos_embed


# Checks -----------------------------------------------------------------------------------------------------


def agree_on_gradients(both, name, *inputs):
    got, want = both.answers(gradients, name, *inputs)
    # Large terms cancel in the backward pass of a layer norm, so that float32 leaves some gradients few digits.
    expect(got, want, "gradients of Σ out²", rtol=1e-3, atol=1e-4 * largest(want))


@exercise("scaled_dot_product_attention")
class TestScaledDotProductAttention:
    @given(qkv=attention_inputs())
    def test_matches_the_reference(self, both, qkv):
        "softmax(q kᵀ / √d) v, for any batch, lengths and widths."
        both.agree("scaled_dot_product_attention", *qkv)

    @given(inputs=masked_attention_inputs())
    def test_hides_what_the_mask_hides(self, both, inputs):
        "Where the mask is False the query does not see the key; the mask may broadcast."
        both.agree("scaled_dot_product_attention", *inputs)

    @given(qkv=large_attention_inputs())
    def test_survives_scores_of_ten_thousand(self, both, qkv):
        "float64 goes in and comes out, and nothing overflows."
        # rtol, atol: in between a scale or the softmax may be float32.
        both.agree("scaled_dot_product_attention", *qkv, rtol=1e-4, atol=1e-5 * largest(qkv[2]))

    @given(inputs=masked_attention_inputs(large_attention_inputs))
    def test_hides_keys_with_scores_of_ten_thousand(self, both, inputs):
        both.agree("scaled_dot_product_attention", *inputs, rtol=1e-4, atol=1e-5 * largest(inputs[2]))  # as above

    @given(qkv=attention_inputs())
    def test_each_query_gets_a_convex_mix_of_values(self, learner, qkv):
        out, v = learner.scaled_dot_product_attention(*qkv), qkv[2]
        room = 1e-5 * (1 + v.abs().amax())
        assert bool((out <= v.amax(-2, keepdim=True) + room).all()), "an output lies above all the values"
        assert bool((out >= v.amin(-2, keepdim=True) - room).all()), "an output lies below all the values"

    @given(qkv=attention_inputs())
    def test_equal_keys_give_the_mean_of_the_values(self, learner, qkv):
        q, k, v = qkv
        out = learner.scaled_dot_product_attention(q, k[..., :1, :].expand_as(k), v)
        mean = v.mean(-2, keepdim=True).expand(*q.shape[:-1], v.shape[-1])
        expect(out, mean, "attention over equal keys")

    @given(qkv=attention_inputs(), hidden=dims(3))
    def test_keys_hidden_from_all_might_as_well_not_be_there(self, learner, qkv, hidden):
        q, k, v = qkv
        more_k = torch.cat([3 + k[..., :1, :].expand(*k.shape[:-2], hidden, -1), k], dim=-2)
        more_v = torch.cat([7 - v[..., :1, :].expand(*v.shape[:-2], hidden, -1), v], dim=-2)
        mask = torch.arange(more_k.shape[-2]) >= hidden
        out = learner.scaled_dot_product_attention(q, more_k, more_v, mask.expand(q.shape[-2], -1))
        expect(out, F.scaled_dot_product_attention(q, k, v), "attention over the keys that are left")

    @given(inputs=masked_attention_inputs())
    def test_leaves_its_arguments_alone(self, both, inputs):
        both.agree(attention_and_arguments, *inputs)

    @given(qkv=attention_inputs(), seed=seeds())
    def test_gradients_match_the_reference(self, both, qkv, seed):
        q, _, v = qkv
        upstream = torch.randn(*q.shape[:-1], v.shape[-1], generator=generator(seed), dtype=q.dtype)
        both.agree(attention_gradients, *qkv, upstream)


@exercise("MultiHeadAttention")
class TestMultiHeadAttention:
    @given(inputs=sequences(reference.MultiHeadAttention))
    def test_matches_the_reference(self, both, inputs):
        "Project, split into heads, attend, merge, project."
        both.agree(forward, "MultiHeadAttention", *inputs)

    @given(inputs=masked_sequences(reference.MultiHeadAttention))
    def test_hides_what_the_mask_hides_and_leaves_its_arguments_alone(self, both, inputs):
        both.agree(masked_forward, "MultiHeadAttention", *inputs)

    @given(inputs=sequences(reference.MultiHeadAttention))
    def test_without_queries_every_token_gets_the_mean_value(self, learner, inputs):
        (dim, _), state, x = inputs
        state["qkv.weight"][:dim] = 0
        state["qkv.bias"][:dim] = 0
        values = F.linear(x, state["qkv.weight"][2 * dim :], state["qkv.bias"][2 * dim :])
        mean = values.mean(1, keepdim=True).expand_as(x)
        want = F.linear(mean, state["proj.weight"], state["proj.bias"])
        expect(learner.run(forward, "MultiHeadAttention", *inputs), want, "attention with q = 0")

    @given(inputs=sequences(reference.MultiHeadAttention))
    def test_gradients_match_the_reference(self, both, inputs):
        agree_on_gradients(both, "MultiHeadAttention", *inputs)

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
        expect(tuple(out.shape), (length, 2 * pairs), "the shape of the encoding")
        expect(out.reshape(length, pairs, 2).square().sum(-1), torch.ones(length, pairs), "sin² + cos²")

    @given(length=dims(30), pairs=dims(6))
    def test_how_alike_two_positions_are_depends_only_on_their_distance(self, learner, length, pairs):
        out = learner.sinusoidal_positional_encoding(length, 2 * pairs).double()
        alike = out @ out.T
        for distance in range(length):
            diagonal = alike.diagonal(distance)
            # rtol, atol: products of float32 numbers of size one, summed over at most twelve columns.
            expect(diagonal, diagonal[:1].expand_as(diagonal), f"PE[i]·PE[i+{distance}]", rtol=0, atol=2e-5)

    @given(length=dims(5), pairs=dims(5))
    def test_refuses_an_odd_width(self, learner, length, pairs):
        found = learner.run(refusal, "sinusoidal_positional_encoding", length, 2 * pairs - 1)
        expect(found, "ValueError", f"dim={2 * pairs - 1}")


@exercise("patchify")
class TestPatchify:
    @given(inputs=cut_pictures())
    def test_matches_the_reference(self, both, inputs):
        "Tokens in reading order, each in the order (C, p, p)."
        both.agree("patchify", *inputs)

    @given(inputs=cut_pictures())
    def test_every_token_is_one_square_of_the_picture(self, learner, inputs):
        x, p = inputs
        rows, columns = x.shape[2] // p, x.shape[3] // p
        tokens = learner.patchify(x, p)
        expect(tuple(tokens.shape), (len(x), rows * columns, x.shape[1] * p * p), "the shape of the tokens")
        for i in range(rows):
            for j in range(columns):
                square = x[:, :, i * p : (i + 1) * p, j * p : (j + 1) * p].flatten(1)
                expect(tokens[:, i * columns + j], square, f"the token of row {i}, column {j}")

    @given(inputs=uncut_pictures())
    def test_refuses_a_picture_that_the_patches_do_not_divide(self, learner, inputs):
        x, p = inputs
        expect(learner.run(refusal, "patchify", x, p), "ValueError", f"{tuple(x.shape)} in patches of {p}")

    @given(inputs=embedded_pictures())
    def test_patch_embed_is_one_matrix_on_the_tokens(self, learner, inputs):
        "One linear map, the same for every patch."
        (p, _, _), state, x = inputs
        tokens = F.unfold(x, p, stride=p).transpose(1, 2)
        want = F.linear(tokens, state["proj.weight"].flatten(1), state["proj.bias"])
        # atol: another order of summation over at most 27 products of numbers up to three.
        expect(learner.run(forward, "PatchEmbed", *inputs), want, "the embedded patches", atol=2e-5)

    @given(inputs=embedded_pictures())
    def test_gradients_of_patch_embed_match_the_reference(self, both, inputs):
        agree_on_gradients(both, "PatchEmbed", *inputs)


@exercise("TransformerBlock")
class TestTransformerBlock:
    @given(inputs=sequences(reference.TransformerBlock, 1.0, 1.5, 2.0))
    def test_matches_the_reference(self, both, inputs):
        "x + attn(norm1(x)), then that plus mlp(norm2(that)); the MLP as wide as asked, or four times the tokens."
        both.agree(forward, "TransformerBlock", *inputs)

    @given(inputs=masked_sequences(reference.TransformerBlock))
    def test_hides_what_the_mask_hides_and_leaves_its_arguments_alone(self, both, inputs):
        both.agree(masked_forward, "TransformerBlock", *inputs)

    @given(inputs=sequences(reference.TransformerBlock))
    def test_two_silent_branches_leave_the_tokens_alone(self, learner, inputs):
        _, state, x = inputs
        for name in ("attn.proj.weight", "attn.proj.bias", "mlp.fc2.weight", "mlp.fc2.bias"):
            state[name].zero_()
        expect(learner.run(forward, "TransformerBlock", *inputs), x, "a block whose branches add nothing")

    @given(inputs=sequences(reference.TransformerBlock, narrowest=3))
    def test_gradients_match_the_reference(self, both, inputs):
        agree_on_gradients(both, "TransformerBlock", *inputs)


@exercise("ViT")
class TestViT:
    @given(inputs=classified_pictures())
    def test_matches_the_reference(self, both, inputs):
        "Patches, class token first, positions, blocks, norm, head."
        both.agree(forward, "ViT", *inputs)

    @given(inputs=classified_pictures(deepest=0))
    def test_without_blocks_the_class_token_answers_alone(self, learner, inputs):
        _, state, x = inputs
        token = state["cls_token"][0] + state["pos_embed"][0, :1]
        normed = F.layer_norm(token, token.shape[-1:], state["norm.weight"], state["norm.bias"], eps=1e-6)
        want = F.linear(normed, state["head.weight"], state["head.bias"]).expand(len(x), -1)
        expect(learner.run(forward, "ViT", *inputs), want, "the logits of a ViT of depth 0")

    @given(inputs=classified_pictures(deepest=1, shallowest=1, narrowest=3))
    def test_gradients_match_the_reference(self, both, inputs):
        agree_on_gradients(both, "ViT", *inputs)

    @given(seed=seeds())
    def test_positions_start_small_and_the_class_token_at_zero(self, learner, seed):
        cls_token, pos_embed = learner.run(fresh_vit, seed)
        expect(cls_token, torch.zeros(1, 1, 32), "cls_token")
        expect(tuple(pos_embed.shape), (1, 65, 32), "the shape of pos_embed")
        # 2080 draws: the sample deviation is off by 12 % once in 10¹⁴ runs, the mean by 0.003 once in 10¹¹.
        expect(float(pos_embed.std()), 0.02, "the standard deviation of pos_embed", rtol=0.12)
        expect(float(pos_embed.mean()), 0.0, "the mean of pos_embed", atol=0.003)
        # A normal distribution has tails: none of the draws lies beyond 2.5 deviations once in 10¹¹ runs.
        assert largest(pos_embed) > 0.05, "pos_embed has no entry beyond 2.5 deviations: it is not drawn from a normal"
