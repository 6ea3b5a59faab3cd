"""Encoding of pictures. The same pixels always give the same bytes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from editor.api.protocol import PictureData
from editor.imaging.decode import decode
from editor.imaging.jpeg import strip_metadata

LARGE = 8_000_000
"""Pixels from which an uploaded JPEG is stored as a JPEG."""


def png(pixels: np.ndarray) -> PictureData:
    """Encode uint8 [H, W, 3] as PNG, at a fast compression level."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    return PictureData(
        media_type="image/png", width=pixels.shape[1], height=pixels.shape[0], data=buffer.getvalue()
    )


def encode_original(data: bytes, pixels: np.ndarray) -> PictureData:
    """Encode an upload, whose pixels are uint8 [H, W, 3], for storage.

    This is a PNG. But a large JPEG, if its pixels are the same without its metadata, stays a JPEG and so
    stays small.
    """
    if (
        pixels.size // 3 >= LARGE
        and (plain := strip_metadata(data)) is not None
        and np.array_equal(decode(plain).pixels, pixels)
    ):
        return PictureData(media_type="image/jpeg", width=pixels.shape[1], height=pixels.shape[0], data=plain)
    return png(pixels)


def webp(pixels: np.ndarray, quality: int = 70) -> PictureData:
    """Encode uint8 [H, W, 3] as a small, lossy WebP, for previews."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=quality)
    height, width = pixels.shape[:2]
    return PictureData(media_type="image/webp", width=width, height=height, data=buffer.getvalue())
