"""StyleCLIP's latent mapper, trained for one prompt (Patashnik et al. 2021, arXiv 2103.17249, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from editor.networks.stylegan2 import EqualLinear, StyleLayer, pixel_norm

STEP = 0.1
"""Share of the network's answer that is added."""
LEVELS = {"coarse": slice(0, 4), "medium": slice(4, 8), "fine": slice(8, None)}
"""Rows of W+ that each level of a mapper moves."""
DEPTH, RATE = 4, 0.01


class LevelNet(nn.Module):
    """Normalisation and four layers: [N, ..., width] -> the same.

    The published networks normalise over the second axis whatever it is: over the rows of W+, not over a row's
    features. Their weights are trained so.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *[EqualLinear(width, width, activate=True, lr_mul=RATE) for _ in range(DEPTH)]
        )

    def forward(self, x: Tensor) -> Tensor:
        """[N, R, width] or [N, width] -> the same."""
        return self.layers(pixel_norm(x))


class PromptMapper(nn.Module):
    """W+ [N, num_ws, w_dim] and its styles [N, C] -> step in StyleSpace's terms at strength 1.

    ``nets``: "all" for one network, some of "coarse", "medium", "fine", or numbers of style layers for a mapper that
    works on styles; ``widths`` are theirs.
    """

    def __init__(self, widths: Mapping[str, int]) -> None:
        super().__init__()
        self.nets = nn.ModuleDict({name: LevelNet(width) for name, width in widths.items()})
        self.in_styles = any(name.isdigit() for name in widths)

    def w_step(self, w: Tensor) -> Tensor:
        """W+ [N, num_ws, w_dim] -> step in W+ of the same shape."""
        step = torch.zeros_like(w)
        for name, net in self.nets.items():
            rows = LEVELS.get(name, slice(None))
            step[:, rows] = net(w[:, rows])
        return STEP * step

    def style_step(self, styles: Tensor, layers: list[StyleLayer]) -> Tensor:
        """StyleSpace [N, C] -> step in StyleSpace [N, C]."""
        step = torch.zeros_like(styles)
        for name, net in self.nets.items():
            layer = layers[int(name)]
            step[:, layer.start : layer.stop] = net(styles[:, layer.start : layer.stop])
        return STEP * step

    def delta(self, synthesis: Any, w: Tensor, styles: Tensor) -> Tensor:
        """The StyleSpace delta [N, C] for W+ [N, num_ws, w_dim] and the styles [N, C] as they are now."""
        if self.in_styles:
            return self.style_step(styles, synthesis.layers)
        return synthesis.style_steps(self.w_step(w))
