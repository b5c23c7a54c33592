"""Checks for unit 2.3, PyTorch."""

import io

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from grader.judge import exercise, expect, expect_untouched
from grader.judge.terms.compare import largest
from grader.judge.terms.scenarios import refusal
from grader.judge.trial.strategies import dims, generator, numbers, seeds

# Inputs: a few integers are drawn, and everything is made of them -------------------------------------------


def precision(seed):
    return torch.float64 if seed >> 12 & 1 else torch.float32  # a digit by which `numbers` chooses no kind


def layer(n, i, o, seed):
    """x (N, I), w (O, I) and dout (N, O)."""
    return numbers(seed, (n, i), (o, i), (n, o), kinds=("unit", "integers", "tiny"), dtype=precision(seed))


layers = st.builds(layer, dims(), dims(), dims(), seeds())


def collection(n, shape, kind, seed):
    """Images as uint8 or floats, and labels of some integer type."""
    rng = np.random.default_rng(seed)
    if kind == "uint8":
        images = rng.integers(0, 256, size=(n, *shape), dtype=np.uint8)
    else:
        images = rng.normal(size=(n, *shape)).astype(kind)
    labels = rng.integers(0, 10, size=n, dtype=(np.int64, np.uint8, np.int32)[seed % 3])
    return images, labels


collections = st.builds(
    collection,
    dims(6),
    st.sampled_from([(2, 3), (1, 3, 2), (4,)]),
    st.sampled_from(["uint8", "float32", "float64"]),
    seeds(),
)


def ragged(lengths, dtype, seed):
    """Sequences of these lengths."""
    rng = generator(seed)
    return [(10 * torch.randn(length, generator=rng, dtype=torch.float64)).to(dtype) for length in lengths]


sequences = st.builds(
    ragged,
    st.lists(dims(6), min_size=1, max_size=5),
    st.sampled_from([torch.float32, torch.int64, torch.float64]),
    seeds(),
)


WEIGHTS = ("w1", "b1", "w2", "b2")
"""Two linear layers."""


def lesson(loss_fn, full, batch, left, i, hidden, seed):
    """Weights, batches of which the last may be smaller, and the name of a loss."""
    width = 3
    shapes = (hidden, i), (hidden,), (width, hidden), (width,)
    weights = dict(zip(WEIGHTS, numbers(seed, *shapes, kinds=("unit",), dtype=torch.float64), strict=True))
    sizes = [batch] * full + [min(left, batch - 1)] * (left > 0 and batch > 1)
    rng = generator(seed)
    batches = []
    for size in sizes:
        x = torch.randn(size, i, generator=rng, dtype=torch.float64)
        y = torch.randint(width, (size,), generator=rng)
        if loss_fn == "mse_loss":
            y = torch.randn(size, width, generator=rng, dtype=torch.float64)
        batches.append({"x": x, "y": y})
    return weights, batches, loss_fn


def lessons(*tasks, least=1):
    return st.builds(
        lesson, st.sampled_from(tasks), st.integers(least, 2), dims(4), st.integers(0, 3), dims(4), dims(4), seeds()
    )


VALUES = ("linear.weight", "linear.bias", "norm.weight", "norm.bias", "norm.running_mean", "constant")
"""The parameters of `Averaged`, and its buffers."""


def moving(c, h, decay, updates, seed):
    """A decay, and the values of a model's parameters and buffers at the start and at every update."""
    shapes = [(h, c), (h,), (h,), (h,), (h,), (h,)]
    flat = numbers(seed, *shapes * (updates + 1), kinds=("unit", "integers", "tiny"))
    start, *later = (
        dict(zip(VALUES, flat[at * len(shapes) : (at + 1) * len(shapes)], strict=True)) for at in range(updates + 1)
    )
    return decay, start, later


DECAYS = (0.9, 0.5, 0.999, 0.0, 1.0)
movings = st.builds(moving, dims(3), dims(4), st.sampled_from(DECAYS), st.integers(0, 4), seeds())
moved = st.builds(moving, dims(3), dims(4), st.sampled_from([0.9, 0.5, 0.99]), dims(4), seeds())


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def forward(impl, x, w):
    return {"y": impl.LinearFunction.apply(x, w), "x afterwards": x, "w afterwards": w}


