"""Regions of a change, painted and in words, on the embedded bundle."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from editor.api import painted_mask
from editor.api.errors import BadRequest
from editor.api.protocol import Change, EditRequest, EditResult, InvertResult, PictureData
from editor.editing import masks as regions
from editor.editing.engine import Engine
from editor.editing.session import EditSession
from editor.imaging.decode import decode


def mask(pixels: np.ndarray) -> PictureData:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return PictureData(
        media_type="image/png", width=pixels.shape[1], height=pixels.shape[0], data=buffer.getvalue()
    )


def left_half(width: int = 64, height: int = 64) -> PictureData:
    pixels = np.zeros((height, width), np.uint8)
    pixels[:, : width // 2] = 255
    return mask(pixels)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("the left eye", ("left", "eye")),
        ("only her hair", (None, "hair")),
        ("the top lip", ("upper", "lip")),
        ("left", (None, "left")),
    ],
)
def test_words_are_split_into_side_and_place(words: str, found: tuple[str | None, str]) -> None:
    assert regions.split_side(words) == found


def test_a_half_is_relative_to_the_place() -> None:
    place = torch.zeros(8, 8)
    place[2:4, 4:8] = 1
    assert regions.half_of(place, "left").nonzero()[:, 1].unique().tolist() == [4, 5]
    assert regions.half_of(place, "lower").nonzero()[:, 0].unique().tolist() == [3]


def test_an_invalid_mask_is_refused() -> None:
    with pytest.raises(BadRequest):
        regions.reduce_mask(PictureData(media_type="image/png", width=1, height=1, data=b"nothing"))
    assert regions.reduce_mask(mask(np.zeros((900, 600), np.uint8))).height == painted_mask.MAX_SIDE


@pytest.fixture
def edit(avatars: Engine, sample: Callable[[int], InvertResult]) -> Callable[..., EditResult]:
    def do(*changes: Change, layers: tuple = ()) -> EditResult:  # type: ignore[type-arg]
        start = sample(1)
        request = EditRequest(
            picture=start.picture.data, inversion=start.inversion, adjustments=layers, changes=changes
        )
        result = avatars.run(request, lambda *_: None, lambda: False)
        assert isinstance(result, EditResult)
        return result

    return do


def test_pixels_outside_a_painted_mask_stay(
    edit: Callable[..., EditResult], sample: Callable[[int], InvertResult]
) -> None:
    result = edit(Change(prompt="a green background", method="mapper", mask=left_half()))
    assert result.adjustments, result.effects
    before, after = (
        decode(data).pixels.astype(int) for data in (sample(1).picture.data, result.picture.data)
    )
    changed = np.abs(after - before).max(2)
    middle, rim = before.shape[1] // 2, before.shape[1] // 16
    assert changed[:, : middle - rim].max() > 40
    assert changed[:, middle + rim :].max() == 0


def test_a_masked_edit_is_undone_exactly(
    edit: Callable[..., EditResult], sample: Callable[[int], InvertResult]
) -> None:
    layer = edit(Change(prompt="a green background", method="mapper", mask=left_half())).adjustments[0]
    none = edit(layers=(layer.model_copy(update={"strength": 0.0}),))
    assert np.array_equal(decode(none.picture.data).pixels, decode(sample(1).picture.data).pixels)


def test_a_named_place_is_found_if_it_exists(
    session: EditSession,
) -> None:
    hair, background = (
        regions.find_region(session.state(()), words) for words in ("the hair", "the background")
    )
    assert hair is not None
    assert background is not None
    assert 0.03 < float(hair.mean()) < 0.6
    assert float((hair * background).mean()) < 0.5 * float(hair.mean())  # mostly two places
    assert regions.find_region(session.state(()), "the left wing") is None
