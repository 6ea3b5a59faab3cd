"""Which bundle knows a picture, and where in it: a cheap first pass of each bundle's encoder, without refinement.

The bundle that reproduces the picture best gets it. Whether that is good enough to be called its domain is decided after
the refinement, by the bundle's own limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from editor.api.protocol import Geometry
from editor.bundle import rendering
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress, no_progress
from editor.imaging.crop import crop
from editor.imaging.crop_candidates import CropRequest, find_crops

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
    notes: tuple[str, ...] = ()
    """What the user should know of how the square was chosen."""
    face: int | None = None
    faces: int = 0
    """Which of how many faces, from the left, is in the square."""


def best_fit(
    bundles: Sequence[Bundle],
    pixels: np.ndarray,
    device: torch.device,
    look: CropRequest | None = None,
    watch: Progress = no_progress,
) -> Fit:
    """The bundle that reproduces a picture (uint8 [H, W, 3]) best, and how; the earlier one where two do equally well."""
    found = []
    for number, bundle in enumerate(bundles):
        watch("encode", number, len(bundles))
        found.append(fit(bundle, pixels, device, look))
    return min(found, key=lambda one: one.error)


@torch.no_grad()
def fit(bundle: Bundle, pixels: np.ndarray, device: torch.device, look: CropRequest | None = None) -> Fit:
    """The square of the picture that the bundle's generator reproduces best: the plain one unless another is clearly
    better. The error is the mean absolute difference in [-1, 1], of the plain square's kind for every bundle."""
    size = bundle.generator.config.resolution
    places = find_crops(pixels, bundle.alignment, look or CropRequest())
    images = torch.stack([crop(pixels, place, size).to(device) for place in places.squares])
    w = bundle.encoder(images)
    made = rendering.render(bundle, bundle.generator.synthesis.styles(w))
    error = (made - images).abs().mean(dim=(1, 2, 3))
    best = int(error.argmin()) if float(error.min()) < CLEARLY * float(error[0]) else 0
    return Fit(
        bundle,
        places.squares[best],
        images[best],
        w[best],
        float(error[best]),
        places.notes,
        places.face,
        places.faces,
    )
