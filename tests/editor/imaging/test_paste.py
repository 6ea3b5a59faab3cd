"""Edits are pasted into the user's whole picture."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from editor.api.protocol import Geometry
from editor.imaging import paste
from editor.imaging.crop import crop
from editor.imaging.paste import paste_back

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


def test_a_crop_shows_the_picture() -> None:
    whole = Geometry(center_x=50, center_y=50, side=100, width=100, height=100)
    picture = RNG.integers(0, 256, (100, 100, 3), dtype=np.uint8)
    assert torch.allclose(
        crop(picture, whole, 100), torch.from_numpy(picture).permute(2, 0, 1) / 127.5 - 1, atol=0.01
    )


def gradient(width: int, height: int) -> np.ndarray:
    """Red grows to the right, green downwards."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return np.stack([x, y, np.full_like(x, 128)], axis=2).round().astype(np.uint8)


@pytest.mark.parametrize("roll", [0.0, 30.0, 90.0, -135.0])
@pytest.mark.parametrize("side", [60, 500])
def test_a_rotated_square_shows_the_picture_rotated(side: int, roll: float) -> None:
    picture = gradient(1000, 1000)
    seen = crop(
        picture, Geometry(center_x=500, center_y=500, side=side, roll=roll, width=1000, height=1000), 48
    )
    angle, reach = np.radians(roll), side / 1000 * (1 - 1 / 48)
    right, down = seen[:2, 24, -1] - seen[:2, 24, 0], seen[:2, -1, 24] - seen[:2, 0, 24]
    assert right.tolist() == pytest.approx([2 * reach * np.cos(angle), 2 * reach * np.sin(angle)], abs=0.02)
    assert down.tolist() == pytest.approx([-2 * reach * np.sin(angle), 2 * reach * np.cos(angle)], abs=0.02)


def test_a_very_large_square_gives_the_same_crop() -> None:
    picture = np.array(Image.fromarray(PICTURE).resize((1800, 1200), Image.Resampling.BICUBIC))
    square = Geometry(center_x=900, center_y=600, side=1024, width=1800, height=1200)
    wanted = np.array(Image.fromarray(picture[88:1112, 388:1412]).resize((64, 64), Image.Resampling.BOX))
    assert torch.allclose(
        crop(picture, square, 64), torch.from_numpy(wanted).permute(2, 0, 1) / 127.5 - 1, atol=0.02
    )


@pytest.mark.parametrize("roll", [15.0, -70.0])
def test_a_change_is_pasted_at_its_place_in_a_rotated_square(roll: float) -> None:
    turned = Geometry(center_x=150, center_y=100, side=128, roll=roll, width=300, height=200)
    edited = flat(-0.5)
    edited[:, 28:36, 46:54] = 0.9  # to the right of the centre, by 0.56 of half the side
    result = paste_back(PICTURE, turned, flat(-0.5), edited).astype(int)
    angle = np.radians(roll)
    x, y = round(150 + 36 * np.cos(angle)), round(100 + 36 * np.sin(angle))
    assert np.abs(result[y - 2 : y + 3, x - 2 : x + 3] - 1.9 * 127.5).max() < 20
    far = (np.hypot(*np.meshgrid(np.arange(300) - x, np.arange(200) - y))) > 30
    assert np.array_equal(result[far], PICTURE[far])


def test_tiles_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    edited = flat(-0.5)
    edited[:, 10:50, 10:50] = 0.4
    whole = paste_back(PICTURE, SQUARE, flat(-0.5), edited)
    monkeypatch.setattr(paste, "TILE", 17)
    assert np.array_equal(paste_back(PICTURE, SQUARE, flat(-0.5), edited), whole)


@pytest.mark.parametrize("side", [40.0, 64.0, 100.0, 333.0])
def test_upright_and_rotated_squares_are_enlarged_alike(side: float, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = torch.Generator().manual_seed(3)
    before, after = (torch.rand(3, 64, 64, generator=rng) * 2 - 1 for _ in range(2))
    square = Geometry(center_x=140, center_y=90, side=side, width=300, height=200)
    made = paste_back(PICTURE, square, before, after)
    monkeypatch.setattr(
        paste,
        "_sample_upright",
        lambda maps, u, v: paste._sample_rotated(maps, *torch.broadcast_tensors(u, v)),
    )
    assert np.abs(paste_back(PICTURE, square, before, after).astype(int) - made).max() <= 1
    assert not np.array_equal(made, PICTURE)


MEMORY = """
import resource, numpy as np, torch
from editor.imaging.crop import crop
from editor.imaging.paste import paste_back
from editor.api.protocol import Geometry
torch.set_num_threads(1)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
picture = np.full((7000, 7100, 3), 90, np.uint8)
square = Geometry(center_x=3500, center_y=3500, side=6800, roll=5, width=7100, height=7000)
crop(picture[:100, :100], Geometry(center_x=50, center_y=50, side=90, roll=5, width=100, height=100), 64)
before = peak()
crop(picture, square, 256)
paste_back(picture, square, torch.zeros(3, 256, 256), torch.full((3, 256, 256), 0.5))
print(peak() - before)
"""


@pytest.mark.slow
def test_fifty_megapixels_need_little_more_memory_than_the_picture_and_the_result() -> None:
    done = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 149 + 350  # the result, and the tiles with their maps
