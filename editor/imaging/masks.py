"""Masks that a person painted: white where a wish may act, black elsewhere, over the whole picture in any size."""

from __future__ import annotations

import io

from PIL import Image

from editor.api.errors import BadRequest
from editor.api.protocol import PictureData

MOST_SIDE = 256
"""Pixels of a painted mask's longer side that an adjustment carries with it."""
MOST_PIXELS = 4096 * 4096


def opened(data: bytes) -> Image.Image:
    """An encoded mask in grey, of at most ``MOST_SIDE`` pixels. Raises BadRequest for what is no picture."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
            if image.width * image.height > MOST_PIXELS:
                raise BadRequest("The painted mask is too large.")
            grey = image.convert("L")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadRequest("The painted mask is no picture that can be opened.") from error
    grey.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.BOX)
    return grey


def encoded(grey: Image.Image) -> PictureData:
    """A mask as PNG."""
    buffer = io.BytesIO()
    grey.save(buffer, "PNG")
    return PictureData(media_type="image/png", width=grey.width, height=grey.height, data=buffer.getvalue())
