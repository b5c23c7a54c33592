"""Checks for unit 5.2, diffusion transformers."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect, expect_untouched
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
    """A LabelEmbedder that drops all or nothing, its weights, and labels 0 … k."""

    def inputs(k, dim, p, b, seed):
        y = torch.randint(k + 1, (b,), generator=generator(seed))
        return embedder_and_labels(k, dim, p, seed, y)

    drawn = st.tuples(dims(4), dims(4), st.sampled_from([0.0, 1.0]), dims(5), seeds())
    return drawn.map(lambda numbers: inputs(*numbers))


def embedder_and_labels(k, dim, p, seed, y):
    return {"k": k, "dim": dim, "p": p, "weights": weights({"embedding_table.weight": (k + 1, dim)}, seed), "y": y}


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
    arguments = {"dim": heads * width, "heads": heads, **ratio}
    x, c = numbers(seed, (b, n, heads * width), (b, heads * width), kinds=TOKENS)
    return {**arguments, "weights": weights(block_shapes(**arguments), seed), "x": x, "c": c}


def steered_tokens():
    ratios = st.sampled_from([{}, {"mlp_ratio": 2.0}, {"mlp_ratio": 1.0}, {"mlp_ratio": 1.5}])
    drawn = st.tuples(dims(2), st.sampled_from([1, 2, 4]), ratios, dims(3), dims(4), seeds())
    return drawn.map(lambda numbers: block_and_tokens(*numbers))


# For what does not depend on sizes: to build modules is what an example costs.
FEW_BLOCKS = st.sampled_from(
    [
        block_and_tokens(1, 4, {}, 2, 3, 0),
        block_and_tokens(2, 4, {"mlp_ratio": 1.5}, 3, 1, 1),
        block_and_tokens(2, 1, {}, 1, 4, 3),
        block_and_tokens(1, 2, {"mlp_ratio": 2.0}, 1, 2, 6),
    ]
)


def layer_and_tokens(dim, p, channels, b, n, seed):
    """FinalLayer's arguments, its weights, tokens and conditions."""
    x, c = numbers(seed, (b, n, dim), (b, dim), kinds=TOKENS)
    arguments = {"dim": dim, "p": p, "out_channels": channels}
    return {**arguments, "weights": weights(final_shapes(**arguments), seed), "x": x, "c": c}


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
    return {**arguments, "weights": weights(dit_shapes(**arguments), seed), "x": x, "t": t, "y": y}


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


def without_weights(inputs, *others):
    """The inputs for a module that keeps what it starts with."""
    return {name: value for name, value in inputs.items() if name not in ("weights", *others)}


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def embedder(impl, k, dim, p, weights, y):
    """The rows that the embedder looks up outside training."""
    return load_weights(impl.LabelEmbedder(k, dim, p), weights).eval()(y)


def embedder_while_training(impl, k, dim, p, weights, y, seed):
    """The rows that the embedder looks up in training mode, its draws taken from a generator of this seed."""
    return load_weights(impl.LabelEmbedder(k, dim, p), weights).train()(y, torch.Generator().manual_seed(seed))


def embedder_gradients(impl, k, dim, p, weights, y):
    return gradients(load_weights(impl.LabelEmbedder(k, dim, p), weights), weights, {"y": y})


def block(impl, dim, heads, weights, x, c, mlp_ratio=None):
    return load_weights(impl.DiTBlock(dim, heads, *given_at_all(mlp_ratio)), weights).eval()(x, c)


def block_gradients(impl, dim, heads, weights, x, c, mlp_ratio=None):
    module = load_weights(impl.DiTBlock(dim, heads, *given_at_all(mlp_ratio)), weights)
    return gradients(module, weights, {"x": x, "c": c})


def new_block(impl, dim, heads, seed, x, c, mlp_ratio=None):
    """What a block that nobody has trained makes of tokens, and its adaLN_modulation of the condition."""
    torch.default_generator.manual_seed(seed)  # of the CPU alone: torch.manual_seed costs five milliseconds
    module = impl.DiTBlock(dim, heads, *given_at_all(mlp_ratio))
    return {"output": module(x, c), "adaLN_modulation(c)": module.adaLN_modulation(c)}


def final_layer(impl, dim, p, out_channels, weights, x, c):
    return load_weights(impl.FinalLayer(dim, p, out_channels), weights).eval()(x, c)


