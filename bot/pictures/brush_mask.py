"""Where a person painted: a mask that says where a wish may act."""

from __future__ import annotations

from bot.errors import UnusableMask
from editor.api import painted_mask
from editor.api.errors import BadRequest
from editor.api.protocol import PictureData

LEAST_PAINTED = 16
"""Brightness in 0..255 below which nothing counts as painted."""


def read_brush_mask(data: bytes) -> PictureData:
    """A mask, white on black and of any size, in small. Raises UnusableMask for no picture, one that is far too large, and one
    where nothing is painted."""
    try:
        grey = painted_mask.open_mask(data)
    except BadRequest as error:
        raise UnusableMask from error
    if grey.point([value >= LEAST_PAINTED for value in range(256)]).getbbox() is None:
        raise UnusableMask
    return painted_mask.encode_mask(grey)
