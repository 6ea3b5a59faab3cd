"""Bounds on the work of decoding a picture, counted from its bytes before anything is decoded.

Small files can be built to take minutes: a progressive JPEG of thousands of scans, a PNG of a million chunks.
Each kind of cost is counted here and refused beyond what honest files need. Pixels are bounded by the
callers.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

MAX_SCANS = 40
"""Scans of a JPEG. Progressive files of common encoders have about 10."""
MAX_PARTS = 20_000
"""Segments, chunks, tags or strips of a file, each of which takes several steps of an interpreted loop."""
MAX_GIF_BLOCKS = 200_000
"""Sub-blocks of a GIF. An honest one of 20 MB has 80,000."""
MAX_PADDING = 1 << 16
"""Bytes between the segments of a JPEG's header."""
MAX_RUN_LENGTH_BYTES = 1 << 19
"""Bytes of a run-length encoded BMP, which Pillow decodes in Python."""

SCAN, END = 0xDA, 0xD9
_MARKER = re.compile(rb"\xff([^\x00\x01\xff\xd0-\xd7])")


class TooCostly(ValueError):
    """The picture would take far too long to decode."""


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment of a JPEG, up to and including its end marker.

    Entropy-coded data follows a scan's segment: it lies between that segment's end and the next one's start.
    """
    end = 2
    while (match := _MARKER.search(data, end)) is not None:
        marker, start, end = match[1][0], match.start(), match.end()
        if marker != END:
            end += max(2, int.from_bytes(data[end : end + 2], "big"))
        yield marker, start, end
        if marker == END:
            return


def check_decoding_cost(data: bytes) -> None:
    """Raise TooCostly if a file of any supported format would take far too long to decode."""
    if data.startswith(b"\xff\xd8"):
        _check_jpeg(data)
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        for _ in png_chunks(data):  # raises if there are too many
            pass
    elif data.startswith(b"GIF8"):
        _check_gif(data)
    elif data.startswith(b"BM"):
        compression = int.from_bytes(data[30:34], "little")
        if compression in (1, 2) and len(data) > MAX_RUN_LENGTH_BYTES:
            raise TooCostly("too much run-length encoded data")
    elif data.startswith((b"II", b"MM")):
        _check_tiff(data)


def _check_jpeg(data: bytes) -> None:
    scans = padding = previous = 0
    for count, (marker, start, end) in enumerate(jpeg_segments(data), start=1):
        scans += marker == SCAN
        padding += 0 if scans else start - max(2, previous)
        previous = end
        if scans > MAX_SCANS:
            raise TooCostly("too many scans")
        if count > MAX_PARTS or padding > MAX_PADDING:
            raise TooCostly("too many segments")


def png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of the content of each whole chunk of a PNG.

    Raises TooCostly for too many.
    """
    position = 8
    for _ in range(MAX_PARTS):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if end > len(data):
            return
        yield data[position + 4 : position + 8], position + 8, end - 4
        position = end
    raise TooCostly("too many chunks")


def _check_gif(data: bytes) -> None:
    """Walk the blocks: extensions and images, each a chain of sub-blocks that ends with an empty one."""
    position = 13 + _gif_colours(data[10:11])
    blocks = 0
    while position < len(data) and data[position] in (0x21, 0x2C):
        if data[position] == 0x21:
            position += 2
        else:
            position += 11 + _gif_colours(data[position + 9 : position + 10])
        while position < len(data) and data[position]:
            position += 1 + data[position]
            blocks += 1
            if blocks > MAX_GIF_BLOCKS:
                raise TooCostly("too many blocks")
        position += 1
        blocks += 1


def _gif_colours(flags: bytes) -> int:
    """Bytes of a colour table, from the byte that describes it."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _check_tiff(data: bytes) -> None:
    """Count the strips or tiles of the first page (tags 273 and 324), and the tags themselves."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"\x2b\x00", b"\x00\x2b")
    try:
        (first,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)
        (tags,) = struct.unpack_from(f"{order}{'Q' if big else 'H'}", data, first)
        if tags > MAX_PARTS:
            raise TooCostly("too many tags")
        entry = struct.Struct(f"{order}HHQQ" if big else f"{order}HHII")
        for number in range(tags):
            tag, _, count, _ = entry.unpack_from(data, first + (8 if big else 2) + number * entry.size)
            if tag in (273, 324) and count > MAX_PARTS:
                raise TooCostly("too many strips")
    except struct.error:  # cut off; the decoder says so
        return
