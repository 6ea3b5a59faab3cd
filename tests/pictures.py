"""Pictures as strangers send them, good and bad."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

from tests.conftest import make_png


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def picture(mode: str = "RGB") -> Image.Image:
    return Image.open(io.BytesIO(make_png())).convert(mode)


def huge() -> bytes:
    """20,000 × 20,000 pixels in a file of a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(20_001) * 2_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def animated() -> bytes:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)


def deep() -> bytes:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    return saved(Image.fromarray(ramp), "PNG")


def palette() -> bytes:
    image = picture("RGB").quantize(16)
    return saved(image, "PNG", transparency=0)


def rotated() -> bytes:
    """A picture 160 wide and 128 high, stored lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return saved(picture().transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif.tobytes(), quality=95)


def wide_gamut() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    return saved(picture(), "PNG", icc_profile=profile.tobytes())


GOOD = {
    "png": make_png(),
    "jpeg": saved(picture(), "JPEG"),
    "webp": saved(picture(), "WEBP"),
    "cmyk": saved(picture("CMYK"), "JPEG"),
    "grey": saved(picture("L"), "PNG"),
    "grey with alpha": saved(picture("LA"), "PNG"),
    "16 bits": deep(),
    "palette with alpha": palette(),
    "animation": animated(),
    "rotated": rotated(),
    "odd profile": wide_gamut(),
    "alpha": saved(picture("RGBA"), "PNG"),
    "one bit": saved(picture("1"), "PNG"),
}
BAD = {
    "nothing": (b"", "not a picture"),
    "text": (b"hello", "not a picture"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    "html": (b"<!doctype html><script>alert(1)</script>", "not a picture"),
    "cut off": (make_png()[:300], "damaged"),
    "huge": (huge(), "too large"),
    "tiny": (saved(Image.new("RGB", (4, 4)), "PNG"), "too small"),
    "pdf": (b"%PDF-1.7\n%", "not a picture"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture"),
    "noise after a header": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "not a picture"),
}
"""Bytes, and a word of the sentence they get."""
