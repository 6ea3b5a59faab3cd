"""Portraits that others draw, whose own options say what is to be seen: does the reconstruction keep it, and is what lies too
far called outside?

python-avatars (MIT) draws Pablo Stanley's Avataaars; DiceBear's core (MIT) draws "Personas" by Draftbit and "Micah" by Micah
Lanier (both CC BY 4.0). All of them are extras for testing, and nothing of them comes along. Every picture is cropped a
little and recompressed, as pictures are that have been through a few hands.
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

from editor.api.protocol import InvertRequest, InvertResult
from editor.editing.engine import Engine
from editor.imaging.arrays import to_tensor
from editor.lab.evaluation import uploads
from editor.lab.training import data
from editor.lab.training.avatars.appearance import CHOICES, PALETTES, skin
from editor.networks.attribute_classifier import AttributeClassifier, AttributeValues

SIDE = 256
FAR, SAME = 0.25, 0.08
"""Distance in RGB from which a colour is none of ours, and up to which another of ours is as good a name for it."""
TONE = 0.25
"""By this much of its range a skin's tone may be read differently."""


@dataclass(frozen=True)
class Drawing:
    """A portrait uint8 [H, W, 3] with what its options say; None and no names for what they do not say or we do not know."""

    pixels: np.ndarray
    hair: frozenset[str]
    tone: float | None
    glasses: bool
    facial_hair: bool


def hair_names(code: str | None) -> frozenset[str]:
    """The names that a hair colour (#rrggbb) may go by."""
    if code is None:
        return frozenset()
    distance = np.linalg.norm(PALETTES["hair_color"] - _rgb(code), axis=1)
    near = (distance <= distance.min() + SAME) & (distance.min() <= FAR)
    return frozenset(np.array(CHOICES["hair_color"])[near].tolist())


def skin_tone(code: str) -> float | None:
    """Where a skin's colour (#rrggbb) lies from pale to dark; None for one that is no skin's."""
    tones = np.linspace(0, 1, 101)
    distance = np.linalg.norm(skin(tones) - _rgb(code), axis=1)
    return float(tones[distance.argmin()]) if distance.min() <= FAR else None


def _rgb(code: str) -> np.ndarray:
    return np.array([int(code[place : place + 2], 16) / 255 for place in (1, 3, 5)], np.float32)