def forward_and_back(impl, x, w, dout):
    x, w = x.requires_grad_(), w.requires_grad_()
    y = impl.LinearFunction.apply(x, w)
    dx, dw = torch.autograd.grad(y, (x, w), dout)
    return {"y": y, "dx": dx, "dw": dw, "x afterwards": x, "w afterwards": w}


def two_layers(impl, x, w1, w2):
    """The gradients of a loss at the end of two layers."""
    leaves = {"dx": x.requires_grad_(), "dw1": w1.requires_grad_(), "dw2": w2.requires_grad_()}
    hidden = torch.tanh(impl.LinearFunction.apply(x, w1))
    impl.LinearFunction.apply(hidden, w2).square().sum().backward()
    return {name: one.grad for name, one in leaves.items()}


def what_backward_returns(impl, x, w, dout, x_requires_grad, w_requires_grad):
    """The results of backward itself, when only some inputs ask for a gradient."""
    y = impl.LinearFunction.apply(x.requires_grad_(x_requires_grad), w.requires_grad_(w_requires_grad))
    returned = impl.LinearFunction.backward(y.grad_fn, dout)
    results = list(returned) if isinstance(returned, tuple | list) else [returned]
    dx, dw = (*results, None, None)[:2]
    return {"number of results of backward": len(results), "dx": dx, "dw": dw}


def changed_before_backward(impl, x, w, dout, changed):
    x, w = x.requires_grad_(), w.requires_grad_()
    y = impl.LinearFunction.apply(x, w)
    with torch.no_grad():
        {"x": x, "w": w}[changed].add_(1)
    try:
        torch.autograd.grad(y, (x, w), dout)
    except NotImplementedError:  # which is a RuntimeError, and says that backward is not written yet
        raise
    except RuntimeError:
        return "RuntimeError"
    return "no error"


def whole_dataset(impl, images, labels):
    dataset = impl.ArrayDataset(images, labels)
    found = {"len(dataset)": len(dataset)}
    for index in range(len(images)):
        example = dataset[index]
        image, label = example if isinstance(example, tuple | list) and len(example) == 2 else (example, "none")
        number = label if isinstance(label, str) else int(label)
        found |= {f"the picture of dataset[{index}]": image, f"the label of dataset[{index}]": number}
    return found


def through_a_loader(impl, images, labels, batch_size):
    loader = torch.utils.data.DataLoader(impl.ArrayDataset(images, labels), batch_size)
    batches = {}
    for count, (pictures, classes) in enumerate(loader, start=1):
        batches |= {f"pictures of batch {count}": pictures, f"labels of batch {count}": classes}
    return {"number of batches": len(batches) // 2, "batches": batches}


def scribbled_on(impl, images, labels):
    """The array and the labels, and an example asked for again, once the first answer was painted over."""
    dataset = impl.ArrayDataset(images, labels)
    dataset[0][0].fill_(7)
    return {"images afterwards": images, "labels afterwards": labels, "the picture asked for again": dataset[0][0]}


class Mode(nn.Module):
    """Does one thing in training and another in use, without chance; notes what it was asked in."""

    def __init__(self):
        super().__init__()
        self.seen = []
        self.register_buffer("passes", torch.zeros(()))

    def forward(self, x):
        self.seen.append(f"training: {self.training}, autograd: {torch.is_grad_enabled()}")
        if not self.training:
            return x
        self.passes += 1
        return 3 * x


class Loader:
    """A loader over batches that are there already, with what a DataLoader has besides."""

    def __init__(self, batches):
        self.batches = batches
        self.dataset = range(sum(len(batch["x"]) for batch in batches))
        self.batch_size = len(batches[0]["x"])

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter([(batch["x"].clone(), batch["y"].clone()) for batch in self.batches])


def network(weights):
    """Two layers with a Mode between them, and these weights."""
    w1, w2 = weights["w1"], weights["w2"]
    model = nn.Sequential(nn.Linear(*w1.T.shape), Mode(), nn.Tanh(), nn.Linear(*w2.T.shape)).double()
    return holding_weights(model, weights)


def holding_weights(model, weights):
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), weights.values(), strict=True):
            parameter.copy_(value)
    return model


def weights_of(model, when):
    return {f"{name} {when}": one.detach() for name, one in zip(WEIGHTS, model.parameters(), strict=True)}


