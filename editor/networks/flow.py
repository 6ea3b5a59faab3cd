"""A conditional normalising flow of affine couplings (RealNVP, Dinh et al. 2017, arXiv 1605.08803)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

MOST_SCALE = 1.0
"""Log scales of one coupling keep to plus and minus this."""


class Coupling(nn.Module):
    """Half of the entries are scaled and shifted by what the other half and the condition say."""

    mask: Tensor

    def __init__(self, mask: Tensor, conditions: int, width: int) -> None:
        super().__init__()
        size = len(mask)
        self.register_buffer("mask", mask)
        last = nn.Linear(width, 2 * size)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.net = nn.Sequential(nn.Linear(size + conditions, width), nn.SiLU(), last)

    def _parts(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.net(torch.cat([x * self.mask, condition], dim=1)).chunk(2, dim=1)
        free = 1 - self.mask
        return MOST_SCALE * torch.tanh(scale) * free, shift * free

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """[N, d], [N, c] -> [N, d] and the log determinant [N]."""
        scale, shift = self._parts(x, condition)
        return x * scale.exp() + shift, scale.sum(1)

    def inverse(self, y: Tensor, condition: Tensor) -> Tensor:
        """The counterpart of ``forward``."""
        scale, shift = self._parts(y, condition)
        return (y - shift) * (-scale).exp()


class ConditionalFlow(nn.Module):
    """Maps points [N, d], given conditions [N, c], to a Gaussian, and back."""

    def __init__(self, size: int, conditions: int, layers: int = 6, width: int = 128) -> None:
        super().__init__()
        half = (torch.arange(size) % 2).float()
        self.layers = nn.ModuleList(
            Coupling(half if k % 2 else 1 - half, conditions, width) for k in range(layers)
        )

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """[N, d], [N, c] -> Gaussian [N, d] and the log determinant [N]."""
        total = x.new_zeros(len(x))
        for layer in self.layers:
            x, log = layer(x, condition)
            total = total + log
        return x, total

    def inverse(self, z: Tensor, condition: Tensor) -> Tensor:
        """The counterpart of ``forward``."""
        for layer in reversed(self.layers):
            assert isinstance(layer, Coupling)
            z = layer.inverse(z, condition)
        return z

    def surprise(self, x: Tensor, condition: Tensor) -> Tensor:
        """Mean negative log likelihood of points, in nats an entry."""
        z, log = self(x, condition)
        return (0.5 * (z.square().sum(1) + x.shape[1] * math.log(2 * math.pi)) - log).mean() / x.shape[1]
