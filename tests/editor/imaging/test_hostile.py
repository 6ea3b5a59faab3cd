"""Files built to take long, and files with a fault that browsers forgive."""

from __future__ import annotations

import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from editor.api.errors import BadPicture, BadRequest
from editor.api.painted_mask import open_mask
from editor.imaging.decode import decode
from editor.imaging.jpeg import strip_metadata
from tests.pictures import picture, saved


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def progressive(side: int, scans: int) -> bytes:
    """A grey progressive JPEG in which every scan after the first changes nothing."""
    blocks = (side // 8) ** 2
    header = b"\xff\xd8" + segment(0xDB, b"\0" + bytes([8] * 64))
    header += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0]))
    header += segment(0xC4, b"\x00" + bytes([1] + [0] * 15) + b"\x00")
    header += segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\xe0")
    first = segment(0xDA, bytes([1, 1, 0, 0, 0, 0])) + bytes((blocks + 7) // 8)
    runs = "".join("0" + format(0, "014b") for _ in range(-(-blocks // 16384)))
    runs += "1" * (-len(runs) % 8)
    body = int(runs, 2).to_bytes(len(runs) // 8, "big").replace(b"\xff", b"\xff\0")
    return header + first + (segment(0xDA, bytes([1, 1, 0, 1, 63, 0])) + body) * scans + b"\xff\xd9"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*before: bytes, side: int = 64) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(side * (side + 1))))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + pixels + chunk(b"IEND", b"")


def gif_of_blocks(count: int) -> bytes:
    plain = saved(Image.new("P", (64, 64)), "GIF")
    screen = b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0, 0, 0)
    return screen + b"\x21\xfe" + b"\x01a" * count + b"\0" + plain[plain.index(b",", 13) :]


def tiff_of_strips(count: int) -> bytes:
    end = 8 + 2 + 9 * 12 + 4
    longs = {256: 32, 257: count, 258: 8, 259: 1, 262: 1, 273: end, 277: 1, 278: 1, 279: end + 4 * count}
    entries = [struct.pack("<HHII", tag, 4, count if tag in (273, 279) else 1, v) for tag, v in longs.items()]
    table = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    offsets = struct.pack("<I", end + 8 * count) * count + struct.pack("<I", 32) * count
    return b"II*\0" + struct.pack("<I", 8) + table + offsets + bytes(32)


COSTLY = {
    "scans": progressive(2048, 4000),
    "segments": progressive(64, 1)[:2] + segment(0xFE, b"") * 1_000_000 + progressive(64, 1)[2:],
    "padding": b"\xff\xd8" + b"\xff" * 5_000_000 + progressive(64, 1)[2:],
    "chunks": png(chunk(b"teSt", b"") * 1_000_000),
    "blocks": gif_of_blocks(3_000_000),
    "strips": tiff_of_strips(500_000),
}


@pytest.mark.parametrize("name", COSTLY)
def test_work_is_counted_before_it_is_done(name: str) -> None:
    begun = time.process_time()
    with pytest.raises(BadPicture, match="too long to open"):
        decode(COSTLY[name])
    if name in ("scans", "segments", "padding", "chunks"):
        with pytest.raises(BadRequest):
            open_mask(COSTLY[name])
    assert time.process_time() - begun < 3


def test_honest_files_of_the_same_kinds_open() -> None:
    assert decode(progressive(64, 10)).pixels.shape == (64, 64, 3)
    assert decode(png(chunk(b"teSt", b"") * 100)).pixels.shape == (64, 64, 3)
    assert decode(gif_of_blocks(100)).pixels.shape == (64, 64, 3)
    assert decode(tiff_of_strips(100)).pixels.shape == (100, 32, 3)


def test_the_pages_of_a_tiff_are_neither_counted_nor_an_animation() -> None:
    pages = [picture()] * 3
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert decode(data).warnings == ()


def test_a_phones_second_picture_is_no_animation() -> None:
    data = saved(picture(), "MPO", save_all=True, append_images=[picture()])
    assert decode(data).warnings == ()


def test_a_damaged_second_frame_does_not_matter() -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green")]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data[:-20]).pixels[0, 0].tolist() == [255, 0, 0]


def test_what_follows_a_jpegs_end_is_cut_off() -> None:
    data = saved(picture(), "JPEG", progressive=True)
    assert strip_metadata(data + b"a video with a place") == strip_metadata(data)
    assert strip_metadata(data[:-2]) is None


@pytest.mark.parametrize("cut", [1, 5, 12])
def test_a_png_without_its_end_opens(cut: int) -> None:
    data = saved(picture(), "PNG")
    assert np.array_equal(decode(data[:-cut]).pixels, decode(data).pixels)


def test_broken_exif_does_not_matter() -> None:
    data = saved(picture(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert decode(data).pixels.shape == (128, 160, 3)


def test_pictures_of_other_formats_are_named() -> None:
    for start, name in ((b"\0\0\0\x18ftypheic", "HEIC"), (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL")):
        with pytest.raises(BadPicture, match=f"{name}.*save it as JPEG"):
            decode(start + bytes(100))


def test_avif_opens() -> None:
    assert decode(saved(picture(), "AVIF")).pixels.shape == (128, 160, 3)


def test_dark_sixteen_bits_stay_dark() -> None:
    values = np.full((64, 64), 200, np.uint16)
    assert decode(saved(Image.fromarray(values), "PNG")).pixels.max() == 1


def test_the_transparent_value_of_sixteen_bits_becomes_white() -> None:
    values = np.zeros((64, 64), np.uint16)
    values[32:] = 30_000
    data = saved(Image.fromarray(values), "PNG")
    position = data.index(b"IDAT") - 4
    decoded = decode(data[:position] + chunk(b"tRNS", struct.pack(">H", 30_000)) + data[position:])
    assert decoded.pixels[0, 0].tolist() == [0, 0, 0]
    assert decoded.pixels[-1, -1].tolist() == [255, 255, 255]
    assert decoded.warnings == ("alpha-flattened",)


def test_a_float_tiff_uses_the_range_from_0_to_1() -> None:
    values = np.linspace(0, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    pixels = decode(saved(Image.fromarray(values), "TIFF")).pixels
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_a_first_frame_smaller_than_its_canvas_has_a_white_border() -> None:
    frame = saved(Image.new("P", (32, 32), 1), "GIF")
    data = frame[:6] + struct.pack("<HH", 64, 64) + frame[10:]
    assert decode(data).pixels[-1, -1].tolist() == [255, 255, 255]


def test_a_profile_is_applied_to_rgb_with_alpha() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    decoded = decode(saved(picture("RGBA"), "PNG", icc_profile=profile))
    assert decoded.warnings == ("profile-converted",)


def test_orientation_comes_from_exif_alone() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a tiff:Orientation="6"/></x:xmpmeta>'
    assert decode(saved(picture(), "JPEG", xmp=xmp)).pixels.shape == (128, 160, 3)


def with_chunks(*chunks: bytes) -> bytes:
    data = saved(picture(), "PNG")
    return data[:33] + b"".join(chunks) + data[33:]


def test_a_png_of_linear_light_becomes_srgb() -> None:
    plain = decode(saved(picture(), "PNG")).pixels.astype(float) / 255
    linear = decode(with_chunks(chunk(b"gAMA", struct.pack(">I", 100_000))))
    wanted = np.where(plain <= 0.0031308, plain * 12.92, 1.055 * plain ** (1 / 2.4) - 0.055)
    assert np.abs(linear.pixels / 255 - wanted).max() < 0.012
    assert linear.warnings == ("profile-converted",)


def test_the_usual_colours_of_a_png_change_nothing() -> None:
    plain = decode(saved(picture(), "PNG")).pixels
    usual = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    gamma, colours = chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"cHRM", usual)
    srgb = chunk(b"cICP", bytes([1, 13, 0, 1]))
    for chunks in ((gamma,), (gamma, colours), (srgb,), (chunk(b"cICP", bytes([9, 16, 0, 1])),)):
        assert np.array_equal(decode(with_chunks(*chunks)).pixels, plain)


def test_wide_colours_of_a_png_become_srgb() -> None:
    red = saved(Image.new("RGB", (64, 64), (200, 100, 100)), "PNG")
    wide = red[:33] + chunk(b"cICP", bytes([12, 13, 0, 1])) + red[33:]
    assert decode(wide).pixels[0, 0].tolist() == pytest.approx([215, 93, 97], abs=1)


@pytest.mark.parametrize("values", [[0] * 8, [1] * 8, [0xFFFFFFFF] * 8])
def test_colours_that_make_no_sense_do_not_matter(values: list[int]) -> None:
    chunks = chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"cHRM", struct.pack(">8I", *values))
    assert decode(with_chunks(*chunks)).pixels.shape == (128, 160, 3)


@pytest.mark.parametrize("form", ["AVIF", "WEBP", "PNG", "JPEG", "TIFF"])
def test_every_format_is_turned_upright(form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(saved(picture(), form, exif=exif)).pixels.shape == (160, 128, 3)
