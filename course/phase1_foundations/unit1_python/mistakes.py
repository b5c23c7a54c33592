"""Known mistakes of unit 1.1, Python and NumPy."""

import math

import numpy as np

from grader.judge import mistake
from phase1_foundations import unit1_python as reference

# brighten


@mistake(
    "brighten",
    "The sum is returned as it is, so light pixels rise above 1 and dark ones fall below 0, which no screen can show.",
    see="clipping",
)
def not_clipped(image, amount):
    return image + amount


@mistake(
    "brighten",
    "Only white is held; with a negative amount, dark pixels fall below 0.",
    see="clipping",
)
def clipped_above_only(image, amount):
    return np.minimum(image + amount, 1.0)


@mistake(
    "brighten",
    "The amount is added to the caller's own array, which is another picture from now on.",
    see="views-and-copies",
)
def changed_in_place(image, amount):
    image += amount
    return np.clip(image, 0.0, 1.0, out=image)


@mistake(
    "brighten",
    "The pixels are multiplied, so black stays black however much light is added.",
    see="clipping",
)
def multiplied(image, amount):
    return np.clip(image * (1 + amount), 0.0, 1.0)


@mistake(
    "brighten",
    "The amount is subtracted: the picture gets darker where it should get lighter.",
    see="clipping",
)
def darkened(image, amount):
    return np.clip(image - amount, 0.0, 1.0)


# standardize


@mistake(
    "standardize",
    "The squares are divided by N - 1: that is the sample's deviation, and the population's was asked for.",
    see="population",
)
def sample_deviation(x, axis=0, eps=0.0):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True, ddof=1) + eps)


@mistake(
    "standardize",
    "One mean and one deviation are taken of the whole table, so columns in different units stay different.",
    see="axes",
)
def one_for_the_whole_table(x, axis=0, eps=0.0):
    return (x - x.mean()) / np.sqrt(x.var() + eps)


@mistake(
    "standardize",
    "Mean and deviation lose the axis they are taken along, so for rows they line up with the columns.",
    see="keepdims",
)
def keepdims_forgotten(x, axis=0, eps=0.0):
    return (x - x.mean(axis)) / np.sqrt(x.var(axis) + eps)


@mistake(
    "standardize",
    "It is divided by the variance; its root, the standard deviation, has the unit of x.",
    see="population",
)
def divided_by_variance(x, axis=0, eps=0.0):
    return (x - x.mean(axis, keepdims=True)) / (x.var(axis, keepdims=True) + eps)


@mistake(
    "standardize",
    "The mean is not subtracted: the deviations are 1, and the means are still where they were.",
    see="population",
)
def not_centred(x, axis=0, eps=0.0):
    return x / np.sqrt(x.var(axis, keepdims=True) + eps)


@mistake(
    "standardize",
    "The axis is the other one: columns are standardised where rows were asked for, and rows for columns.",
    see="axes",
)
def other_axis(x, axis=0, eps=0.0):
    return reference.standardize(x, 1 - axis % 2, eps)


@mistake(
    "standardize",
    "The axis is ignored: it is always the columns that are standardised.",
    see="axes",
)
def always_columns(x, axis=0, eps=0.0):
    return reference.standardize(x, 0, eps)


@mistake(
    "standardize",
    "eps is not used, so a constant slice is divided by 0 and becomes nan.",
    see="population",
)
def eps_ignored(x, axis=0, eps=0.0):
    with np.errstate(divide="ignore", invalid="ignore"):
        return reference.standardize(x, axis)


@mistake(
    "standardize",
    "A small number is added to the deviation that nobody asked for; columns of small numbers come out too small.",
    see="population",
)
def eps_of_its_own(x, axis=0, eps=0.0):
    return (x - x.mean(axis, keepdims=True)) / (x.std(axis, keepdims=True) + 1e-8 + eps)


