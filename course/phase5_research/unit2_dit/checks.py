"""Checks for unit 5.2, diffusion transformers."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect
from grader.judge.terms.scenarios import load_weights, refusal
from grader.judge.trial.strategies import dims, generator, numbers, seeds, weights

DTYPES = st.sampled_from([torch.float32, torch.float64])
# A layer norm turns the rounding of a constant row into its whole output, so no constant rows for modules.
TOKENS = ("unit", "tiny", "integers")


# Inputs -----------------------------------------------------------------------------------------------------


def modulations():
    """x (B, N, D), shift (B, D), scale (B, D)."""

    def arguments(b, n, d, dtype, seed):
        return numbers(seed, (b, n, d), (b, d), (b, d), dtype=dtype)

    return st.tuples(dims(4), dims(4), dims(4), DTYPES, seeds()).map(lambda drawn: arguments(*drawn))


def token_grids():
    """tokens (B, g·g, p·p·c), p and c."""

    def arguments(b, g, p, c, dtype, seed):
        return *numbers(seed, (b, g * g, p * p * c), dtype=dtype), p, c

    return st.tuples(dims(3), dims(3), dims(3), dims(3), DTYPES, seeds()).map(lambda drawn: arguments(*drawn))


@st.composite
def no_square_pictures(draw):
    """tokens that are not g·g in number, or not p·p·c wide."""
    n, p, c = draw(dims(6)), draw(dims(3)), draw(dims(3))
    width = p * p * c
    if math.isqrt(n) ** 2 == n:
        others = {width + 1, 2 * width, width - 1, p * p * (c - 1)} - {0, width}
        width = draw(st.sampled_from(sorted(others)))
    return torch.zeros(1, n, width), p, c


def labels():
    """(k, dim, p), the weights of a LabelEmbedder that drops all or nothing, and labels 0 … k."""

    def inputs(k, dim, p, b, seed):
        y = torch.randint(k + 1, (b,), generator=generator(seed))
        return (k, dim, p), weights({"embedding_table.weight": (k + 1, dim)}, seed), y

    drawn = st.tuples(dims(4), dims(4), st.sampled_from([0.0, 1.0]), dims(5), seeds())
    return drawn.map(lambda numbers: inputs(*numbers))


def all_labels(k, dim):
    """The same for no dropping, with each label once, the null class among them."""
    return (k, dim, 0.0), weights({"embedding_table.weight": (k + 1, dim)}, k), torch.arange(k + 1)


def linear(name, into, out):
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def block_shapes(dim, heads, mlp_ratio=4.0, name=""):
    """What the statement promises of a DiTBlock; the heads add no weights."""
    hidden = int(dim * mlp_ratio)
    attention = linear(f"{name}attn.qkv", dim, 3 * dim) | linear(f"{name}attn.proj", dim, dim)
    mlp = linear(f"{name}mlp.fc1", dim, hidden) | linear(f"{name}mlp.fc2", hidden, dim)
    return attention | mlp | linear(f"{name}adaLN_modulation.1", dim, 6 * dim)


def final_shapes(dim, p, out_channels, name=""):
    """What the statement promises of a FinalLayer."""
    return linear(f"{name}linear", dim, p * p * out_channels) | linear(f"{name}adaLN_modulation.1", dim, 2 * dim)


def dit_shapes(patch, channels, dim, depth, heads, num_classes, mlp_ratio=4.0, **_):
    """What the statement promises of a DiT."""
    shapes = {"x_embedder.proj.weight": (dim, channels, patch, patch), "x_embedder.proj.bias": (dim,)}
    shapes |= linear("t_embedder.mlp.0", 256, dim) | linear("t_embedder.mlp.2", dim, dim)
    shapes |= {"y_embedder.embedding_table.weight": (num_classes + 1, dim)}
    for i in range(depth):
        shapes |= block_shapes(dim, heads, mlp_ratio, f"blocks.{i}.")
    return shapes | final_shapes(dim, patch, 2 * channels, "final_layer.")


def block_and_tokens(heads, width, ratio, b, n, seed):
    """DiTBlock's arguments, its weights, tokens (B, N, D) and conditions (B, D)."""
    dim = heads * width
    x, c = numbers(seed, (b, n, dim), (b, dim), kinds=TOKENS)
    return (dim, heads, *ratio), weights(block_shapes(dim, heads, *ratio), seed), x, c


