"""Checks for unit 2.5, training practice."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect, expect_untouched
from grader.judge.terms.compare import largest
from grader.judge.terms.scenarios import refusal
from grader.judge.trial.strategies import dims, generator, numbers, seeds

# Magnitudes of pictures. Those in which a channel is constant have checks of their own: see `forgiven`.
PICTURES = ("unit", "integers", "tiny")


# Inputs: a few integers are drawn, and everything is made of them -------------------------------------------


def precision(seed):
    return torch.float64 if seed % 2 else torch.float32


def pictures(b, c, h, w, seed, kinds=PICTURES):
    """x (B, C, H, W), two values a channel at least, and (C,) gamma and beta."""
    if b * h * w == 1:
        b = 2
    dtype = precision(seed)
    (x,) = numbers(seed // 2, (b, c, h, w), kinds=kinds, dtype=dtype)
    gamma, beta = numbers(seed, (c,), (c,), kinds=("unit",), dtype=dtype)
    return x, gamma, beta


def remembered(c, seed, dtype):
    """Running averages (mean, var) of C channels; the variances are positive."""
    rng = generator(seed + 1)
    mean = torch.randn(c, generator=rng, dtype=torch.float64)
    var = 0.1 + 2 * torch.rand(c, generator=rng, dtype=torch.float64)
    return mean.to(dtype), var.to(dtype)


def batch(b, c, h, w, momentum, eps, seed, kinds=PICTURES):
    """x, gamma, beta, running, momentum and eps of a batch norm."""
    x, gamma, beta = pictures(b, c, h, w, seed, kinds)
    return x, gamma, beta, remembered(c, seed, x.dtype), momentum, eps


def batches(kinds=PICTURES):
    return st.builds(
        batch,
        *(dims(4), dims(4), dims(4), dims(4)),
        st.sampled_from([0.1, 0.5, 0.01, 1.0]),
        st.sampled_from([1e-5, 1e-3, 0.5]),
        seeds(),
        st.just(kinds),
    )


def grouped(b, groups, each, h, w, eps, seed, kinds=PICTURES):
    """x, groups, gamma, beta and eps of a group norm."""
    x, gamma, beta = pictures(b, groups * each, h, w, seed, kinds)
    return x, groups, gamma, beta, eps


def groupings(kinds=PICTURES):
    return st.builds(
        grouped,
        *(dims(3), dims(3), dims(3), dims(4), dims(4)),
        st.sampled_from([1e-5, 1e-3, 0.5]),
        seeds(),
        st.just(kinds),
    )


def units(shape, seed):
    """Something to drop from: numbers of which none is near zero."""
    (x,) = numbers(seed, shape, kinds=("unit",), dtype=precision(seed))
    return x + x.sign()


droppable = st.builds(units, st.sampled_from([(2, 3, 4), (5,), (1, 1), (3, 2, 2, 2), (1,)]), seeds())
rates = st.sampled_from([0.1, 0.5, 0.3, 0.8])


def schedule(warmup, rest, base_lr):
    """warmup, total and base_lr."""
    return warmup, warmup + rest, base_lr


schedules = st.builds(
    schedule, st.sampled_from([0, 1, 2, 5, 10]), st.integers(1, 30), st.sampled_from([1.0, 3e-4, 0.1, 2.0])
)


def numbered(name, values):
    """Several things under names: p1, p2, …"""
    return {name.format(i): value for i, value in enumerate(values, start=1)}


def gradients(shapes, without, max_norm, seed):
    """Parameters, their gradients (some None) and max_norm."""
    dtype = precision(seed)
    values = numbers(seed, *shapes, kinds=("unit",), dtype=dtype)
    grads = numbers(seed // 2, *shapes, kinds=("unit", "integers", "tiny", "huge"), dtype=dtype)
    grads = [None if without >> i & 1 else one for i, one in enumerate(grads)]
    return numbered("p{}", values), numbered("p{}.grad", grads), max_norm


SHAPES = [[(2, 3), (3,)], [(4,)], [(2, 1, 3), (5,), (1,)], [(3, 2), (2,), (4, 3), (3,)]]
clippings = st.builds(
    gradients, st.sampled_from(SHAPES), st.integers(0, 15), st.sampled_from([1.0, 0.5, 5.0, 1e4, math.inf]), seeds()
)


def half_trained(shapes, events, max_norm, seed):
    """Weights, the gradients of each step, what happens at each step, and max_norm."""
    flat = numbers(seed, *shapes * (len(events) + 1), kinds=("unit", "integers"))
    weights, *steps = [flat[at : at + len(shapes)] for at in range(0, len(flat), len(shapes))]
    return numbered("p{}", weights), [numbered("p{}.grad", step) for step in steps], events, max_norm


EVENTS = [
    ["good", "good", "good", "good", "good"],
    ["good", "inf", "good", "good", "good"],
    ["nan", "good", "good", "inf", "good", "good", "good"],
    ["-inf", "inf", "nan", "good"],
    ["good", "good", "nan", "good", "good", "good", "good"],
    ["good", "-inf", "good", "good", "-inf", "good"],
]
half_trainings = st.builds(
    half_trained,
    st.sampled_from([[(3, 4), (7,)], [(8,)], [(2, 2, 3), (7,), (9,)]]),
    st.sampled_from(EVENTS),
    st.sampled_from([None, 0.5, 2.0]),
    seeds(),
)


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def named(returned, *names, what="number of values returned"):
    """Several values under their names; how many there are comes first, as there may be more or fewer."""
    several = list(returned) if isinstance(returned, tuple | list) else [returned]
    some = [*several, *[None] * len(names)][: len(names)]
    return {what: len(several), **dict(zip(names, some, strict=True))}


def normalised(returned):
    """What batch_norm returns, (y, (mean, var)), under names."""
    found = named(returned, "y", "running")
    running = named(found.pop("running"), "running mean", "running var", what="number of running averages returned")
    return found | running


def normalised_by_the_batch(impl, x, gamma, beta, running, training, momentum, eps):
    return normalised(impl.batch_norm(x, gamma, beta, running, training, momentum, eps))


def batch_norm_by_default(impl, x, gamma, beta, running, training):
    return normalised(impl.batch_norm(x, gamma, beta, running, training))


def batch_norm_and_back(impl, x, gamma, beta, running, training, momentum, eps, dout):
    """The gradients of Σ y · dout, and whether what is remembered drags a history along."""
    leaves = [one.clone().requires_grad_() for one in (x, gamma, beta)]
    y, kept = impl.batch_norm(*leaves, running, training, momentum, eps)
    found = torch.autograd.grad((y * dout).sum(), leaves)
    history = any(one.requires_grad for one in kept)
    gradients = dict(zip(("gradient of x", "gradient of gamma", "gradient of beta"), found, strict=True))
    return gradients | {"the running averages have an autograd history": history}


def batch_norm_again_and_again(impl, x, gamma, beta, running, momentum, eps, times):
    """The running averages after the same batch, several times."""
    for _ in range(times):
        _, running = impl.batch_norm(x, gamma, beta, running, True, momentum, eps)
    mean, var = running
    return {"running mean": mean, "running var": var}


def group_norm_and_back(impl, x, groups, gamma, beta, eps, dout):
    leaves = [one.clone().requires_grad_() for one in (x, gamma, beta)]
    y = impl.group_norm(leaves[0], groups, *leaves[1:], eps)
    found = torch.autograd.grad((y * dout).sum(), leaves)
    return dict(zip(("gradient of x", "gradient of gamma", "gradient of beta"), found, strict=True))


def drop(impl, x, p, training, seed):
    torch.default_generator.manual_seed(0)  # code that uses the wrong generator is wrong in the same way each time
    return impl.dropout(x, p, training, torch.Generator().manual_seed(seed))


def drop_by_default(impl, x, p, seed):
    """Without a generator of its own."""
    torch.default_generator.manual_seed(seed)
    return impl.dropout(x, p, True)


def drop_thrice(impl, x, p, seed):
    """Two calls from one seed, a third that goes on with the second's generator; and what may not have changed."""
    first = drop(impl, x, p, True, seed)
    torch.default_generator.manual_seed(1)
    goes_on = torch.Generator().manual_seed(seed)
    second, third = (impl.dropout(x, p, True, goes_on) for _ in range(2))
    state = torch.default_generator.get_state()
    return {
        "first call": first,
        "the same call from the same seed": second,
        "the next call with that generator": third,
        "x after the calls": x,
        "state of torch's global generator": state,
    }