@mistake(
    "standardize",
    "The mean is subtracted from the caller's own array, which is another table from now on.",
    see="views-and-copies",
)
def centred_in_place(x, axis=0, eps=0.0):
    x -= x.mean(axis, keepdims=True)
    return x / np.sqrt(x.var(axis, keepdims=True) + eps)


# one_hot


@mistake(
    "one_hot",
    "The number of classes is read off the largest label; a class that does not occur in this batch loses its column.",
    see="picking-by-number",
)
def classes_counted(y, num_classes):
    return reference.one_hot(y, y.max() + 1)


@mistake(
    "one_hot",
    "Labels are counted from 1: everything is one place to the left, and label 0 wraps around to the last.",
    see="picking-by-number",
)
def counted_from_one(y, num_classes):
    return reference.one_hot(y - 1, num_classes)


@mistake(
    "one_hot",
    "The result is float64, NumPy's own choice; a network's arrays are float32.",
    see="dtypes",
)
def double_precision(y, num_classes):
    return np.eye(num_classes)[y]


@mistake(
    "one_hot",
    "The result has whole numbers; float32 was asked for.",
    see="dtypes",
)
def whole_numbers(y, num_classes):
    return np.eye(num_classes, dtype=np.int64)[y]


@mistake(
    "one_hot",
    "The comparison is returned as it is: True and False where 1.0 and 0.0 belong.",
    see="dtypes",
)
def truth_values(y, num_classes):
    return y[:, None] == np.arange(num_classes)


@mistake(
    "one_hot",
    "Every label sets its 1 in all rows: they are one and the same list, or the index names all of them.",
    see="views-and-copies",
)
def one_row_shared(y, num_classes):
    rows = [[0.0] * num_classes] * len(y)
    for i, label in enumerate(y):
        rows[i][label] = 1.0
    return np.array(rows, dtype=np.float32)


@mistake(
    "one_hot",
    "It is transposed: a row for each class and a column for each label.",
    see="shapes",
)
def a_row_for_each_class(y, num_classes):
    return np.ascontiguousarray(reference.one_hot(y, num_classes).T)


# pairwise_sq_dists


@mistake(
    "pairwise_sq_dists",
    "The root is taken: these are distances, and their squares were asked for.",
    see="broadcasting",
)
def distances(x, y):
    return np.sqrt(reference.pairwise_sq_dists(x, y))


@mistake(
    "pairwise_sq_dists",
    "It is transposed: entry [i, j] belongs to row j of x and row i of y.",
    see="broadcasting",
)
def transposed(x, y):
    return reference.pairwise_sq_dists(y, x)


@mistake(
    "pairwise_sq_dists",
    "Row i of x meets row i of y only; without a new axis there are no pairs.",
    see="broadcasting",
)
def rows_side_by_side(x, y):
    return ((x - y) ** 2).sum(-1)


@mistake(
    "pairwise_sq_dists",
    "The differences are added up before they are squared, so that opposite ones cancel.",
    see="broadcasting",
)
def summed_then_squared(x, y):
    return (x[:, None] - y).sum(-1) ** 2


@mistake(
    "pairwise_sq_dists",
    "The absolute differences are added up: that is the way along the streets, not the straight line's square.",
    see="broadcasting",
)
def along_the_streets(x, y):
    return abs(x[:, None] - y).sum(-1)


@mistake(
    "pairwise_sq_dists",
    "The squares are averaged over the D coordinates instead of added up.",
    see="broadcasting",
)
def averaged(x, y):
    return ((x[:, None] - y) ** 2).mean(-1)


@mistake(
    "pairwise_sq_dists",
    "The squares are not added up: the last axis, with a number for each coordinate, is still there.",
    see="axes",
)
def not_summed(x, y):
    return (x[:, None] - y) ** 2


@mistake(
    "pairwise_sq_dists",
    "x² - 2xy + y² loses its digits where two points are near each other, and rounding makes it negative.",
    see="broadcasting",
)
def expanded(x, y):
    return (x**2).sum(1)[:, None] - 2 * x @ y.T + (y**2).sum(1)


