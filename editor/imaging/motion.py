"""Motion between two pictures: where each part of an edited synthesis was before the edit.

An edit that widens a face or raises a brow mostly moves what is there. Moving the user's own pixels in the
same way keeps them sharp. The motion is found as by Lucas and Kanade (1981), from coarse to fine, on pictures
whose local mean and contrast are removed, so that a new colour is not taken for a motion.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.imaging.windows import box_mean, dilate, smoothstep

COARSEST = 16
"""Pixels of the coarsest level."""
STEPS = 3
"""Steps on each level."""
WINDOW, SMOOTHING, CONTRAST_WINDOW = 3, 2, 4
"""Radii of the windows of one motion, of its smoothing, and of local contrast."""
DAMPING = 0.05
"""Pull towards no motion, against the squared gradients in a window."""
NOISE = 0.003
"""Variance, of pictures in [-1, 1], that is no contrast."""
HELPS_FROM, HELPS_FULL = 0.10, 0.40
"""Share of the remaining difference that a motion must explain to be used."""
LITTLE = 0.02
"""Difference that needs no explanation."""
STRETCH_FROM, STRETCH_FULL = 0.45, 0.9
"""Change of the motion from pixel to pixel from which it tears shapes apart."""
AREA = 4
"""Radius of the areas that move or stay as a whole."""


def moved(pictures: Tensor, motion: Tensor) -> Tensor:
    """Fetch each pixel of pictures [1, C, R, R] from where ``motion`` [1, 2, R, R], in pixels, points."""
    size = pictures.shape[-1]
    line = (torch.arange(size) + 0.5) * 2 / size - 1
    places = torch.stack(torch.meshgrid(line, line, indexing="xy"), 2)[None]
    grid = places + motion.permute(0, 2, 3, 1) * 2 / size
    return F.grid_sample(pictures, grid, mode="bilinear", padding_mode="border", align_corners=False)


def estimate_motion(before: Tensor, after: Tensor) -> Tensor:
    """Return the motion [1, 2, R, R], in pixels, for which ``moved(before, motion)`` is like ``after``.

    Args:
        before: [1, 3, R, R] in [-1, 1].
        after: [1, 3, R, R].
    """
    size, motion = min(COARSEST, before.shape[-1]), None
    while size <= before.shape[-1]:
        pair = [_normalised(_resized(picture, size)) for picture in (before, after)]
        start = torch.zeros(1, 2, size, size) if motion is None else 2 * _resized(motion, size)
        motion = _refined(pair[0], pair[1], start)
        size *= 2
    assert motion is not None
    return _resized(motion, before.shape[-1]) * (before.shape[-1] / motion.shape[-1])


def helpful_motion(before: Tensor, after: Tensor) -> Tensor:
    """Return the estimated motion, and 0 where it explains little or tears shapes apart."""
    motion = estimate_motion(before, after)
    still, found = (
        box_mean((picture - after).abs().amax(1, keepdim=True), AREA)
        for picture in (before, moved(before, motion))
    )
    helps = smoothstep((still - found) / (still + LITTLE), HELPS_FROM, HELPS_FULL)
    tears = smoothstep(box_mean(_stretch(motion), 1), STRETCH_FROM, STRETCH_FULL)
    share = helps * (1 - dilate(tears, AREA // 2))
    return motion * box_mean(dilate(share, AREA), AREA)


def _resized(maps: Tensor, size: int) -> Tensor:
    if maps.shape[-1] > size:
        return F.interpolate(maps, size=(size, size), mode="area")
    return F.interpolate(maps, size=(size, size), mode="bilinear", align_corners=False)


def _normalised(pictures: Tensor) -> Tensor:
    mean = box_mean(pictures, CONTRAST_WINDOW)
    variance = box_mean(pictures.square(), CONTRAST_WINDOW) - mean.square()
    return (pictures - mean) / (variance.clamp_min(0) + NOISE).sqrt()


def _refined(before: Tensor, after: Tensor, motion: Tensor) -> Tensor:
    """Improve a motion by a few steps of Lucas and Kanade with the gradients of ``after``."""
    edge = F.pad(after, (1, 1, 1, 1), mode="replicate")
    across, down = (
        (edge[..., 1:-1, 2:] - edge[..., 1:-1, :-2]) / 2,
        (edge[..., 2:, 1:-1] - edge[..., :-2, 1:-1]) / 2,
    )
    xx, xy, yy = (
        box_mean((one * other).sum(1, keepdim=True), WINDOW)
        for one, other in ((across, across), (across, down), (down, down))
    )
    xx, yy = xx + DAMPING, yy + DAMPING
    scale = 1 / (xx * yy - xy.square())
    for _ in range(STEPS):
        difference = (after - moved(before, motion)).clamp(-1, 1)
        x, y = (box_mean((gradient * difference).sum(1, keepdim=True), WINDOW) for gradient in (across, down))
        step = torch.cat([(yy * x - xy * y) * scale, (xx * y - xy * x) * scale], 1).clamp(-1, 1)
        motion = box_mean(motion + step, SMOOTHING)
    return motion


def _stretch(motion: Tensor) -> Tensor:
    """Return the largest change of a motion from a pixel to the next: [1, 1, R, R]."""
    across = F.pad(motion.diff(dim=3).abs(), (0, 1, 0, 0))
    down = F.pad(motion.diff(dim=2).abs(), (0, 0, 0, 1))
    return torch.maximum(across, down).amax(1, keepdim=True)