def drop_often(impl, times, x, p, seed):
    rng = torch.Generator().manual_seed(seed)
    return torch.stack([impl.dropout(x, p, True, rng) for _ in range(times)])


def drop_and_back(impl, x, p, training, seed):
    """What comes out, and the gradient of its sum."""
    x = x.clone().requires_grad_()
    out = impl.dropout(x, p, training, torch.Generator().manual_seed(seed))
    return {"out": out, "gradient of its sum": torch.autograd.grad(out.sum(), x)[0]}


def whole_schedule(impl, warmup, total, base_lr):
    """The rates of steps 0 … total and three more."""
    return {f"lr at step {step}": impl.cosine_warmup_lr(step, warmup, total, base_lr) for step in range(total + 4)}


def plain_number(value):
    """A number as a float, be it in a tensor or not; anything else as it is."""
    return float(value) if isinstance(value, torch.Tensor | int | float) else value


def clipped(impl, params, grads, max_norm):
    """The norm, and gradients and parameters afterwards. The parameters come as from model.parameters()."""
    parameters = [torch.nn.Parameter(one.clone()) for one in params.values()]
    for param, grad in zip(parameters, grads.values(), strict=True):
        param.grad = None if grad is None else grad.clone()
    norm = plain_number(impl.clip_grad_norm(iter(parameters), max_norm))
    return {
        "norm": norm,
        **numbered("p{}.grad afterwards", [one.grad for one in parameters]),
        **numbered("p{} afterwards", [one.detach() for one in parameters]),
    }


def grads_afterwards(got):
    return {name: one for name, one in got.items() if name.endswith(".grad afterwards")}


def with_gradients(scaler, params, grads, event):
    """Fill .grad by a backward pass through the scaled loss Σ param · grad, and spoil an entry of the last one."""
    loss = sum((param * grad).sum() for param, grad in zip(params, grads.values(), strict=True))
    for param in params:
        param.grad = None
    scaler.scale(loss).backward()
    if event != "good":
        params[-1].grad.view(-1)[-1] = float(event)


def told(value):
    """A yes or no, be it in a tensor or not; anything else as it is."""
    return bool(value) if isinstance(value, torch.Tensor) and value.numel() == 1 else value