def new_final_layer(impl, dim, p, out_channels, seed, x, c):
    """What a final layer that nobody has trained makes of tokens, and its adaLN_modulation of the condition."""
    torch.default_generator.manual_seed(seed)
    module = impl.FinalLayer(dim, p, out_channels)
    return {"output": module(x, c), "adaLN_modulation(c)": module.adaLN_modulation(c)}


def dit(impl, input_size, patch, channels, dim, depth, heads, num_classes, weights, x, t, y, mlp_ratio=None):
    """What a model outside training predicts."""
    arguments = dit_arguments(input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio)
    return load_weights(impl.DiT(**arguments), weights).eval()(x, t, y)


def dit_gradients(
    impl, input_size, patch, channels, dim, depth, heads, num_classes, weights, x, t, y, class_dropout, mlp_ratio=None
):
    arguments = dit_arguments(input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio, class_dropout)
    return gradients(load_weights(impl.DiT(**arguments), weights), weights, {"x": x, "t": t, "y": y})


def dit_while_training(
    impl,
    input_size,
    patch,
    channels,
    dim,
    depth,
    heads,
    num_classes,
    weights,
    x,
    t,
    y,
    seed,
    mlp_ratio=None,
    class_dropout=None,
):
    """What a model in training predicts, its draws taken from a generator of this seed."""
    arguments = dit_arguments(input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio, class_dropout)
    return load_weights(impl.DiT(**arguments), weights)(x, t, y, torch.Generator().manual_seed(seed))


def dit_with_cfg(
    impl, input_size, patch, channels, dim, depth, heads, num_classes, weights, x, t, y, cfg_scale, mlp_ratio=None
):
    arguments = dit_arguments(input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio)
    return load_weights(impl.DiT(**arguments), weights).eval().forward_with_cfg(x, t, y, cfg_scale)


def new_dit(impl, input_size, patch, channels, dim, depth, heads, num_classes, seed, x, t, y, mlp_ratio=None):
    """An untrained model's prediction, and what its first block makes of some tokens."""
    torch.default_generator.manual_seed(seed)
    model = impl.DiT(**dit_arguments(input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio)).eval()
    ones = torch.ones(1, 2, dim)
    return {"prediction": model(x, t, y), "blocks[0] of ones": model.blocks[0](ones, ones[:, 0])}


def positions_in_the_state(impl, input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio=None):
    arguments = dit_arguments(input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio)
    state = impl.DiT(**arguments).state_dict()
    if "pos_embed" not in state:
        held = dict.fromkeys(name.partition(".")[0] for name in state)
        raise ValueError(f"pos_embed is not in the state dict, which holds {', '.join(held)}")
    return {"pos_embed": state["pos_embed"]}


def dit_arguments(input_size, patch, channels, dim, depth, heads, num_classes, mlp_ratio=None, class_dropout=None):
    """DiT's arguments by name, options only where they are given."""
    arguments = {"input_size": input_size, "patch": patch, "channels": channels, "dim": dim, "depth": depth}
    arguments |= {"heads": heads, "num_classes": num_classes, "mlp_ratio": mlp_ratio, "class_dropout": class_dropout}
    return {name: value for name, value in arguments.items() if value is not None}


def given_at_all(option):
    return [] if option is None else [option]


def gradients(module, weights, inputs):
    """What Σ out², in training, sends back to the inputs, and to every weight by its promised name."""
    watched = {name: one.clone().requires_grad_() for name, one in inputs.items() if one.is_floating_point()}
    module(*(inputs | watched).values()).square().sum().backward()
    own = {name: value for name, value in module.named_parameters() if value.requires_grad}
    if set(own) != set(weights):
        own = dict(zip(weights, own.values(), strict=True))
    found = watched | {name: own[name] for name in weights}
    return {f"gradient of {name}": one.grad for name, one in found.items()}


