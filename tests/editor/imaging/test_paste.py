"""The edit in the user's whole picture."""

from __future__ import annotations

import numpy as np
import torch

from editor.imaging.paste import crop, paste_back
from editor.protocol import Geometry

RNG = np.random.default_rng(1)
PICTURE = RNG.integers(60, 200, (200, 300, 3), dtype=np.uint8)
SQUARE = Geometry(center_x=150, center_y=100, side=128, width=300, height=200)


def flat(value: float) -> torch.Tensor:
    return torch.full((3, 64, 64), value)


def test_no_change_gives_the_picture_back_bit_for_bit() -> None:
    assert np.array_equal(paste_back(PICTURE, SQUARE, flat(0.2), flat(0.2)), PICTURE)


def test_a_mild_change_is_added_and_detail_survives() -> None:
    result = paste_back(PICTURE, SQUARE, flat(0.0), flat(0.15)).astype(int)
    inner = np.s_[60:140, 110:190]
    assert np.abs(result[inner] - PICTURE[inner] - 0.15 * 127.5).max() <= 1.5
    outside = np.ones((200, 300), bool)
    outside[36:164, 86:214] = False
    assert np.array_equal(result[outside], PICTURE[outside])


def test_a_strong_change_takes_over_where_it_is_and_nowhere_else() -> None:
    edited = flat(-0.5)
    edited[:, 24:40, 24:40] = 0.9
    result = paste_back(PICTURE, SQUARE, flat(-0.5), edited).astype(int)
    assert np.abs(result[96:104, 146:154] - 1.9 * 127.5).max() < 12
    assert np.array_equal(result[:60], PICTURE[:60])


def test_a_square_that_reaches_beyond_the_picture() -> None:
    beyond = Geometry(center_x=20, center_y=190, side=150, width=300, height=200)
    assert crop(PICTURE, beyond, 64).shape == (3, 64, 64)
    result = paste_back(PICTURE, beyond, flat(0.0), flat(0.3))
    assert result.shape == PICTURE.shape
    assert not np.array_equal(result, PICTURE)


def test_crop_sees_what_is_there() -> None:
    whole = Geometry(center_x=50, center_y=50, side=100, width=100, height=100)
    picture = RNG.integers(0, 256, (100, 100, 3), dtype=np.uint8)
    assert torch.allclose(crop(picture, whole, 100), torch.from_numpy(picture).permute(2, 0, 1) / 127.5 - 1, atol=0.01)