def one_step_each(impl, weights, gradients, events, max_norm, init_scale):
    """Steps with a scaler each, which is never updated. With momentum, and a frozen weight."""
    params = [torch.nn.Parameter(one.clone()) for one in weights.values()]
    optimizer = torch.optim.SGD([*params, torch.nn.Parameter(torch.ones(2))], lr=0.125, momentum=0.5)
    story = {}
    for step, (grads, event) in enumerate(zip(gradients, events, strict=True), start=1):
        scaler = impl.LossScaler(init_scale)
        story |= one_step(scaler, optimizer, params, grads, event, max_norm, step)
    return story


def one_step(scaler, optimizer, params, grads, event, max_norm, step):
    """Whether the step was taken, the factor and the weights afterwards."""
    with_gradients(scaler, params, grads, event)
    arguments = () if max_norm is None else (max_norm,)
    taken = told(scaler.unscale_and_step(optimizer, *arguments))
    return {
        f"result of unscale_and_step, step {step}": taken,
        f"factor after unscale_and_step, step {step}": plain_number(scaler.factor),
        **numbered(f"p{{}} after step {step}", [one.detach().clone() for one in params]),
    }


def trained_in_half(
    impl, weights, gradients, events, max_norm, init_scale, growth_factor, backoff_factor, growth_interval
):
    """Of each step: whether it was taken, the weights and the factor afterwards. With momentum, and a frozen weight."""
    scaler = impl.LossScaler(init_scale, growth_factor, backoff_factor, growth_interval)
    params = [torch.nn.Parameter(one.clone()) for one in weights.values()]
    optimizer = torch.optim.SGD([*params, torch.nn.Parameter(torch.ones(2))], lr=0.125, momentum=0.5)
    story = {}
    for step, (grads, event) in enumerate(zip(gradients, events, strict=True), start=1):
        story |= one_step(scaler, optimizer, params, grads, event, max_norm, step)
        scaler.update()
        story[f"factor after update, step {step}"] = plain_number(scaler.factor)
    return story


def two_optimizers(impl, weights, gradients, first_event, second_event):
    """A generator's and a discriminator's step with one scaler, and one update: what was taken, and the factor."""
    scaler = impl.LossScaler(1024.0, 2.0, 0.5, 1)
    models = [[torch.nn.Parameter(one.clone()) for one in weights.values()] for _ in range(2)]
    optimizers = [torch.optim.SGD(params, lr=0.125) for params in models]
    events = {"first": first_event, "second": second_event}
    found = {}
    for params, optimizer, (which, event) in zip(models, optimizers, events.items(), strict=True):
        with_gradients(scaler, params, gradients, event)
        found[f"result of unscale_and_step, {which} optimizer"] = told(scaler.unscale_and_step(optimizer))
    scaler.update()
    found["factor after update"] = plain_number(scaler.factor)
    for params, which in zip(models, events, strict=True):
        found |= numbered(f"p{{}} of the {which} optimizer", [one.detach() for one in params])
    return found


def in_real_half_precision(impl, seed, steps):
    """A weight that only sees gradients of 1e-9, which float16 does not know: how far it gets, over how many steps."""
    weight = torch.nn.Parameter(torch.zeros(4))
    optimizer = torch.optim.SGD([weight], lr=1e6)
    scaler = impl.LossScaler()
    inputs = 1 + torch.rand(4, generator=torch.Generator().manual_seed(seed))
    for _ in range(steps):
        optimizer.zero_grad()
        out = (weight.half() * inputs.half()).float()  # its gradient passes through float16 on its way to the weight
        scaler.scale(out.sum() * 1e-9).backward()
        scaler.unscale_and_step(optimizer)
        scaler.update()
    return weight.detach()


def scaled_loss(impl, loss, init_scale):
    loss = loss.clone().requires_grad_()
    out = impl.LossScaler(init_scale).scale(loss)
    return {"scale(loss)": out, "slope of scale(loss)": torch.autograd.grad(out, loss)[0]}


def scaled_loss_by_default(impl, loss):
    return impl.LossScaler().scale(loss)


def two_thousand_steps(impl):
    """The factor of a scaler with the usual settings: fresh, after 1999 good steps, after 2000, after one overflow."""
    scaler = impl.LossScaler()
    param = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([param], lr=0.1)
    story = {"factor at first": plain_number(scaler.factor)}
    scaler.scale(param.sum()).backward()  # one gradient for all steps; what unscaling makes of it is finite
    for _ in range(1999):
        scaler.unscale_and_step(optimizer)
        scaler.update()
    story["factor after 1999 good steps"] = plain_number(scaler.factor)
    for event, when in (("good", "2000 good steps"), ("inf", "an overflow")):
        with_gradients(scaler, [param], {"p1.grad": torch.ones(1)}, event)
        scaler.unscale_and_step(optimizer)
        scaler.update()
        story[f"factor after {when}"] = plain_number(scaler.factor)
    return story


# Checks -----------------------------------------------------------------------------------------------------


def forgiven(x, gamma, beta, eps, dims):
    """How far two right answers of a normalisation over `dims` may lie apart.

    The mean of values as large as m is known to m·ε of the machine, and the variance, where it is computed as a
    difference of squares, to m²·ε. Both are divided by the deviation, which is small where a channel is nearly
    constant.
    """
    near = 1e-9 if x.dtype == torch.float64 else 1e-5
    var = x.double().var(dims, correction=0)
    size = x.double().abs().amax(dims)
    deviation = (var + eps).sqrt()
    rounding = 16 * torch.finfo(x.dtype).eps * (size / deviation + size**2 * var.sqrt() / deviation**3).max().item()
    return max(near, rounding) * max(largest(gamma), largest(beta))


