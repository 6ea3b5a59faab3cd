"""What a portrait looks like: smooth attributes, drawn from a Gaussian latent, with exact labels.

Attributes are of three kinds. A *scale* runs from 0 to 1 and always shows; an *amount* is 0 (absent) to 1 (present); a
*choice* is a blend of named colours, labelled where one of them dominates. Nuisance numbers (position, tilt, the shape
of glasses, …) vary the picture and have no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from editor.training.avatars.palettes import CHOICES, PALETTES, skin

SCALES = (
    "age", "gender_presentation", "cuteness", "smile", "skin_tone", "hair_length", "curliness", "brow_thickness",
    "brow_angle", "nose_size", "eye_openness", "face_width", "eye_size",
)  # fmt: skip
AMOUNTS = (
    "mouth_open", "wrinkles", "glasses", "sunglasses", "moustache", "beard", "fringe", "baldness", "lipstick", "blush",
    "freckles", "earrings", "hat", "beanie", "collar", "mohawk", "blemishes",
)  # fmt: skip
NUISANCES = (
    "shift_x", "shift_y", "tilt", "zoom", "gaze", "jaw", "hair_volume", "glasses_shape", "brow_height",
    "background_gradient", "hair_shade",
)  # fmt: skip
SCALARS = SCALES + AMOUNTS + NUISANCES
INDEX = {name: column for column, name in enumerate(SCALARS)}
Z_DIM = len(SCALARS) + sum(len(values) for values in CHOICES.values()) - 1
"""One coordinate a scalar and one a colour ("natural" lips need none: lipstick has its own)."""

_FREQUENCY = {
    "mouth_open": 0.40, "wrinkles": 0.22, "glasses": 0.36, "sunglasses": 0.33, "moustache": 0.20, "beard": 0.26,
    "fringe": 0.42, "baldness": 0.14, "lipstick": 0.30, "blush": 0.32, "freckles": 0.32, "earrings": 0.28, "hat": 0.26,
    "beanie": 0.42, "collar": 0.40, "mohawk": 0.22, "blemishes": 0.28,
}  # fmt: skip
"""Share of portraits that have an amount, before correlations; of sunglasses and beanies, among glasses and hats."""

_CORRELATION: dict[str, tuple[tuple[str, float], ...]] = {
    "hair_length": (("gender_presentation", 0.6),), "moustache": (("gender_presentation", -0.6),),
    "beard": (("gender_presentation", -0.6),), "baldness": (("gender_presentation", -0.3), ("age", 0.3)),
    "lipstick": (("gender_presentation", 0.6),), "earrings": (("gender_presentation", 0.5),),
    "wrinkles": (("age", 0.9),), "blush": (("gender_presentation", 0.2),),
}  # fmt: skip
"""Pull of one attribute's coordinate on another's; kept mild, so that every combination occurs."""

_RAMP = 0.45
"""Width of an amount's transition from absent to present, in deviations of its coordinate."""
_SHARPNESS = 7.0
"""Of the softmax over a choice's coordinates."""
ABSENT, PRESENT, DOMINANT = 0.35, 0.65, 0.6


def _normal_cdf(x: np.ndarray) -> np.ndarray:
    """Gaussian CDF by Abramowitz and Stegun 7.1.26, error below 2e-7."""
    t = 1.0 / (1.0 + 0.3275911 * np.abs(x) / np.sqrt(2.0))
    tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1.0 - tail * np.exp(-(x**2) / 2.0))
    return 0.5 * (1.0 + erf)


def _normal_quantile(share: float) -> float:
    grid = np.linspace(-4, 4, 8001)
    return float(np.interp(share, _normal_cdf(grid), grid))


def _smoothstep(x: np.ndarray) -> np.ndarray:
    t = np.clip(x, 0, 1)
    return t * t * (3 - 2 * t)


