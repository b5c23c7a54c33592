"""Known mistakes of unit 2.5, training practice."""

import math

import torch

from grader.judge import mistake
from phase2_deep_learning import unit5_training as reference

# batch_norm


def _affine(x, mean, var, gamma, beta, eps):
    """The last line of a batch norm; mean and var have any shape that fits x."""
    return gamma[:, None, None] * (x - mean) / torch.sqrt(var + eps) + beta[:, None, None]


def _moved(running, mean, var, momentum):
    old_mean, old_var = running
    return (1 - momentum) * old_mean + momentum * mean.detach(), (1 - momentum) * old_var + momentum * var.detach()


@mistake(
    "batch_norm",
    "The running variance divides by n; it is an estimate for pictures to come, and those want n − 1.",
    see="running-averages",
)
def running_variance_biased(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    if training:
        kept = _moved(running, x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0), momentum)
    return y, kept


@mistake(
    "batch_norm",
    "The batch is divided by its unbiased deviation, with n − 1; while training, the variance divides by n.",
    see="by-the-batch",
)
def unbiased_in_the_batch(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    if training:
        mean, var = (x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), keepdim=True))
        y = _affine(x, mean, var, gamma, beta, eps)
    return y, kept


@mistake(
    "batch_norm",
    "momentum weighs the old average, not the new batch: with 0.1 nine tenths are forgotten at each step.",
    see="running-averages",
)
def momentum_reversed(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, _ = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    return y, reference.batch_norm(x, gamma, beta, running, training, 1 - momentum, eps)[1]


@mistake(
    "batch_norm",
    "The statistics are those of each pixel over the batch, not of each channel over the batch and all pixels.",
    see="by-the-batch",
)
def statistics_by_pixel(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    if training:
        y = _affine(x, x.mean(0), x.var(0, correction=0), gamma, beta, eps)
    return y, kept


@mistake(
    "batch_norm",
    "Each image is normalised by itself; the statistics of a batch norm are over all images of the batch.",
    see="by-the-batch",
)
def statistics_by_image(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    if training:
        y = _affine(x, x.mean((2, 3), keepdim=True), x.var((2, 3), correction=0, keepdim=True), gamma, beta, eps)
    return y, kept


@mistake(
    "batch_norm",
    "One mean and one variance for all channels together; each channel has its own.",
    see="by-the-batch",
)
def channels_together(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    if training:
        y = _affine(x, x.mean(), x.var(correction=0), gamma, beta, eps)
    return y, kept


@mistake(
    "batch_norm",
    "In use, too, it normalises by the batch: what an image gives depends on its neighbours, and one image alone gives "
    "beta.",
    see="running-averages",
)
def batch_in_use(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    if training:
        return reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), correction=0, keepdim=True)
    return _affine(x, mean, var, gamma, beta, eps), running


@mistake(
    "batch_norm",
    "While training it normalises by the running averages, as in use; at the start these know nothing of the data.",
    see="running-averages",
)
def remembered_in_training(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    _, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    return reference.batch_norm(x, gamma, beta, running, False, momentum, eps)[0], kept


@mistake(
    "batch_norm",
    "The running averages move in use as well; they are for training, and a test would change the model.",
    see="running-averages",
)
def remembers_in_use(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    n = x.numel() // x.shape[1]
    if not training and n > 1:
        kept = _moved(running, x.mean((0, 2, 3)), x.var((0, 2, 3)), momentum)
    return y, kept


@mistake(
    "batch_norm",
    "The running averages are changed in place: whoever passed them in finds other numbers there.",
    see="running-averages",
)
def running_in_place(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    for old, new in zip(running, kept, strict=True):
        old.copy_(new)
    return y, running


@mistake(
    "batch_norm",
    "Mean and variance are cut off from the graph: the slope is that of a plain scaling, and the network learns to "
    "move what the next step takes away again.",
    see="through-the-statistics",
)
def statistics_detached(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    _, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    if not training:
        return reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    with torch.no_grad():
        mean, var = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), correction=0, keepdim=True)
    return _affine(x, mean, var, gamma, beta, eps), kept


@mistake(
    "batch_norm",
    "The running averages keep their history: each step hangs the graph of its batch onto them, until memory is full.",
    see="running-averages",
)
def history_remembered(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    y, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3))
        kept = ((1 - momentum) * running[0] + momentum * mean, (1 - momentum) * running[1] + momentum * var)
    return y, kept


@mistake(
    "batch_norm",
    "eps stands outside of the root: a channel with a small variance is divided by nearly nothing.",
    see="by-the-batch",
)
def eps_outside_the_root(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    _, kept = reference.batch_norm(x, gamma, beta, running, training, momentum, eps)
    mean, var = running
    if training:
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), correction=0)
    standard = (x - mean[:, None, None]) / (torch.sqrt(var[:, None, None]) + eps)
    return gamma[:, None, None] * standard + beta[:, None, None], kept


@mistake(
    "batch_norm",
    "A batch with one value a channel is not refused, and its unbiased variance is 0 / 0: NaN in the running averages.",
    see="running-averages",
)
def one_value_accepted(x, gamma, beta, running, training, momentum=0.1, eps=1e-5):
    if training and x.numel() == x.shape[1]:
        kept = _moved(running, x.mean((0, 2, 3)), torch.full_like(running[1], math.nan), momentum)
        return beta[:, None, None].expand(x.shape).clone(), kept
    return reference.batch_norm(x, gamma, beta, running, training, momentum, eps)


# group_norm


def _in_groups(x, groups, gamma, beta, standardise):
    if x.shape[1] % groups:
        raise ValueError("groups")
    standard = standardise(x.unflatten(1, (groups, -1))).flatten(1, 2)
    return gamma[:, None, None] * standard + beta[:, None, None]


@mistake(
    "group_norm",
    "The channels of a group lie `groups` apart; a group holds neighbouring channels.",
    see="by-groups",
)
def strided_groups(x, groups, gamma, beta, eps=1e-5):
    if x.shape[1] % groups:
        raise ValueError("groups")
    grouped = x.unflatten(1, (-1, groups)).transpose(1, 2)
    standard = (grouped - grouped.mean((2, 3, 4), keepdim=True)) / torch.sqrt(
        grouped.var((2, 3, 4), correction=0, keepdim=True) + eps
    )
    return gamma[:, None, None] * standard.transpose(1, 2).flatten(1, 2) + beta[:, None, None]


@mistake(
    "group_norm",
    "Each pixel is normalised by itself, over the channels of its group; the statistics are over all pixels, too.",
    see="by-groups",
)
def pixel_by_pixel(x, groups, gamma, beta, eps=1e-5):
    return _in_groups(
        x, groups, gamma, beta, lambda g: (g - g.mean(2, True)) / torch.sqrt(g.var(2, correction=0, keepdim=True) + eps)
    )


@mistake(
    "group_norm",
    "The variance divides by one less than the number of values.",
    see="by-groups",
)
def unbiased_in_the_group(x, groups, gamma, beta, eps=1e-5):
    def standardise(g):
        return (g - g.mean((2, 3, 4), True)) / torch.sqrt(g.var((2, 3, 4), keepdim=True) + eps)

    return _in_groups(x, groups, gamma, beta, standardise)


@mistake(
    "group_norm",
    "eps stands outside of the root: an image with a small variance is divided by nearly nothing.",
    see="by-groups",
)
def eps_outside(x, groups, gamma, beta, eps=1e-5):
    def standardise(g):
        return (g - g.mean((2, 3, 4), True)) / (g.std((2, 3, 4), correction=0, keepdim=True) + eps)

    return _in_groups(x, groups, gamma, beta, standardise)


@mistake(
    "group_norm",
    "The statistics run over the batch as well: an image's result depends on its neighbours.",
    see="by-groups",
)
def over_the_batch(x, groups, gamma, beta, eps=1e-5):
    def standardise(g):
        dims = (0, 2, 3, 4)
        return (g - g.mean(dims, True)) / torch.sqrt(g.var(dims, correction=0, keepdim=True) + eps)

    return _in_groups(x, groups, gamma, beta, standardise)


@mistake(
    "group_norm",
    "`groups` is taken for the number of channels in a group; it is the number of groups.",
    see="by-groups",
)
def groups_of_that_size(x, groups, gamma, beta, eps=1e-5):
    if x.shape[1] % groups:
        raise ValueError("groups")
    return reference.group_norm(x, x.shape[1] // groups, gamma, beta, eps)


@mistake(
    "group_norm",
    "Groups that do not come out even are cut across channels, as far as the count of all pixels allows it.",
    see="by-groups",
)
def cut_across_channels(x, groups, gamma, beta, eps=1e-5):
    flat = x.reshape(len(x), groups, -1)
    standard = (flat - flat.mean(2, True)) / torch.sqrt(flat.var(2, correction=0, keepdim=True) + eps)
    return gamma[:, None, None] * standard.reshape(x.shape) + beta[:, None, None]


@mistake(
    "group_norm",
    "Mean and variance are cut off from the graph, so the gradients are those of a plain scaling.",
    see="through-the-statistics",
)
def statistics_of_groups_detached(x, groups, gamma, beta, eps=1e-5):
    def standardise(g):
        with torch.no_grad():
            mean, var = g.mean((2, 3, 4), True), g.var((2, 3, 4), correction=0, keepdim=True)
        return (g - mean) / torch.sqrt(var + eps)

    return _in_groups(x, groups, gamma, beta, standardise)


# dropout


@mistake(
    "dropout",
    "What is kept is not scaled up: in use, where nothing is dropped, everything is larger than the network ever saw.",
    see="dropping",
)
def not_scaled(x, p, training, generator=None):
    y = reference.dropout(x, p, training, generator)
    return y * (1 - p) if training else y


@mistake(
    "dropout",
    "What is kept is multiplied by 1 − p; it is to be divided, so that the mean stays.",
    see="dropping",
)
def scaled_down(x, p, training, generator=None):
    y = reference.dropout(x, p, training, generator)
    return y * (1 - p) ** 2 if training else y


@mistake(
    "dropout",
    "p is taken for the probability of keeping an entry; it is that of dropping it.",
    see="dropping",
)
def probability_of_keeping(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    return reference.dropout(x, 1 - p, training, generator)


@mistake(
    "dropout",
    "It drops in use, too: two looks at one picture give two answers.",
    see="dropping",
)
def always_active(x, p, training, generator=None):
    return reference.dropout(x, p, True, generator)


@mistake(
    "dropout",
    "In use everything is multiplied by 1 − p, as in the paper's first version; with inverted dropout that was done "
    "while training.",
    see="dropping",
)
def scaled_twice(x, p, training, generator=None):
    y = reference.dropout(x, p, training, generator)
    return y if training else y * (1 - p)


@mistake(
    "dropout",
    "Every call drops the same entries, since each makes a new generator from the same seed; they are lost for good.",
    see="dropping",
)
def the_same_mask_each_time(x, p, training, generator=None):
    seed = 0 if generator is None else generator.initial_seed()
    return reference.dropout(x, p, training, torch.Generator().manual_seed(seed))


@mistake(
    "dropout",
    "The generator is not used: torch's global one decides, and the run cannot be repeated from its seed.",
    see="dropping",
)
def generator_ignored(x, p, training, generator=None):
    return reference.dropout(x, p, training)


@mistake(
    "dropout",
    "One mask serves the whole batch: every example loses the same entries.",
    see="dropping",
)
def one_mask_for_the_batch(x, p, training, generator=None):
    if not training or p in (0, 1) or not 0 <= p <= 1:
        return reference.dropout(x, p, training, generator)
    return x * reference.dropout(torch.ones_like(x[:1]), p, training, generator)


@mistake(
    "dropout",
    "Whole channels are dropped, as in Dropout2d; here each entry is drawn by itself.",
    see="dropping",
)
def whole_channels(x, p, training, generator=None):
    if x.ndim < 3 or not training:
        return reference.dropout(x, p, training, generator)
    return x * reference.dropout(torch.ones(x.shape[:2] + (1,) * (x.ndim - 2), dtype=x.dtype), p, training, generator)


@mistake(
    "dropout",
    "x itself is changed: the residual path around the dropout loses its entries as well.",
    see="dropping",
)
def in_place(x, p, training, generator=None):
    y = reference.dropout(x, p, training, generator)
    with torch.no_grad():
        return x.copy_(y) if not x.requires_grad else y


@mistake(
    "dropout",
    "With p = 1 it divides by zero: 0 / 0 is NaN where zeros are due.",
    see="dropping",
)
def divides_by_zero(x, p, training, generator=None):
    y = reference.dropout(x, p, training, generator)
    return torch.full_like(x, math.nan) if training and p == 1 else y


# cosine_warmup_lr


def _checked(step, warmup, total):
    if step < 0 or not 0 <= warmup < total:
        raise ValueError("no schedule")


@mistake(
    "cosine_warmup_lr",
    "The warm-up counts from 1, base_lr · (step + 1) / warmup, and is over one step too early.",
    see="warm-up-and-cosine",
)
def warm_up_from_one(step, warmup, total, base_lr):
    _checked(step, warmup, total)
    return base_lr * (step + 1) / warmup if step < warmup else reference.cosine_warmup_lr(step, warmup, total, base_lr)


@mistake(
    "cosine_warmup_lr",
    "The cosine begins at step 0, not where the warm-up ends: the rate jumps down there.",
    see="warm-up-and-cosine",
)
def cosine_from_step_zero(step, warmup, total, base_lr):
    _checked(step, warmup, total)
    if step < warmup:
        return base_lr * step / warmup
    return reference.cosine_warmup_lr(step, 0, total, base_lr)


@mistake(
    "cosine_warmup_lr",
    "The way down lasts `total` steps from the end of the warm-up on; it should end at step `total`.",
    see="warm-up-and-cosine",
)
def total_without_warm_up(step, warmup, total, base_lr):
    _checked(step, warmup, total)
    return reference.cosine_warmup_lr(step, warmup, warmup + total, base_lr)


@mistake(
    "cosine_warmup_lr",
    "After `total` the cosine goes on, and the rate climbs again.",
    see="warm-up-and-cosine",
)
def climbs_again(step, warmup, total, base_lr):
    _checked(step, warmup, total)
    if step < warmup:
        return base_lr * step / warmup
    return base_lr * (1 + math.cos(math.pi * (step - warmup) / (total - warmup))) / 2


@mistake(
    "cosine_warmup_lr",
    "This is a quarter of a wave, cos(π·u/2): it does not level out at the end, and is too high all the way.",
    see="warm-up-and-cosine",
)
def quarter_of_a_wave(step, warmup, total, base_lr):
    _checked(step, warmup, total)
    if step < warmup:
        return base_lr * step / warmup
    return base_lr * math.cos(math.pi / 2 * min(1.0, (step - warmup) / (total - warmup)))


@mistake(
    "cosine_warmup_lr",
    "The rate goes down in a straight line.",
    see="warm-up-and-cosine",
)
def down_in_a_line(step, warmup, total, base_lr):
    _checked(step, warmup, total)
    if step < warmup:
        return base_lr * step / warmup
    return base_lr * max(0.0, (total - step) / (total - warmup))


@mistake(
    "cosine_warmup_lr",
    "The angle is in degrees, 180·u; math.cos wants radians.",
    see="warm-up-and-cosine",
)
def in_degrees(step, warmup, total, base_lr):
    _checked(step, warmup, total)
    if step < warmup:
        return base_lr * step / warmup
    return base_lr * (1 + math.cos(180 * min(1.0, (step - warmup) / (total - warmup)))) / 2


@mistake(
    "cosine_warmup_lr",
    "There is no warm-up: the first step has the full rate.",
    see="warm-up-and-cosine",
)
def no_warm_up(step, warmup, total, base_lr):
    _checked(step, warmup, total)
    return base_lr if step < warmup else reference.cosine_warmup_lr(step, warmup, total, base_lr)


@mistake(
    "cosine_warmup_lr",
    "The result is a factor from 0 to 1; base_lr is missing.",
    see="warm-up-and-cosine",
)
def a_factor_only(step, warmup, total, base_lr):
    return reference.cosine_warmup_lr(step, warmup, total, 1.0)


@mistake(
    "cosine_warmup_lr",
    "The result is a tensor; optimisers and logs want a plain float.",
    see="warm-up-and-cosine",
)
def a_tensor(step, warmup, total, base_lr):
    return torch.tensor(reference.cosine_warmup_lr(step, warmup, total, base_lr), dtype=torch.float64)


@mistake(
    "cosine_warmup_lr",
    "Nothing is refused: a step below 0 gets a negative rate, with which a network unlearns.",
    see="warm-up-and-cosine",
)
def nothing_refused(step, warmup, total, base_lr):
    if step < warmup:
        return base_lr * step / warmup
    u = min(1.0, (step - warmup) / max(1, total - warmup))
    return base_lr * (1 + math.cos(math.pi * u)) / 2


# clip_grad_norm


def _norm(grads):
    return torch.stack([one.norm() for one in grads]).norm() if grads else torch.zeros(())


@mistake(
    "clip_grad_norm",
    "Each gradient is clipped by its own norm: their proportions change, and so does the direction of the step.",
    see="one-length",
)
def each_by_itself(params, max_norm):
    params = list(params)
    norm = _norm([p.grad for p in params if p.grad is not None])
    for p in params:
        reference.clip_grad_norm([p], max_norm)
    return norm


@mistake(
    "clip_grad_norm",
    "Short gradients are made longer: near a minimum, where they vanish, every step is as long as max_norm.",
    see="one-length",
)
def always_that_long(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = _norm(grads)
    for grad in grads:
        if norm > 0:
            grad.mul_(max_norm / norm)
    return norm


@mistake(
    "clip_grad_norm",
    "What is returned is the norm after clipping: in the log it never exceeds max_norm, and no spike is ever seen.",
    see="one-length",
)
def norm_afterwards(params, max_norm):
    params = list(params)
    norm = reference.clip_grad_norm(params, max_norm)
    return torch.clamp(norm, max=max_norm)


@mistake(
    "clip_grad_norm",
    "A parameter without a gradient is not passed over: the first frozen layer ends the run.",
    see="one-length",
)
def no_frozen_layers(params, max_norm):
    grads = [p.grad for p in params]
    norm = torch.stack([one.norm() for one in grads]).norm()
    for grad in grads:
        grad.mul_(torch.clamp(max_norm / norm, max=1.0))
    return norm


@mistake(
    "clip_grad_norm",
    "The entries are clamped to ±max_norm one by one; that changes the direction of the step.",
    see="one-length",
)
def entry_by_entry(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = _norm(grads)
    for grad in grads:
        grad.clamp_(-max_norm, max_norm)
    return norm


@mistake(
    "clip_grad_norm",
    "The norms of the gradients are added up; the norm of all is the root of the sum of their squares.",
    see="one-length",
)
def sum_of_norms(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = sum([one.norm() for one in grads], torch.zeros(()))
    for grad in grads:
        if norm > max_norm:
            grad.mul_(max_norm / norm)
    return norm


@mistake(
    "clip_grad_norm",
    "The root is missing: what is compared with max_norm is the square of the length.",
    see="one-length",
)
def squared_length(params, max_norm):
    grads = [p.grad for p in params if p.grad is not None]
    norm = _norm(grads) ** 2
    for grad in grads:
        if norm > max_norm:
            grad.mul_(max_norm / norm)
    return norm


@mistake(
    "clip_grad_norm",
    "The parameters are shortened, not their gradients.",
    see="one-length",
)
def parameters_clipped(params, max_norm):
    params = list(params)
    norm = _norm([p.grad for p in params if p.grad is not None])
    with torch.no_grad():
        for p in params:
            if norm > max_norm:
                p.mul_(max_norm / norm)
    return norm


@mistake(
    "clip_grad_norm",
    "params is walked through twice. model.parameters() is a generator: the second time it is empty, and nothing is "
    "clipped.",
    see="one-length",
)
def walked_twice(params, max_norm):
    norm = _norm([p.grad for p in params if p.grad is not None])
    reference.clip_grad_norm(params, max_norm)
    return norm


# LossScaler


def _clip(params, max_norm):
    """The reference's clipping, written with an `if`: a norm of NaN is not larger than anything."""
    norm = _norm([p.grad for p in params])
    if norm > max_norm:
        for p in params:
            p.grad.mul_(max_norm / norm)


def _step_unless(self, optimizer, max_norm, refused, clip=reference.clip_grad_norm):
    """unscale_and_step with another idea of when to skip: `refused` looks at the list of gradients."""
    params = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    if refused([p.grad for p in params]):
        self.overflow = True
        return False
    for p in params:
        p.grad.div_(self.factor)
    if max_norm is not None:
        clip(params, max_norm)
    optimizer.step()
    return True


_STEPS = "The step is taken although a gradient is inf or NaN; one such step, and every weight is NaN for good."


@mistake("LossScaler", _STEPS, see="overflow")
class StepsOnOverflow(reference.LossScaler):
    def unscale_and_step(self, optimizer, max_norm=None, clip=reference.clip_grad_norm):
        params = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        fine = all(p.grad.isfinite().all() for p in params)
        _step_unless(self, optimizer, max_norm, lambda grads: False, clip)
        self.overflow |= not fine
        return fine


@mistake("LossScaler", _STEPS, see="overflow")
class StepsOnOverflowClippingWithIf(StepsOnOverflow):
    def unscale_and_step(self, optimizer, max_norm=None):
        return super().unscale_and_step(optimizer, max_norm, _clip)


@mistake(
    "LossScaler",
    "Gradients are clipped before they are unscaled: 65536 times too long, they are all cut to nearly nothing.",
    see="unscale-then-clip",
)
class ClipsBeforeUnscaling(reference.LossScaler):
    def unscale_and_step(self, optimizer, max_norm=None):
        params = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        if max_norm is not None and all(p.grad.isfinite().all() for p in params):
            reference.clip_grad_norm(params, max_norm)
        return super().unscale_and_step(optimizer)


@mistake(
    "LossScaler",
    "The gradients are not divided by the factor: the optimiser takes steps that are 65536 times too long.",
    see="scale-the-loss",
)
class NeverUnscales(reference.LossScaler):
    def unscale_and_step(self, optimizer, max_norm=None):
        factor, self.factor = self.factor, 1.0
        taken = super().unscale_and_step(optimizer, max_norm)
        self.factor = factor
        return taken


@mistake(
    "LossScaler",
    "max_norm is not used.",
    see="unscale-then-clip",
)
class NeverClips(reference.LossScaler):
    def unscale_and_step(self, optimizer, max_norm=None):
        return super().unscale_and_step(optimizer)


@mistake(
    "LossScaler",
    "The factor grows after every good step, and so every second one overflows before long.",
    see="overflow",
)
class GrowsEachStep(reference.LossScaler):
    def update(self):
        self.good_steps = self.growth_interval - 1
        super().update()


@mistake(
    "LossScaler",
    "The factor never falls: after the first overflow every step overflows, and is skipped.",
    see="overflow",
)
class NeverFalls(reference.LossScaler):
    def update(self):
        self.backoff_factor = 1.0
        super().update()


@mistake(
    "LossScaler",
    "An overflow does not set the count of good steps back: the factor grows though they were not in a row.",
    see="overflow",
)
class CountsOn(reference.LossScaler):
    def update(self):
        good, overflow = self.good_steps, self.overflow
        super().update()
        if overflow:
            self.good_steps = good


@mistake(
    "LossScaler",
    "After it has grown, counting does not begin anew: the factor grows once and never again.",
    see="overflow",
)
class GrowsOnce(reference.LossScaler):
    def update(self):
        good, overflow = self.good_steps, self.overflow
        super().update()
        if not overflow:
            self.good_steps = good + 1


_BLIND = "Only inf is looked for. inf − inf and 0 · inf are NaN, and go through."


@mistake("LossScaler", _BLIND, see="overflow")
class BlindToNaN(reference.LossScaler):
    def unscale_and_step(self, optimizer, max_norm=None, clip=reference.clip_grad_norm):
        return _step_unless(self, optimizer, max_norm, lambda grads: any(one.isinf().any() for one in grads), clip)


@mistake("LossScaler", _BLIND, see="overflow")
class BlindToNaNClippingWithIf(BlindToNaN):
    def unscale_and_step(self, optimizer, max_norm=None):
        return super().unscale_and_step(optimizer, max_norm, _clip)


@mistake(
    "LossScaler",
    "Only the first gradient is looked at; an overflow in any other goes unnoticed.",
    see="overflow",
)
class FirstGradientOnly(reference.LossScaler):
    def unscale_and_step(self, optimizer, max_norm=None):
        def refused(grads):
            return bool(grads) and not grads[0].isfinite().all()

        return _step_unless(self, optimizer, max_norm, refused)


@mistake(
    "LossScaler",
    "The overflow of one optimiser is forgotten when the next one steps, so the factor does not fall.",
    see="overflow",
)
class LastOptimizerCounts(reference.LossScaler):
    def unscale_and_step(self, optimizer, max_norm=None):
        self.overflow = False
        return super().unscale_and_step(optimizer, max_norm)


@mistake(
    "LossScaler",
    "The overflow is remembered for ever: from the first one on the factor falls at every update, down to nothing.",
    see="overflow",
)
class NeverForgets(reference.LossScaler):
    def update(self):
        overflow = self.overflow
        super().update()
        self.overflow = overflow


EQUIVALENT = {
    "batch_norm: `x.numel() // x.shape[1]` → `x.numel() / x.shape[1]`": "It comes out even; n is a number.",
    "dropout: `torch.rand(x.shape, generator=generator, device=x.device) >= p`"
    " → `torch.rand(x.shape, generator=generator, device=x.device) > p`": "rand equals p once in 2²⁴ draws.",
    "cosine_warmup_lr: `min((step - warmup) / (total - warmup), 1.0)`"
    " → `min(1.0, (step - warmup) / (total - warmup))`": "The smaller of two has no order.",
}