def doubled(value):
    """The same in float64."""
    if isinstance(value, tuple):
        return tuple(map(doubled, value))
    return value.double() if isinstance(value, torch.Tensor) else value


@exercise("batch_norm", returns=("y", ("mean", "var")))
class TestBatchNorm:
    @given(inputs=batches())
    def test_matches_the_reference_in_training(self, both, inputs):
        "Statistics of this batch over B, H and W; the running averages take a step towards them."
        x, gamma, beta, running, momentum, eps = inputs
        atol = max(forgiven(x, gamma, beta, eps, (0, 2, 3)), 1e-5 * largest(running) if x.dtype == torch.float32 else 0)
        both.agree(normalised_by_the_batch, x, gamma, beta, running, True, momentum, eps, atol=atol)

    @given(inputs=batches())
    def test_matches_the_reference_in_use(self, both, inputs):
        "Statistics remembered, one example enough; the running averages stay."
        x, gamma, beta, running, momentum, eps = inputs
        both.agree(normalised_by_the_batch, x[:1, :, :1, :1], gamma, beta, running, False, momentum, eps)
        both.agree(normalised_by_the_batch, x, gamma, beta, running, False, momentum, eps)

    @given(inputs=batches(kinds=("tiny", "unit")), training=st.booleans())
    def test_has_the_usual_momentum_and_eps_unless_told(self, both, inputs, training):
        "momentum = 0.1, eps = 1e-5."
        x, gamma, beta, (mean, var), _, _ = inputs
        atol = forgiven(x, gamma, beta, 1e-5, (0, 2, 3)) if training else None
        both.agree(batch_norm_by_default, x, gamma, beta, (0.001 * mean, 0.00001 * var), training, atol=atol)

    @given(inputs=batches(), seed=seeds())
    def test_every_channel_gets_mean_0_and_variance_1(self, learner, inputs, seed):
        "With gamma = 1 and beta = 0, but for eps."
        x, gamma, beta, running, momentum, eps = doubled(inputs)
        gamma, beta = torch.ones_like(gamma), torch.zeros_like(beta)
        y = learner.run(normalised_by_the_batch, x, gamma, beta, running, True, momentum, eps)["y"]
        expect(str(tuple(y.shape)), str(tuple(x.shape)), "the shape of y")
        expect(y.mean((0, 2, 3)), torch.zeros_like(beta), "the means of the channels", atol=1e-6)
        var = x.var((0, 2, 3), correction=0)
        expect(y.var((0, 2, 3), correction=0), var / (var + eps), "the variances of the channels", rtol=1e-5, atol=1e-9)

    @given(inputs=batches(kinds=("constant",)))
    def test_a_channel_of_one_colour_becomes_beta(self, learner, inputs):
        "Its variance is 0; eps keeps it from becoming a division by zero."
        x, gamma, beta, running, momentum, eps = inputs
        y = learner.run(normalised_by_the_batch, x, gamma, beta, running, True, momentum, eps)["y"]
        atol = forgiven(x, gamma, beta, eps, (0, 2, 3))
        expect(y, beta[:, None, None].expand(x.shape), "y of constant channels", atol=atol)

    @given(inputs=batches(), times=st.integers(1, 4))
    def test_the_running_averages_approach_those_of_the_batch(self, learner, inputs, times):
        "After k times the same batch, (1 − momentum)ᵏ of what was there is left. The variance divides by n − 1."
        x, gamma, beta, running, momentum, eps = doubled(inputs)
        left = (1 - momentum) ** times
        wanted = (x.mean((0, 2, 3)), x.var((0, 2, 3), correction=1))
        want = [left * old + (1 - left) * new for old, new in zip(running, wanted, strict=True)]
        got = learner.run(batch_norm_again_and_again, x, gamma, beta, running, momentum, eps, times)
        for name, right in zip(("running mean", "running var"), want, strict=True):
            expect(got[name], right, f"{name} after {times} times this batch", atol=1e-9)

    @given(inputs=batches(), seed=seeds(), training=st.booleans())
    def test_gradients_match_the_reference(self, both, inputs, seed, training):
        "In training the mean and the variance depend on x as well; what is remembered has no history."
        x, gamma, beta, running, momentum, eps = doubled(inputs)
        dout = torch.randn(x.shape, generator=generator(seed), dtype=x.dtype)
        # In float64, where 1e-7 is far beyond what a small variance can make of a rounding; the terms may cancel.
        atol = 1e-7 * largest(dout) * max(1.0, largest(gamma)) / eps**0.5
        both.agree(batch_norm_and_back, x, gamma, beta, running, training, momentum, eps, dout, atol=atol)

    @given(c=dims(4), seed=seeds())
    def test_refuses_a_single_value_a_channel(self, learner, c, seed):
        "In training, B·H·W = 1."
        x, gamma, beta = numbers(seed, (1, c, 1, 1), (c,), (c,))
        got = learner.run(refusal, "batch_norm", x, gamma, beta, remembered(c, seed, x.dtype), True)
        expect(got, "ValueError", f"batch_norm of a batch of shape {tuple(x.shape)} in training")

    @given(inputs=batches(), training=st.booleans())
    def test_leaves_its_inputs_alone(self, learner, inputs, training):
        x, gamma, beta, running, momentum, eps = inputs
        expect_untouched(learner, "batch_norm", x, gamma, beta, running, training, momentum, eps)


