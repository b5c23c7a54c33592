"""Known mistakes of unit 2.2, convolutional networks."""

import torch
from torch import nn
from torch.nn import functional as F

from grader.judge import mistake
from phase2_deep_learning import unit2_cnn as reference

# im2col


@mistake(
    "im2col",
    "Inside a column the channels come last, (k, k, C); a kernel keeps them first, so the wrong numbers would meet.",
    see="windows-as-columns",
)
def channels_last(x, k, stride=1, padding=0):
    return reference.im2col(x, k, stride, padding).unflatten(1, (x.shape[1], k * k)).transpose(1, 2).flatten(1, 2)


@mistake(
    "im2col",
    "The entries of a window go down its columns; they should go along its rows, as one reads.",
    see="windows-as-columns",
)
def window_on_its_side(x, k, stride=1, padding=0):
    return reference.im2col(x, k, stride, padding).unflatten(1, (-1, k, k)).transpose(2, 3).flatten(1, 3)


@mistake(
    "im2col",
    "The places go down the columns of the picture; they should go along its rows, as one reads.",
    see="windows-as-columns",
)
def places_column_by_column(x, k, stride=1, padding=0):
    rows = (x.shape[2] + 2 * padding - k) // stride + 1
    return reference.im2col(x, k, stride, padding).unflatten(2, (rows, -1)).transpose(2, 3).flatten(2)


