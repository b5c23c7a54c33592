"""Checks for project P1, a digit generator with a VAE."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect, expect_untouched
from grader.judge.terms.scenarios import load_weights, named, refusal
from grader.judge.trial.strategies import dims, generator, random_state, seeds, tensors
from projects import p1_digit_vae as reference  # only on the trusted side; never inside a scenario

# Inputs --------------------------------------------------------------------------------------------------------------


SIZES = st.lists(dims(7), min_size=3, max_size=3)


@st.composite
def images(draw):
    """Sizes of an encoder's layers, weights for it and a batch of images in [0, 1]."""
    sizes, rows, seed = draw(SIZES), draw(dims()), draw(seeds())
    x = torch.rand(rows, sizes[0], generator=generator(seed))
    return *sizes, random_state(reference.Encoder(*sizes), seed), x.round() if seed % 2 else x


@st.composite
def codes(draw):
    """Sizes of a decoder's layers, weights for it and a batch of codes."""
    sizes, rows, seed = draw(SIZES), draw(dims()), draw(seeds())
    return *sizes, random_state(reference.Decoder(*sizes), seed), draw(tensors(rows, sizes[0]))


@st.composite
def code_pairs(draw):
    """Two codes, or two batches of codes, of one shape and dtype, and a number of steps."""
    shape = draw(st.lists(dims(4), min_size=1, max_size=3))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return draw(tensors(*shape, dtype=dtype)), draw(tensors(*shape, dtype=dtype)), draw(st.integers(2, 9))


def rounding(z0, z1):
    """What fractions of the way in float32 cost, in codes of any dtype."""
    return 1e-6 * float(torch.maximum(z0.abs(), z1.abs()).max())


# Scenarios: what is asked of the learner's module ---------------------------------------------------------------------


def encoder(impl, pixels, hidden, latent, weights, x):
    """What an Encoder of these sizes and weights returns."""
    return named(load_weights(impl.Encoder(pixels, hidden, latent), weights)(x), "mu", "logvar")


def decoder(impl, latent, hidden, pixels, weights, z):
    """What a Decoder of these sizes and weights returns."""
    return load_weights(impl.Decoder(latent, hidden, pixels), weights)(z)


def encoder_gradients(impl, pixels, hidden, latent, weights, x):
    return gradients(load_weights(impl.Encoder(pixels, hidden, latent), weights), x)


def decoder_gradients(impl, latent, hidden, pixels, weights, z):
    return gradients(load_weights(impl.Decoder(latent, hidden, pixels), weights), z)


def gradients(network, inputs):
    """The gradient, for every weight, of the sum of squares of everything that comes out."""
    out = network(inputs)
    parts = out if isinstance(out, tuple | list) else [out]
    sum(part.square().sum() for part in parts).backward()
    return {f"gradient of {name}": parameter.grad for name, parameter in network.named_parameters()}


def encoder_shapes(impl):
    return shapes(impl.Encoder())


def decoder_shapes(impl):
    return shapes(impl.Decoder())


def shapes(network):
    """Names and shapes of the parameters of a new network."""
    return {name: str(tuple(value.shape)) for name, value in network.named_parameters()}


def two_encoders(impl, pixels, hidden, latent):
    """The first layers of two encoders made one after the other."""
    return {name: impl.Encoder(pixels, hidden, latent).fc.weight for name in ("first", "second")}


def two_decoders(impl, latent, hidden, pixels):
    """The first layers of two decoders made one after the other."""
    return {name: impl.Decoder(latent, hidden, pixels).fc.weight for name in ("first", "second")}


# Checks ---------------------------------------------------------------------------------------------------------------


