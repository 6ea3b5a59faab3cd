"""The loss of a search by gradients: the change, as far as it is wanted, and nothing else.

A small image tower is easily fooled by its own gradient. So the change is seen through random views of the
picture, and counts no further than the model's own pictures go. Collateral change in the joint space is
penalised. And the encoder, which was never asked about texts, must still read the picture as the W that it
was made from.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Change
from editor.bundle.bundle import Bundle
from editor.editing import text_directions
from editor.editing.scoring import inversion_inconsistency

VIEWS = 2
"""Random views of each picture in a step."""
SHIFT, ZOOM, COLOUR, NOISE = 0.04, 0.06, 0.06, 0.03
"""Largest shift and zoom of a view in sides, scale of its colours, and noise in [-1, 1] units."""
BEYOND = 1.15
"""Multiple of the wanted gain that views must show, since the picture shows less than its best view."""
DRIFT_WEIGHT, INCONSISTENCY_WEIGHT, PIXEL_WEIGHT = 1.5, 0.25, 1.0
"""Weights in standard gains: of a unit of embedding drift, of a standard deviation of W between where the
picture was made and where it is read, and of the mean absolute change of pixels in [-1, 1]."""


def views(pictures: Tensor, rng: torch.Generator, count: int = VIEWS) -> Tensor:
    """Shift, zoom, recolour and add noise at random: [N, 3, R, R] -> [count * N, 3, R, R]."""
    many = pictures.repeat(count, 1, 1, 1)
    n = len(many)

    def random(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=rng).to(pictures) * 2 - 1

    theta = torch.zeros(n, 2, 3).to(pictures)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 + ZOOM * random(n)
    theta[:, :, 2] = 2 * SHIFT * random(n, 2)
    grid = F.affine_grid(theta, list(many.shape), align_corners=False)
    moved = F.grid_sample(many, grid, mode="bilinear", padding_mode="border", align_corners=False)
    noise = _noise(moved, rng)
    return moved * (1 + COLOUR * random(n, 3, 1, 1)) + COLOUR * random(n, 1, 1, 1) + NOISE * noise


def _noise(like: Tensor, rng: torch.Generator) -> Tensor:
    """Draw Gaussian noise.

    A GPU draws its own from a seed: on the CPU this would take longer than the rest of a step.
    """
    if like.device.type == "cpu":
        return torch.randn(like.shape, generator=rng).to(like)
    own = torch.Generator(like.device).manual_seed(int(torch.randint(2**31, (), generator=rng)))
    return torch.randn(like.shape, generator=own, device=like.device, dtype=like.dtype)


@dataclass(frozen=True)
class Objective:
    """The loss of pictures [N, 3, R, R] for one change, in standard gains."""

    bundle: Bundle
    direction: Tensor
    """The change's direction [D] in the text-image space."""
    target: Tensor
    """Embedding of the prompt [D]."""
    before: Tensor
    """The pictures before the change [N or 1, 3, R, R]."""
    start: Tensor
    """Their embeddings [N or 1, D]."""
    sign: float
    wanted: Tensor
    """Logits that each picture should gain [N or 1]."""

    @classmethod
    def for_pictures(cls, bundle: Bundle, change: Change, direction: Tensor, before: Tensor) -> Objective:
        """Return the loss of a change to pictures ``before`` [N, 3, R, R]."""
        start = bundle.clip.encode_image(before)
        target = bundle.clip.encode_text([change.prompt])[0]
        logits = bundle.clip.logits(start, target[None])[:, 0]
        wanted = [text_directions.wanted_gain(bundle, change, float(logit)) for logit in logits]
        return cls(bundle, direction, target, before, start, change.sign, torch.tensor(wanted).to(start))

    def gains(self, embeddings: Tensor) -> Tensor:
        """Return the logits [N] that pictures with embeddings [N, D] gain."""
        text = self.target[None]
        logits = self.bundle.clip.logits(embeddings, text)[:, 0]
        return self.sign * (logits - self.bundle.clip.logits(self.start, text)[:, 0])

    def loss(self, pictures: Tensor, rng: torch.Generator, care: float = 1.0) -> Tensor:
        """Return what random views lack of the wanted gain, and ``care`` times the collateral change: [N]."""
        images = torch.cat([pictures, views(pictures, rng)])
        seen = self.bundle.clip.encode_image(images).unflatten(0, (-1, len(pictures)))
        gained = torch.stack([self.gains(view) for view in seen])
        missing = F.relu(BEYOND * self.wanted - gained).mean(0) / self.bundle.thresholds.standard_gain
        pixels = (pictures - self.before).abs().mean((1, 2, 3))
        return missing + care * (DRIFT_WEIGHT * self.drift(seen[0]) + PIXEL_WEIGHT * pixels)

    def drift(self, embeddings: Tensor) -> Tensor:
        """Return the length of the embedding change that the direction does not explain: [N]."""
        moved = embeddings - self.start
        return (moved - (moved @ self.direction)[:, None] * self.direction).norm(dim=1)

    def inconsistency(self, pictures: Tensor, w: Tensor) -> Tensor:
        """Return the penalty [N] for pictures that the encoder reads as something other than w [N, w_dim]."""
        return INCONSISTENCY_WEIGHT * inversion_inconsistency(self.bundle, pictures, w)