# minibatches


@mistake(
    "minibatches",
    "The last, shorter batch is always lost, so some examples are never seen.",
    see="batches",
)
def last_batch_lost(n, batch_size, rng, shuffle=True, drop_last=False):
    return reference.minibatches(n, batch_size, rng, shuffle, True)


@mistake(
    "minibatches",
    "drop_last is ignored: the shorter batch comes all the same.",
    see="batches",
)
def drop_last_ignored(n, batch_size, rng, shuffle=True, drop_last=False):
    return reference.minibatches(n, batch_size, rng, shuffle, False)


@mistake(
    "minibatches",
    "With drop_last the last batch is dropped even when it is full.",
    see="batches",
)
def full_batch_dropped(n, batch_size, rng, shuffle=True, drop_last=False):
    batches = list(reference.minibatches(n, batch_size, rng, shuffle))
    return batches[:-1] if drop_last else batches


@mistake(
    "minibatches",
    "shuffle is ignored: the order is random also where it should be 0, 1, 2, …",
    see="batches",
)
def always_shuffled(n, batch_size, rng, shuffle=True, drop_last=False):
    return reference.minibatches(n, batch_size, rng, True, drop_last)


@mistake(
    "minibatches",
    "Nothing is shuffled: each pass sees the examples in the order in which they are stored.",
    see="batches",
)
def never_shuffled(n, batch_size, rng, shuffle=True, drop_last=False):
    return reference.minibatches(n, batch_size, rng, False, drop_last)


@mistake(
    "minibatches",
    "The order comes from NumPy's global generator; whoever passes the same rng twice cannot repeat the run.",
    see="chance",
)
def global_generator(n, batch_size, rng, shuffle=True, drop_last=False):
    order = np.random.permutation(n) if shuffle else np.arange(n)
    batches = [order[start : start + batch_size] for start in range(0, n, batch_size)]
    return [batch for batch in batches if len(batch) == batch_size or not drop_last]


@mistake(
    "minibatches",
    "A generator of its own is made inside, with a fixed seed, so every pass has the same order.",
    see="chance",
)
def own_generator(n, batch_size, rng, shuffle=True, drop_last=False):
    return reference.minibatches(n, batch_size, np.random.default_rng(0), shuffle, drop_last)


@mistake(
    "minibatches",
    "Only the order of the batches is random; examples that lie next to each other still come together.",
    see="batches",
)
def order_of_batches_only(n, batch_size, rng, shuffle=True, drop_last=False):
    batches = list(reference.minibatches(n, batch_size, rng, False, drop_last))
    return [batches[i] for i in (rng.permutation(len(batches)) if shuffle else range(len(batches)))]


@mistake(
    "minibatches",
    "Indices are drawn with replacement: some come twice in a pass, and others not at all.",
    see="batches",
)
def with_replacement(n, batch_size, rng, shuffle=True, drop_last=False):
    order = rng.integers(0, n, n) if shuffle and n else np.arange(n)
    batches = [order[start : start + batch_size] for start in range(0, n, batch_size)]
    return [batch for batch in batches if len(batch) == batch_size or not drop_last]


@mistake(
    "minibatches",
    "The batches are lists of Python numbers; index arrays were asked for.",
    see="batches",
)
def lists(n, batch_size, rng, shuffle=True, drop_last=False):
    return [batch.tolist() for batch in reference.minibatches(n, batch_size, rng, shuffle, drop_last)]


# make_grid


def _grid(images, columns, rows, padding, pad_value):
    _, c, h, w = images.shape
    size = c, rows * (h + padding) + padding, columns * (w + padding) + padding
    return np.full(size, pad_value, dtype=np.float32)


