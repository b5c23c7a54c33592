"""Unit 2.2 by PyTorch's own operations; the block and the network in the manner of torchvision."""

from collections.abc import Callable
from typing import Optional

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def im2col(x, k, stride=1, padding=0):
    return F.unfold(x, kernel_size=k, stride=stride, padding=padding)


def conv2d(x, w, b=None, stride=1, padding=0):
    return F.conv2d(x, w, b, stride=stride, padding=padding)


def conv2d_backward(dout, x, w, stride, padding):
    x, w = x.detach().requires_grad_(), w.detach().requires_grad_()
    b = torch.zeros(len(w), dtype=w.dtype, requires_grad=True)
    return torch.autograd.grad(F.conv2d(x, w, b, stride, padding), (x, w, b), dout)


def max_pool2d(x, k):
    y, where = F.max_pool2d(x, k, return_indices=True)
    return y, F.max_unpool2d(torch.ones_like(y), where, k, output_size=x.shape[2:]).bool()


def conv_transpose2d(x, w, stride, padding):
    return F.conv_transpose2d(x, w, None, stride, padding)


def conv3x3(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_planes, out_planes, kernel_size=3, stride=stride, padding=1, bias=False)


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_planes, out_planes, kernel_size=1, stride=stride, bias=False)


class BasicBlock(nn.Module):
    expansion: int = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        norm_layer: Optional[Callable[..., nn.Module]] = None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = None
        if stride != 1 or inplanes != planes * self.expansion:
            self.downsample = nn.Sequential(conv1x1(inplanes, planes, stride), norm_layer(planes))
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.conv1(x)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        out = self.relu(out)
        return out


class SmallResNet(nn.Module):
    def __init__(self, widths, depth, num_classes=1000, channels=3, zero_init_residual=False):
        super().__init__()
        self.inplanes = widths[0]
        self.conv1 = conv3x3(channels, self.inplanes)
        self.bn1 = nn.BatchNorm2d(self.inplanes)
        self.relu = nn.ReLU(inplace=True)
        self.layers = nn.Sequential()
        for i, planes in enumerate(widths, start=1):
            self.layers.add_module(f"layer{i}", self._make_layer(planes, depth, stride=1 if i == 1 else 2))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(widths[-1], num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)
                if zero_init_residual:
                    nn.init.constant_(m.weight, 0)

    def _make_layer(self, planes, blocks, stride):
        layers = [BasicBlock(self.inplanes, planes, stride)]
        self.inplanes = planes
        layers += [BasicBlock(planes, planes) for _ in range(1, blocks)]
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layers(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.fc(x)