def rows_of_a_batch(impl, labels, seed):
    """The rows that so many labels 0 get at p = 1/2, once and once more, and the labels after that."""
    module = load_weights(impl.LabelEmbedder(1, 1, 0.5), {"embedding_table.weight": torch.tensor([[3.0], [7.0]])})
    module.train()
    y = torch.zeros(labels, dtype=torch.int64)
    torch.default_generator.manual_seed(seed)
    draws = torch.Generator().manual_seed(seed)
    rows = {"first": module(y, draws), "second": module(y, draws)}
    rows |= {"first again": module(y, torch.Generator().manual_seed(seed))}
    rows |= {"without a generator": module(y), "once more without": module(y)}
    return rows | {"outside training": module.eval()(y, draws), "y after the calls": y}


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
        expect_untouched(learner, "modulate", *inputs)


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
        expect(str(tuple(image.shape)), str((len(tokens), c, g * p, g * p)), "the shape of the image")
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
        expect(str(tuple(out.shape)), str((grid * grid, 4 * quarter)), "the shape of the table")
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
        both.agree(embedder, **inputs)

    @given(inputs=labels(), seed=seeds())
    def test_training_drops_all_labels_at_p_1_and_none_at_p_0(self, learner, inputs, seed):
        out = learner.run(embedder_while_training, **inputs, seed=seed)
        rows = torch.full_like(inputs["y"], inputs["k"]) if inputs["p"] else inputs["y"]
        expect(out, inputs["weights"]["embedding_table.weight"][rows], "the rows that training looks up")

    @given(k=dims(3))
    def test_gradients_match_the_reference(self, both, k):
        "The null row is trained like the others."
        both.agree(embedder_gradients, **embedder_and_labels(k, 2, 0.0, seed=k, y=torch.arange(k + 1)))

    @given(seed=st.integers(0, 7))
    def test_labels_are_dropped_one_by_one(self, learner, seed):
        rows = learner.run(rows_of_a_batch, 100, seed)
        drawn = [rows["first"], rows["second"], rows["without a generator"], rows["once more without"]]
        # At p = 1/2 a hundred labels share one fate, or two batches all fates, once in 10²⁹ runs.
        for one in drawn:
            expect(str(tuple(one.shape)), "(100, 1)", "the shape of the rows")
            assert one.unique().tolist() == [3.0, 7.0], "at p = 1/2 all labels of a batch are dropped, or none"
        assert not torch.equal(*drawn[:2]), "the same labels are dropped in each call"
        assert not torch.equal(*drawn[2:]), "without a generator, the same labels are dropped in each call"
        expect(rows["first again"], rows["first"], "the rows that the same generator gives, made anew")
        expect(rows["outside training"], torch.full((100, 1), 3.0), "the rows outside training, a generator given")
        expect(rows["y after the calls"], torch.zeros(100, dtype=torch.int64), "y after the calls")

    @given(seed=st.integers(0, 3), p=st.sampled_from([0.1, 0.3, 0.8]))
    def test_training_drops_each_label_with_probability_p(self, learner, seed, p):
        table = {"embedding_table.weight": torch.tensor([[10.0], [20.0], [30.0]])}
        out = learner.run(embedder_while_training, 2, 1, p, table, torch.arange(2000) % 2, seed)
        expect(str(tuple(out.shape)), "(2000, 1)", "the shape of the rows")
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
        both.agree(block, **inputs)

    @given(inputs=FEW_BLOCKS, seed=st.integers(0, 1))
    def test_a_new_block_is_the_identity(self, learner, inputs, seed):
        x = inputs["x"]
        out = learner.run(new_block, **without_weights(inputs), seed=seed)
        expect(out["output"], x, "the output of a block that nobody has trained")
        expect(out["adaLN_modulation(c)"], torch.zeros(len(x), 6 * x.shape[2]), "adaLN_modulation(c) before training")

    @given(inputs=FEW_BLOCKS)
    def test_gradients_match_the_reference(self, both, inputs):
        both.agree(block_gradients, **inputs)


@exercise("DiT", part="FinalLayer")
class TestFinalLayer:
    @given(inputs=finished_tokens())
    def test_matches_the_reference(self, both, inputs):
        "Normalise, modulate, one linear map."
        both.agree(final_layer, **inputs)

    @given(inputs=FEW_LAYERS, seed=st.integers(0, 1))
    def test_a_new_final_layer_gives_zeros(self, learner, inputs, seed):
        dim, p, channels, x = (inputs[name] for name in ("dim", "p", "out_channels", "x"))
        out = learner.run(new_final_layer, **without_weights(inputs), seed=seed)
        zeros = torch.zeros(*x.shape[:2], p * p * channels)
        expect(out["output"], zeros, "the output of a final layer that nobody has trained")
        expect(out["adaLN_modulation(c)"], torch.zeros(len(x), 2 * dim), "adaLN_modulation(c) before training")


