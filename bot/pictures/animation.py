"""An animation that shows the change from the original picture to an edit.

The frames have evenly spaced strengths and are shown for different times: the first and the last frame are
held, and the change starts and ends slowly (smoothstep). Size, quality and number of frames are reduced until
the file fits its limit.
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

_MOTION_MS, _HOLD_MS, _MIN_FRAME_MS = 1200, 900, 40
_MARK_BYTES = 2048
"""Bytes kept free for the AI mark."""


@dataclass(frozen=True)
class _Preset:
    """How an animation is encoded.

    Attributes:
        side: Longest side in pixels.
        quality: WebP quality 0..100, or the number of colours of a GIF.
        stride: Every how many frames one is kept.
    """

    side: int
    quality: int
    stride: int = 1


_PRESETS: dict[Format, tuple[_Preset, ...]] = {
    "webp": (
        _Preset(768, 85),
        _Preset(768, 72),
        _Preset(640, 70),
        _Preset(512, 65),
        _Preset(400, 60),
        _Preset(320, 55),
        _Preset(256, 50, 2),
        _Preset(160, 40, 3),
        _Preset(96, 30, 4),
    ),
    "gif": (
        _Preset(480, 256),
        _Preset(400, 192),
        _Preset(320, 128),
        _Preset(256, 96),
        _Preset(192, 64, 2),
        _Preset(128, 32, 3),
        _Preset(64, 16, 4),
    ),
}
"""From the best to the smallest."""


def encode_animation(
    frames: Sequence[bytes], limit: int, boomerang: bool = True, kind: Format = "webp"
) -> Picture:
    """Encode frames as an endless animation.

    Args:
        frames: Encoded pictures of one size, the original first.
        limit: The most bytes that the animation may have.
        boomerang: Play backwards to the original; otherwise jump back to it.
        kind: The file format.

    Raises:
        ValueError: there are fewer than two frames, or no animation fits the limit.
    """
    if len(frames) < 2:
        raise ValueError("an animation needs two frames")
    images = [decode_rgb(data) for data in frames]
    presets = _useful_presets(kind, max(images[0].size))
    while presets:
        preset = presets.pop(0)
        encoded = _encode(images, preset, boomerang, kind)
        if len(encoded.data) <= limit - _MARK_BYTES:
            return mark(encoded)
        excess = len(encoded.data) / max(1, limit)
        while len(presets) > 1 and excess > 4 * _size_ratio(preset, presets[0]):
            presets.pop(0)  # far too large, so the next preset would be too
    raise ValueError(f"no animation fits into {limit} bytes")


def _useful_presets(kind: Format, side: int) -> list[_Preset]:
    """Leave out presets that differ from the one before only by a size above ``side``, that of the frames."""
    presets = _PRESETS[kind]
    return [
        preset
        for number, preset in enumerate(presets)
        if number == 0 or preset.side < side or presets[number - 1].side <= side
    ]


def _size_ratio(preset: _Preset, other: _Preset) -> float:
    """Estimate how many times fewer bytes ``other`` takes."""
    pixels = (preset.side / other.side) ** 2
    return pixels * (preset.quality / other.quality) * (other.stride / preset.stride)


def frame_durations(frames: int, boomerang: bool = True) -> list[int]:
    """Return how many milliseconds each frame is shown; with ``boomerang`` also those of the way back."""
    times = [_inverse_smoothstep(number / (frames - 1)) for number in range(frames)]
    inner = [
        max(_MIN_FRAME_MS, round(_MOTION_MS * (after - before) / 2))
        for before, after in zip(times, times[2:], strict=False)
    ]
    return [_HOLD_MS, *inner, _HOLD_MS, *(reversed(inner) if boomerang else ())]


def _inverse_smoothstep(value: float) -> float:
    """Return the t in 0..1 at which 3 t² - 2 t³ is ``value``, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * middle * (3 - 2 * middle) < value else (low, middle)
    return low


def _encode(images: Sequence[Image.Image], preset: _Preset, boomerang: bool, kind: Format) -> Picture:
    scale = min(1.0, preset.side / max(images[0].size))
    width, height = (max(1, round(side * scale)) for side in images[0].size)
    kept = [*images[: -1 : preset.stride], images[-1]]
    frames = [image.resize((width, height), Image.Resampling.LANCZOS) for image in kept]
    options: dict[str, Any] = {"quality": preset.quality, "method": 3}
    if kind == "gif":
        frames = _share_palette(frames, preset.quality)
        options = {"optimize": False, "disposal": 1}
    loop = [*frames, *(frames[-2:0:-1] if boomerang else ())]
    buffer = io.BytesIO()
    loop[0].save(
        buffer,
        kind.upper(),
        save_all=True,
        append_images=loop[1:],
        duration=frame_durations(len(frames), boomerang),
        loop=0,
        **options,
    )
    return Picture(buffer.getvalue(), f"image/{kind}", width, height)


def _share_palette(images: Sequence[Image.Image], colours: int) -> list[Image.Image]:
    """Reduce all frames to one palette, so that parts that do not change do not flicker."""
    typical = [images[0], images[len(images) // 2], images[-1]]
    width, height = images[0].size
    strip = Image.new("RGB", (width * len(typical), height))
    for number, image in enumerate(typical):
        strip.paste(image, (number * width, 0))
    palette = strip.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    return [image.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for image in images]
