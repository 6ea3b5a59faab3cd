"""The square of a face, against FFHQ's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from editor.api.protocol import Geometry
from editor.imaging.align import ffhq_square
from editor.imaging.crop import Square

UPRIGHT = np.array([[40.0, 50], [80, 50], [60, 70], [45, 90], [75, 90]])


def corners(geometry: Geometry) -> np.ndarray:
    """Corners [4, 2] in the picture: upper left, lower left, lower right, upper right."""
    ends = torch.tensor([-1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    radians = np.radians(geometry.roll)
    square = Square(geometry.center_x, geometry.center_y, geometry.side, np.cos(radians), np.sin(radians))
    return np.stack(square.to_picture(ends, ends[[0, 2, 3, 1]]), axis=1)


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (points - 60) @ turn + 60


def test_an_upright_face_gives_an_upright_square() -> None:
    square = ffhq_square(UPRIGHT, 200, 100)
    assert (square.center_x, square.center_y, square.side, square.roll) == (60, 54, 160, 0)
    assert (square.width, square.height) == (200, 100)


def test_a_long_face_is_measured_from_eyes_to_mouth() -> None:
    longer = np.array([[0, 0], [0, 0], [0, 0], [0, 60], [0, 60]])
    assert ffhq_square(UPRIGHT + longer, 200, 100).side == pytest.approx(360)


@pytest.mark.parametrize("degrees", [-90, -20, 5, 60])
def test_the_square_turns_with_the_face(degrees: float) -> None:
    square = ffhq_square(turned(UPRIGHT, degrees), 200, 200)
    assert square.roll == pytest.approx(degrees)
    assert square.side == pytest.approx(160)
    assert np.allclose(corners(square), turned(corners(ffhq_square(UPRIGHT, 200, 200)), degrees))


PUBLISHED = {
    ((31, 52), (83, 45), (58, 77), (41, 101), (78, 96)): [
        (-56.96739892551168, -41.254344400088165),
        (-37.504344400088165, 167.71739892551167),
        (171.46739892551167, 148.25434440008817),
        (152.00434440008817, -60.71739892551168),
    ],
}
"""Landmarks, and the corners that the published alignment computes for them."""


@pytest.mark.parametrize("points", PUBLISHED)
def test_the_corners_are_the_published_alignments(points: tuple[tuple[int, int], ...]) -> None:
    assert np.allclose(corners(ffhq_square(np.array(points), 200, 200)), PUBLISHED[points], atol=1e-6)
