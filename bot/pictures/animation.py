"""Pictures on the way from the original to an edit as a loop that shows the change.

The frames are evenly spaced in strength; time is not: each end is held, and the change begins and ends gently. The loop
is made smaller, coarser and shorter until it fits its limit.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from PIL import Image

from bot.pictures.decoding import decode_rgb
from bot.pictures.mark import mark
from storage.records import Picture

Format = Literal["webp", "gif"]

_WAY_MS, _HELD_MS, _LEAST_MS = 1200, 900, 40
_OVERHEAD = 2048
"""Bytes kept free for the AI mark."""


@dataclass(frozen=True)
class _Rung:
    """One try: longest side in pixels, quality (colours for GIF), and every how many frames one is shown."""

    side: int
    quality: int
    stride: int = 1


_RUNGS: dict[Format, tuple[_Rung, ...]] = {
    "webp": (
        _Rung(768, 85),
        _Rung(768, 72),
        _Rung(640, 70),
        _Rung(512, 65),
        _Rung(400, 60),
        _Rung(320, 55),
        _Rung(256, 50, 2),
        _Rung(160, 40, 3),
        _Rung(96, 30, 4),
    ),
    "gif": (
        _Rung(480, 256),
        _Rung(400, 192),
        _Rung(320, 128),
        _Rung(256, 96),
        _Rung(192, 64, 2),
        _Rung(128, 32, 3),
        _Rung(64, 16, 4),
    ),
}


def encode_animation(
    frames: Sequence[bytes], limit: int, boomerang: bool = True, kind: Format = "webp"
) -> Picture:
    """A looping animation of at most ``limit`` bytes from encoded pictures of one size, the original first.

    ``boomerang`` goes back the way it came; without it the loop starts again from the original. Raises ValueError where
    there are fewer than two frames, or where no loop fits ``limit``.
    """
    if len(frames) < 2:
        raise ValueError("an animation needs two frames")
    images = [decode_rgb(data) for data in frames]
    rungs, size = _RUNGS[kind], max(images[0].size)
    tries = [
        rung
        for number, rung in enumerate(rungs)
        if number == 0 or rung.side < size or rungs[number - 1].side <= size
    ]
    while tries:
        rung = tries.pop(0)
        made = _encoded(images, rung, boomerang, kind)
        if len(made.data) <= limit - _OVERHEAD:
            return mark(made)
        excess = len(made.data) / max(1, limit)
        while len(tries) > 1 and excess > 4 * _lighter(rung, tries[0]):
            tries.pop(0)  # far too large: the next rung would be so too
    raise ValueError(f"no animation fits into {limit} bytes")


def _lighter(rung: _Rung, other: _Rung) -> float:
    """About how many times fewer bytes the other rung takes."""
    return (rung.side / other.side) ** 2 * (rung.quality / other.quality) * (other.stride / rung.stride)


def frame_durations(frames: int, boomerang: bool = True) -> list[int]:
    """Milliseconds of each frame, with both ends held; ``boomerang`` counts the frames of the way back too."""
    way = [_moment(number / (frames - 1)) for number in range(frames)]
    inner = [
        max(_LEAST_MS, round(_WAY_MS * (way[number + 1] - way[number - 1]) / 2))
        for number in range(1, frames - 1)
    ]
    return [_HELD_MS, *inner, _HELD_MS, *(reversed(inner) if boomerang else ())]


def _moment(strength: float) -> float:
    """When smoothstep, 3 t² - 2 t³, reaches ``strength``: its inverse, 0 to 1."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * middle * (3 - 2 * middle) < strength else (low, middle)
    return low


def _encoded(images: Sequence[Image.Image], rung: _Rung, boomerang: bool, kind: Format) -> Picture:
    kept = [*range(0, len(images) - 1, rung.stride), len(images) - 1]
    width, height = images[0].size
    scale = min(1.0, rung.side / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    way = [
        images[number].resize(size, Image.Resampling.LANCZOS)
        if images[number].size != size
        else images[number]
        for number in kept
    ]
    if kind == "gif":
        way = _in_one_palette(way, rung.quality)
    loop = [*way, *(way[-2:0:-1] if boomerang else ())]
    options: dict[str, Any] = {
        "save_all": True,
        "append_images": loop[1:],
        "duration": frame_durations(len(way), boomerang),
        "loop": 0,
    }
    more = {"quality": rung.quality, "method": 3} if kind == "webp" else {"optimize": False, "disposal": 1}
    buffer = io.BytesIO()
    loop[0].save(buffer, kind.upper(), **options, **more)
    return Picture(buffer.getvalue(), f"image/{kind}", *size)


def _in_one_palette(images: Sequence[Image.Image], colours: int) -> list[Image.Image]:
    """One palette for all frames, so that what does not change does not flicker."""
    shown = [images[0], images[len(images) // 2], images[-1]]
    width, height = images[0].size
    strip = Image.new("RGB", (width * len(shown), height))
    for number, image in enumerate(shown):
        strip.paste(image, (number * width, 0))
    palette = strip.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return [image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for image in images]
