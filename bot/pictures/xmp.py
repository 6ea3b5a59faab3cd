"""Writes an XMP packet into a PNG, JPEG or WebP file without encoding the picture again.

Pillow writes XMP only when it encodes a picture, which changes the pixels of lossy formats. The XMP
specification, part 3, says where the packet goes: PNG in an ``iTXt`` chunk, JPEG in an APP1 segment, WebP in
a chunk of its extended format. All other parts of the file (colour profile, EXIF, frames) keep their bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD = b"XML:com.adobe.xmp\0\0\0\0\0"
"""Keyword, no compression, no language, no translated keyword."""
_JPEG_HEAD = b"http://ns.adobe.com/xap/1.0/\0"
_WEBP_XMP, _WEBP_ALPHA = 0x04, 0x10


class UnknownFormat(ValueError):
    """The file is damaged, or of another format than PNG, JPEG and WebP."""


def with_packet(data: bytes, packet: bytes) -> bytes:
    """Return the file with this packet, which replaces any other. Raises UnknownFormat."""
    try:
        if data.startswith(_PNG):
            return _into_png(data, packet)
        if data.startswith(b"\xff\xd8"):
            return _into_jpeg(data, packet)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _into_webp(data, packet)
    except (struct.error, IndexError) as error:
        raise UnknownFormat("the picture's file is damaged") from error
    raise UnknownFormat("the picture is neither PNG, JPEG nor WebP")


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the type of each chunk, and the chunk with its length and checksum."""
    at = len(_PNG)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at : at + 12 + length]
        at += 12 + length


def _into_png(data: bytes, packet: bytes) -> bytes:
    body = b"iTXt" + _PNG_HEAD + packet
    ours = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    parts = [_PNG]
    for kind, chunk in _png_chunks(data):
        if kind == b"iTXt" and chunk[8:].startswith(b"XML:com.adobe.xmp\0"):
            continue
        parts.append(chunk)
        if kind == b"IHDR":
            parts.append(ours)
    return b"".join(parts)


def _into_jpeg(data: bytes, packet: bytes) -> bytes:
    body = _JPEG_HEAD + packet
    ours = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    parts, at, placed = [data[:2]], 2, False
    # application segments come before all that describes the picture itself
    while data[at] == 0xFF and 0xE0 <= data[at + 1] <= 0xEF:
        (length,) = struct.unpack_from(">H", data, at + 2)
        segment = data[at : at + 2 + length]
        at += 2 + length
        if segment[1] == 0xE1 and segment[4:].startswith(_JPEG_HEAD):
            continue
        if not placed and segment[1] != 0xE0:  # a JFIF segment has to be the first
            parts.append(ours)
            placed = True
        parts.append(segment)
    return b"".join([*parts, *([] if placed else [ours]), data[at:]])


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        yield data[at : at + 4], data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)


def _webp_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def _extended_header(kind: bytes, body: bytes) -> bytes:
    """Return the body of the VP8X chunk for a file in the simple format: flags, width - 1, height - 1."""
    if kind == b"VP8L":  # a signature byte, then 14 bits of width - 1, 14 of height - 1, 1 for alpha
        (bits,) = struct.unpack_from("<I", body, 1)
        width, height, flags = bits & 0x3FFF, (bits >> 14) & 0x3FFF, _WEBP_ALPHA if bits >> 28 & 1 else 0
    else:  # VP8: three bytes of frame tag, three of start code, then two sizes of 14 bits
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", body, 6))
        width, height, flags = width - 1, height - 1, 0
    return bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def _into_webp(data: bytes, packet: bytes) -> bytes:
    chunks = [(kind, body) for kind, body in _webp_chunks(data) if kind != b"XMP "]
    if chunks[0][0] != b"VP8X":
        chunks.insert(0, (b"VP8X", _extended_header(*chunks[0])))
    header = chunks[0][1]
    chunks[0] = (b"VP8X", bytes([header[0] | _WEBP_XMP]) + header[1:])
    body = b"".join(_webp_chunk(*chunk) for chunk in [*chunks, (b"XMP ", packet)])
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
