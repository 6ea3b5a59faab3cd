"""Makes a picture fit an upload limit, with as little loss as possible."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from bot.pictures.mark import is_marked, mark
from storage.records import Picture

_QUALITIES = (92, 82, 70)
_SCALE_STEP = 0.75
_MIN_SIDE = 32


def fit_to_limit(picture: Picture, limit: int) -> Picture:
    """Return the picture itself if it has at most ``limit`` bytes, else a WebP that does.

    The quality is reduced first, then the size. The colour profile and the AI mark are kept.

    Raises ValueError if the limit is a few hundred bytes, too little for any picture.
    """
    if len(picture.data) <= limit:
        return picture
    was_marked = is_marked(picture.data)
    for attempt in _attempts(picture.data):
        candidate = mark(attempt) if was_marked else attempt
        if len(candidate.data) <= limit:
            return candidate
    raise ValueError(f"no picture fits into {limit} bytes")


def _attempts(data: bytes) -> Iterator[Picture]:
    """Yield the picture with ever fewer bytes."""
    with Image.open(io.BytesIO(data)) as opened:
        profile = opened.info.get("icc_profile")
        image = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    for quality in _QUALITIES:
        yield _encode(image, quality, profile)
    while max(image.size) * _SCALE_STEP >= _MIN_SIDE:
        width, height = (max(1, round(side * _SCALE_STEP)) for side in image.size)
        image = image.resize((width, height), Image.Resampling.LANCZOS)
        yield _encode(image, _QUALITIES[-1], profile)


def _encode(image: Image.Image, quality: int, profile: bytes | None) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4, icc_profile=profile)
    return Picture(buffer.getvalue(), "image/webp", *image.size)
