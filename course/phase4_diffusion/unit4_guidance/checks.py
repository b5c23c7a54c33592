"""Checks for unit 4.4, guidance."""

from functools import partial

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from grader.judge import exercise, expect, expect_untouched
from grader.judge.terms.scenarios import refusal
from grader.judge.trial.strategies import dims, generator, seeds

# Guidance adds terms of size 10 that may cancel, and in float32 each of them is rounded.
SUM = {"atol": 1e-5}

# Inputs -----------------------------------------------------------------------------------------------------

shapes = st.lists(dims(4), min_size=2, max_size=4)
scales = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 3.0, 7.5])


def predictions():
    """Two predictions (B, ...) of one shape."""
    return st.builds(lambda shape, seed: _images(seed, 2, *shape).unbind(), shapes, seeds())


def _normals(seed, *shape):
    return torch.randn(shape, generator=generator(seed))


def _images(seed, *shape):
    """Standard normals, float64 for every fourth seed."""
    return _normals(seed, *shape).to(torch.float32 if seed % 4 else torch.float64)


def contrasts():
    """A guided and a conditional prediction: every image with its own mean and its own contrast."""
    return st.builds(_contrasts, st.lists(dims(4), min_size=1, max_size=3), dims(4), seeds())


def _contrasts(inner, batch, seed):
    inner = [*inner, 2]  # a lone number has no standard deviation
    z = _images(seed, 2, batch, *inner)
    axes = tuple(range(2, z.ndim))
    z = (z - z.mean(axes, keepdim=True)) / z.std(axes, keepdim=True)
    # Contrast no smaller than a tenth of the mean or so: below that float32 keeps too little of it.
    scale, mean = (_normals(seed + i, 2, batch, *[1] * len(inner)).to(z.dtype) for i in (1, 2))
    return (mean + scale.exp().clamp(min=0.2) * z).unbind()


def guided():
    """ε and xₜ of one shape, t, a table ᾱ, and the weights of a linear classifier of three classes."""
    return st.builds(_guided, shapes, seeds())


def _guided(shape, seed):
    eps, xt = _images(seed, 2, *shape)
    weight = _normals(seed + 1, eps[0].numel(), 3).to(eps.dtype)
    return eps, xt, *_times(shape[0], seed), weight, torch.arange(shape[0]) % 3


def _times(batch, seed):
    """t (B,) and a table ᾱ (T,), falling from near 1 to near 0."""
    draw = generator(seed + 2)
    length = int(torch.randint(1, 9, (), generator=draw))
    table = torch.sort(torch.rand(length, generator=draw) * 0.998 + 0.001, descending=True).values
    return torch.randint(0, length, (batch,), generator=draw), table


def mixtures(dtype=torch.float32, spread=1.0):
    """x (B, D), t, weights (K,), means (K, D), variances (K,) and a table ᾱ."""
    return st.builds(partial(_mixture, dtype, spread), dims(), dims(4), dims(4), seeds())


def _mixture(dtype, spread, batch, width, components, seed):
    t, table = _times(batch, seed)
    x, means = spread * 2 * _normals(seed, batch, width), spread * _normals(seed + 3, components, width)
    weights, var = torch.softmax(_normals(seed + 4, components), 0), _normals(seed + 5, components).exp()
    return tuple(v.to(dtype) if v.is_floating_point() else v for v in (x, t, weights, means, var, table))


# Scenarios: what is asked of the learner's module -----------------------------------------------------------


def drop(impl, y, null_id, p, seed):
    torch.manual_seed(0)  # so that code which uses the wrong generator is wrong in the same way each time
    return impl.drop_condition(y, null_id, p, torch.Generator().manual_seed(seed))


def drop_without_generator(impl, y, null_id, p, seed):
    torch.manual_seed(seed)
    return impl.drop_condition(y, null_id, p)


def drop_twice(impl, y, null_id, p, seed):
    """Two calls from one seed, a third that goes on with the second's generator; and what may not have changed."""
    first = drop(impl, y, null_id, p, seed)
    torch.manual_seed(1)
    goes_on = torch.Generator().manual_seed(seed)
    second, third = (impl.drop_condition(y, null_id, p, goes_on) for _ in range(2))
    drawn = {"first": first, "second": second, "third": third}
    return drawn | {"y after the calls": y, "torch's global generator": torch.get_rng_state()}


def drop_often(impl, calls, y, null_id, p, seed):
    """The labels that are left in each of several calls with one generator."""
    rng = torch.Generator().manual_seed(seed)
    return [impl.drop_condition(y, null_id, p, rng) for _ in range(calls)]


