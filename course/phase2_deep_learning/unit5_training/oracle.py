"""Unit 2.5's references against torch.nn.functional, torch.amp, torch.nn.utils, torch.optim, diffusers and scipy."""

import itertools

import pytest
import torch
from diffusers.optimization import get_cosine_schedule_with_warmup
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, chisquare
from torch import nn
from torch.nn import functional as F

from phase2_deep_learning import unit5_training as unit

few = settings(max_examples=40, deadline=None)
sizes = st.integers(1, 5)


def drawn(*shapes):
    rng = torch.Generator().manual_seed(sum(map(sum, shapes)))
    return [torch.randn(shape, generator=rng, dtype=torch.float64) for shape in shapes]


@few
@given(b=sizes, c=sizes, h=sizes, momentum=st.sampled_from([0.1, 0.5, 1.0]), training=st.booleans())
def test_batch_norm_is_that_of_torch(b, c, h, momentum, training):
    x, gamma, beta, mean = drawn((b, c, h, 3), (c,), (c,), (c,))
    var = mean.square() + 0.1
    want_mean, want_var = mean.clone(), var.clone()
    want = F.batch_norm(x, want_mean, want_var, gamma, beta, training, momentum)
    y, kept = unit.batch_norm(x, gamma, beta, (mean, var), training, momentum)
    torch.testing.assert_close(y, want)
    torch.testing.assert_close(kept, (want_mean, want_var))


@pytest.mark.parametrize("training", [True, False])
def test_gradients_of_batch_norm_are_measured_ones(training):
    x, gamma, beta, mean = drawn((2, 3, 2, 2), (3,), (3,), (3,))
    leaves = [one.requires_grad_() for one in (x, gamma, beta)]
    running = (mean, mean.square() + 0.1)
    assert torch.autograd.gradcheck(lambda *leaves: unit.batch_norm(*leaves, running, training)[0], leaves)


@few
@given(b=sizes, groups=sizes, each=sizes, h=sizes, w=st.integers(2, 5), eps=st.sampled_from([1e-5, 1e-2]))
def test_group_norm_is_that_of_torch(b, groups, each, h, w, eps):
    c = groups * each
    x, gamma, beta = drawn((b, c, h, w), (c,), (c,))
    torch.testing.assert_close(unit.group_norm(x, groups, gamma, beta, eps), F.group_norm(x, groups, gamma, beta, eps))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_has_the_distribution_of_torch(p):
    x = torch.full((20_000,), 3.0)
    torch.manual_seed(0)
    mine, theirs = unit.dropout(x, p, True), F.dropout(x, p, True)
    assert set(mine.unique().tolist()) == set(theirs.unique().tolist())
    assert binomtest(int((mine == 0).sum()), len(x), p).pvalue > 1e-4
    # runs of 8: how many of them are dropped is binomial
    counts = torch.bincount((mine == 0).reshape(-1, 8).sum(1), minlength=9).double()
    chances = torch.distributions.Binomial(8, torch.tensor(p, dtype=torch.float64)).log_prob(torch.arange(9)).exp()
    common = chances > 0.01
    observed = torch.cat([counts[common], counts[~common].sum()[None]])
    expected = torch.cat([chances[common], chances[~common].sum()[None]])
    assert chisquare(observed.numpy(), (expected / expected.sum() * observed.sum()).numpy()).pvalue > 1e-4


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_dropout_in_use_and_at_its_ends(p):
    x = torch.randn(3, 4)
    assert torch.equal(unit.dropout(x, p, False), F.dropout(x, p, False))
    if p != 0.3:
        assert torch.equal(unit.dropout(x, p, True), F.dropout(x, p, True))


@pytest.mark.parametrize(("warmup", "total"), [(0, 7), (3, 10), (10, 11), (500, 1000)])
def test_the_schedule_is_that_of_diffusers(warmup, total):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=3e-4)
    schedule = get_cosine_schedule_with_warmup(optimizer, warmup, total)
    for step in range(total + 1):
        assert unit.cosine_warmup_lr(step, warmup, total, 3e-4) == pytest.approx(schedule.get_last_lr()[0], abs=1e-16)
        optimizer.step()
        schedule.step()


