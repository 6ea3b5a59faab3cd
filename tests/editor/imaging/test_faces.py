"""Face detection with a model in YuNet's layout, and the squares that follow from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from editor.api.errors import BadCheckpoint, BadRequest
from editor.imaging.crop_candidates import CropRequest, find_crops
from editor.imaging.faces import FaceFinder
from tests.editor.imaging import yunet


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> FaceFinder:
    return FaceFinder(yunet.write(tmp_path_factory.mktemp("model") / "face_detection_yunet.onnx"))


def picture(*places: tuple[int, int], side: int = 8, width: int = 320, height: int = 240) -> np.ndarray:
    """Grey, with a magenta square at each place (its upper left corner)."""
    pixels = np.full((height, width, 3), 120, np.uint8)
    for x, y in places:
        pixels[y : y + side, x : x + side] = (255, 0, 255)
    return pixels


def test_faces_are_found_from_left_to_right_with_their_points(finder: FaceFinder) -> None:
    faces = finder.find(picture((200, 80), (40, 120)))
    assert [face.box for face in faces] == [
        pytest.approx((20, 100, 48, 48)),
        pytest.approx((180, 60, 48, 48)),
    ]
    assert np.allclose(faces[0].points, 44 + np.array([0, 80]) + 8 * np.array(yunet.POINTS))
    assert faces[0].score == pytest.approx(1.0, abs=0.01)


def test_a_large_picture_is_searched_small_and_answered_in_its_own_pixels(finder: FaceFinder) -> None:
    (face,) = finder.find(picture((1600, 800), side=32, width=5120, height=2560))
    assert face.box == pytest.approx((1520, 720, 192, 192))


def test_no_face(finder: FaceFinder) -> None:
    assert finder.find(picture()) == []
    found = find_crops(picture(), "ffhq", CropRequest(finder))
    assert (found.notes, found.squares[0].side, found.squares[0].roll) == (("no-face",), 240, 0)


def test_the_square_goes_round_the_face(finder: FaceFinder) -> None:
    found = find_crops(picture((200, 80)), "ffhq", CropRequest(finder))
    (square,) = found.squares
    assert found.notes == ()
    assert (square.center_x, square.center_y) == pytest.approx((204, 84 - 8 + 0.1 * 20))
    assert (square.side, square.roll) == pytest.approx((3.6 * 20, 0))


def test_one_of_several_faces(finder: FaceFinder) -> None:
    pixels = picture((200, 80), (40, 120))
    assert find_crops(pixels, "ffhq", CropRequest(finder)).notes == ("several-faces",)
    left, right = (find_crops(pixels, "ffhq", CropRequest(finder, face=number)) for number in (0, 1))
    assert left.notes == right.notes == ()
    assert left.squares[0].center_x == pytest.approx(44)
    assert right.squares[0].center_x == pytest.approx(204)
    with pytest.raises(BadRequest, match="no face number 3 from the left in this picture; 2 were found"):
        find_crops(pixels, "ffhq", CropRequest(finder, face=2))


def test_without_a_face_model_the_picture_is_not_aligned() -> None:
    found = find_crops(picture((200, 80)), "ffhq", CropRequest())
    assert (found.notes, found.squares[0].side) == (("not-aligned",), 240)


def test_the_users_box_comes_first(finder: FaceFinder) -> None:
    found = find_crops(picture((200, 80)), "ffhq", CropRequest(finder, box=(10.0, 20.0, 100.0)))
    assert [(square.center_x, square.center_y, square.side) for square in found.squares] == [(60, 70, 100)]


@pytest.mark.parametrize("box", [(400.0, 20.0, 100.0), (10.0, -300.0, 100.0), (-500.0, -500.0, 1200.0)])
def test_a_square_outside_the_picture_is_refused(box: tuple[float, float, float]) -> None:
    with pytest.raises(BadRequest, match="320 × 240 pixels"):
        find_crops(picture(), "ffhq", CropRequest(None, box=box))


def test_other_bundles_take_any_square(finder: FaceFinder) -> None:
    assert find_crops(picture((200, 80)), "square", CropRequest(finder)).notes == ()
    assert len(find_crops(picture((200, 80)), "square", CropRequest(finder)).squares) == 6


def test_a_file_that_is_no_face_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadCheckpoint, match="no face model at"):
        FaceFinder(tmp_path / "absent.onnx")
    (tmp_path / "other.onnx").write_bytes(b"no model at all")
    with pytest.raises(BadCheckpoint, match=r"other\.onnx is not a YuNet face model"):
        FaceFinder(tmp_path / "other.onnx")
