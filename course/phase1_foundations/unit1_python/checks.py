"""Checks for unit 1.1, Python and NumPy."""

import itertools
import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from grader.judge import exercise, expect, expect_untouched
from grader.judge.trial.strategies import dims, seeds

SINGLE, DOUBLE = np.float32, np.float64


# brighten


def picture(shape, dtype, seed):
    """Pixels from 0 to 1, both of them included; every other picture in quarters."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 5, shape) / 4 if seed % 2 == 0 else rng.random(shape)
    pixels.flat[seed % pixels.size] = seed % 3 / 2
    return pixels.astype(dtype)


AMOUNTS = st.sampled_from((0.5, 0.25, -0.5, -0.125, 0.875, 1.0, -1.0))
SHAPES = st.sampled_from(((), (3,))).flatmap(lambda channels: st.tuples(dims(4), dims(5), *map(st.just, channels)))
PICTURES = st.builds(picture, SHAPES, st.sampled_from((SINGLE, DOUBLE)), seeds())


@exercise("brighten")
class TestBrighten:
    @given(PICTURES, AMOUNTS)
    def test_matches_the_reference(self, both, image, amount):
        "Add to every pixel, and stay between 0 and 1."
        both.agree("brighten", image, amount)

    @given(PICTURES, AMOUNTS)
    def test_stays_between_black_and_white(self, learner, image, amount):
        got = learner.brighten(image, amount)
        assert float(got.min()) >= 0, f"a pixel is darker than black: {float(got.min()):.4g}"
        assert float(got.max()) <= 1, f"a pixel is lighter than white: {float(got.max()):.4g}"

    @given(PICTURES)
    def test_adds_nothing_where_nothing_is_to_add(self, learner, image):
        expect(learner.brighten(image, 0.0), image, "the picture made brighter by 0")

    @given(PICTURES, AMOUNTS)
    def test_leaves_the_picture_that_came_in_alone(self, learner, image, amount):
        "The result is a new array."
        expect_untouched(learner, "brighten", image, amount)


# standardize


def spread_table(n, d, seed):
    """(n, d) numbers, n ≥ 2 and d ≥ 2 of some scale, around some place; no row or column is constant."""
    rng = np.random.default_rng(seed)
    scale = (1.0, 1e-4, 1e4)[seed % 3]
    return scale * (rng.normal(size=(n, d)) + rng.integers(-3, 4))


def partly_constant(n, d, axis, seed):
    """A table with values from -2 to 2 along the axis, and a constant last slice."""
    rng = np.random.default_rng(seed)
    columns = [rng.permutation(np.linspace(-2, 2, n)) for _ in range(d)] + [np.full(n, rng.normal())]
    table = np.stack(columns, axis=1)
    return (table if axis == 0 else np.ascontiguousarray(table.T)), axis


SIZES = st.integers(2, 6)
TABLES = st.builds(spread_table, SIZES, SIZES, seeds())


@exercise("standardize")
class TestStandardize:
    @given(TABLES, st.sampled_from((0, 1, -1)))
    def test_matches_the_reference(self, both, x, axis):
        "(x - mean) / standard deviation, along the axis that is asked for."
        both.agree("standardize", x, axis)

    @given(TABLES)
    def test_takes_columns_unless_told_otherwise(self, both, x):
        both.agree("standardize", x)

    @given(TABLES, st.sampled_from((0, 1)))
    def test_gives_mean_0_and_deviation_1(self, learner, x, axis):
        got = learner.standardize(x, axis=axis)
        other = x.shape[1 - axis]
        # a mean far from 0 is subtracted: what is left has lost a digit or two
        expect(np.asarray(got).mean(axis), np.zeros(other), f"the means along axis {axis}", atol=1e-9)
        expect(np.asarray(got).std(axis), np.ones(other), f"the standard deviations along axis {axis}")

    @given(TABLES, st.sampled_from((1e-3, 7.0, 1e3)), st.floats(-3, 3))
    def test_does_not_depend_on_the_unit_of_measurement(self, learner, x, unit, shift):
        "Metres or miles, Celsius or Fahrenheit: the standardised numbers are the same."
        want = (x - x.mean(0)) / x.std(0)
        got = learner.standardize(unit * (x + shift * x.std()))
        expect(got, want, "the standardised table in another unit", rtol=1e-6)

    @given(st.builds(partly_constant, SIZES, dims(4), st.sampled_from((0, 1)), seeds()), st.sampled_from((1e-5, 1e-8)))
    def test_eps_makes_a_constant_slice_zero(self, learner, table, eps):
        x, axis = table
        got = learner.standardize(x, axis, eps)
        mean, std = x.mean(axis, keepdims=True), x.std(axis, keepdims=True)
        want = (x - mean) / np.where(std < 1e-9, 1.0, std)
        # under the root or after it: for deviations above 1, both move the result by less than eps
        expect(got, want, f"the standardised table with eps={eps:g}", rtol=2e-5, atol=1e-6)

    @given(TABLES, st.sampled_from((0, 1)))
    def test_leaves_its_input_alone(self, learner, x, axis):
        expect_untouched(learner, "standardize", x, axis)


# one_hot


def labels(n, classes, seed):
    return np.random.default_rng(seed).integers(0, classes, n), classes


LABELS = st.builds(labels, dims(7), dims(6), seeds())


@exercise("one_hot")
class TestOneHot:
    @given(LABELS)
    def test_matches_the_reference(self, both, drawn):
        "A 1 at the label's place in each row, 0 elsewhere, as float32."
        both.agree("one_hot", *drawn)

    @given(LABELS)
    def test_can_be_undone(self, learner, drawn):
        "argmax along each row gives the labels back, and each row sums to 1."
        y, classes = drawn
        got = learner.one_hot(y, classes)
        expect(got.argmax(1), y, "the place of the largest entry in each row")
        expect(got.sum(1), np.ones(len(y), SINGLE), "the sum of each row")

    @given(st.integers(1, 4), st.integers(1, 4))
    def test_keeps_a_column_for_classes_that_do_not_occur(self, both, classes, more):
        both.agree("one_hot", np.arange(classes), classes + more)

    @given(LABELS)
    def test_leaves_the_labels_alone(self, learner, drawn):
        expect_untouched(learner, "one_hot", *drawn)


# pairwise_sq_dists


def two_clouds(n, m, d, seed):
    """n and m points in d dimensions."""
    rng = np.random.default_rng(seed)
    scale = (1.0, 1e-4, 100.0)[seed % 3]
    if seed % 2 == 0:
        return scale * rng.integers(-3, 4, (n, d)), scale * rng.integers(-3, 4, (m, d))
    return scale * rng.normal(size=(n, d)), scale * rng.normal(size=(m, d))


def near_twins(n, m, d, seed):
    """Points far from the origin, 1e-7 apart: all that x² - 2xy + y² sees of their distances is rounding."""
    rng = np.random.default_rng(seed)
    centre = 100 * rng.normal(size=d)
    return tuple(centre + 1e-7 * rng.random((rows, d)) for rows in (n, m))


def rounding_of_squares(*points):
    """x² - 2xy + y² is right as well, and leaves this much behind where the terms cancel."""
    return 64 * np.finfo(DOUBLE).eps * max(float((one**2).sum(1).max()) for one in points)


CLOUDS = st.builds(two_clouds, dims(5), dims(6), dims(4), seeds())


@exercise("pairwise_sq_dists")
class TestPairwiseSqDists:
    @given(CLOUDS)
    def test_matches_the_reference(self, both, clouds):
        "Σ (x[i] - y[j])² for every pair of rows."
        both.agree("pairwise_sq_dists", *clouds, atol=rounding_of_squares(*clouds))

    @given(CLOUDS)
    def test_points_are_at_no_distance_from_themselves(self, learner, clouds):
        x, _ = clouds
        got = learner.pairwise_sq_dists(x, x)
        expect(
            np.diagonal(got).copy(),
            np.zeros(len(x)),
            "the diagonal of pairwise_sq_dists(x, x)",
            atol=rounding_of_squares(x),
        )

    @given(st.builds(two_clouds, dims(4), dims(5), st.just(2), seeds()), st.sampled_from(((3, 4), (5, 12), (8, 15))))
    def test_knows_pythagoras(self, learner, clouds, legs):
        "y moved by (3, 4) is 25 away from where it was, (5, 12) is 169, (8, 15) is 289."
        _, y = clouds
        got = learner.pairwise_sq_dists(y + np.array(legs, dtype=DOUBLE), y)
        want = np.full(len(y), float(legs[0] ** 2 + legs[1] ** 2))
        expect(np.diagonal(got).copy(), want, f"the squared distances of points moved by {legs}", atol=1e-9)

    @given(st.builds(near_twins, dims(5), dims(5), st.integers(2, 6), seeds()))
    def test_is_never_negative(self, learner, clouds):
        smallest = float(learner.pairwise_sq_dists(*clouds).min())
        assert smallest >= 0, f"a squared distance is negative: {smallest:.4g}"

    @given(CLOUDS)
    def test_leaves_the_points_alone(self, learner, clouds):
        expect_untouched(learner, "pairwise_sq_dists", *clouds)


# minibatches


def numbered(batches):
    """How many batches there are, and each by its number."""
    batches = list(batches)
    return {
        "number of batches": len(batches),
        "batches": {f"batch {i}": batch for i, batch in enumerate(batches, start=1)},
    }


def batches(impl, n, batch_size, seed, shuffle, drop_last):
    return numbered(impl.minibatches(n, batch_size, np.random.default_rng(seed), shuffle, drop_last))


def batches_unless_told_otherwise(impl, n, batch_size, seed):
    return numbered(impl.minibatches(n, batch_size, np.random.default_rng(seed)))


def orders(impl, n, batch_size, seed):
    """The order of four passes: two in a row with one generator, one with an equal one, one with another one."""
    passes = {}
    one = np.random.default_rng(seed)
    for name, rng in (
        ("first pass", one),
        ("second pass with that generator", one),
        ("first pass with an equal generator", np.random.default_rng(seed)),
        ("first pass with another generator", np.random.default_rng(seed + 1)),
    ):
        np.random.seed(7)  # whoever draws from here instead is found out
        random.seed(7)
        passes[name] = np.concatenate(list(impl.minibatches(n, batch_size, rng)))
    return passes


def first_batch(impl, n, batch_size, seed):
    return next(iter(impl.minibatches(n, batch_size, np.random.default_rng(seed))))


def in_order(got):
    """The batches of `numbered`, as a list."""
    return list(got["batches"].values())


SPLITS = (st.integers(0, 12), st.integers(1, 6), seeds())


def whole_batches(n, batch_size, drop_last):
    """The sizes of the batches."""
    rest = [] if drop_last or n % batch_size == 0 else [n % batch_size]
    return [batch_size] * (n // batch_size) + rest


def expect_sizes(batches, sizes):
    expect(len(batches), len(sizes), "the number of batches")
    for i, (batch, size) in enumerate(zip(batches, sizes, strict=True), start=1):
        expect(len(batch), size, f"the size of batch {i}")


@exercise("minibatches")
class TestMinibatches:
    @given(*SPLITS, st.booleans())
    def test_matches_the_reference_in_order(self, both, n, batch_size, seed, drop_last):
        "With shuffle=False: 0, 1, 2, … in batches."
        both.agree(batches, n, batch_size, seed, shuffle=False, drop_last=drop_last)

    @given(*SPLITS)
    def test_deals_out_every_index_once(self, learner, n, batch_size, seed):
        "In batches of batch_size, the last one perhaps shorter, and shuffled unless told otherwise."
        got = in_order(learner.run(batches_unless_told_otherwise, n, batch_size, seed))
        expect_sizes(got, whole_batches(n, batch_size, drop_last=False))
        if got:
            expect(np.sort(np.concatenate(got)), np.arange(n), "all indices, sorted")

    @given(*SPLITS)
    def test_drops_the_short_batch_when_asked(self, learner, n, batch_size, seed):
        got = in_order(learner.run(batches, n, batch_size, seed, shuffle=True, drop_last=True))
        expect_sizes(got, whole_batches(n, batch_size, drop_last=True))
        if got:
            assert len(set(np.concatenate(got).tolist())) == len(got) * batch_size, "an index comes twice"

    @given(st.integers(40, 60), st.integers(1, 7), seeds())
    def test_shuffles_by_the_generator_it_was_given(self, learner, n, batch_size, seed):
        # Two orders of 40 or more are the same by chance once in 40! ≈ 10^48 times.
        first, second, again, other = learner.run(orders, n, batch_size, seed).values()
        assert not np.array_equal(first, np.arange(n)), "the indices come in order: nothing was shuffled"
        expect(again, first, "the order with an equal generator")
        assert not np.array_equal(other, first), "another generator gives the same order: rng is not what was used"
        assert not np.array_equal(second, first), "a second pass with the same generator repeats the order of the first"

    @given(st.integers(40, 60), st.integers(10, 14), seeds())
    def test_mixes_across_batches(self, learner, n, batch_size, seed):
        "The first batch is a random choice from all indices."
        # By chance it consists of neighbours less than once in C(40, 10) / 31 ≈ 10^7 times.
        first = learner.run(first_batch, n, batch_size, seed)
        assert int(first.max()) - int(first.min()) >= batch_size, "the first batch holds neighbouring indices only"


# make_grid


def images(b, c, h, w, seed):
    rng = np.random.default_rng(seed)
    many = rng.integers(1, 10, (b, c, h, w)) if seed % 2 == 0 else rng.normal(size=(b, c, h, w))
    return many.astype(SINGLE)


def places(count, nrow, padding, h, w):
    """Where in the grid each picture belongs, in order."""
    columns = min(nrow, count)
    for row, column in itertools.islice(itertools.product(range(count), range(columns)), count):
        top, left = padding + row * (h + padding), padding + column * (w + padding)
        yield np.s_[:, top : top + h, left : left + w]


IMAGES = st.builds(images, dims(7), dims(3), dims(4), dims(4), seeds())
PADDING, COLOUR = st.integers(0, 3), st.sampled_from((0.0, 1.0, -1.0, 0.25))


@exercise("make_grid")
class TestMakeGrid:
    @given(IMAGES, dims(5), PADDING, COLOUR)
    def test_matches_the_reference(self, both, x, nrow, padding, pad_value):
        "Row by row, nrow pictures in each, a border around all of them."
        both.agree("make_grid", x, nrow, padding, pad_value)

    @given(st.builds(images, st.integers(1, 19), dims(2), dims(3), dims(2), seeds()))
    def test_has_eight_in_a_row_and_a_black_border_of_two_unless_told_otherwise(self, both, x):
        both.agree("make_grid", x)

    @given(IMAGES, dims(5), PADDING, COLOUR)
    def test_shows_every_picture_whole(self, learner, x, nrow, padding, pad_value):
        "Cut out again at its place, each picture is what it was; all the rest has the border's colour."
        got = learner.make_grid(x, nrow=nrow, padding=padding, pad_value=pad_value)
        count, c, h, w = x.shape
        columns = min(nrow, count)
        rows = -(-count // columns)
        size = c, rows * (h + padding) + padding, columns * (w + padding) + padding
        assert got.shape == size, f"the grid has shape {got.shape}; {rows} rows of {columns} make {size}"
        rest = got.copy()
        for i, place in enumerate(places(count, nrow, padding, h, w)):
            expect(got[place], x[i], f"picture {i}, cut out of the grid", rtol=0, atol=0)
            rest[place] = pad_value
        expect(rest, np.full(size, pad_value, SINGLE), "what is no picture", rtol=0, atol=0)

    @given(IMAGES, dims(5))
    def test_leaves_the_pictures_alone(self, learner, x, nrow):
        expect_untouched(learner, "make_grid", x, nrow)


# to_uint8


def bytes_and_floats(b, c, h, w, seed):
    """Bytes (B, H, W, C), and pictures (B, C, H, W) that have to become just these.

    At most 0.4 away from a byte, so that no form of the formula rounds them elsewhere; 0 and 255 also from far outside.
    """
    rng = np.random.default_rng(seed)
    img = rng.integers(0, 256, (b, h, w, c), dtype=np.uint8)
    ends = rng.random(img.shape) < 0.3
    img[ends] = 255 * (img[ends] % 2)
    levels = img + rng.uniform(-0.4, 0.4, img.shape)
    outside = (img == 0) | (img == 255)
    levels[outside] += np.sign(levels[outside] - 100) * rng.choice([0.0, 1.0, 150.0, 500.0], outside.sum())
    x = (levels / 127.5 - 1).astype(SINGLE).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(x), img


PIXELS = st.builds(bytes_and_floats, dims(3), dims(4), dims(5), dims(4), seeds())


def every_byte(b, c):
    """(B, 8, 32, C): each byte once in every channel of every picture."""
    return np.roll(np.arange(256, dtype=np.uint8), b * c).reshape(1, 8, 32, 1).repeat(b, 0).repeat(c, 3)


@exercise("to_uint8", part="to_uint8")
class TestToUint8:
    @given(PIXELS)
    def test_matches_the_reference(self, both, pixels):
        "-1 … 1 becomes 0 … 255, rounded, and what lies outside is black or white; channels go last."
        both.agree("to_uint8", pixels[0])

    @given(PIXELS)
    def test_rounds_to_the_nearest_byte(self, learner, pixels):
        x, img = pixels
        expect(learner.to_uint8(x), img, "the bytes")

    @given(dims(4), dims(3))
    def test_gives_every_byte(self, learner, b, c):
        img = every_byte(b, c)
        x = np.ascontiguousarray(img.transpose(0, 3, 1, 2)).astype(SINGLE) / SINGLE(127.5) - SINGLE(1)
        expect(learner.to_uint8(x), img, "the bytes of pictures with every level from black to white")

    @given(PIXELS)
    def test_leaves_its_input_alone(self, learner, pixels):
        expect_untouched(learner, "to_uint8", pixels[0])


@exercise("to_uint8", part="from_uint8")
class TestFromUint8:
    @given(PIXELS)
    def test_matches_the_reference(self, both, pixels):
        "from_uint8: 0 … 255 becomes -1 … 1 in float32; channels go first."
        both.agree("from_uint8", pixels[1])

    @given(PIXELS)
    def test_black_and_white_are_minus_one_and_one(self, learner, pixels):
        img = np.where(pixels[1] < 128, np.uint8(0), np.uint8(255))
        want = np.where(img == 0, SINGLE(-1), SINGLE(1)).transpose(0, 3, 1, 2)
        expect(learner.from_uint8(img), want, "from_uint8 of black and white")

    @given(dims(4), dims(3))
    def test_every_byte_can_be_had_back(self, learner, b, c):
        "127.5 · (x + 1), rounded, is the byte again."
        img = every_byte(b, c)
        x = np.asarray(learner.from_uint8(img), DOUBLE)
        expect(np.rint(127.5 * (x + 1)).transpose(0, 2, 3, 1), img.astype(DOUBLE), "127.5 · (from_uint8(img) + 1)")

    @given(PIXELS)
    def test_leaves_its_input_alone(self, learner, pixels):
        expect_untouched(learner, "from_uint8", pixels[1])
