"""A small residual network (He et al. 2016, arXiv 1512.03385) for pictures of 128 pixels.

The attribute classifier, the image tower and the encoder are built on it, each with its own widths and
weights.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    """Two 3x3 convolutions and a skip connection."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm0 = nn.BatchNorm2d(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] -> [N, C, H, W]."""
        y = F.relu(self.norm0(self.conv0(x)))
        return F.relu(x + self.norm1(self.conv1(y)))


def scaled(widths: Sequence[int], share: float) -> tuple[int, ...]:
    """Scale numbers of feature maps by ``share``, to multiples of 8. A share of 1 leaves them alone."""
    return tuple(widths) if share == 1.0 else tuple(max(8, 8 * round(width * share / 8)) for width in widths)


def resampled(images: Tensor, size: int = 128) -> Tensor:
    """Resample pictures [N, 3, H, W] to [N, 3, size, size], with anti-aliasing."""
    if images.shape[-1] == size:
        return images
    return F.interpolate(images, size=(size, size), mode="bilinear", antialias=True, align_corners=False)


def _halving(before: int, after: int, kernel: int) -> list[nn.Module]:
    conv = nn.Conv2d(before, after, kernel, stride=2, padding=kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(after), nn.ReLU()]


class ConvNet(nn.Module):
    """Halves the side once for each width, with ``blocks`` residual blocks after each halving.

    Features come from the last map and from an early one that still has exact positions. Pictures are roughly
    aligned, so the early readout sees the colour of an eye or a spot on a cheek directly; without it such
    small things took several times as many pictures to learn.
    """

    EARLY_STAGE, EARLY_WIDTH, LATE_WIDTH = 3, 8, 96

    def __init__(self, widths: Sequence[int], blocks: Sequence[int], size: int = 128) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        before = 3
        for index, (width, count) in enumerate(zip(widths, blocks, strict=True)):
            stages.append(
                nn.Sequential(
                    *_halving(before, width, 5 if index == 0 else 3), *[Residual(width) for _ in range(count)]
                )
            )
            before = width
        self.first = nn.Sequential(*stages[: self.EARLY_STAGE])
        self.second = nn.Sequential(*stages[self.EARLY_STAGE :])
        self.early = nn.Conv2d(widths[self.EARLY_STAGE - 1], self.EARLY_WIDTH, 1)
        self.late = nn.Conv2d(before, self.LATE_WIDTH, 1)
        early_side, late_side = size >> self.EARLY_STAGE, size >> len(widths)
        self.outputs = self.EARLY_WIDTH * early_side**2 + self.LATE_WIDTH * late_side**2

    def forward(self, x: Tensor) -> Tensor:
        """[N, 3, size, size] in [-1, 1] -> [N, outputs]."""
        middle = self.first(x)
        return torch.cat([self.early(middle).flatten(1), self.late(self.second(middle)).flatten(1)], dim=1)