def epoch(impl, weights, batches, loss_fn, momentum):
    """The loss, and the weights afterwards. The model comes in eval mode."""
    model = network(weights).eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=momentum)
    loss = impl.train_one_epoch(model, Loader(batches), optimizer, getattr(F, loss_fn), "cpu")
    return {"loss": loss} | weights_of(model, "after the epoch")


def travelling_loader(sizes, moved):
    """A loader that counts how many of its x and y are moved with .to."""
    moved |= {"number of x moved with .to": 0, "number of y moved with .to": 0}

    class Travelling(torch.Tensor):
        def to(self, *args, **kwargs):
            moved[f"number of {'x' if self.is_floating_point() else 'y'} moved with .to"] += 1
            return self.as_subclass(torch.Tensor).to(*args, **kwargs)

    batches = [{"x": torch.ones(n, 2), "y": torch.zeros(n, dtype=torch.int64)} for n in sizes]
    return Loader([{name: one.as_subclass(Travelling) for name, one in batch.items()} for batch in batches])


def training_moves(impl, batch_sizes):
    moved = {}
    model = nn.Linear(2, 3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    impl.train_one_epoch(model, travelling_loader(batch_sizes, moved), optimizer, F.cross_entropy, "cpu")
    return moved


def evaluation_moves(impl, batch_sizes):
    moved = {}
    impl.evaluate(nn.Linear(2, 3), travelling_loader(batch_sizes, moved))
    return moved


def all_moved(batch_sizes):
    return {"number of x moved with .to": len(batch_sizes), "number of y moved with .to": len(batch_sizes)}


def evaluated(impl, weights, batches, training_before):
    model = network(weights).train(training_before)
    before = [one.detach().clone() for one in model.state_dict().values()]
    result = impl.evaluate(model, Loader(batches))
    return {
        "result": result,
        "model.training afterwards": model.training,
        "training of a layer afterwards": model[1].training,
        "autograd on afterwards": torch.is_grad_enabled(),
        "how the model was called": "; ".join(sorted(set(model[1].seen))),
        "weights and buffers unchanged": all(map(torch.equal, before, model.state_dict().values())),
        "parameters with a gradient": sum(one.grad is not None for one in model.parameters()),
    }


class Averaged(nn.Module):
    """Parameters that learn, one that does not, and buffers."""

    def __init__(self, c, h):
        super().__init__()
        self.linear = nn.Linear(c, h)
        self.norm = nn.BatchNorm1d(h)
        self.norm.bias.requires_grad_(False)
        self.register_buffer("constant", torch.zeros(h))


def holding(model, values, count):
    """The model, with other numbers in it."""
    own = dict(model.named_parameters()) | dict(model.named_buffers())
    with torch.no_grad():
        for name, value in values.items():
            own[name].copy_(value)
        model.norm.num_batches_tracked.fill_(count)
    return model


def painted(model, number):
    """The model, with this number everywhere."""
    return holding(model, {name: torch.full((), number) for name in VALUES}, int(number))


def model_with(values, count=1):
    return holding(Averaged(*values["linear.weight"].T.shape), values, count)


def numbers_of(model, where):
    named = [*model.named_parameters(), *model.named_buffers()]
    return {f"{name} {where}": one.detach().clone() for name, one in named}


def copied(impl, decay, start):
    """What another model holds once the average of a model was copied to it, without an update; and that model."""
    model, other = model_with(start), painted(model_with(start), 55.0)
    impl.EMA(model, decay).copy_to(other)
    return numbers_of(other, "after copy_to") | numbers_of(model, "of the model itself")


def copied_apart(impl, decay, start):
    """The average, when models that it met are painted over before and after."""
    model = model_with(start)
    ema = impl.EMA(model, decay)
    painted(model, 99.0)
    first, second = (painted(model_with(start), 55.0) for _ in range(2))
    ema.copy_to(first)
    painted(first, 77.0)
    ema.copy_to(second)
    return numbers_of(second, "after copy_to")


def averaged(impl, decay, start, updates):
    """What a fresh model holds once the average was copied to it, and the trained model itself."""
    model = model_with(start)
    ema = impl.EMA(model, decay)
    for count, values in enumerate(updates, start=2):
        ema.update(holding(model, values, count))
    fresh = Averaged(*start["linear.weight"].T.shape)
    ema.copy_to(fresh)
    return numbers_of(fresh, "of the average") | numbers_of(model, "of the model itself")


def averaged_apart(impl, decay, start, updates):
    """The average, when models that it met are painted over before and after."""
    model = model_with(start)
    ema = impl.EMA(model, decay)
    for count, values in enumerate(updates, start=2):
        ema.update(holding(model, values, count))
    painted(model, 99.0)
    first, second = (Averaged(*start["linear.weight"].T.shape) for _ in range(2))
    ema.copy_to(first)
    painted(first, 77.0)
    ema.copy_to(second)
    return numbers_of(second, "of the average")


def still_trainable(impl, decay, start, updates):
    """Which weights learn after copy_to, whether they are leaves, and whether the average drags a history along."""
    model = model_with(start)
    ema = impl.EMA(model, decay)
    for count, values in enumerate(updates, start=2):
        ema.update(holding(model, values, count))
    ema.copy_to(model)
    sum(one.sum() for one in model.parameters()).backward()
    queue, history = list(vars(ema).values()), False
    while queue:
        one = queue.pop()
        if isinstance(one, torch.Tensor):
            history = history or one.grad_fn is not None
        elif isinstance(one, nn.Module):
            queue += [*one.parameters(), *one.buffers()]
        elif isinstance(one, dict | list | tuple):
            queue += one.values() if isinstance(one, dict) else one
    found = {"the average has an autograd history": history}
    for name, one in model.named_parameters():
        found |= {
            f"{name}.requires_grad after copy_to": one.requires_grad,
            f"{name}.is_leaf after copy_to": one.is_leaf,
            f"{name} gets a gradient": one.grad is not None,
        }
    return found


def trainable_when_copied(impl, decay, start):
    return still_trainable(impl, decay, start, [])


def learner_of(weights, optimizer, lr):
    """A model with dropout, and its optimiser."""
    w1, w2 = weights["w1"], weights["w2"]
    model = nn.Sequential(nn.Linear(*w1.T.shape), nn.Dropout(0.5), nn.Linear(*w2.T.shape)).double()
    holding_weights(model, weights)
    if optimizer == "SGD":
        return model, torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return model, getattr(torch.optim, optimizer)(model.parameters(), lr=lr)


def practise(model, optimizer, x, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()


def leaves_of(value):
    """The tensors and numbers of nested containers."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for inner in value for leaf in leaves_of(inner)]
    return [value] if isinstance(value, torch.Tensor | int | float) else []


def saved(impl, weights, x, optimizer, step, seed):
    """What can be read from the file without running anybody's code, and the weights when training goes on."""
    torch.default_generator.manual_seed(seed)
    model, opt = learner_of(weights, optimizer, 0.1)
    practise(model, opt, x, 2)
    file = io.BytesIO()
    impl.save_checkpoint(file, model, opt, step)
    practise(model, opt, x, 1)
    file.seek(0)
    found, contents = "read", []
    try:
        contents = leaves_of(torch.load(file, weights_only=True))
    except Exception as error:
        found = type(error).__name__
    return {
        "the file, with weights_only=True": found,
        "what is in it": contents,
        **weights_of(model, "one step after saving"),
    }


def unsaved(weights, x, optimizer, seed):
    """What the file has to hold, and the weights when training goes on."""
    torch.default_generator.manual_seed(seed)
    model, opt = learner_of(weights, optimizer, 0.1)
    practise(model, opt, x, 2)
    contents = {
        "every weight": [one.detach().clone() for one in model.parameters()],
        "every number of the optimiser's state": [
            one.clone() for one in leaves_of(list(opt.state.values())) if isinstance(one, torch.Tensor)
        ],
        "the state of the random generator": [torch.get_rng_state()],
    }
    practise(model, opt, x, 1)
    return contents, weights_of(model, "one step after saving")


def unbroken(impl, weights, x, optimizer, seed):
    """Whether the file can be read without running anybody's code, and the weights when training goes on."""
    found = saved(impl, weights, x, optimizer, 2, seed)
    del found["what is in it"]
    return found


def loaded(impl, weights, x, optimizer, steps):
    """A run of some steps, saved, and loaded by a fresh model and optimiser."""
    model, opt = learner_of(weights, optimizer, 0.1)
    practise(model.eval(), opt, x, steps)
    file = io.BytesIO()
    impl.save_checkpoint(file, model, opt, steps)
    model, opt = learner_of({name: torch.zeros_like(one) for name, one in weights.items()}, optimizer, 0.7)
    file.seek(0)
    step = impl.load_checkpoint(file, model, opt)
    return {"step": step, "learning rate": opt.param_groups[0]["lr"]} | weights_of(model, "after load_checkpoint")


def interrupted(impl, weights, x, optimizer, steps_before, steps_after, seed):
    """A run of some steps, saved, and taken up by a fresh model, optimiser and generator for some more."""
    torch.default_generator.manual_seed(seed)  # of the CPU alone: torch.manual_seed costs five milliseconds
    model, opt = learner_of(weights, optimizer, 0.1)
    practise(model, opt, x, steps_before)
    file = io.BytesIO()
    impl.save_checkpoint(file, model, opt, steps_before)
    practise(model, opt, x, 1)
    torch.default_generator.manual_seed(seed + 1)
    model, opt = learner_of({name: torch.zeros_like(one) for name, one in weights.items()}, optimizer, 0.7)
    file.seek(0)
    step = impl.load_checkpoint(file, model, opt)
    practise(model, opt, x, steps_after)
    return {"step": step} | weights_of(model, "at the end") | {"torch.rand(1) at the end": torch.rand(1)}


def uninterrupted(weights, x, optimizer, steps_before, steps_after, seed):
    """The same run without a break."""
    torch.default_generator.manual_seed(seed)
    model, opt = learner_of(weights, optimizer, 0.1)
    practise(model, opt, x, steps_before + steps_after)
    return {"step": steps_before} | weights_of(model, "at the end") | {"torch.rand(1) at the end": torch.rand(1)}


# Checks -----------------------------------------------------------------------------------------------------


@exercise("LinearFunction", part="forward")
class TestLinearFunctionForward:
    @given(inputs=layers)
    def test_matches_the_reference(self, both, inputs):
        "y = x wᵀ; x and w are left alone."
        x, w, _ = inputs
        both.agree(forward, x, w)

    @given(inputs=layers)
    def test_each_row_meets_each_row(self, learner, inputs):
        "y[n, o] = Σ x[n, i] w[o, i]."
        x, w, _ = inputs
        want = (x[:, None, :].double() * w[None].double()).sum(-1).to(x.dtype)
        # the sum of up to five products of numbers up to 10, in another order
        expect(learner.run(forward, x, w)["y"], want, "y", atol=1e-9 if x.dtype == torch.float64 else 1e-4)


@exercise("LinearFunction", part="backward", returns=("dx", "dw"))
class TestLinearFunctionBackward:
    @given(inputs=layers)
    def test_matches_the_reference(self, both, inputs):
        "y = x wᵀ, dx = dout w, dw = doutᵀ x; x and w are left alone."
        both.agree(forward_and_back, *inputs)

    @given(inputs=layers, outer=dims(4))
    def test_works_inside_a_larger_graph(self, learner, inputs, outer):
        "Two of them with a tanh between, and a loss: autograd's own answer; neither forgets what it was given."
        x, w1, _ = (one.double() for one in inputs)
        w2 = torch.arange(outer * len(w1), dtype=torch.float64).reshape(outer, -1).cos()
        leaves = {name: one.clone().requires_grad_() for name, one in (("dx", x), ("dw1", w1), ("dw2", w2))}
        F.linear(torch.tanh(F.linear(leaves["dx"], leaves["dw1"])), leaves["dw2"]).square().sum().backward()
        expect(learner.run(two_layers, x, w1, w2), {name: one.grad for name, one in leaves.items()}, atol=1e-9)

    @given(inputs=layers, wanted=st.sampled_from([(True, False), (False, True), (True, True)]))
    def test_computes_only_what_is_asked_for(self, both, inputs, wanted):
        "None in place of a gradient that no input needs."
        both.agree(what_backward_returns, *inputs, x_requires_grad=wanted[0], w_requires_grad=wanted[1])

    @given(inputs=layers, changed=st.sampled_from(["x", "w"]))
    def test_notices_a_change_before_backward(self, learner, inputs, changed):
        "x or w is changed in place between forward and backward: with save_for_backward, autograd raises RuntimeError."
        got = learner.run(changed_before_backward, *inputs, changed)
        expect(got, "RuntimeError", f"backward after {changed} was changed in place")


@exercise("ArrayDataset", part="ArrayDataset")
class TestArrayDataset:
    @given(inputs=collections)
    def test_matches_the_reference(self, both, inputs):
        "uint8 scaled to [0, 1], floats as they are, always float32; labels as plain ints."
        both.agree(whole_dataset, *inputs)

    @given(inputs=collections)
    def test_black_is_zero_and_white_is_one(self, learner, inputs):
        images, labels = inputs
        images = np.where(images > 100, 255, 0).astype(np.uint8)
        got = learner.run(whole_dataset, images, labels)
        want = {f"the picture of dataset[{index}]": torch.tensor(one > 0).float() for index, one in enumerate(images)}
        expect({name: got[name] for name in want}, want, "pictures of 0 and 255")

    @given(inputs=collections, batch_size=dims(4))
    def test_serves_a_data_loader(self, both, inputs, batch_size):
        "torch's DataLoader makes batches of it: float32 pictures, int64 labels."
        both.agree(through_a_loader, *inputs, batch_size)

    @given(inputs=collections)
    def test_hands_out_copies(self, both, inputs):
        "Painting over a picture changes neither the array nor the dataset."
        both.agree(scribbled_on, *inputs)

    @given(inputs=collections, surplus=st.sampled_from([-1, 1]))
    def test_refuses_labels_that_do_not_match(self, learner, inputs, surplus):
        images, labels = inputs
        labels = labels[:-1] if surplus < 0 else np.append(labels, labels[:1])
        found = learner.run(refusal, "ArrayDataset", images, labels)
        expect(found, "ValueError", f"{len(images)} images and {len(labels)} labels")


@exercise("ArrayDataset", part="collate_pad", returns=("padded", "lengths"))
class TestCollatePad:
    @given(batch=sequences, pad_value=st.sampled_from([0, -1, 5]))
    def test_matches_the_reference(self, both, batch, pad_value):
        "Sequences first, padding after them; lengths in int64."
        both.agree("collate_pad", batch, pad_value)

    @given(batch=sequences, pad_value=st.sampled_from([0, -1, 5]))
    def test_leaves_the_sequences_alone(self, learner, batch, pad_value):
        expect_untouched(learner, "collate_pad", batch, pad_value)

    @given(batch=sequences, pad_value=st.sampled_from([0, -1, 5]))
    def test_can_be_undone(self, learner, batch, pad_value):
        padded, lengths = learner.collate_pad(batch, pad_value)
        expect(lengths, torch.tensor([len(one) for one in batch]), "the lengths")
        rows, columns = len(batch), max(map(len, batch))
        expect(str(tuple(padded.shape)), str((rows, columns)), "the shape of padded")
        for at, (row, one) in enumerate(zip(padded, batch, strict=True)):
            expect(row[: len(one)], one, f"the beginning of padded[{at}]")
            padding = torch.full((len(row) - len(one),), pad_value, dtype=one.dtype)
            expect(row[len(one) :], padding, f"the end of padded[{at}]")


@exercise("train_one_epoch")
class TestTrainOneEpoch:
    # Two batches at least: with one, the wrong orders of the four lines look alike.
    @given(inputs=lessons("cross_entropy", "mse_loss", least=2), momentum=st.sampled_from([0.0, 0.9]))
    def test_matches_the_reference(self, both, inputs, momentum):
        "One step for every batch, in training mode; the mean loss over examples, not over batches."
        both.agree(epoch, *inputs, momentum)

    @given(inputs=lessons("cross_entropy", "mse_loss"))
    def test_one_batch_is_one_step_down_the_gradient(self, learner, inputs):
        "The loss is that before the step, the step is −0.5 times the gradient."
        weights, batches, loss_fn = inputs
        got = learner.run(epoch, weights, batches[:1], loss_fn, 0.0)
        leaves = [one.clone().requires_grad_() for one in weights.values()]
        hidden = torch.tanh(3 * F.linear(batches[0]["x"], *leaves[:2]))
        loss = getattr(F, loss_fn)(F.linear(hidden, *leaves[2:]), batches[0]["y"])
        expect(got["loss"], loss.item(), "the mean loss")
        for name, before, grad in zip(WEIGHTS, leaves, torch.autograd.grad(loss, leaves), strict=True):
            expect(got[f"{name} after the epoch"], before - 0.5 * grad, f"{name} after one step", atol=1e-9)

    @given(sizes=st.sampled_from([(1,), (3, 1), (2, 2, 1)]))
    def test_moves_every_batch_to_the_device(self, learner, sizes):
        expect(learner.run(training_moves, sizes), all_moved(sizes))


@exercise("evaluate")
class TestEvaluate:
    @given(inputs=lessons("cross_entropy"), training=st.booleans())
    def test_matches_the_reference(self, both, inputs, training):
        "Mean cross-entropy and accuracy over examples; eval mode, no autograd, and the old mode afterwards."
        weights, batches, _ = inputs
        both.agree(evaluated, weights, batches, training)

    @given(inputs=lessons("cross_entropy"))
    def test_batches_make_no_difference(self, learner, inputs):
        "The same examples, one batch or many: mean loss and accuracy over all of them."
        weights, batches, _ = inputs
        x, y = (torch.cat([batch[name] for batch in batches]) for name in "xy")
        w1, b1, w2, b2 = weights.values()
        logits = F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2)
        want = {
            "loss": float(F.cross_entropy(logits, y)),
            "accuracy": int((logits.argmax(1) == y).sum()) / len(y),
        }
        expect(learner.run(evaluated, weights, batches, False)["result"], want)

    @given(n=dims(6), right=st.integers(0, 6), classes=st.integers(2, 4))
    def test_knows_sure_answers(self, learner, n, right, classes):
        "A model that is certain: wrong answers cost their margin of 50 nats, right ones nothing."
        right = min(right, n)
        x = 50 * torch.eye(classes, dtype=torch.float64)[torch.arange(n) % classes]
        y = (torch.arange(n) + (torch.arange(n) >= right)) % classes
        eye, zero = torch.eye(classes, dtype=torch.float64), torch.zeros(classes, dtype=torch.float64)
        # tanh would blunt the answer: half of it on either side of the linear part
        weights = {"w1": eye * 1e-6, "b1": zero, "w2": eye * 1e6, "b2": zero}
        batches = [{"x": x[:2], "y": y[:2]}] + ([{"x": x[2:], "y": y[2:]}] if n > 2 else [])
        got = learner.run(evaluated, weights, batches, True)["result"]
        expect(got["accuracy"], right / n, "the accuracy")
        expect(got["loss"], 50 * (n - right) / n, "the loss", rtol=1e-6, atol=1e-6)

    @given(sizes=st.sampled_from([(1,), (3, 1), (2, 2, 1)]))
    def test_moves_every_batch_to_the_models_device(self, learner, sizes):
        expect(learner.run(evaluation_moves, sizes), all_moved(sizes))


@exercise("EMA", part="copy_to")
class TestEMACopyTo:
    @given(inputs=movings)
    def test_matches_the_reference(self, both, inputs):
        "Before any update, copy_to gives the model's own parameters and buffers."
        decay, start, _ = inputs
        both.agree(copied, decay, start)

    @given(inputs=movings)
    def test_shares_memory_with_no_model(self, learner, inputs):
        "The model that it was made of is painted over, and one that it was copied to; the average does not change."
        decay, start, _ = inputs
        got = learner.run(copied_apart, decay, start)
        want = {f"{name} after copy_to": value for name, value in start.items()}
        expect({name: got[name] for name in want}, want)

    @given(inputs=movings)
    def test_leaves_a_model_that_can_be_trained(self, both, inputs):
        "After copy_to the weights are leaves that learn as before, and the average has no autograd history."
        decay, start, _ = inputs
        both.agree(trainable_when_copied, decay, start)


@exercise("EMA", part="update")
class TestEMAUpdate:
    @given(inputs=movings)
    def test_matches_the_reference(self, both, inputs):
        "Parameters averaged, buffers copied; the model that is averaged stays as it is."
        both.agree(averaged, *inputs)

    @given(inputs=movings)
    def test_weighs_every_moment_by_its_age(self, learner, inputs):
        "After n updates: (1 − decay) · decayᵃ for the one a updates ago, decayⁿ for the start."
        decay, start, updates = inputs
        moments = [start, *updates]
        ages = range(len(moments) - 1, -1, -1)
        shares = [
            decay**age * (1 if start else 1 - decay) for age, start in zip(ages, [True] + [False] * 9, strict=False)
        ]
        got = learner.run(averaged, *inputs)
        for name in VALUES[:4]:
            want = sum(share * values[name].double() for share, values in zip(shares, moments, strict=True))
            found = got[f"{name} of the average"].double()
            expect(found, want, f"{name} of the average", rtol=1e-4, atol=1e-5 * max(1e-3, largest(moments)))  # float32
        buffer = "norm.running_mean of the average"
        expect(got[buffer], moments[-1]["norm.running_mean"], buffer)
        counter = "norm.num_batches_tracked of the average"
        expect(int(got[counter]), len(moments), counter)

    @given(inputs=movings)
    def test_shares_memory_with_no_model(self, both, inputs):
        "Models that it was made of or copied to are painted over; the average does not change."
        both.agree(averaged_apart, *inputs)

    @given(inputs=moved)
    def test_leaves_a_model_that_can_be_trained(self, both, inputs):
        "After copy_to the weights are leaves that learn as before, and the average has no autograd history."
        both.agree(still_trainable, *inputs)


@exercise("save_checkpoint", part="save_checkpoint")
class TestSaveCheckpoint:
    @given(seed=st.sampled_from([1, 2]))
    def test_matches_the_reference(self, both, seed):
        "torch.load(…, weights_only=True) reads the file; training can go on after saving."
        weights, batches, _ = lesson("mse_loss", 1, 3, 0, 4, 5, seed)
        both.agree(unbroken, weights, batches[0]["x"], "Adam", seed)

    @given(optimizer=st.sampled_from(["SGD", "Adam"]), step=st.sampled_from([2, 1234]))
    def test_writes_all_that_a_run_needs(self, learner, optimizer, step):
        "The weights, the optimiser's state, the step and the random generator's state; in what order is free."
        weights, batches, _ = lesson("mse_loss", 1, 3, 0, 4, 5, step)
        run = weights, batches[0]["x"], optimizer
        got = learner.run(saved, *run, step=step, seed=step)
        expect(got["the file, with weights_only=True"], "read", "the file, with weights_only=True")
        needed, afterwards = unsaved(*run, step)
        in_file = [torch.as_tensor(one).flatten() for one in got.pop("what is in it")]
        numbers = set(torch.cat([one.double() for one in in_file]).tolist()) if in_file else set()
        for name, tensors in needed.items():
            if name == "the state of the random generator":
                there = any(torch.equal(one, tensors[0]) for one in in_file)
            else:
                there = numbers.issuperset(number for one in tensors for number in one.double().flatten().tolist())
            assert there, f"the file does not hold {name}"
        assert float(step) in numbers, f"the file does not hold the step, {step}"
        expect({name: got[name] for name in afterwards}, afterwards, rtol=1e-12, atol=1e-12)


@exercise("save_checkpoint", part="load_checkpoint")
class TestLoadCheckpoint:
    @given(optimizer=st.sampled_from(["SGD", "Adam"]), steps=st.sampled_from([2, 0]))
    def test_matches_the_reference(self, both, optimizer, steps):
        "The model's weights, the optimiser's settings and the step are those that were saved."
        weights, batches, _ = lesson("mse_loss", 1, 3, 0, 4, 5, steps)
        both.agree(loaded, weights, batches[0]["x"], optimizer, steps)

    # A run costs milliseconds, and there are few ways for one to be different.
    @given(
        optimizer=st.sampled_from(["SGD", "Adam", "AdamW"]),
        steps_before=st.sampled_from([2, 0]),
        steps_after=st.sampled_from([0, 2]),
    )
    def test_a_run_goes_on_as_if_it_had_never_stopped(self, learner, optimizer, steps_before, steps_after):
        "Saved, and loaded into a fresh model, optimiser and generator: the same as without a break, dropout included."
        seed = steps_before + 10 * steps_after
        weights, batches, _ = lesson("mse_loss", 1, 3, 0, 4, 5, seed)
        run = weights, batches[0]["x"], optimizer, steps_before, steps_after, seed
        # exactly what torch computes here and there, on one machine
        expect(learner.run(interrupted, *run), uninterrupted(*run), rtol=1e-12, atol=1e-12)
