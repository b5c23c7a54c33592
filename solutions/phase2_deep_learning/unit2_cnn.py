"""Unit 2.2, convolutional networks: convolution both ways, pooling, and the residual block.

From here on arrays are torch tensors: read them as NumPy arrays with other names. The five functions keep the dtype
(float32 in, float32 out; float64 likewise) and leave their arguments alone; the two networks are nn.Modules.

Shapes are written with B = images in the batch, C = channels, H × W = height × width in pixels, O = channels that come
out, k = side of the square kernel, H' × W' = height × width of what comes out, L = H'·W' places.

Sources: Stanford CS231n, notes on convolutional networks; Dumoulin & Visin 2016, "A guide to convolution arithmetic"
(arXiv 1603.07285); He et al. 2015, "Deep Residual Learning for Image Recognition" (arXiv 1512.03385).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def im2col(x: Tensor, k: int, stride: int = 1, padding: int = 0) -> Tensor:
    """Lay every k × k window of the images out as a column.

    Args:
        x: (B, C, H, W) float.
        k: side of the window; H + 2·padding and W + 2·padding are at least k.
        stride: steps of the window, down and to the right, ≥ 1.
        padding: rows and columns of zeros put around each image first, ≥ 0.

    Returns:
        (B, C·k·k, L) with L = H'·W', H' = ⌊(H + 2·padding − k) / stride⌋ + 1, W' likewise. Column l is the l-th window
        in reading order; inside a column the order is (C, k, k), the order in which a kernel is kept.

    Source: CS231n, "Implementation as matrix multiplication".
    """
    ### BEGIN SOLUTION
    b, c, height, width = x.shape
    rows = (height + 2 * padding - k) // stride + 1
    columns = (width + 2 * padding - k) // stride + 1
    x = F.pad(x, (padding, padding, padding, padding))
    taps = [
        # what the entry (i, j) of the window sees, at all L places at once
        x[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride]
        for i in range(k)
        for j in range(k)
    ]
    return torch.stack(taps, dim=2).reshape(b, c * k * k, rows * columns)
    ### END SOLUTION


def conv2d(x: Tensor, w: Tensor, b: Tensor | None = None, stride: int = 1, padding: int = 0) -> Tensor:
    """Slide O kernels over the images; at every place, the dot product of kernel and window.

    The kernel is not flipped: what deep learning calls convolution is cross-correlation.

    Args:
        x: (B, C, H, W) float.
        w: (O, C, k, k) kernels, the dtype of x.
        b: (O,) one number for each kernel, added at every place; None adds nothing.
        stride, padding: as in im2col.

    Returns:
        (B, O, H', W'), H' = ⌊(H + 2·padding − k) / stride⌋ + 1, W' likewise.

    Source: CS231n, "Convolutional layer"; Goodfellow, Bengio & Courville, *Deep Learning*, eq. 9.6.
    """
    ### BEGIN SOLUTION
    k = w.shape[-1]
    out = w.flatten(1) @ im2col(x, k, stride, padding)
    if b is not None:
        out = out + b[:, None]
    rows = (x.shape[2] + 2 * padding - k) // stride + 1
    return out.unflatten(2, (rows, -1))
    ### END SOLUTION


def conv2d_backward(dout: Tensor, x: Tensor, w: Tensor, stride: int, padding: int) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of y = conv2d(x, w, b, stride, padding), given the gradient of the loss with respect to y.

    Args:
        dout: (B, O, H', W') = dL/dy.
        x: (B, C, H, W) the layer's input.
        w: (O, C, k, k) its kernels.
        stride, padding: those of the forward call.

    Returns:
        (dx, dw, db): (B, C, H, W), (O, C, k, k), (O,). Nothing is averaged: if L is a mean, dout holds the 1/N. A pixel
        that no window reached has gradient 0.

    Source: CS231n, "Convolutional layer", backpropagation.
    """
    ### BEGIN SOLUTION
    k, (height, width), (rows, columns) = w.shape[-1], x.shape[2:], dout.shape[2:]
    flat = dout.flatten(2)  # (B, O, L)
    dw = (flat @ im2col(x, k, stride, padding).transpose(1, 2)).sum(0).reshape(w.shape)
    dcolumns = (w.flatten(1).T @ flat).unflatten(1, (-1, k, k)).unflatten(-1, (rows, columns))
    dx = x.new_zeros(len(x), x.shape[1], height + 2 * padding, width + 2 * padding)
    for i in range(k):
        for j in range(k):
            dx[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride] += dcolumns[:, :, i, j]
    return dx[:, :, padding : padding + height, padding : padding + width], dw, flat.sum((0, 2))
    ### END SOLUTION