@exercise("group_norm")
class TestGroupNorm:
    @given(inputs=groupings())
    def test_matches_the_reference(self, both, inputs):
        "Mean and variance of each image's neighbouring channels; scale and shift by channel."
        x, groups, gamma, beta, eps = inputs
        wide = x.unflatten(1, (groups, -1))
        both.agree("group_norm", *inputs, atol=forgiven(wide, gamma, beta, eps, (2, 3, 4)))

    @given(inputs=groupings(kinds=("tiny",)))
    def test_has_the_usual_eps_unless_told(self, both, inputs):
        "eps = 1e-5."
        both.agree("group_norm", *inputs[:4])

    @given(inputs=groupings())
    def test_one_group_is_a_layer_norm_and_many_are_an_instance_norm(self, learner, inputs):
        "One group: all that an image has. As many groups as channels: each channel of each image by itself."
        x, _, gamma, beta, eps = doubled(inputs)
        for groups, dims_of_one in ((1, (1, 2, 3)), (x.shape[1], (2, 3))):
            mean = x.mean(dims_of_one, keepdim=True)
            var = ((x - mean) ** 2).mean(dims_of_one, keepdim=True)
            want = (x - mean) / (var + eps) ** 0.5 * gamma[:, None, None] + beta[:, None, None]
            atol = 1e-6 * max(largest(gamma), largest(beta))
            expect(learner.group_norm(x, groups, gamma, beta, eps), want, f"group_norm with {groups} groups", atol=atol)

    @given(inputs=groupings(), seed=seeds())
    def test_an_image_does_not_depend_on_its_neighbours(self, learner, inputs, seed):
        x, groups, gamma, beta, eps = inputs
        (others,) = numbers(seed, (2, *x.shape[1:]), kinds=("unit",), dtype=x.dtype)
        first, second = (
            learner.group_norm(torch.cat([x[:1], size * others]), groups, gamma, beta, eps) for size in (1, 100)
        )
        atol = forgiven(x[:1].unflatten(1, (groups, -1)), gamma, beta, eps, (2, 3, 4))
        expect(second[:1], first[:1], "the first image's result among brighter images", atol=atol)

    @given(inputs=groupings(kinds=("constant",)))
    def test_an_image_of_one_colour_becomes_beta(self, learner, inputs):
        x, groups, gamma, beta, eps = inputs
        atol = forgiven(x.unflatten(1, (groups, -1)), gamma, beta, eps, (2, 3, 4))
        expect(learner.group_norm(*inputs), beta[:, None, None].expand(x.shape), "y of a constant image", atol=atol)

    @given(inputs=groupings(), seed=seeds())
    def test_gradients_match_the_reference(self, both, inputs, seed):
        "The mean and the variance depend on x as well."
        x, groups, gamma, beta, eps = doubled(inputs)
        dout = torch.randn(x.shape, generator=generator(seed), dtype=x.dtype)
        # As for batch_norm.
        atol = 1e-7 * largest(dout) * max(1.0, largest(gamma)) / eps**0.5
        both.agree(group_norm_and_back, x, groups, gamma, beta, eps, dout, atol=atol)

    @given(shape=st.sampled_from([(2, 5, 2, 2), (1, 3, 4, 1), (3, 2, 3, 3)]), seed=seeds())
    def test_refuses_groups_that_do_not_come_out_even(self, learner, shape, seed):
        "C must be a multiple of groups, even where B·C·H·W is one."
        c = shape[1]
        x, gamma, beta = numbers(seed, shape, (c,), (c,))
        groups = {5: 2, 3: 2, 2: 3}[c]
        got = learner.run(refusal, "group_norm", x, groups, gamma, beta, 1e-5)
        expect(got, "ValueError", f"group_norm of {c} channels in {groups} groups")

    @given(inputs=groupings())
    def test_leaves_its_inputs_alone(self, learner, inputs):
        expect_untouched(learner, "group_norm", *inputs)


