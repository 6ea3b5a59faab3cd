"""Colour spaces that a PNG states without an ICC profile: the chunks cICP, gAMA and cHRM.

They become an ICC profile of a matrix and one curve (ICC.1:2001-04), so that one colour engine converts all
pictures.
"""

from __future__ import annotations

import struct

import numpy as np

from editor.api.decoding_cost import png_chunks

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
D65 = (0.3127, 0.3290)
BT709 = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
"""Chromaticities x and y of white, red, green and blue, in the order of cHRM."""
CICP_PRIMARIES = {
    1: BT709,
    9: (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    12: (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
CICP_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0, 13: None}
"""Exponents of the transfer functions of ITU-T H.273; None is the curve of sRGB.

High dynamic range is left alone.
"""


def png_profile(data: bytes) -> bytes | None:
    """Build the ICC profile of a PNG's own colour chunks; None if it has none, or states sRGB."""
    chunks: dict[bytes, bytes] = {}
    for kind, start, end in png_chunks(data):
        if kind == b"IDAT":
            break
        chunks.setdefault(kind, data[start:end])
    if len(cicp := chunks.get(b"cICP", b"")) == 4 and cicp[2] == 0:
        if cicp[0] not in CICP_PRIMARIES or cicp[1] not in CICP_GAMMAS or cicp[:2] == b"\x01\x0d":
            return None
        return _matrix_profile(CICP_PRIMARIES[cicp[0]], CICP_GAMMAS[cicp[1]])
    if b"iCCP" in chunks or b"sRGB" in chunks or len(chunks.get(b"gAMA", b"")) != 4:
        return None
    gamma = int.from_bytes(chunks[b"gAMA"], "big") / 100_000
    chromaticities = BT709
    if len(chunks.get(b"cHRM", b"")) == 32:
        values = struct.unpack(">8I", chunks[b"cHRM"])
        chromaticities = tuple(value / 100_000 for value in values)
    close = abs(gamma * 2.2 - 1) < 0.05
    if not 0.1 < gamma < 10 or (close and np.allclose(chromaticities, BT709, atol=1e-3)):
        return None
    return _matrix_profile(chromaticities, None if close else 1 / gamma)


def _matrix_profile(chromaticities: tuple[float, ...], gamma: float | None) -> bytes | None:
    """Build a profile from chromaticities and an exponent, or the curve of sRGB.

    None if it would make no sense.
    """
    xy = np.array(chromaticities).reshape(4, 2)
    if (xy[:, 1] <= 0).any():
        return None
    white, *primaries = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in xy)
    colours = np.stack(primaries, axis=1)
    if abs(np.linalg.det(colours)) < 1e-6:
        return None
    adapt = np.linalg.inv(BRADFORD) @ np.diag(BRADFORD @ D50 / (BRADFORD @ white)) @ BRADFORD
    columns = (adapt @ (colours * np.linalg.solve(colours, white))).T
    if np.abs(columns).max() > 4:
        return None
    curve = _curve(gamma)
    tags = {b"desc": _description(), b"cprt": b"text\0\0\0\0CC0\0", b"wtpt": _xyz(D50)}
    tags |= {
        letter + b"XYZ": _xyz(column) for letter, column in zip((b"r", b"g", b"b"), columns, strict=True)
    }
    tags |= {letter + b"TRC": curve for letter in (b"r", b"g", b"b")}
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">II", offset + len(body), len(value))
        body += value
    header = struct.pack(
        ">I4xI4s4s4s12x4s24x", offset + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    header += struct.pack(">I", 0) + _xyz(D50)[8:]
    return header.ljust(128, b"\0") + table + body


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def _description() -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", 4) + b"PNG\0" + bytes(78)


def _curve(gamma: float | None) -> bytes:
    if gamma is not None:
        x = np.linspace(0, 1, 4096) ** gamma
    else:
        x = np.linspace(0, 1, 4096)
        x = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return b"curv\0\0\0\0" + struct.pack(">I", len(x)) + (x * 65535).round().astype(">u2").tobytes()