@mistake(
    "im2col",
    "The last window of every row and column is missing: (H + 2p − k) / s counts the steps, and there is one more "
    "place than steps.",
    see="how-many-places",
)
def one_place_too_few(x, k, stride=1, padding=0):
    rows, columns = ((length + 2 * padding - k) // stride for length in x.shape[2:])
    found = reference.im2col(x, k, stride, padding).unflatten(2, (rows + 1, columns + 1))
    return found[:, :, :rows, :columns].flatten(2)


@mistake(
    "im2col",
    "The border is filled with the nearest pixels; padding here is with zeros.",
    see="how-many-places",
)
def padded_with_the_edge(x, k, stride=1, padding=0):
    return reference.im2col(F.pad(x, [padding] * 4, mode="replicate"), k, stride)


@mistake(
    "im2col",
    "The stride is not used: the window moves one pixel at a time.",
    see="how-many-places",
)
def stride_ignored(x, k, stride=1, padding=0):
    return reference.im2col(x, k, 1, padding)


@mistake(
    "im2col",
    "The border of zeros is put on one side only, so a kernel cannot stand on the first pixel.",
    see="how-many-places",
)
def padded_on_one_side(x, k, stride=1, padding=0):
    return reference.im2col(F.pad(x, (0, 2 * padding, 0, 2 * padding)), k, stride)


# conv2d


@mistake(
    "conv2d",
    "The kernel is flipped in height and width: that is mathematics' convolution; here it is a plain dot product.",
    see="not-flipped",
)
def flipped(x, w, b=None, stride=1, padding=0):
    return reference.conv2d(x, w.flip(2, 3), b, stride, padding)


@mistake(
    "conv2d",
    "The kernel lies on its side: its rows and columns have changed places.",
    see="not-flipped",
)
def transposed_kernel(x, w, b=None, stride=1, padding=0):
    return reference.conv2d(x, w.transpose(2, 3), b, stride, padding)


@mistake(
    "conv2d",
    "The last place of every row and column is missing: (H + 2p − k) / s counts steps, and there is one place more.",
    see="how-many-places",
)
def without_the_plus_one(x, w, b=None, stride=1, padding=0):
    return reference.conv2d(x, w, b, stride, padding)[:, :, :-1, :-1]


@mistake(
    "conv2d",
    "The bias is left out.",
    see="one-matrix-product",
)
def bias_forgotten(x, w, b=None, stride=1, padding=0):
    return reference.conv2d(x, w, None, stride, padding)


@mistake(
    "conv2d",
    "The pictures of the batch are summed into one.",
    see="one-matrix-product",
)
def batch_summed(x, w, b=None, stride=1, padding=0):
    return reference.conv2d(x, w, b, stride, padding).sum(0, keepdim=True)


@mistake(
    "conv2d",
    "Only the first channel is read; a kernel runs through all channels and adds them up.",
    see="one-matrix-product",
)
def first_channel_only(x, w, b=None, stride=1, padding=0):
    return reference.conv2d(x[:, :1], w[:, :1], b, stride, padding)


# conv2d_backward


def _scattered(dcolumns, x, k, stride, padding, overwrite=False):
    """What im2col spread out, put back where it came from."""
    height, width = (length + 2 * padding for length in x.shape[2:])
    rows, columns = (height - k) // stride + 1, (width - k) // stride + 1
    dcolumns = dcolumns.unflatten(1, (-1, k, k)).unflatten(-1, (rows, columns))
    dx = x.new_zeros(*x.shape[:2], height, width)
    for i in range(k):
        for j in range(k):
            place = slice(i, i + stride * rows, stride), slice(j, j + stride * columns, stride)
            old = 0 if overwrite else dx[:, :, place[0], place[1]]
            dx[:, :, place[0], place[1]] = old + dcolumns[:, :, i, j]
    return dx


def _cropped(dx, x, padding):
    return dx[:, :, padding : padding + x.shape[2], padding : padding + x.shape[3]]


@mistake(
    "conv2d_backward",
    "The kernel is flipped on the way back although the forward pass does not flip it, so every gradient lands on the "
    "wrong side of its window.",
    see="back-through-the-windows",
)
def wrong_way_round(dout, x, w, stride, padding):
    _, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return reference.conv2d_backward(dout, x, w.flip(2, 3), stride, padding)[0], dw, db


@mistake(
    "conv2d_backward",
    "Where windows overlap, the later gradient overwrites the earlier one; a pixel lay in all of them, so they add up.",
    see="back-through-the-windows",
)
def overlaps_overwritten(dout, x, w, stride, padding):
    _, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    dcolumns = w.flatten(1).T @ dout.flatten(2)
    dx = _scattered(dcolumns, x, w.shape[-1], stride, padding, overwrite=True)
    return _cropped(dx, x, padding), dw, db


@mistake(
    "conv2d_backward",
    "dw is not summed over the pictures of the batch, so it has an axis more than the kernels it belongs to.",
    see="back-through-the-windows",
)
def one_gradient_for_each_picture(dout, x, w, stride, padding):
    dx, _, db = reference.conv2d_backward(dout, x, w, stride, padding)
    each = dout.flatten(2) @ reference.im2col(x, w.shape[-1], stride, padding).transpose(1, 2)
    return dx, each.reshape(len(x), *w.shape), db


@mistake(
    "conv2d_backward",
    "dw and db are averaged over the batch once more; dout holds the 1/N already.",
    see="back-through-the-windows",
)
def averaged_twice(dout, x, w, stride, padding):
    dx, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, dw / len(x), db / len(x)


@mistake(
    "conv2d_backward",
    "The border of zeros is still around dx; it was no part of x.",
    see="back-through-the-windows",
)
def border_kept(dout, x, w, stride, padding):
    _, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    return _scattered(w.flatten(1).T @ dout.flatten(2), x, w.shape[-1], stride, padding), dw, db


@mistake(
    "conv2d_backward",
    "The border is cut off dx at the lower right end only, so every gradient is shifted by the padding.",
    see="back-through-the-windows",
)
def cut_at_the_wrong_end(dout, x, w, stride, padding):
    _, dw, db = reference.conv2d_backward(dout, x, w, stride, padding)
    dx = _scattered(w.flatten(1).T @ dout.flatten(2), x, w.shape[-1], stride, padding)
    return dx[:, :, : x.shape[2], : x.shape[3]], dw, db


@mistake(
    "conv2d_backward",
    "db is summed over the pictures but not over the places: a kernel has one bias for all of them.",
    see="back-through-the-windows",
)
def bias_for_each_place(dout, x, w, stride, padding):
    dx, dw, _ = reference.conv2d_backward(dout, x, w, stride, padding)
    return dx, dw, dout.sum(0)


# max_pool2d


@mistake(
    "max_pool2d",
    "Where several pixels of a block are equal, all of them are marked: the gradient would be paid out several times.",
    see="where-the-largest-stood",
)
def ties_all_marked(x, k):
    y, mask = reference.max_pool2d(x, k)
    rows, columns = y.shape[2] * k, y.shape[3] * k
    ties = x[:, :, :rows, :columns] == y.repeat_interleave(k, 2).repeat_interleave(k, 3)
    mask[:, :, :rows, :columns] = ties
    return y, mask


@mistake(
    "max_pool2d",
    "The pixels are reshaped into blocks without moving an axis, so a block is a run of pixels of a row, not a square.",
    see="where-the-largest-stood",
)
def runs_instead_of_squares(x, k):
    y, mask = reference.max_pool2d(x, k)
    kept = x[:, :, : y.shape[2] * k, : y.shape[3] * k]
    return kept.reshape(*y.shape, k * k).amax(-1), mask


@mistake(
    "max_pool2d",
    "The last, incomplete blocks are filled up with zeros instead of dropped; among negative pixels a zero wins, too.",
    see="where-the-largest-stood",
)
def filled_up_with_zeros(x, k):
    _, mask = reference.max_pool2d(x, k)
    padded = F.pad(x, (0, -x.shape[3] % k, 0, -x.shape[2] % k))
    return reference.max_pool2d(padded, k)[0], mask


@mistake(
    "max_pool2d",
    "The maximum runs over the channels as well; each channel is pooled alone.",
    see="where-the-largest-stood",
)
def over_the_channels(x, k):
    y, mask = reference.max_pool2d(x, k)
    return y.amax(1, keepdim=True), mask


@mistake(
    "max_pool2d",
    "Of equal pixels the last is marked; it is the first in reading order that counts.",
    see="where-the-largest-stood",
)
def last_of_equals(x, k):
    y, mask = reference.max_pool2d(x, k)
    rows, columns = y.shape[2] * k, y.shape[3] * k
    turned = reference.max_pool2d(x[:, :, :rows, :columns].flip(2, 3), k)[1]
    mask[:, :, :rows, :columns] = turned.flip(2, 3)
    return y, mask


@mistake(
    "max_pool2d",
    "The mean of each block is taken, not its largest pixel.",
    see="where-the-largest-stood",
)
def average_pooling(x, k):
    return F.avg_pool2d(x, k), reference.max_pool2d(x, k)[1]


# conv_transpose2d


@mistake(
    "conv_transpose2d",
    "The stamps are read as (O, C, k, k), the layout of conv2d; here the channels that come in are first.",
    see="arrows-turned-round",
)
def layout_of_conv2d(x, w, stride, padding):
    if len(w) == w.shape[1]:
        return reference.conv_transpose2d(x, w.transpose(0, 1), stride, padding)
    return F.conv_transpose2d(x, w.transpose(0, 1), stride=stride, padding=padding)


@mistake(
    "conv_transpose2d",
    "The border is added, not cut off: padding makes the result of a transposed convolution smaller.",
    see="arrows-turned-round",
)
def border_added(x, w, stride, padding):
    return F.pad(reference.conv_transpose2d(x, w, stride, 0), [padding] * 4)


@mistake(
    "conv_transpose2d",
    "The result is H·s − 2p wide, as if the kernel were as wide as the stride; it is (H − 1)·s − 2p + k.",
    see="arrows-turned-round",
)
def size_without_the_kernel(x, w, stride, padding):
    found = reference.conv_transpose2d(x, w, stride, padding)
    rows, columns = (length * stride - 2 * padding for length in x.shape[2:])
    return F.pad(found, (0, columns - found.shape[3], 0, rows - found.shape[2]))


@mistake(
    "conv_transpose2d",
    "A zero too many is put between neighbours, so the stamps stand stride + 1 apart.",
    see="arrows-turned-round",
)
def a_zero_too_many(x, w, stride, padding):
    return reference.conv_transpose2d(x, w, stride + 1, padding)


@mistake(
    "conv_transpose2d",
    "Zeros are put in and an ordinary convolution runs over the result with the kernel as it is; a stamp meets that "
    "window turned by half a turn.",
    see="arrows-turned-round",
)
def stamped_upside_down(x, w, stride, padding):
    return reference.conv_transpose2d(x, w.flip(2, 3), stride, padding)


# BasicBlock


@mistake(
    "BasicBlock",
    "The last ReLU stands before the addition, so the branch can only add and never take away.",
    see="the-residual-block",
)
class ReluBeforeTheAddition(reference.BasicBlock):
    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))) + self.shortcut(x)


