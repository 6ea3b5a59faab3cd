"""Windowed operations on maps: means, largest and smallest values, and feathered masks."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def box_mean(maps: Tensor, radius: int) -> Tensor:
    """Average maps [N, C, H, W] over windows of a radius; edges are continued."""
    padded, side = F.pad(maps, [radius] * 4, mode="replicate"), 2 * radius + 1
    return F.avg_pool2d(F.avg_pool2d(padded, (side, 1), stride=1), (1, side), stride=1)


def dilate(maps: Tensor, radius: int) -> Tensor:
    """Largest value of maps [N, C, H, W] within windows of a radius."""
    side = 2 * radius + 1
    rows = F.max_pool2d(maps, (side, 1), stride=1, padding=(radius, 0))
    return F.max_pool2d(rows, (1, side), stride=1, padding=(0, radius))


def erode(maps: Tensor, radius: int) -> Tensor:
    """Smallest value of maps [N, C, H, W] within windows of a radius."""
    return -dilate(-maps, radius)


def smoothstep(x: Tensor, low: float, high: float) -> Tensor:
    """Rise smoothly from 0 at ``low`` to 1 at ``high``."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def spread(mask: Tensor, radius: int) -> Tensor:
    """Grow and feather a mask [N, 1, H, W] by about ``radius`` pixels."""
    return box_mean(dilate(mask, radius), radius)
