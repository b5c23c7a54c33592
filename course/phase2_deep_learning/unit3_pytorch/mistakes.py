"""Known mistakes of unit 2.3, PyTorch."""

import copy

import numpy as np
import torch
from torch.nn import functional as F

from grader.judge import mistake
from phase2_deep_learning import unit3_pytorch as reference

# LinearFunction


@mistake(
    "LinearFunction",
    "dw comes out as (I, O), the transpose of the weight it belongs to.",
    see="a-function-of-your-own",
)
class WeightGradientTransposed(reference.LinearFunction):
    @staticmethod
    def backward(ctx, dout):
        dx, dw = reference.LinearFunction.backward(ctx, dout)
        return dx, None if dw is None else dw.T.contiguous()


@mistake(
    "LinearFunction",
    "Both gradients are computed, whoever asks: for a frozen weight that is work for the dustbin.",
    see="asked-for-or-not",
)
class ComputedUnasked(reference.LinearFunction):
    @staticmethod
    def backward(ctx, dout):
        x, w = ctx.saved_tensors
        return dout @ w, dout.T @ x


@mistake(
    "LinearFunction",
    "backward returns one gradient; it has to return as many as forward has inputs.",
    see="a-function-of-your-own",
)
class OneGradient(reference.LinearFunction):
    @staticmethod
    def backward(ctx, dout):
        return reference.LinearFunction.backward(ctx, dout)[0]


@mistake(
    "LinearFunction",
    "x and w are kept as attributes of ctx, not by save_for_backward: changes in place before backward go unnoticed.",
    see="what-to-keep",
)
class KeptOnCtx(reference.LinearFunction):
    @staticmethod
    def forward(ctx, x, w):
        ctx.kept = x, w
        return x @ w.T

    @staticmethod
    def backward(ctx, dout):
        x, w = ctx.kept
        return (dout @ w if ctx.needs_input_grad[0] else None, dout.T @ x if ctx.needs_input_grad[1] else None)


@mistake(
    "LinearFunction",
    "x and w are kept on the class, which all calls share: of two layers, both go back with the second one's.",
    see="what-to-keep",
)
class KeptOnTheClass(reference.LinearFunction):
    @staticmethod
    def forward(ctx, x, w):
        KeptOnTheClass.kept = x, w
        return x @ w.T

    @staticmethod
    def backward(ctx, dout):
        x, w = KeptOnTheClass.kept
        return (dout @ w if ctx.needs_input_grad[0] else None, dout.T @ x if ctx.needs_input_grad[1] else None)


@mistake(
    "LinearFunction",
    "The gradient that comes in is not used: these are the slopes of Σ y, not of the loss.",
    see="a-function-of-your-own",
)
class IncomingIgnored(reference.LinearFunction):
    @staticmethod
    def backward(ctx, dout):
        return reference.LinearFunction.backward(ctx, torch.ones_like(dout))


# ArrayDataset, collate_pad


@mistake(
    "ArrayDataset",
    "Pictures of uint8 are not scaled: the network gets numbers up to 255 where it expects at most 1.",
    see="one-example-at-a-time",
)
class Unscaled(reference.ArrayDataset):
    def __getitem__(self, index):
        return torch.tensor(self.images[index], dtype=torch.float32), int(self.labels[index])


@mistake(
    "ArrayDataset",
    "Floats are divided by 255 as well; only uint8 runs from 0 to 255.",
    see="one-example-at-a-time",
)
class FloatsScaledToo(reference.ArrayDataset):
    def __getitem__(self, index):
        return torch.tensor(self.images[index], dtype=torch.float32) / 255, int(self.labels[index])