@mistake(
    "BasicBlock",
    "There is no shortcut: these are two plain layers, which is what gets worse with depth.",
    see="the-residual-block",
)
class Plain(reference.BasicBlock):
    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


@mistake(
    "BasicBlock",
    "The shortcut is x whatever happens; where stride or channels change it cannot be added, and wants a projection.",
    see="when-the-shapes-differ",
)
class NoProjection(reference.BasicBlock):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, stride)
        self.shortcut = nn.Identity()


@mistake(
    "BasicBlock",
    "The projection has no batch norm of its own.",
    see="when-the-shapes-differ",
)
class ShortcutWithoutNorm(reference.BasicBlock):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, stride)
        if stride != 1 or c_in != c_out:
            self.shortcut = nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False)


@mistake(
    "BasicBlock",
    "The shortcut is always projected; where the shapes agree it should be x itself, free and untouched.",
    see="when-the-shapes-differ",
)
class AlwaysProjected(reference.BasicBlock):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, stride)
        self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False), nn.BatchNorm2d(c_out))


@mistake(
    "BasicBlock",
    "Both convolutions have the stride, so the branch comes out smaller than the shortcut.",
    see="when-the-shapes-differ",
)
class StrideTwice(reference.BasicBlock):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, stride)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, stride=stride, padding=1, bias=False)


@mistake(
    "BasicBlock",
    "The convolutions have biases; batch norm subtracts the mean right after, so they do nothing but take up memory.",
    see="the-residual-block",
)
class Biases(reference.BasicBlock):
    def __init__(self, c_in, c_out, stride=1):
        super().__init__(c_in, c_out, stride)
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1)


