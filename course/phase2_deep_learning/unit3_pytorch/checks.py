"""Checks for unit 2.3, PyTorch."""

import io

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from grader.judge import exercise, expect
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


def lesson(task, full, batch, left, i, hidden, seed):
    """Weights, batches of which the last may be smaller, and the name of a loss."""
    width = 3
    state = numbers(seed, (hidden, i), (hidden,), (width, hidden), (width,), kinds=("unit",), dtype=torch.float64)
    sizes = [batch] * full + [min(left, batch - 1)] * (left > 0 and batch > 1)
    rng = generator(seed)
    batches = []
    for size in sizes:
        x = torch.randn(size, i, generator=rng, dtype=torch.float64)
        y = torch.randint(width, (size,), generator=rng)
        if task == "mse_loss":
            y = torch.randn(size, width, generator=rng, dtype=torch.float64)
        batches.append((x, y))
    return state, batches, task


def lessons(*tasks, least=1):
    return st.builds(
        lesson, st.sampled_from(tasks), st.integers(least, 2), dims(4), st.integers(0, 3), dims(4), dims(4), seeds()
    )


def moving(c, h, decay, updates, seed):
    """A decay, and the values of a model's parameters and buffers at the start and at every update."""
    shapes = [(h, c), (h,), (h,), (h,), (h,), (h,)]
    flat = numbers(seed, *shapes * (updates + 1), kinds=("unit", "integers", "tiny"))
    moments = [flat[at * len(shapes) : (at + 1) * len(shapes)] for at in range(updates + 1)]
    return decay, moments


movings = st.builds(moving, dims(3), dims(4), st.sampled_from([0.9, 0.5, 0.999, 0.0, 1.0]), st.integers(0, 4), seeds())
moved = st.builds(moving, dims(3), dims(4), st.sampled_from([0.9, 0.5, 0.99]), dims(4), seeds())


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def forward_and_back(impl, x, w, dout):
    x, w = x.requires_grad_(), w.requires_grad_()
    y = impl.LinearFunction.apply(x, w)
    return y, *torch.autograd.grad(y, (x, w), dout), x, w


def two_layers(impl, x, first, second):
    """A loss at the end of two layers, sent back to all that went in."""
    leaves = [one.requires_grad_() for one in (x, first, second)]
    hidden = torch.tanh(impl.LinearFunction.apply(x, first))
    impl.LinearFunction.apply(hidden, second).square().sum().backward()
    return [one.grad for one in leaves]


def what_backward_returns(impl, x, w, dout, wanted):
    """The two results of backward itself, when only some inputs ask for a gradient."""
    for one, asked in zip((x, w), wanted, strict=True):
        one.requires_grad_(asked)
    y = impl.LinearFunction.apply(x, w)
    return list(impl.LinearFunction.backward(y.grad_fn, dout))


def changed_before_backward(impl, x, w, dout, which):
    x, w = x.requires_grad_(), w.requires_grad_()
    y = impl.LinearFunction.apply(x, w)
    with torch.no_grad():
        (x, w)[which].add_(1)
    try:
        torch.autograd.grad(y, (x, w), dout)
    except RuntimeError:
        return "RuntimeError"
    return "no error"


def whole_dataset(impl, images, labels):
    dataset = impl.ArrayDataset(images, labels)
    pairs = [dataset[index] for index in range(len(dataset))]
    return {
        "length": len(dataset),
        "images": [image for image, _ in pairs],
        "labels": [int(label) for _, label in pairs],
    }


def through_a_loader(impl, images, labels, batch_size):
    loader = torch.utils.data.DataLoader(impl.ArrayDataset(images, labels), batch_size)
    return [list(batch) for batch in loader]


def scribbled_on(impl, images, labels):
    """The array and the labels, and an example asked for again, once the first answer was painted over."""
    dataset = impl.ArrayDataset(images, labels)
    dataset[0][0].fill_(7)
    return {"array": images, "labels": labels, "again": dataset[0][0]}


def padded_and_batch(impl, batch, pad_value):
    padded, lengths = impl.collate_pad(batch, pad_value)
    return {"padded": padded, "lengths": lengths, "batch afterwards": batch}


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
        self.dataset = range(sum(len(x) for x, _ in batches))
        self.batch_size = len(batches[0][0])

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter([(x.clone(), y.clone()) for x, y in self.batches])


