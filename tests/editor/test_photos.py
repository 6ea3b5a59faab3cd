"""Photos through the engine: the face is found, aligned, edited and pasted back, and nothing else of the picture changes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from editor.engine import Engine
from editor.errors import BadRequest
from editor.executor import load_engine
from editor.imaging.decode import decode
from editor.protocol import EditRequest, EditResult, InvertRequest, InvertResult, Wish
from tests.editor.imaging import yunet
from tests.editor.imaging.test_faces import picture
from tests.tiny import write_bundle


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    root = tmp_path_factory.mktemp("photos")
    write_bundle(root / "people", alignment="ffhq")
    return load_engine([root], "cpu", faces=yunet.write(root / "face_detection_yunet.onnx"))


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


def test_only_the_face_that_is_meant_is_edited(engine: Engine) -> None:
    start = invert(engine, TWO, face=0)
    assert (start.inversion.geometry.center_x, start.inversion.geometry.side) == pytest.approx((44, 72))
    request = EditRequest(
        picture=start.picture.data, inversion=start.inversion, adjustments=(), wishes=(Wish(prompt="glasses"),), seed=3
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


def test_the_user_is_told_how_the_face_was_chosen(engine: Engine) -> None:
    assert "several-faces" in invert(engine, TWO).warnings
    assert "no-face" in invert(engine, picture()).warnings
    assert not {"several-faces", "no-face", "not-aligned"} & set(invert(engine, TWO, box=(10, 90, 60)).warnings)
    with pytest.raises(BadRequest, match="2 were found"):
        invert(engine, TWO, face=5)


def test_without_a_face_model_that_is_said(engine: Engine) -> None:
    bare = Engine(engine.loaded, engine.device)
    assert "not-aligned" in invert(bare, TWO).warnings