@exercise("dropout")
class TestDropout:
    # With p = 0, code that keeps rand > p instead of rand ≥ p drops an entry once in 2²⁴ draws, which is less than once
    # in a hundred thousand verdicts.
    @given(x=droppable, seed=seeds())
    def test_where_nothing_is_left_to_chance_it_matches_the_reference(self, both, x, seed):
        "Not in training: x. In training: p = 0 gives x, p = 1 zeros."
        for p, training in [(0.4, False), (0.0, True), (1.0, True), (1.0, False)]:
            both.agree(drop, x, p, training, seed)

    @given(x=droppable, p=rates, seed=seeds())
    def test_entries_are_dropped_or_scaled_up(self, learner, x, p, seed):
        "Each is 0 or x / (1 − p), in the dtype of x."
        got = learner.run(drop, x, p, True, seed)
        expect(f"{tuple(got.shape)} {got.dtype}", f"{tuple(x.shape)} {x.dtype}", "the shape and dtype")
        expect(got, torch.where(got == 0, 0, x / (1 - p)), f"what was kept of x, with p = {p}")

    @given(p=rates, seed=seeds())
    def test_drops_the_stated_share(self, learner, p, seed):
        "p is the probability of being dropped, not of being kept."
        got = learner.run(drop, torch.ones(10_000), p, True, seed)
        share = (got == 0).double().mean().item()
        # Six standard errors: one honest run in 10⁸ fails.
        bound = 6 * (p * (1 - p) / 10_000) ** 0.5
        assert abs(share - p) < bound, f"dropped a share of {share:.3f}, p is {p}"

    @given(p=st.sampled_from([0.3, 0.5]), seed=seeds())
    def test_every_entry_is_drawn_by_itself(self, learner, p, seed):
        "No examples, channels, rows or columns go together: neighbours along every axis agree as often as by chance."
        dropped = learner.run(drop, torch.ones(10, 10, 10, 10), p, True, seed) == 0
        want = p**2 + (1 - p) ** 2
        for axis, name in enumerate(("examples", "channels", "rows", "columns")):
            same = (dropped == dropped.roll(1, axis)).double().mean().item()
            # Ten thousand pairs, each entry in two of them: their agreement has the variance of independent ones at
            # p = 0.5, and at most twice that elsewhere. Six standard errors of that.
            bound = 6 * (2 * want * (1 - want) / 10_000) ** 0.5
            assert abs(same - want) < bound, (
                f"two neighbouring {name} had the same fate in {same:.0%} of all pairs; by chance it is {want:.0%}"
            )

    @given(seed=st.sampled_from([1, 12, 123]))
    def test_the_number_of_dropped_entries_is_not_fixed(self, learner, seed):
        "Of two entries, both go with probability p²."
        got = learner.run(drop_often, 200, torch.ones(2), 0.5, seed)
        both = (got == 0).all(1).double().mean().item()
        # Six standard errors of 200 draws at p² = 0.25.
        assert abs(both - 0.25) < 0.184, f"with p = 0.5, both entries of a pair were dropped in {both:.0%} of 200 pairs"

    @given(p=rates.filter(lambda p: p != 0.1), seed=seeds())
    def test_randomness_comes_from_the_generator(self, learner, p, seed):
        "One seed, one mask; the next call another one. The global generator and x stay as they are."
        x = torch.ones(9, 11)
        got = learner.run(drop_thrice, x, p, seed)
        expect(got["x after the calls"], x, "x after the calls", rtol=0, atol=0)
        untouched = torch.equal(got["state of torch's global generator"], generator(1).get_state())
        assert untouched, "torch's global generator was used although another was given"
        second = got["the same call from the same seed"]
        expect(second, got["first call"], "the same call from the same seed")
        # Two masks of 99 entries coincide with probability 0.68⁹⁹ at most, which is 10⁻¹⁷.
        other = got["the next call with that generator"] != second
        assert bool(other.any()), "two calls from one generator dropped the same entries"

    @given(p=rates, seed=seeds())
    def test_works_without_a_generator(self, learner, p, seed):
        "Without a generator torch's global one decides."
        share = (learner.run(drop_by_default, torch.ones(2500), p, seed) == 0).double().mean().item()
        assert abs(share - p) <= 6 * (p * (1 - p) / 2500) ** 0.5, f"dropped a share of {share:.3f}, p is {p}"

    @given(x=droppable, p=rates, training=st.booleans(), seed=seeds())
    def test_gradients_flow_through_what_was_kept(self, learner, x, p, training, seed):
        got = learner.run(drop_and_back, x, p, training, seed)
        kept = got["out"] != 0
        want = torch.where(kept, 1 / (1 - p) if training else 1.0, 0.0).to(x.dtype)
        expect(got["gradient of its sum"], want, "the gradient of the sum")

    @given(x=droppable, p=st.sampled_from([-0.1, 1.5, -1.0, 50.0]), training=st.booleans())
    def test_refuses_what_is_no_probability(self, learner, x, p, training):
        expect(learner.run(refusal, "dropout", x, p, training), "ValueError", f"dropout with p = {p}")

    @given(x=droppable, p=rates, training=st.booleans())
    def test_leaves_its_input_alone(self, learner, x, p, training):
        expect_untouched(learner, "dropout", x, p, training)


@exercise("cosine_warmup_lr")
class TestCosineWarmupLr:
    # A millionth of the rate: nobody trains differently for it, and it leaves room for float32 inside.
    @given(plan=schedules)
    def test_matches_the_reference(self, both, plan):
        "Every step up to total, and three more."
        both.agree(whole_schedule, *plan, atol=1e-6 * plan[2])

    @given(warmup=st.sampled_from([0, 500, 10_000]), share=st.sampled_from([0.001, 0.3, 0.77, 1.0, 5.0]))
    def test_matches_the_reference_over_long_runs(self, both, warmup, share):
        step = int(share * 100_000)
        both.agree("cosine_warmup_lr", step, warmup, 100_000, 3e-4, atol=3e-10)

    @given(plan=schedules)
    def test_begins_at_zero_and_warms_up_in_a_straight_line(self, learner, plan):
        "0 at step 0, base_lr at step `warmup`."
        warmup, _, base_lr = plan
        got = learner.run(whole_schedule, *plan)
        for step in range(warmup + 1):
            want = base_lr * step / warmup if step < warmup else base_lr
            expect(got[f"lr at step {step}"], want, f"lr at step {step}", atol=1e-6 * base_lr)

    @given(plan=schedules)
    def test_is_half_in_the_middle_and_symmetric_about_it(self, learner, plan):
        "As much above half of base_lr before the middle of the way down as below it afterwards."
        warmup, total, base_lr = plan
        got = learner.run(whole_schedule, *plan)
        for early, late in zip(range(warmup, total + 1), range(total, warmup - 1, -1), strict=True):
            both = got[f"lr at step {early}"] + got[f"lr at step {late}"]
            expect(both, base_lr, f"lr at step {early} plus lr at step {late}", atol=1e-6 * base_lr)

    @given(plan=schedules)
    def test_stays_at_zero_once_it_is_there(self, learner, plan):
        "From step `total` on."
        _, total, base_lr = plan
        got = learner.run(whole_schedule, *plan)
        for step in range(total, total + 4):
            expect(got[f"lr at step {step}"], 0.0, f"lr at step {step}", atol=1e-6 * base_lr)

    @given(plan=schedules)
    def test_is_a_plain_float_and_never_negative(self, learner, plan):
        rates = learner.run(whole_schedule, *plan)
        for name, rate in rates.items():
            assert isinstance(rate, float | int), f"{name} is a {type(rate).__name__}, not a float"
            assert rate >= -1e-6 * plan[2], f"{name} is {rate}"

    @given(
        wrong=st.sampled_from([(-1, 2, 10), (-5, 0, 3), (0, 10, 10), (3, 5, 4), (0, -1, 10), (0, 0, 0), (2, 0, -3)]),
    )
    def test_refuses_what_is_no_schedule(self, learner, wrong):
        "A step before the first; unless 0 ≤ warmup < total."
        step, warmup, total = wrong
        got = learner.run(refusal, "cosine_warmup_lr", step, warmup, total, 0.1)
        expect(got, "ValueError", f"cosine_warmup_lr of step {step}, warmup {warmup}, total {total}")


