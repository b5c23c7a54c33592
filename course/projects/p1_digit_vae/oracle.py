"""Project P1 against independent oracles: torch's own Sequential and numpy.linspace."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from projects.p1_digit_vae import Decoder, Encoder, interpolate


def heads_as_sequentials(encoder: Encoder) -> tuple[nn.Sequential, nn.Sequential]:
    return nn.Sequential(encoder.fc, nn.ReLU(), encoder.mu), nn.Sequential(encoder.fc, nn.ReLU(), encoder.logvar)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_encoder_is_two_sequentials_that_share_a_layer(pixels, hidden, latent, batch):
    encoder = Encoder(pixels, hidden, latent)
    x = torch.rand(batch, pixels)
    mean, logvar = heads_as_sequentials(encoder)
    got = encoder(x)
    assert isinstance(got, tuple) and len(got) == 2
    torch.testing.assert_close(got[0], mean(x))
    torch.testing.assert_close(got[1], logvar(x))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_decoder_is_a_sequential(latent, hidden, pixels, batch):
    decoder = Decoder(latent, hidden, pixels)
    z = torch.randn(batch, latent)
    torch.testing.assert_close(decoder(z), nn.Sequential(decoder.fc, nn.ReLU(), decoder.out)(z))


def test_default_sizes_are_those_of_the_statement():
    count = lambda module: sum(parameter.numel() for parameter in module.parameters())  # noqa: E731
    assert count(Encoder()) == 784 * 400 + 400 + 2 * (400 * 20 + 20)
    assert count(Decoder()) == 20 * 400 + 400 + 400 * 784 + 784


@given(st.integers(0, 2**16), st.integers(2, 12), st.sampled_from([(3,), (1,), (2, 5)]))
def test_interpolate_is_linspace(seed, steps, shape):
    rng = torch.Generator().manual_seed(seed)
    z0, z1 = torch.randn(2, *shape, generator=rng, dtype=torch.float64)
    walk = interpolate(z0, z1, steps).numpy()
    np.testing.assert_allclose(walk, np.linspace(z0.numpy(), z1.numpy(), steps), rtol=1e-12, atol=1e-12)
