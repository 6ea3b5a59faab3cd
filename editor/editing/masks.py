"""Regions in which a change may act, painted or named in words, as soft masks of the edited square."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from editor.api import painted_mask
from editor.api.protocol import Change, Geometry, PictureData
from editor.bundle.direction_bank import find_direction
from editor.device.progress import ProgressCallback, no_progress
from editor.editing import text_directions
from editor.editing.methods.base import PictureState
from editor.imaging.crop import crop
from editor.imaging.windows import box_mean, dilate, erode

FEATHER, RIM = 1 / 64, 1 / 64
"""Softness of a region's edge, and its rim beyond the pixels that moved, in sides of the square."""
COLOURS = ("red", "green", "blue", "pink", "black", "white")
"""Colours that a place is given to see where it is."""
COLOUR_SHARE = 0.3
"""Share of what the colour alone moves that is subtracted."""
MOVED_SHARE, LEAST_MOVED = 0.2, 0.06
"""Share of the largest change from which a pixel belongs to the place, and the least that this largest change
must be, in [-1, 1] units."""
DEVIATIONS = 3.0
"""Length of a direction's step without a mapper, in standard deviations of its strongest channel."""
_ARTICLE = re.compile(r"^(?:only |just )?(?:on |in )?(?:the |his |her |their |my |its )?")
_SIDE = re.compile(r"^(left|right|upper|top|lower|bottom) (.+)$")
_SYNONYMS = {"top": "upper", "bottom": "lower"}


def reduce_mask(mask: PictureData) -> PictureData:
    """Return a painted mask as small as an adjustment keeps it. Raises BadRequest if it is no picture."""
    return painted_mask.encode_mask(painted_mask.open_mask(mask.data))


def crop_painted_mask(mask: PictureData, geometry: Geometry, size: int) -> Tensor:
    """Crop a painted mask of the whole picture to the edited square: [size, size] in 0..1."""
    whole = painted_mask.open_mask(mask.data).resize(
        (geometry.width, geometry.height), Image.Resampling.BILINEAR
    )
    square = crop(np.repeat(np.asarray(whole)[:, :, None], 3, axis=2), geometry, size)
    return feather((square[0] + 1) / 2)


def feather(mask: Tensor) -> Tensor:
    """Soften the edge of a mask [R, R] inwards: 0 stays 0 but for a thin rim."""
    radius = max(1, round(FEATHER * mask.shape[-1]))
    return ((box_mean(mask[None, None], radius)[0, 0] - 0.05) / 0.9).clamp(0, 1)


@torch.no_grad()
def find_region(state: PictureState, words: str, progress: ProgressCallback = no_progress) -> Tensor | None:
    """Find the place in a picture that ``words`` name, without a segmentation model.

    The place is recoloured by the bundle's own edits ("red hair", "blue hair", ...). It is where these move
    pixels and the colour alone ("red") does not. On drawings whose parts are known, this finds places better
    than clusters of the generator's features do (docs/methods.md).

    Returns a mask [R, R]; None if nothing in the picture is that place.
    """
    bundle, (side, noun) = state.bundle, split_side(words)
    forms = [Change(prompt=noun), Change(prompt=noun + "s")]  # "eye" is known as "eyes"
    place = max(forms, key=lambda form: text_directions.response(bundle, form))
    if not text_directions.responds(bundle, place):
        return None
    prompts = [*(f"{colour} {place.prompt}" for colour in COLOURS), *COLOURS]
    moved = _measure_changes(state, prompts, progress)
    heat = (moved[: len(COLOURS)].mean(0) - COLOUR_SHARE * moved[len(COLOURS) :].mean(0)).clamp_min(0)
    if float(heat.max()) < LEAST_MOVED:
        return None
    mask = (heat > MOVED_SHARE * heat.max()).float()
    mask = half_of(mask, side) if side else mask
    return feather(_close_gaps(mask)) if bool(mask.any()) else None


def _measure_changes(state: PictureState, prompts: list[str], progress: ProgressCallback) -> Tensor:
    """Return how much the edit by each of N prompts changes each pixel: [N, R, R]."""
    bundle = state.bundle
    directions = [text_directions.text_direction(bundle, Change(prompt=prompt)) for prompt in prompts]
    if bundle.mapper is not None:
        w = state.current_w.expand(len(prompts), -1)
        steps = bundle.generator.synthesis.style_steps(bundle.mapper(w, torch.stack(directions)))
    else:
        found = [find_direction(bundle.bank, direction, progress=progress) for direction in directions]
        none = torch.zeros_like(state.base)
        steps = torch.stack([none if one is None else DEVIATIONS * one.delta for one in found])
    plain = replace(state, regions=(), mask=None)
    return (plain.compare(steps, progress) - plain.before).abs().mean(1)


def split_side(words: str) -> tuple[str | None, str]:
    """Split off the half that words name, as the viewer sees it: "the left eye" -> ("left", "eye")."""
    plain = _ARTICLE.sub("", words.strip().lower())
    found = _SIDE.match(plain)
    return (_SYNONYMS.get(found[1], found[1]), found[2]) if found else (None, plain)


def half_of(mask: Tensor, side: str) -> Tensor:
    """Return the half of a mask [R, R] on one side of its own middle."""
    rows, columns = (mask > 0).nonzero(as_tuple=True)
    places = columns if side in ("left", "right") else rows
    middle = 0.5 * (float(places.min()) + float(places.max()))
    before = torch.arange(mask.shape[-1], device=mask.device) <= middle
    kept = before if side in ("left", "upper") else ~before
    return mask * (kept[None, :] if side in ("left", "right") else kept[:, None])


def _close_gaps(mask: Tensor) -> Tensor:
    """Close the holes and gaps of a mask [R, R], and add a rim for what the edit may move."""
    radius = max(1, round(RIM * mask.shape[-1]))
    return erode(dilate(mask[None, None], 2 * radius), radius)[0, 0]