def linear_classifier(weights, y):
    """log p(y | x, t): one log-probability an image, which depends on t."""

    def log_prob(x, t):
        logits = (x.flatten(1) @ weights) / (1 + t[:, None])
        return logits.log_softmax(1)[torch.arange(len(y)), y]

    return log_prob


def guide(impl, eps, xt, t, alphas_cumprod, weights, y, scale):
    """The guided prediction for the linear classifier of these weights, and the classes y."""
    return impl.classifier_guided_eps(eps, xt, t, linear_classifier(weights, y), scale, alphas_cumprod)


def afterwards(**arguments):
    return {f"{name} after the call": value for name, value in arguments.items()}


def guide_arguments_afterwards(impl, eps, xt, t, alphas_cumprod, weights, y, scale):
    guide(impl, eps, xt, t, alphas_cumprod, weights, y, scale)
    return afterwards(eps=eps, xt=xt, t=t, alphas_cumprod=alphas_cumprod)


def guide_without_grad(impl, eps, xt, t, alphas_cumprod, weights, y, scale):
    with torch.no_grad():
        guided = guide(impl, eps, xt, t, alphas_cumprod, weights, y, scale)
        return {"guided prediction": guided, "torch.is_grad_enabled() after the call": torch.is_grad_enabled()}


def guide_a_graph(impl, eps, xt, t, alphas_cumprod, weights, y, scale):
    """The guided prediction when eps is computed from an xt that autograd watches, as in a training loop."""
    xt = xt.clone().requires_grad_()
    guided = guide(impl, eps * xt, xt, t, alphas_cumprod, weights, y, scale)
    return {
        "guided prediction": guided,
        "guided prediction.requires_grad": guided.requires_grad,
        "xt.grad after the call": xt.grad,
    }


def guide_along(impl, eps, xt, t, alphas_cumprod, a, scale):
    """The guided prediction for log p = a · x, whose gradient is a everywhere."""

    def log_prob(x, t):
        return (x * a).flatten(1).sum(1)

    guided = impl.classifier_guided_eps(eps, xt, t, log_prob, scale, alphas_cumprod)
    return {"guided prediction": guided, "xt.requires_grad after the call": xt.requires_grad}


# The checks -------------------------------------------------------------------------------------------------


@exercise("cfg_combine")
class TestCfgCombine:
    @given(pair=predictions(), scale=scales, convention=st.sampled_from([(), ("sd",)]))
    def test_matches_the_reference(self, both, pair, scale, convention):
        "u + s (c - u), also without naming the convention."
        both.agree("cfg_combine", *pair, scale, *convention, **SUM)

    @given(pair=predictions(), scale=scales)
    def test_paper_convention_matches_the_reference(self, both, pair, scale):
        "(1+w) c - w u on request."
        both.agree("cfg_combine", *pair, scale, "paper", **SUM)

    @given(pair=predictions(), s=scales)
    def test_conventions_are_one_apart(self, learner, pair, s):
        "w = s - 1 and s give the same guided prediction."
        uncond, cond = pair
        want = uncond + s * (cond - uncond)
        expect(learner.cfg_combine(uncond, cond, s, "sd"), want, "the sd convention at s", **SUM)
        expect(learner.cfg_combine(uncond, cond, s - 1, "paper"), want, "the paper's at w = s - 1", **SUM)

    @given(pair=predictions())
    def test_limits(self, learner, pair):
        "s = 0 ignores the condition; s = 1, and w = 0, leave the conditional prediction as it is."
        uncond, cond = pair
        expect(learner.cfg_combine(uncond, cond, 0.0), uncond, "s = 0")
        expect(learner.cfg_combine(uncond, cond, 1.0), cond, "s = 1", atol=1e-6)
        expect(learner.cfg_combine(uncond, cond, 0.0, "paper"), cond, "w = 0")

    @given(pair=predictions(), convention=st.sampled_from(["sd", "paper"]))
    def test_inputs_are_left_alone(self, learner, pair, convention):
        "The two predictions are not written into."
        expect_untouched(learner, "cfg_combine", *pair, 3.0, convention)

    @given(pair=predictions(), name=st.sampled_from(["", "imagen", "SD"]))
    def test_unknown_convention_is_refused(self, learner, pair, name):
        "A convention that does not exist raises ValueError."
        expect(learner.run(refusal, "cfg_combine", *pair, 2.0, name), "ValueError", f"the convention {name!r}")