def test_the_schedule_is_two_schedulers_of_torch_in_sequence():
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1)
    up = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: step / 10)
    down = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40)
    both = torch.optim.lr_scheduler.SequentialLR(optimizer, [up, down], [10])
    for step in range(51):
        assert unit.cosine_warmup_lr(step, 10, 50, 0.1) == pytest.approx(both.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        both.step()


@few
@given(shapes=st.lists(st.tuples(sizes, sizes), min_size=1, max_size=4), max_norm=st.sampled_from([0.1, 1.0, 10.0]))
def test_clipping_is_that_of_torch(shapes, max_norm):
    grads = drawn(*shapes)
    mine, theirs = ([nn.Parameter(torch.zeros_like(one)) for one in [*grads, torch.ones(2)]] for _ in range(2))
    for params in (mine, theirs):
        for param, grad in zip(params, grads, strict=False):  # the last one has none
            param.grad = grad.clone()
    want = nn.utils.clip_grad_norm_(theirs, max_norm)
    torch.testing.assert_close(unit.clip_grad_norm(iter(mine), max_norm), want)
    for one, other in zip(mine[:-1], theirs[:-1], strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)  # torch's 1e-6 beside the norm
    assert mine[-1].grad is None


@pytest.mark.parametrize("clip", [None, 0.5])
@pytest.mark.parametrize("rule", [torch.optim.SGD, torch.optim.AdamW])
def test_the_scaler_is_that_of_torch(rule, clip):
    events = [1.0, 1.0, float("inf"), 1.0, float("nan"), float("-inf"), 1.0, 1.0, 1.0, 1.0, 1.0]
    settings = {"init_scale": 512.0, "growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": 2}
    x, y = drawn((6, 4), (6, 3))
    models = []
    for _ in range(2):
        torch.manual_seed(0)
        models.append(nn.Linear(4, 3))
    optimizers = [rule(model.parameters(), lr=0.1) for model in models]
    mine, theirs = unit.LossScaler(**settings), torch.amp.GradScaler("cpu", **settings)
    for event in events:
        for model, optimizer, scaler in zip(models, optimizers, (mine, theirs), strict=True):
            optimizer.zero_grad()
            scaler.scale(F.mse_loss(model(x.float()), y.float())).backward()
            model.bias.grad[1] *= event
        mine.unscale_and_step(optimizers[0], clip)
        if clip is not None:
            theirs.unscale_(optimizers[1])
            nn.utils.clip_grad_norm_(models[1].parameters(), clip)
        theirs.step(optimizers[1])
        mine.update()
        theirs.update()
        assert mine.factor == theirs.get_scale()
        for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
            torch.testing.assert_close(one, other)


@pytest.mark.parametrize("events", list(itertools.product([1.0, float("inf")], repeat=2)))
def test_two_optimizers_and_one_update_as_in_torch(events):
    mine, theirs = unit.LossScaler(growth_interval=1), torch.amp.GradScaler("cpu", growth_interval=1)
    weights = []
    for scaler in (mine, theirs):
        params = [nn.Parameter(torch.ones(3)) for _ in events]
        optimizers = [torch.optim.SGD([param], lr=0.1) for param in params]
        for param, optimizer, event in zip(params, optimizers, events, strict=True):
            scaler.scale((param * event).sum()).backward()
            scaler.unscale_and_step(optimizer) if scaler is mine else scaler.step(optimizer)
        scaler.update()
        weights.append([param.detach() for param in params])
    assert mine.factor == theirs.get_scale()
    torch.testing.assert_close(*weights)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="wants a GPU")
def test_everything_stays_on_its_device():
    x, gamma, beta = (one.cuda() for one in drawn((2, 4, 3, 3), (4,), (4,)))
    y, kept = unit.batch_norm(x, gamma, beta, (beta, gamma.square()), True)
    assert {one.device.type for one in (y, *kept, unit.group_norm(x, 2, gamma, beta))} == {"cuda"}
    first, second = (unit.dropout(x, 0.5, True, torch.Generator("cuda").manual_seed(3)) for _ in range(2))
    assert first.is_cuda and torch.equal(first, second)
    model = nn.Linear(8, 8).cuda()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = unit.LossScaler()
    before = model.weight.detach().clone()
    with torch.autocast("cuda", dtype=torch.float16):
        loss = model(torch.randn(4, 8, device="cuda")).square().mean()
    scaler.scale(loss).backward()
    assert scaler.unscale_and_step(optimizer, 1.0)
    assert not torch.equal(before, model.weight)
