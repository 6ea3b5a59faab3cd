"""How far an edit may go: as far as the generator's own pictures go in its direction.

Beyond that, pictures fall apart although the text-image model still reads more of the prompt in them: skin
turns black, cheeks puff up. In W, attributes differ along straight lines. How far a picture is along one of
them, apart from all others, is its projection on the direction divided by W's covariance (linear discriminant
analysis, Fisher 1936). Of the generator's own pictures almost none are further than the end of the range.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.editing.methods.base import PictureState
from editor.networks.generators import sample_w

COUNT = 2048
END = 0.995
"""Share of the generator's own pictures that are within the range."""
OVERSHOOT = 1.1
"""Multiple of the way there that still looks natural: what is barely there is easily missed."""
SHRINKAGE = 0.01
"""Share of W's mean variance that is added to every direction, since rare ones are measured badly."""


@dataclass(frozen=True)
class Population:
    """``w`` [N, w_dim] of the generator's own pictures, and the inverse of their covariance."""

    w: Tensor
    precision: Tensor


@torch.no_grad()
def _population(bundle: Bundle) -> Population:
    w = sample_w(bundle.generator, COUNT, seed=0)
    covariance = w.t().cov()
    floor = SHRINKAGE * covariance.diagonal().mean() * torch.eye(len(covariance), device=w.device)
    return Population(w, torch.linalg.inv(covariance + floor))


def natural_multiple(state: PictureState, delta: Tensor) -> float:
    """Return the multiple of a delta [C] at which the picture is at the end of the natural range.

    It is 0 if the picture is there already, and infinite if the delta moves nothing in W.
    """
    bundle = state.bundle.untuned
    population = bundle.caches.get("population", (), lambda: _population(bundle), maxsize=1)
    step = bundle.style_inverse @ delta
    direction = population.precision @ step
    length = float(step @ direction)
    if length <= 0:
        return torch.inf
    end = torch.quantile(population.w @ direction, END)
    return max(0.0, OVERSHOOT * float(end - state.current_w @ direction) / length)
