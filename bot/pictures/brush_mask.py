"""The mask that a user painted with the brush: it says where an edit may act."""

from __future__ import annotations

from bot.errors import UnusableMask
from editor.api import painted_mask
from editor.api.errors import BadRequest
from editor.api.protocol import PictureData

MIN_BRIGHTNESS = 16
"""Darker pixels, of 0..255, do not count as painted."""


def read_brush_mask(data: bytes) -> PictureData:
    """Read a mask, white on black and of any size, and return it small enough to send to the editor.

    Raises:
        UnusableMask: the file is not a picture, is far too large, or nothing is painted on it.
    """
    try:
        grey = painted_mask.open_mask(data)
    except BadRequest as error:
        raise UnusableMask from error
    if not any(grey.histogram()[MIN_BRIGHTNESS:]):
        raise UnusableMask
    return painted_mask.encode_mask(grey)
