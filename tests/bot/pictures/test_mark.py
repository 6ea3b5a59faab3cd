"""The mark that a picture was edited with AI: readable by programs, invisible to people unless wanted."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.pictures.mark import is_marked, mark
from storage.history import Picture
from tests.conftest import make_png

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def encoded(kind: str) -> Picture:
    with Image.open(io.BytesIO(make_png())) as image:
        buffer = io.BytesIO()
        image.save(buffer, kind)
        return Picture(buffer.getvalue(), f"image/{kind.lower()}", *image.size)


def pixels(picture: Picture) -> np.ndarray:
    with Image.open(io.BytesIO(picture.data)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_mark_is_read_back_and_changes_no_pixel(kind: str) -> None:
    plain = encoded(kind)
    marked = mark(plain)
    assert not is_marked(plain.data)
    assert is_marked(marked.data)
    with Image.open(io.BytesIO(marked.data)) as image:
        assert SOURCE in str(image.info.get("xmp") or image.info.get("XML:com.adobe.xmp"))
    assert np.array_equal(pixels(plain), pixels(marked))
    assert mark(plain).data == marked.data
    assert mark(marked).data == marked.data


def test_the_visible_mark_stays_in_its_corner() -> None:
    plain = encoded("PNG")
    changed = np.argwhere((pixels(plain) != pixels(mark(plain, visible=True))).any(-1))
    assert len(changed)
    assert changed[:, 0].min() > plain.height / 2
    assert changed[:, 1].min() > plain.width / 2
