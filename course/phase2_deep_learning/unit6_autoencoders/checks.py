"""Checks for unit 2.6, autoencoders.

The autoencoder's layers are the learner's own, so it is judged by what it does: its shapes, that nothing passes but the
code, that it bends, that all of it can be trained and is. The rest has exact answers.
"""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from grader.judge import exercise, expect, expect_untouched
from grader.judge.terms.scenarios import refusal
from grader.judge.trial.strategies import dims, generator, numbers, seeds

SCALES = (1.0, 1e-4, 1e4)


def precision(seed):
    return torch.float64 if seed % 2 else torch.float32


# reconstruction_loss


def pictures(b, c, h, w, seed):
    """x in [0, 1], grey or in black and white, an xhat that goes up to ±1e4, and the kind."""
    dtype = precision(seed)
    x = torch.rand(b, c, h, w, generator=generator(seed), dtype=torch.float64)
    (xhat,) = numbers(seed // 8, (b, c, h, w), kinds=("unit", "integers", "huge", "tiny"), dtype=dtype)
    return (x.round() if seed // 4 % 2 else x).to(dtype), xhat, "bce" if seed // 2 % 2 else "mse"


PICTURES = st.builds(pictures, dims(4), dims(3), dims(4), dims(5), seeds())


def slope(impl, x, xhat, kind):
    """The gradient of the loss with respect to xhat."""
    xhat = xhat.clone().requires_grad_()
    impl.reconstruction_loss(x, xhat, kind).backward()
    return xhat.grad


@exercise("reconstruction_loss")
class TestReconstructionLoss:
    @given(inputs=PICTURES)
    def test_matches_the_reference(self, both, inputs):
        "Summed over the numbers of a picture, averaged over the pictures."
        both.agree("reconstruction_loss", *inputs)

    @given(inputs=PICTURES)
    def test_logits_of_zero_cost_log_2_a_pixel(self, learner, inputs):
        'Where xhat is 0, "bce" says p = ½ of every pixel: log 2 each, whatever x is.'
        x = inputs[0]
        loss = learner.reconstruction_loss(x, torch.zeros_like(x), "bce")
        expect(float(loss), x[0].numel() * math.log(2), "the loss of logits of 0", rtol=1e-5)

    @given(inputs=PICTURES, off=st.sampled_from((0.5, 2.0, -3.0)))
    def test_squares_add_up(self, learner, inputs, off):
        'Every number off by the same amount: "mse" is its square, times the numbers of one picture.'
        x = inputs[0].round()
        loss = learner.reconstruction_loss(x, x + off, "mse")
        expect(float(loss), x[0].numel() * off**2, f"the loss of pictures that are off by {off}", rtol=1e-5)

    @given(inputs=PICTURES)
    def test_gradients_flow_back(self, learner, inputs):
        "(p − x) / B for a logit, 2 (xhat − x) / B for a brightness."
        x, xhat, kind = inputs
        xhat = xhat.where(xhat != 0, 0.5)  # at 0 exactly, autograd's slopes of |xhat| and max(xhat, 0) are a convention
        want = (xhat.sigmoid() - x if kind == "bce" else 2 * (xhat - x)) / len(x)
        expect(learner.run(slope, x, xhat, kind), want, "the gradient with respect to xhat")

    @given(inputs=PICTURES, kind=st.sampled_from(("l1", "BCE", "")))
    def test_refuses_other_kinds(self, learner, inputs, kind):
        expect(learner.run(refusal, "reconstruction_loss", *inputs[:2], kind), "ValueError", f"kind={kind!r}")

    @given(inputs=PICTURES)
    def test_leaves_its_inputs_alone(self, learner, inputs):
        expect_untouched(learner, "reconstruction_loss", *inputs)


# linear_ae_reconstruct


def orthonormal(rng, m, n):
    """(m, n), m ≥ n, with orthonormal columns."""
    return np.linalg.qr(rng.normal(size=(m, n)))[0]


def cloud(n, d, seed):
    """n ≥ 2 points around some place, as the mean and one (n, d) table for each direction, the largest first; and k."""
    rng = np.random.default_rng(seed)
    small = min(n - 1, d)
    scores = rng.normal(size=(n, small))
    scores = np.linalg.qr(scores - scores.mean(0))[0]  # orthonormal columns with mean 0
    s = SCALES[seed % 3] * np.cumprod(rng.uniform(0.4, 0.7, small))
    mean = SCALES[seed % 3] * rng.integers(-3, 4, d)
    return (
        mean,
        [s[i] * np.outer(scores[:, i], v) for i, v in enumerate(orthonormal(rng, d, small).T)],
        (1 + seed // 3 % small),
    )


def joined(mean, parts):
    return mean + sum(parts)


CLOUDS = st.builds(cloud, st.integers(2, 7), dims(5), seeds())


@exercise("linear_ae_reconstruct")
class TestLinearAeReconstruct:
    @given(CLOUDS)
    def test_matches_the_reference(self, both, made):
        "mean + z @ components: the nearest points of the best k-dimensional plane."
        mean, parts, k = made
        both.agree("linear_ae_reconstruct", joined(mean, parts), k)

    @given(CLOUDS)
    def test_keeps_the_k_largest_directions_and_the_mean(self, learner, made):
        mean, parts, k = made
        got = learner.linear_ae_reconstruct(joined(mean, parts), k)
        expect(
            got, joined(mean, parts[:k]), f"the reconstruction with k = {k}", atol=1e-9 * abs(joined(mean, parts)).max()
        )

    @given(CLOUDS)
    def test_errs_by_the_variance_left_out(self, learner, made):
        "Σ (x − x̂)² is N − 1 times the variance along the components that were dropped."
        mean, parts, k = made
        x = joined(mean, parts)
        got = learner.linear_ae_reconstruct(x, k)
        want = float(sum((one**2).sum() for one in parts[k:]))
        expect(float(((x - got) ** 2).sum()), want, "Σ (x − x̂)²", atol=1e-12 * float((x**2).sum()))

    @given(CLOUDS)
    def test_with_a_code_wide_enough_everything_comes_back(self, learner, made):
        mean, parts, _ = made
        x = joined(mean, parts)
        expect(learner.linear_ae_reconstruct(x, len(parts)), x, "x̂", atol=1e-9 * abs(x).max())

    @given(CLOUDS)
    def test_leaves_x_alone(self, learner, made):
        mean, parts, k = made
        expect_untouched(learner, "linear_ae_reconstruct", joined(mean, parts), k)


# ConvAutoencoder: scenarios


def fresh(impl, c, latent_dim, seed):
    torch.manual_seed(seed)
    return impl.ConvAutoencoder(c, latent_dim)


def shape_of(value):
    """Or what it is instead of an array."""
    return str(tuple(value.shape)) if hasattr(value, "shape") else f"a {type(value).__name__}"


def shape_of_codes(impl, c, latent_dim, seed, x):
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        return {"the shape of encode(x)": shape_of(model.encode(x))}


def shapes(impl, c, latent_dim, seed, x):
    """What decode and forward return, by shape."""
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        out = model(x)
        pair = isinstance(out, tuple | list) and len(out) == 2
        z, logits = map(shape_of, out) if pair else ("no pair", "no pair")
        return {
            "the shape of decode(z)": shape_of(model.decode(torch.ones(len(x), latent_dim))),
            "the shape of forward(x)[0]": z,
            "the shape of forward(x)[1]": logits,
        }


def codes_below_0(impl, c, latent_dim, seed, x):
    """Which numbers of the codes are below 0."""
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        return model.encode(x) < 0


def logits_of(impl, c, latent_dim, seed, z):
    """Which logits lie outside 0 … 1, and which are 0."""
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        logits = model.decode(z)
        return {"outside 0 … 1": (logits < 0) | (logits > 1), "equal to 0": logits == 0}


def both_ways(impl, c, latent_dim, seed, x, other):
    """forward, and encode and decode by themselves, with another batch encoded in between."""
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        z, logits = model(x)
        model.encode(other)
        found = {"forward(x)[0]": z, "forward(x)[1]": logits, "encode(x)": model.encode(x)}
        model.encode(other)
        return found | {"decode(z)": model.decode(z)}


def codes_one_by_one(impl, c, latent_dim, seed, x):
    """A batch at once, and its pictures one at a time."""
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        return {"together": model.encode(x), "alone": torch.cat([model.encode(one[None]) for one in x])}


def one_by_one(impl, c, latent_dim, seed, x):
    """A batch at once, and its pictures one at a time."""
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        z, logits = model(x)
        codes, pictures = zip(*[model(one[None]) for one in x], strict=True)
        return {
            "together": {"z": z, "logits": logits},
            "alone": {"z": torch.cat(codes), "logits": torch.cat(pictures)},
        }


def encoded_at_three(impl, c, latent_dim, seed, x):
    """encode of two pictures, and of the one half-way between them."""
    model = fresh(impl, c, latent_dim, seed).eval()
    halfway = (x[:1] + x[1:]) / 2
    with torch.no_grad():
        return {
            "encode(x[0])": model.encode(x[:1]),
            "encode(x[1])": model.encode(x[1:]),
            "encode, half-way between": model.encode(halfway),
        }


def decoded_at_three(impl, c, latent_dim, seed, z):
    """decode of two codes, and of the one half-way between them."""
    model = fresh(impl, c, latent_dim, seed).eval()
    halfway = (z[:1] + z[1:]) / 2
    with torch.no_grad():
        return {
            "decode(z[0])": model.decode(z[:1]),
            "decode(z[1])": model.decode(z[1:]),
            "decode, half-way between": model.decode(halfway),
        }


def unreached(impl, c, latent_dim, seed, x):
    """Parameters that get no gradient from the reconstructions."""
    model = fresh(impl, c, latent_dim, seed).train()
    _, logits = model(x)
    F.binary_cross_entropy_with_logits(logits, x, reduction="sum").backward()
    learned = [(name, one.grad) for name, one in model.named_parameters() if one.requires_grad]
    return {
        "parameters at all": bool(learned),
        "parameters without a gradient": listed(name for name, grad in learned if grad is None),
        "parameters with a gradient that is not finite": listed(
            name for name, grad in learned if grad is not None and not bool(grad.isfinite().all())
        ),
    }


def listed(names):
    return ", ".join(names) or "none"


def a_second_one(impl, c, latent_dim, seed):
    """A module, and another one that has loaded what the first has learned."""
    first, second = fresh(impl, c, latent_dim, seed), fresh(impl, c, latent_dim, seed + 1)
    second.load_state_dict(first.state_dict())
    return first.eval(), second.eval()


def codes_of_a_second_one(impl, c, latent_dim, seed, x):
    first, second = a_second_one(impl, c, latent_dim, seed)
    with torch.no_grad():
        return {"the first one's": first.encode(x), "the second one's": second.encode(x)}


def loaded(impl, c, latent_dim, seed, x):
    first, second = a_second_one(impl, c, latent_dim, seed)
    with torch.no_grad():
        (z, logits), (again, same) = first(x), second(x)
    return {"the first one's": {"z": z, "logits": logits}, "the second one's": {"z": again, "logits": same}}


def trained(impl, latent_dim, seed, x):
    """Where the reconstructions are white after training on a few pictures: up to 250 steps, until they are right."""
    for lr in (3e-3, 1e-2):
        model = fresh(impl, 1, latent_dim, seed)
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        for step in range(1, 251):
            optimizer.zero_grad()
            _, logits = model.train()(x)
            (F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / len(x)).backward()
            optimizer.step()
            if step % 10 == 0:
                with torch.no_grad():
                    white = model.eval()(x)[1] > 0
                if (white == (x > 0.5)).float().mean() > 0.95:
                    return white
    return white


# ConvAutoencoder: inputs. Few: each builds a module, which costs milliseconds.


def batch(b, c, seed):
    return torch.rand(b, c, 28, 28, generator=generator(seed))


def rectangles(seed, n=4):
    """n pictures in black and white, every other one a negative: no one picture is near them all."""
    rng = np.random.default_rng(seed)
    x = torch.zeros(n, 1, 28, 28)
    for i in range(n):
        for _ in range(2):
            top, left, height, width = (*rng.integers(0, 16, 2), *rng.integers(6, 14, 2))
            x[i, 0, top : top + height, left : left + width] = 1
        if i % 2:
            x[i] = 1 - x[i]
    return x


SIZES = st.sampled_from([(1, 2, 3, 11), (3, 5, 2, 12), (2, 1, 1, 13)])  # c, latent_dim, B, a seed
WIDE = st.sampled_from([(1, 32, 21), (3, 40, 22)])  # c, latent_dim, a seed


def bend(values):
    """How far the value half-way is from the mean of the values at both ends, against how far these are apart."""
    a, b, middle = (one.double() for one in values)
    apart = float((a - b).abs().max())
    return float((middle - (a + b) / 2).abs().max()) / apart if apart else 0.0


@exercise("ConvAutoencoder", part="encode")
class TestEncode:
    @given(SIZES)
    def test_matches_the_references_shapes(self, both, sizes):
        "encode: (B, c, 28, 28) -> (B, latent_dim)."
        c, latent_dim, b, seed = sizes
        both.agree(shape_of_codes, c, latent_dim, seed, batch(b, c, seed))

    @given(WIDE)
    def test_codes_are_any_real_numbers(self, learner, sizes):
        "No activation stands on the code."
        c, latent_dim, seed = sizes
        below = learner.run(codes_below_0, c, latent_dim, seed, batch(4, c, seed))
        assert bool(below.any()), "no number of any code is below 0: is there an activation on z?"

    @given(SIZES)
    def test_treats_every_picture_by_itself(self, learner, sizes):
        "In eval mode a picture has the same code in any batch."
        c, latent_dim, _, seed = sizes
        got = learner.run(codes_one_by_one, c, latent_dim, seed, batch(3, c, seed))
        expect(got["alone"], got["together"], "codes of pictures one at a time, against the batch")

    @given(WIDE)
    def test_is_not_linear(self, learner, sizes):
        "Half-way between two pictures the code is not half-way between theirs."
        c, latent_dim, seed = sizes
        got = learner.run(encoded_at_three, c, latent_dim, seed, batch(2, c, seed).round())
        # rounding makes 1e-6 of a linear map; one layer of the mildest activation makes 1e-2
        assert bend(got.values()) > 1e-4, "encode is a linear map: no bend between the layers"

    @given(SIZES)
    def test_its_state_is_all_there_is(self, learner, sizes):
        "A second module that loads the first one's state_dict gives the same codes."
        c, latent_dim, b, seed = sizes
        got = learner.run(codes_of_a_second_one, c, latent_dim, seed, batch(b, c, seed))
        expect(got["the second one's"], got["the first one's"], "z of the module that loaded the state")

    @given(SIZES)
    def test_leaves_x_alone(self, learner, sizes):
        c, latent_dim, b, seed = sizes
        x = batch(b, c, seed)
        expect(learner.run(x_after_encode, c, latent_dim, seed, x), x, "x after the call", rtol=0, atol=0)


@exercise("ConvAutoencoder", part="decode")
class TestDecode:
    @given(SIZES)
    def test_matches_the_references_shapes(self, both, sizes):
        "decode: (B, latent_dim) -> (B, c, 28, 28). forward: code and logits, as a pair."
        c, latent_dim, b, seed = sizes
        both.agree(shapes, c, latent_dim, seed, batch(b, c, seed))

    @given(WIDE)
    def test_logits_are_any_real_numbers(self, learner, sizes):
        "No activation stands on what decode returns."
        c, latent_dim, seed = sizes
        got = learner.run(logits_of, c, latent_dim, seed, 30 * torch.randn(4, latent_dim, generator=generator(seed)))
        # A last layer that starts at zero gives logits of 0.
        assert bool(got["outside 0 … 1"].any() or got["equal to 0"].all()), (
            "all logits of large codes lie between 0 and 1: is there a sigmoid on them?"
        )

    @given(SIZES)
    def test_nothing_passes_but_the_code(self, learner, sizes):
        "forward(x) is encode(x) and decode of that code, whatever else was encoded in between."
        c, latent_dim, b, seed = sizes
        x, other = batch(b, c, seed), batch(b, c, seed + 100)
        got = learner.run(both_ways, c, latent_dim, seed, x, other)
        # float32 through four layers, on two paths that may be computed in another order
        expect(got["encode(x)"], got["forward(x)[0]"], "encode(x), against forward(x)[0]")
        expect(got["decode(z)"], got["forward(x)[1]"], "decode(z), against forward(x)[1]")

    @given(SIZES)
    def test_treats_every_picture_by_itself(self, learner, sizes):
        "In eval mode a picture has the same code and the same reconstruction in any batch."
        c, latent_dim, _, seed = sizes
        got = learner.run(one_by_one, c, latent_dim, seed, batch(3, c, seed))
        expect(got["alone"], got["together"], "pictures one at a time, against the batch")

    @given(WIDE)
    def test_is_not_linear(self, learner, sizes):
        "Half-way between two codes the logits are not half-way between theirs."
        c, latent_dim, seed = sizes
        got = learner.run(
            decoded_at_three, c, latent_dim, seed, 3 * torch.randn(2, latent_dim, generator=generator(seed))
        )
        # as for encode
        assert bend(got.values()) > 1e-4, "decode is a linear map: no bend between the layers"

    @given(SIZES)
    def test_all_of_it_can_be_learned(self, learner, sizes):
        "Every parameter gets a gradient from the reconstructions."
        c, latent_dim, _, seed = sizes
        got = learner.run(unreached, c, latent_dim, seed, batch(4, c, seed))
        want = {
            "parameters at all": True,
            "parameters without a gradient": "none",
            "parameters with a gradient that is not finite": "none",
        }
        expect(got, want)

    @given(SIZES)
    def test_its_state_is_all_there_is(self, learner, sizes):
        "A second module that loads the first one's state_dict gives the same answers."
        c, latent_dim, b, seed = sizes
        got = learner.run(loaded, c, latent_dim, seed, batch(b, c, seed))
        expect(got["the second one's"], got["the first one's"], "of the module that loaded the state")

    @given(SIZES)
    def test_leaves_x_alone(self, learner, sizes):
        c, latent_dim, b, seed = sizes
        x = batch(b, c, seed)
        expect(learner.run(x_afterwards, c, latent_dim, seed, x), x, "x after the call", rtol=0, atol=0)

    def test_learns_four_pictures(self, learner):
        "After some steps of Adam, 90 % of the pixels are on the right side of 0."
        x = rectangles(31)
        white = learner.run(trained, 8, 31, x)
        expect(f"{tuple(white.shape)} {white.dtype}", f"{tuple(x.shape)} torch.bool", "shape and dtype of logits > 0")
        right = float((white == (x > 0.5)).double().mean())
        assert right >= 0.9, (
            f"{right:.0%} of the pixels are right after training on these four pictures; 90 % are wanted"
        )


def x_after_encode(impl, c, latent_dim, seed, x):
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        model.encode(x)
    return x


def x_afterwards(impl, c, latent_dim, seed, x):
    model = fresh(impl, c, latent_dim, seed).eval()
    with torch.no_grad():
        model(x)
        model.encode(x)
    return x


# slerp


def corner(d, seed, dtype):
    """Two orthonormal vectors (d,), d ≥ 2, and a length for each end."""
    rng = np.random.default_rng(seed)
    a, u = torch.tensor(orthonormal(rng, d, 2).T, dtype=dtype)
    return a, u, *(float(x) for x in rng.choice((0.5, 1.0, 3.0, 1e4, 1e-4), 2))


def walk(d, stations, angle, seed, dtype):
    """(z0, z1, t) with this angle between z0 and z1, and the rows that are right."""
    a, u, long0, long1 = corner(d, seed, torch.float64)
    t = torch.rand(stations, generator=generator(seed), dtype=torch.float64)
    if stations > 1:
        t[0], t[-1] = 0, 1
    t = t.to(dtype)
    turned = t.double()[:, None] * angle
    rows = torch.cos(turned) * a + torch.sin(turned) * u
    z0, z1 = long0 * a, long1 * (math.cos(angle) * a + math.sin(angle) * u)
    return (z0.to(dtype), z1.to(dtype), t), rows.to(dtype)


def open_walk(d, stations, seed):
    return walk(d, stations, 0.1 + 2.8 * (seed % 997) / 997, seed, precision(seed))


def narrow_walk(d, stations, seed):
    return walk(d, stations, (0.0, 1e-9, 1e-7, 1e-5, 1e-3, 0.03)[seed // 2 % 6], seed, precision(seed))


def wide_walk(d, stations, seed):
    return walk(d, stations, math.pi - (0.05, 0.01, 1.5e-3)[seed % 3], seed, torch.float64)


OPEN = st.builds(open_walk, st.integers(2, 6), dims(5), seeds())
NARROW = st.builds(narrow_walk, st.integers(2, 6), dims(5), seeds())
WIDE_OPEN = st.builds(wide_walk, st.integers(2, 6), dims(5), seeds())


def twins(d, stations, seed):
    """z1 is z0, or a multiple of it."""
    (z0,) = numbers(seed // 4, (d,), kinds=("unit", "tiny", "huge"), dtype=precision(seed))
    t = torch.rand(stations, generator=generator(seed), dtype=z0.dtype)
    return z0, z0 * (1, 3, 1, 0.1)[seed % 4], t


def opposites(d, seed):
    """(z0, z1, t) on one axis and exactly opposite, or half a thousandth from it."""
    if seed % 2:
        return walk(d, 2, math.pi - 5e-4, seed, torch.float64)[0]
    z0 = torch.zeros(d, dtype=precision(seed // 2))
    z0[seed // 4 % d] = 1.5
    return z0, -2 * z0, torch.tensor([0.25, 0.5], dtype=z0.dtype)


@exercise("slerp")
class TestSlerp:
    @given(OPEN)
    def test_matches_the_reference(self, both, made):
        "Rows of length 1, t of the way from the direction of z0 to that of z1."
        both.agree("slerp", *made[0])

    @given(OPEN)
    def test_turns_by_t_times_the_angle(self, learner, made):
        "In the plane of z0 and z1, row t is turned from z0 by t times the angle between them."
        arguments, rows = made
        expect(learner.slerp(*arguments), rows, "slerp(z0, z1, t)")

    @given(OPEN)
    def test_every_row_has_length_1(self, learner, made):
        rows = learner.slerp(*made[0])
        expect(rows.norm(dim=1), torch.ones(len(rows), dtype=made[1].dtype), "the lengths of the rows")

    @given(NARROW)
    def test_bears_directions_that_are_nearly_the_same(self, learner, made):
        "Angles from 0 to 0.03 radians, where the formula is nearly 0 divided by 0."
        arguments, rows = made
        expect(learner.slerp(*arguments), rows, "slerp(z0, z1, t)", rtol=0, atol=1e-5)  # as the statement says

    @given(st.builds(twins, st.integers(2, 6), dims(5), seeds()))
    def test_stays_where_there_is_nowhere_to_go(self, learner, arguments):
        z0, _, t = arguments
        rows = (z0 / z0.norm()).expand(len(t), -1)
        expect(learner.slerp(*arguments), rows, "slerp of one direction", rtol=0, atol=1e-5)

    @given(WIDE_OPEN)
    def test_goes_nearly_half_way_round(self, learner, made):
        "Angles close below π, where there is one shortest way still."
        arguments, rows = made
        expect(learner.slerp(*arguments), rows, "slerp(z0, z1, t)", rtol=1e-6, atol=1e-6)  # sin(angle) is 1e-3

    @given(st.builds(opposites, st.integers(2, 5), seeds()))
    def test_refuses_opposite_directions(self, learner, arguments):
        expect(learner.run(refusal, "slerp", *arguments), "ValueError", "slerp of opposite directions")

    @given(OPEN)
    def test_leaves_its_inputs_alone(self, learner, made):
        expect_untouched(learner, "slerp", *made[0])


# knn_probe


def codes(n, m, d, seed):
    """(z_tr, y_tr, z_te, k): for every new code the k-th nearest and the next are clearly not equally far."""
    rng = np.random.default_rng(seed)
    k = 1 + seed // 8 % n
    scale, place = ((1, 0), (1e-3, 0), (1e3, 0), (1, 20))[seed // 2 % 4]
    while True:
        z_tr, z_te = rng.normal(size=(n, d)), rng.normal(size=(m, d))
        far = np.sort(((z_te[:, None] - z_tr[None]) ** 2).sum(-1) ** 0.5, axis=1)
        if k == n or (far[:, k] - far[:, k - 1] > 1e-2).all():
            break
    dtype = precision(seed)
    y_tr = torch.from_numpy(rng.choice((0, 1, 2, 5), n))
    z_tr, z_te = (torch.from_numpy(scale * (one + place)).to(dtype) for one in (z_tr, z_te))
    return z_tr, y_tr, z_te, k


CODES = st.builds(codes, dims(8), dims(4), dims(3), seeds())


@exercise("knn_probe")
class TestKnnProbe:
    @given(CODES)
    def test_matches_the_reference(self, both, inputs):
        "The label that most of the k nearest have; of equally many the smallest."
        both.agree("knn_probe", *inputs)

    @given(CODES)
    def test_one_neighbour_of_a_known_code_is_itself(self, learner, inputs):
        z_tr, y_tr, _, _ = inputs
        expect(learner.knn_probe(z_tr, y_tr, z_tr, 1), y_tr, "the labels of the training codes with k = 1")

    @given(CODES)
    def test_with_everybody_voting_the_most_frequent_label_wins(self, learner, inputs):
        z_tr, y_tr, z_te, _ = inputs
        want = torch.full((len(z_te),), int(torch.bincount(y_tr).argmax()))
        expect(learner.knn_probe(z_tr, y_tr, z_te, len(z_tr)), want, "the labels with k = N")

    @given(st.permutations((3, 0, 7, 1)), seeds())
    def test_of_equally_many_votes_the_smallest_label_wins(self, learner, labels, seed):
        "k neighbours, each with a label of its own."
        far = torch.tensor([[4.0], [1.0], [3.0], [2.0]], dtype=precision(seed))
        y_tr, k = torch.tensor(labels), 1 + seed % 4
        by_distance = [labels[i] for i in (1, 3, 2, 0)]
        got = learner.knn_probe(far, y_tr, torch.zeros(1, 1, dtype=far.dtype), k)
        expect(got, torch.tensor([min(by_distance[:k])]), f"the label with k = {k} and votes {by_distance[:k]}")

    @given(CODES)
    def test_leaves_its_inputs_alone(self, learner, inputs):
        expect_untouched(learner, "knn_probe", *inputs)


# tsne_affinities


def points(n, d, seed):
    """(x, perplexity): n ≥ 5 points of some scale, some with one far from all others or with two in one place."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    if seed // 3 % 3 == 1:
        x[seed // 9 % n] = 5000.0  # with the right width, exp of minus its squared distances is 0, of all of them
    if seed // 3 % 3 == 2:
        x[1] = x[0]
    perplexity = 2.0 + (0.9 * (n - 1) - 2.0) * (seed % 101) / 100
    return SCALES[seed % 3] * (x + rng.integers(-3, 4)), perplexity


def ring(n, seed):
    """(x, perplexity): n ≥ 5 points evenly on a circle, so that each sees the others as any other does."""
    rng = np.random.default_rng(seed)
    turn = 2 * np.pi * np.arange(n) / n
    x = np.stack([np.cos(turn), np.sin(turn)], axis=1) @ orthonormal(rng, 3, 2).T
    perplexity = 2.2 + (0.95 * (n - 1) - 2.2) * (seed % 101) / 100  # each has two nearest, equally near
    return SCALES[seed % 3] * (x + rng.integers(-3, 4, 3)), perplexity


POINTS = st.builds(points, st.integers(5, 9), dims(4), seeds())

# The search ends where the perplexity is met to 1 part in 10⁵; small entries are off by more than that.
ENTRIES = {"rtol": 1e-3, "atol": 1e-6}


@exercise("tsne_affinities")
class TestTsneAffinities:
    @given(POINTS)
    def test_matches_the_reference(self, both, inputs):
        "The width of each point's Gaussian is searched until it has the perplexity; then P is made symmetric."
        both.agree("tsne_affinities", *inputs, **ENTRIES)

    @given(POINTS)
    def test_is_symmetric_with_sum_1_and_nobody_is_their_own_neighbour(self, learner, inputs):
        x, perplexity = inputs
        p = learner.tsne_affinities(x, perplexity)
        expect(str(p.shape), str((len(x), len(x))), "the shape of P")
        expect(p.T, p, "P, transposed")
        expect(float(p.sum()), 1.0, "the sum of P")
        expect(np.diagonal(p), np.zeros(len(x)), "the diagonal of P", rtol=0, atol=0)
        assert bool((p >= 0).all()), "a probability is negative"
        # p(j|i) adds up to 1 over j, and P_ij holds half of it
        assert bool((p.sum(axis=1) >= 0.499 / len(x)).all()), "a row of P adds up to less than 1/2N"

    @given(st.builds(ring, st.integers(5, 9), seeds()))
    def test_on_a_ring_every_row_has_the_perplexity(self, learner, inputs):
        "All points see the same, so N·P is p(j|i) itself; 2 to the power of its entropy in bits is the perplexity."
        x, perplexity = inputs
        p = len(x) * learner.tsne_affinities(x, perplexity)
        logs = np.log2(p, where=p > 0, out=np.zeros_like(p))
        got = 2 ** -(p * logs).sum(axis=1)
        expect(got, np.full(len(x), perplexity), "the perplexity of each row", rtol=1e-4)

    @given(POINTS)
    def test_leaves_x_alone(self, learner, inputs):
        expect_untouched(learner, "tsne_affinities", *inputs)
