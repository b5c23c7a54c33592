"""Unit 2.3, PyTorch: a backward pass of one's own, data by the batch, a correct loop, averages, checkpoints.

Shapes are written with N = examples, B = examples in a batch, I, O = width in and out, L = length of a sequence.

Sources: the PyTorch documentation and tutorials (pytorch.org); Ho et al. 2020, "Denoising Diffusion Probabilistic
Models" (arXiv 2006.11239), appendix B, for the averaged weights.
"""

import copy
import os
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset


class LinearFunction(torch.autograd.Function):
    """y = x wᵀ, with the backward pass of unit 2.1 in place of autograd's own: y = LinearFunction.apply(x, w).

    x: (N, I) float. w: (O, I), the dtype of x. y: (N, O).

    backward gets dL/dy and returns (dL/dx, dL/dw). A gradient that nobody asked for (ctx.needs_input_grad says so)
    is not computed: None stands in its place. x and w are kept with ctx.save_for_backward, so that autograd raises
    RuntimeError, as for its own functions, when one of them was changed in place before backward.

    Source: PyTorch notes, "Extending PyTorch".
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, w: Tensor) -> Tensor:
        """x: (N, I), w: (O, I) -> (N, O)."""
        raise NotImplementedError("LinearFunction.forward")

    @staticmethod
    def backward(ctx: Any, dout: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """dout: (N, O) -> (dx (N, I) or None, dw (O, I) or None)."""
        raise NotImplementedError("LinearFunction.backward")


class ArrayDataset(Dataset):
    """Pictures in a NumPy array, handed out one at a time as tensors.

    images: (N, …) uint8 from 0 to 255, or floats. labels: (N,) integers of any width.
    Raises ValueError when there are not as many labels as images.

    Source: PyTorch tutorial, "Datasets & DataLoaders".
    """

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        raise NotImplementedError("ArrayDataset.__init__")

    def __len__(self) -> int:
        """N."""
        raise NotImplementedError("ArrayDataset.__len__")

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """The picture (…) as float32 and its label as a plain int.

        uint8 is scaled from 0 … 255 to [0, 1]; floats stay as they are. The tensor has memory of its own: who changes
        it does not change the array.
        """
        raise NotImplementedError("ArrayDataset.__getitem__")


def collate_pad(batch: list[Tensor], pad_value: float) -> tuple[Tensor, Tensor]:
    """Make one tensor of sequences of different lengths.

    batch: B tensors (L_i,), one at least, L_i ≥ 1, all of one dtype.
    Returns (padded, lengths): (B, max L_i) in that dtype, each row a sequence followed by pad_value; and (B,) int64,
    the lengths before padding.

    Source: PyTorch documentation, DataLoader, "Working with collate_fn".
    """
    raise NotImplementedError("collate_pad")


def train_one_epoch(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    device: torch.device | str,
) -> float:
    """Take one optimiser step for every batch, in training mode.

    Args:
        model: lies on `device` already, in either mode.
        loader: batches (x, y), x of length B ≥ 1. The last batch may be smaller than the others.
        optimizer: of the model's parameters. Gradients of one batch play no part in the next.
        loss_fn: loss_fn(model(x), y) is the mean loss over the batch, a tensor of one number.
        device: where every x and y is moved with .to(device) first.

    Returns:
        The mean loss over all examples, a plain float; each batch's loss is the one before its step.

    Source: PyTorch tutorial, "Optimizing Model Parameters".
    """
    raise NotImplementedError("train_one_epoch")


def evaluate(model: nn.Module, loader: Iterable[tuple[Tensor, Tensor]]) -> dict[str, float]:
    """Measure a classifier, and leave no trace.

    The model runs in eval mode and without autograd (torch.no_grad or torch.inference_mode). Afterwards it is in the
    mode in which it came, and nothing in it has changed.

    Args:
        model: x -> logits (B, C), with one parameter at least.
        loader: batches (x, y), y (B,) int64 classes. The last batch may be smaller. Every x and y is moved to the
            device of the model's first parameter, with .to(device).

    Returns:
        {"loss": mean cross-entropy over all examples, in nats, "accuracy": share of examples whose largest logit is
        that of their class}, plain floats.

    Source: PyTorch tutorial, "Optimizing Model Parameters".
    """
    raise NotImplementedError("evaluate")


class EMA:
    """An exponential moving average of a model's weights: what diffusion models are sampled from.

    It begins as a copy of the model. Each update moves every parameter:
    average ← decay · average + (1 − decay) · parameter.
    Buffers (such as batch norm's running mean) are not averaged but copied. The average shares no memory with any
    model, and keeps no autograd history.

    decay: from 0 to 1; 0.9999 in the paper.
    Source: Ho et al. 2020, appendix B.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        raise NotImplementedError("EMA.__init__")

    def update(self, model: nn.Module) -> None:
        """Take the model's present weights into the average. Leaves the model as it is."""
        raise NotImplementedError("EMA.update")

    def copy_to(self, model: nn.Module) -> None:
        """Overwrite the values of a model's parameters and buffers with the average. It can be trained as before."""
        raise NotImplementedError("EMA.copy_to")


def save_checkpoint(
    path: str | os.PathLike | BinaryIO, model: nn.Module, opt: torch.optim.Optimizer, step: int
) -> None:
    """Write all that a training run needs in order to go on as if it had never stopped.

    That is: the model's state, the optimiser's state, the step, and the state of PyTorch's random generator on the CPU
    (torch.get_rng_state). The file holds tensors, numbers, strings and containers of these and no objects of other
    classes, so that torch.load(path, weights_only=True) reads it.

    path: a path or a binary file that is open for writing: what torch.save takes.
    Source: PyTorch tutorial, "Saving and Loading a General Checkpoint".
    """
    raise NotImplementedError("save_checkpoint")


def load_checkpoint(path: str | os.PathLike | BinaryIO, model: nn.Module, opt: torch.optim.Optimizer) -> int:
    """Put a saved state back into a model and an optimiser of the same make, and into PyTorch's random generator.

    path: what save_checkpoint wrote; a path or a binary file that is open for reading. It may have been written on
    another device; the model and the optimiser stay on theirs.
    Returns the step, a plain int.
    """
    raise NotImplementedError("load_checkpoint")
