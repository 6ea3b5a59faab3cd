"""Which bundle knows a picture, and where in it: a cheap first pass of each bundle's encoder, without refinement.

The bundle that reproduces the picture best gets it. Whether that is good enough to be called its domain is decided after
the refinement, by the bundle's own limits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from editor import wishes
from editor.bundle import Bundle
from editor.imaging.paste import crop
from editor.protocol import Geometry

CLEARLY = 0.9
"""Share of the plain square's error under which another square is taken instead."""


@dataclass(frozen=True)
class Fit:
    """A picture as a bundle sees it: the square, [3, R, R], its place, the encoder's W+ and what is left unexplained."""

    bundle: Bundle
    geometry: Geometry
    square: Tensor
    w: Tensor
    error: float


def best_fit(bundles: Iterable[Bundle], pixels: np.ndarray, device: torch.device) -> Fit:
    """The bundle that reproduces a picture (uint8 [H, W, 3]) best, and how; the earlier one where two do equally well."""
    return min((fit(bundle, pixels, device) for bundle in bundles), key=lambda found: found.error)


@torch.no_grad()
def fit(bundle: Bundle, pixels: np.ndarray, device: torch.device) -> Fit:
    """The square of the picture that the bundle's generator reproduces best: the plain one unless another is clearly
    better. The error is the mean absolute difference in [-1, 1], of the plain square's kind for every bundle."""
    size = bundle.generator.config.resolution
    squares = [(g, crop(pixels, g, size).to(device)) for g in candidate_squares(*pixels.shape[1::-1])]
    images = torch.stack([image for _, image in squares])
    w = bundle.encoder(images)
    made = wishes.render(bundle, bundle.generator.synthesis.styles(w))
    error = (made - images).abs().mean(dim=(1, 2, 3))
    best = int(error.argmin()) if float(error.min()) < CLEARLY * float(error[0]) else 0
    return Fit(bundle, squares[best][0], images[best], w[best], float(error[best]))


def candidate_squares(width: int, height: int) -> list[Geometry]:
    """Squares worth trying: the centred one first, then both ends of the long side, each whole and a fifth smaller."""
    short = min(width, height)
    found = []
    for share in (1.0, 0.8):
        side = share * short
        places = [0.5] if max(width, height) < 1.05 * short and share == 1.0 else [0.5, 0.0, 1.0]
        for place in places:
            x = side / 2 + place * (width - side) if width >= height else width / 2
            y = side / 2 + place * (height - side) if height >= width else height / 2
            found.append(Geometry(center_x=x, center_y=y, side=side, width=width, height=height))
    return found