def steered_tokens():
    ratios = st.sampled_from([(), (2.0,), (1.0,), (1.5,)])
    drawn = st.tuples(dims(2), st.sampled_from([1, 2, 4]), ratios, dims(3), dims(4), seeds())
    return drawn.map(lambda numbers: block_and_tokens(*numbers))


# For what does not depend on sizes: to build modules is what an example costs.
FEW_BLOCKS = st.sampled_from(
    [
        block_and_tokens(1, 4, (), 2, 3, 0),
        block_and_tokens(2, 4, (1.5,), 3, 1, 1),
        block_and_tokens(2, 1, (), 1, 4, 3),
        block_and_tokens(1, 2, (2.0,), 1, 2, 6),
    ]
)


def layer_and_tokens(dim, p, channels, b, n, seed):
    """FinalLayer's arguments, its weights, tokens and conditions."""
    x, c = numbers(seed, (b, n, dim), (b, dim), kinds=TOKENS)
    return (dim, p, channels), weights(final_shapes(dim, p, channels), seed), x, c


def finished_tokens():
    drawn = st.tuples(dims(4), dims(2), dims(3), dims(3), dims(4), seeds())
    return drawn.map(lambda numbers: layer_and_tokens(*numbers))


FEW_LAYERS = st.sampled_from(
    [layer_and_tokens(4, 2, 1, 2, 3, 0), layer_and_tokens(1, 1, 3, 3, 1, 1), layer_and_tokens(3, 2, 2, 1, 4, 3)]
)


def model_and_latents(patch, grid, channels, heads, classes, depth, more, b, seed, twice=False):
    """DiT's arguments by name, its weights, and x, t, y; `twice` lays x, t and y out for guidance."""
    size = patch * grid
    arguments = {"input_size": size, "patch": patch, "channels": channels, "dim": 4 * heads}
    arguments |= {"depth": depth, "heads": heads, "num_classes": classes, **more}
    (x,) = numbers(seed, ((1 + twice) * b, channels, size, size))
    rng = generator(seed)
    t, y = torch.randint(1000, (b,), generator=rng), torch.randint(classes + (not twice), (b,), generator=rng)
    if twice:
        t, y = torch.cat([t, t]), torch.cat([y, torch.full((b,), classes)])
    return arguments, weights(dit_shapes(**arguments), seed), x, t, y


def noisy_latents(deepest=2, twice=False):
    ratios = st.sampled_from([{}, {"mlp_ratio": 2.0}, {"mlp_ratio": 1.5}, {"mlp_ratio": 0.3}])
    depths = st.integers(0, deepest)
    drawn = st.tuples(dims(2), dims(3), dims(4), dims(2), dims(3), depths, ratios, dims(3), seeds())
    return drawn.map(lambda numbers: model_and_latents(*numbers, twice))


FEW_MODELS = st.sampled_from(
    [
        model_and_latents(1, 2, 1, 1, 1, 1, {}, 2, 1),
        model_and_latents(2, 1, 3, 2, 2, 2, {"mlp_ratio": 1.5}, 1, 4),
        model_and_latents(2, 3, 2, 1, 3, 0, {}, 3, 5),
    ]
)


def costs():
    """dit_gflops' arguments, with or without mlp_ratio."""
    ratios = st.sampled_from([(), (0.3,), (1.5,), (2.0,)])
    drawn = st.tuples(dims(8), dims(4), dims(4), dims(200), st.integers(0, 3), ratios)
    return drawn.map(lambda sizes: (sizes[0] * sizes[1], *sizes[1:5], *sizes[5]))


