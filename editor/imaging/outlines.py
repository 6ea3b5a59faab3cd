"""Crisp outlines for drawings that are enlarged.

Between the lightest and the darkest colour around it, a pixel of an enlarged drawing is drawn to the nearer
of the two. Flat areas stay as they are and blurred steps become narrow, as by a shock filter (Osher and Rudin
1990) in one step.
"""

from __future__ import annotations

import torch
from torch import Tensor

from editor.imaging.windows import box_mean, dilate, erode

RADIUS = 2
"""Pixels of the synthesis around each pixel whose colours bound it."""
STEEPNESS = 5.0
"""Half the exponent of the logistic curve that replaces the blurred step."""
CONTRAST_FROM, CONTRAST_FULL = 0.08, 0.23
"""Difference of the bounds, in [-1, 1] units, from which a step is an outline."""


def bounds(pictures: Tensor) -> Tensor:
    """Lightest and darkest value of each channel around each pixel: [N, 3, R, R] -> [N, 6, R, R]."""
    return torch.cat([box_mean(dilate(pictures, RADIUS), 1), box_mean(erode(pictures, RADIUS), 1)], 1)


def sharpened(enlarged: Tensor, lightest: Tensor, darkest: Tensor) -> Tensor:
    """Narrow the blurred steps of an enlarged picture [3, H, W], given its enlarged bounds [3, H, W] each."""
    lightest, darkest = torch.maximum(lightest, enlarged), torch.minimum(darkest, enlarged)
    span = (lightest - darkest).clamp_min(1e-3)
    place = (enlarged - darkest) / span
    end = torch.sigmoid(torch.tensor(-STEEPNESS))
    steep = (torch.sigmoid(2 * STEEPNESS * (place - 0.5)) - end) / (1 - 2 * end)
    weight = ((span - CONTRAST_FROM) / (CONTRAST_FULL - CONTRAST_FROM)).clamp(0, 1)
    return enlarged + weight * (darkest + span * steep - enlarged)
