"""Unit 1.1's references against scikit-learn, scipy, PyTorch, torchvision and diffusers."""

import numpy as np
import pytest
import scipy.stats
import torch
import torch.nn.functional as F
from diffusers.image_processor import VaeImageProcessor
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from torch.utils.data import BatchSampler, SequentialSampler
from torchvision.transforms.functional import adjust_brightness
from torchvision.utils import make_grid as torchvision_grid

from phase1_foundations.unit1_python import (
    brighten,
    from_uint8,
    make_grid,
    minibatches,
    one_hot,
    pairwise_sq_dists,
    standardize,
    to_uint8,
)

SEEDS = st.integers(0, 2**32 - 1)


def table(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("amount", [-1.0, -0.3, 0.0, 0.4, 1.0])
def test_brighten_saturates_as_torch_does(amount):
    image = np.random.default_rng(0).random((4, 5, 3))
    np.testing.assert_array_equal(brighten(image, amount), (torch.from_numpy(image) + amount).clamp(0, 1).numpy())
    # A factor is the other way to brighten; on an image of one level the two can be made equal.
    level = np.full((3, 1, 1), 0.5)
    theirs = adjust_brightness(torch.from_numpy(level), 1 + 2 * max(amount, -0.5))
    np.testing.assert_allclose(brighten(level, max(amount, -0.5)), theirs.numpy(), atol=1e-12)


@given(SEEDS, st.integers(2, 9), st.integers(1, 5), st.sampled_from((1e-4, 1.0, 1e4)))
def test_standardize_is_that_of_scikit_learn_and_of_scipy(seed, n, d, scale):
    x = scale * (table(seed, n, d) + 2)
    np.testing.assert_allclose(standardize(x), StandardScaler().fit_transform(x), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(standardize(x.T, axis=1), scipy.stats.zscore(x.T, axis=1), rtol=1e-9, atol=1e-9)


def test_standardize_with_eps_is_layer_norm():
    x = np.vstack([table(0, 3, 6), np.ones((1, 6))])
    theirs = F.layer_norm(torch.from_numpy(x), (6,), eps=1e-5)
    np.testing.assert_allclose(standardize(x, axis=1, eps=1e-5), theirs.numpy(), rtol=1e-9, atol=1e-12)


@given(SEEDS, st.integers(1, 9), st.integers(1, 6))
def test_one_hot_is_that_of_torch(seed, n, classes):
    y = np.random.default_rng(seed).integers(0, classes, n)
    ours, theirs = one_hot(y, classes), F.one_hot(torch.from_numpy(y), classes).float().numpy()
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


@given(SEEDS, st.integers(1, 7), st.integers(1, 7), st.integers(1, 5))
def test_pairwise_sq_dists_is_scipys(seed, n, m, d):
    x, y = table(seed, n, d), table(seed + 1, m, d)
    np.testing.assert_allclose(pairwise_sq_dists(x, y), cdist(x, y, "sqeuclidean"), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("n, batch_size", [(0, 3), (1, 1), (6, 3), (7, 3), (2, 5)])
def test_minibatches_are_torchs(n, batch_size, drop_last):
    theirs = list(BatchSampler(SequentialSampler(range(n)), batch_size, drop_last))
    rng = np.random.default_rng(0)
    assert [one.tolist() for one in minibatches(n, batch_size, rng, False, drop_last)] == theirs
    shuffled = list(minibatches(n, batch_size, rng, True, drop_last))
    assert [len(one) for one in shuffled] == [len(one) for one in theirs]
    if not drop_last:
        assert sorted(np.concatenate([*shuffled, np.empty(0, int)])) == list(range(n))


def test_every_order_is_as_likely_as_any_other():
    rng = np.random.default_rng(0)
    orders = [tuple(np.concatenate(list(minibatches(3, 2, rng)))) for _ in range(6000)]
    counts = [orders.count(one) for one in set(orders)]
    assert len(counts) == 6 and scipy.stats.chisquare(counts).pvalue > 1e-4


@given(SEEDS, st.integers(2, 11), st.integers(1, 9), st.integers(0, 3), st.sampled_from((0.0, 1.0, -0.5)))
def test_make_grid_is_torchvisions(seed, b, nrow, padding, pad_value):
    images = table(seed, b, 3, 4, 5).astype(np.float32)
    theirs = torchvision_grid(torch.from_numpy(images), nrow=nrow, padding=padding, pad_value=pad_value)
    np.testing.assert_array_equal(make_grid(images, nrow, padding, pad_value), theirs.numpy())


@given(SEEDS, st.integers(1, 3), st.sampled_from((1, 3)))
def test_to_uint8_is_diffusers_way_to_a_file(seed, b, channels):
    x = 1.5 * table(seed, b, channels, 4, 5).astype(np.float32)
    theirs = VaeImageProcessor(vae_scale_factor=1).postprocess(torch.from_numpy(x), output_type="np")
    np.testing.assert_array_equal(to_uint8(x), (theirs * 255).round().astype(np.uint8))


def test_from_uint8_is_diffusers_way_in():
    img = np.random.default_rng(0).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    theirs = VaeImageProcessor(vae_scale_factor=1).preprocess(img / np.float32(255)).numpy()
    np.testing.assert_allclose(from_uint8(img), theirs, atol=1e-6)
    levels = np.arange(256.0)[:, None]
    ours = from_uint8(np.arange(256, dtype=np.uint8).reshape(1, 256, 1, 1)).reshape(256, 1)
    np.testing.assert_allclose(ours, MinMaxScaler((-1, 1)).fit_transform(levels), atol=1e-6)
