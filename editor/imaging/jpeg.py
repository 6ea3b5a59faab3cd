"""JPEG files as they are but for their metadata: decoded they are the same pixels, at a fraction of a lossless file's size."""

from __future__ import annotations

import io
import struct

from PIL import Image

SCAN, END = 0xDA, 0xD9
KEPT = {0xE0, 0xE2, 0xEE}
"""Of the application segments those that pixels depend on: JFIF, the colour profile, Adobe's colour transform."""
ORIENTATION = 0x0112


def stripped(data: bytes) -> bytes | None:
    """A JPEG without place, time, camera, thumbnails and comments; None for what is no JPEG, or one of an odd build.

    How the picture is to be turned stays, alone in its EXIF segment.
    """
    if data[:2] != b"\xff\xd8":
        return None
    parts, place = [b"\xff\xd8"], 2
    turn = _orientation(data)
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == SCAN:
            if turn > 1:
                parts.insert(1, _exif(turn))
            return b"".join([*parts, data[place:]])
        if not 0xC0 <= marker <= 0xFE or length < 2:
            return None
        application = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not application or marker in KEPT:
            parts.append(data[place : place + 2 + length])
        place += 2 + length
    return None


def _orientation(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return int(image.getexif().get(ORIENTATION, 1))
    except (OSError, ValueError, SyntaxError):
        return 1


def _exif(turn: int) -> bytes:
    """An EXIF segment that holds the orientation alone."""
    body = b"Exif\0\0" + b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, turn, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
