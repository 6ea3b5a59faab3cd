"""Random weights that follow from a tensor's name, so that two implementations have the same ones without a
file.
"""

from __future__ import annotations

import math
import re
import zlib
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

PERIOD = 1_048_573
KEPT = re.compile(r"(resample_filter|up_filter|down_filter|\.kernel|transform|num_batches_tracked)$")
"""Names of tensors whose values are part of the design."""
EQUALISED = re.compile(r"(style\.\d+|fc\d+|mapping\.\d+)\.(weight|bias)$")
"""Layers with a hundredth of the learning rate: their stored weights are a hundred times as large."""
SMALL = (
    *("bias", "running_mean", "w_avg", "latent_avg", "noise_strength", "noise.weight", "input.affine.weight"),
)
PLAIN = ("visual.", "transformer.", "token_embedding", "positional_embedding", "text_projection")
"""Beginnings of the names of a text-image model, whose layers do not scale their own weights."""


@cache
def _numbers() -> np.ndarray:
    return np.random.RandomState(20).standard_normal(PERIOD).astype(np.float32)


def normal(name: str, shape: tuple[int, ...]) -> Tensor:
    """Return normally distributed numbers for a name; long tensors repeat after a million."""
    count = math.prod(shape)
    start = zlib.crc32(name.encode()) % PERIOD
    places = (start + np.arange(count, dtype=np.int64)) % PERIOD
    return torch.from_numpy(_numbers()[places].reshape(shape))


def fill(name: str, shape: tuple[int, ...]) -> Tensor:
    """Return values for a published tensor that keep every layer's activations near 1."""
    x = normal(name, shape)
    slow = EQUALISED.search(name)
    if slow is not None:
        return 100 * x if slow[2] == "weight" else 10 * x
    if name.endswith("running_var"):
        return 0.5 + x.abs()
    if name.endswith("magnitude_ema"):
        return 0.6 + 0.3 * x.abs()
    if name.endswith("logit_scale"):
        return torch.full_like(x, math.log(100.0))
    if name.endswith("input.affine.bias"):
        return torch.tensor([1.0, 0.0, 0.0, 0.0]) + 0.1 * x
    if name.endswith(("affine.bias", "modulation.bias")):
        return 1 + 0.1 * x
    if name.endswith(SMALL):
        return 0.1 * x
    if len(shape) == 1 and name.endswith("weight"):
        return 0.8 + 0.2 * x
    of_encoder = name.startswith("encoder.") and not name.endswith("linear.weight")
    return x * math.prod(shape[1:]) ** -0.5 if of_encoder or name.startswith(PLAIN) else x


def fill_module(module: torch.nn.Module, prefix: str = "") -> None:
    """Fill all tensors of a module except those that are part of its design."""
    for name, tensor in module.state_dict(keep_vars=True).items():
        if not KEPT.search(name):
            tensor.data = fill(prefix + name, tuple(tensor.shape)).to(tensor.dtype)


def picture(count: int = 1, side: int = 256, name: str = "picture") -> Tensor:
    """Return smooth pictures [count, 3, side, side] in [-1, 1]."""
    coarse = normal(name, (count, 3, 8, 8))
    return F.interpolate(coarse, size=(side, side), mode="bicubic", align_corners=False).clamp(-2, 2) / 2


def relevance_rows(count: int, dim: int) -> Tensor:
    """Return unit rows [count, dim] in place of the measured relevance of channels."""
    return F.normalize(normal("relevance", (count, dim)), dim=1)
