"""Attributes of a portrait of an animal: species or a blend of them, fur, face and accessories."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.special import ndtr, ndtri, softmax

from editor.lab.training import portraits
from editor.lab.training.avatars.appearance import CHOICES as PEOPLE
from editor.lab.training.avatars.appearance import PALETTES as PALETTES_OF_PEOPLE
from editor.lab.training.portraits import PRESENT, smoothstep, unit_rows
from editor.lab.training.tables import load_table

_TABLE = load_table(__file__, "appearance.toml")
SPECIES, SCALES, AMOUNTS, NUISANCES = (_TABLE[name] for name in ("species", "scales", "amounts", "nuisances"))
SCALARS = SCALES + AMOUNTS + NUISANCES
INDEX = {name: column for column, name in enumerate(SCALARS)}
WORN = ("collar", "bow", "hat")
"""Amounts that have the accessories' colour."""

CHOICES: dict[str, tuple[str, ...]] = {
    "species": SPECIES,
    "fur_color": tuple(_TABLE["palettes"]["fur_color"]),
    "eye_color": tuple(_TABLE["palettes"]["eye_color"]),
    "background_color": PEOPLE["background_color"],
    "accessory_color": _TABLE["accessories"],
}
"""Each choice with its values, in the order of its labels."""
_CLOTHES = [PEOPLE["clothing_color"].index(name) for name in _TABLE["accessories"]]
PALETTES: dict[str, np.ndarray] = {
    **{name: np.array(list(colours.values()), np.float32) for name, colours in _TABLE["palettes"].items()},
    "background_color": PALETTES_OF_PEOPLE["background_color"],
    "accessory_color": PALETTES_OF_PEOPLE["clothing_color"][_CLOTHES],
}
"""RGB [values, 3] in [0, 1] of each choice of a colour."""
SHAPES = tuple(_TABLE["shapes"])
SHAPE_TABLE = np.array(list(_TABLE["shapes"].values()), np.float64).T
"""[species, shapes]."""

_FREQUENCY = _TABLE["frequency"]
"""Share of portraits that have an amount, before the species' influence."""
_PULL = _TABLE["pull"]
"""How far each species shifts an attribute's coordinate, in deviations, in the order of SPECIES."""
_FUR_PULL = _TABLE["fur_pull"]
"""How far each species shifts the logit of a fur colour."""
_NATURAL_FUR = _TABLE["natural_fur"]
"""Fur colour that a change to a species sets; cats keep theirs."""
_BRINGS = _TABLE["brings"]
"""Values of attributes that a change to a species sets."""
_FANCY = ("pink", "blue")
"""Colours of fur that no species has; a change of species keeps them."""

_RAMP = 0.45
"""Width of an amount's transition from absent to present, in deviations of its coordinate."""
_SHARPNESS = 7.0
"""Sharpness of the softmax over a choice's coordinates."""


