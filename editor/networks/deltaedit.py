"""One mapper for every prompt, after DeltaEdit (Lyu et al. 2023, arXiv 2303.06285).

It is conditioned on a direction of the text-image space and trained without text, on differences of image
embeddings. Unlike an additive direction its step depends on the picture, so that an edit with a target ("pink
hair") is reached from any start.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.networks.convnet import scaled


class ResidualBlock(nn.Module):
    """A residual block of two linear layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """[N, width] -> [N, width]."""
        return x + self.down(F.gelu(self.up(self.norm(x))))


class TextMapper(nn.Module):
    """Maps w and a text-image direction to a step in W; ``width`` is a share of the full size."""

    w_mean: Tensor
    w_std: Tensor

    def __init__(self, w_dim: int, dim: int, width: float = 1.0, depth: int = 3) -> None:
        super().__init__()
        (hidden,) = scaled((256,), width)
        self.w_in = nn.Linear(w_dim, hidden)
        self.direction_in = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.blocks = nn.Sequential(*[ResidualBlock(hidden) for _ in range(depth)])
        self.out = nn.Linear(hidden, w_dim)
        self.register_buffer("w_mean", torch.zeros(w_dim))
        self.register_buffer("w_std", torch.ones(w_dim))

    def forward(self, w: Tensor, direction: Tensor) -> Tensor:
        """w [N, w_dim] and unit directions [N, dim] -> steps [N, w_dim] at strength 1."""
        x = self.w_in((w - self.w_mean) / self.w_std) + self.direction_in(direction)
        return self.out(self.blocks(x)) * self.w_std
