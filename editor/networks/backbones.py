"""The two backbones of the published inversion encoders.

IR-SE50 is ArcFace's (Deng et al. 2019, arXiv 1801.07698) with squeeze and excitation (Hu et al. 2018, arXiv
1709.01507); the other is ResNet34 (He et al. 2016, arXiv 1512.03385). Tensors have the names of the published
checkpoints.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

IRSE50 = ((64, 3), (128, 4), (256, 14), (512, 3))
RESNET34 = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Feature maps and units of each stage. Every stage halves the resolution, except ResNet34's first."""


class SqueezeExcite(nn.Module):
    """Scales each map by a factor computed from the means of all maps."""

    def __init__(self, channels: int, reduction: int = 16) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1, bias=False)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C, H, W]."""
        return x * self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))).sigmoid()


def _projection(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    """Return the shortcut around a unit that changes the number of maps."""
    if inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class IRUnit(nn.Module):
    """An improved residual unit: normalisation first, PReLU, then squeeze and excitation."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.shortcut_layer = _projection(inputs, outputs, stride)
        self.res_layer = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.PReLU(outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            SqueezeExcite(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] -> [N, out, H / stride, W / stride]."""
        if self.shortcut_layer is None:
            return self.res_layer(x) + x[:, :, :: self.stride, :: self.stride]
        return self.res_layer(x) + self.shortcut_layer(x)


class BasicUnit(nn.Module):
    """The basic unit of ResNet."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = _projection(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[N, in, H, W] -> [N, out, H / stride, W / stride]."""
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + shortcut)


def _units(unit: type[nn.Module], stages: Sequence[tuple[int, int]], first_stride: int) -> nn.Sequential:
    units: list[nn.Module] = []
    inputs, stride = 64, first_stride
    for outputs, count in stages:
        for _ in range(count):
            units.append(unit(inputs, outputs, stride))
            inputs, stride = outputs, 1
        stride = 2
    return nn.Sequential(*units)


class Backbone(nn.Module):
    """A feature extractor; ``kind`` is "irse50" or "resnet34"."""

    def __init__(self, kind: str, inputs: int) -> None:
        super().__init__()
        self.kind = kind
        if kind == "irse50":
            self.input_layer = nn.Sequential(
                nn.Conv2d(inputs, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)
            )
            stages, self.body = IRSE50, _units(IRUnit, IRSE50, 2)
        elif kind == "resnet34":
            self.conv1 = nn.Conv2d(inputs, 64, 7, 2, 3, bias=False)
            self.bn1, self.relu = nn.BatchNorm2d(64), nn.PReLU(64)
            stages, self.body = RESNET34, _units(BasicUnit, RESNET34, 1)
        else:
            raise ValueError(f"there is no backbone '{kind}'")
        self.ends = [end - 1 for end in itertools.accumulate(count for _, count in stages)]

    def features(self, x: Tensor) -> list[Tensor]:
        """[N, inputs, 256, 256] -> [N, 128, 64, 64], [N, 256, 32, 32], [N, 512, 16, 16]."""
        x = self.input_layer(x) if self.kind == "irse50" else self.relu(self.bn1(self.conv1(x)))
        found = []
        for number, unit in enumerate(self.body):
            x = unit(x)
            if number in self.ends[1:]:
                found.append(x)
        return found