class Critters(portraits.Portraits):
    """N critters. The choice ``species`` blends shapes as the other choices blend colours."""

    DOMAIN = "critters"
    SCALES, AMOUNTS, NUISANCES, CHOICES = SCALES, AMOUNTS, NUISANCES, CHOICES
    Z_DIM = len(SCALARS) + sum(len(values) for values in CHOICES.values())
    PHYSICAL = SCALARS

    @classmethod
    def from_latent(cls, z: np.ndarray) -> Self:
        """Gaussian z [N, Z_DIM] -> critters; smooth, and unchanged when a row of z is scaled."""
        z = unit_rows(z)
        weights = cls._blends(z[:, len(SCALARS) :])
        species = weights["species"].astype(np.float64)
        scalars = np.empty((len(z), len(SCALARS)))
        for name, column in INDEX.items():
            x = z[:, column] + species @ np.array(_PULL.get(name, (0.0,) * len(SPECIES)))
            if name in _FREQUENCY:
                scalars[:, column] = smoothstep((x - ndtri(1 - _FREQUENCY[name])) / _RAMP + 0.5)
            else:
                scalars[:, column] = ndtr(x)
        return cls(scalars.astype(np.float32), weights)

    @staticmethod
    def _blends(z: np.ndarray) -> dict[str, np.ndarray]:
        weights: dict[str, np.ndarray] = {}
        start = 0
        for name, values in CHOICES.items():
            logits = z[:, start : start + len(values)]
            start += len(values)
            if name == "fur_color":
                logits = logits + weights["species"] @ np.array([_FUR_PULL[value] for value in values]).T
            weights[name] = softmax(_SHARPNESS * logits, axis=1).astype(np.float32)
        return weights

    def replace(self, attribute: str, value: str | float | np.ndarray) -> Self:
        """Return the same critters with one attribute set, and everything that depends on it.

        A species brings its fur, its ears, and its mane or stripes. Stripes and spots exclude each other.
        A colour of accessories needs an accessory: a collar, if there is none.
        """
        scalars, weights = self.scalars.copy(), dict(self.weights)
        if not isinstance(value, str):
            level = np.broadcast_to(np.asarray(value, np.float32), (len(self),))
            scalars[:, INDEX[attribute]] = level
            other = {"stripes": "spots", "spots": "stripes"}.get(attribute)
            if other:
                scalars[:, INDEX[other]] = np.minimum(scalars[:, INDEX[other]], 1 - level)
            return type(self)(scalars, weights)
        blend = np.zeros_like(weights[attribute])
        blend[:, CHOICES[attribute].index(value)] = 1.0
        weights[attribute] = blend
        if attribute == "accessory_color":
            bare = np.max([self.column(name) for name in WORN], axis=0) < PRESENT
            scalars[bare, INDEX["collar"]] = 1.0
        if attribute == "species":
            for name, brought in _BRINGS[value].items():
                scalars[:, INDEX[name]] = brought
            weights["fur_color"] = self._natural_fur(value)
        return type(self)(scalars, weights)

    def _natural_fur(self, species: str) -> np.ndarray:
        """Return blends of fur [N, colours] after a change of species: only natural colours change."""
        own, names = self.weights["fur_color"], CHOICES["fur_color"]
        if species not in _NATURAL_FUR:
            return own
        fancy = np.isin(names, _FANCY)
        fur = own * fancy
        fur[:, names.index(_NATURAL_FUR[species])] += (own * ~fancy).sum(1)
        return fur

    def drawn(self) -> dict[str, np.ndarray]:
        """Return the visible scalars [N] (stripes exclude spots), and the shapes of the species."""
        shown = {name: self.column(name) for name in SCALARS}
        shown["spots"] = shown["spots"] * (1 - shown["stripes"])
        shapes = self.weights["species"].astype(np.float64) @ SHAPE_TABLE
        return shown | {name: shapes[:, column] for column, name in enumerate(SHAPES)}

    def colours(self) -> dict[str, np.ndarray]:
        """Return RGB [N, 3] in 0..1 of everything that is drawn."""
        found = {name: self.weights[name] @ palette for name, palette in PALETTES.items()}
        shade = 0.92 + 0.16 * self.column("fur_shade")[:, None]
        found["fur_color"] = np.clip(found["fur_color"] * shade, 0, 1)
        return found

    def physical(self) -> np.ndarray:
        """Return the numbers [N, P] that determine the picture smoothly, without what is hidden."""
        shown, colours = self.drawn(), self.colours()
        worn = np.max([shown[name] for name in WORN], axis=0)[:, None]
        colours["accessory_color"] = 0.5 + (colours["accessory_color"] - 0.5) * worn
        columns = [shown[name] for name in self.PHYSICAL]
        return np.column_stack([*columns, *colours.values(), self.weights["species"]]).astype(np.float32)

    @classmethod
    def visibility(
        cls, amounts: dict[str, np.ndarray], scales: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return what is visible: everything, except the colour of absent accessories."""
        everywhere = np.ones(len(amounts["hat"]), bool)
        worn = np.max([amounts[name] for name in WORN], axis=0) > PRESENT
        return dict.fromkeys((*SCALES, *AMOUNTS, *CHOICES), everywhere) | {"accessory_color": worn}