@mistake(
    "make_grid",
    "nrow is taken for the number of rows; it says how many pictures stand in one row.",
    see="a-grid",
)
def nrow_as_the_number_of_rows(images, nrow=8, padding=2, pad_value=0.0):
    return reference.make_grid(images, math.ceil(len(images) / min(nrow, len(images))), padding, pad_value)


@mistake(
    "make_grid",
    "The pictures run down the columns; like words on a page, they should run along the rows.",
    see="a-grid",
)
def down_the_columns(images, nrow=8, padding=2, pad_value=0.0):
    h, w = images.shape[2:]
    columns = min(nrow, len(images))
    rows = math.ceil(len(images) / columns)
    grid = _grid(images, columns, rows, padding, pad_value)
    for i, image in enumerate(images):
        column, row = divmod(i, rows)
        top, left = padding + row * (h + padding), padding + column * (w + padding)
        grid[:, top : top + h, left : left + w] = image
    return grid


@mistake(
    "make_grid",
    "There is a border between the pictures, and none around the outside.",
    see="a-grid",
)
def no_outer_border(images, nrow=8, padding=2, pad_value=0.0):
    grid = reference.make_grid(images, nrow, padding, pad_value)
    return grid[:, padding : grid.shape[1] - padding, padding : grid.shape[2] - padding]


@mistake(
    "make_grid",
    "Each picture brings a border of its own, so between two neighbours it is twice as wide.",
    see="a-grid",
)
def border_doubled(images, nrow=8, padding=2, pad_value=0.0):
    sides = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    return reference.make_grid(np.pad(images, sides, constant_values=pad_value), nrow, 0, pad_value)


