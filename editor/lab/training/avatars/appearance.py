"""Attributes of a portrait of a person, drawn from a Gaussian latent, with exact labels."""

from __future__ import annotations

from typing import Self

import numpy as np
from scipy.special import ndtr, ndtri, softmax

from editor.lab.training import portraits
from editor.lab.training.portraits import ABSENT, PRESENT, smoothstep, unit_rows
from editor.lab.training.tables import load_table

_TABLE = load_table(__file__, "appearance.toml")
SCALES, AMOUNTS, NUISANCES = _TABLE["scales"], _TABLE["amounts"], _TABLE["nuisances"]
_COLOURS = _TABLE["palettes"] | {"hat_color": _TABLE["palettes"]["clothing_color"]}
_CHOICE_NAMES = ("hair_color", "eye_color", "background_color", "clothing_color", "hat_color", "lip_color")
CHOICES: dict[str, tuple[str, ...]] = {name: tuple(_COLOURS[name]) for name in _CHOICE_NAMES}
"""Each choice with its values, in the order of its labels."""
PALETTES = {name: np.array(list(_COLOURS[name].values()), np.float32) for name in CHOICES}
"""RGB [values, 3] in [0, 1] of each choice."""
SKIN = np.array(_TABLE["skin"], np.float32)
"""RGB [7, 3] from pale to dark."""

SCALARS = SCALES + AMOUNTS + NUISANCES
INDEX = {name: column for column, name in enumerate(SCALARS)}
Z_DIM = len(SCALARS) + sum(len(values) for values in CHOICES.values()) - 1
"""One coordinate for each scalar and each colour, but none for "natural" lips: lipstick has its own."""

_FREQUENCY, _CORRELATION = _TABLE["frequency"], _TABLE["correlation"]
_RAMP = 0.45
"""Width of an amount's transition from absent to present, in standard deviations of its coordinate."""
_SHARPNESS = 7.0
"""Sharpness of the softmax over a choice's coordinates."""


def skin(tone: np.ndarray) -> np.ndarray:
    """Skin tone [N] in 0..1 -> RGB [N, 3], piecewise linear."""
    position = np.clip(tone, 0, 1) * (len(SKIN) - 1)
    channels = [np.interp(position, np.arange(len(SKIN)), SKIN[:, c]) for c in range(3)]
    return np.stack(channels, 1).astype(np.float32)


