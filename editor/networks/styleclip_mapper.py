"""Mappers for one prompt, whose steps depend on the picture (Patashnik et al. 2021, arXiv 2103.17249)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from editor.api.protocol import Level
from editor.networks.stylegan2_layers import EqualLinear, pixel_norm
from editor.networks.stylespace import StyleLayer, StyleSpaceSynthesis

LEVELS: dict[Level, slice] = {"coarse": slice(0, 4), "medium": slice(4, 8), "fine": slice(8, None)}
"""Rows of W+ that each level of a mapper moves, as in the paper."""
STEP = 0.1
"""Share of a network's output that is added, as in the paper."""
DEPTH, LEARNING_RATE = 4, 0.01


class LevelNet(nn.Module):
    """Pixel norm and four equalised layers.

    The published networks normalise over the second axis: over the rows of W+, not over the features of a
    row. Their weights are trained that way.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *[EqualLinear(width, width, activate=True, lr_mul=LEARNING_RATE) for _ in range(DEPTH)]
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, R, width] or [N, width] -> the same shape."""
        return self.layers(pixel_norm(x))


class StyleClipMapper(nn.Module):
    """The mapper in the layout of StyleCLIP's published checkpoints.

    ``widths`` names the networks and gives their widths: "all" for one network, some of "coarse", "medium"
    and "fine", or numbers of style layers for a mapper that works in StyleSpace.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__()
        self.nets = nn.ModuleDict({name: LevelNet(width) for name, width in widths.items()})
        self.in_styles = any(name.isdigit() for name in widths)

    def w_step(self, w: Tensor) -> Tensor:
        """W+ [N, num_ws, w_dim] -> step in W+ of the same shape."""
        step = torch.zeros_like(w)
        for name, net in self.nets.items():
            rows = LEVELS.get(name, slice(None))  # type: ignore[call-overload]
            step[:, rows] = net(w[:, rows])
        return STEP * step

    def style_step(self, styles: Tensor, layers: Sequence[StyleLayer]) -> Tensor:
        """StyleSpace [N, C] -> step in StyleSpace [N, C]."""
        step = torch.zeros_like(styles)
        for name, net in self.nets.items():
            layer = layers[int(name)]
            step[:, layer.start : layer.stop] = net(styles[:, layer.start : layer.stop])
        return STEP * step

    def delta(self, synthesis: StyleSpaceSynthesis, w: Tensor, styles: Tensor) -> Tensor:
        """W+ [N, num_ws, w_dim] and current styles [N, C] -> StyleSpace delta [N, C] at strength 1."""
        if self.in_styles:
            return self.style_step(styles, synthesis.layers)
        return synthesis.style_steps(self.w_step(w))


class LevelMapper(nn.Module):
    """The mapper that this project trains for a user's prompt: one network for each level of W+.

    Unlike the published mapper its last layer has no leaky ReLU, since a step must go both ways. It starts
    with no step at all. Rows of a level without a network stay as they are.
    """

    w_mean: Tensor
    w_std: Tensor

    def __init__(self, w_mean: Tensor, w_std: Tensor, levels: Sequence[Level]) -> None:
        """Rows of W+ are normalised by ``w_mean`` and ``w_std`` [w_dim], the statistics of W."""
        super().__init__()
        self.levels = tuple(level for level in LEVELS if level in levels)
        self.networks = nn.ModuleDict({level: self._network(len(w_mean)) for level in self.levels})
        self.register_buffer("w_mean", w_mean.clone())
        self.register_buffer("w_std", w_std.clone())

    @staticmethod
    def _network(width: int) -> nn.Sequential:
        layers = [
            EqualLinear(width, width, activate=number < DEPTH - 1, lr_mul=LEARNING_RATE)
            for number in range(DEPTH)
        ]
        nn.init.zeros_(layers[-1].weight)
        return nn.Sequential(*layers)

    def forward(self, ws: Tensor) -> Tensor:
        """W+ [N, num_ws, w_dim] -> step in W+ of the same shape, at strength 1."""
        rows = (ws - self.w_mean) / self.w_std
        step = torch.zeros_like(rows)
        for level in self.levels:
            part = rows[:, LEVELS[level]]
            step[:, LEVELS[level]] = self.networks[level](pixel_norm(part.flatten(0, 1))).view_as(part)
        return STEP * step * self.w_std
