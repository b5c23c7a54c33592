"""The answer has no entries and an axis of many millions, which somebody may try to print."""

import torch


def mean(x):
    return (torch.empty(30_000_000, 0), torch.empty(0, 1 << 40))


def centre(x):
    return [torch.empty(30_000_000, 0)]
