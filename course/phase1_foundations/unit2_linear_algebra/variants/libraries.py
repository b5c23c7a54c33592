"""Unit 1.2 by someone who lets LAPACK do it: Householder's qr, eigh, lstsq on stacked equations, svd."""

import numpy as np


def gram_schmidt_qr(a):
    q, r = np.linalg.qr(a)
    signs = np.sign(np.diag(r))
    return q * signs, np.triu(r * signs[:, None])


def power_iteration(a, num_iters, v0):
    v = np.array(v0, dtype=float, copy=True)
    v /= np.linalg.norm(v)
    for _ in range(num_iters):
        av = np.dot(a, v)
        v = av / np.sqrt(np.sum(av**2))
    return float(np.dot(v, np.dot(a, v)) / np.dot(v, v)), v


def low_rank_approx(a, r):
    """The roots of the singular values on both sides, as LoRA extractors do."""
    u, s, vh = np.linalg.svd(a)
    root = np.diag(np.sqrt(s[:r]))
    return u[:, :r] @ root, root @ vh[:r, :]


def pca(x, k):
    cov = np.cov(x, rowvar=False).reshape(x.shape[1], x.shape[1])
    w, v = np.linalg.eigh(cov)
    order = np.argsort(w)[::-1][:k]
    components = v[:, order].T
    return components, w[order], (x - np.mean(x, axis=0)) @ components.T


def ridge_solve(a, b, lam):
    d = a.shape[1]
    stacked = np.concatenate([a, np.sqrt(lam) * np.eye(d)])
    target = np.concatenate([b, np.zeros(d)])
    return np.linalg.lstsq(stacked, target, rcond=None)[0]


def sqrtm_psd(s):
    u, d, vh = np.linalg.svd(s, hermitian=True)
    return u @ np.diag(np.sqrt(d)) @ u.T
