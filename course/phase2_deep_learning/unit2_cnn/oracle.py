"""Unit 2.2's references against torch.nn.functional, torch.nn.grad, scipy and torchvision."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock, ResNet

from phase2_deep_learning import unit2_cnn as unit

few = settings(max_examples=50, deadline=None)
sizes, strides, paddings = st.integers(1, 4), st.integers(1, 3), st.integers(0, 2)
geometry = {"b": sizes, "c": sizes, "k": sizes, "stride": strides, "padding": paddings, "height": sizes, "width": sizes}


def pictures(b, c, k, height, width):
    torch.manual_seed(b + 10 * c + 100 * k)
    return torch.randn(b, c, k + height - 1, k + width - 1, dtype=torch.float64)


@few
@given(**geometry)
def test_columns_are_those_of_unfold(b, c, k, stride, padding, height, width):
    x = pictures(b, c, k, height, width)
    assert torch.equal(unit.im2col(x, k, stride, padding), F.unfold(x, k, stride=stride, padding=padding))


@few
@given(**geometry, o=sizes, biased=st.booleans())
def test_convolution_and_its_gradients_are_torchs(b, c, k, stride, padding, height, width, o, biased):
    x = pictures(b, c, k, height, width)
    w, bias = torch.randn(o, c, k, k, dtype=x.dtype), torch.randn(o, dtype=x.dtype)
    want = F.conv2d(x, w, bias if biased else None, stride, padding)
    torch.testing.assert_close(unit.conv2d(x, w, bias if biased else None, stride, padding), want)
    dout = torch.randn_like(want)
    dx, dw, db = unit.conv2d_backward(dout, x, w, stride, padding)
    torch.testing.assert_close(dx, torch.nn.grad.conv2d_input(x.shape, w, dout, stride, padding))
    torch.testing.assert_close(dw, torch.nn.grad.conv2d_weight(x, w.shape, dout, stride, padding))
    torch.testing.assert_close(db, dout.sum((0, 2, 3)))


def test_convolution_is_the_correlation_of_scipy():
    x, w = pictures(1, 3, 5, 4, 6), torch.randn(2, 3, 3, 3, dtype=torch.float64)
    out = unit.conv2d(x, w, padding=1)
    for kernel, got in zip(w, out[0], strict=True):
        want = sum(scipy.signal.correlate2d(*pair, "same") for pair in zip(x[0].numpy(), kernel.numpy(), strict=True))
        np.testing.assert_allclose(got.numpy(), want, atol=1e-12)


@few
@given(b=sizes, c=sizes, k=sizes, height=st.integers(1, 8), width=st.integers(1, 8), whole=st.booleans())
def test_pooling_is_torchs(b, c, k, height, width, whole):
    x = pictures(b, c, k, height, width)
    x = x.round() if whole else x  # with ties
    y, mask = unit.max_pool2d(x, k)
    want, where = F.max_pool2d(x, k, return_indices=True)
    assert torch.equal(y, want)
    marked = torch.zeros(b, c, x[0, 0].numel()).scatter(2, where.flatten(2), 1.0).reshape(x.shape)
    assert torch.equal(mask, marked.bool())


def test_pooling_is_a_maximum_filter_of_scipy():
    x = pictures(1, 1, 4, 6, 9)
    want = scipy.ndimage.maximum_filter(x[0, 0].numpy(), 3, origin=-1)[: 9 // 3 * 3 : 3, : 12 // 3 * 3 : 3]
    np.testing.assert_array_equal(unit.max_pool2d(x, 3)[0][0, 0].numpy(), want)


@few
@given(**geometry, o=sizes)
def test_transposed_convolution_is_torchs(b, c, k, stride, padding, height, width, o):
    x = torch.randn(b, c, height, width, dtype=torch.float64)
    w = torch.randn(c, o, k, k, dtype=torch.float64)
    padding = min(padding, ((min(height, width) - 1) * stride + k - 1) // 2)
    want = F.conv_transpose2d(x, w, stride=stride, padding=padding)
    torch.testing.assert_close(unit.conv_transpose2d(x, w, stride, padding), want)


def random_weights(module):
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.double()


@pytest.mark.parametrize(("c_in", "c_out", "stride"), [(3, 3, 1), (3, 5, 1), (3, 3, 2), (4, 2, 2)])
def test_the_block_is_torchvisions(c_in, c_out, stride):
    torch.manual_seed(0)
    projection = None
    if stride != 1 or c_in != c_out:
        projection = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))
    want = random_weights(BasicBlock(c_in, c_out, stride, projection))
    mine = unit.BasicBlock(c_in, c_out, stride).double()
    mine.load_state_dict({name.replace("downsample", "shortcut"): one for name, one in want.state_dict().items()})
    x = torch.randn(2, c_in, 7, 6, dtype=torch.float64)
    torch.testing.assert_close(mine(x), want(x))
    torch.testing.assert_close(mine.eval()(x), want.eval()(x))


def test_the_network_is_torchvisions_behind_another_stem():
    torch.manual_seed(0)
    want = ResNet(BasicBlock, [2, 2, 2, 2], num_classes=7)
    want.conv1, want.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    random_weights(want)
    mine = unit.SmallResNet((64, 128, 256, 512), 2, 7).double()
    assert [one.shape for one in mine.state_dict().values()] == [one.shape for one in want.state_dict().values()]
    mine.load_state_dict(dict(zip(mine.state_dict(), want.state_dict().values(), strict=True)))
    x = torch.randn(3, 3, 9, 10, dtype=torch.float64)
    torch.testing.assert_close(mine(x), want(x))
    torch.testing.assert_close(mine.eval()(x), want.eval()(x))
