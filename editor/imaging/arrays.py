"""Conversion between tensors and the arrays of the wire format."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from editor.api.errors import BadRequest
from editor.api.protocol import Array


def to_array(tensor: Tensor) -> Array:
    """Convert a tensor to float32, little-endian bytes."""
    values = tensor.detach().float().cpu().contiguous().numpy().astype("<f4")
    return Array(dtype="float32", shape=tuple(values.shape), data=values.tobytes())


def to_tensor(array: Array, shape: tuple[int, ...], what: str) -> Tensor:
    """Convert an array to a float32 tensor.

    Raises BadRequest, which names ``what``, for another shape or length.
    """
    dtype = np.dtype(array.dtype).newbyteorder("<")
    if array.shape != shape or len(array.data) != int(np.prod(shape)) * dtype.itemsize:
        raise BadRequest(f"The {what} must be {list(shape)}, not {list(array.shape)}.")
    return torch.from_numpy(np.frombuffer(array.data, dtype).reshape(shape).astype(np.float32))


def to_uint8(picture: Tensor) -> np.ndarray:
    """Convert a picture [3, R, R] in [-1, 1] to uint8 [R, R, 3] on its device: a quarter of the bytes leave a
    GPU."""
    levels = ((picture.detach().float().clamp(-1, 1) + 1) * 127.5).round().byte()
    return levels.permute(1, 2, 0).cpu().numpy()
