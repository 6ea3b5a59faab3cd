"""Decoding of pictures that the bot itself has stored."""

from __future__ import annotations

import io

from PIL import Image


def decode_rgb(data: bytes) -> Image.Image:
    """Decode a picture as RGB."""
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGB")
