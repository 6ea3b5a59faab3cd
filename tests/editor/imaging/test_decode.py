"""Every upload is opened safely or refused with a sentence."""

from __future__ import annotations

import time

import numpy as np
import pytest

from editor.api.errors import BadPicture, PictureTooLarge
from editor.imaging.decode import Limits, decode
from tests import pictures


@pytest.mark.parametrize("name", pictures.GOOD)
def test_good_pictures_become_flat_upright_rgb(name: str) -> None:
    decoded = decode(pictures.GOOD[name])
    assert decoded.pixels.dtype == np.uint8
    assert decoded.pixels.shape[2] == 3
    assert decoded.pixels.std() > 5 or name == "animation"


def test_changes_to_a_picture_are_reported() -> None:
    assert decode(pictures.GOOD["animation"]).warnings == ("animated",)
    assert decode(pictures.GOOD["palette with alpha"]).warnings == ("alpha-flattened",)
    assert decode(pictures.GOOD["png"]).warnings == ()


def test_rotation_is_undone() -> None:
    upright, turned = decode(pictures.GOOD["png"]).pixels, decode(pictures.GOOD["rotated"]).pixels
    assert turned.shape == upright.shape
    assert np.abs(turned.astype(int) - upright).mean() < 6


def test_sixteen_bits_keep_their_range() -> None:
    pixels = decode(pictures.GOOD["16 bits"]).pixels
    assert (pixels.min(), pixels.max()) == (0, 255)
    assert 120 < pixels.mean() < 135


@pytest.mark.parametrize("name", pictures.BAD)
def test_bad_pictures_get_one_clear_sentence(name: str) -> None:
    data, words = pictures.BAD[name]
    begun = time.monotonic()
    with pytest.raises(BadPicture, match=words) as caught:
        decode(data)
    assert time.monotonic() - begun < 2, "refused before anything large is decoded"
    assert str(caught.value).endswith(".")


def test_bytes_are_bounded() -> None:
    with pytest.raises(PictureTooLarge, match="up to"):
        decode(pictures.GOOD["png"], Limits(bytes=100))