def network(state):
    """Two layers with a Mode between them, and these weights."""
    first, second = state[0], state[2]
    model = nn.Sequential(nn.Linear(*first.T.shape), Mode(), nn.Tanh(), nn.Linear(*second.T.shape)).double()
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), state, strict=True):
            parameter.copy_(value)
    return model


def epoch(impl, state, batches, task, momentum):
    """The loss, and the weights afterwards. The model comes in eval mode."""
    model = network(state).eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=momentum)
    loss_fn = getattr(F, task)
    loss = impl.train_one_epoch(model, Loader(batches), optimizer, loss_fn, "cpu")
    return {"loss": loss, "weights": [one.detach() for one in model.parameters()]}


def moves_batches(impl, name, sizes):
    """How many of the x and of the y were moved with .to."""
    moved = {"x": 0, "y": 0}

    class Travelling(torch.Tensor):
        def to(self, *args, **kwargs):
            moved["x" if self.is_floating_point() else "y"] += 1
            return self.as_subclass(torch.Tensor).to(*args, **kwargs)

    batches = [(torch.ones(n, 2), torch.zeros(n, dtype=torch.int64)) for n in sizes]
    loader = Loader([(x.as_subclass(Travelling), y.as_subclass(Travelling)) for x, y in batches])
    model = nn.Linear(2, 3)
    if name == "evaluate":
        impl.evaluate(model, loader)
    else:
        impl.train_one_epoch(model, loader, torch.optim.SGD(model.parameters(), lr=0.1), F.cross_entropy, "cpu")
    return moved


def evaluated(impl, state, batches, training):
    model = network(state).train(training)
    before = [one.detach().clone() for one in model.state_dict().values()]
    result = impl.evaluate(model, Loader(batches))
    return {
        "result": result,
        "training afterwards": model.training,
        "a part of it afterwards": model[1].training,
        "autograd afterwards": torch.is_grad_enabled(),
        "asked": sorted(set(model[1].seen)),
        "unchanged": all(map(torch.equal, before, model.state_dict().values())),
        "gradients": [one.grad for one in model.parameters()],
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
    w, b, gain, shift, mean, constant = values
    with torch.no_grad():
        for own, value in zip(model.parameters(), (w, b, gain, shift), strict=True):
            own.copy_(value)
        model.norm.running_mean.copy_(mean)
        model.constant.copy_(constant)
        model.norm.num_batches_tracked.fill_(count)
    return model


def numbers_of(model):
    return {name: one.detach().clone() for name, one in [*model.named_parameters(), *model.named_buffers()]}


def averaged(impl, decay, moments):
    """What a fresh model holds once the average was copied to it, and the trained model itself."""
    model = holding(Averaged(*moments[0][0].T.shape), moments[0], 1)
    ema = impl.EMA(model, decay)
    for count, values in enumerate(moments[1:], start=2):
        ema.update(holding(model, values, count))
    fresh = Averaged(*moments[0][0].T.shape)
    ema.copy_to(fresh)
    return {"copied": numbers_of(fresh), "the model itself": numbers_of(model)}


def averaged_apart(impl, decay, moments):
    """The average, when models that it met are painted over before and after."""
    model = holding(Averaged(*moments[0][0].T.shape), moments[0], 1)
    ema = impl.EMA(model, decay)
    for count, values in enumerate(moments[1:], start=2):
        ema.update(holding(model, values, count))
    holding(model, [torch.full_like(one, 99.0) for one in moments[0]], 99)
    first, second = Averaged(*moments[0][0].T.shape), Averaged(*moments[0][0].T.shape)
    ema.copy_to(first)
    holding(first, [torch.full_like(one, 77.0) for one in moments[0]], 77)
    ema.copy_to(second)
    return numbers_of(second)


def still_trainable(impl, decay, moments):
    """Which weights learn after copy_to, whether they are leaves, and whether the average drags a history along."""
    model = holding(Averaged(*moments[0][0].T.shape), moments[0], 1)
    ema = impl.EMA(model, decay)
    for count, values in enumerate(moments[1:], start=2):
        ema.update(holding(model, values, count))
    ema.copy_to(model)
    sum(one.sum() for one in model.parameters()).backward()
    found, queue = [], list(vars(ema).values())
    while queue:
        one = queue.pop()
        if isinstance(one, torch.Tensor):
            found.append(one)
        elif isinstance(one, nn.Module):
            queue += [*one.parameters(), *one.buffers()]
        elif isinstance(one, dict | list | tuple):
            queue += one.values() if isinstance(one, dict) else one
    return {
        "learning": [one.requires_grad for one in model.parameters()],
        "leaves": [one.is_leaf for one in model.parameters()],
        "gradients": [one.grad is not None for one in model.parameters()],
        "history in the average": any(one.grad_fn is not None for one in found),
    }


def learner_of(state, rule, lr):
    """A model with dropout, and its optimiser."""
    model = nn.Sequential(nn.Linear(*state[0].T.shape), nn.Dropout(0.5), nn.Linear(*state[2].T.shape)).double()
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), state, strict=True):
            parameter.copy_(value)
    if rule == "SGD":
        return model, torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    return model, getattr(torch.optim, rule)(model.parameters(), lr=lr)


