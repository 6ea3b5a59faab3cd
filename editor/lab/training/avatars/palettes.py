"""Colours of the avatar domain, RGB in [0, 1], by the names that its labels use."""

from __future__ import annotations

import numpy as np

_NAMED = {
    "hair_color": {
        "black": (0.09, 0.08, 0.10),
        "brown": (0.36, 0.22, 0.13),
        "auburn": (0.50, 0.15, 0.12),
        "red": (0.88, 0.33, 0.10),
        "blonde": (0.96, 0.78, 0.34),
        "platinum": (0.97, 0.94, 0.82),
        "grey": (0.60, 0.61, 0.65),
        "pink": (0.98, 0.50, 0.72),
        "purple": (0.52, 0.28, 0.76),
        "blue": (0.20, 0.45, 0.92),
        "green": (0.22, 0.66, 0.36),
    },
    "eye_color": {
        "brown": (0.34, 0.18, 0.08),
        "hazel": (0.68, 0.48, 0.10),
        "green": (0.16, 0.62, 0.28),
        "blue": (0.14, 0.46, 0.94),
        "grey": (0.56, 0.60, 0.66),
    },
    "background_color": {
        "yellow": (1.00, 0.87, 0.42),
        "peach": (1.00, 0.79, 0.65),
        "pink": (0.99, 0.68, 0.82),
        "purple": (0.74, 0.64, 0.96),
        "blue": (0.55, 0.79, 0.99),
        "teal": (0.45, 0.85, 0.82),
        "green": (0.66, 0.90, 0.56),
        "white": (0.97, 0.97, 0.97),
        "grey": (0.60, 0.62, 0.66),
        "dark blue": (0.15, 0.20, 0.42),
    },
    "clothing_color": {
        "white": (0.96, 0.96, 0.97),
        "yellow": (0.98, 0.82, 0.22),
        "orange": (0.97, 0.52, 0.14),
        "red": (0.86, 0.16, 0.20),
        "pink": (0.97, 0.50, 0.72),
        "purple": (0.48, 0.28, 0.72),
        "blue": (0.18, 0.40, 0.85),
        "teal": (0.08, 0.62, 0.62),
        "green": (0.20, 0.62, 0.28),
        "grey": (0.55, 0.57, 0.61),
        "black": (0.12, 0.12, 0.15),
    },
    "lip_color": {
        "natural": (0.78, 0.45, 0.42),
        "red": (0.86, 0.08, 0.16),
        "pink": (0.99, 0.42, 0.66),
        "dark": (0.38, 0.06, 0.16),
    },
}
_NAMED["hat_color"] = _NAMED["clothing_color"]

CHOICES: dict[str, tuple[str, ...]] = {
    name: tuple(_NAMED[name])
    for name in ("hair_color", "eye_color", "background_color", "clothing_color", "hat_color", "lip_color")
}
"""Each choice with its values, in the order of its labels."""

PALETTES: dict[str, np.ndarray] = {
    name: np.array(list(_NAMED[name].values()), np.float32) for name in CHOICES
}
"""RGB [values, 3] of each choice."""

SKIN = np.array(
    [
        (1.00, 0.90, 0.83),
        (0.99, 0.82, 0.70),
        (0.94, 0.72, 0.56),
        (0.82, 0.58, 0.42),
        (0.64, 0.42, 0.28),
        (0.46, 0.29, 0.19),
        (0.33, 0.20, 0.14),
    ],
    np.float32,
)
"""RGB [7, 3] from pale to dark, evenly spaced in ``skin_tone``."""


def skin(tone: np.ndarray) -> np.ndarray:
    """Skin tone [N] in 0..1 -> RGB [N, 3], piecewise linear."""
    position = np.clip(tone, 0, 1) * (len(SKIN) - 1)
    return np.stack([np.interp(position, np.arange(len(SKIN)), SKIN[:, c]) for c in range(3)], 1).astype(
        np.float32
    )
