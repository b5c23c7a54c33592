"""Checks for unit 5.2, diffusion transformers."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect
from grader.judge.scenarios import load_weights
from grader.judge.strategies import dims, generator, random_state, seeds, tensors
from phase5_research import unit2_dit as reference

DTYPES = st.sampled_from([torch.float32, torch.float64])
# A layer norm turns the rounding of a constant row into its whole output, so no constant rows for modules.
TOKENS = ("unit", "tiny", "integers")


# Inputs -----------------------------------------------------------------------------------------------------


@st.composite
def modulations(draw):
    """x (B, N, D), shift (B, D), scale (B, D)."""
    b, n, d = (draw(dims(4)) for _ in range(3))
    dtype = draw(DTYPES)
    return tuple(draw(tensors(*shape, dtype=dtype)) for shape in ((b, n, d), (b, d), (b, d)))


@st.composite
def token_grids(draw):
    """tokens (B, g·g, p·p·c), p and c."""
    b, g, p, c = (draw(dims(3)) for _ in range(4))
    return draw(tensors(b, g * g, p * p * c, dtype=draw(DTYPES))), p, c


@st.composite
def no_square_pictures(draw):
    """tokens that are not g·g in number, or not p·p·c wide."""
    n, p, c = draw(dims(6)), draw(dims(3)), draw(dims(3))
    width = p * p * c
    if math.isqrt(n) ** 2 == n:
        width = draw(st.sampled_from([width + 1, 2 * width]))
    return torch.zeros(1, n, width), p, c


@st.composite
def labels(draw, *probabilities):
    """(k, dim, p), the weights of a LabelEmbedder, and labels 0 … k."""
    k, dim = draw(dims(4)), draw(dims(4))
    arguments = (k, dim, draw(st.sampled_from(probabilities)))
    state = random_state(reference.LabelEmbedder(*arguments), draw(seeds()))
    return arguments, state, draw(whole_numbers(k + 1, draw(dims(5))))


@st.composite
def whole_numbers(draw, end, *shape):
    """An int64 tensor of numbers 0 … end − 1."""
    return torch.randint(end, shape, generator=generator(draw(seeds())))


@st.composite
def steered_tokens(draw, *ratios):
    """DiTBlock's arguments, perhaps with one of the ratios, its weights, tokens (B, N, D) and conditions (B, D)."""
    heads = draw(dims(2))
    dim = heads * draw(st.sampled_from([1, 2, 4]))
    arguments = (dim, heads, *draw(st.sampled_from([(), *((ratio,) for ratio in ratios)])))
    state = random_state(reference.DiTBlock(*arguments), draw(seeds()))
    b = draw(dims(3))
    return arguments, state, draw(tensors(b, draw(dims(4)), dim, kinds=TOKENS)), draw(tensors(b, dim))


@st.composite
def finished_tokens(draw):
    """FinalLayer's arguments, its weights, tokens and conditions."""
    arguments = dim, _, _ = draw(st.tuples(dims(4), dims(2), dims(3)))
    b = draw(dims(3))
    state = random_state(reference.FinalLayer(*arguments), draw(seeds()))
    return arguments, state, draw(tensors(b, draw(dims(4)), dim, kinds=TOKENS)), draw(tensors(b, dim))


@st.composite
def small_dits(draw, deepest=2):
    """DiT's arguments, all by name."""
    patch, heads = draw(dims(2)), draw(dims(2))
    arguments = {
        "input_size": patch * draw(dims(3)),
        "patch": patch,
        "channels": draw(dims(3)),
        "dim": 4 * heads,
        "depth": draw(st.integers(0, deepest)),
        "heads": heads,
        "num_classes": draw(dims(3)),
    }
    if draw(st.booleans()):
        arguments["mlp_ratio"] = draw(st.sampled_from([0.3, 1.5, 2.0]))
    return arguments


@st.composite
def noisy_latents(draw, deepest=2, twice=False):
    """DiT's arguments and weights, and x, t, y; `twice` lays x, t and y out for guidance."""
    arguments = draw(small_dits(deepest))
    state = random_state(reference.DiT(**arguments), draw(seeds()))
    b, size, null = draw(dims(3)), arguments["input_size"], arguments["num_classes"]
    x = draw(tensors((1 + twice) * b, arguments["channels"], size, size))
    t, y = draw(whole_numbers(1000, b)), draw(whole_numbers(null + (not twice), b))
    if twice:
        t, y = torch.cat([t, t]), torch.cat([y, torch.full((b,), null)])
    return arguments, state, x, t, y


