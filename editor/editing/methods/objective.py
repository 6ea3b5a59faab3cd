"""What a search by gradients wants of a picture: the wish, as far as it is wanted, and nothing else changed.

A small image tower is easily fooled by its own gradient. So the wish is seen through random views of the picture, it
counts no further than the model's own pictures go, what changes across it in the joint space costs, and a second network
that was never asked about texts, the encoder, must still read the picture as the place it was made from.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Change
from editor.bundle.bundle import Bundle
from editor.editing import text_directions
from editor.editing.scoring import misread

VIEWS = 2
"""Random views of each picture a step."""
SHIFT, ZOOM, COLOUR, NOISE = 0.04, 0.06, 0.06, 0.03
"""Most that a view is shifted and zoomed by, in sides, its colours scaled by, and its noise, in [-1, 1] units."""
BEYOND = 1.15
"""Share of the wanted gain that views must show, since what lies behind it shows less than its best view."""
DRIFT, READING, PIXELS = 1.5, 0.25, 1.0
"""Weights, in standard gains: of a unit of embedding drift, of a deviation between made and read place in W, and of the
mean absolute change of pixels in [-1, 1]."""


def views(pictures: Tensor, rng: torch.Generator, count: int = VIEWS) -> Tensor:
    """[N, 3, R, R] -> [count * N, 3, R, R]: each picture moved, zoomed, recoloured and grained at random."""
    many = pictures.repeat(count, 1, 1, 1)
    n = len(many)

    def random(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=rng).to(pictures) * 2 - 1

    theta = torch.zeros(n, 2, 3).to(pictures)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 + ZOOM * random(n)
    theta[:, :, 2] = 2 * SHIFT * random(n, 2)
    grid = F.affine_grid(theta, list(many.shape), align_corners=False)
    moved = F.grid_sample(many, grid, mode="bilinear", padding_mode="border", align_corners=False)
    grain = _grain(moved, rng)
    return moved * (1 + COLOUR * random(n, 3, 1, 1)) + COLOUR * random(n, 1, 1, 1) + NOISE * grain


def _grain(like: Tensor, rng: torch.Generator) -> Tensor:
    """Gaussian noise in the shape of pictures. On a GPU it is drawn there, from a seed of ``rng``'s: millions of numbers from
    the processor would take longer than the rest of a step."""
    if like.device.type == "cpu":
        return torch.randn(like.shape, generator=rng).to(like)
    own = torch.Generator(like.device).manual_seed(int(torch.randint(2**31, (), generator=rng)))
    return torch.randn(like.shape, generator=own, device=like.device, dtype=like.dtype)


@dataclass(frozen=True)
class Objective:
    """The loss of pictures [N, 3, R, R] for one wish, in standard gains.

    ``direction``, ``target``: of the wish [D]; ``start``: embeddings [N or 1, D] of the pictures before it, which are
    ``before`` [N or 1, 3, R, R].
    """

    bundle: Bundle
    direction: Tensor
    target: Tensor
    start: Tensor
    before: Tensor
    sign: float
    wanted: Tensor
    """Logits that each picture is to gain [N or 1]."""

    @classmethod
    def of(cls, bundle: Bundle, wish: Change, direction: Tensor, before: Tensor) -> Objective:
        """For pictures ``before`` [N, 3, R, R] the wish."""
        start = bundle.clip.encode_image(before)
        target = bundle.clip.encode_text([wish.prompt])[0]
        logits = bundle.clip.logits(start, target[None])[:, 0]
        wanted = torch.tensor(
            [text_directions.wanted_gain(bundle, wish, float(logit)) for logit in logits]
        ).to(start)
        return cls(bundle, direction, target, start, before, wish.sign, wanted)

    def gains(self, embeddings: Tensor) -> Tensor:
        """Logits gained [N] by pictures of embeddings [N, D]."""
        logits = self.bundle.clip.logits(embeddings, self.target[None])[:, 0]
        return self.sign * (logits - self.bundle.clip.logits(self.start, self.target[None])[:, 0])

    def wish(self, pictures: Tensor, rng: torch.Generator, care: float = 1.0) -> Tensor:
        """What is missing of the wanted gain, over random views, and ``care`` times what else changed: [N]."""
        count = len(pictures)
        seen = self.bundle.clip.encode_image(torch.cat([pictures, views(pictures, rng)])).unflatten(
            0, (-1, count)
        )
        gained = torch.stack([self.gains(view) for view in seen])
        missing = F.relu(BEYOND * self.wanted - gained).mean(0) / self.bundle.thresholds.standard_gain
        return missing + care * (
            DRIFT * self.drift(seen[0]) + PIXELS * (pictures - self.before).abs().mean((1, 2, 3))
        )

    def drift(self, embeddings: Tensor) -> Tensor:
        """Length of the embedding change that the wish does not explain, [N]."""
        moved = embeddings - self.start
        return (moved - (moved @ self.direction)[:, None] * self.direction).norm(dim=1)

    def reading(self, pictures: Tensor, w: Tensor) -> Tensor:
        """How far from w [N, w_dim] the encoder reads the pictures, in W's deviations: [N]."""
        return READING * misread(self.bundle, pictures, w)
