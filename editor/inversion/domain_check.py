"""How well a bundle reproduces a picture, and whether that is well enough to call the picture one of its domain.

Three measures, since each alone is deceived. Pixels: a plain colour is reproduced well by a generator of anything. The
text-image model: it was taught on pictures of the domain and sees them everywhere. Outlines: where a picture has edges its
reproduction must have them, which no pattern that shows nothing gets from a generator of portraits.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle import rendering
from editor.bundle.bundle import Bundle, Thresholds

COARSE = 32
"""Pixels to a side at which outlines are compared: finer ones no small generator has, whatever it knows."""


@dataclass(frozen=True)
class Likeness:
    """Of a picture and its reproduction: PSNR in dB, cosine in the joint space, and cosine of their outlines."""

    psnr: float
    similarity: float
    outlines: float

    def within(self, limits: Thresholds) -> bool:
        """Is the picture reproduced as well as a bundle's domain is?"""
        return (
            self.similarity >= limits.domain_similarity
            and self.psnr >= limits.domain_psnr
            and self.outlines >= limits.domain_outlines
        )


@torch.no_grad()
def likeness(bundle: Bundle, square: Tensor, w: Tensor) -> Likeness:
    """A square [3, R, R] in [-1, 1] against what its W+ makes."""
    made = rendering.render(bundle, bundle.generator.synthesis.styles(w[None]))
    similarity = float(bundle.clip.encode_image(torch.cat([made, square[None]])).prod(0).sum())
    psnr = float(-10 * torch.log10(((made[0] - square) / 2).square().mean().clamp_min(1e-10)))
    return Likeness(psnr, similarity, float(shared_outlines(made, square[None])[0]))


def shared_outlines(pictures: Tensor, others: Tensor) -> Tensor:
    """Cosine of the coarse gradients of N pictures [N, 3, R, R] and N others, -1 to 1; 0 where either is plain: [N]."""
    return F.cosine_similarity(_gradients(pictures), _gradients(others), dim=1)


def _gradients(pictures: Tensor) -> Tensor:
    """Differences of neighbours, down and across, of the pictures in small: [N, G]."""
    small = F.adaptive_avg_pool2d(pictures, COARSE)
    return torch.cat([small.diff(dim=2).flatten(1), small.diff(dim=3).flatten(1)], dim=1)