@dataclass
class Labels:
    """What can be said of N portraits; see ``Portraits.labels``."""

    scales: dict[str, np.ndarray]
    amounts: dict[str, np.ndarray]
    raw_amounts: dict[str, np.ndarray]
    choices: dict[str, np.ndarray]
    visible: dict[str, np.ndarray]


def visibility(amounts: dict[str, np.ndarray], hair_length: np.ndarray) -> dict[str, np.ndarray]:
    """Which attributes can be seen, [N] bool each, given amounts [N] in 0..1 (drawn or read off a picture)."""
    everywhere = np.ones(len(hair_length), bool)
    visible = dict.fromkeys((*SCALES, *AMOUNTS, *CHOICES), everywhere)
    bare = amounts["hat"] < ABSENT
    haired = amounts["baldness"] < ABSENT
    eyes = amounts["sunglasses"] < PRESENT
    loose = haired & (amounts["mohawk"] < ABSENT)
    visible |= {"eye_color": eyes, "eye_openness": eyes, "eye_size": eyes}
    visible |= {"mohawk": bare, "baldness": bare, "fringe": bare & loose}
    visible |= {"hair_color": haired & (bare | (hair_length > 0.3)), "curliness": loose & (bare | (hair_length > 0.4))}
    visible |= {"hair_length": loose, "hat_color": amounts["hat"] > PRESENT}
    return visible


