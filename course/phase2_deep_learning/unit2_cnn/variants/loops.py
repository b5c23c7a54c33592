"""Unit 2.2 by loops over places and pixels; batch norm written out, weights kept in plain parameters."""

import torch
from torch import nn


def places(length, k, stride, padding):
    return range(0, length + 2 * padding - k + 1, stride)


def bordered(x, padding):
    b, c, height, width = x.shape
    out = torch.zeros(b, c, height + 2 * padding, width + 2 * padding, dtype=x.dtype)
    out[:, :, padding : padding + height, padding : padding + width] = x
    return out


def im2col(x, k, stride=1, padding=0):
    padded = bordered(x, padding)
    windows = [
        padded[:, :, i : i + k, j : j + k].reshape(len(x), -1)
        for i in places(x.shape[2], k, stride, padding)
        for j in places(x.shape[3], k, stride, padding)
    ]
    return torch.stack(windows, 2)


def conv2d(x, w, b=None, stride=1, padding=0):
    padded, k = bordered(x, padding), w.shape[2]
    rows, columns = (places(length, k, stride, padding) for length in x.shape[2:])
    out = torch.zeros(len(x), len(w), len(rows), len(columns), dtype=x.dtype)
    for r, i in enumerate(rows):
        for s, j in enumerate(columns):
            window = padded[:, None, :, i : i + k, j : j + k]
            out[:, :, r, s] = (window * w).sum((2, 3, 4))
            if b is not None:
                out[:, :, r, s] += b
    return out


def conv2d_backward(dout, x, w, stride, padding):
    padded, k = bordered(x, padding), w.shape[2]
    dpadded, dw, db = torch.zeros_like(padded), torch.zeros_like(w), torch.zeros(len(w), dtype=w.dtype)
    for n in range(dout.shape[0]):
        for o in range(dout.shape[1]):
            for r in range(dout.shape[2]):
                for s in range(dout.shape[3]):
                    i, j, g = r * stride, s * stride, dout[n, o, r, s]
                    dpadded[n, :, i : i + k, j : j + k] += g * w[o]
                    dw[o] += g * padded[n, :, i : i + k, j : j + k]
                    db[o] += g
    height, width = x.shape[2:]
    return dpadded[:, :, padding : padding + height, padding : padding + width], dw, db


def max_pool2d(x, k):
    b, c, height, width = x.shape
    y = torch.empty(b, c, height // k, width // k, dtype=x.dtype)
    mask = torch.zeros(b, c, height, width, dtype=torch.bool)
    for n in range(b):
        for m in range(c):
            for r in range(height // k):
                for s in range(width // k):
                    block = x[n, m, r * k : r * k + k, s * k : s * k + k]
                    at = int(block.argmax())
                    y[n, m, r, s] = block.flatten()[at]
                    mask[n, m, r * k + at // k, s * k + at % k] = True
    return y, mask


def conv_transpose2d(x, w, stride, padding):
    b, _, height, width = x.shape
    k = w.shape[-1]
    canvas = torch.zeros(b, w.shape[1], (height - 1) * stride + k, (width - 1) * stride + k, dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            stamp = torch.einsum("bc,cohw->bohw", x[:, :, i, j], w)
            canvas[:, :, i * stride : i * stride + k, j * stride : j * stride + k] += stamp
    return canvas[:, :, padding : canvas.shape[2] - padding, padding : canvas.shape[3] - padding]


class Norm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("var", torch.ones(channels))

    def forward(self, x):
        mean, var = self.mean, self.var
        if self.training:
            count = x.numel() / x.shape[1]
            mean = x.mean((0, 2, 3))
            var = (x - mean[:, None, None]).square().mean((0, 2, 3))
            self.mean = 0.9 * self.mean + 0.1 * mean.detach()
            self.var = 0.9 * self.var + 0.1 * var.detach() * count / (count - 1)
        x = (x - mean[:, None, None]) / torch.sqrt(var + 1e-5)[:, None, None]
        return self.weight[:, None, None] * x + self.bias[:, None, None]


class Conv(nn.Module):
    def __init__(self, c_in, c_out, k, stride):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(c_out, c_in, k, k) / (c_in * k * k) ** 0.5)
        self.stride = stride

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight, stride=self.stride, padding=self.weight.shape[-1] // 2)


class BasicBlock(nn.Module):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__()
        self.first, self.first_norm = Conv(c_in, c_out, 3, stride), Norm(c_out)
        self.second, self.second_norm = Conv(c_out, c_out, 3, 1), Norm(c_out)
        self.same = c_in == c_out and stride == 1
        if not self.same:
            self.project, self.project_norm = Conv(c_in, c_out, 1, stride), Norm(c_out)

    def forward(self, x):
        h = self.first_norm(self.first(x)).clamp(min=0)
        h = self.second_norm(self.second(h))
        return torch.maximum(h + (x if self.same else self.project_norm(self.project(x))), torch.zeros_like(h))


class SmallResNet(nn.Module):
    def __init__(self, widths, depth, num_classes, channels=3):
        super().__init__()
        self.stem, self.stem_norm = Conv(channels, widths[0], 3, 1), Norm(widths[0])
        before = [widths[0]]
        for width in widths:
            before += [width] * depth
        strides = [2 if n % depth == 0 and n else 1 for n in range(len(widths) * depth)]
        self.blocks = nn.ModuleList(BasicBlock(before[n], before[n + 1], stride) for n, stride in enumerate(strides))
        self.head = nn.Linear(widths[-1], num_classes)

    def forward(self, x):
        x = self.stem_norm(self.stem(x)).relu()
        for block in self.blocks:
            x = block(x)
        return self.head(x.flatten(2).mean(2))
