"""The mark in every kind of file: other programs can read it, and no pixel changes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from bot.pictures.mark import SOURCE_TYPE, is_marked, mark
from bot.pictures.xmp import UnknownFormat, with_packet
from storage.records import Picture
from tests.conftest import make_png

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "png": ("PNG", {}),
    "png-profile": ("PNG", {"icc_profile": PROFILE}),
    "jpeg": ("JPEG", {}),
    "jpeg-profile": ("JPEG", {"icc_profile": PROFILE, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}),
    "webp": ("WEBP", {"quality": 80}),
    "webp-lossless": ("WEBP", {"lossless": True}),
    "webp-profile": ("WEBP", {"icc_profile": PROFILE}),
}
MODES = ("RGB", "RGBA")


def encoded(
    form: str, options: dict[str, Any], mode: str = "RGB", size: tuple[int, int] = (37, 23)
) -> Picture:
    image = Image.open(io.BytesIO(make_png(*size))).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(size))
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return Picture(buffer.getvalue(), f"image/{form.lower()}", *size)


def opened(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    return image


def description(picture: Picture) -> dict[str, Any]:
    xmp: dict[str, Any] = opened(picture).getxmp()
    return xmp["xmpmeta"]["RDF"]["Description"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", KINDS)
def test_pixels_and_profile_stay_and_pillow_reads_the_mark(name: str, mode: str) -> None:
    form, options = KINDS[name]
    if form == "JPEG" and mode == "RGBA":
        pytest.skip("JPEG has no alpha")
    before = encoded(form, options, mode)
    after = mark(before)
    assert not is_marked(before.data)
    assert is_marked(after.data)
    assert np.array_equal(np.asarray(opened(before)), np.asarray(opened(after)))
    assert opened(before).mode == opened(after).mode
    assert opened(before).info.get("icc_profile") == opened(after).info.get("icc_profile")
    assert opened(before).getexif() == opened(after).getexif()
    assert after.data.count(SOURCE_TYPE.encode()) == 1
    assert description(after)["DigitalSourceType"] == SOURCE_TYPE
    assert description(after)["CreatorTool"] == "styleclip-bot"


@pytest.mark.parametrize("name", KINDS)
def test_marking_gives_the_same_bytes_and_happens_once(name: str) -> None:
    before = encoded(*KINDS[name])
    assert mark(before) == mark(before)
    assert mark(mark(before)) == mark(before)


@pytest.mark.parametrize("name", KINDS)
def test_another_packet_is_replaced(name: str) -> None:
    before = encoded(*KINDS[name])
    foreign = with_packet(before.data, b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>by someone</x:xmpmeta>")
    assert b"by someone" in foreign
    after = mark(Picture(foreign, before.media_type, before.width, before.height))
    assert b"by someone" not in after.data
    assert after == mark(before)


def test_an_odd_size_in_the_simple_webp_format_is_kept() -> None:
    for lossless in (False, True):
        after = mark(encoded("WEBP", {"lossless": lossless}, size=(301, 77)))
        assert opened(after).size == (301, 77)


def test_an_animation_keeps_all_its_frames() -> None:
    frames = [Image.open(io.BytesIO(make_png(seed=seed))).convert("RGB") for seed in range(3)]
    buffer = io.BytesIO()
    options = {"append_images": frames[1:], "duration": [100, 200, 300], "loop": 0}
    frames[0].save(buffer, "WEBP", save_all=True, **options)
    after = opened(mark(Picture(buffer.getvalue(), "image/webp", 160, 128)))
    assert (getattr(after, "n_frames", 1), after.info["loop"]) == (3, 0)


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"\x89PNG\r\n\x1a\n\0", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP"]
)
def test_damaged_files_are_refused(data: bytes) -> None:
    with pytest.raises(UnknownFormat):
        with_packet(data, b"packet")


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("side", [64, 512])
def test_the_label_stands_out_in_its_corner_and_changes_nothing_else(shade: int, side: int) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), (shade, shade, shade)).save(buffer, "PNG", icc_profile=PROFILE)
    plain = Picture(buffer.getvalue(), "image/png", side, side)
    after = mark(plain, visible=True)
    assert is_marked(after.data)
    assert mark(plain, visible=True) == after
    assert opened(after).info["icc_profile"] == PROFILE
    change = np.abs(np.asarray(opened(after)).astype(int) - shade).max(axis=2)
    rows, columns = np.nonzero(change)
    assert rows.min() > 0.6 * side
    assert columns.min() > 0.5 * side
    label = np.asarray(opened(after).convert("L"))[
        rows.min() : rows.max() + 1, columns.min() : columns.max() + 1
    ]
    assert label.max() - label.min() > 150, "light letters on a dark pill"


def test_the_label_keeps_transparency() -> None:
    after = opened(mark(encoded("PNG", {}, "RGBA", (200, 200)), visible=True))
    assert after.mode == "RGBA"
    assert np.asarray(after)[0, 0, 3] == 0
