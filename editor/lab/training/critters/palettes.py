"""Colours of the critter domain, RGB in [0, 1], by the names that its labels use."""

from __future__ import annotations

import numpy as np

from editor.lab.training.avatars.palettes import CHOICES as PEOPLE
from editor.lab.training.avatars.palettes import PALETTES as OF_PEOPLE
from editor.lab.training.critters.species import SPECIES

_NAMED = {
    "fur_color": {
        "orange": (0.96, 0.56, 0.17),
        "golden": (0.92, 0.76, 0.45),
        "brown": (0.50, 0.33, 0.22),
        "black": (0.20, 0.19, 0.23),
        "grey": (0.58, 0.61, 0.67),
        "white": (0.97, 0.96, 0.95),
        "pink": (0.98, 0.60, 0.77),
        "blue": (0.40, 0.62, 0.95),
    },
    "eye_color": {
        "green": (0.32, 0.72, 0.26),
        "blue": (0.20, 0.58, 0.96),
        "yellow": (0.99, 0.80, 0.16),
        "brown": (0.45, 0.25, 0.10),
    },
}
_BACKGROUND, _CLOTHES = PEOPLE["background_color"], PEOPLE["clothing_color"]
_ACCESSORIES = ("red", "yellow", "green", "blue", "purple", "pink", "black")

CHOICES: dict[str, tuple[str, ...]] = {
    "species": SPECIES,
    "fur_color": tuple(_NAMED["fur_color"]),
    "eye_color": tuple(_NAMED["eye_color"]),
    "background_color": _BACKGROUND,
    "accessory_color": _ACCESSORIES,
}
"""Each choice with its values, in the order of its labels."""

PALETTES: dict[str, np.ndarray] = {
    **{name: np.array(list(values.values()), np.float32) for name, values in _NAMED.items()},
    "background_color": OF_PEOPLE["background_color"],
    "accessory_color": OF_PEOPLE["clothing_color"][[_CLOTHES.index(name) for name in _ACCESSORIES]],
}
"""RGB [values, 3] of each choice of a colour."""
