"""Encoding results: the same pixels always give the same bytes."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from editor.protocol import PictureData


def png(pixels: np.ndarray) -> PictureData:
    """uint8 [H, W, 3] -> PNG, at a compression level chosen for speed."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=4)
    return PictureData(media_type="image/png", width=pixels.shape[1], height=pixels.shape[0], data=buffer.getvalue())


def webp(pixels: np.ndarray, quality: int = 70) -> PictureData:
    """Encode [H, W, 3] uint8 as a small, lossy WebP: previews."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=quality)
    height, width = pixels.shape[:2]
    return PictureData(media_type="image/webp", width=width, height=height, data=buffer.getvalue())
