"""The colours that a generator draws, so that a mapper does not learn to please a text by others."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE = 16
"""Cells along each side of the colour cube."""
RARE = 0.02
"""Share of the generator's own pixels whose colours count as rare."""
MAX_RARITY = 4.0
"""Largest rarity, a natural logarithm: no colour is infinitely rare."""


class ColourPrior:
    """How rare each colour is in a generator's own pictures: 0 but for the rarest pixels."""

    def __init__(self, pictures: Tensor) -> None:
        """``pictures``: the generator's own, [N, 3, R, R] in [-1, 1]."""
        pixels = pictures.movedim(1, -1).reshape(-1, 3)
        cells = ((pixels.clamp(-1, 1) + 1) / 2 * (SIDE - 1)).round().long()
        # red is the innermost axis, as in grid_sample
        flat = (cells[:, 2] * SIDE + cells[:, 1]) * SIDE + cells[:, 0]
        counts = torch.bincount(flat, minlength=SIDE**3).reshape(1, 1, SIDE, SIDE, SIDE).float()
        density = F.avg_pool3d(F.pad(counts, [1] * 6, mode="replicate"), 3, stride=1)
        ordered = density.flatten()[flat].sort().values
        common = ordered[int(RARE * len(ordered))]
        self._rarity = (common.log() - density.clamp_min(1e-6).log()).clamp(0, MAX_RARITY)

    def rarity(self, pictures: Tensor) -> Tensor:
        """Mean rarity of the pixels of pictures [N, 3, R, R], a logarithm: [N], with gradients."""
        places = pictures.clamp(-1, 1).movedim(1, -1)[:, None]  # [N, 1, R, R, 3]
        cube = self._rarity.expand(len(pictures), -1, -1, -1, -1)
        return F.grid_sample(cube, places, mode="bilinear", align_corners=True).mean((1, 2, 3, 4))
