"""3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, arXiv 1509.09308), for CPUs.

Each tile of 4x4 outputs takes 36 multiplications a pair of maps instead of 144. The transforms around them pay off where there are
many maps, as in the middle of a large generator; they cost about a digit of float32's precision.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

TILE, PATCH = 4, 6
"""Sides of what a tile gives and of what it sees."""
_FILTER = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)
_OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
LEAST_MAPS, LEAST_SIDE = 128, 32
"""Maps in and out, and pixels of a side, from which this is faster than the library's convolution (measured)."""
CHUNK = 12 * 2**20
"""Bytes of transformed tiles at a time: they should stay in the processor's cache."""


def pays(x: Tensor, outputs: int) -> bool:
    """Whether a convolution of ``x`` [N, C, H, W] to so many maps is faster this way."""
    channels, height, width = x.shape[1:]
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and min(channels, outputs) >= LEAST_MAPS
        and min(height, width) >= LEAST_SIDE
        and height % TILE == 0 == width % TILE
    )


def kernels(weight: Tensor) -> Tensor:
    """A convolution's weight [K, C, 3, 3] as its tiles need it: [36, C, K]."""
    g = torch.tensor(_FILTER, dtype=torch.float64, device=weight.device)
    made = torch.einsum("ai,kcij,bj->back", g, weight.double(), g)
    return made.to(weight.dtype).reshape(PATCH * PATCH, weight.shape[1], weight.shape[0]).contiguous()


def convolve(x: Tensor, made: Tensor, into: Tensor, out: Tensor, bias: Tensor) -> Tensor:
    """``x`` [N, C, H, W], scaled by ``into`` [N, C], through ``kernels`` [36, C, K]; scaled by ``out`` [N, K], plus ``bias`` [K].

    Returns [N, K, H, W], channels last. Without gradients.
    """
    rows = [_convolved(*one, bias, made) for one in zip(x.permute(0, 2, 3, 1), into, out, strict=True)]
    return (rows[0][None] if len(rows) == 1 else torch.stack(rows)).permute(0, 3, 1, 2)


def _convolved(x: Tensor, into: Tensor, out: Tensor, bias: Tensor, made: Tensor) -> Tensor:
    """[H, W, C] -> [H, W, K]."""
    height, width, channels = x.shape
    padded = x.new_zeros(height + 2, width + 2, channels)
    torch.mul(x, into, out=padded[1:-1, 1:-1])
    down, across, maps = height // TILE, width // TILE, made.shape[2]
    result = x.new_empty(down, TILE, across, TILE, maps)
    at_once = max(1, CHUNK // (4 * PATCH * PATCH * max(channels, maps) * across))
    transform = x.new_tensor(_OUTPUT)
    for start in range(0, down, at_once):
        count = min(at_once, down - start)
        tiles = _tiles(padded[TILE * start : TILE * (start + count) + 2], count, across)
        found = torch.bmm(tiles.view(PATCH * PATCH, count * across, channels), made)
        found = transform @ (transform @ found.view(PATCH, -1)).view(TILE, PATCH, -1)
        found = found.view(TILE, TILE, count, across, maps).permute(2, 1, 3, 0, 4)
        torch.addcmul(bias, found, out, out=result[start : start + count])
    return result.view(height, width, maps)


def _tiles(x: Tensor, down: int, across: int) -> Tensor:
    """Rows [4 down + 2, 4 across + 2, C] -> overlapping tiles, transformed: [6, 6, down, across, C], columns before rows."""
    half = x.new_empty(PATCH, down, *x.shape[1:])
    _transform([x[place::TILE][:down] for place in range(PATCH)], half)
    tiles = x.new_empty(PATCH, PATCH, down, across, x.shape[2])
    _transform([half[:, :, place::TILE][:, :, :across] for place in range(PATCH)], tiles)
    return tiles


def _transform(lines: list[Tensor], out: Tensor) -> None:
    """The six combinations of a patch's six lines that the filters are multiplied with, into ``out`` [6, ...]."""
    torch.add(lines[4], lines[2], alpha=-5, out=out[0]).add_(lines[0], alpha=4)
    torch.add(lines[5], lines[3], alpha=-5, out=out[5]).add_(lines[1], alpha=4)
    for place, near, gain in ((1, 4, 1), (3, 1, 2)):
        even, odd = torch.sub(lines[4], lines[2], alpha=near), torch.sub(lines[3], lines[1], alpha=near)
        torch.add(even, odd, alpha=gain, out=out[place])
        torch.sub(even, odd, alpha=gain, out=out[place + 1])


class Convolution(torch.autograd.Function):
    """``convolve`` by frozen kernels, with the gradient for what goes in."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, made: Tensor, back: Tensor) -> Tensor:
        """[N, C, H, W], kernels of the weight [36, C, K], and of the weight turned round [36, K, C] -> [N, K, H, W]."""
        ctx.save_for_backward(back)
        return convolve(x, made, *_plain(x, made))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """A convolution by the weight turned round."""
        (back,) = ctx.saved_tensors
        return convolve(gradients[0], back, *_plain(gradients[0], back)), None, None


def _plain(x: Tensor, made: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Neither scaled nor moved."""
    return x.new_ones(len(x), made.shape[1]), x.new_ones(len(x), made.shape[2]), x.new_zeros(made.shape[2])