@st.composite
def costs(draw):
    """dit_gflops' arguments, with or without mlp_ratio."""
    patch, channels, dim, depth = draw(dims(4)), draw(dims(4)), draw(dims(200)), draw(st.integers(0, 3))
    ratio = draw(st.sampled_from([(), (0.3,), (1.5,), (2.0,)]))
    return patch * draw(dims(8)), patch, channels, dim, depth, *ratio


SCALES = st.sampled_from([1.0, 1.5, 4.0, 0.0])


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def forward(impl, name, arguments, state, *inputs):
    """Build a module, load its weights, run it without dropping labels."""
    arguments, options = ((), arguments) if isinstance(arguments, dict) else (arguments, {})
    return load_weights(getattr(impl, name)(*arguments, **options), state).eval()(*inputs)


def gradients(impl, name, arguments, state, *inputs):
    """What the loss Σ out² sends back to every weight, by the name that the statement promises."""
    arguments, options = ((), arguments) if isinstance(arguments, dict) else (arguments, {})
    module = load_weights(getattr(impl, name)(*arguments, **options), state).eval()
    module(*inputs).square().sum().backward()
    own = {key: value for key, value in module.named_parameters() if value.requires_grad}
    if set(own) != set(state):
        own = dict(zip(state, own.values(), strict=True))
    return {key: own[key].grad for key in state}


def fresh(impl, name, arguments, seed, *inputs):
    """What a module that nobody has trained makes of the inputs."""
    torch.default_generator.manual_seed(seed)  # of the CPU alone: torch.manual_seed costs five milliseconds
    arguments, options = ((), arguments) if isinstance(arguments, dict) else (arguments, {})
    return getattr(impl, name)(*arguments, **options).eval()(*inputs)


def fresh_modulation(impl, dim, seed):
    torch.default_generator.manual_seed(seed)
    return impl.FinalLayer(dim, 2, 3).adaLN_modulation(torch.ones(1, dim))


def embed_while_training(impl, arguments, state, y, seed):
    """The rows that the embedder looks up in training mode, its draws taken from a generator of this seed."""
    embedder = load_weights(impl.LabelEmbedder(*arguments), state).train()
    return embedder(y, torch.Generator().manual_seed(seed))


def fates_in_a_batch(impl, size, seed):
    """Whether some of `size` equal labels are dropped at p = 1/2, and whether some stay."""
    embedder = load_weights(impl.LabelEmbedder(1, 1, 0.5), {"embedding_table.weight": torch.tensor([[3.0], [7.0]])})
    rows = embedder.train()(torch.zeros(size, dtype=torch.int64), torch.Generator().manual_seed(seed))
    return {"dropped": bool((rows == 7).any()), "kept": bool((rows == 3).any())}


def count_of_weights(impl, arguments):
    """How many numbers training may change."""
    return sum(value.numel() for value in impl.DiT(**arguments).parameters() if value.requires_grad)


def positions_in_the_state(impl, arguments):
    return impl.DiT(**arguments).state_dict()["pos_embed"]


def dit_while_training(impl, arguments, state, x, t, y, seed):
    dit = load_weights(impl.DiT(**arguments), state).train()
    return dit(x, t, y, torch.Generator().manual_seed(seed))


def guided(impl, arguments, state, x, t, y, scale):
    return load_weights(impl.DiT(**arguments), state).eval().forward_with_cfg(x, t, y, scale)