@mistake(
    "make_grid",
    "The last row is only counted when it is full, so its pictures are lost, or there is no place for them.",
    see="a-grid",
)
def last_row_lost(images, nrow=8, padding=2, pad_value=0.0):
    columns = min(nrow, len(images))
    return reference.make_grid(images[: len(images) // columns * columns], nrow, padding, pad_value)


@mistake(
    "make_grid",
    "The grid is always nrow wide, also where there are fewer pictures than that.",
    see="a-grid",
)
def always_nrow_wide(images, nrow=8, padding=2, pad_value=0.0):
    h, w = images.shape[2:]
    grid = _grid(images, nrow, math.ceil(len(images) / nrow), padding, pad_value)
    for i, image in enumerate(images):
        top, left = padding + i // nrow * (h + padding), padding + i % nrow * (w + padding)
        grid[:, top : top + h, left : left + w] = image
    return grid


@mistake(
    "make_grid",
    "The border is always black: pad_value is not used.",
    see="a-grid",
)
def always_black(images, nrow=8, padding=2, pad_value=0.0):
    return reference.make_grid(images, nrow, padding)


@mistake(
    "make_grid",
    "The result is float64, NumPy's own choice for an array that is made afresh.",
    see="dtypes",
)
def grid_in_double_precision(images, nrow=8, padding=2, pad_value=0.0):
    return reference.make_grid(images, nrow, padding, pad_value).astype(np.float64)


@mistake(
    "make_grid",
    "Height and width are taken for each other; that shows as soon as the pictures are not square.",
    see="channels-first",
)
def height_and_width_swapped(images, nrow=8, padding=2, pad_value=0.0):
    turned = np.ascontiguousarray(images.transpose(0, 1, 3, 2))
    return reference.make_grid(turned, nrow, padding, pad_value)


# to_uint8 and from_uint8


def _to_bytes(x, scale=127.5, shift=127.5, axes=(0, 2, 3, 1)):
    return np.clip(np.round(x * scale + shift), 0, 255).astype(np.uint8).transpose(*axes)


@mistake(
    "to_uint8",
    "Nothing is clipped, so what lies outside -1 … 1 wraps around: too bright becomes black.",
    see="bytes-wrap",
)
def wraps_around(x):
    return np.round(x * 127.5 + 127.5).astype(np.int64).astype(np.uint8).transpose(0, 2, 3, 1)


@mistake(
    "to_uint8",
    "The digits after the point are cut off and not rounded, so pictures get darker with each way there and back.",
    see="bytes-wrap",
)
def cut_off(x):
    return np.clip(x * 127.5 + 127.5, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1)


@mistake(
    "to_uint8",
    "The channels still come first; a file wants them last.",
    see="channels-first",
)
def channels_still_first(x):
    return _to_bytes(x, axes=(0, 1, 2, 3))


@mistake(
    "to_uint8",
    "Channels go last, but height and width have changed places: the picture lies on its side, mirrored.",
    see="channels-first",
)
def on_its_side(x):
    return _to_bytes(x, axes=(0, 3, 2, 1))


@mistake(
    "to_uint8",
    "The axes are renamed and not moved: reshape leaves the numbers in their order, and colours lie in wrong pixels.",
    see="channels-first",
)
def reshaped(x):
    b, c, h, w = x.shape
    return _to_bytes(x, axes=(0, 1, 2, 3)).reshape(b, h, w, c)


@mistake(
    "to_uint8",
    "The input is taken to run from 0 to 1, so all that is darker than mid-grey becomes black.",
    see="bytes-wrap",
)
def from_zero_to_one(x):
    return _to_bytes(x, scale=255.0, shift=0.0)


@mistake(
    "to_uint8",
    "The channels come in reverse: what was red is blue.",
    see="channels-first",
)
def blue_for_red(x):
    return _to_bytes(x[:, ::-1])


@mistake(
    "to_uint8",
    "The numbers run from 0 to 255, but they are floats and not bytes.",
    see="dtypes",
)
def still_floats(x):
    return _to_bytes(x).astype(np.float32)


@mistake(
    "to_uint8",
    "from_uint8 gives float64: a byte divided by a Python number is float64, unless it is made float32 first.",
    see="dtypes",
    replaces="from_uint8",
)
def doubles(img):
    return img.transpose(0, 3, 1, 2) / 127.5 - 1.0


@mistake(
    "to_uint8",
    "from_uint8 gives numbers from 0 to 1; black should be -1.",
    see="bytes-wrap",
    replaces="from_uint8",
)
def to_zero_to_one(img):
    return img.transpose(0, 3, 1, 2).astype(np.float32) / 255


@mistake(
    "to_uint8",
    "from_uint8 divides by 128, so white comes out at 0.992 and not at 1.",
    see="bytes-wrap",
    replaces="from_uint8",
)
def divided_by_128(img):
    return img.transpose(0, 3, 1, 2).astype(np.float32) / 128 - 1


@mistake(
    "to_uint8",
    "from_uint8 calculates with bytes, which wrap around, before it makes them floats.",
    see="bytes-wrap",
    replaces="from_uint8",
)
def calculates_with_bytes(img):
    return (img * 2).transpose(0, 3, 1, 2).astype(np.float32) / 255 - 1


@mistake(
    "to_uint8",
    "from_uint8 leaves the channels last; a network wants them first.",
    see="channels-first",
    replaces="from_uint8",
)
def channels_still_last(img):
    return img.astype(np.float32) / 127.5 - 1


@mistake(
    "to_uint8",
    "from_uint8 renames the axes instead of moving them: reshape leaves the numbers in their order.",
    see="channels-first",
    replaces="from_uint8",
)
def reshaped_back(img):
    b, h, w, c = img.shape
    return (img.astype(np.float32) / 127.5 - 1).reshape(b, c, h, w)


EQUIVALENT = {
    "to_uint8: `np.clip(x / 2 + 0.5, 0.0, 1.0)` → `np.clip(0.0, x / 2 + 0.5, 1.0)`":
        "0 held between the value and 1 is the value held between 0 and 1; bytes forget the dtype",
    "make_grid: `min(nrow, b)` → `min(b, nrow)`": "the smaller of two is the same in either order",
}  # fmt: skip
