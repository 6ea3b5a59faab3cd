"""3x3 convolutions by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, arXiv 1509.09308), for
CPUs.

A tile of 4x4 outputs takes 36 multiplications for each pair of maps instead of 144. The transforms around
them pay off with many maps: a StyleGAN2 of 1024 pixels, drawn at 256, takes 0.98 s instead of 1.41 s of one
core. They cost about a digit of float32's precision.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

TILE, PATCH = 4, 6
"""Sides of a tile's output and of its input."""
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
"""Numbers of maps and of pixels of a side from which this is faster than torch's convolution (measured)."""
CHUNK = 12 * 2**20
"""Bytes of tiles that are transformed at a time, so that they stay in the processor's cache."""


def pays(x: Tensor, outputs: int) -> bool:
    """Whether a convolution of ``x`` [N, C, H, W] to ``outputs`` maps is faster this way."""
    channels, height, width = x.shape[1:]
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and min(channels, outputs) >= LEAST_MAPS
        and min(height, width) >= LEAST_SIDE
        and height % TILE == 0 == width % TILE
    )


def kernels(weight: Tensor) -> Tensor:
    """Transform a convolution's weight [K, C, 3, 3] to [36, C, K]."""
    g = torch.tensor(_FILTER, dtype=torch.float64, device=weight.device)
    made = torch.einsum("ai,kcij,bj->back", g, weight.double(), g)
    return made.to(weight.dtype).reshape(PATCH * PATCH, weight.shape[1], weight.shape[0]).contiguous()


def convolve(x: Tensor, kernel: Tensor, scale_in: Tensor, scale_out: Tensor, bias: Tensor) -> Tensor:
    """Convolve without gradients.

    Args:
        x: [N, C, H, W].
        kernel: [36, C, K], from ``kernels``.
        scale_in: [N, C], factors of the input.
        scale_out: [N, K], factors of the output.
        bias: [K], added at the end.

    Returns:
        [N, K, H, W], channels last.
    """
    samples = zip(x.permute(0, 2, 3, 1), scale_in, scale_out, strict=True)
    rows = [_convolve_sample(*sample, bias, kernel) for sample in samples]
    return (rows[0][None] if len(rows) == 1 else torch.stack(rows)).permute(0, 3, 1, 2)


def _convolve_sample(x: Tensor, scale_in: Tensor, scale_out: Tensor, bias: Tensor, kernel: Tensor) -> Tensor:
    """[H, W, C] -> [H, W, K]."""
    height, width, channels = x.shape
    padded = x.new_zeros(height + 2, width + 2, channels)
    torch.mul(x, scale_in, out=padded[1:-1, 1:-1])
    down, across, maps = height // TILE, width // TILE, kernel.shape[2]
    result = x.new_empty(down, TILE, across, TILE, maps)
    at_once = max(1, CHUNK // (4 * PATCH * PATCH * max(channels, maps) * across))
    transform = x.new_tensor(_OUTPUT)
    for start in range(0, down, at_once):
        count = min(at_once, down - start)
        tiles = _tiles(padded[TILE * start : TILE * (start + count) + 2], count, across)
        found = torch.bmm(tiles.view(PATCH * PATCH, count * across, channels), kernel)
        found = transform @ (transform @ found.view(PATCH, -1)).view(TILE, PATCH, -1)
        found = found.view(TILE, TILE, count, across, maps).permute(2, 1, 3, 0, 4)
        torch.addcmul(bias, found, scale_out, out=result[start : start + count])
    return result.view(height, width, maps)


def _tiles(x: Tensor, down: int, across: int) -> Tensor:
    """Cut rows [4 down + 2, 4 across + 2, C] into overlapping, transformed tiles [6, 6, down, across, C]."""
    half = x.new_empty(PATCH, down, *x.shape[1:])
    _transform([x[place::TILE][:down] for place in range(PATCH)], half)
    tiles = x.new_empty(PATCH, PATCH, down, across, x.shape[2])
    _transform([half[:, :, place::TILE][:, :, :across] for place in range(PATCH)], tiles)
    return tiles


def _transform(lines: list[Tensor], out: Tensor) -> None:
    """Write the six combinations of a patch's six lines into ``out`` [6, ...]."""
    torch.add(lines[4], lines[2], alpha=-5, out=out[0]).add_(lines[0], alpha=4)
    torch.add(lines[5], lines[3], alpha=-5, out=out[5]).add_(lines[1], alpha=4)
    for place, near, gain in ((1, 4, 1), (3, 1, 2)):
        even, odd = torch.sub(lines[4], lines[2], alpha=near), torch.sub(lines[3], lines[1], alpha=near)
        torch.add(even, odd, alpha=gain, out=out[place])
        torch.sub(even, odd, alpha=gain, out=out[place + 1])


class Convolution(torch.autograd.Function):
    """``convolve`` with frozen kernels and a gradient for the input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, backward_kernel: Tensor) -> Tensor:
        """[N, C, H, W], kernels [36, C, K] of the weight and [36, K, C] of the flipped weight -> [N, K, H,
        W]."""
        ctx.save_for_backward(backward_kernel)
        return convolve(x, kernel, *_no_scale(x, kernel))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """Convolve with the flipped weight."""
        (kernel,) = ctx.saved_tensors
        return convolve(gradients[0], kernel, *_no_scale(gradients[0], kernel)), None, None


def _no_scale(x: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Factors of 1 and a bias of 0."""
    inputs, outputs = kernel.shape[1:]
    return x.new_ones(len(x), inputs), x.new_ones(len(x), outputs), x.new_zeros(outputs)
