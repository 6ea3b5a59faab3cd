"""Where a person painted: a mask that says where a wish may act."""

from __future__ import annotations

import io

from PIL import Image

from bot.errors import UnusableMask
from storage.history import Picture

MOST_SIDE = 256
"""Pixels of the longer side that are kept; the edge is softened anyway."""
MOST_PIXELS = 4096 * 4096
LEAST_PAINTED = 16
"""Brightness in 0..255 below which nothing counts as painted."""


def painted(data: bytes) -> Picture:
    """A mask, white on black and of any size, as a small greyscale PNG. Raises UnusableMask for no picture, one that is far
    too large, and one where nothing is painted."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise UnusableMask
            grey = opened.convert("L")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise UnusableMask from error
    grey.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.BOX)
    if grey.point([value >= LEAST_PAINTED for value in range(256)]).getbbox() is None:
        raise UnusableMask
    buffer = io.BytesIO()
    grey.save(buffer, "PNG")
    return Picture(buffer.getvalue(), "image/png", grey.width, grey.height)
