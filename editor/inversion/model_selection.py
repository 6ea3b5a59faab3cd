"""Model selection: which bundle knows a picture, and which square of it, by one pass of each bundle's
encoder.

The bundle that reproduces the picture best is chosen. Whether that is good enough to be called its domain is
decided after the refinement, by the bundle's own thresholds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from editor.api.protocol import Geometry
from editor.bundle.bundle import Bundle
from editor.device.progress import ProgressCallback, no_progress
from editor.imaging.crop import crop
from editor.imaging.crop_candidates import CropRequest, find_crops

CLEARLY_BETTER = 0.9
"""Share of the plain square's error below which another square is chosen instead."""


@dataclass(frozen=True)
class Fit:
    """How one bundle sees a picture."""

    bundle: Bundle
    geometry: Geometry
    square: Tensor
    """The chosen square [3, R, R] in [-1, 1]."""
    w: Tensor
    """The encoder's W+ [num_ws, w_dim]."""
    reconstruction: Tensor
    """What the generator draws there, [3, R, R] in [-1, 1]."""
    error: float
    """Mean absolute difference of square and reconstruction."""
    notes: tuple[str, ...] = ()
    """Codes for the user about the choice of the square."""
    face: int | None = None
    """Number of the face in the square, from the left."""
    faces: int = 0
    """Number of faces in the picture."""


def select_bundle(
    bundles: Sequence[Bundle],
    pixels: np.ndarray,
    device: torch.device,
    crop_request: CropRequest | None = None,
    progress: ProgressCallback = no_progress,
) -> Fit:
    """Return the fit of the bundle that reproduces a picture (uint8 [H, W, 3]) best."""
    fits = []
    for number, bundle in enumerate(bundles):
        progress("encode", number, len(bundles))
        fits.append(fit_bundle(bundle, pixels, device, crop_request))
    return min(fits, key=lambda fit: fit.error)


@torch.no_grad()
def fit_bundle(
    bundle: Bundle, pixels: np.ndarray, device: torch.device, crop_request: CropRequest | None = None
) -> Fit:
    """Choose the square that the bundle reproduces best: the plain one unless another is clearly better."""
    size = bundle.generator.config.resolution
    places = find_crops(pixels, bundle.alignment, crop_request or CropRequest())
    images = torch.stack([crop(pixels, place, size).to(device) for place in places.squares])
    w = bundle.encoder(images)
    # drawn alone, the plain square is already the reconstruction that edits of a draft start from
    alone = len(w) == 1
    drawn = bundle.reconstruct(w[0]) if alone else bundle.render(bundle.generator.synthesis.styles(w))
    errors = (drawn - images).abs().mean(dim=(1, 2, 3))
    best = int(errors.argmin()) if float(errors.min()) < CLEARLY_BETTER * float(errors[0]) else 0
    return Fit(
        bundle=bundle,
        geometry=places.squares[best],
        square=images[best],
        w=w[best],
        reconstruction=drawn[best],
        error=float(errors[best]),
        notes=places.notes,
        face=places.face,
        faces=places.faces,
    )