@exercise("rescale_noise_cfg")
class TestRescaleNoiseCfg:
    @given(pair=contrasts(), phi=st.sampled_from([0.0, 0.3, 0.7, 1.0]))
    def test_matches_the_reference(self, both, pair, phi):
        "φ · cfg · std(cond)/std(cfg) + (1-φ) · cfg, image by image."
        both.agree("rescale_noise_cfg", *pair, phi)

    @given(pair=contrasts())
    def test_full_rescaling_restores_each_contrast(self, learner, pair):
        "With φ = 1 each image has the standard deviation of its conditional prediction."
        cfg, cond = pair
        got = learner.rescale_noise_cfg(cfg, cond, 1.0)
        expect(got.flatten(1).std(1), cond.flatten(1).std(1), "the standard deviations")

    @given(pair=contrasts())
    def test_no_rescaling_changes_nothing(self, learner, pair):
        "With φ = 0 the guided prediction is returned."
        expect(learner.rescale_noise_cfg(*pair, 0.0), pair[0], "the result with φ = 0")

    @given(pair=contrasts())
    def test_inputs_are_left_alone(self, learner, pair):
        "The two predictions are not written into."
        expect_untouched(learner, "rescale_noise_cfg", *pair, 0.7)


@exercise("drop_condition")
class TestDropCondition:
    labels = st.builds(lambda n, seed: torch.randint(0, 10, (n,), generator=generator(seed)), dims(8), seeds())

    @given(y=labels, null_id=st.sampled_from([10, 1000, -1]), p=st.sampled_from([0.0, 1.0]), seed=seeds())
    def test_never_and_always_match_the_reference(self, both, y, null_id, p, seed):
        "p = 0 drops nothing; p = 1 drops everything."
        both.agree(drop, y, null_id, p, seed)

    @given(p=st.sampled_from([0.1, 0.3, 0.8]), seed=seeds())
    def test_drops_the_stated_share_of_every_class(self, learner, p, seed):
        "Each label goes with probability p, whatever its class."
        y = torch.arange(4).repeat_interleave(2500)
        got = learner.run(drop, y, 4, p, seed)
        gone = got == 4
        assert bool((gone | (got == y)).all()), "a label became another class"
        share = gone.reshape(4, -1).double().mean(1)
        # Six standard errors of 2,500 draws: one honest run in 10⁸ fails.
        bound = 6 * (p * (1 - p) / 2500) ** 0.5
        assert bool(((share - p).abs() < bound).all()), f"dropped {share.tolist()} of each class, p is {p}"

    @given(seed=seeds())
    def test_labels_of_a_batch_are_dropped_independently(self, learner, seed):
        "Of two labels, both go with probability p²: one says nothing about the other, nor is their number fixed."
        batches = learner.run(drop_often, 300, torch.zeros(2, dtype=torch.int64), 7, 0.5, seed)
        both = (torch.stack(batches) == 7).all(1).double().mean().item()
        # Six standard errors of 300 draws at p² = 0.25.
        assert abs(both - 0.25) < 0.15, f"with p = 0.5, both labels of a pair were dropped in {both:.0%} of 300 pairs"

    @given(seed=seeds(), p=st.sampled_from([0.3, 0.5]))
    def test_randomness_comes_from_the_generator(self, learner, seed, p):
        "One seed, one result; the global generator and the labels stay as they are."
        got = learner.run(drop_twice, torch.arange(64), 64, p, seed)
        expect(got["y after the calls"], torch.arange(64), "y after the calls")
        untouched = torch.equal(got["torch's global generator"], generator(1).get_state())
        assert untouched, "torch's global generator was used although another was given"
        expect(got["second"], got["first"], "the same call from the same seed")
        # Two independent draws of 64 labels coincide with probability below 10⁻¹⁵.
        assert bool((got["third"] != got["second"]).any()), "two calls from one generator dropped the same labels"

    @given(p=st.sampled_from([0.0, 0.4, 1.0]), seed=seeds())
    def test_works_without_a_generator(self, learner, p, seed):
        "Without a generator torch's global one decides."
        got = learner.run(drop_without_generator, torch.zeros(2500, dtype=torch.int64), 1, p, seed)
        share = (got == 1).double().mean().item()
        assert abs(share - p) <= 6 * (p * (1 - p) / 2500) ** 0.5, f"dropped a share of {share}, p is {p}"