SCALES = st.sampled_from([1.0, 1.5, 4.0, 0.0])


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def made(impl, name, arguments, state=None):
    """A module with these weights, or with those that it starts with."""
    arguments, options = ((), arguments) if isinstance(arguments, dict) else (arguments, {})
    module = getattr(impl, name)(*arguments, **options)
    return module if state is None else load_weights(module, state)


def forward(impl, name, arguments, state, *inputs):
    """What a module makes of the inputs, labels not dropped."""
    return made(impl, name, arguments, state).eval()(*inputs)


def gradients(impl, name, arguments, state, *inputs):
    """What Σ out², in training, sends back to the inputs, and to every weight by its promised name."""
    module = made(impl, name, arguments, state)
    inputs = [one.clone().requires_grad_(one.is_floating_point()) for one in inputs]
    module(*inputs).square().sum().backward()
    own = {key: value for key, value in module.named_parameters() if value.requires_grad}
    if set(own) != set(state):
        own = dict(zip(state, own.values(), strict=True))
    return {"inputs": [one.grad for one in inputs], "weights": {key: own[key].grad for key in state}}


def fresh(impl, name, arguments, seed, x, c):
    """What a block or layer that nobody has trained makes of tokens, and of the condition."""
    torch.default_generator.manual_seed(seed)  # of the CPU alone: torch.manual_seed costs five milliseconds
    module = made(impl, name, arguments)
    return {"output": module(x, c), "modulation": module.adaLN_modulation(c)}


def fresh_dit(impl, arguments, seed, x, t, y):
    """An untrained model's prediction, and what its first block makes of some tokens."""
    torch.default_generator.manual_seed(seed)
    dit = made(impl, "DiT", arguments).eval()
    ones = torch.ones(1, 2, arguments["dim"])
    return {"prediction": dit(x, t, y), "first block": dit.blocks[0](ones, ones[:, 0])}


def modulate_and_arguments(impl, x, shift, scale):
    """The arguments as they are after a call."""
    impl.modulate(x, shift, scale)
    return x, shift, scale


def embed_while_training(impl, arguments, state, y, seed):
    """The rows that the embedder looks up in training mode, its draws taken from a generator of this seed."""
    embedder = load_weights(impl.LabelEmbedder(*arguments), state).train()
    return embedder(y, torch.Generator().manual_seed(seed))


def rows_of_a_batch(impl, size, seed):
    """The rows that `size` labels 0 get at p = 1/2, once and once more, and the labels after that."""
    embedder = load_weights(impl.LabelEmbedder(1, 1, 0.5), {"embedding_table.weight": torch.tensor([[3.0], [7.0]])})
    embedder.train()
    y = torch.zeros(size, dtype=torch.int64)
    torch.default_generator.manual_seed(seed)
    draws = torch.Generator().manual_seed(seed)
    rows = {"first": embedder(y, draws), "second": embedder(y, draws)}
    rows |= {"first again": embedder(y, torch.Generator().manual_seed(seed))}
    rows |= {"without a generator": embedder(y), "once more without": embedder(y)}
    return rows | {"outside training": embedder.eval()(y, draws), "labels": y}


def positions_in_the_state(impl, arguments):
    state = impl.DiT(**arguments).state_dict()
    if "pos_embed" not in state:
        raise ValueError(f"pos_embed is not in the state dict, which holds {', '.join(state)}")
    return state["pos_embed"]


def dit_while_training(impl, arguments, state, x, t, y, seed):
    return made(impl, "DiT", arguments, state)(x, t, y, torch.Generator().manual_seed(seed))


def guided(impl, arguments, state, x, t, y, scale):
    return made(impl, "DiT", arguments, state).eval().forward_with_cfg(x, t, y, scale)


# Checks -----------------------------------------------------------------------------------------------------


