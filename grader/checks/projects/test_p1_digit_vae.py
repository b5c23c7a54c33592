"""Checks for project P1, a digit generator with a VAE."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect
from grader.judge.scenarios import load_weights
from grader.judge.strategies import dims, random_state, seeds, tensors
from projects import p1_digit_vae as reference  # only on the trusted side; never inside a scenario

# Inputs --------------------------------------------------------------------------------------------------------------


@st.composite
def networks(draw, cls):
    """Sizes of the three layers, weights for them and a batch of inputs."""
    sizes = [draw(dims(7)) for _ in range(3)]
    state = random_state(cls(*sizes), draw(seeds()))
    return sizes, state, draw(tensors(draw(dims()), sizes[0]))


@st.composite
def code_pairs(draw):
    """Two codes, or two batches of codes, of one shape and dtype, and a number of steps."""
    shape = [draw(dims(4)) for _ in range(draw(st.integers(1, 3)))]
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return draw(tensors(*shape, dtype=dtype)), draw(tensors(*shape, dtype=dtype)), draw(st.integers(2, 9))


# Scenarios: what is asked of the learner's module ---------------------------------------------------------------------


def forward(impl, name, sizes, state, inputs):
    """The network's output with these weights."""
    return load_weights(getattr(impl, name)(*sizes), state)(inputs)


def gradients(impl, name, sizes, state, inputs):
    """The gradient, for every weight, of the sum of squares of everything that comes out."""
    network = load_weights(getattr(impl, name)(*sizes), state)
    out = network(inputs)
    parts = out if isinstance(out, tuple) else (out,)
    sum((part**2).sum() for part in parts).backward()
    return {key: parameter.grad for key, parameter in network.named_parameters()}


def parameter_shapes(impl, name, *sizes):
    """Names and shapes of the parameters of a new network."""
    return {key: tuple(value.shape) for key, value in getattr(impl, name)(*sizes).named_parameters()}


def two_copies(impl, name):
    """The number of parameters of two networks that differ when they are made one after the other."""
    first, second = getattr(impl, name)(5, 4, 3), getattr(impl, name)(5, 4, 3)
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    return sum(int(not torch.equal(a, b)) for a, b in pairs)


def untouched(impl, z0, z1, steps):
    """The two codes as they are after a call."""
    impl.interpolate(z0, z1, steps)
    return z0, z1


def pulled_back(impl, z0, z1, steps):
    """The gradient of the sum of the whole walk for each of its two ends."""
    z0, z1 = z0.clone().requires_grad_(), z1.clone().requires_grad_()
    impl.interpolate(z0, z1, steps).sum().backward()
    return z0.grad, z1.grad


# Checks ---------------------------------------------------------------------------------------------------------------


@exercise("Encoder")
class TestEncoder:
    @given(network=networks(reference.Encoder))
    def test_matches_the_reference(self, both, network):
        "One hidden layer with ReLU, then one linear head for μ and one for log σ²."
        both.agree(forward, "Encoder", *network)

    @given(network=networks(reference.Encoder))
    def test_gradients_match(self, both, network):
        "Every weight of the network gets its gradient."
        both.agree(gradients, "Encoder", *network)

    @given(network=networks(reference.Encoder))
    def test_both_heads_take_either_sign(self, learner, network):
        "Negating the weights of the heads negates the mean and the log-variance."
        sizes, state, x = network
        flipped = {key: value if key.startswith("fc.") else -value for key, value in state.items()}
        mu, logvar = learner.run(forward, "Encoder", sizes, state, x)
        mu_flipped, logvar_flipped = learner.run(forward, "Encoder", sizes, flipped, x)
        expect(mu_flipped, -mu, "the mean after its head's weights are negated")
        expect(logvar_flipped, -logvar, "the log-variance after its head's weights are negated")

    def test_has_the_promised_sizes(self, both):
        "784 pixels, 400 hidden units and 20 latent dimensions, unless told otherwise."
        both.agree(parameter_shapes, "Encoder")

    def test_starts_from_random_weights(self, learner):
        "Two encoders made one after the other differ in every weight and bias."
        assert learner.run(two_copies, "Encoder") == 6, "two new encoders share some of their weights"


@exercise("Decoder")
class TestDecoder:
    @given(network=networks(reference.Decoder))
    def test_matches_the_reference(self, both, network):
        "One hidden layer with ReLU, then one logit a pixel."
        both.agree(forward, "Decoder", *network)

    @given(network=networks(reference.Decoder))
    def test_gradients_match(self, both, network):
        "Every weight of the network gets its gradient."
        both.agree(gradients, "Decoder", *network)

    @given(network=networks(reference.Decoder))
    def test_logits_take_either_sign(self, learner, network):
        "Negating the last layer negates the logits: they are no probabilities and nothing clips them."
        sizes, state, z = network
        flipped = {key: value if key.startswith("fc.") else -value for key, value in state.items()}
        logits = learner.run(forward, "Decoder", sizes, state, z)
        expect(
            learner.run(forward, "Decoder", sizes, flipped, z), -logits, "the logits after the last layer is negated"
        )

    def test_has_the_promised_sizes(self, both):
        "20 latent dimensions, 400 hidden units and 784 pixels, unless told otherwise."
        both.agree(parameter_shapes, "Decoder")

    def test_starts_from_random_weights(self, learner):
        "Two decoders made one after the other differ in every weight and bias."
        assert learner.run(two_copies, "Decoder") == 4, "two new decoders share some of their weights"


@exercise("interpolate")
class TestInterpolate:
    @given(pair=code_pairs())
    def test_matches_the_reference(self, both, pair):
        "Equally spaced points of the straight line, for single codes and for batches."
        both.agree("interpolate", *pair)

    @given(pair=code_pairs())
    def test_both_ends_are_there(self, learner, pair):
        "The first code is z0 and the last one is z1."
        z0, z1, steps = pair
        walk = learner.interpolate(z0, z1, steps)
        assert tuple(walk.shape) == (steps, *z0.shape), f"{steps} steps of {tuple(z0.shape)} gave {tuple(walk.shape)}"
        expect(walk[0], z0, "the first code of the walk")
        expect(walk[-1], z1, "the last code of the walk")

    @given(pair=code_pairs())
    def test_the_way_back_is_the_way_there(self, learner, pair):
        "From z1 to z0 the walk visits the same codes in the opposite order."
        z0, z1, steps = pair
        back = learner.interpolate(z1, z0, steps)
        expect(
            learner.interpolate(z0, z1, steps), back.flip(0), "the walk from z0 to z1, against the one back, reversed"
        )

    @given(pair=code_pairs())
    def test_gradients_reach_both_ends(self, both, pair):
        "Half of every walk belongs to each end."
        both.agree(pulled_back, *pair)

    @given(pair=code_pairs())
    def test_leaves_its_arguments_alone(self, learner, pair):
        "The two codes are the caller's and stay as they were."
        z0, z1, _ = pair
        after = learner.run(untouched, *pair)
        assert torch.equal(after[0], z0) and torch.equal(after[1], z1), "interpolate changed one of its arguments"

    @pytest.mark.parametrize("steps", [1, 0])
    def test_refuses_fewer_than_two_steps(self, both, steps):
        "A walk that includes both ends has at least two codes."
        both.agree(refusal, torch.zeros(3), torch.ones(3), steps)


def refusal(impl, z0, z1, steps):
    """The kind of error that the call raises, or the shape that it returned instead."""
    try:
        return tuple(impl.interpolate(z0, z1, steps).shape)
    except ValueError:
        return "ValueError"
