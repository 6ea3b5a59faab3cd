"""Animations: from the original to the edit and back, held at both ends, and never too large."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.pictures.animation import encode_animation, frame_durations
from bot.pictures.mark import is_marked
from tests.conftest import make_png


def fading_frames(count: int = 7, size: tuple[int, int] = (640, 512)) -> list[bytes]:
    """Return encoded pictures that fade from one to another."""
    first, last = (Image.open(io.BytesIO(make_png(*size, seed=seed))).convert("RGB") for seed in (1, 2))
    frames = []
    for number in range(count):
        buffer = io.BytesIO()
        Image.blend(first, last, number / (count - 1)).save(buffer, "PNG")
        frames.append(buffer.getvalue())
    return frames


def pixels(image: Image.Image, frame: int) -> np.ndarray:
    image.seek(frame)
    return np.asarray(image.convert("RGB").resize((64, 64))).astype(int)


def test_it_plays_forwards_and_backwards_and_loops() -> None:
    frames = fading_frames()
    made = encode_animation(frames, 8 * 1024 * 1024)
    assert made.media_type == "image/webp"
    assert is_marked(made.data)
    image = Image.open(io.BytesIO(made.data))
    assert image.size == (made.width, made.height)
    assert (image.n_frames, image.info["loop"]) == (12, 0)
    first, last = (
        np.asarray(Image.open(io.BytesIO(f)).convert("RGB").resize((64, 64))).astype(int)
        for f in (frames[0], frames[-1])
    )
    assert np.abs(pixels(image, 0) - first).mean() < 6
    assert np.abs(pixels(image, 6) - last).mean() < 6
    assert np.abs(pixels(image, 1) - pixels(image, 11)).mean() < 3, "backwards shows the same frames"


def test_the_change_starts_and_ends_slowly_and_both_ends_are_held() -> None:
    there, back = frame_durations(11)[:11], frame_durations(11)[11:]
    assert there[0] == there[-1] > 5 * max(there[1:-1])
    assert there[1] > there[3] > 0
    assert there[1:-1] == there[-2:0:-1]
    assert back == there[-2:0:-1]
    assert 3000 < sum(there + back) < 5000


@pytest.mark.parametrize("limit", [200_000, 60_000, 20_000])
def test_it_stays_under_its_limit(limit: int) -> None:
    made = encode_animation(fading_frames(), limit)
    assert len(made.data) <= limit
    assert abs(made.width / made.height - 640 / 512) < 0.05
    assert Image.open(io.BytesIO(made.data)).n_frames >= 2  # type: ignore[attr-defined]


def test_a_higher_limit_gives_a_larger_file() -> None:
    assert len(encode_animation(fading_frames(), 2_000_000).data) >= len(
        encode_animation(fading_frames(), 60_000).data
    )


def test_small_pictures_are_not_made_larger() -> None:
    made = encode_animation(fading_frames(size=(160, 128)), 8 * 1024 * 1024)
    assert (made.width, made.height) == (160, 128)


def test_the_same_frames_give_the_same_bytes() -> None:
    assert encode_animation(fading_frames(), 500_000) == encode_animation(fading_frames(), 500_000)


def test_too_few_frames_and_hopeless_limits_are_refused() -> None:
    with pytest.raises(ValueError, match="two frames"):
        encode_animation(fading_frames()[:1], 1_000_000)
    with pytest.raises(ValueError, match="fits into"):
        encode_animation(fading_frames(), 500)
