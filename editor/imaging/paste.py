"""Pasting of an edit back into the user's whole picture.

The picture changes only where the edited synthesis differs from the unedited reconstruction, with a feathered
edge. All other pixels stay as they are, bit for bit. Where the edit changes colours or moves what is there,
the picture keeps its own detail (``editor.imaging.guided_transfer``). New content, such as a hat, comes from
the synthesis.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Geometry
from editor.imaging import guided_transfer, outlines
from editor.imaging.crop import Square, crop, to_floats, upper_left
from editor.imaging.guided_transfer import apply_colours
from editor.imaging.windows import box_mean, smoothstep, spread

VISIBLE_FROM, VISIBLE_FULL = 0.03, 0.10
"""Change of a pixel, in units of [-1, 1], at which the edit starts to show, and at which it shows in full."""
MIN_WEIGHT = 0.004
"""Smallest share of the edit that changes a pixel."""
TILE = 256
"""Side in pixels of the tiles that are pasted one by one: small enough for the processor's cache."""
CUBIC = -0.75
"""Parameter of bicubic interpolation, as in ``grid_sample``."""
LEAST_MOTION = 0.1
"""Pixels of the picture that nothing has to be moved for."""
REACH = 3
"""Pixels of the synthesis by which enlarging spreads a change."""


def change_mask(change: Tensor) -> Tensor:
    """Mask where a difference of two pictures [3, R, R] is visible: [1, 1, R, R] in [0, 1]."""
    smooth = box_mean(change.abs().amax(0)[None, None], 1)
    return spread(smoothstep(smooth, VISIBLE_FROM, VISIBLE_FULL), max(1, round(change.shape[-1] / 64)))


def paste_back(
    picture: np.ndarray,
    geometry: Geometry,
    reconstruction: Tensor,
    edited: Tensor,
    drawn: bool = False,
    cropped: Tensor | None = None,
) -> np.ndarray:
    """Paste an edit into the whole picture, tile by tile, so that little memory is needed.

    Args:
        picture: uint8 [H, W, 3].
        geometry: the edited square of the picture.
        reconstruction: [3, R, R] in [-1, 1], the synthesis without the edit.
        edited: [3, R, R] in [-1, 1], the synthesis with the edit.
        drawn: the generator draws flat shapes; their outlines stay crisp when they are enlarged.
        cropped: the square [3, R, R] of the picture, if it was cropped before.

    Returns:
        uint8 [H, W, 3].
    """
    square, result, change = Square.of(geometry), picture.copy(), edited - reconstruction
    mask = change_mask(change)
    if not bool(mask.any()):
        return result
    cropped = crop(picture, geometry, edited.shape[-1]) if cropped is None else cropped
    found = guided_transfer.fit(cropped, reconstruction, edited)
    maps = torch.cat([mask, found.new, found.motion, found.colours, edited[None]], dim=1)
    if drawn:
        maps = torch.cat([maps, outlines.bounds(edited[None])], dim=1)
    if square.side < maps.shape[-1]:
        maps = F.interpolate(maps, size=2 * (max(1, round(square.side)),), mode="area")
    box = _changed_box(maps[0, 0], square, geometry)
    if box is None:
        return result
    x0, x1, y0, y1 = box
    fades = bool(geometry.roll) or not _covers_picture(geometry)
    for top in range(y0, y1, TILE):
        for left in range(x0, x1, TILE):
            tile = result[top : min(y1, top + TILE), left : min(x1, left + TILE)]
            _paste_tile(tile, picture, maps, square, (left, top), fades)
    return result


def _covers_picture(geometry: Geometry) -> bool:
    left, top, side = upper_left(geometry)
    return left <= 0 and top <= 0 and left + side >= geometry.width and top + side >= geometry.height


def _changed_box(mask: Tensor, square: Square, geometry: Geometry) -> tuple[int, int, int, int] | None:
    """Return the columns, then the rows, from first to past the last, that a mask [S, S] reaches."""
    where = (mask > 0).nonzero()
    if not len(where):
        return None
    low, high = (where.amin(0) - REACH).float(), (where.amax(0) + 1 + REACH).float()
    ends = torch.stack([low, high]).clamp(0, mask.shape[0]) / mask.shape[0] * 2 - 1  # [2, (v, u)]
    x, y = square.to_picture(ends[[0, 1, 0, 1], 1], ends[[0, 0, 1, 1], 0])
    x0, x1 = max(0, math.floor(x.min())), min(geometry.width, math.ceil(x.max()))
    y0, y1 = max(0, math.floor(y.min())), min(geometry.height, math.ceil(y.max()))
    return (x0, x1, y0, y1) if x0 < x1 and y0 < y1 else None


