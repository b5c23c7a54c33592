"""Unit 1.1 by someone who comes from C: plain loops, one number at a time."""

import math

import numpy as np


def brighten(image, amount):
    result = np.zeros_like(image)
    flat, out = image.reshape(-1), result.reshape(-1)
    for i in range(flat.size):
        value = float(flat[i]) + amount
        if value < 0:
            value = 0
        elif value > 1:
            value = 1
        out[i] = value
    return result


def standardize(x, axis=0, eps=0.0):
    table = x if axis == 0 else x.T
    n, d = table.shape
    result = np.zeros((n, d))
    for j in range(d):
        mean = sum(float(v) for v in table[:, j]) / n
        var = sum((float(v) - mean) ** 2 for v in table[:, j]) / n
        for i in range(n):
            result[i, j] = (table[i, j] - mean) / (math.sqrt(var) + eps)
    return result if axis == 0 else result.T


def one_hot(y, num_classes):
    rows = []
    for label in y:
        row = [0.0] * num_classes
        row[int(label)] = 1.0
        rows.append(row)
    return np.array(rows, dtype=np.float32)


def pairwise_sq_dists(x, y):
    out = np.zeros((len(x), len(y)))
    for i in range(len(x)):
        for j in range(len(y)):
            total = 0.0
            for k in range(x.shape[1]):
                total += (x[i, k] - y[j, k]) ** 2
            out[i, j] = total
    return out


def minibatches(n, batch_size, rng, shuffle=True, drop_last=False):
    indices = list(range(n))
    if shuffle:
        for i in range(n - 1, 0, -1):  # Fisher and Yates
            j = int(rng.integers(0, i + 1))
            indices[i], indices[j] = indices[j], indices[i]
    batch = []
    for index in indices:
        batch.append(index)
        if len(batch) == batch_size:
            yield np.array(batch)
            batch = []
    if batch and not drop_last:
        yield np.array(batch)


def make_grid(images, nrow=8, padding=2, pad_value=0.0):
    B, C, H, W = images.shape
    cols = min(nrow, B)
    rows = B // cols + (1 if B % cols else 0)
    grid = np.zeros((C, rows * H + (rows + 1) * padding, cols * W + (cols + 1) * padding), np.float32) + np.float32(
        pad_value
    )
    k = 0
    for r in range(rows):
        for c in range(cols):
            if k >= B:
                break
            for ch in range(C):
                for i in range(H):
                    for j in range(W):
                        grid[ch, padding + r * (H + padding) + i, padding + c * (W + padding) + j] = images[k, ch, i, j]
            k += 1
    return grid


def to_uint8(x):
    B, C, H, W = x.shape
    out = np.zeros((B, H, W, C), np.uint8)
    for b in range(B):
        for c in range(C):
            for i in range(H):
                for j in range(W):
                    level = math.floor((float(x[b, c, i, j]) + 1.0) / 2.0 * 255.0 + 0.5)
                    out[b, i, j, c] = max(0, min(255, level))
    return out


def from_uint8(img):
    B, H, W, C = img.shape
    out = np.zeros((B, C, H, W), np.float32)
    for b in range(B):
        for c in range(C):
            out[b, c] = [[int(v) / 255.0 * 2.0 - 1.0 for v in row] for row in img[b, :, :, c]]
    return out