def avataaars(rng: np.random.Generator) -> Drawing:
    """One by python-avatars."""
    import python_avatars as drawn

    def one(kinds: Any, *without: str) -> Any:
        return rng.choice(np.array([kind for kind in kinds if kind.name not in without], dtype=object))

    unlike = ("NONE", "ASTRONAUT", "BRIDE", "HAT", "SIDES", "BUZZCUT")  # no hair, or hardly any to be seen
    hair, tone = one(drawn.HairColor), one(drawn.SkinColor)
    glasses, bearded = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    accessory = one(
        drawn.AccessoryType,
        "NONE",
        "EYEPATCH",
        "KURT",
        "SUNGLASSES",
        "SUNGLASSES_2",
        "WAYFARERS",
        "WAYFARERS_2",
    )
    picture = drawn.Avatar(
        style=drawn.AvatarStyle.TRANSPARENT,
        top=one(drawn.HairType, *unlike),
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
    """One in DiceBear's style of that name."""
    style = _definition("personas")
    hair, tone = rng.choice(style["colors"]["hair"]["values"]), rng.choice(style["colors"]["skin"]["values"])
    glasses, bearded = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    options = {
        "hairVariant": _other(rng, style, "hair", "bald", "balding", "beanie", "cap", "buzzcut", "fade"),
        "hairColor": [hair],
        "facialHairColor": [hair],
        "skinColor": [tone],
        "facialHairProbability": 100 * bearded,
        "facialHairVariant": _other(rng, style, "facialHair", "soulPatch", "shadow"),
        "eyesVariant": ["glasses" if glasses else "open"],
        "mouthVariant": _other(rng, style, "mouth", "pacifier"),
    }
    return Drawing(_dicebear(style, rng, options), hair_names(hair), skin_tone(tone), glasses, bearded)


def micah(rng: np.random.Generator) -> Drawing:
    """One in DiceBear's style of that name."""
    style = _definition("micah")
    hair, tone = rng.choice(style["colors"]["hair"]["values"]), rng.choice(style["colors"]["base"]["values"])
    glasses, bearded = bool(rng.random() < 0.5), bool(rng.random() < 0.5)
    options = {
        "hairVariant": _other(rng, style, "hair", "mrClean", "turban", "dannyPhantom", "mrT"),
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


def _other(rng: np.random.Generator, style: dict[str, Any], part: str, *without: str) -> list[str]:
    """One variant of a part, but for those that hide what is asked about."""
    return [str(rng.choice([name for name in style["components"][part]["variants"] if name not in without]))]


def _dicebear(style: dict[str, Any], rng: np.random.Generator, options: dict[str, Any]) -> np.ndarray:
    from dicebear import Avatar, Style

    picture = str(Avatar(Style(style), {"seed": str(rng.integers(1 << 30)), **options}))
    linked = picture.replace(' href="', ' xlink:href="')  # the older way of writing it, which Skia reads
    return raster(re.sub("<svg ", '<svg xmlns:xlink="http://www.w3.org/1999/xlink" ', linked, count=1))


def raster(picture: str) -> np.ndarray:
    """An SVG picture on white: uint8 [SIDE, SIDE, 3]."""
    import skia

    image = skia.SVGDOM.MakeFromStream(skia.MemoryStream(picture.encode()))
    image.setContainerSize(skia.Size(SIDE, SIDE))
    surface = skia.Surface(SIDE, SIDE)
    surface.getCanvas().clear(skia.ColorWHITE)
    image.render(surface.getCanvas())
    pixels = surface.makeImageSnapshot().toarray(colorType=skia.ColorType.kRGBA_8888_ColorType)
    return np.ascontiguousarray(pixels[..., :3])


def passed_on(pixels: np.ndarray, rng: np.random.Generator) -> bytes:
    """Cropped by up to 6 % on each side and saved as JPEG of quality 50 to 90."""
    left, top, right, bottom = (int(SIDE * rng.uniform(0, 0.06)) for _ in range(4))
    buffer = io.BytesIO()
    Image.fromarray(pixels[top : SIDE - bottom, left : SIDE - right]).save(
        buffer, "JPEG", quality=int(rng.integers(50, 91))
    )
    return buffer.getvalue()


def others(
    engine: Engine, bundle: str, judge: AttributeClassifier, count: int, seed: int
) -> dict[str, dict[str, Any]]:
    """For each source: shares of ``count`` drawings whose hair colour, skin, glasses and facial hair are read on the
    reconstruction as the options have them, over all and over those that are not called outside."""
    found = {}
    for name, draw in SOURCES.items():
        rng = np.random.default_rng(seed)
        drawings = [draw(rng) for _ in range(count)]
        results = [_inverted(engine, bundle, passed_on(drawing.pixels, rng)) for drawing in drawings]
        reading = uploads.read(judge, [_made(engine, bundle, result) for result in results])
        kept = [dict(_kept(drawing, reading, place)) for place, drawing in enumerate(drawings)]
        inside = [result.inversion.fidelity.in_domain for result in results]
        believed = [row for row, known in zip(kept, inside, strict=True) if known]
        found[name] = {
            "called outside": count - sum(inside),
            "kept": _shares(kept),
            "kept of what is not": _shares(believed),
        }
    return found


def _inverted(engine: Engine, bundle: str, picture: bytes) -> InvertResult:
    result = engine.run(InvertRequest(bundle=bundle, picture=picture), uploads.quiet, uploads.never)
    assert isinstance(result, InvertResult)
    return result


@torch.no_grad()
def _made(engine: Engine, bundle: str, result: InvertResult) -> np.ndarray:
    """The reconstruction, uint8 [128, 128, 3]."""
    loaded = engine.loaded[bundle]
    config = loaded.generator.config
    w = to_tensor(result.inversion.latent.w, (config.num_ws, config.w_dim), "latent").to(engine.device)
    made = loaded.reconstruct(w)
    return data.to_pictures(torch.nn.functional.adaptive_avg_pool2d(made, 128))[0]


def _kept(drawing: Drawing, reading: AttributeValues, place: int) -> Iterator[tuple[str, bool]]:
    """What is labelled, and whether it is read so."""
    if drawing.hair:
        yield (
            "hair colour",
            CHOICES["hair_color"][int(reading.choices["hair_color"][place].argmax())] in drawing.hair,
        )
    if drawing.tone is not None:
        yield "skin", abs(float(reading.scales["skin_tone"][place]) - drawing.tone) <= TONE
    yield "glasses", (float(reading.amounts["glasses"][place]) > 0.5) == drawing.glasses
    hairy = max(float(reading.amounts[name][place]) for name in ("beard", "moustache")) > 0.5
    yield "facial hair", hairy == drawing.facial_hair


def _shares(rows: list[dict[str, bool]]) -> dict[str, float]:
    """The share of each label that was kept, and their mean."""
    names = dict.fromkeys(name for row in rows for name in row)
    shares = {name: round(float(np.mean([row[name] for row in rows if name in row])), 4) for name in names}
    return shares | ({"mean": round(float(np.mean(list(shares.values()))), 4)} if shares else {})
