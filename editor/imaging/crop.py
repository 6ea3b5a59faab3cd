"""Cropping of a square of a picture for the networks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from editor.api.protocol import Geometry

MUCH_LARGER = 4
"""Multiple of the output size from which a square is reduced before it is sampled."""


@dataclass(frozen=True)
class Square:
    """Centre and side of a square in pixels, and the direction of its upper edge."""

    x: float
    y: float
    side: float
    cosine: float = 1.0
    sine: float = 0.0

    @property
    def upright(self) -> bool:
        """Whether the edges are parallel to the picture's."""
        return self.sine == 0.0

    @classmethod
    def of(cls, geometry: Geometry) -> Square:
        """Build the square of a geometry. An upright one is moved to whole pixels."""
        if geometry.roll:
            angle = math.radians(geometry.roll)
            return cls(geometry.center_x, geometry.center_y, geometry.side, math.cos(angle), math.sin(angle))
        left, top, side = upper_left(geometry)
        return cls(left + side / 2, top + side / 2, side)

    def to_picture(self, u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Map the square's coordinates, in [-1, 1], to pixels."""
        half = self.side / 2
        x = self.x + half * (u * self.cosine - v * self.sine)
        return x, self.y + half * (u * self.sine + v * self.cosine)

    def from_picture(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Invert ``to_picture``. For an upright square u has the shape of x, and v that of y."""
        x, y, half = x - self.x, y - self.y, self.side / 2
        if self.upright:
            return x / half, y / half
        return (x * self.cosine + y * self.sine) / half, (y * self.cosine - x * self.sine) / half


def upper_left(geometry: Geometry) -> tuple[int, int, int]:
    """Return left, top and side of an upright square in whole pixels."""
    side = round(geometry.side)
    return round(geometry.center_x - side / 2), round(geometry.center_y - side / 2), side


def to_floats(pixels: np.ndarray) -> Tensor:
    """Convert uint8 [H, W, 3] to [1, 3, H, W] in [0, 255]."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None].float()


def crop(picture: np.ndarray, geometry: Geometry, size: int) -> Tensor:
    """Crop a square of a picture uint8 [H, W, 3] to [3, size, size] in [-1, 1].

    The picture's edges continue outside. The memory needed grows with ``size`` only, not with the square.
    """
    left, top, side = upper_left(geometry)
    if geometry.roll or side > MUCH_LARGER * size:
        return _sample(picture, Square.of(geometry), size)
    height, width = picture.shape[:2]
    x0, y0 = min(max(0, left), width - 1), min(max(0, top), height - 1)
    x1, y1 = max(x0 + 1, min(width, left + side)), max(y0 + 1, min(height, top + side))
    square = to_floats(picture[y0:y1, x0:x1])
    pads = [max(0, -left), max(0, left + side - width), max(0, -top), max(0, top + side - height)]
    if any(pads):
        square = F.pad(square, pads, mode="replicate")
    square = F.interpolate(square, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    return (square[0] / 127.5 - 1).clamp(-1, 1)


def _sample(picture: np.ndarray, square: Square, size: int) -> Tensor:
    """Crop a rotated or very large square: reduce by a whole factor, sample, and average."""
    height, width = picture.shape[:2]
    step = max(1, int(square.side // (2 * size)))
    fine = max(1, math.ceil(square.side / step / size))
    line = (torch.arange(size * fine) + 0.5) / (size * fine) * 2 - 1
    x, y = square.to_picture(line[None, :], line[:, None])
    ends = torch.tensor([-1.0, 1.0])
    left, top = square.to_picture(ends[None, :], ends[:, None])
    x0, x1 = (min(max(int(value), 0), width - 1) for value in (left.min() - step, left.max() + step))
    y0, y1 = (min(max(int(value), 0), height - 1) for value in (top.min() - step, top.max() + step))
    reduced = to_floats(np.array(Image.fromarray(picture[y0 : y1 + 1, x0 : x1 + 1]).reduce(step)))
    grid = torch.stack([(x - x0) / (step * reduced.shape[3]), (y - y0) / (step * reduced.shape[2])], dim=2)
    samples = F.grid_sample(
        reduced, (grid * 2 - 1)[None], mode="bilinear", padding_mode="border", align_corners=False
    )
    return (F.avg_pool2d(samples, fine)[0] / 127.5 - 1).clamp(-1, 1)
