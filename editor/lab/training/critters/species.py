"""What makes a cat a cat: the shapes and markings of each species as numbers, blended for everything between.

Lengths are on the canvas of 100 x 100 units, shares in 0..1.
"""

from __future__ import annotations

import numpy as np

SPECIES = ("cat", "dog", "lion", "tiger", "wolf", "fox")

_SHAPES: dict[str, tuple[float, ...]] = {
    # head: half width at the cheeks, top, chin, height of the cheeks, jaw and crown as shares of the half width
    "half": (27.5, 24.5, 27.0, 28.5, 25.0, 25.5),
    "top": (28.0, 25.0, 25.0, 25.0, 25.5, 28.0),
    "chin": (76.0, 82.5, 83.0, 81.0, 83.5, 81.0),
    "cheek_y": (58.0, 53.0, 57.0, 59.0, 59.0, 56.0),
    "jaw": (0.66, 0.72, 0.76, 0.74, 0.46, 0.30),
    "crown": (0.70, 0.70, 0.70, 0.72, 0.62, 0.62),
    "tuft": (1.0, 0.0, 3.0, 5.5, 7.5, 9.0),
    # muzzle and nose
    "muzzle_w": (10.0, 14.0, 14.5, 14.0, 10.5, 8.5),
    "muzzle_h": (6.5, 11.5, 11.0, 9.5, 11.0, 9.0),
    "muzzle_y": (66.0, 68.0, 70.0, 68.0, 70.5, 70.0),
    "bridge": (2.5, 6.5, 8.5, 6.5, 6.0, 4.0),
    "nose_w": (3.6, 7.4, 7.4, 6.0, 5.6, 4.6),
    # ears: base, half width, height, roundness, how far the tip leans out
    "ear_x": (16.5, 16.5, 21.0, 19.5, 14.0, 15.5),
    "ear_y": (36.0, 35.0, 36.0, 35.0, 33.0, 36.0),
    "ear_w": (10.5, 9.5, 9.5, 9.5, 8.5, 10.0),
    "ear_h": (24.0, 19.0, 15.0, 14.5, 25.0, 28.0),
    "ear_round": (0.08, 0.50, 1.00, 1.00, 0.12, 0.02),
    "ear_lean": (4.5, 5.0, 4.0, 3.5, 2.0, 5.0),
    # eyes
    "eye_x": (12.5, 10.8, 11.3, 12.0, 10.6, 11.2),
    "eye_y": (54.0, 50.5, 52.0, 52.0, 53.0, 54.0),
    "eye_r": (6.6, 5.4, 4.9, 5.3, 4.7, 4.9),
    "eye_tilt": (8.0, -6.0, 4.0, 8.0, 20.0, 20.0),
    "slit": (1.0, 0.0, 0.1, 0.2, 0.1, 0.8),
    # markings, as shares
    "pale_muzzle": (0.70, 0.55, 0.65, 0.95, 0.85, 1.00),
    "pale_cheeks": (0.0, 0.0, 0.10, 0.85, 0.80, 1.00),
    "pale_brows": (0.0, 0.0, 0.25, 1.00, 0.60, 0.0),
    "pale_bridge": (0.0, 0.75, 0.30, 0.0, 0.0, 0.0),
    "mask": (0.0, 0.0, 0.0, 0.0, 1.00, 0.15),
    "dark_ears": (0.0, 0.55, 0.20, 0.75, 0.50, 1.00),
    "ear_spot": (0.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    "eye_patch": (0.0, 1.0, 0.0, 0.0, 0.0, 0.0),
    "pink_nose": (1.00, 0.0, 0.30, 0.80, 0.0, 0.0),
}
SHAPES = tuple(_SHAPES)
TABLE = np.array([_SHAPES[name] for name in SHAPES], np.float64).T
"""[species, shapes]."""


def shapes_of(blend: np.ndarray) -> np.ndarray:
    """Blends of species [N, 6] -> shapes [N, len(SHAPES)]."""
    return blend.astype(np.float64) @ TABLE
