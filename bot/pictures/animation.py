"""An animation that shows the change from the original picture to an edit.

The frames have evenly spaced strengths and are shown for different times: the first and the last frame are
held, and the change starts and ends slowly (smoothstep). Size, quality and number of frames are reduced until
the file fits its limit.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from bot.pictures.mark import mark
from storage.records import Picture

_MOTION_MS, _HOLD_MS, _MIN_FRAME_MS = 1200, 900, 40
_MARK_BYTES = 2048
"""Bytes kept free for the AI mark."""
_PRESETS = (
    (768, 85, 1),
    (768, 72, 1),
    (640, 70, 1),
    (512, 65, 1),
    (400, 60, 1),
    (320, 55, 1),
    (256, 50, 2),
    (160, 40, 3),
    (96, 30, 4),
)
"""Longest side in pixels, WebP quality (0..100), and every how many frames one is kept, the best first."""


def encode_animation(frames: Sequence[bytes], limit: int) -> Picture:
    """Encode frames as an endless WebP animation, forwards and then backwards.

    Args:
        frames: Encoded pictures of one size, the original first.
        limit: The most bytes that the animation may have.

    Raises:
        ValueError: There are fewer than two frames, or no animation fits the limit.
    """
    if len(frames) < 2:
        raise ValueError("an animation needs two frames")
    images = [Image.open(io.BytesIO(data)).convert("RGB") for data in frames]
    for side, quality, stride in _PRESETS:
        encoded = _encode(images, side, quality, stride)
        if len(encoded.data) <= limit - _MARK_BYTES:
            return mark(encoded)
    raise ValueError(f"no animation fits into {limit} bytes")


def frame_durations(frames: int) -> list[int]:
    """Return how many milliseconds each frame is shown, on the way there and back."""
    t = np.linspace(0, 1, 1001)
    times = np.interp(np.linspace(0, 1, frames), t * t * (3 - 2 * t), t)  # the inverse of smoothstep
    inner = [max(_MIN_FRAME_MS, round(_MOTION_MS * step)) for step in (times[2:] - times[:-2]) / 2]
    return [_HOLD_MS, *inner, _HOLD_MS, *reversed(inner)]


def _encode(images: Sequence[Image.Image], side: int, quality: int, stride: int) -> Picture:
    scale = min(1.0, side / max(images[0].size))
    width, height = (max(1, round(length * scale)) for length in images[0].size)
    kept = [*images[:-1:stride], images[-1]]
    frames = [image.resize((width, height), Image.Resampling.LANCZOS) for image in kept]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=[*frames[1:], *frames[-2:0:-1]],
        duration=frame_durations(len(frames)),
        loop=0,
        quality=quality,
        method=3,
    )
    return Picture(buffer.getvalue(), "image/webp", width, height)
