"""Unit 2.6's references against torch, scipy and scikit-learn, and against what gradient descent finds."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.spatial import cKDTree, geometric_slerp
from scipy.spatial.distance import squareform
from scipy.special import rel_entr
from scipy.stats import entropy
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import _t_sne
from sklearn.neighbors import KNeighborsClassifier
from torch import nn
from torch.distributions import Bernoulli
from torch.nn import functional as F

from phase1_foundations.unit1_python import pairwise_sq_dists
from phase2_deep_learning.unit6_autoencoders import (
    ConvAutoencoder,
    knn_probe,
    linear_ae_reconstruct,
    reconstruction_loss,
    slerp,
    tsne_affinities,
)

few = settings(max_examples=50, deadline=None)
SEEDS = st.integers(0, 2**32 - 1)


def table(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@few
@given(SEEDS, st.integers(1, 4), st.integers(1, 3))
def test_the_loss_is_torchs_summed_and_divided_by_the_batch(seed, b, c):
    xhat = torch.from_numpy(3 * table(seed, b, c, 5, 4))
    x = torch.from_numpy(table(seed + 1, b, c, 5, 4)).sigmoid()
    bce = F.binary_cross_entropy_with_logits(xhat, x, reduction="none").sum((1, 2, 3)).mean()
    torch.testing.assert_close(reconstruction_loss(x, xhat, "bce"), bce)
    mse = F.mse_loss(xhat, x, reduction="none").sum((1, 2, 3)).mean()
    torch.testing.assert_close(reconstruction_loss(x, xhat, "mse"), mse)
    likelihood = Bernoulli(logits=xhat).log_prob(x.round()).sum() / b
    torch.testing.assert_close(reconstruction_loss(x.round(), xhat, "bce"), -likelihood)


def test_grey_pixels_cost_their_divergence_and_their_own_entropy():
    x = torch.tensor([[[[0.2, 0.9]]]], dtype=torch.float64)
    p = torch.tensor([[[[0.5, 0.4]]]], dtype=torch.float64)
    pair = [np.stack([one.numpy().ravel(), 1 - one.numpy().ravel()]) for one in (x, p)]
    want = rel_entr(*pair).sum() + entropy(pair[0]).sum()
    assert reconstruction_loss(x, p.logit(), "bce").item() == pytest.approx(want, rel=1e-12)


@pytest.mark.parametrize("k", [1, 5, 20, 61])
def test_the_linear_autoencoder_is_pca_of_scikit_learn(k):
    x = load_digits().data
    theirs = PCA(k, svd_solver="full").fit(x)
    np.testing.assert_allclose(
        linear_ae_reconstruct(x, k), theirs.inverse_transform(theirs.transform(x)), rtol=1e-9, atol=1e-8
    )


def test_gradient_descent_on_a_linear_autoencoder_ends_there_and_not_below():
    x = torch.from_numpy(table(0, 40, 6) @ np.diag([4.0, 3, 2, 1, 0.5, 0.2]) + 3)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 2), nn.Linear(2, 6)).double()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2000, tolerance_grad=1e-10, tolerance_change=1e-14)

    def closure():
        optimizer.zero_grad()
        loss = (model(x) - x).square().mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    want = linear_ae_reconstruct(x.numpy(), 2)
    assert closure().item() >= np.square(want - x.numpy()).mean() - 1e-12
    np.testing.assert_allclose(model(x).detach().numpy(), want, atol=1e-3)


def test_the_autoencoder_beats_the_best_linear_one_where_data_are_curved():
    """Bars at 16 places of 28 × 28 pixels: one number says all, but not by a linear map."""
    x = torch.zeros(16, 1, 28, 28)
    for i in range(16):
        x[i, 0, :, i : i + 12] = 1
    torch.manual_seed(0)
    model = ConvAutoencoder(1, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(400):
        optimizer.zero_grad()
        _, logits = model(x)
        reconstruction_loss(x, logits, "bce").backward()
        optimizer.step()
    linear = linear_ae_reconstruct(x.flatten(1).double().numpy(), 1).reshape(x.shape)
    of_linear = np.square(linear - x.numpy()).sum() / 16
    assert reconstruction_loss(x, model(x)[1].sigmoid(), "mse").item() < 0.6 * of_linear


def test_the_autoencoder_has_the_sizes_of_torch_layers_in_a_row():
    want = nn.Sequential(
        nn.Conv2d(3, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 4, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(1568, 9),
        nn.Linear(9, 1568), nn.ReLU(), nn.Unflatten(1, (32, 7, 7)),
        nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1),
    )  # fmt: skip
    mine = ConvAutoencoder(3, 9)
    mine.load_state_dict(dict(zip(mine.state_dict(), want.state_dict().values(), strict=True)))
    x = torch.rand(2, 3, 28, 28)
    torch.testing.assert_close(mine(x)[0], want[:6](x))
    torch.testing.assert_close(mine(x)[1], want(x))


@few
@given(SEEDS, st.integers(2, 9), st.floats(0.01, 100))
def test_the_walk_is_scipys(seed, d, length):
    z0, z1 = table(seed, 2, d)
    t = np.random.default_rng(seed).uniform(size=4)
    got = slerp(torch.from_numpy(length * z0), torch.from_numpy(z1), torch.from_numpy(t))
    want = [geometric_slerp(z0 / np.linalg.norm(z0), z1 / np.linalg.norm(z1), one) for one in t]
    np.testing.assert_allclose(got.numpy(), want, atol=1e-9)


@few
@given(SEEDS, st.integers(1, 30), st.integers(1, 4), st.integers(1, 4))
def test_the_probe_is_scikit_learns(seed, n, m, d):
    rng = np.random.default_rng(seed)
    z_tr, z_te, y_tr, k = (
        rng.normal(size=(n, d)),
        rng.normal(size=(m, d)),
        rng.integers(0, 4, n),
        rng.integers(1, n + 1),
    )
    got = knn_probe(torch.from_numpy(z_tr), torch.from_numpy(y_tr), torch.from_numpy(z_te), int(k))
    np.testing.assert_array_equal(got.numpy(), KNeighborsClassifier(int(k)).fit(z_tr, y_tr).predict(z_te))
    _, nearest = cKDTree(z_tr).query(z_te, k=[1])
    one = knn_probe(torch.from_numpy(z_tr), torch.from_numpy(y_tr), torch.from_numpy(z_te), 1)
    np.testing.assert_array_equal(one.numpy(), y_tr[nearest[:, 0]])


@pytest.mark.parametrize("perplexity", [2.5, 10.0, 30.0])
def test_affinities_are_scikit_learns(perplexity):
    x = load_digits().data[:120] / 16
    d2 = pairwise_sq_dists(x, x).astype(np.float32)
    theirs = squareform(_t_sne._joint_probabilities(d2, perplexity, 0))
    np.testing.assert_allclose(tsne_affinities(x, perplexity), theirs, rtol=2e-3, atol=1e-8)  # theirs is float32


@few
@given(SEEDS, st.integers(4, 8), st.floats(1.3, 2.9))
def test_affinities_are_those_of_a_root_finder_and_scipys_entropy(seed, n, perplexity):
    x = table(seed, n, 3)
    d2 = pairwise_sq_dists(x, x)
    want = np.zeros((n, n))
    for i in range(n):
        others = np.delete(np.arange(n), i)

        def row(log_beta, d=d2[i, others]):
            p = np.exp(-np.exp(log_beta) * (d - d.min()))
            return p / p.sum()

        found = brentq(lambda s, row=row: entropy(row(s), base=2) - np.log2(perplexity), -20, 30, xtol=1e-12)
        want[i, others] = row(found)
    np.testing.assert_allclose(tsne_affinities(x, perplexity), (want + want.T) / (2 * n), rtol=1e-6, atol=1e-10)
