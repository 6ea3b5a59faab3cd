"""Opening pictures that the bot itself has stored."""

from __future__ import annotations

import io

from PIL import Image


def decode_rgb(data: bytes) -> Image.Image:
    """An encoded picture as RGB."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")