@exercise("modulate")
class TestModulate:
    @given(inputs=modulations())
    def test_matches_the_reference(self, both, inputs):
        "x · (1 + scale) + shift, one shift and one scale for all tokens of an image."
        both.agree("modulate", *inputs)

    @given(inputs=modulations())
    def test_zeros_leave_the_tokens_alone(self, learner, inputs):
        x, shift, scale = inputs
        out = learner.modulate(x, torch.zeros_like(shift), torch.zeros_like(scale))
        expect(out, x, "modulate(x, 0, 0)")

    @given(inputs=modulations())
    def test_a_scale_of_minus_one_leaves_the_shift(self, learner, inputs):
        x, shift, scale = inputs
        out = learner.modulate(x, shift, -torch.ones_like(scale))
        expect(out, torch.stack(x.shape[1] * [shift], dim=1), "modulate(x, shift, −1)")

    @given(inputs=modulations())
    def test_leaves_its_arguments_alone(self, learner, inputs):
        after = learner.run(modulate_and_arguments, *inputs)
        for name, value, want in zip(("x", "shift", "scale"), after, inputs, strict=True):
            expect(value, want, f"{name} after the call", rtol=0, atol=0)


@exercise("unpatchify")
class TestUnpatchify:
    @given(inputs=token_grids())
    def test_matches_the_reference(self, both, inputs):
        "Tokens in reading order, channels last inside a token."
        both.agree("unpatchify", *inputs)

    @given(inputs=token_grids())
    def test_every_token_lands_on_its_own_square(self, learner, inputs):
        tokens, p, c = inputs
        g = math.isqrt(tokens.shape[1])
        image = learner.unpatchify(tokens, p, c)
        expect(tuple(image.shape), (len(tokens), c, g * p, g * p), "the shape of the image")
        for i in range(g):
            for j in range(g):
                square = image[:, :, i * p : (i + 1) * p, j * p : (j + 1) * p]
                want = torch.stack([tokens[:, g * i + j, channel::c] for channel in range(c)], dim=1)
                expect(square.flatten(2), want, f"the square of row {i}, column {j}")

    @given(inputs=no_square_pictures())
    def test_refuses_what_is_no_square_picture(self, learner, inputs):
        tokens, p, c = inputs
        found = learner.run(refusal, "unpatchify", tokens, p, c)
        expect(found, "ValueError", f"{tokens.shape[1]} tokens of width {tokens.shape[2]}, p={p}, c={c}")


@exercise("sincos_pos_embed_2d")
class TestSincosPosEmbed2d:
    @given(quarter=dims(5), grid=dims(6))
    def test_matches_the_reference(self, both, quarter, grid):
        "The column in the first half, the row in the second, sines before cosines in each."
        both.agree("sincos_pos_embed_2d", 4 * quarter, grid)

    @given(quarter=dims(5), grid=dims(6))
    def test_the_halves_change_places_when_the_picture_is_transposed(self, learner, quarter, grid):
        out = learner.sincos_pos_embed_2d(4 * quarter, grid)
        expect(tuple(out.shape), (grid * grid, 4 * quarter), "the shape of the table")
        column, row = out.unflatten(0, (grid, grid)).chunk(2, dim=-1)
        expect(column, row.transpose(0, 1), "the first half")
        angle = torch.arange(grid)[:, None] / 10000.0 ** (torch.arange(quarter) / quarter)
        wave = torch.cat([angle.sin(), angle.cos()], dim=1)
        # atol: the angles are float32 numbers up to five.
        expect(row, wave[:, None].expand_as(row), "the second half, in a row of the grid", atol=2e-5)

    @given(quarter=dims(5), grid=dims(4), rest=dims(3))
    def test_refuses_a_width_that_four_does_not_divide(self, learner, quarter, grid, rest):
        found = learner.run(refusal, "sincos_pos_embed_2d", 4 * quarter - rest, grid)
        expect(found, "ValueError", f"dim={4 * quarter - rest}")


