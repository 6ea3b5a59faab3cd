"""Mappers: steps in W that depend on where a picture is. One network for every wish, and one for a single prompt.

StyleCLIP's mapper (Patashnik et al. 2021) is trained for one prompt; here, after DeltaEdit's idea (Lyu et al. 2023,
arXiv 2303.06285), the network is conditioned on a direction of the text-image space and trained without any text, on
differences of image embeddings. Unlike an additive direction its step depends on where the picture is, so that a wish
with a target ("pink hair") is reached from any start.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from editor.api.protocol import Level
from editor.networks.convnet import scaled
from editor.networks.stylegan2 import EqualLinear, pixel_norm


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(F.gelu(self.up(self.norm(x))))


class TextMapper(nn.Module):
    """w [N, w_dim] and a unit direction of the text-image space [N, dim] -> step in W [N, w_dim] at strength 1;
    ``width`` is a share of the full size."""

    w_mean: Tensor
    w_std: Tensor

    def __init__(self, w_dim: int, dim: int, width: float = 1.0, depth: int = 3) -> None:
        super().__init__()
        (hidden,) = scaled((256,), width)
        self.w_in = nn.Linear(w_dim, hidden)
        self.direction_in = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, hidden))
        self.blocks = nn.Sequential(*[_Block(hidden) for _ in range(depth)])
        self.out = nn.Linear(hidden, w_dim)
        self.register_buffer("w_mean", torch.zeros(w_dim))
        self.register_buffer("w_std", torch.ones(w_dim))

    def forward(self, w: Tensor, direction: Tensor) -> Tensor:
        """[N, w_dim], [N, dim] -> [N, w_dim]."""
        x = self.w_in((w - self.w_mean) / self.w_std) + self.direction_in(direction)
        return self.out(self.blocks(x)) * self.w_std


LEVELS: dict[Level, slice] = {"coarse": slice(0, 4), "medium": slice(4, 8), "fine": slice(8, None)}
"""Rows of W+ that a level moves, as StyleCLIP's authors divide them."""
STEP = 0.1
"""Share of a network's output that is taken, as in the paper."""


class PromptMapper(nn.Module):
    """A mapper for one prompt (Patashnik et al. 2021, section 5): W+ [N, num_ws, w_dim] -> step in W+ at strength 1.

    One network for each level: pixel norm and four equalised layers, of which the last, unlike the authors', has no
    leaky ReLU, since a step has to go both ways; it begins at no step at all. Rows of a level without a network stay.
    """

    w_mean: Tensor
    w_std: Tensor

    def __init__(self, w_mean: Tensor, w_std: Tensor, levels: Sequence[Level]) -> None:
        """``w_mean``, ``w_std``: [w_dim], of W; rows are normalised by them."""
        super().__init__()
        width = len(w_mean)
        self.levels = tuple(level for level in LEVELS if level in levels)
        self.networks = nn.ModuleDict({level: self._network(width) for level in self.levels})
        self.register_buffer("w_mean", w_mean.clone())
        self.register_buffer("w_std", w_std.clone())

    @staticmethod
    def _network(width: int) -> nn.Sequential:
        layers = [EqualLinear(width, width, activate=number < 3, lr_mul=0.01) for number in range(4)]
        nn.init.zeros_(layers[-1].weight)
        return nn.Sequential(*layers)

    def forward(self, ws: Tensor) -> Tensor:
        """[N, num_ws, w_dim] -> [N, num_ws, w_dim]."""
        rows = (ws - self.w_mean) / self.w_std
        step = torch.zeros_like(rows)
        for level in self.levels:
            part = rows[:, LEVELS[level]]
            step[:, LEVELS[level]] = self.networks[level](pixel_norm(part.flatten(0, 1))).view_as(part)
        return STEP * step * self.w_std