@mistake(
    "BasicBlock",
    "The ReLU between the two convolutions is missing; without it the pair can do no more than one wider convolution.",
    see="the-residual-block",
)
class NoReluInside(reference.BasicBlock):
    def forward(self, x):
        return F.relu(self.bn2(self.conv2(self.bn1(self.conv1(x)))) + self.shortcut(x))


# SmallResNet


def _built(model, widths, depth, stride):
    """The blocks anew, with `stride(stage, i)` for the i-th block of a stage."""
    blocks, width = [], widths[0]
    for stage, wider in enumerate(widths):
        for i in range(depth):
            blocks.append(reference.BasicBlock(width, wider, stride(stage, i)))
            width = wider
    model.blocks = nn.Sequential(*blocks)


@mistake(
    "SmallResNet",
    "The first stage halves the picture as well; it should keep the size that comes in.",
    see="from-blocks-to-a-network",
)
class FirstStageHalved(reference.SmallResNet):
    def __init__(self, widths, depth, num_classes, channels=3):
        super().__init__(widths, depth, num_classes, channels)
        _built(self, widths, depth, lambda stage, i: 2 if i == 0 else 1)


@mistake(
    "SmallResNet",
    "Every block of the later stages has stride 2; only the first of a stage halves the picture.",
    see="from-blocks-to-a-network",
)
class EveryBlockHalves(reference.SmallResNet):
    def __init__(self, widths, depth, num_classes, channels=3):
        super().__init__(widths, depth, num_classes, channels)
        _built(self, widths, depth, lambda stage, i: 2 if stage else 1)


@mistake(
    "SmallResNet",
    "No stage has stride 2: the pictures stay large, and the deep blocks see little of them.",
    see="from-blocks-to-a-network",
)
class NeverHalved(reference.SmallResNet):
    def __init__(self, widths, depth, num_classes, channels=3):
        super().__init__(widths, depth, num_classes, channels)
        _built(self, widths, depth, lambda stage, i: 1)


@mistake(
    "SmallResNet",
    "The largest number over all places is taken; this network takes the mean.",
    see="from-blocks-to-a-network",
)
class LargestOfThePlaces(reference.SmallResNet):
    def forward(self, x):
        return self.head(self.blocks(F.relu(self.bn(self.conv(x)))).amax((2, 3)))


@mistake(
    "SmallResNet",
    "The batch norm after the first convolution is skipped.",
    see="from-blocks-to-a-network",
)
class NoFirstNorm(reference.SmallResNet):
    def forward(self, x):
        return self.head(self.blocks(F.relu(self.conv(x))).mean((2, 3)))


@mistake(
    "SmallResNet",
    "The ReLU after the first batch norm is missing.",
    see="from-blocks-to-a-network",
)
class NoFirstRelu(reference.SmallResNet):
    def forward(self, x):
        return self.head(self.blocks(self.bn(self.conv(x))).mean((2, 3)))


@mistake(
    "SmallResNet",
    "The blocks are kept in a plain Python list, which hides their weights from the optimiser and from state_dict.",
    see="from-blocks-to-a-network",
)
class HiddenInAList(reference.SmallResNet):
    def __init__(self, widths, depth, num_classes, channels=3):
        super().__init__(widths, depth, num_classes, channels)
        hidden = list(self.blocks)
        del self.blocks
        self.blocks = hidden

    def forward(self, x):
        x = torch.relu(self.bn(self.conv(x)))
        for block in self.blocks:
            x = block(x)
        return self.head(x.mean((2, 3)))


EQUIVALENT = {
    "conv2d: `w.shape[-1]` → `w.shape[-2]`": "Kernels are square.",
    "conv2d_backward: `w.shape[-1]` → `w.shape[-2]`": "Kernels are square.",
    "conv_transpose2d: `w.shape[-1]` → `w.shape[-2]`": "Kernels are square.",
    "conv2d_backward: `im2col(x, k, stride, padding).transpose(1, 2)`"
    " → `im2col(x, k, stride, padding).transpose(2, 1)`": "An exchange of two axes has no order.",
    "conv2d_backward: `2 * padding` → `3 * padding`": "More room below, which is cut off again.",
    "conv2d_backward: `2 * padding` → `3 * padding` (2)": "More room on the right, which is cut off again.",
    "max_pool2d: `blocks.transpose(3, 4)` → `blocks.transpose(4, 3)`": "An exchange of two axes has no order.",
    "max_pool2d: `F.one_hot(first, k * k).unflatten(-1, (k, k)).transpose(3, 4)`"
    " → `F.one_hot(first, k * k).unflatten(-1, (k, k)).transpose(4, 3)`": "An exchange of two axes has no order.",
}
