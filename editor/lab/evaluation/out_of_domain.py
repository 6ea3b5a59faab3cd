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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from editor.api.protocol import Inversion, InvertRequest, InvertResult
from editor.lab.evaluation import uploads
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


def avataaars(rng: np.random.Generator) -> Drawing:
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


def personas(rng: np.random.Generator) -> Drawing:
    """Draw one in DiceBear's style of that name."""
    style = _definition("personas")
    hair, tone = rng.choice(style["colors"]["hair"]["values"]), rng.choice(style["colors"]["skin"]["values"])
    glasses, bearded = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    options = {
        "hairVariant": _variant(rng, style, "hair", "bald", "balding", "beanie", "cap", "buzzcut", "fade"),
        "hairColor": [hair],
        "facialHairColor": [hair],
        "skinColor": [tone],
        "facialHairProbability": 100 * bearded,
        "facialHairVariant": _variant(rng, style, "facialHair", "soulPatch", "shadow"),
        "eyesVariant": ["glasses" if glasses else "open"],
        "mouthVariant": _variant(rng, style, "mouth", "pacifier"),
    }
    return Drawing(_dicebear(style, rng, options), hair_names(hair), skin_tone(tone), glasses, bearded)


def micah(rng: np.random.Generator) -> Drawing:
    """Draw one in DiceBear's style of that name."""
    style = _definition("micah")
    hair, tone = rng.choice(style["colors"]["hair"]["values"]), rng.choice(style["colors"]["base"]["values"])
    glasses, bearded = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    options = {
        "hairVariant": _variant(rng, style, "hair", "mrClean", "turban", "dannyPhantom", "mrT"),
        "hairColor": [hair],
        "baseColor": [tone],
        "glassesProbability": 100 * glasses,
        "facialHairProbability": 100 * bearded,
        "facialHairVariant": ["beard"],
    }
    return Drawing(_dicebear(style, rng, options), hair_names(hair), skin_tone(tone), glasses, bearded)


SOURCES: dict[str, Callable[[np.random.Generator], Drawing]] = {
    "python-avatars": avataaars,
    "personas": personas,
    "micah": micah,
}


def _definition(name: str) -> dict[str, Any]:
    text = (importlib.resources.files("dicebear_styles") / f"{name}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _variant(rng: np.random.Generator, style: dict[str, Any], part: str, *without: str) -> list[str]:
    """Choose a variant of a part, except those that hide a label."""
    return [str(rng.choice([name for name in style["components"][part]["variants"] if name not in without]))]


def _dicebear(style: dict[str, Any], rng: np.random.Generator, options: dict[str, Any]) -> np.ndarray:
    from dicebear import Avatar, Style

    picture = str(Avatar(Style(style), {"seed": str(rng.integers(1 << 30)), **options}))
    linked = picture.replace(' href="', ' xlink:href="')  # Skia reads only the older syntax
    return raster(re.sub("<svg ", '<svg xmlns:xlink="http://www.w3.org/1999/xlink" ', linked, count=1))


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
        inversions = [_inversion(tested, passed_on(drawing.pixels, rng)) for drawing in drawings]
        predictions = uploads.predict(tested.classifier, [_made(tested, one) for one in inversions])
        kept = [dict(_kept(drawing, predictions, place)) for place, drawing in enumerate(drawings)]
        accepted = [inversion.fidelity.in_domain for inversion in inversions]
        found[name] = {
            "called_outside": count - sum(accepted),
            "kept": _shares(kept),
            "kept_of_accepted": _shares([row for row, known in zip(kept, accepted, strict=True) if known]),
        }
    return found


def _inversion(tested: EvaluatedBundle, picture: bytes) -> Inversion:
    request = InvertRequest(bundle=tested.name, picture=picture)
    return run_job(tested.engine, request, InvertResult).inversion


def _made(tested: EvaluatedBundle, inversion: Inversion) -> np.ndarray:
    """Return the reconstruction, uint8 [128, 128, 3]."""
    made = uploads.reconstruction(tested.bundle, inversion)[None]
    return data.to_pictures(torch.nn.functional.adaptive_avg_pool2d(made, 128))[0]


def _kept(drawing: Drawing, predictions: AttributeValues, place: int) -> Iterator[tuple[str, bool]]:
    """Yield each label of a drawing and whether it is predicted."""
    if drawing.hair:
        colour = int(predictions.choices["hair_color"][place].argmax())
        yield "hair colour", CHOICES["hair_color"][colour] in drawing.hair
    if drawing.tone is not None:
        yield "skin", abs(float(predictions.scales["skin_tone"][place]) - drawing.tone) <= TONE
    yield "glasses", (float(predictions.amounts["glasses"][place]) > 0.5) == drawing.glasses
    hairy = max(float(predictions.amounts[name][place]) for name in ("beard", "moustache")) > 0.5
    yield "facial hair", hairy == drawing.facial_hair


def _shares(rows: list[dict[str, bool]]) -> dict[str, float]:
    """Return the share of each label that was kept, and their mean."""
    names = dict.fromkeys(name for row in rows for name in row)
    shares = {name: round(float(np.mean([row[name] for row in rows if name in row])), 4) for name in names}
    return shares | ({"mean": round(float(np.mean(list(shares.values()))), 4)} if shares else {})
