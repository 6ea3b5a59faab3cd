"""A conditional normalising flow of affine couplings (RealNVP, Dinh et al. 2017, arXiv 1605.08803)."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

MAX_LOG_SCALE = 1.0
"""Bound of a coupling's log scales."""


class Coupling(nn.Module):
    """Scales and shifts half of the entries; the other half and the condition decide by how much."""

    mask: Tensor

    def __init__(self, mask: Tensor, conditions: int, width: int) -> None:
        super().__init__()
        size = len(mask)
        self.register_buffer("mask", mask)
        last = nn.Linear(width, 2 * size)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.net = nn.Sequential(nn.Linear(size + conditions, width), nn.SiLU(), last)

    def _parameters_for(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = self.net(torch.cat([x * self.mask, condition], dim=1)).chunk(2, dim=1)
        free = 1 - self.mask
        return MAX_LOG_SCALE * torch.tanh(log_scale) * free, shift * free

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """[N, d], [N, c] -> [N, d] and the log determinant [N]."""
        log_scale, shift = self._parameters_for(x, condition)
        return x * log_scale.exp() + shift, log_scale.sum(1)

    def inverse(self, y: Tensor, condition: Tensor) -> Tensor:
        """Invert ``forward``: [N, d], [N, c] -> [N, d]."""
        log_scale, shift = self._parameters_for(y, condition)
        return (y - shift) * (-log_scale).exp()


class ConditionalFlow(nn.Module):
    """Maps points, given conditions, to a Gaussian and back."""

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
            x, log_determinant = layer(x, condition)
            total = total + log_determinant
        return x, total

    def inverse(self, z: Tensor, condition: Tensor) -> Tensor:
        """Invert ``forward``: Gaussian [N, d], [N, c] -> [N, d]."""
        for layer in reversed(self.layers):
            assert isinstance(layer, Coupling)
            z = layer.inverse(z, condition)
        return z

    def negative_log_likelihood(self, x: Tensor, condition: Tensor) -> Tensor:
        """[N, d], [N, c] -> mean negative log likelihood, in nats for each entry."""
        z, log_determinant = self(x, condition)
        gaussian = 0.5 * (z.square().sum(1) + x.shape[1] * math.log(2 * math.pi))
        return (gaussian - log_determinant).mean() / x.shape[1]