def max_pool2d(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The largest pixel of every k × k block, and where it stood.

    Args:
        x: (B, C, H, W) float, of any sign.
        k: side of the blocks, which do not overlap; 1 ≤ k ≤ H, W. Rows and columns left over at the end are dropped.

    Returns:
        y: (B, C, ⌊H/k⌋, ⌊W/k⌋), the dtype of x.
        mask: (B, C, H, W) bool, True at the pixels that were taken: exactly one in every block, of equal ones the first
            in reading order. False in what was dropped. The gradient of the loss flows back where the mask is True.

    Source: CS231n, "Pooling layer".
    """
    ### BEGIN SOLUTION
    b, c, height, width = x.shape
    rows, columns = height // k, width // k
    blocks = x[:, :, : rows * k, : columns * k].reshape(b, c, rows, k, columns, k)
    y, first = blocks.transpose(3, 4).flatten(4).max(-1)
    taken = F.one_hot(first, k * k).unflatten(-1, (k, k)).transpose(3, 4)
    mask = torch.zeros(x.shape, dtype=torch.bool, device=x.device)
    mask[:, :, : rows * k, : columns * k] = taken.reshape(b, c, rows * k, columns * k)
    return y, mask
    ### END SOLUTION


def conv_transpose2d(x: Tensor, w: Tensor, stride: int, padding: int) -> Tensor:
    """Convolution with its arrows turned round: every pixel stamps its kernel, times its value, onto the output.

    Pixel (i, j) stamps with the stamp's corner at (i·stride, j·stride). Stamps that overlap add up. Then `padding` rows
    and columns are cut off on every side.

    Args:
        x: (B, C, H, W) float.
        w: (C, O, k, k) stamps, the dtype of x. C first: these are the kernels of the conv2d from O to C channels whose
            backward pass this is.
        stride: ≥ 1. padding: ≥ 0, and small enough that something is left.

    Returns:
        (B, O, H', W'), H' = (H − 1)·stride − 2·padding + k, W' likewise.

    Source: Dumoulin & Visin 2016, chapter 4; Radford et al. 2015 (arXiv 1511.06434), section 3.
    """
    ### BEGIN SOLUTION
    size = [(length - 1) * stride - 2 * padding + w.shape[-1] for length in x.shape[2:]]
    return conv2d_backward(x, x.new_zeros(len(x), w.shape[1], *size), w, stride, padding)[0]
    ### END SOLUTION


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions that learn what to add to their input.

    y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)).

    Submodules, in this order:
        conv1: nn.Conv2d(c_in, c_out, 3), with this stride, padding 1, no bias.
        bn1: nn.BatchNorm2d(c_out).
        conv2: nn.Conv2d(c_out, c_out, 3), stride 1, padding 1, no bias.
        bn2: nn.BatchNorm2d(c_out).
        shortcut: x itself where stride is 1 and c_in equals c_out (no parameters). Otherwise nn.Sequential of
            nn.Conv2d(c_in, c_out, 1) with this stride, no padding, no bias, and nn.BatchNorm2d(c_out).

    Source: He et al. 2015, eq. 1–2, figure 2 and section 3.4; the shortcut is their option B.
    """

    def __init__(self, c_in: int, c_out: int, stride: int) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.shortcut = nn.Identity()
        if stride != 1 or c_in != c_out:
            self.shortcut = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride=stride, bias=False), nn.BatchNorm2d(c_out))
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, c_in, H, W) -> (B, c_out, ⌈H/stride⌉, ⌈W/stride⌉)."""
        ### BEGIN SOLUTION
        branch = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(branch)) + self.shortcut(x))
        ### END SOLUTION


class SmallResNet(nn.Module):
    """A residual network for small pictures: a convolution, stages of blocks, the mean over all places, a linear layer.

    Submodules, in this order:
        conv: nn.Conv2d(channels, widths[0], 3), stride 1, padding 1, no bias.
        bn: nn.BatchNorm2d(widths[0]), followed by ReLU.
        blocks: all BasicBlocks in one nn.Sequential, `depth` ≥ 1 of them for each entry of `widths`. The first block of
            every stage but the first has stride 2; all others have stride 1.
        head: nn.Linear(widths[-1], num_classes).

    widths = (16, 32, 64) with depth = 3 is the ResNet-20 of the paper's section 4.2, but for its shortcuts.

    Source: He et al. 2015, section 4.2.
    """

    def __init__(self, widths: tuple[int, ...], depth: int, num_classes: int, channels: int = 3) -> None:
        ### BEGIN SOLUTION
        super().__init__()
        self.conv = nn.Conv2d(channels, widths[0], 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(widths[0])
        blocks = []
        width = widths[0]
        for stage, wider in enumerate(widths):
            for i in range(depth):
                blocks.append(BasicBlock(width, wider, 2 if stage > 0 and i == 0 else 1))
                width = wider
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(width, num_classes)
        ### END SOLUTION

    def forward(self, x: Tensor) -> Tensor:
        """x: (B, channels, H, W) -> logits (B, num_classes)."""
        ### BEGIN SOLUTION
        features = self.blocks(F.relu(self.bn(self.conv(x))))
        return self.head(features.mean((2, 3)))
        ### END SOLUTION
