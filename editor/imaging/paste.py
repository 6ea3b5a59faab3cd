"""Putting an edit back into the user's whole picture.

Only where the edited synthesis differs from the unedited reconstruction is anything changed, with a feathered edge; the
rest stays the user's own pixels, bit for bit. Where the change is mild (a colour) the difference is added to the
original, so that its detail survives; where it is strong (a hat) the synthesis takes over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from editor.api.protocol import Geometry

VISIBLE_FROM, VISIBLE_FULL = 0.03, 0.10
"""Change of a pixel, in [-1, 1] units, from which it counts and at which it is taken wholly."""
STRUCTURE_FROM, STRUCTURE_FULL = 0.20, 0.60
"""Change over which the original's own detail is given up for the synthesis."""

LEAST = 0.004
"""Share of the edit from which a pixel is touched at all."""
FAR_LARGER = 4
"""Times the generator's resolution from which a square is reduced before it is read."""
TILE = 256
"""Side of the parts of the picture that are worked on one after the other: so much stays near the processor."""
CUBIC = -0.75
"""The free parameter of bicubic interpolation, as in ``grid_sample``."""
REACH = 3
"""Pixels of the synthesis by which its enlargement may reach beyond what changed."""


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


@dataclass(frozen=True)
class _Square:
    """Centre and side in pixels, and the direction of its upper edge. An upright square lies on whole pixels."""

    x: float
    y: float
    side: float
    cosine: float = 1.0
    sine: float = 0.0

    @property
    def upright(self) -> bool:
        """Whether its edges lie along the picture's."""
        return self.sine == 0.0

    @classmethod
    def of(cls, geometry: Geometry) -> _Square:
        """The square of a geometry."""
        if geometry.roll:
            angle = math.radians(geometry.roll)
            return cls(geometry.center_x, geometry.center_y, geometry.side, math.cos(angle), math.sin(angle))
        left, top, side = _corner(geometry)
        return cls(left + side / 2, top + side / 2, side)

    def to_picture(self, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """From the square's own coordinates, -1 to 1, to pixels."""
        half = self.side / 2
        return self.x + half * (u * self.cosine - v * self.sine), self.y + half * (
            u * self.sine + v * self.cosine
        )

    def from_picture(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """The counterpart of ``to_picture``; of an upright square u has the shape of x, and v that of y."""
        x, y, half = x - self.x, y - self.y, self.side / 2
        if self.upright:
            return x / half, y / half
        return (x * self.cosine + y * self.sine) / half, (y * self.cosine - x * self.sine) / half


def crop(picture: np.ndarray, geometry: Geometry, size: int) -> Tensor:
    """The square of a picture uint8 [H, W, 3] as [3, size, size] in [-1, 1]; edges continue outside the picture.

    What it needs beside the picture grows with ``size`` only, not with the square.
    """
    left, top, side = _corner(geometry)
    if geometry.roll or side > FAR_LARGER * size:
        return _sampled(picture, _Square.of(geometry), size)
    height, width = picture.shape[:2]
    x0, y0 = min(max(0, left), width - 1), min(max(0, top), height - 1)
    x1, y1 = max(x0 + 1, min(width, left + side)), max(y0 + 1, min(height, top + side))
    square = _floats(picture[y0:y1, x0:x1])
    pads = [max(0, -left), max(0, left + side - width), max(0, -top), max(0, top + side - height)]
    if any(pads):
        square = F.pad(square, pads, mode="replicate")
    square = F.interpolate(square, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    return (square[0] / 127.5 - 1).clamp(-1, 1)


def _floats(pixels: np.ndarray) -> Tensor:
    """uint8 [H, W, 3] -> [1, 3, H, W], 0 to 255."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float()


def _sampled(picture: np.ndarray, square: _Square, size: int) -> Tensor:
    """A turned or very large square: reduced by whole steps to about twice ``size``, then sampled and averaged."""
    height, width = picture.shape[:2]
    step = max(1, int(square.side // (2 * size)))
    fine = max(1, math.ceil(square.side / step / size))
    line = (torch.arange(size * fine) + 0.5) / (size * fine) * 2 - 1
    x, y = square.to_picture(line[None, :], line[:, None])
    ends = torch.tensor([-1.0, 1.0])
    left, top = square.to_picture(ends[None, :], ends[:, None])
    x0, x1 = (min(max(int(value), 0), width - 1) for value in (left.min() - step, left.max() + step))
    y0, y1 = (min(max(int(value), 0), height - 1) for value in (top.min() - step, top.max() + step))
    reduced = _floats(np.array(Image.fromarray(picture[y0 : y1 + 1, x0 : x1 + 1]).reduce(step)))
    grid = (
        torch.stack([(x - x0) / (step * reduced.shape[3]), (y - y0) / (step * reduced.shape[2])], dim=2) * 2
        - 1
    )
    found = F.grid_sample(reduced, grid[None], mode="bilinear", padding_mode="border", align_corners=False)
    return (F.avg_pool2d(found, fine)[0] / 127.5 - 1).clamp(-1, 1)


def _corner(geometry: Geometry) -> tuple[int, int, int]:
    side = round(geometry.side)
    return round(geometry.center_x - side / 2), round(geometry.center_y - side / 2), side


def paste_back(picture: np.ndarray, geometry: Geometry, reconstruction: Tensor, edited: Tensor) -> np.ndarray:
    """The whole picture uint8 [H, W, 3] with the edit in it.

    ``reconstruction`` and ``edited`` are [3, R, R] in [-1, 1]: the synthesis without and with the adjustments. Beside the
    picture and the result the memory needed is bounded: it works through tiles.
    """
    square, result = _Square.of(geometry), picture.copy()
    masks = change_masks(reconstruction, edited)
    maps = torch.cat([reconstruction[None], edited[None], *masks], dim=1)
    if square.side < maps.shape[-1]:
        maps = F.interpolate(maps, size=2 * (max(1, round(square.side)),), mode="area")
    box = _touched(maps[0, 6], square, geometry)
    if box is None:
        return result
    x0, x1, y0, y1 = box
    window = bool(geometry.roll) or not _covers(geometry)
    for top in range(y0, y1, TILE):
        for left in range(x0, x1, TILE):
            _mix(
                result[top : min(y1, top + TILE), left : min(x1, left + TILE)],
                maps,
                square,
                (left, top),
                window,
            )
    return result


def _covers(geometry: Geometry) -> bool:
    left, top, side = _corner(geometry)
    return left <= 0 and top <= 0 and left + side >= geometry.width and top + side >= geometry.height


def _touched(changed: Tensor, square: _Square, geometry: Geometry) -> tuple[int, int, int, int] | None:
    """Columns and rows of the picture (first and one past the last) that a mask [S, S] of the square reaches."""
    where = (changed > 0).nonzero()
    if not len(where):
        return None
    low, high = (where.amin(0) - REACH).float(), (where.amax(0) + 1 + REACH).float()
    ends = torch.stack([low, high]).clamp(0, changed.shape[0]) / changed.shape[0] * 2 - 1  # [2, (v, u)]
    x, y = square.to_picture(ends[[0, 1, 0, 1], 1], ends[[0, 0, 1, 1], 0])
    x0, x1 = max(0, math.floor(x.min())), min(geometry.width, math.ceil(x.max()))
    y0, y1 = max(0, math.floor(y.min())), min(geometry.height, math.ceil(y.max()))
    return (x0, x1, y0, y1) if x0 < x1 and y0 < y1 else None


def _turned(maps: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Maps [1, C, S, S] at places u and v [h, w] of the square, -1 to 1: [C, h, w]."""
    grid = torch.stack([u, v], 2)[None]
    return F.grid_sample(maps, grid, mode="bicubic", padding_mode="border", align_corners=False)[0]


def _enlarged(maps: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """What ``_turned`` finds in an upright square, of u [1, w] and v [h, 1]: rows and columns each for themselves."""
    (left, across), (top, down) = (_taps(line.flatten(), maps.shape[-1]) for line in (u, v))
    part = maps[0, :, top : top + down.shape[1], left : left + across.shape[1]]
    return down @ part @ across.t()


def _taps(line: Tensor, size: int) -> tuple[int, Tensor]:
    """Bicubic interpolation of ``size`` samples at places [n], -1 to 1: the first sample that counts, and weights [n, k]."""
    at = (line + 1) * (size / 2) - 0.5
    first = at.floor()
    taps = (first[:, None] + torch.arange(-1, 3)).clamp(0, size - 1).long()
    distance = (at - first)[:, None] + torch.tensor([1.0, 0.0, -1.0, -2.0])
    low = int(taps.min())
    weights = torch.zeros(len(line), int(taps.max()) - low + 1)
    return low, weights.scatter_add_(1, taps - low, _cubic(distance.abs()))


def _cubic(x: Tensor) -> Tensor:
    """Keys' kernel at distances up to 2 (IEEE Trans. ASSP 29, 1981)."""
    near = ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * CUBIC - 4 * CUBIC
    return torch.where(x <= 1, near, far)


def _mix(tile: np.ndarray, maps: Tensor, square: _Square, corner: tuple[int, int], window: bool) -> None:
    """Put the edit into a part uint8 [h, w, 3] of the picture whose upper left pixel is ``corner``."""
    height, width = tile.shape[:2]
    x, y = torch.arange(width)[None, :] + (corner[0] + 0.5), torch.arange(height)[:, None] + (corner[1] + 0.5)
    u, v = square.from_picture(x, y)
    values = _enlarged(maps, u, v) if square.upright else _turned(maps, u, v)
    before, after, changed, structure = values[:3], values[3:6], values[6].clamp(0, 1), values[7].clamp(0, 1)
    inside = (u.abs() <= 1) & (v.abs() <= 1)
    if window:  # falls to 0 at the square's border, so that no seam shows
        margin = max(1.0, square.side // 24)
        for place in (u, v):
            changed = changed * ((1 - place.abs()) * (square.side / 2) / margin).clamp(0, 1)
    original = _floats(tile)[0] / 127.5 - 1
    detail = (original - before) * (1 - structure)
    mixed = original + changed * (after + detail - original)
    made = ((mixed.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0)
    touched = (inside & (changed > LEAST))[:, :, None]
    tile[:] = torch.where(touched, made, torch.from_numpy(tile)).numpy()


def blend_masked(below: np.ndarray, above: np.ndarray, geometry: Geometry, mask: Tensor) -> np.ndarray:
    """``above`` over ``below``, both the whole picture uint8 [H, W, 3], as far as a mask [R, R] of the square lets it.

    Where the mask is 0 the pixels are those of ``below``, bit for bit.
    """
    square, result = _Square.of(geometry), below.copy()
    box = _touched(mask, square, geometry)
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