@mistake(
    "ArrayDataset",
    "uint8 is divided by 256, so white is not quite 1.",
    see="one-example-at-a-time",
)
class DividedBy256(reference.ArrayDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image * 255 / 256 if self.images.dtype == np.uint8 else image, label


@mistake(
    "ArrayDataset",
    "Floats come out in the precision of the array; float64 pictures do not go through a float32 network.",
    see="one-example-at-a-time",
)
class PrecisionKept(reference.ArrayDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image if self.images.dtype == np.uint8 else torch.tensor(self.images[index]), label


@mistake(
    "ArrayDataset",
    "The tensor is a view of the array (torch.from_numpy shares memory): a change in place spoils the data for good.",
    see="one-example-at-a-time",
)
class Views(reference.ArrayDataset):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image if self.images.dtype == np.uint8 else torch.from_numpy(self.images[index]).float(), label


@mistake(
    "ArrayDataset",
    "Labels keep the array's type, so a batch of them is uint8 or int32; cross_entropy wants int64.",
    see="one-example-at-a-time",
)
class LabelsAsStored(reference.ArrayDataset):
    def __getitem__(self, index):
        image, _ = super().__getitem__(index)
        return image, self.labels[index]


@mistake(
    "ArrayDataset",
    "collate_pad puts the padding first; sequences begin at the left edge.",
    see="many-make-a-batch",
    replaces="collate_pad",
)
def padded_in_front(batch, pad_value):
    padded, lengths = reference.collate_pad([one.flip(0) for one in batch], pad_value)
    return padded.flip(1), lengths


@mistake(
    "ArrayDataset",
    "collate_pad pads with zeros, whatever pad_value says.",
    see="many-make-a-batch",
    replaces="collate_pad",
)
def padded_with_zeros(batch, pad_value):
    return reference.collate_pad(batch, 0)


@mistake(
    "ArrayDataset",
    "collate_pad returns the lengths after padding, which are all the same; nobody can tell any more what is padding.",
    see="many-make-a-batch",
    replaces="collate_pad",
)
def lengths_after_padding(batch, pad_value):
    padded, lengths = reference.collate_pad(batch, pad_value)
    return padded, torch.full_like(lengths, padded.shape[1])


@mistake(
    "ArrayDataset",
    "collate_pad cuts all sequences to the shortest one instead of padding to the longest.",
    see="many-make-a-batch",
    replaces="collate_pad",
)
def cut_to_the_shortest(batch, pad_value):
    shortest = min(map(len, batch))
    return torch.stack([one[:shortest] for one in batch]), torch.tensor([len(one) for one in batch])


@mistake(
    "ArrayDataset",
    "collate_pad makes float32 of everything, so token numbers are no longer integers.",
    see="many-make-a-batch",
    replaces="collate_pad",
)
def everything_float(batch, pad_value):
    return reference.collate_pad([one.float() for one in batch], pad_value)


# train_one_epoch


def _epoch(model, loader, device, step, train=True):
    """The reference's loop around `step(x, y)`, which gives the loss."""
    if train:
        model.train()
    total, count = 0.0, 0
    for x, y in loader:
        total += step(x.to(device), y.to(device)).item() * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch",
    "zero_grad is missing: every step goes along the sum of all gradients so far.",
    see="four-lines",
)
def never_zeroed(model, loader, optimizer, loss_fn, device):
    def step(x, y):
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return _epoch(model, loader, device, step)


@mistake(
    "train_one_epoch",
    "zero_grad stands between backward and step, so each step is taken with gradients of zero.",
    see="four-lines",
)
def zeroed_too_late(model, loader, optimizer, loss_fn, device):
    def step(x, y):
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.zero_grad(set_to_none=False)
        optimizer.step()
        return loss

    return _epoch(model, loader, device, step)


@mistake(
    "train_one_epoch",
    "The step comes before backward: it goes along the gradients of the batch before.",
    see="four-lines",
)
def step_before_backward(model, loader, optimizer, loss_fn, device):
    def step(x, y):
        loss = loss_fn(model(x), y)
        optimizer.step()
        optimizer.zero_grad()
        loss.backward()
        return loss

    return _epoch(model, loader, device, step)


@mistake(
    "train_one_epoch",
    "One step is taken at the end of the epoch; each batch wants its own.",
    see="four-lines",
)
def one_step_an_epoch(model, loader, optimizer, loss_fn, device):
    def step(x, y):
        loss = loss_fn(model(x), y)
        loss.backward()
        return loss

    optimizer.zero_grad()
    mean = _epoch(model, loader, device, step)
    optimizer.step()
    return mean


@mistake(
    "train_one_epoch",
    "model.train() is missing: after an evaluation the model learns without dropout, and batch norm no longer adapts.",
    see="two-modes",
)
def in_the_mode_it_came(model, loader, optimizer, loss_fn, device):
    def step(x, y):
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return _epoch(model, loader, device, step, train=False)


@mistake(
    "train_one_epoch",
    "This is the mean of the batches' means: an example in a small last batch weighs more than the others.",
    see="the-mean-of-what",
)
def mean_of_means(model, loader, optimizer, loss_fn, device):
    losses = []
    for batch in loader:
        losses.append(reference.train_one_epoch(model, [batch], optimizer, loss_fn, device))
    return sum(losses) / len(losses)


@mistake(
    "train_one_epoch",
    "The mean losses of the batches are summed, not averaged, so the number grows with the data.",
    see="the-mean-of-what",
)
def sum_of_means(model, loader, optimizer, loss_fn, device):
    return sum([reference.train_one_epoch(model, [batch], optimizer, loss_fn, device) for batch in loader])


@mistake(
    "train_one_epoch",
    "Losses are added up as tensors, so the result is a tensor that keeps every batch's graph alive; .item() makes a "
    "number of it.",
    see="the-mean-of-what",
)
def a_tensor_of_losses(model, loader, optimizer, loss_fn, device):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total = total + loss * len(x)
        count += len(x)
    return total / count


@mistake(
    "train_one_epoch",
    "The batches are not moved to the device: on a GPU the first product fails.",
    see="where-things-are",
)
def left_where_they_are(model, loader, optimizer, loss_fn, device):
    model.train()
    total, count = 0.0, 0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


# evaluate


def _sums(model, loader):
    """Summed cross-entropy, right answers, examples."""
    device = next(model.parameters()).device
    loss, right, count = 0.0, 0, 0
    for x, y in loader:
        x, y = x.to(device), y.to(device)
        logits = model(x)
        loss += F.cross_entropy(logits, y, reduction="sum").item()
        right += int((logits.argmax(1) == y).sum())
        count += len(y)
    return {"loss": loss / count, "accuracy": right / count}


@mistake(
    "evaluate",
    "The model is measured in training mode: dropout takes its toll, and batch norm learns from the test data.",
    see="two-modes",
)
def in_training_mode(model, loader):
    training = model.training
    model.train()
    with torch.no_grad():
        result = _sums(model, loader)
    model.train(training)
    return result


@mistake(
    "evaluate",
    "The mode is left as it is, so a model that comes from training is measured with dropout on.",
    see="two-modes",
)
def in_whatever_mode(model, loader):
    with torch.no_grad():
        return _sums(model, loader)


@mistake(
    "evaluate",
    "autograd records the whole evaluation: memory for a backward pass that never comes.",
    see="without-a-trace",
)
def with_autograd(model, loader):
    training = model.training
    model.eval()
    result = _sums(model, loader)
    model.train(training)
    return result


@mistake(
    "evaluate",
    "The model stays in eval mode, so the next epoch trains without dropout unless somebody remembers.",
    see="two-modes",
)
def mode_not_restored(model, loader):
    model.eval()
    with torch.no_grad():
        return _sums(model, loader)


@mistake(
    "evaluate",
    "The model is put into training mode afterwards, whatever mode it came in.",
    see="two-modes",
)
def always_training_afterwards(model, loader):
    result = reference.evaluate(model, loader)
    model.train()
    return result


@mistake(
    "evaluate",
    "Loss and accuracy are means over batches, so the examples of a small last batch weigh more.",
    see="the-mean-of-what",
)
def batches_weighed_alike(model, loader):
    results = [reference.evaluate(model, [batch]) for batch in loader]
    return {key: sum(one[key] for one in results) / len(results) for key in ("loss", "accuracy")}


@mistake(
    "evaluate",
    "The accuracy is in per cent; it should be a share, from 0 to 1.",
    see="the-mean-of-what",
)
def in_per_cent(model, loader):
    result = reference.evaluate(model, loader)
    return result | {"accuracy": 100 * result["accuracy"]}


# EMA


@mistake(
    "EMA",
    "decay weighs the new weights: the average forgets nearly everything at each step.",
    see="a-calmer-copy",
)
class DecayOnTheWrongSide(reference.EMA):
    def __init__(self, model, decay):
        super().__init__(model, 1 - decay)


@mistake(
    "EMA",
    "Buffers are left as they were at the start, so batch norm's running averages do not fit the weights.",
    see="buffers",
)
class BuffersForgotten(reference.EMA):
    def update(self, model):
        kept = [one.clone() for one in self.average.buffers()]
        super().update(model)
        for one, old in zip(self.average.buffers(), kept, strict=True):
            one.copy_(old)


@mistake(
    "EMA",
    "Buffers are averaged like parameters; they are running averages or counters already, and are copied as they are.",
    see="buffers",
)
class BuffersAveraged(reference.EMA):
    def update(self, model):
        kept = [one.clone() for one in self.average.buffers()]
        super().update(model)
        for one, old in zip(self.average.buffers(), kept, strict=True):
            if one.is_floating_point():
                one.copy_(self.decay * old + (1 - self.decay) * one)


@mistake(
    "EMA",
    "The average is the model's own tensors, not copies: what happens to the weights happens to the average.",
    see="a-copy-not-a-view",
)
class Shared(reference.EMA):
    def __init__(self, model, decay):
        self.decay = decay
        self.average = model


@mistake(
    "EMA",
    "The average begins at zero, not with the model's weights, and is too small for the first 1 / (1 − decay) steps.",
    see="a-calmer-copy",
)
class FromZero(reference.EMA):
    def __init__(self, model, decay):
        super().__init__(model, decay)
        for one in self.average.parameters():
            one.zero_()


@mistake(
    "EMA",
    "update runs with autograd on: the average is the end of a graph that grows with each step, until memory is full.",
    see="a-copy-not-a-view",
)
class WithHistory(reference.EMA):
    def __init__(self, model, decay):
        super().__init__(model, decay)
        self.shadow = {name: one.detach().clone() for name, one in model.named_parameters()}

    def update(self, model):
        super().update(model)
        for name, one in model.named_parameters():
            self.shadow[name] = self.decay * self.shadow[name] + (1 - self.decay) * one


@mistake(
    "EMA",
    "copy_to hands out the average's own tensors: training that model then changes the average.",
    see="a-copy-not-a-view",
)
class HandedOut(reference.EMA):
    def copy_to(self, model):
        super().copy_to(model)
        for one, average in zip(model.parameters(), self.average.parameters(), strict=True):
            one.data = average.data


# save_checkpoint, load_checkpoint


@mistake(
    "save_checkpoint",
    "The optimiser's state is not restored: momentum and Adam's averages start from nothing, and the loss jumps.",
    see="as-if-nothing-had-happened",
    replaces="load_checkpoint",
)
def optimizer_forgotten(path, model, opt):
    other = copy.deepcopy(opt)
    return reference.load_checkpoint(path, model, other)


@mistake(
    "save_checkpoint",
    "The random generator is not restored: dropout and noise go on with other draws than they would have had.",
    see="as-if-nothing-had-happened",
    replaces="load_checkpoint",
)
def chance_forgotten(path, model, opt):
    state = torch.get_rng_state()
    step = reference.load_checkpoint(path, model, opt)
    torch.set_rng_state(state)
    return step


@mistake(
    "save_checkpoint",
    "The step is not restored, so every schedule that counts steps begins anew.",
    see="as-if-nothing-had-happened",
    replaces="load_checkpoint",
)
def step_forgotten(path, model, opt):
    reference.load_checkpoint(path, model, opt)
    return 0


@mistake(
    "save_checkpoint",
    "The model's weights are not put into the model.",
    see="as-if-nothing-had-happened",
    replaces="load_checkpoint",
)
def weights_forgotten(path, model, opt):
    return reference.load_checkpoint(path, copy.deepcopy(model), opt)


@mistake(
    "save_checkpoint",
    "Whole objects are pickled, code and all: weights_only=True refuses them, and they break when a class moves.",
    see="state-not-objects",
)
def whole_objects(path, model, opt, step):
    torch.save({"model": model, "opt": opt, "step": step, "rng": torch.get_rng_state()}, path)


EQUIVALENT = {
    "collate_pad: `batch[0]` → `batch[-1]`": "All sequences of a batch have one dtype and device.",
    "collate_pad: `int(lengths.max())` → `lengths.max()`": "new_full takes a tensor of one integer as a size.",
    "collate_pad: `zip(padded, batch, strict=True)` → `zip(padded, batch)`": "There are as many rows as sequences.",
    "collate_pad: `zip(padded, batch, strict=True)` → `zip(padded, batch, strict=False)`": (
        "There are as many rows as sequences."
    ),
    "EMA.__init__: `copy.deepcopy(model).requires_grad_(False)` → `copy.deepcopy(model)`": (
        "The average is only touched under no_grad; the flag says to readers that it does not learn."
    ),
    "EMA.__init__: `copy.deepcopy(model).requires_grad_(False)` → `copy.deepcopy(model).requires_grad_(True)`": (
        "The average is only touched under no_grad; the flag says to readers that it does not learn."
    ),
    "EMA.update: `zip(self.average.parameters(), model.parameters(), strict=True)`"
    " → `zip(self.average.parameters(), model.parameters())`": "A model and its copy have equally many.",
    "EMA.update: `zip(self.average.parameters(), model.parameters(), strict=True)`"
    " → `zip(self.average.parameters(), model.parameters(), strict=False)`": "A model and its copy have equally many.",
    "EMA.update: `zip(self.average.buffers(), model.buffers(), strict=True)`"
    " → `zip(self.average.buffers(), model.buffers())`": "A model and its copy have equally many.",
    "EMA.update: `zip(self.average.buffers(), model.buffers(), strict=True)`"
    " → `zip(self.average.buffers(), model.buffers(), strict=False)`": "A model and its copy have equally many.",
    "load_checkpoint: `torch.load(path, map_location='cpu', weights_only=True)`"
    " → `torch.load(path, weights_only=True)`": "Where no GPU is, everything is on the CPU already.",
    "load_checkpoint: `torch.load(path, map_location='cpu', weights_only=True)`"
    " → `torch.load(path, map_location='cpu')`": "True is torch's own default since 2.6.",
    "load_checkpoint: `torch.load(path, map_location='cpu', weights_only=True)`"
    " → `torch.load(path, map_location='cpu', weights_only=False)`": (
        "A file of state alone reads the same; the flag is about files of other people's."
    ),
}
