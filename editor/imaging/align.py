"""Faces brought into the position that a generator knows, by their landmarks.

FFHQ's alignment (Karras et al. 2019, arXiv 1812.04948, appendix C): a square around the face, upright along a mean of the
line between the eyes and the normal of the line from eyes to mouth.
"""

from __future__ import annotations

import math

import numpy as np

from editor.api.protocol import Geometry

EYES_WIDE, EYES_TO_MOUTH, DOWN = 4.0, 3.6, 0.1
"""Side of the square in distances between the eyes, or from eyes to mouth, whichever gives more; and how far its centre
lies from the eyes towards the mouth."""


def ffhq_square(points: np.ndarray, width: int, height: int) -> Geometry:
    """The square of a face in a picture of ``width`` x ``height``.

    ``points`` [5, 2] in pixels, left and right as one looks at the picture: left eye, right eye, nose (not used), left
    and right corner of the mouth.
    """
    left, right, _, mouth_left, mouth_right = np.asarray(points, np.float64)
    eyes, across = (left + right) / 2, right - left
    down = (mouth_left + mouth_right) / 2 - eyes
    axis = across + np.array(
        [down[1], -down[0]]
    )  # the line of the eyes, and the one square to that from eyes to mouth
    side = max(EYES_WIDE * math.hypot(*across), EYES_TO_MOUTH * math.hypot(*down))
    center = eyes + DOWN * down
    roll = math.degrees(math.atan2(axis[1], axis[0]))
    return Geometry(
        center_x=float(center[0]),
        center_y=float(center[1]),
        side=max(side, 1.0),
        roll=roll,
        width=width,
        height=height,
    )


def corners(geometry: Geometry) -> np.ndarray:
    """Corners [4, 2] of the square in the picture: upper left, lower left, lower right, upper right."""
    angle = math.radians(geometry.roll)
    x = np.array([math.cos(angle), math.sin(angle)]) * geometry.side / 2
    y = np.array([-x[1], x[0]])
    center = np.array([geometry.center_x, geometry.center_y])
    return np.stack([center - x - y, center - x + y, center + x + y, center + x - y])
