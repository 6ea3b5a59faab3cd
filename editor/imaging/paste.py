"""Putting an edit back into the user's whole picture.

Only where the edited synthesis differs from the unedited reconstruction is anything changed, with a feathered edge; the
rest stays the user's own pixels, bit for bit. Where the change is mild (a colour) the difference is added to the
original, so that its detail survives; where it is strong (a hat) the synthesis takes over.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.protocol import Geometry

VISIBLE_FROM, VISIBLE_FULL = 0.03, 0.10
"""Change of a pixel, in [-1, 1] units, from which it counts and at which it is taken wholly."""
STRUCTURE_FROM, STRUCTURE_FULL = 0.20, 0.60
"""Change over which the original's own detail is given up for the synthesis."""


def _smoothstep(x: Tensor, low: float, high: float) -> Tensor:
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


def _spread(mask: Tensor, radius: int) -> Tensor:
    """Grow and feather a mask [1, 1, H, W] by about ``radius`` pixels."""
    grown = F.max_pool2d(mask, 2 * radius + 1, stride=1, padding=radius)
    return F.avg_pool2d(F.pad(grown, [radius] * 4, mode="replicate"), 2 * radius + 1, stride=1)


def change_masks(reconstruction: Tensor, edited: Tensor) -> tuple[Tensor, Tensor]:
    """Where something changed, and where structure changed: two masks [1, 1, R, R] in [0, 1] of [3, R, R] pictures."""
    change = (edited - reconstruction).abs().amax(0)[None, None]
    calm = F.avg_pool2d(F.pad(change, [1] * 4, mode="replicate"), 3, stride=1)
    radius = max(1, round(change.shape[-1] / 64))
    return (
        _spread(_smoothstep(calm, VISIBLE_FROM, VISIBLE_FULL), radius),
        _spread(_smoothstep(calm, STRUCTURE_FROM, STRUCTURE_FULL), radius),
    )


def _window(side: int, margin: int) -> Tensor:
    """1 inside, falling to 0 at the border of the square [1, 1, side, side], so that no seam shows."""
    ramp = ((torch.arange(side) + 0.5) / margin).clamp(max=1.0)
    line = torch.minimum(ramp, ramp.flip(0))
    return (line[:, None] * line[None, :])[None, None]


def crop(picture: np.ndarray, geometry: Geometry, size: int) -> Tensor:
    """The square of a picture uint8 [H, W, 3] as [3, size, size] in [-1, 1]; edges continue outside the picture."""
    image = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float()
    left, top, side = _corner(geometry)
    pads = [max(0, -left), max(0, left + side - geometry.width), max(0, -top), max(0, top + side - geometry.height)]
    if any(pads):
        image = F.pad(image, pads, mode="replicate")
        left, top = left + pads[0], top + pads[2]
    square = image[:, :, top : top + side, left : left + side]
    square = F.interpolate(square, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    return (square[0] / 127.5 - 1).clamp(-1, 1)


def _corner(geometry: Geometry) -> tuple[int, int, int]:
    side = round(geometry.side)
    return round(geometry.center_x - side / 2), round(geometry.center_y - side / 2), side


def _enlarge(image: Tensor, side: int) -> Tensor:
    mode = "bicubic" if side >= image.shape[-1] else "area"
    align = False if mode == "bicubic" else None
    return F.interpolate(image, size=(side, side), mode=mode, align_corners=align)


def paste_back(picture: np.ndarray, geometry: Geometry, reconstruction: Tensor, edited: Tensor) -> np.ndarray:
    """The whole picture uint8 [H, W, 3] with the edit in it.

    ``reconstruction`` and ``edited`` are [3, R, R] in [-1, 1]: the synthesis without and with the adjustments.
    """
    left, top, side = _corner(geometry)
    changed, structure = change_masks(reconstruction, edited)
    changed, structure = (_enlarge(mask, side).clamp(0, 1) for mask in (changed, structure))
    covers = left <= 0 and top <= 0 and left + side >= geometry.width and top + side >= geometry.height
    if not covers:
        changed = changed * _window(side, max(1, side // 24))
    original = crop(picture, geometry, side)[None]
    before, after = _enlarge(reconstruction[None], side), _enlarge(edited[None], side)
    detail = (original - before) * (1 - structure)
    mixed = original + changed * (after + detail - original)
    made = ((mixed.clamp(-1, 1) + 1) * 127.5).round().byte()[0].permute(1, 2, 0).numpy()
    return _place(picture, made, changed[0, 0].numpy() > 0.004, left, top)


def _place(picture: np.ndarray, made: np.ndarray, mask: np.ndarray, left: int, top: int) -> np.ndarray:
    """``made`` [side, side, 3] put at (left, top) where ``mask`` holds; parts outside the picture are dropped."""
    height, width = picture.shape[:2]
    side = made.shape[0]
    y0, y1, x0, x1 = max(0, top), min(height, top + side), max(0, left), min(width, left + side)
    inner = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    result = picture.copy()
    window = result[y0:y1, x0:x1]
    window[mask[inner]] = made[inner][mask[inner]]
    return result


def limited(below: np.ndarray, above: np.ndarray, geometry: Geometry, mask: Tensor) -> np.ndarray:
    """``above`` over ``below``, both the whole picture uint8 [H, W, 3], as far as a mask [R, R] of the square lets it.

    Where the mask is 0 the pixels are those of ``below``, bit for bit.
    """
    left, top, side = _corner(geometry)
    soft = F.interpolate(mask[None, None], size=(side, side), mode="bilinear", align_corners=False)[0, 0].numpy()
    weights = np.zeros(below.shape[:2], np.float32)
    y0, y1, x0, x1 = max(0, top), min(geometry.height, top + side), max(0, left), min(geometry.width, left + side)
    weights[y0:y1, x0:x1] = soft[y0 - top : y1 - top, x0 - left : x1 - left]
    mixed = below + weights[:, :, None] * (above.astype(np.float32) - below)
    return np.where(weights[:, :, None] > 0, mixed.round(), below).astype(np.uint8)