@exercise("DiT", part="forward")
class TestForward:
    @given(inputs=noisy_latents())
    def test_matches_the_reference(self, both, inputs):
        "Embed, add positions, steer every block by t and y, lay the tokens back out."
        both.agree(dit, **inputs)

    @given(inputs=FEW_MODELS)
    def test_gradients_match_the_reference(self, both, inputs):
        both.agree(dit_gradients, **inputs, class_dropout=0.0)

    @given(inputs=FEW_MODELS, seed=st.integers(0, 1))
    def test_a_new_model_predicts_zero(self, learner, inputs, seed):
        "Whatever a model does to its weights at the start, blocks and final layer keep their zeros."
        x, deeper = inputs["x"], {"depth": 1 + inputs["depth"], "seed": seed}
        out = learner.run(new_dit, **(without_weights(inputs) | deeper))
        expect(out["prediction"], torch.cat([0 * x, 0 * x], dim=1), "what a new model predicts")
        expect(out["blocks[0] of ones"], torch.ones(1, 2, inputs["dim"]), "what its first block makes of ones")

    @given(inputs=FEW_MODELS)
    def test_the_positions_are_saved_with_the_model(self, both, inputs):
        "The state dict holds pos_embed, as that of the released model does."
        both.agree(positions_in_the_state, **without_weights(inputs, "x", "t", "y"))

    @given(inputs=FEW_MODELS, seed=st.integers(0, 1))
    def test_training_drops_labels(self, both, inputs, seed):
        "With class_dropout 1, a model in training sees no label at all."
        both.agree(dit_while_training, **inputs, class_dropout=1.0, seed=seed)

    @given(seed=st.integers(0, 3))
    def test_training_drops_a_tenth_of_the_labels_unless_told_otherwise(self, learner, seed):
        arguments = dict(input_size=1, patch=1, channels=1, dim=4, depth=0, heads=1, num_classes=1)
        t = y = torch.zeros(1000, dtype=torch.int64)
        images = {"x": torch.zeros(1000, 1, 1, 1), "t": t, "y": y}
        inputs = {**arguments, "weights": weights(dit_shapes(**arguments), 0), **images, "seed": seed}
        out = learner.run(dit_while_training, **inputs)
        expect(str(tuple(out.shape)), "(1000, 2, 1, 1)", "the shape of the prediction")
        expect(learner.run(dit_while_training, **inputs), out, "the prediction with the same generator, made anew")
        # All 1000 images are equal, so that what differs from most has lost its label.
        dropped = (out[:, 0, 0, 0] - out[:, 0, 0, 0].median()).abs() > 1e-3
        # The share of 1000 drops has a standard deviation of 0.0095: 0.06 is more than six of them.
        expect(float(dropped.double().mean()), 0.1, "the share of dropped labels", rtol=0, atol=0.06)


@exercise("DiT", part="forward_with_cfg")
class TestForwardWithCfg:
    @given(inputs=noisy_latents(deepest=1, twice=True), scale=SCALES)
    def test_matches_the_reference(self, both, inputs, scale):
        "ε_uncond + s · (ε_cond − ε_uncond) on the first C channels, the other C as they are."
        both.agree(dit_with_cfg, **inputs, cfg_scale=scale)

    @given(inputs=noisy_latents(deepest=1, twice=True), scale=SCALES)
    def test_both_halves_have_the_guided_noise(self, learner, inputs, scale):
        "The first C channels of the second half are those of the first half."
        first, second = learner.run(dit_with_cfg, **inputs, cfg_scale=scale)[:, : inputs["channels"]].chunk(2)
        expect(second, first, "the guided noise of the second half")


@exercise("DiT", part="dit_gflops")
class TestDitGflops:
    @given(inputs=costs())
    def test_matches_the_reference(self, both, inputs):
        "One multiply-and-add is one flop; matrix products only."
        both.agree("dit_gflops", *inputs)

    @given(row=st.sampled_from([(384, 12, 6.06), (768, 12, 23.01), (1024, 24, 80.71), (1152, 28, 118.64)]))
    def test_gives_the_numbers_of_the_paper(self, learner, row):
        dim, depth, gflops = row
        # Table 4 of the paper rounds to two decimals.
        expect(learner.dit_gflops(32, 2, 4, dim, depth), gflops, "Gflops at 32 × 32 × 4, p = 2", rtol=1e-3)
