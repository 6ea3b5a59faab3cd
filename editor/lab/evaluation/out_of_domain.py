"""Out-of-domain test: portraits from three avatar libraries, whose options say what the picture shows.

Does the reconstruction keep it, and are pictures that are too different called out of domain? python-avatars
(MIT) draws Pablo Stanley's Avataaars; DiceBear's core (MIT) draws "Personas" by Draftbit and "Micah" by Micah
Lanier (both CC BY 4.0). The libraries are test dependencies; nothing of them is included here. Every picture
is slightly cropped and compressed, like a picture that was passed on a few times.
"""

from __future__ import annotations

import importlib.resources
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image

from editor.api.protocol import InvertRequest, InvertResult
from editor.lab.evaluation import uploads
from editor.lab.evaluation.single_edits import mean
from editor.lab.evaluation.uploads import EvaluatedBundle
from editor.lab.running import run_job
from editor.lab.training import data
from editor.lab.training.avatars.appearance import CHOICES, PALETTES, skin
from editor.networks.attribute_classifier import AttributeValues

SIDE = 256
FAR, SAME = 0.25, 0.08
"""Distances in RGB: from the first on, no known colour matches; up to the second, another name fits equally
well.
"""
TONE = 0.25
"""Share of the range by which the predicted skin tone may differ."""
HIDDEN_HAIR = ("NONE", "ASTRONAUT", "BRIDE", "HAT", "SIDES", "BUZZCUT")
HIDDEN_EYES = ("NONE", "EYEPATCH", "KURT", "SUNGLASSES", "SUNGLASSES_2", "WAYFARERS", "WAYFARERS_2")
"""Variants of python-avatars that hide a label."""
HIDING: dict[str, dict[str, tuple[str, ...]]] = {
    "personas": {
        "hair": ("bald", "balding", "beanie", "cap", "buzzcut", "fade"),
        "facialHair": ("soulPatch", "shadow"),
        "mouth": ("pacifier",),
    },
    "micah": {"hair": ("mrClean", "turban", "dannyPhantom", "mrT")},
}
"""Variants of DiceBear's styles that hide a label, by part."""


@dataclass(frozen=True)
class Drawing:
    """A portrait, uint8 [H, W, 3], with what its options say; None or no names if that is unknown."""

    pixels: np.ndarray
    hair: frozenset[str]
    tone: float | None
    glasses: bool
    facial_hair: bool


def hair_names(code: str | None) -> frozenset[str]:
    """Return the names that fit a hair colour (#rrggbb)."""
    if code is None:
        return frozenset()
    distance = np.linalg.norm(PALETTES["hair_color"] - _rgb(code), axis=1)
    near = (distance <= distance.min() + SAME) & (distance.min() <= FAR)
    return frozenset(np.array(CHOICES["hair_color"])[near].tolist())


def skin_tone(code: str) -> float | None:
    """Return a skin colour (#rrggbb) as a tone from pale, 0, to dark, 1; None if it is no skin colour."""
    tones = np.linspace(0, 1, 101)
    distance = np.linalg.norm(skin(tones) - _rgb(code), axis=1)
    return float(tones[distance.argmin()]) if distance.min() <= FAR else None


def _rgb(code: str) -> np.ndarray:
    return np.array([int(code[place : place + 2], 16) / 255 for place in (1, 3, 5)], np.float32)


def _avataaars(rng: np.random.Generator) -> Drawing:
    """Draw one with python-avatars."""
    import python_avatars as drawn

    def one(kinds: Any, *without: str) -> Any:
        return rng.choice(np.array([kind for kind in kinds if kind.name not in without], dtype=object))

    hair, tone = one(drawn.HairColor), one(drawn.SkinColor)
    glasses, bearded = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    accessory = one(drawn.AccessoryType, *HIDDEN_EYES)
    picture = drawn.Avatar(
        style=drawn.AvatarStyle.TRANSPARENT,
        top=one(drawn.HairType, *HIDDEN_HAIR),
        hair_color=hair,
        skin_color=tone,
        facial_hair=one(drawn.FacialHairType, "NONE") if bearded else drawn.FacialHairType.NONE,
        facial_hair_color=hair,
        accessory=accessory if glasses else drawn.AccessoryType.NONE,
        clothing=one(drawn.ClothingType),
        clothing_color=one(drawn.ClothingColor),
    ).render()
    return Drawing(raster(picture), hair_names(hair.value), skin_tone(tone.value), glasses, bearded)


