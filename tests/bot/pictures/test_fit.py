"""Pictures that have to fit an upload limit."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from bot.pictures.fit import fit_to_limit
from bot.pictures.mark import is_marked, mark
from storage.records import Picture

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def noise(side: int = 400, mode: str = "RGB") -> Picture:
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (side, side, len(mode)), dtype=np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", icc_profile=PROFILE)
    return Picture(buffer.getvalue(), "image/png", side, side)


def test_a_picture_that_fits_is_returned_unchanged() -> None:
    picture = noise(20)
    assert fit_to_limit(picture, len(picture.data)) is picture


@pytest.mark.parametrize("limit", [200_000, 50_000, 5_000])
def test_a_larger_picture_is_made_to_fit(limit: int) -> None:
    made = fit_to_limit(mark(noise()), limit)
    assert len(made.data) <= limit
    assert made.media_type == "image/webp"
    image = Image.open(io.BytesIO(made.data))
    assert image.size == (made.width, made.height)
    assert image.info["icc_profile"] == PROFILE
    assert is_marked(made.data)


def test_the_users_own_picture_is_not_marked() -> None:
    assert not is_marked(fit_to_limit(noise(), 100_000).data)


def test_transparency_stays() -> None:
    assert Image.open(io.BytesIO(fit_to_limit(noise(mode="RGBA"), 100_000).data)).mode == "RGBA"


def test_a_hopeless_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="fits into"):
        fit_to_limit(noise(), 50)