def _sample_rotated(maps: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Sample maps [1, C, S, S] at coordinates u and v [h, w] in [-1, 1]: [C, h, w]."""
    grid = torch.stack([u, v], 2)[None]
    return F.grid_sample(maps, grid, mode="bicubic", padding_mode="border", align_corners=False)[0]


def _sample_upright(maps: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Sample maps [1, C, S, S] at u [1, w] and v [h, 1], one axis at a time: [C, h, w]."""
    (left, across), (top, down) = (_cubic_taps(line.flatten(), maps.shape[-1]) for line in (u, v))
    part = maps[0, :, top : top + down.shape[1], left : left + across.shape[1]]
    return down @ part @ across.t()


def _cubic_taps(line: Tensor, size: int) -> tuple[int, Tensor]:
    """Interpolate ``size`` samples at positions [n] in [-1, 1]: the first sample used, and weights [n, k]."""
    position = (line + 1) * (size / 2) - 0.5
    first = position.floor()
    taps = (first[:, None] + torch.arange(-1, 3)).clamp(0, size - 1).long()
    distance = (position - first)[:, None] + torch.tensor([1.0, 0.0, -1.0, -2.0])
    low = int(taps.min())
    weights = torch.zeros(len(line), int(taps.max()) - low + 1)
    return low, weights.scatter_add_(1, taps - low, _cubic(distance.abs()))


def _cubic(x: Tensor) -> Tensor:
    """Keys' kernel at distances up to 2 (IEEE Trans. ASSP 29, 1981)."""
    near = ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * CUBIC - 4 * CUBIC
    return torch.where(x <= 1, near, far)


def _paste_tile(
    tile: np.ndarray,
    picture: np.ndarray,
    maps: Tensor,
    square: Square,
    corner: tuple[int, int],
    fades: bool,
) -> None:
    """Paste the edit into a tile uint8 [h, w, 3] of the picture, in place.

    ``corner`` is the picture's column and row of its upper left pixel. ``fades``: the edit fades out towards
    the square's border, so that no seam shows.
    """
    height, width = tile.shape[:2]
    x, y = torch.arange(width)[None, :] + (corner[0] + 0.5), torch.arange(height)[:, None] + (corner[1] + 0.5)
    u, v = square.from_picture(x, y)
    sample = _sample_upright if square.upright else _sample_rotated
    (changed, new), motion = sample(maps[:, :2], u, v).clamp(0, 1), sample(maps[:, 2:4], u, v)
    inside = (u.abs() <= 1) & (v.abs() <= 1)
    if fades:
        margin = max(1.0, square.side // 24)
        for place in (u, v):
            changed = changed * ((1 - place.abs()) * (square.side / 2) / margin).clamp(0, 1)
    touched = (inside & (changed > MIN_WEIGHT))[:, :, None]
    if not bool(touched.any()):
        return
    original = to_floats(tile)[0] / 127.5 - 1
    edited = original
    if float(motion.abs().max()) * square.side / 2 > LEAST_MOTION:
        edited = _fetched(picture, *square.to_picture(u + motion[0], v + motion[1]))
    edited = apply_colours(sample(maps[:, 4:16], u, v), edited)
    if bool((new > 0).any()):
        edited = edited + new * (_new_content(sample(maps[:, 16:], u, v)) - edited)
    mixed = original + changed * (edited - original)
    levels = ((mixed.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0)
    tile[:] = torch.where(touched, levels, torch.from_numpy(tile)).numpy()


def _fetched(picture: np.ndarray, x: Tensor, y: Tensor) -> Tensor:
    """Sample a picture uint8 [H, W, 3] at columns x and rows y [h, w] in pixels: [3, h, w] in [-1, 1]."""
    height, width = picture.shape[:2]
    (left, right), (top, bottom) = (
        (min(max(int(line.min()) - 2, 0), last), min(max(int(line.max()) + 3, 1), last + 1))
        for line, last in ((x, width - 1), (y, height - 1))
    )
    window = to_floats(picture[top:bottom, left:right]) / 127.5 - 1
    grid = torch.stack([(x - left) * 2 / (right - left) - 1, (y - top) * 2 / (bottom - top) - 1], 2)[None]
    return F.grid_sample(window, grid, mode="bicubic", padding_mode="border", align_corners=False)[0]


def _new_content(maps: Tensor) -> Tensor:
    """Return the enlarged synthesis [3, h, w] of maps [3 or 9, h, w], sharpened if bounds are given."""
    return maps if len(maps) == 3 else outlines.sharpened(maps[:3], maps[3:6], maps[6:])


def blend_masked(below: np.ndarray, above: np.ndarray, geometry: Geometry, mask: Tensor) -> np.ndarray:
    """Blend ``above`` over ``below``, uint8 [H, W, 3], by a mask [R, R] in [0, 1] of the square.

    Where the mask is 0, pixels are those of ``below``, bit for bit.
    """
    square, result = Square.of(geometry), below.copy()
    box = _changed_box(mask, square, geometry)
    if box is None:
        return result
    x0, x1, y0, y1 = box
    u, v = square.from_picture(torch.arange(x0, x1)[None, :] + 0.5, torch.arange(y0, y1)[:, None] + 0.5)
    grid = torch.stack(torch.broadcast_tensors(u, v), 2)[None]
    soft = F.grid_sample(
        mask[None, None].float(), grid, mode="bilinear", padding_mode="border", align_corners=False
    )[0, 0]
    weights = torch.where((u.abs() <= 1) & (v.abs() <= 1), soft, 0.0).numpy()[:, :, None]
    window = result[y0:y1, x0:x1]
    mixed = window + weights * (above[y0:y1, x0:x1].astype(np.float32) - window)
    window[:] = np.where(weights > 0, mixed.round(), window).astype(np.uint8)
    return result