@exercise("classifier_guided_eps")
class TestClassifierGuidedEps:
    @given(inputs=guided(), scale=scales)
    def test_matches_the_reference(self, both, inputs, scale):
        "ε - s √(1-ᾱₜ) ∇ log p(y | xₜ), each image at its own t."
        both.agree(guide, *inputs, scale, **SUM)

    @given(inputs=guided(), scale=scales)
    def test_constant_gradient_is_added_as_it_is(self, learner, inputs, scale):
        "If log p(y | x) = a · x, the shift is -s √(1-ᾱₜ) a, in every image by itself."
        eps, xt, t, table, _, _ = inputs
        a = torch.arange(1, xt[0].numel() + 1).reshape(xt.shape[1:]) / xt[0].numel()
        got = learner.run(guide_along, eps, xt, t, table, a, scale)
        sigma = (1 - table)[t].sqrt().reshape(-1, *[1] * (xt.ndim - 1))
        expect(got["guided prediction"], eps - scale * sigma * a, "the guided prediction", **SUM)
        assert not got["xt.requires_grad after the call"], "the caller's xt now requires a gradient"

    @given(inputs=guided())
    def test_works_where_samplers_run(self, both, inputs):
        "Inside torch.no_grad() the result is the same, and gradients stay off there."
        both.agree(guide_without_grad, *inputs, 2.0, **SUM)

    @given(inputs=guided())
    def test_inputs_are_left_alone(self, learner, inputs):
        "ε, xₜ, t and the table are not written into."
        eps, xt, t, table, _, _ = inputs
        got = learner.run(guide_arguments_afterwards, *inputs, 2.0)
        expect(got, afterwards(eps=eps, xt=xt, t=t, alphas_cumprod=table))

    @given(inputs=guided())
    def test_no_graph_leaves_the_function(self, both, inputs):
        "The result carries no gradient, even if ε does, and xt's own gradient is not touched."
        both.agree(guide_a_graph, *inputs, 2.0, **SUM)


@exercise("gmm_eps")
class TestGmmEps:
    @given(inputs=mixtures())
    def test_matches_the_reference(self, both, inputs):
        "E[ε | xₜ] of a mixture of round Gaussians, each point at its own t."
        both.agree("gmm_eps", *inputs)

    @given(inputs=mixtures(torch.float64, spread=40.0))
    def test_far_away_matches_the_reference(self, both, inputs):
        "Where every component's density underflows, the nearest one still decides."
        both.agree("gmm_eps", *inputs)

    @given(inputs=mixtures(torch.float64))
    def test_points_and_absent_components(self, both, inputs):
        "Components may have variance 0, and weight 0."
        x, t, weights, means, var, table = inputs
        weights = torch.cat([weights, weights.new_zeros(1)])
        means = torch.cat([means, 1 + means[:1]])
        both.agree("gmm_eps", x, t, weights, means, torch.cat([0 * var, var[:1]]), table)

    @given(inputs=mixtures(torch.float64))
    def test_is_the_score_of_the_noised_mixture(self, learner, inputs):
        "-√(1-ᾱ) ∇ log p(xₜ), differentiated by autograd."
        x, t, weights, means, var, table = inputs
        ab = table[t][:, None]
        sigma = (ab * var + 1 - ab).sqrt()[..., None].expand(-1, -1, x.shape[1])
        components = Independent(Normal(ab[..., None].sqrt() * means, sigma), 1)
        noised = MixtureSameFamily(Categorical(weights.expand(len(x), -1)), components)
        watched = x.clone().requires_grad_()
        (score,) = torch.autograd.grad(noised.log_prob(watched).sum(), watched)
        expect(learner.gmm_eps(*inputs), -(1 - ab).sqrt() * score, "ε", rtol=1e-6)

    @given(inputs=mixtures(torch.float64))
    def test_one_component_is_a_straight_line(self, learner, inputs):
        "For a single Gaussian, ε = √(1-ᾱ) (x - √ᾱ m) / (ᾱ v + 1 - ᾱ)."
        x, t, _, means, var, table = inputs
        ab, mean, v = table[t][:, None], means[:1], var[:1]
        want = (1 - ab).sqrt() * (x - ab.sqrt() * mean) / (ab * v + 1 - ab)
        expect(learner.gmm_eps(x, t, torch.ones(1).double(), mean, v, table), want, "ε")

    @given(inputs=mixtures(torch.float64))
    def test_halfway_between_twins_there_is_no_pull(self, learner, inputs):
        "At the centre of two equal components at ±m the prediction is 0."
        x, t, _, means, var, table = inputs
        twins, both_var = torch.cat([means[:1], -means[:1]]), var[:1].expand(2).clone()
        half = torch.full((2,), 0.5).double()
        got = learner.gmm_eps(torch.zeros_like(x), t, half, twins, both_var, table)
        expect(got, torch.zeros_like(x), "ε at the centre", atol=1e-9)

    @given(inputs=mixtures())
    def test_inputs_are_left_alone(self, learner, inputs):
        "Points, mixture and table are not written into."
        expect_untouched(learner, "gmm_eps", *inputs)
