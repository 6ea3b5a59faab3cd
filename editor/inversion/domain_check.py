"""Domain check: how well a bundle reproduces a picture, and whether the picture belongs to its domain.

There are three measures, because each alone is deceived. Pixels: any generator reproduces a plain colour
well. The text-image model: it was taught on pictures of the domain and sees them everywhere. Outlines: where
a picture has edges its reconstruction must have them too, which a meaningless pattern does not get from a
generator of portraits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle.bundle import Bundle, Thresholds

COARSE = 32
"""Side of the pictures whose outlines are compared.

No small generator has finer outlines, whatever it knows.
"""


@dataclass(frozen=True)
class Likeness:
    """How like a picture its reconstruction is: PSNR in dB, cosine of embeddings, and cosine of outlines."""

    psnr: float
    similarity: float
    outlines: float

    def within(self, limits: Thresholds) -> bool:
        """Return whether the picture is reproduced as well as pictures of the domain are."""
        return (
            self.similarity >= limits.domain_similarity
            and self.psnr >= limits.domain_psnr
            and self.outlines >= limits.domain_outlines
        )


@torch.no_grad()
def measure_likeness(bundle: Bundle, square: Tensor, reconstruction: Tensor) -> Likeness:
    """Compare a picture [3, R, R] in [-1, 1] with its reconstruction [3, R, R]."""
    pair = torch.stack([reconstruction, square])
    similarity = float(bundle.clip.encode_image(pair).prod(0).sum())
    psnr = float(-10 * torch.log10(((reconstruction - square) / 2).square().mean().clamp_min(1e-10)))
    return Likeness(psnr, similarity, float(shared_outlines(pair[:1], pair[1:])[0]))


def shared_outlines(pictures: Tensor, others: Tensor) -> Tensor:
    """Cosine of the coarse gradients of two batches [N, 3, R, R]: [N]; 0 if a picture is plain."""
    return F.cosine_similarity(_gradients(pictures), _gradients(others), dim=1)


def _gradients(pictures: Tensor) -> Tensor:
    """Return the differences of neighbouring pixels, down and across, of the reduced pictures: [N, G]."""
    small = F.adaptive_avg_pool2d(pictures, COARSE)
    return torch.cat([small.diff(dim=2).flatten(1), small.diff(dim=3).flatten(1)], dim=1)
