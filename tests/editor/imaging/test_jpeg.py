"""JPEG files without their metadata: the same pixels, and nothing about the user."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from editor.imaging import encode
from editor.imaging.decode import decode
from editor.imaging.jpeg import strip_metadata


def jpeg(orientation: int = 1, mode: str = "RGB", **options: object) -> bytes:
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (40, 64, 3), dtype=np.uint8)).convert(mode)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x9286] = orientation, "SecretCamera", "a comment"
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", exif=exif, comment=b"written by hand", **options)
    return buffer.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"mode": "L"}, {"mode": "CMYK"}])
def test_pixels_stay_and_metadata_goes(orientation: int, options: dict[str, object]) -> None:
    data = jpeg(orientation, **options)  # type: ignore[arg-type]
    plain = strip_metadata(data)
    assert plain is not None
    assert np.array_equal(decode(plain).pixels, decode(data).pixels)
    for secret in (b"SecretCamera", b"a comment", b"written by hand"):
        assert secret in data or secret == b"a comment"
        assert secret not in plain


def test_other_files_and_cut_off_ones_are_refused() -> None:
    data = jpeg()
    assert strip_metadata(b"\x89PNG" + data) is None
    assert strip_metadata(data[:30]) is None
    assert strip_metadata(b"\xff\xd8\xff\x00\x00\x00\x00") is None


def test_only_a_large_jpeg_stays_a_jpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    data = jpeg(6)
    pixels = decode(data).pixels
    assert encode.encode_original(data, pixels).media_type == "image/png"
    monkeypatch.setattr(encode, "LARGE", 1000)
    large = encode.encode_original(data, pixels)
    assert (large.media_type, large.width, large.height) == ("image/jpeg", 40, 64)
    assert np.array_equal(decode(large.data).pixels, pixels)
    assert encode.encode_original(data, pixels ^ 1).media_type == "image/png", "other pixels than the file's"
