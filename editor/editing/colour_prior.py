"""The colours that a generator draws, so that a lesson does not gain a text by colours that it never draws."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE = 16
"""Cells along each side of the cube of colours."""
RARE = 0.02
"""Share of the generator's own pixels that count as rare."""
MOST = 4.0
"""Natural logarithm by which a colour may count as rarer than the first rare ones: no colour is infinitely rare."""


class Gamut:
    """How rare each colour is in a generator's own pictures: 0 for all but the rarest ``RARE`` of their pixels."""

    def __init__(self, pictures: Tensor) -> None:
        """Of pictures [N, 3, R, R] in [-1, 1]."""
        pixels = pictures.movedim(1, -1).reshape(-1, 3)
        places = ((pixels.clamp(-1, 1) + 1) / 2 * (SIDE - 1)).round().long()
        flat = (places[:, 2] * SIDE + places[:, 1]) * SIDE + places[
            :, 0
        ]  # red is the innermost axis, as grid_sample has it
        counts = torch.bincount(flat, minlength=SIDE**3).reshape(1, 1, SIDE, SIDE, SIDE).float()
        density = F.avg_pool3d(F.pad(counts, [1] * 6, mode="replicate"), 3, stride=1)
        ordered = density.flatten()[flat].sort().values
        common = ordered[int(RARE * len(ordered))]
        self._cube = (common.log() - density.clamp_min(1e-6).log()).clamp(0, MOST)

    def rarity(self, pictures: Tensor) -> Tensor:
        """Mean rarity of the pixels of pictures [N, 3, R, R], as a logarithm: [N]. Differentiable."""
        places = pictures.clamp(-1, 1).movedim(1, -1)[:, None]  # [N, 1, R, R, 3]
        cube = self._cube.expand(len(pictures), -1, -1, -1, -1)
        return F.grid_sample(cube, places, mode="bilinear", align_corners=True).mean((1, 2, 3, 4))
