"""Where a wish may act: a painted mask, or words that name a place, as a soft mask of the edited square."""

from __future__ import annotations

import re

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from editor.api import painted_mask
from editor.api.protocol import Change, Geometry, PictureData
from editor.bundle.bundle import Bundle
from editor.bundle.direction_bank import find
from editor.device.progress import Progress, no_progress
from editor.editing import text_directions
from editor.editing.methods.base import State
from editor.imaging.crop import crop

FEATHER, RIM = 1 / 64, 1 / 64
"""Softness of a region's edge and how far it goes beyond what was measured, in sides of the square."""
COLOURS = ("red", "green", "blue", "pink", "black", "white")
"""What a place is recoloured to, to see where it is."""
COLOUR_SHARE, HEAT, LEAST_HEAT = 0.3, 0.2, 0.06
"""How much of what the colour alone moves is taken off; the share of the most that a pixel of the place must move by; and
the least that this most must be, in [-1, 1] units."""
DEVIATIONS = 3.0
"""Length of a global direction's step where there is no mapper, in deviations of its strongest channel."""
_ARTICLE = re.compile(r"^(?:only |just )?(?:on |in )?(?:the |his |her |their |my |its )?")
_SIDES = {
    "left": "left",
    "right": "right",
    "upper": "upper",
    "top": "upper",
    "lower": "lower",
    "bottom": "lower",
}
_SIDE = re.compile(rf"^({'|'.join(_SIDES)}) (.+)$")


def small(mask: PictureData) -> PictureData:
    """A painted mask as greyscale PNG of at most ``painted_mask.MAX_SIDE`` pixels. Raises BadRequest for what is no picture."""
    return painted_mask.encode_mask(painted_mask.open_mask(mask.data))


def painted(mask: PictureData, geometry: Geometry, size: int) -> Tensor:
    """A painted mask of the whole picture as the mask [size, size] of its edited square, in 0..1."""
    whole = painted_mask.open_mask(mask.data).resize(
        (geometry.width, geometry.height), Image.Resampling.BILINEAR
    )
    square = crop(np.repeat(np.asarray(whole)[:, :, None], 3, axis=2), geometry, size)
    return feathered((square[0] + 1) / 2)


def feathered(mask: Tensor) -> Tensor:
    """A mask [R, R] with a soft edge inside of it: 0 stays 0 but for a thin rim."""
    radius = max(1, round(FEATHER * mask.shape[-1]))
    padded = F.pad(mask[None, None], [radius] * 4, mode="replicate")
    soft = F.avg_pool2d(padded, 2 * radius + 1, stride=1)[0, 0]
    return ((soft - 0.05) / 0.9).clamp(0, 1)


@torch.no_grad()
def named(
    bundle: Bundle, w: Tensor, styles: Tensor, words: str, watch: Progress = no_progress
) -> Tensor | None:
    """Where the place that ``words`` name lies in a picture: a mask [R, R]; None where nothing in it is that place.

    ``w`` [w_dim] and ``styles`` [C] are the picture's. No model of parts is asked. The place is recoloured by the
    bundle's own edits ("red hair", "blue hair", ...), and the place is where that moves pixels and the colour alone
    ("red") does not. Measured against drawings whose parts are known, this finds the place better than clusters of the
    generator's features do (docs/methods.md).
    """
    side, noun = sided(words)
    place = max(
        (noun, noun + "s"), key=lambda form: text_directions.response(bundle, Change(prompt=form))
    )  # "eye" as "eyes"
    if text_directions.response(bundle, Change(prompt=place)) < text_directions.LEAST_RESPONSE:
        return None
    texts = [*(f"{colour} {place}" for colour in COLOURS), *COLOURS]
    heats = _heats(bundle, w, styles, texts, watch)
    heat = (heats[: len(COLOURS)].mean(0) - COLOUR_SHARE * heats[len(COLOURS) :].mean(0)).clamp_min(0)
    if float(heat.max()) < LEAST_HEAT:
        return None
    mask = (heat > HEAT * heat.max()).float()
    mask = halved(mask, side) if side else mask
    return feathered(_grown(mask)) if bool(mask.any()) else None


def _heats(bundle: Bundle, w: Tensor, styles: Tensor, texts: list[str], watch: Progress) -> Tensor:
    """How much each pixel is moved by the step of each of N texts: [N, R, R]."""
    directions = torch.stack([text_directions.text_direction(bundle, Change(prompt=text)) for text in texts])
    if bundle.mapper is not None:
        steps = bundle.generator.synthesis.style_steps(bundle.mapper(w.expand(len(texts), -1), directions))
    else:
        found = [find(bundle.bank, direction) for direction in directions]
        steps = torch.stack(
            [torch.zeros_like(styles) if one is None else DEVIATIONS * one.delta for one in found]
        )
    before, *after = State(w, styles, torch.zeros_like(styles)).compared(
        bundle, torch.cat([torch.zeros_like(steps[:1]), steps]), watch
    )
    return (torch.stack(after) - before).abs().mean(1)


def sided(words: str) -> tuple[str | None, str]:
    """The half that words name, as the viewer sees it, and what is left of them: "the left eye" -> ("left", "eye")."""
    plain = _ARTICLE.sub("", words.strip().lower())
    found = _SIDE.match(plain)
    return (_SIDES[found.group(1)], found.group(2)) if found else (None, plain)


def halved(mask: Tensor, side: str) -> Tensor:
    """The half of a mask [R, R] on one side of its own middle."""
    rows, columns = (mask > 0).nonzero(as_tuple=True)
    places = columns if side in ("left", "right") else rows
    middle = 0.5 * (float(places.min()) + float(places.max()))
    before = torch.arange(mask.shape[-1], device=mask.device) <= middle
    kept = before if side in ("left", "upper") else ~before
    return mask * (kept[None, :] if side in ("left", "right") else kept[:, None])


def _grown(mask: Tensor) -> Tensor:
    """A mask [R, R] with its holes and gaps closed, and a rim for what the edit may move."""
    radius = max(1, round(RIM * mask.shape[-1]))
    wide = F.max_pool2d(mask[None, None], 4 * radius + 1, stride=1, padding=2 * radius)
    return -F.max_pool2d(-F.pad(wide, [radius] * 4, mode="replicate"), 2 * radius + 1, stride=1)[0, 0]
