"""A face model in YuNet's layout that detects magenta squares, written as ONNX by hand.

Inputs, outputs and their meaning are those of the published ``face_detection_yunet`` models: for strides 8,
16 and 32 a class score, an objectness, a box and five points of every cell. Only the cells of stride 8 ever
find anything.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

STRIDES = (8, 16, 32)
SIZE = 6.0
"""Width and height of every box, in cells."""
POINTS = ((-1.0, -1.0), (1.0, -1.0), (0.0, 0.0), (-0.75, 1.5), (0.75, 1.5))
"""Landmarks from the middle of the cell, in cells: eyes, nose, corners of the mouth."""


def _varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _field(number: int, value: int | bytes | str | float) -> bytes:
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _attribute(name: str, value: float | list[int]) -> bytes:
    if isinstance(value, float):
        return _field(1, name) + _field(2, value) + _field(20, 1)
    return _field(1, name) + b"".join(_field(8, item) for item in value) + _field(20, 7)


def _node(kind: str, inputs: list[str], output: str, **attributes: float | list[int]) -> bytes:
    parts = [_field(1, name) for name in inputs] + [_field(2, output), _field(3, output), _field(4, kind)]
    return _field(
        1, b"".join([*parts, *(_field(5, _attribute(name, value)) for name, value in attributes.items())])
    )


def _tensor(name: str, values: np.ndarray) -> bytes:
    kind = 7 if values.dtype == np.int64 else 1
    dims = b"".join(_field(1, size) for size in values.shape)
    return _field(5, dims + _field(2, kind) + _field(8, name) + _field(9, values.tobytes()))


def _value(place: int, name: str, shape: list[int]) -> bytes:
    dims = b"".join(_field(1, _field(1, size)) for size in shape)
    return _field(place, _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims))))


def _head(name: str, stride: int, weight: np.ndarray, bias: np.ndarray, bounded: bool) -> list[bytes]:
    """From the mean colour of every cell to rows of numbers [1, cells, K]."""
    out, root = f"{name}_{stride}", f"{name}{stride}"
    width = len(bias)
    made = [
        _tensor(f"{root}w", weight.astype(np.float32).reshape(width, 3, 1, 1)),
        _tensor(f"{root}b", bias.astype(np.float32)),
        _tensor(f"{root}s", np.array([1, -1, width], np.int64)),
        _node("Conv", [f"mean{stride}", f"{root}w", f"{root}b"], f"{root}c", kernel_shape=[1, 1]),
    ]
    last = f"{root}c"
    if bounded:
        made += [
            _tensor(f"{root}l", np.float32(0)),
            _tensor(f"{root}h", np.float32(1)),
            _node("Clip", [last, f"{root}l", f"{root}h"], f"{root}d"),
        ]
        last = f"{root}d"
    made.append(_node("Transpose", [last], f"{root}t", perm=[0, 2, 3, 1]))
    return [*made, _node("Reshape", [f"{root}t", f"{root}s"], out)]


def write(path: Path) -> Path:
    """The model.

    Scores are 1 where the blue and red of a cell (the input is BGR) far exceed its green, else 0.
    """
    parts: list[bytes] = []
    for stride in STRIDES:
        cell = [stride, stride]
        parts.append(_node("AveragePool", ["input"], f"mean{stride}", kernel_shape=cell, strides=cell))
        magenta = np.array([[1.0, -2.0, 1.0]]) / 100 if stride == 8 else np.zeros((1, 3))
        parts += _head("cls", stride, magenta, np.array([-3.9 if stride == 8 else 0.0]), bounded=True)
        parts += _head("obj", stride, magenta, np.array([-3.9 if stride == 8 else 0.0]), bounded=True)
        parts += _head(
            "bbox", stride, np.zeros((4, 3)), np.array([0.5, 0.5, np.log(SIZE), np.log(SIZE)]), bounded=False
        )
        parts += _head("kps", stride, np.zeros((10, 3)), 0.5 + np.array(POINTS).ravel(), bounded=False)
    parts += [_field(2, "graph"), _value(11, "input", [1, 3, 640, 640])]
    widths = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    parts += [
        _value(12, f"{name}_{stride}", [1, (640 // stride) ** 2, width])
        for name, width in widths.items()
        for stride in STRIDES
    ]
    opset = _field(8, _field(1, "") + _field(2, 11))
    path.write_bytes(_field(1, 7) + _field(7, b"".join(parts)) + opset)
    return path