@exercise("LabelEmbedder")
class TestLabelEmbedder:
    @given(inputs=labels())
    def test_matches_the_reference(self, both, inputs):
        "One row for each class, and row k for no class; outside training nothing is dropped."
        both.agree(forward, "LabelEmbedder", *inputs)

    @given(inputs=labels(), seed=seeds())
    def test_training_drops_all_labels_at_p_1_and_none_at_p_0(self, learner, inputs, seed):
        (k, _, p), state, y = inputs
        out = learner.run(embed_while_training, *inputs, seed)
        rows = torch.full_like(y, k) if p else y
        expect(out, state["embedding_table.weight"][rows], "the rows that training looks up")

    @given(k=dims(3))
    def test_gradients_match_the_reference(self, both, k):
        "The null row is trained like the others."
        both.agree(gradients, "LabelEmbedder", *all_labels(k, 2))

    @given(seed=st.integers(0, 7))
    def test_labels_are_dropped_one_by_one(self, learner, seed):
        rows = learner.run(rows_of_a_batch, 100, seed)
        drawn = [rows["first"], rows["second"], rows["without a generator"], rows["once more without"]]
        # At p = 1/2 a hundred labels share one fate, or two batches all fates, once in 10²⁹ runs.
        for one in drawn:
            expect(tuple(one.shape), (100, 1), "the shape of the rows")
            assert one.unique().tolist() == [3.0, 7.0], "at p = 1/2 all labels of a batch are dropped, or none"
        assert not torch.equal(*drawn[:2]), "the same labels are dropped in each call"
        assert not torch.equal(*drawn[2:]), "without a generator, the same labels are dropped in each call"
        expect(rows["first again"], rows["first"], "the rows that the same generator gives, made anew")
        expect(rows["outside training"], torch.full((100, 1), 3.0), "the rows outside training, a generator given")
        expect(rows["labels"], torch.zeros(100, dtype=torch.int64), "the labels themselves, after the calls")

    @given(seed=st.integers(0, 3), p=st.sampled_from([0.1, 0.3, 0.8]))
    def test_training_drops_each_label_with_probability_p(self, learner, seed, p):
        arguments, state = (2, 1, p), {"embedding_table.weight": torch.tensor([[10.0], [20.0], [30.0]])}
        out = learner.run(embed_while_training, arguments, state, torch.arange(2000) % 2, seed)
        expect(tuple(out.shape), (2000, 1), "the shape of the rows")
        dropped = out[:, 0] == 30
        kept = 10.0 + 10 * (torch.arange(2000) % 2)
        expect(out[~dropped, 0], kept[~dropped], "the rows of the labels that stay")
        # The share of 2000 drops has a standard deviation of 0.0112 at most: 0.07 is six of them, or one false
        # failure in 5·10⁸ runs.
        expect(float(dropped.double().mean()), p, "the share of dropped labels", rtol=0, atol=0.07)


@exercise("DiTBlock")
class TestDiTBlock:
    @given(inputs=steered_tokens())
    def test_matches_the_reference(self, both, inputs):
        "Normalise, modulate, transform, gate, add; once with attention, once with the MLP."
        both.agree(forward, "DiTBlock", *inputs)

    @given(inputs=FEW_BLOCKS, seed=st.integers(0, 1))
    def test_a_new_block_is_the_identity(self, learner, inputs, seed):
        arguments, _, x, c = inputs
        out = learner.run(fresh, "DiTBlock", arguments, seed, x, c)
        expect(out["output"], x, "a block that nobody has trained")
        expect(out["modulation"], torch.zeros(len(x), 6 * x.shape[2]), "what adaLN_modulation gives before training")

    @given(inputs=FEW_BLOCKS)
    def test_gradients_match_the_reference(self, both, inputs):
        both.agree(gradients, "DiTBlock", *inputs)