@exercise("Encoder")
class TestEncoder:
    @given(network=images())
    def test_matches_the_reference(self, both, network):
        "One hidden layer with ReLU, then one linear head for μ and one for log σ²."
        both.agree(encoder, *network)

    @given(network=images())
    def test_gradients_match(self, both, network):
        "Every weight of the network gets its gradient."
        both.agree(encoder_gradients, *network)

    @given(network=images())
    def test_both_heads_take_any_value(self, learner, network):
        "With nothing but a bias in them, the heads return their biases, whatever the sign and however large."
        *sizes, weights, x = network
        heads = {"mu.weight": 0, "logvar.weight": 0, "mu.bias": 200, "logvar.bias": 200}
        weights |= {key: factor * weights[key] for key, factor in heads.items()}
        want = {head: weights[f"{head}.bias"].expand(len(x), -1) for head in ("mu", "logvar")}
        expect(learner.run(encoder, *sizes, weights, x), want)

    def test_has_the_promised_sizes(self, both):
        "784 pixels, 400 hidden units and 20 latent dimensions, unless told otherwise."
        both.agree(encoder_shapes)

    def test_starts_from_random_weights(self, learner):
        "Two encoders made one after the other have different first layers, and no two hidden units are equal."
        assert_random(learner.run(two_encoders, 5, 4, 3))


@exercise("Decoder")
class TestDecoder:
    @given(network=codes())
    def test_matches_the_reference(self, both, network):
        "One hidden layer with ReLU, then one logit a pixel."
        both.agree(decoder, *network)

    @given(network=codes())
    def test_gradients_match(self, both, network):
        "Every weight of the network gets its gradient."
        both.agree(decoder_gradients, *network)

    @given(network=codes())
    def test_logits_take_any_value(self, learner, network):
        "With nothing but a bias in it, the last layer returns its bias: no probability, and nothing clips it."
        *sizes, weights, z = network
        weights |= {"out.weight": 0 * weights["out.weight"], "out.bias": 200 * weights["out.bias"]}
        expect(learner.run(decoder, *sizes, weights, z), weights["out.bias"].expand(len(z), -1), "logits")

    def test_has_the_promised_sizes(self, both):
        "20 latent dimensions, 400 hidden units and 784 pixels, unless told otherwise."
        both.agree(decoder_shapes)

    def test_starts_from_random_weights(self, learner):
        "Two decoders made one after the other have different first layers, and no two hidden units are equal."
        assert_random(learner.run(two_decoders, 5, 4, 3))


def assert_random(pair):
    """What the other layers start from is free: a bias, or a head, may well start at zero."""
    for weight in pair.values():
        expect(str(tuple(weight.shape)), "(4, 5)", "the shape of fc.weight")
    assert len(torch.cat(list(pair.values())).unique(dim=0)) == 8, "hidden units of new networks share their weights"


@exercise("interpolate")
class TestInterpolate:
    @given(pair=code_pairs())
    def test_matches_the_reference(self, both, pair):
        "Equally spaced points of the straight line, for single codes and for batches."
        both.agree("interpolate", *pair, atol=rounding(*pair[:2]))

    @given(pair=code_pairs())
    def test_both_ends_are_there(self, learner, pair):
        "The first code is z0 and the last one is z1."
        z0, z1, steps = pair
        walk = learner.interpolate(z0, z1, steps)
        assert tuple(walk.shape) == (steps, *z0.shape), f"{steps} steps of {tuple(z0.shape)} gave {tuple(walk.shape)}"
        expect(walk[0], z0, "the first code of the walk", atol=rounding(z0, z1))
        expect(walk[-1], z1, "the last code of the walk", atol=rounding(z0, z1))

    @given(pair=code_pairs())
    def test_all_gaps_are_equal(self, learner, pair):
        "From each code to the next it is one part in steps − 1 of the way."
        z0, z1, steps = pair
        gaps = learner.interpolate(z0, z1, steps).diff(dim=0)
        gap = (z1 - z0) / (steps - 1)
        expect(gaps, gap.expand(steps - 1, *gap.shape), "the gaps of the walk", atol=2 * rounding(z0, z1))

    @given(pair=code_pairs())
    def test_leaves_its_arguments_alone(self, learner, pair):
        "The two codes are the caller's and stay as they were."
        expect_untouched(learner, "interpolate", *pair)

    @pytest.mark.parametrize("steps", [1, 0, -3])
    def test_refuses_fewer_than_two_steps(self, learner, steps):
        "A walk that includes both ends has at least two codes."
        found = learner.run(refusal, "interpolate", torch.zeros(3), torch.ones(3), steps)
        expect(found, "ValueError", f"a walk of {steps} steps")
