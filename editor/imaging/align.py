"""Face alignment by landmarks, as in FFHQ (Karras et al. 2019, arXiv 1812.04948, appendix C)."""

from __future__ import annotations

import math

import numpy as np

from editor.api.protocol import Geometry

EYE_DISTANCES, EYE_TO_MOUTH_DISTANCES = 4.0, 3.6
"""Side of the square in distances between the eyes, and from eyes to mouth. The larger one counts."""
DOWN = 0.1
"""Shift of the centre from the eyes towards the mouth."""


def ffhq_square(points: np.ndarray, width: int, height: int) -> Geometry:
    """Compute the upright square of a face in a picture of ``width`` x ``height`` pixels.

    ``points`` [5, 2] in pixels, left and right as seen in the picture: left eye, right eye, nose (not used),
    left and right corner of the mouth.
    """
    left, right, _, mouth_left, mouth_right = np.asarray(points, np.float64)
    eyes, across = (left + right) / 2, right - left
    down = (mouth_left + mouth_right) / 2 - eyes
    axis = across + np.array([down[1], -down[0]])  # mean of the eyes' line and the normal of eyes to mouth
    side = max(EYE_DISTANCES * math.hypot(*across), EYE_TO_MOUTH_DISTANCES * math.hypot(*down))
    center = eyes + DOWN * down
    return Geometry(
        center_x=float(center[0]),
        center_y=float(center[1]),
        side=max(side, 1.0),
        roll=math.degrees(math.atan2(axis[1], axis[0])),
        width=width,
        height=height,
    )
