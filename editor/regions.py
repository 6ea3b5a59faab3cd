"""Where a wish may act: a painted mask, or words that name a place, as a soft mask of the edited square."""

from __future__ import annotations

import io

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from editor.bundle import Bundle
from editor.errors import BadRequest
from editor.imaging.paste import crop
from editor.protocol import Geometry, PictureData

MOST_SIDE = 256
"""Pixels of a painted mask's longer side that an adjustment carries with it."""
MOST_PIXELS = 4096 * 4096
FEATHER = 1 / 64
"""Softness of a region's edge, in sides of the square."""


def small(mask: PictureData) -> PictureData:
    """A painted mask as greyscale PNG of at most ``MOST_SIDE`` pixels. Raises BadRequest for what is no picture."""
    try:
        with Image.open(io.BytesIO(mask.data), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadRequest("The painted mask is too large.")
            grey = image.convert("L")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadRequest("The painted mask is no picture that can be opened.") from error
    grey.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.BOX)
    buffer = io.BytesIO()
    grey.save(buffer, "PNG")
    return PictureData(media_type="image/png", width=grey.width, height=grey.height, data=buffer.getvalue())


def painted(mask: PictureData, geometry: Geometry, size: int) -> Tensor:
    """A painted mask of the whole picture as the mask [size, size] of its edited square, in 0..1."""
    grey = Image.open(io.BytesIO(small(mask).data)).convert("L")
    whole = grey.resize((geometry.width, geometry.height), Image.Resampling.BILINEAR)
    square = crop(np.repeat(np.asarray(whole)[:, :, None], 3, axis=2), geometry, size)
    return feathered((square[0] + 1) / 2)


def feathered(mask: Tensor) -> Tensor:
    """A mask [R, R] with a soft edge inside of it: 0 stays 0 but for a thin rim."""
    radius = max(1, round(FEATHER * mask.shape[-1]))
    padded = F.pad(mask[None, None], [radius] * 4, mode="replicate")
    soft = F.avg_pool2d(padded, 2 * radius + 1, stride=1)[0, 0]
    return ((soft - 0.05) / 0.9).clamp(0, 1)


@torch.no_grad()
def named(bundle: Bundle, styles: Tensor, words: str) -> Tensor | None:
    """Where the place that ``words`` name lies in the picture of ``styles`` [C]: a mask [R, R]; None where nothing is it."""
    return None