def refusal(impl, name, *arguments):
    """Whether the call raises ValueError."""
    try:
        getattr(impl, name)(*arguments)
    except ValueError:
        return "ValueError"
    return "no error"


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
    @given(inputs=labels(0.0, 1.0))
    def test_matches_the_reference(self, both, inputs):
        "One row for each class, and row k for no class; outside training nothing is dropped."
        both.agree(forward, "LabelEmbedder", *inputs)

    @given(inputs=labels(0.0, 1.0), seed=seeds())
    def test_training_drops_all_labels_at_p_1_and_none_at_p_0(self, both, inputs, seed):
        (k, _, p), state, y = inputs
        out = both.agree(embed_while_training, *inputs, seed)
        rows = torch.full_like(y, k) if p else y
        expect(out, state["embedding_table.weight"][rows], "the rows that training looks up")

    @given(seed=seeds())
    def test_labels_are_dropped_one_by_one(self, both, seed):
        # At p = 1/2 a hundred labels share one fate once in 10³⁰ runs.
        both.agree(fates_in_a_batch, 100, seed)

    @given(seed=seeds(), p=st.sampled_from([0.1, 0.3, 0.8]))
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
    @given(inputs=steered_tokens(1.0, 1.5, 2.0))
    def test_matches_the_reference(self, both, inputs):
        "Normalise, modulate, transform, gate, add; once with attention, once with the MLP."
        both.agree(forward, "DiTBlock", *inputs)

    @given(inputs=steered_tokens(), seed=seeds())
    def test_a_new_block_is_the_identity(self, both, inputs, seed):
        arguments, _, x, c = inputs
        out = both.agree(fresh, "DiTBlock", arguments, seed, x, c)
        expect(out, x, "a block that nobody has trained")

    @given(inputs=steered_tokens())
    def test_gradients_match_the_reference(self, both, inputs):
        both.agree(gradients, "DiTBlock", *inputs)


@exercise("DiT")
class TestDiT:
    @given(inputs=finished_tokens())
    def test_final_layer_matches_the_reference(self, both, inputs):
        "Normalise, modulate, one linear map."
        both.agree(forward, "FinalLayer", *inputs)

    @given(inputs=finished_tokens(), seed=seeds())
    def test_a_new_final_layer_gives_zeros(self, both, inputs, seed):
        arguments, _, x, c = inputs
        _, p, channels = arguments
        out = both.agree(fresh, "FinalLayer", arguments, seed, x, c)
        expect(out, torch.zeros(*x.shape[:2], p * p * channels), "a final layer that nobody has trained")

    @given(dim=dims(4), seed=seeds())
    def test_a_new_final_layer_does_not_modulate(self, learner, dim, seed):
        out = learner.run(fresh_modulation, dim, seed)
        expect(out, torch.zeros(1, 2 * dim), "what adaLN_modulation gives before training")

    @given(inputs=noisy_latents())
    def test_matches_the_reference(self, both, inputs):
        "Embed, add positions, steer every block by t and y, lay the tokens back out."
        both.agree(forward, "DiT", *inputs)

    @given(inputs=noisy_latents(deepest=1))
    def test_gradients_match_the_reference(self, both, inputs):
        both.agree(gradients, "DiT", *inputs)

    @given(arguments=small_dits())
    def test_has_the_weights_of_the_paper_and_no_more(self, learner, arguments):
        d, p2c = arguments["dim"], arguments["patch"] ** 2 * arguments["channels"]
        hidden = int(d * arguments.get("mlp_ratio", 4.0))
        block = (4 * d * d + 4 * d) + (2 * d * hidden + hidden + d) + (6 * d * d + 6 * d)
        embedders = (p2c * d + d) + (256 * d + d + d * d + d) + (arguments["num_classes"] + 1) * d
        final = (2 * d * d + 2 * d) + (d * 2 * p2c + 2 * p2c)
        want = embedders + arguments["depth"] * block + final
        expect(learner.run(count_of_weights, arguments), want, "the number of trainable weights")

    @given(arguments=small_dits(deepest=0))
    def test_the_positions_are_saved_with_the_model(self, both, arguments):
        both.agree(positions_in_the_state, arguments)

    @given(inputs=noisy_latents(deepest=1), seed=seeds())
    def test_training_drops_labels(self, both, inputs, seed):
        "With class_dropout 1, a model in training sees no label at all."
        arguments, *rest = inputs
        both.agree(dit_while_training, {**arguments, "class_dropout": 1.0}, *rest, seed)

    @given(seed=seeds())
    def test_training_drops_a_tenth_of_the_labels_unless_told_otherwise(self, learner, seed):
        arguments = dict(input_size=1, patch=1, channels=1, dim=4, depth=0, heads=1, num_classes=1)
        state = random_state(reference.DiT(**arguments), 0)
        t = y = torch.zeros(1000, dtype=torch.int64)
        out = learner.run(dit_while_training, arguments, state, torch.zeros(1000, 1, 1, 1), t, y, seed)
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
