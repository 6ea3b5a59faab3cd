"""JPEG files without their metadata.

They decode to the same pixels, at a fraction of a lossless file's size.
"""

from __future__ import annotations

import io
import struct

from PIL import Image

from editor.api.decoding_cost import END, SCAN, jpeg_segments

PIXEL_SEGMENTS = {0xE0, 0xE2, 0xEE}
"""Application segments that pixels depend on: JFIF, the colour profile and Adobe's colour transform."""
COMMENT = 0xFE
ORIENTATION = 0x0112


def strip_metadata(data: bytes) -> bytes | None:
    """Return a JPEG without place, time, camera, thumbnails, comments and anything after its end.

    The orientation stays, alone in an EXIF segment. None means that the file is not a complete JPEG.
    """
    if data[:2] != b"\xff\xd8":
        return None
    turn = _orientation(data)
    parts = [data[:2], *([_exif(turn)] if turn > 1 else [])]
    previous, in_scans = 2, False
    for marker, start, end in jpeg_segments(data):
        if in_scans:
            parts.append(data[previous:start])  # entropy-coded data
        application = 0xE0 <= marker <= 0xEF or marker == COMMENT
        if not application or marker in PIXEL_SEGMENTS:
            parts.append(data[start:end])
        if marker == END:
            return b"".join(parts) if in_scans else None
        previous, in_scans = end, in_scans or marker == SCAN
    return None


def _orientation(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            return int(image.getexif().get(ORIENTATION, 1))
    except (OSError, ValueError, SyntaxError):
        return 1


def _exif(turn: int) -> bytes:
    """Build an EXIF segment that holds only the orientation."""
    body = b"Exif\0\0" + b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, ORIENTATION, 3, 1, turn, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