def afterwards(grads):
    return {f"{name} afterwards": one for name, one in grads.items()}


@exercise("clip_grad_norm")
class TestClipGradNorm:
    # rtol: PyTorch adds 1e-6 to a norm that is at least 0.5 here. atol: where a gradient has an entry of 1e4, the small
    # ones beside it count with its rounding.
    @given(inputs=clippings)
    def test_matches_the_reference(self, both, inputs):
        "One factor for all, by the norm of all; None is passed over; the parameters stay."
        both.agree(clipped, *inputs, rtol=1e-4)

    @given(inputs=clippings)
    def test_afterwards_the_norm_is_max_norm_or_what_it_was(self, learner, inputs):
        "And what is returned is the norm before."
        _, grads, max_norm = inputs
        norm = math.sqrt(sum(one.double().square().sum().item() for one in grads.values() if one is not None))
        got = learner.run(clipped, *inputs)
        expect(got["norm"], norm, "what is returned, the norm of all gradients before", rtol=1e-5, atol=1e-7)
        after = [one for one in grads_afterwards(got).values() if one is not None]
        left = math.sqrt(sum(one.double().square().sum().item() for one in after))
        expect(left, min(norm, max_norm), "the norm of all gradients after", rtol=1e-4, atol=1e-7)

    @given(inputs=clippings)
    def test_short_gradients_stay_as_they_are(self, learner, inputs):
        "Nothing is ever made longer."
        params, grads, _ = inputs
        max_norm = 1.0 + 2 * sum(one.double().abs().sum().item() for one in grads.values() if one is not None)
        got = learner.run(clipped, params, grads, max_norm)
        expect(grads_afterwards(got), afterwards(grads), f"with max_norm = {max_norm:.4g}")

    @given(seed=seeds(), max_norm=st.sampled_from([0.5, 2.0]))
    def test_without_a_single_gradient_the_norm_is_zero(self, learner, seed, max_norm):
        params, grads = numbered("p{}", numbers(seed, (2, 3), (3,))), {"p1.grad": None, "p2.grad": None}
        got = learner.run(clipped, params, grads, max_norm)
        expect(got["norm"], 0.0, "what is returned where every .grad is None")
        expect(grads_afterwards(got), afterwards(grads))

    @given(seed=seeds(), max_norm=st.sampled_from([0.5, 2.0]))
    def test_gradients_of_zero_stay_zero(self, learner, seed, max_norm):
        "Their norm is 0, by which nobody can divide."
        params = numbered("p{}", numbers(seed, (2, 3), (3,)))
        grads = {"p1.grad": torch.zeros(2, 3), "p2.grad": torch.zeros(3)}
        expect(grads_afterwards(learner.run(clipped, params, grads, max_norm)), afterwards(grads))


SETTINGS = [(256.0, 2.0, 0.5), (8.0, 4.0, 0.25), (1024.0, 1.5, 0.75)]
"""init_scale, growth_factor and backoff_factor."""


def expect_plain_sgd(story, weights, gradients, max_norm):
    """What an optimiser alone would have made of these gradients, clipped by their true lengths."""
    params = [one.double() for one in weights.values()]
    momenta = [torch.zeros_like(one) for one in params]
    for step, grads in enumerate((list(one.values()) for one in gradients), start=1):
        norm = math.sqrt(sum(one.double().square().sum().item() for one in grads))
        cut = 1.0 if max_norm is None or norm <= max_norm else max_norm / norm
        momenta = [0.5 * old + cut * new.double() for old, new in zip(momenta, grads, strict=True)]
        params = [one - 0.125 * m for one, m in zip(params, momenta, strict=True)]
        result = f"result of unscale_and_step, step {step}"
        expect(story[result], True, result)
        for i, one in enumerate(params, start=1):
            name = f"p{i} after step {step}"
            # float32 against float64
            expect(story[name], one.float(), name, rtol=1e-4, atol=1e-5)


