"""Decoded pictures that are kept for follow-ups."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from editor.api.errors import BadPicture
from editor.api.protocol import Change, EditRequest, EditResult, Geometry, InvertRequest, InvertResult
from editor.editing.engine import Engine
from editor.editing.pictures import Picture, PictureCache
from editor.imaging.crop import crop
from editor.imaging.decode import decode
from tests.conftest import make_png


def test_a_picture_is_decoded_and_cropped_once() -> None:
    cache, data = PictureCache(), make_png()
    first = cache.read(data)
    assert np.array_equal(first.pixels, decode(data).pixels)
    assert cache.read(bytes(bytearray(data))) is first
    square = Geometry(center_x=60, center_y=60, side=90, width=160, height=128)
    assert torch.equal(first.square(square, 32), crop(first.pixels, square, 32))
    assert first.square(square, 32) is first.square(square.model_copy(), 32)
    assert first.square(square, 16).shape == (3, 16, 16)


def test_the_cache_is_bounded_in_bytes() -> None:
    files = [make_png(40, 40, seed) for seed in range(3)]
    cache = PictureCache(2 * 40 * 40 * 3)
    first, second = cache.read(files[0]), cache.read(files[1])
    assert cache.read(files[0]) is first
    cache.read(files[2])
    assert cache.read(files[0]) is first
    assert cache.read(files[1]) is not second
    large = make_png(400, 400)
    assert cache.read(large) is not cache.read(large)


def test_what_is_no_picture_is_refused_each_time() -> None:
    cache = PictureCache()
    for _ in range(2):
        with pytest.raises(BadPicture):
            cache.read(b"no picture")


def test_a_follow_up_is_the_same_with_and_without_the_cache(bundles: Path) -> None:
    engine, fresh = Engine.load([bundles], "cpu"), Engine.load([bundles], "cpu")

    def run(on: Engine, request: InvertRequest | EditRequest) -> InvertResult | EditResult:
        result = on.run(request, lambda *_: None, lambda: False)
        assert isinstance(result, InvertResult | EditResult)
        return result

    change = Change(prompt="glasses", method="direction")
    upload = InvertRequest(bundle="tiny", picture=make_png(), quality="draft", changes=(change,))
    new = run(engine, upload)
    assert isinstance(new, InvertResult)
    assert new.edit is not None
    follow_up = EditRequest(
        picture=new.picture.data, inversion=new.inversion, adjustments=new.edit.adjustments
    )
    assert run(engine, follow_up) == run(engine, follow_up) == run(fresh, follow_up)


def test_pixels_are_shared_and_not_copied() -> None:
    pixels = decode(make_png()).pixels
    cache, picture = PictureCache(), Picture(pixels)
    cache.keep(b"stored", picture)
    assert cache.read(b"stored") is picture