class Portraits(portraits.Portraits):
    """N portraits of people."""

    DOMAIN = "avatars"
    SCALES, AMOUNTS, NUISANCES, CHOICES = SCALES, AMOUNTS, NUISANCES, CHOICES
    Z_DIM = Z_DIM
    PHYSICAL = tuple(name for name in SCALARS if name != "skin_tone")

    @classmethod
    def from_latent(cls, z: np.ndarray) -> Self:
        """Gaussian z [N, Z_DIM] -> portraits; smooth, and unchanged when a row of z is scaled."""
        z = unit_rows(z)
        columns = {name: z[:, column].copy() for name, column in INDEX.items()}
        for name, pulls in _CORRELATION.items():
            for source, pull in pulls.items():
                columns[name] += pull * z[:, INDEX[source]]
        scalars = np.empty((len(z), len(SCALARS)))
        for name, column in INDEX.items():
            spread = np.sqrt(1 + sum(pull * pull for pull in _CORRELATION.get(name, {}).values()))
            if name in _FREQUENCY:
                edge = ndtri(1 - _FREQUENCY[name]) * spread
                scalars[:, column] = smoothstep((columns[name] - edge) / _RAMP + 0.5)
            else:
                scalars[:, column] = ndtr(columns[name] / spread)
        return cls(scalars.astype(np.float32), cls._blends(z[:, len(SCALARS) :]))

    @staticmethod
    def _blends(z: np.ndarray) -> dict[str, np.ndarray]:
        weights, start = {}, 0
        for name, values in CHOICES.items():
            own = len(values) - (name == "lip_color")
            logits = _SHARPNESS * z[:, start : start + own]
            start += own
            blend = softmax(logits, axis=1).astype(np.float32)
            weights[name] = np.pad(blend, ((0, 0), (1, 0))) if name == "lip_color" else blend
        return weights

    def replace(self, attribute: str, value: str | float | np.ndarray) -> Self:
        """Return the same portraits with one attribute set, and everything that depends on it.

        Sunglasses are glasses and a beanie is a hat: they appear and disappear together. A mohawk needs
        hair and no hat. Coloured lips have lipstick.
        """
        scalars = self.scalars.copy()
        weights = dict(self.weights)
        if isinstance(value, str):
            blend = np.zeros_like(weights[attribute])
            blend[:, CHOICES[attribute].index(value)] = 1.0
            if attribute == "lip_color":
                scalars[:, INDEX["lipstick"]] = 0.0 if value == "natural" else 1.0
            if attribute != "lip_color" or value != "natural":
                weights[attribute] = blend
            if attribute == "hat_color":
                scalars[:, INDEX["hat"]] = 1.0
            return type(self)(scalars, weights)
        level = np.broadcast_to(np.asarray(value, np.float32), (len(self),))
        scalars[:, INDEX[attribute]] = level
        _set_dependent(scalars, attribute, level)
        return type(self)(scalars, weights)

    def drawn(self) -> dict[str, np.ndarray]:
        """Return the visible scalars [N]: no sunglasses without glasses, no mohawk under a hat, and so on."""
        shown = {name: self.column(name) for name in SCALARS}
        shown["sunglasses"] = shown["sunglasses"] * shown["glasses"]
        shown["beanie"] = shown["beanie"] * shown["hat"]
        shown["mohawk"] = shown["mohawk"] * (1 - shown["hat"])
        shown["baldness"] = shown["baldness"] * (1 - shown["mohawk"])
        return shown

    def colours(self) -> dict[str, np.ndarray]:
        """Return RGB [N, 3] in 0..1 of everything that is drawn."""
        found = {name: self.weights[name] @ PALETTES[name] for name in CHOICES}
        shade = 0.88 + 0.24 * self.column("hair_shade")[:, None]
        found["hair_color"] = np.clip(found["hair_color"] * shade, 0, 1)
        found["skin"] = skin(self.column("skin_tone"))
        lipstick = self.column("lipstick")[:, None]
        natural = found["skin"] * np.array([0.82, 0.56, 0.55], np.float32)
        found["lip_color"] = natural * (1 - lipstick) + found["lip_color"] * lipstick
        return found

    def physical(self) -> np.ndarray:
        """Return the numbers [N, P] that determine the picture smoothly, without what is hidden."""
        shown, colours = self.drawn(), self.colours()
        shown["glasses_shape"] = 0.5 + (shown["glasses_shape"] - 0.5) * shown["glasses"]
        shown["fringe"] = shown["fringe"] * (1 - shown["baldness"]) * (1 - shown["mohawk"])
        colours["hat_color"] = 0.5 + (colours["hat_color"] - 0.5) * shown["hat"][:, None]
        columns = [shown[name] for name in self.PHYSICAL]
        return np.column_stack([*columns, *colours.values()]).astype(np.float32)

    @classmethod
    def visibility(
        cls, amounts: dict[str, np.ndarray], scales: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Return what is visible: hats hide hair, sunglasses hide eyes."""
        hair_length = scales["hair_length"]
        visible = dict.fromkeys((*SCALES, *AMOUNTS, *CHOICES), np.ones(len(hair_length), bool))
        bare = amounts["hat"] < ABSENT
        haired = amounts["baldness"] < ABSENT
        eyes = amounts["sunglasses"] < PRESENT
        loose = haired & (amounts["mohawk"] < ABSENT)
        visible |= {"eye_color": eyes, "eye_openness": eyes, "eye_size": eyes}
        visible |= {"mohawk": bare, "baldness": bare, "fringe": bare & loose}
        visible |= {
            "hair_color": haired & (bare | (hair_length > 0.3)),
            "curliness": loose & (bare | (hair_length > 0.4)),
        }
        visible |= {"hair_length": loose, "hat_color": amounts["hat"] > PRESENT}
        return visible

    def before_appearing(self, amount: str) -> Self:
        """Give a hat that appears the colour of the clothes."""
        if amount != "hat":
            return self
        bare = self.drawn()["hat"] < 0.5
        matching = np.where(bare[:, None], self.weights["clothing_color"], self.weights["hat_color"])
        return type(self)(self.scalars, self.weights | {"hat_color": matching.astype(np.float32)})

    def shown_weights(self) -> dict[str, np.ndarray]:
        """Return the visible blends: lips have the colour of the lipstick as far as there is any."""
        lipstick = self.column("lipstick")[:, None]
        lips = np.concatenate([1 - lipstick, self.weights["lip_color"][:, 1:] * lipstick], axis=1)
        return self.weights | {"lip_color": lips}

    def shown_scales(self) -> dict[str, np.ndarray]:
        """Return the visible scales: cute faces have larger eyes."""
        shown = self.drawn()
        return {name: shown[name] for name in SCALES} | {"eye_size": drawn_eye_size(shown)}

    def _named(self, amounts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        named, lipstick = super()._named(amounts), amounts["lipstick"]
        painted = np.where(lipstick >= PRESENT, named["lip_color"], -1)
        return named | {"lip_color": np.where(lipstick <= ABSENT, 0, painted)}


def drawn_eye_size(shown: dict[str, np.ndarray]) -> np.ndarray:
    """Return the drawn size of the eyes, 0..1: cute faces have larger ones."""
    return 0.75 * shown["eye_size"] + 0.25 * shown["cuteness"]


def _set_dependent(scalars: np.ndarray, attribute: str, level: np.ndarray) -> None:
    """Set everything that depends on ``attribute`` being at ``level`` [N], in place."""

    def raise_to(name: str, least: np.ndarray) -> None:
        scalars[:, INDEX[name]] = np.maximum(scalars[:, INDEX[name]], least)

    def lower_to(name: str, most: np.ndarray) -> None:
        scalars[:, INDEX[name]] = np.minimum(scalars[:, INDEX[name]], most)

    if attribute in ("sunglasses", "beanie"):
        raise_to({"sunglasses": "glasses", "beanie": "hat"}[attribute], level)
    elif attribute in ("glasses", "hat"):
        lower_to({"glasses": "sunglasses", "hat": "beanie"}[attribute], level)
    elif attribute == "mohawk":
        lower_to("baldness", 1 - level)
        lower_to("hat", 1 - level)
        lower_to("beanie", 1 - level)
    elif attribute == "baldness":
        lower_to("mohawk", 1 - level)