@exercise("LossScaler", part="scale")
class TestLossScalerScale:
    @given(seed=seeds(), factor=st.sampled_from([1.0, 3.0, 65536.0]))
    def test_matches_the_reference(self, both, seed, factor):
        "The loss times the factor, in its own dtype, and the slope is the factor."
        (loss,) = numbers(seed, (), kinds=("unit",), dtype=precision(seed))
        both.agree(scaled_loss, loss, factor)

    @given(seed=seeds())
    def test_begins_with_65536_unless_told(self, learner, seed):
        (loss,) = numbers(seed, (), kinds=("unit",), dtype=precision(seed))
        expect(learner.run(scaled_loss_by_default, loss), 65536.0 * loss, "scale(loss)")


@exercise("LossScaler", part="unscale_and_step")
class TestLossScalerStep:
    @given(inputs=half_trainings, factor=st.sampled_from([1.0, 64.0, 256.0, 65536.0]))
    def test_matches_the_reference(self, both, inputs, factor):
        "Steps taken and skipped, and the weights; the factor is left to update."
        both.agree(one_step_each, *inputs, factor, rtol=1e-4)

    @given(inputs=half_trainings, factor=st.sampled_from([1.0, 64.0, 65536.0]))
    def test_good_steps_are_those_of_the_optimizer_alone(self, learner, inputs, factor):
        "Whatever the factor is, nothing of it is left in the weights; the optimiser clips by true lengths."
        weights, gradients, _, max_norm = inputs
        gradients = gradients[:2]
        story = learner.run(one_step_each, weights, gradients, ["good"] * len(gradients), max_norm, factor)
        expect_plain_sgd(story, weights, gradients, max_norm)

    @given(inputs=half_trainings, event=st.sampled_from(["inf", "-inf", "nan"]))
    def test_an_overflow_leaves_the_weights_alone(self, learner, inputs, event):
        "One inf or NaN in one gradient is enough."
        weights, gradients, _, max_norm = inputs
        story = learner.run(one_step_each, weights, gradients[:1], [event], max_norm, 256.0)
        expect_skipped(story, weights, event)


def expect_skipped(story, weights, event):
    result = story["result of unscale_and_step, step 1"]
    expect(result, False, f"what unscale_and_step returns, with a gradient of {event}")
    for name, one in weights.items():
        expect(story[f"{name} after step 1"], one, f"{name} after a skipped step", rtol=0, atol=0)
    expect(story["factor after unscale_and_step, step 1"], 256.0, "factor before update")


@exercise("LossScaler", part="update")
class TestLossScalerUpdate:
    @given(inputs=half_trainings, growth_interval=dims(3), settings=st.sampled_from(SETTINGS))
    def test_matches_the_reference(self, both, inputs, growth_interval, settings):
        "Steps taken and skipped, weights, and the factor as it falls and grows, by the factors that it is given."
        both.agree(trained_in_half, *inputs, *settings, growth_interval, rtol=1e-4)

    @given(inputs=half_trainings, factor=st.sampled_from([1.0, 64.0, 65536.0]))
    def test_good_steps_are_those_of_the_optimizer_alone(self, learner, inputs, factor):
        "Whatever the factor is, nothing of it is left in the weights; the optimiser clips by true lengths."
        weights, gradients, _, max_norm = inputs
        gradients = gradients[:2]
        events = ["good"] * len(gradients)
        story = learner.run(trained_in_half, weights, gradients, events, max_norm, factor, 2.0, 0.5, 1000)
        expect_plain_sgd(story, weights, gradients, max_norm)

    @given(inputs=half_trainings, event=st.sampled_from(["inf", "-inf", "nan"]))
    def test_an_overflow_halves_the_factor(self, learner, inputs, event):
        "And the weights stay."
        weights, gradients, _, max_norm = inputs
        story = learner.run(trained_in_half, weights, gradients[:1], [event], max_norm, 256.0, 2.0, 0.5, 1)
        expect_skipped(story, weights, event)
        expect(story["factor after update, step 1"], 128.0, "factor after update")

    @given(events=st.sampled_from([("inf", "good"), ("good", "inf"), ("good", "good"), ("nan", "inf")]), seed=seeds())
    def test_one_update_for_two_optimizers(self, both, events, seed):
        "Each steps or skips by its own gradients; the factor falls once if either overflowed."
        flat = numbers(seed, (2, 3), (3,), (2, 3), (3,), kinds=("unit", "integers"))
        weights, grads = numbered("p{}", flat[:2]), numbered("p{}.grad", flat[2:])
        both.agree(two_optimizers, weights, grads, *events)

    @given(seed=seeds())
    def test_saves_gradients_that_are_too_small_for_half_precision(self, learner, seed):
        "A weight whose gradients are 1e-9 learns, as it would in float32."
        want = -3 * 1e-3 * (1 + torch.rand(4, generator=generator(seed)))
        # float16 keeps three to four digits
        got = learner.run(in_real_half_precision, seed, 3)
        expect(got, want, "a weight after three steps with gradients of 1e-9", rtol=5e-3)

    def test_has_the_usual_settings_unless_told(self, learner):
        "65536; twice as much after 2000 good steps; half after an overflow."
        want = {
            "factor at first": 65536.0,
            "factor after 1999 good steps": 65536.0,
            "factor after 2000 good steps": 131072.0,
            "factor after an overflow": 65536.0,
        }
        expect(learner.run(two_thousand_steps), want)
