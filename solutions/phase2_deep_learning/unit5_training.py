"""Unit 2.5, training practice: normalise, drop, warm up, clip, scale.

Shapes are written with B = images in the batch, C = channels, H × W = height × width in pixels.

Sources: Ioffe & Szegedy 2015, "Batch Normalization" (arXiv 1502.03167); Wu & He 2018, "Group Normalization" (arXiv
1803.08494); Srivastava et al. 2014, "Dropout", JMLR 15; Loshchilov & Hutter 2017, "SGDR" (arXiv 1608.03983); Goyal et
al. 2017, "Accurate, Large Minibatch SGD" (arXiv 1706.02677); Pascanu et al. 2013, "On the difficulty of training
recurrent neural networks" (arXiv 1211.5063); Micikevicius et al. 2018, "Mixed Precision Training" (arXiv 1710.03740).
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor


def batch_norm(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    running: tuple[Tensor, Tensor],
    training: bool,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Give every channel mean 0 and variance 1, then a scale and a shift that are learned.

    y = gamma · (x − mean) / √(var + eps) + beta, for each channel by itself.

    Args:
        x: (B, C, H, W) float32 or float64; everything else has its dtype.
        gamma, beta: (C,) scale and shift.
        running: (mean, var), (C,) each: averages over the batches seen so far.
        training: True: mean and var are those of this batch, over B, H and W; var divides by n = B·H·W.
            False: mean and var are `running`.
        momentum: weight of the *new* batch: running ← (1 − momentum) · running + momentum · batch. Here the batch's
            variance is the unbiased one, which divides by n − 1.
        eps: > 0, under the root.

    Returns:
        (y, (mean, var)): y (B, C, H, W), and the running averages after this batch; not in training, those that came.
        All in the dtype of x; the arguments are left as they are. In training, gradients flow to x through y on all
        three ways: through x itself, through the mean and through the variance. The running averages that are returned
        in training carry no autograd history.

    Raises:
        ValueError: in training, when there is one value a channel (B·H·W = 1), which has no variance.

    Source: Ioffe & Szegedy 2015, algorithms 1 and 2.
    """
    ### BEGIN SOLUTION
    mean, var = running
    if training:
        n = x.numel() // x.shape[1]
        if n == 1:
            raise ValueError(f"a batch of shape {tuple(x.shape)} has one value a channel, and so no variance")
        old_mean, old_var = running
        mean = x.mean((0, 2, 3))
        var = x.var((0, 2, 3), correction=0)
        running = (
            (1 - momentum) * old_mean + momentum * mean.detach(),
            (1 - momentum) * old_var + momentum * var.detach() * n / (n - 1),
        )
    standard = (x - mean[:, None, None]) / torch.sqrt(var[:, None, None] + eps)
    return gamma[:, None, None] * standard + beta[:, None, None], running
    ### END SOLUTION


def group_norm(x: Tensor, groups: int, gamma: Tensor, beta: Tensor, eps: float = 1e-5) -> Tensor:
    """Give each group of channels of each image mean 0 and variance 1; then scale and shift each channel.

    The same in training and in use: an image's result does not depend on what else is in the batch.

    Args:
        x: (B, C, H, W) float32 or float64.
        groups: number of groups, ≥ 1. Group g holds the C / groups neighbouring channels from g · C / groups on.
        gamma, beta: (C,) scale and shift of each channel, the dtype of x.
        eps: > 0, added to the variance under the root. The variance divides by the number of values, H·W·C / groups.

    Returns:
        (B, C, H, W), the dtype of x. The arguments are left as they are; gradients flow as in batch_norm.

    Raises:
        ValueError: when C is no multiple of groups.

    Source: Wu & He 2018, eq. 1, 2, 6 and 7, and figure 3.
    """
    ### BEGIN SOLUTION
    if x.shape[1] % groups:
        raise ValueError(f"{x.shape[1]} channels do not make {groups} groups")
    grouped = x.unflatten(1, (groups, -1))  # (B, G, C/G, H, W)
    mean = grouped.mean((2, 3, 4), keepdim=True)
    var = grouped.var((2, 3, 4), correction=0, keepdim=True)
    standard = ((grouped - mean) / torch.sqrt(var + eps)).flatten(1, 2)
    return gamma[:, None, None] * standard + beta[:, None, None]
    ### END SOLUTION


def dropout(x: Tensor, p: float, training: bool, generator: torch.Generator | None = None) -> Tensor:
    """Replace each entry by 0 with probability p, and make up for it: inverted dropout.

    Args:
        x: (…) float32 or float64, finite, of any shape.
        p: probability of *dropping* an entry, 0..1. Each entry is drawn independently of all others.
        training: True: kept entries are divided by 1 − p, so that the expectation is x; p = 0 keeps everything, p = 1
            gives zeros. False: the result is x, for every p.
        generator: where the randomness comes from, on the device of x; None is torch's global generator. No other
            source is used. The same state gives the same mask; the draws move the generator on, so that the next call
            drops others. How many numbers are drawn, and of what kind, is yours to choose.

    Returns:
        (…), the dtype and device of x. x is left as it is. Gradients reach x where it was kept, divided by 1 − p.

    Raises:
        ValueError: when p is not in 0..1, in training or not.

    Source: Srivastava et al. 2014, section 10 for the scaling while training.
    """
    ### BEGIN SOLUTION
    if not 0 <= p <= 1:
        raise ValueError(f"p = {p} is no probability")
    if not training:
        return x
    if p == 1:
        return torch.zeros_like(x)
    kept = torch.rand(x.shape, generator=generator, device=x.device) >= p
    return x * kept / (1 - p)
    ### END SOLUTION


