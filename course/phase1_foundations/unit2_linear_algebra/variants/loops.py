"""Unit 1.2 by someone who writes the textbook's sums out."""

import math

import numpy as np


def dot(x, y):
    total = 0.0
    for a, b in zip(x, y):
        total += float(a) * float(b)
    return total


def gram_schmidt_qr(a):
    """Row by row of r, each column cleaned of the earlier ones in turn."""
    m, n = a.shape
    columns = [[float(a[i, j]) for i in range(m)] for j in range(n)]
    r = np.zeros((n, n))
    for j in range(n):
        for i in range(j):
            r[i, j] = dot(columns[i], columns[j])
            columns[j] = [c - r[i, j] * q for c, q in zip(columns[j], columns[i])]
        r[j, j] = math.sqrt(dot(columns[j], columns[j]))
        columns[j] = [c / r[j, j] for c in columns[j]]
    return np.array(columns).T, r


def power_iteration(a, num_iters, v0):
    v = [float(x) for x in v0]
    for _ in range(num_iters):
        v = [dot(row, v) for row in a]
        length = math.sqrt(dot(v, v))
        v = [-x / length for x in v]  # a vector and its opposite are as good
    return dot(v, [dot(row, v) for row in a]), np.array(v)


def low_rank_approx(a, r):
    """By the eigenvectors of the smaller of aᵀ a and a aᵀ: b = a v."""
    if a.shape[0] < a.shape[1]:
        b, c = low_rank_approx(a.T, r)
        return c.T, b.T
    w, v = np.linalg.eigh(a.T @ a)
    largest = v[:, ::-1][:, :r]
    return a @ largest, largest.T


def pca(x, k):
    """One direction at a time: the largest eigenvector, and then the rest of the matrix."""
    n, d = x.shape
    mean = [sum(float(row[j]) for row in x) / n for j in range(d)]
    centred = np.array([[float(row[j]) - mean[j] for j in range(d)] for row in x])
    cov = np.zeros((d, d))
    for row in centred:
        cov += np.outer(row, row) / (n - 1)
    components, variances = [], []
    for _ in range(k):
        values, vectors = np.linalg.eigh(cov)
        components.append(-vectors[:, -1])
        variances.append(values[-1])
        cov = cov - values[-1] * np.outer(vectors[:, -1], vectors[:, -1])
    components = np.array(components)
    z = np.array([[dot(row, c) for c in components] for row in centred])
    return components, np.array(variances), z


def ridge_solve(a, b, lam):
    """Gauss and Jordan, with pivots."""
    n, d = a.shape
    table = [[dot(a[:, i], a[:, j]) + (lam if i == j else 0.0) for j in range(d)] + [dot(a[:, i], b)] for i in range(d)]
    for i in range(d):
        p = max(range(i, d), key=lambda k: abs(table[k][i]))
        table[i], table[p] = table[p], table[i]
        table[i] = [v / table[i][i] for v in table[i]]
        for k in range(d):
            if k != i:
                table[k] = [v - table[k][i] * u for v, u in zip(table[k], table[i])]
    return np.array([row[-1] for row in table])


def sqrtm_psd(s):
    values, vectors = np.linalg.eigh(s)
    root = np.zeros_like(s)
    for value, vector in zip(values, vectors.T):
        if value > 0:
            root += math.sqrt(value) * np.outer(vector, vector)
    return root
