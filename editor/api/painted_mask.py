"""Painted masks: white where an edit may act and black elsewhere, over the whole picture, in any size."""

from __future__ import annotations

import io

from PIL import Image

from editor.api.decoding_cost import check_decoding_cost
from editor.api.errors import BadRequest
from editor.api.protocol import PictureData

MAX_SIDE = 256
"""Longer side in pixels of the mask that an adjustment stores."""
MAX_PIXELS = 4096 * 4096


def open_mask(data: bytes) -> Image.Image:
    """Open an encoded mask as greyscale of at most ``MAX_SIDE`` pixels.

    Raises BadRequest if it is no picture.
    """
    try:
        check_decoding_cost(data)
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
            too_large = image.width * image.height > MAX_PIXELS
            grey = None if too_large else image.convert("L")
    except Exception as error:  # decoders raise whatever a damaged file makes of them
        raise BadRequest("The painted mask is not a picture that can be opened.") from error
    if grey is None:
        raise BadRequest("The painted mask is too large.")
    grey.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    return grey


def encode_mask(grey: Image.Image) -> PictureData:
    """Encode a mask as PNG."""
    buffer = io.BytesIO()
    grey.save(buffer, "PNG")
    return PictureData(media_type="image/png", width=grey.width, height=grey.height, data=buffer.getvalue())