def cosine_warmup_lr(step: int, warmup: int, total: int, base_lr: float) -> float:
    """The learning rate of a step: up in a straight line, then down along half a cosine.

    Args:
        step: counts from 0, ≥ 0.
        warmup: at step 0 … warmup the rate is base_lr · step / warmup: 0 at step 0, base_lr at step `warmup`. With
            warmup = 0 it begins at base_lr.
        total: from step `warmup` on the rate is base_lr · (1 + cos(π·u)) / 2, where u goes from 0 at step `warmup` to 1
            at step `total`. Later than that it is 0.
        base_lr: > 0, the highest rate.

    Returns:
        A plain float (not a tensor), to six decimals of base_lr or better.

    Raises:
        ValueError: when step < 0, or unless 0 ≤ warmup < total.

    Source: Loshchilov & Hutter 2017, eq. 5, without restarts; Goyal et al. 2017, section 2.2, for the warm-up.
    """
    ### BEGIN SOLUTION
    if step < 0 or not 0 <= warmup < total:
        raise ValueError(f"no rate for step {step} of {total} with {warmup} to warm up")
    if step < warmup:
        return base_lr * step / warmup
    u = min((step - warmup) / (total - warmup), 1.0)
    return base_lr * (1 + math.cos(math.pi * u)) / 2
    ### END SOLUTION


def clip_grad_norm(params: Iterable[Tensor], max_norm: float) -> Tensor:
    """Shorten all gradients by one factor, so that together they are no longer than max_norm.

    All gradients count as one long vector g. If ‖g‖₂ is larger than max_norm, every .grad is multiplied by
    max_norm / ‖g‖₂, in place; otherwise the gradients stay as they are. An ε of 1e-6 added to the norm, as in PyTorch,
    is allowed, and so is a new tensor put into .grad.

    Args:
        params: what model.parameters() returns: an iterable that can be walked through once, of tensors of one dtype,
            float32 or float64. A parameter whose .grad is None is passed over. The values of the parameters stay.
        max_norm: > 0; math.inf clips nothing.

    Returns:
        ‖g‖₂ from *before* the clipping, as a tensor of one number (a plain float is fine, too); 0 where no parameter
        has a gradient. What happens when it is not finite is not specified.

    Source: Pascanu et al. 2013, algorithm 1.
    """
    ### BEGIN SOLUTION
    grads = [p.grad for p in params if p.grad is not None]
    if not grads:
        return torch.zeros(())
    norm = torch.stack([grad.norm() for grad in grads]).norm()
    factor = torch.clamp(max_norm / norm, max=1.0)
    for grad in grads:
        grad.mul_(factor)
    return norm
    ### END SOLUTION


class LossScaler:
    """Keeps the small gradients of float16 alive: multiplies the loss, divides the gradients, and watches for overflow.

    One training step is

        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_and_step(optimizer, max_norm)
        scaler.update()

    Attributes:
        factor: what the loss is multiplied with at present, a plain float.

    init_scale: the first factor. growth_factor: > 1. backoff_factor: < 1. growth_interval: ≥ 1, how many good steps in
    a row make the factor grow. The names and values are those of torch.amp.GradScaler.

    Source: Micikevicius et al. 2018, section 3.2; NVIDIA, "Train With Mixed Precision", section "Choosing A Scaling
    Factor", for how the factor changes.
    """

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
    ) -> None:
        ### BEGIN SOLUTION
        self.factor = init_scale
        self.growth_factor = growth_factor
        self.backoff_factor = backoff_factor
        self.growth_interval = growth_interval
        self.good_steps = 0
        self.overflow = False
        ### END SOLUTION

    def scale(self, loss: Tensor) -> Tensor:
        """The loss, a tensor of one number, times the factor: the same dtype, and gradients flow through it."""
        ### BEGIN SOLUTION
        return loss * self.factor
        ### END SOLUTION

    def unscale_and_step(self, optimizer: torch.optim.Optimizer, max_norm: float | None = None) -> bool:
        """Divide the gradients of the optimiser's parameters by the factor, and step unless one is inf or NaN.

        In this order: every .grad that is not None is divided by the factor. If every entry of all of them is finite,
        they are clipped to max_norm as by clip_grad_norm (None clips nothing), the optimiser takes its step, and the
        result is True. If any entry is inf, −inf or NaN, parameters and optimiser stay as they are, and the result is
        False. What .grad holds then is not specified: zero_grad is next.

        Called once a step for each optimiser that takes part. Leaves `factor` to update().
        """
        ### BEGIN SOLUTION
        params = [p for group in optimizer.param_groups for p in group["params"]]
        grads = [p.grad for p in params if p.grad is not None]
        for grad in grads:
            grad.div_(self.factor)
        if not all(torch.isfinite(grad).all() for grad in grads):
            self.overflow = True
            return False
        if max_norm is not None:
            clip_grad_norm(params, max_norm)
        optimizer.step()
        return True
        ### END SOLUTION

    def update(self) -> None:
        """Adapt the factor; called once at the end of a training step.

        If any unscale_and_step since the last update met an inf or NaN, the factor is multiplied by backoff_factor, and
        counting begins anew. Otherwise this was a good step; when there have been growth_interval of them in a row, the
        factor is multiplied by growth_factor, and counting begins anew.
        """
        ### BEGIN SOLUTION
        if self.overflow:
            self.factor *= self.backoff_factor
            self.good_steps = 0
        else:
            self.good_steps += 1
            if self.good_steps == self.growth_interval:
                self.factor *= self.growth_factor
                self.good_steps = 0
        self.overflow = False
        ### END SOLUTION