@dataclass
class Portraits:
    """N portraits: ``scalars`` [N, len(SCALARS)] in 0..1 and, for each choice, blend ``weights`` [N, values]."""

    scalars: np.ndarray
    weights: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.scalars)

    def __getitem__(self, rows: slice | np.ndarray | list[int]) -> Portraits:
        return Portraits(self.scalars[rows], {name: blend[rows] for name, blend in self.weights.items()})

    @classmethod
    def concat(cls, parts: Sequence[Portraits]) -> Portraits:
        """All portraits of the parts, in order."""
        weights = {name: np.concatenate([part.weights[name] for part in parts]) for name in CHOICES}
        return cls(np.concatenate([part.scalars for part in parts]), weights)

    @classmethod
    def from_latent(cls, z: np.ndarray) -> Portraits:
        """Gaussian z [N, Z_DIM] -> portraits; smooth, and unchanged when a row of z is scaled."""
        z = z / np.sqrt(np.mean(z.astype(np.float64) ** 2, axis=1, keepdims=True) + 1e-8)
        columns = {name: z[:, column].copy() for name, column in INDEX.items()}
        for name, pulls in _CORRELATION.items():
            for source, pull in pulls:
                columns[name] += pull * z[:, INDEX[source]]
        scalars = np.empty((len(z), len(SCALARS)))
        for name, column in INDEX.items():
            spread = np.sqrt(1 + sum(pull * pull for _, pull in _CORRELATION.get(name, ())))
            if name in _FREQUENCY:
                edge = _normal_quantile(1 - _FREQUENCY[name]) * spread
                scalars[:, column] = _smoothstep((columns[name] - edge) / _RAMP + 0.5)
            else:
                scalars[:, column] = _normal_cdf(columns[name] / spread)
        return cls(scalars.astype(np.float32), cls._blends(z[:, len(SCALARS) :]))

    @staticmethod
    def _blends(z: np.ndarray) -> dict[str, np.ndarray]:
        weights, start = {}, 0
        for name, values in CHOICES.items():
            own = len(values) - (name == "lip_color")
            logits = _SHARPNESS * z[:, start : start + own]
            start += own
            exponent = np.exp(logits - logits.max(1, keepdims=True))
            blend = (exponent / exponent.sum(1, keepdims=True)).astype(np.float32)
            weights[name] = np.pad(blend, ((0, 0), (1, 0))) if name == "lip_color" else blend
        return weights

    @classmethod
    def sample(cls, count: int, seed: int) -> Portraits:
        """``count`` portraits from the prior."""
        return cls.from_latent(np.random.default_rng(seed).standard_normal((count, Z_DIM)))

    def column(self, name: str) -> np.ndarray:
        """One scalar of all portraits, [N]."""
        return self.scalars[:, INDEX[name]]

    def replace(self, attribute: str, value: str | float | np.ndarray) -> Portraits:
        """The same portraits with one attribute set, and what must follow from it.

        A kind brings its family along (sunglasses are glasses, a beanie is a hat) and goes with it; hair that must show
        (a mohawk) is there and uncovered; coloured lips wear lipstick.
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
            return Portraits(scalars, weights)
        level = np.broadcast_to(np.asarray(value, np.float32), (len(self),))
        scalars[:, INDEX[attribute]] = level
        _follow(scalars, attribute, level)
        return Portraits(scalars, weights)

    def drawn(self) -> dict[str, np.ndarray]:
        """The scalars [N] as they show: a kind no more than its family, no mohawk under a hat, no baldness
        under a mohawk."""
        shown = {name: self.column(name) for name in SCALARS}
        shown["sunglasses"] = shown["sunglasses"] * shown["glasses"]
        shown["beanie"] = shown["beanie"] * shown["hat"]
        shown["mohawk"] = shown["mohawk"] * (1 - shown["hat"])
        shown["baldness"] = shown["baldness"] * (1 - shown["mohawk"])
        return shown

    def colours(self) -> dict[str, np.ndarray]:
        """RGB [N, 3] in 0..1 of everything drawn."""
        found = {name: self.weights[name] @ PALETTES[name] for name in CHOICES}
        shade = 0.88 + 0.24 * self.column("hair_shade")[:, None]
        found["hair_color"] = np.clip(found["hair_color"] * shade, 0, 1)
        found["skin"] = skin(self.column("skin_tone"))
        lipstick = self.column("lipstick")[:, None]
        natural = found["skin"] * np.array([0.82, 0.56, 0.55], np.float32)
        found["lip_color"] = natural * (1 - lipstick) + found["lip_color"] * lipstick
        return found

    def physical(self) -> np.ndarray:
        """The numbers [N, P] that the picture is a smooth function of; what cannot be seen is left out of them."""
        shown, colours = self.drawn(), self.colours()
        shown["glasses_shape"] = 0.5 + (shown["glasses_shape"] - 0.5) * shown["glasses"]
        shown["fringe"] = shown["fringe"] * (1 - shown["baldness"]) * (1 - shown["mohawk"])
        colours["hat_color"] = 0.5 + (colours["hat_color"] - 0.5) * shown["hat"][:, None]
        columns = [shown[name] for name in SCALARS if name != "skin_tone"]
        return np.column_stack([*columns, *colours.values()]).astype(np.float32)

    def labels(self) -> Labels:
        """Labels as the attributes' meanings have them: unlabelled amounts are NaN, unlabelled choices -1."""
        shown = self.drawn()
        raw = {name: shown[name] for name in AMOUNTS}
        amounts = {name: np.where((v > ABSENT) & (v < PRESENT), np.nan, v) for name, v in raw.items()}
        choices = {}
        for name, blend in self.weights.items():
            choices[name] = np.where(blend.max(1) >= DOMINANT, blend.argmax(1), -1)
        lips = choices["lip_color"]
        choices["lip_color"] = np.where(raw["lipstick"] <= ABSENT, 0, np.where(raw["lipstick"] >= PRESENT, lips, -1))
        scales = {name: shown[name] for name in SCALES}
        scales["eye_size"] = drawn_eye_size(shown)
        return Labels(scales, amounts, raw, choices, visibility(raw, shown["hair_length"]))


def drawn_eye_size(shown: dict[str, np.ndarray]) -> np.ndarray:
    """Size of the eyes as drawn, 0..1: cute faces have larger ones."""
    return 0.75 * shown["eye_size"] + 0.25 * shown["cuteness"]


def _follow(scalars: np.ndarray, attribute: str, level: np.ndarray) -> None:
    """Set what must follow from ``attribute`` being at ``level`` [N], in place."""

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
