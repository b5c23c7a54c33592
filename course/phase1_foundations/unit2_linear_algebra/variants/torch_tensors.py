"""Unit 1.2 by someone who thinks in torch, and converts at the door."""

import numpy as np
import torch


def gram_schmidt_qr(a):
    """Projections twice, as is enough (Kahan), on vectors in a list."""
    columns = torch.from_numpy(a).T
    basis = []
    r = torch.zeros(len(columns), len(columns), dtype=torch.float64)
    for j, column in enumerate(columns):
        rest = column.clone()
        for _ in range(2):
            for i, q in enumerate(basis):
                part = torch.dot(q, rest)
                r[i, j] += part
                rest -= part * q
        r[j, j] = rest.norm()
        basis.append(rest / r[j, j])
    return torch.stack(basis, dim=1).numpy(), r.numpy()


def power_iteration(a, num_iters, v0):
    matrix, v = torch.from_numpy(a), torch.from_numpy(v0)[:, None]
    v = torch.nn.functional.normalize(v, dim=0, eps=0.0)
    for _ in range(num_iters):
        v = torch.nn.functional.normalize(matrix @ v, dim=0, eps=0.0)
    return (v.T @ matrix @ v).item(), v[:, 0].numpy()


def low_rank_approx(a, r):
    u, s, v = torch.svd(torch.from_numpy(a))
    return u[:, :r].numpy(), (torch.diag(s[:r]) @ v[:, :r].T).numpy()


def pca(x, k):
    data = torch.from_numpy(x)
    mean = data.mean(0, keepdim=True)
    _, s, vh = torch.linalg.svd(data - mean, full_matrices=False)
    z = (data - mean) @ vh[:k].mT
    return vh[:k].numpy(), (s.square() / (len(x) - 1))[:k].numpy(), z.numpy()


def ridge_solve(a, b, lam):
    """Cholesky; on the smaller side where there are fewer equations than unknowns."""
    a, b = torch.from_numpy(a), torch.from_numpy(b)[:, None]
    n, d = a.shape
    if n < d:
        factor = torch.linalg.cholesky(a @ a.T + lam * torch.eye(n, dtype=a.dtype))
        return (a.T @ torch.cholesky_solve(b, factor))[:, 0].numpy()
    factor = torch.linalg.cholesky(a.T @ a + lam * torch.eye(d, dtype=a.dtype))
    return torch.cholesky_solve(a.T @ b, factor)[:, 0].numpy()


def sqrtm_psd(s):
    w, v = torch.linalg.eigh(torch.from_numpy(s))
    return (v @ torch.diag(w.abs().sqrt()) @ v.mT).numpy()


np.set_printoptions(precision=3)