def practise(model, optimizer, x, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()


def interrupted(impl, state, x, rule, before, after, seed):
    """A run of `before` steps, saved, and taken up by a fresh model, optimiser and generator for `after` more."""
    torch.default_generator.manual_seed(seed)  # of the CPU alone: torch.manual_seed costs five milliseconds
    model, optimizer = learner_of(state, rule, 0.1)
    practise(model, optimizer, x, before)
    file = io.BytesIO()
    impl.save_checkpoint(file, model, optimizer, before)
    practise(model, optimizer, x, 1)
    torch.default_generator.manual_seed(seed + 1)
    model, optimizer = learner_of([torch.zeros_like(one) for one in state], rule, 0.7)
    file.seek(0)
    step = impl.load_checkpoint(file, model, optimizer)
    practise(model, optimizer, x, after)
    return {"step": step, "weights": [one.detach() for one in model.parameters()], "next draw": torch.rand(1)}


def uninterrupted(state, x, rule, before, after, seed):
    """The same run without a break."""
    torch.default_generator.manual_seed(seed)
    model, optimizer = learner_of(state, rule, 0.1)
    practise(model, optimizer, x, before + after)
    return {"step": before, "weights": [one.detach() for one in model.parameters()], "next draw": torch.rand(1)}


def checkpoint_contents(impl, state, x):
    """Whether the file can be read without running anybody's code, and the model, optimiser and chance after saving."""
    torch.default_generator.manual_seed(0)
    model, optimizer = learner_of(state, "Adam", 0.1)
    practise(model, optimizer, x, 2)
    file = io.BytesIO()
    impl.save_checkpoint(file, model, optimizer, 2)
    practise(model, optimizer, x, 1)
    file.seek(0)
    try:
        torch.load(file, weights_only=True)
        readable = "read"
    except Exception as error:
        readable = type(error).__name__
    return {"with weights_only=True": readable, "weights, one step later": [one.detach() for one in model.parameters()]}


# Checks -----------------------------------------------------------------------------------------------------


@exercise("LinearFunction")
class TestLinearFunction:
    @given(inputs=layers)
    def test_matches_the_reference(self, both, inputs):
        "y = x wᵀ, dx = dout w, dw = doutᵀ x; x and w are left alone."
        both.agree(forward_and_back, *inputs)

    @given(inputs=layers, outer=dims(4))
    def test_works_inside_a_larger_graph(self, learner, inputs, outer):
        "Two of them with a tanh between, and a loss: autograd's own answer; neither forgets what it was given."
        x, first, _ = (one.double() for one in inputs)
        second = torch.arange(outer * len(first), dtype=torch.float64).reshape(outer, -1).cos()
        leaves = [one.clone().requires_grad_() for one in (x, first, second)]
        F.linear(torch.tanh(F.linear(*leaves[:2])), leaves[2]).square().sum().backward()
        got = learner.run(two_layers, x, first, second)
        expect(got, [one.grad for one in leaves], "the gradients of x and of both weights", atol=1e-9)

    @given(inputs=layers, wanted=st.sampled_from([(True, False), (False, True), (True, True)]))
    def test_computes_only_what_is_asked_for(self, both, inputs, wanted):
        "None in place of a gradient that no input needs."
        both.agree(what_backward_returns, *inputs, wanted)

    @given(inputs=layers, which=st.sampled_from([0, 1]))
    def test_notices_a_change_before_backward(self, learner, inputs, which):
        "x or w is changed in place between forward and backward: with save_for_backward, autograd raises RuntimeError."
        got = learner.run(changed_before_backward, *inputs, which)
        expect(got, "RuntimeError", f"backward after {'xw'[which]} was changed in place")


@exercise("ArrayDataset")
class TestArrayDataset:
    @given(inputs=collections)
    def test_matches_the_reference(self, both, inputs):
        "uint8 scaled to [0, 1], floats as they are, always float32; labels as plain ints."
        both.agree(whole_dataset, *inputs)

    @given(inputs=collections)
    def test_black_is_zero_and_white_is_one(self, learner, inputs):
        images, labels = inputs
        images = np.where(images > 100, 255, 0).astype(np.uint8)
        got = learner.run(whole_dataset, images, labels)["images"]
        want = [torch.tensor(one > 0).float() for one in images]
        expect(got, want, "pictures of 0 and 255")

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

    @given(batch=sequences, pad_value=st.sampled_from([0, -1, 5]))
    def test_collate_pad_matches_the_reference(self, both, batch, pad_value):
        "Sequences first, padding after them; lengths in int64. The sequences are left alone."
        both.agree(padded_and_batch, batch, pad_value)

    @given(batch=sequences, pad_value=st.sampled_from([0, -1, 5]))
    def test_collate_pad_can_be_undone(self, learner, batch, pad_value):
        padded, lengths = learner.collate_pad(batch, pad_value)
        expect(lengths, torch.tensor([len(one) for one in batch]), "the lengths")
        expect(tuple(padded.shape), (len(batch), max(map(len, batch))), "the shape of the padded batch")
        for row, one in zip(padded, batch, strict=True):
            expect(row[: len(one)], one, "the beginning of a row")
            expect(row[len(one) :], torch.full((len(row) - len(one),), pad_value, dtype=one.dtype), "its end")


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
        state, batches, task = inputs
        got = learner.run(epoch, state, batches[:1], task, 0.0)
        (x, y), leaves = batches[0], [one.clone().requires_grad_() for one in state]
        hidden = torch.tanh(3 * F.linear(x, *leaves[:2]))
        loss = getattr(F, task)(F.linear(hidden, *leaves[2:]), y)
        want = [one - 0.5 * grad for one, grad in zip(state, torch.autograd.grad(loss, leaves), strict=True)]
        expect(got["loss"], loss.item(), "the mean loss")
        expect(got["weights"], want, "the weights after one step", atol=1e-9)

    @given(sizes=st.sampled_from([(1,), (3, 1), (2, 2, 1)]))
    def test_moves_every_batch_to_the_device(self, learner, sizes):
        got = learner.run(moves_batches, "train_one_epoch", sizes)
        expect(got, {"x": len(sizes), "y": len(sizes)}, "how many x and y were moved with .to(device)")


@exercise("evaluate")
class TestEvaluate:
    @given(inputs=lessons("cross_entropy"), training=st.booleans())
    def test_matches_the_reference(self, both, inputs, training):
        "Mean cross-entropy and accuracy over examples; eval mode, no autograd, and the old mode afterwards."
        state, batches, _ = inputs
        both.agree(evaluated, state, batches, training)

    @given(inputs=lessons("cross_entropy"))
    def test_batches_make_no_difference(self, learner, inputs):
        "The same examples, one batch or many: mean loss and accuracy over all of them."
        state, batches, _ = inputs
        x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
        logits = F.linear(torch.tanh(F.linear(x, *state[:2])), *state[2:])
        want = {
            "loss": float(F.cross_entropy(logits, y)),
            "accuracy": int((logits.argmax(1) == y).sum()) / len(y),
        }
        expect(learner.run(evaluated, state, batches, False)["result"], want, "loss and accuracy")

    @given(n=dims(6), right=st.integers(0, 6), classes=st.integers(2, 4))
    def test_knows_sure_answers(self, learner, n, right, classes):
        "A model that is certain: wrong answers cost their margin of 50 nats, right ones nothing."
        right = min(right, n)
        x = 50 * torch.eye(classes, dtype=torch.float64)[torch.arange(n) % classes]
        y = (torch.arange(n) + (torch.arange(n) >= right)) % classes
        eye, zero = torch.eye(classes, dtype=torch.float64), torch.zeros(classes, dtype=torch.float64)
        # tanh would blunt the answer: half of it on either side of the linear part
        state = [eye * 1e-6, zero, eye * 1e6, zero]
        got = learner.run(evaluated, state, [(x[:2], y[:2])] + ([(x[2:], y[2:])] if n > 2 else []), True)["result"]
        expect(got["accuracy"], right / n, "the accuracy")
        expect(got["loss"], 50 * (n - right) / n, "the loss", rtol=1e-6, atol=1e-6)

    @given(sizes=st.sampled_from([(1,), (3, 1), (2, 2, 1)]))
    def test_moves_every_batch_to_the_models_device(self, learner, sizes):
        got = learner.run(moves_batches, "evaluate", sizes)
        expect(got, {"x": len(sizes), "y": len(sizes)}, "how many x and y were moved with .to(device)")


@exercise("EMA")
class TestEMA:
    @given(inputs=movings)
    def test_matches_the_reference(self, both, inputs):
        "Parameters averaged, buffers copied; the model that is averaged stays as it is."
        both.agree(averaged, *inputs)

    @given(inputs=movings)
    def test_weighs_every_moment_by_its_age(self, learner, inputs):
        "After n updates: (1 − decay) · decayᵃ for the one a updates ago, decayⁿ for the start."
        decay, moments = inputs
        ages = range(len(moments) - 1, -1, -1)
        shares = [
            decay**age * (1 if start else 1 - decay) for age, start in zip(ages, [True] + [False] * 9, strict=False)
        ]
        got = learner.run(averaged, decay, moments)["copied"]
        for position, name in enumerate(("linear.weight", "linear.bias", "norm.weight", "norm.bias")):
            want = sum(share * values[position].double() for share, values in zip(shares, moments, strict=True))
            expect(got[name].double(), want, name, rtol=1e-4, atol=1e-5 * max(1e-3, largest(moments)))  # of float32
        expect(got["norm.running_mean"], moments[-1][4], "the buffer running_mean")
        expect(int(got["norm.num_batches_tracked"]), len(moments), "the buffer num_batches_tracked")

    @given(inputs=movings)
    def test_shares_memory_with_no_model(self, both, inputs):
        "Models that it was made of or copied to are painted over; the average does not change."
        both.agree(averaged_apart, *inputs)

    @given(inputs=moved)
    def test_leaves_a_model_that_can_be_trained(self, both, inputs):
        "After copy_to the weights are leaves that learn as before, and the average has no autograd history."
        both.agree(still_trainable, *inputs)


@exercise("save_checkpoint")
class TestSaveCheckpoint:
    # A run costs milliseconds, and there are few ways for one to be different.
    @given(
        rule=st.sampled_from(["SGD", "Adam", "AdamW"]), before=st.sampled_from([2, 0]), after=st.sampled_from([0, 2])
    )
    def test_a_run_goes_on_as_if_it_had_never_stopped(self, learner, rule, before, after):
        "Saved, and loaded into a fresh model, optimiser and generator: the same as without a break, dropout included."
        seed = before + 10 * after
        state, batches, _ = lesson("mse_loss", 1, 3, 0, 4, 5, seed)
        run = state, batches[0][0], rule, before, after, seed
        # exactly what torch computes here and there, on one machine
        expect(learner.run(interrupted, *run), uninterrupted(*run), "the run", rtol=1e-12, atol=1e-12)

    @given(seed=st.sampled_from([1, 2]))
    def test_writes_plain_data_and_changes_nothing(self, both, seed):
        "torch.load(…, weights_only=True) reads the file; training can go on after saving."
        state, batches, _ = lesson("mse_loss", 1, 3, 0, 4, 5, seed)
        both.agree(checkpoint_contents, state, batches[0][0])
