"""Photos through the engine: only the chosen face is edited and pasted back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from editor.api.errors import BadRequest
from editor.api.protocol import Change, EditRequest, EditResult, InvertRequest, InvertResult, OtherFace
from editor.editing.engine import Engine
from editor.imaging.decode import decode
from editor.serving.executor import EngineOptions, load_engine
from tests.editor.imaging import yunet
from tests.editor.imaging.test_faces import picture
from tests.tiny import write_bundle


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    root = tmp_path_factory.mktemp("photos")
    write_bundle(root / "people", alignment="ffhq")
    return load_engine(EngineOptions((root,), "cpu", faces=yunet.write(root / "face_detection_yunet.onnx")))


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def invert(engine: Engine, pixels: np.ndarray, **more: object) -> InvertResult:
    request = InvertRequest(bundle="people", picture=png(pixels), quality="draft", **more)  # type: ignore[arg-type]
    result = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, InvertResult)
    return result


TWO = picture((200, 80), (40, 120))


def test_only_the_chosen_face_is_edited(engine: Engine) -> None:
    start = invert(engine, TWO, face=0)
    assert (start.inversion.geometry.center_x, start.inversion.geometry.side) == pytest.approx((44, 72))
    request = EditRequest(
        picture=start.picture.data,
        inversion=start.inversion,
        adjustments=(),
        changes=(Change(prompt="glasses"),),
        seed=3,
    )
    result = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, EditResult)
    edited = decode(result.picture.data).pixels
    changed = (edited != TWO).any(axis=2)
    assert changed.any()
    rows, columns = changed.nonzero()
    assert columns.min() >= 44 - 36
    assert columns.max() <= 44 + 36
    assert rows.min() >= 118 - 36
    assert rows.max() <= 118 + 36


def edit(engine: Engine, pixels: np.ndarray, start: InvertResult, **more: object) -> EditResult:
    request = EditRequest(picture=png(pixels), inversion=start.inversion, **more)  # type: ignore[arg-type]
    result = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, EditResult)
    return result


def turned(result: InvertResult, roll: float) -> InvertResult:
    geometry = result.inversion.geometry.model_copy(update={"roll": roll})
    return result.model_copy(update={"inversion": result.inversion.model_copy(update={"geometry": geometry})})


def inside(start: InvertResult, height: int, width: int) -> np.ndarray:
    """Pixels whose middle lies in a turned square."""
    geometry = start.inversion.geometry
    y, x = np.mgrid[0:height, 0:width] + 0.5
    x, y, angle = x - geometry.center_x, y - geometry.center_y, np.radians(geometry.roll)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return (np.abs(u) <= geometry.side / 2) & (np.abs(v) <= geometry.side / 2)


def test_several_turned_faces_are_edited_and_the_rest_stays(engine: Engine) -> None:
    left, right = (
        turned(invert(engine, TWO, face=number), roll) for number, roll in ((0, 25.0), (-1, -40.0))
    )
    one = edit(engine, TWO, left, seed=3)
    both = edit(
        engine,
        TWO,
        right,
        seed=4,
        other_faces=(OtherFace(inversion=left.inversion, adjustments=one.adjustments),),
    )
    alone, together = decode(one.picture.data).pixels, decode(both.picture.data).pixels
    in_left, in_right = (inside(start, *TWO.shape[:2]) for start in (left, right))
    assert (together[~(in_left | in_right)] == TWO[~(in_left | in_right)]).all()
    assert (together[in_left & ~in_right] == alone[in_left & ~in_right]).all()
    assert (together[in_right] != TWO[in_right]).any()
    assert (alone[~in_left] == TWO[~in_left]).all()
    swapped = edit(
        engine,
        TWO,
        left,
        adjustments=one.adjustments,
        other_faces=(OtherFace(inversion=right.inversion, adjustments=both.adjustments),),
    )
    assert swapped.picture == both.picture, (
        "the picture depends on what is in force, not on which face was edited last"
    )


def test_faces_are_counted_from_both_sides(engine: Engine) -> None:
    found = [invert(engine, TWO, face=face) for face in (0, 1, -1, -2)]
    assert [one.face for one in found] == [0, 1, 1, 0]
    assert {one.faces for one in found} == {2}
    assert invert(engine, picture(), face=0).faces == 0


def test_warnings_tell_how_the_face_was_chosen(engine: Engine) -> None:
    assert "several-faces" in invert(engine, TWO).warnings
    assert "no-face" in invert(engine, picture()).warnings
    assert not {"several-faces", "no-face", "not-aligned"} & set(
        invert(engine, TWO, box=(10, 90, 60)).warnings
    )
    with pytest.raises(BadRequest, match="2 were found"):
        invert(engine, TWO, face=5)


def test_a_missing_face_model_is_reported(engine: Engine) -> None:
    bare = Engine(engine.loaded, engine.device)
    assert "not-aligned" in invert(bare, TWO).warnings
