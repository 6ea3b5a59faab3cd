"""A picture made to fit an upload limit, with as little loss as that takes."""

from __future__ import annotations

import io
from collections.abc import Iterator

from PIL import Image

from bot.pictures.mark import Mark, is_marked, mark
from storage.records import Picture

_QUALITIES = (92, 82, 70)
_SMALLER = 0.75
_LEAST_SIDE = 32


def fit_to_limit(picture: Picture, limit: int, marked: Mark = mark) -> Picture:
    """The picture itself where it has at most ``limit`` bytes, else a WebP that does: coarser first, then smaller.

    The AI mark and the colour profile go along; ``marked`` puts the mark on again. Raises ValueError for a limit of a few
    hundred bytes, which no picture fits.
    """
    if len(picture.data) <= limit:
        return picture
    again = marked if is_marked(picture.data) else (lambda same: same)
    for attempt in _attempts(picture.data):
        candidate = again(attempt)
        if len(candidate.data) <= limit:
            return candidate
    raise ValueError(f"no picture fits into {limit} bytes")


def _attempts(data: bytes) -> Iterator[Picture]:
    with Image.open(io.BytesIO(data)) as opened:
        profile = opened.info.get("icc_profile")
        image = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    for quality in _QUALITIES:
        yield _encoded(image, quality, profile)
    while max(image.size) * _SMALLER >= _LEAST_SIDE:
        image = image.resize(
            (max(1, round(image.width * _SMALLER)), max(1, round(image.height * _SMALLER))),
            Image.Resampling.LANCZOS,
        )
        yield _encoded(image, _QUALITIES[-1], profile)


def _encoded(image: Image.Image, quality: int, profile: bytes | None) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=quality, method=4, icc_profile=profile)
    return Picture(buffer.getvalue(), "image/webp", *image.size)