def _dicebear(name: str, rng: np.random.Generator) -> Drawing:
    """Draw one in a style of DiceBear."""
    from dicebear import Avatar, Style

    definition = (importlib.resources.files("dicebear_styles") / f"{name}.json").read_text(encoding="utf-8")
    style, skin_part = json.loads(definition), "skin" if name == "personas" else "base"
    hair, tone = (rng.choice(style["colors"][part]["values"]) for part in ("hair", skin_part))
    glasses, bearded = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    options: dict[str, Any] = {
        "hairColor": [hair],
        f"{skin_part}Color": [tone],
        "facialHairProbability": 100 * bearded,
    }
    for part, hiding in HIDING[name].items():
        variants = [variant for variant in style["components"][part]["variants"] if variant not in hiding]
        options[f"{part}Variant"] = [str(rng.choice(variants))]
    if name == "personas":
        options |= {"facialHairColor": [hair], "eyesVariant": ["glasses" if glasses else "open"]}
    else:
        options |= {"glassesProbability": 100 * glasses, "facialHairVariant": ["beard"]}
    picture = str(Avatar(Style(style), {"seed": str(rng.integers(1 << 30)), **options}))
    linked = picture.replace(' href="', ' xlink:href="')  # Skia reads only the older syntax
    linked = re.sub("<svg ", '<svg xmlns:xlink="http://www.w3.org/1999/xlink" ', linked, count=1)
    return Drawing(raster(linked), hair_names(hair), skin_tone(tone), glasses, bearded)


SOURCES: dict[str, Callable[[np.random.Generator], Drawing]] = {
    "python-avatars": _avataaars,
    "personas": partial(_dicebear, "personas"),
    "micah": partial(_dicebear, "micah"),
}


def raster(picture: str) -> np.ndarray:
    """Draw an SVG picture on white: uint8 [SIDE, SIDE, 3]."""
    import skia

    image = skia.SVGDOM.MakeFromStream(skia.MemoryStream(picture.encode()))
    image.setContainerSize(skia.Size(SIDE, SIDE))
    surface = skia.Surface(SIDE, SIDE)
    surface.getCanvas().clear(skia.ColorWHITE)
    image.render(surface.getCanvas())
    pixels = surface.makeImageSnapshot().toarray(colorType=skia.ColorType.kRGBA_8888_ColorType)
    return np.ascontiguousarray(pixels[..., :3])


def passed_on(pixels: np.ndarray, rng: np.random.Generator) -> bytes:
    """Crop up to 6 % of each side and save as a JPEG of quality 50 to 90."""
    left, top, right, bottom = (int(SIDE * rng.uniform(0, 0.06)) for _ in range(4))
    buffer = io.BytesIO()
    Image.fromarray(pixels[top : SIDE - bottom, left : SIDE - right]).save(
        buffer, "JPEG", quality=int(rng.integers(50, 91))
    )
    return buffer.getvalue()


def out_of_domain(tested: EvaluatedBundle, count: int, seed: int) -> dict[str, dict[str, Any]]:
    """Return, for each library, what the reconstructions of ``count`` drawings keep.

    Shares of drawings whose hair colour, skin, glasses and facial hair are predicted as their options say,
    over all drawings and over those that are not called out of domain.
    """
    found = {}
    for name, draw in SOURCES.items():
        rng = np.random.default_rng(seed)
        drawings = [draw(rng) for _ in range(count)]
        kept, accepted = [], []
        for drawing in drawings:
            request = InvertRequest(bundle=tested.name, picture=passed_on(drawing.pixels, rng))
            inversion = run_job(tested.engine, request, InvertResult).inversion
            made = uploads.reconstruction(tested.bundle, inversion)[None]
            made = torch.nn.functional.adaptive_avg_pool2d(made, 128)
            kept.append(_kept(drawing, uploads.predict(tested.classifier, data.to_pictures(made))))
            accepted.append(inversion.fidelity.in_domain)
        found[name] = {
            "called_outside": count - sum(accepted),
            "kept": _shares(kept),
            "kept_of_accepted": _shares([row for row, known in zip(kept, accepted, strict=True) if known]),
        }
    return found


def _kept(drawing: Drawing, predictions: AttributeValues) -> dict[str, bool]:
    """Return whether each label of a drawing is predicted for its reconstruction."""
    amounts = {name: float(values[0]) > 0.5 for name, values in predictions.amounts.items()}
    found = {
        "glasses": amounts["glasses"] == drawing.glasses,
        "facial hair": (amounts["beard"] or amounts["moustache"]) == drawing.facial_hair,
    }
    if drawing.hair:
        colour = CHOICES["hair_color"][int(predictions.choices["hair_color"][0].argmax())]
        found["hair colour"] = colour in drawing.hair
    if drawing.tone is not None:
        found["skin"] = abs(float(predictions.scales["skin_tone"][0]) - drawing.tone) <= TONE
    return found


def _shares(rows: list[dict[str, bool]]) -> dict[str, float | None]:
    """Return the share of each label that was kept, and their mean."""
    names = dict.fromkeys(name for row in rows for name in row)
    shares = {name: mean([row[name] for row in rows if name in row]) for name in names}
    return shares | (
        {"mean": mean([share for share in shares.values() if share is not None])} if shares else {}
    )