@exercise("DiT")
class TestDiT:
    @given(inputs=finished_tokens())
    def test_final_layer_matches_the_reference(self, both, inputs):
        "Normalise, modulate, one linear map."
        both.agree(forward, "FinalLayer", *inputs)

    @given(inputs=FEW_LAYERS, seed=st.integers(0, 1))
    def test_a_new_final_layer_gives_zeros(self, learner, inputs, seed):
        (dim, p, channels), _, x, c = inputs
        out = learner.run(fresh, "FinalLayer", inputs[0], seed, x, c)
        expect(out["output"], torch.zeros(*x.shape[:2], p * p * channels), "a final layer that nobody has trained")
        expect(out["modulation"], torch.zeros(len(x), 2 * dim), "what adaLN_modulation gives before training")

    @given(inputs=noisy_latents())
    def test_matches_the_reference(self, both, inputs):
        "Embed, add positions, steer every block by t and y, lay the tokens back out."
        both.agree(forward, "DiT", *inputs)

    @given(inputs=FEW_MODELS)
    def test_gradients_match_the_reference(self, both, inputs):
        arguments, *rest = inputs
        both.agree(gradients, "DiT", {**arguments, "class_dropout": 0.0}, *rest)

    @given(inputs=FEW_MODELS, seed=st.integers(0, 1))
    def test_a_new_model_predicts_zero(self, learner, inputs, seed):
        "Whatever a model does to its weights at the start, blocks and final layer keep their zeros."
        arguments, _, x, t, y = inputs
        arguments = {**arguments, "depth": 1 + arguments["depth"]}
        out = learner.run(fresh_dit, arguments, seed, x, t, y)
        expect(out["prediction"], torch.cat([0 * x, 0 * x], dim=1), "what a new model predicts")
        expect(out["first block"], torch.ones(1, 2, arguments["dim"]), "what its first block makes of ones")

    @given(inputs=FEW_MODELS)
    def test_the_positions_are_saved_with_the_model(self, both, inputs):
        "The state dict holds pos_embed, as that of the released model does."
        both.agree(positions_in_the_state, inputs[0])

    @given(inputs=FEW_MODELS, seed=st.integers(0, 1))
    def test_training_drops_labels(self, both, inputs, seed):
        "With class_dropout 1, a model in training sees no label at all."
        arguments, *rest = inputs
        both.agree(dit_while_training, {**arguments, "class_dropout": 1.0}, *rest, seed)

    @given(seed=st.integers(0, 3))
    def test_training_drops_a_tenth_of_the_labels_unless_told_otherwise(self, learner, seed):
        arguments = dict(input_size=1, patch=1, channels=1, dim=4, depth=0, heads=1, num_classes=1)
        state = weights(dit_shapes(**arguments), 0)
        t = y = torch.zeros(1000, dtype=torch.int64)
        inputs = arguments, state, torch.zeros(1000, 1, 1, 1), t, y, seed
        out = learner.run(dit_while_training, *inputs)
        expect(tuple(out.shape), (1000, 2, 1, 1), "the shape of the prediction")
        expect(learner.run(dit_while_training, *inputs), out, "the prediction with the same generator, made anew")
        # All 1000 images are equal, so that what differs from most has lost its label.
        dropped = (out[:, 0, 0, 0] - out[:, 0, 0, 0].median()).abs() > 1e-3
        # The share of 1000 drops has a standard deviation of 0.0095: 0.06 is more than six of them.
        expect(float(dropped.double().mean()), 0.1, "the share of dropped labels", rtol=0, atol=0.06)

    @given(inputs=noisy_latents(deepest=1, twice=True), scale=SCALES)
    def test_forward_with_cfg_matches_the_reference(self, both, inputs, scale):
        "ε_uncond + s · (ε_cond − ε_uncond) on the first C channels, the other C as they are."
        out = both.agree(guided, *inputs, scale)
        first, second = out[:, : inputs[0]["channels"]].chunk(2)
        expect(second, first, "the guided noise of the second half")

    @given(inputs=costs())
    def test_dit_gflops_matches_the_reference(self, both, inputs):
        "One multiply-and-add is one flop; matrix products only."
        both.agree("dit_gflops", *inputs)

    @given(row=st.sampled_from([(384, 12, 6.06), (768, 12, 23.01), (1024, 24, 80.71), (1152, 28, 118.64)]))
    def test_dit_gflops_gives_the_numbers_of_the_paper(self, learner, row):
        dim, depth, gflops = row
        # Table 4 of the paper rounds to two decimals.
        expect(learner.dit_gflops(32, 2, 4, dim, depth), gflops, "Gflops at 32 × 32 × 4, p = 2", rtol=1e-3)
