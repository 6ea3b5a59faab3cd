"""StyleMC (Kocasari et al. 2022, arXiv 2112.08493): one direction in StyleSpace for a text, found once for
all pictures.

As in the paper, the direction is optimized over a small batch of random pictures with a CLIP term and an
identity term. Unlike the paper, the CLIP term is the one of ``editor.editing.methods.objective``, identity is
what the bundle's own encoder reads, and a penalty on absolute values keeps the direction short, so that few
channels move.
"""

from __future__ import annotations

import torch
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.device.gradient_descent import Budget
from editor.editing.calibration import calibrate, unit
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.methods.objective import Objective
from editor.editing.methods.optimization import StyleOffsets, search_offsets
from editor.editing.samples import samples_of

PICTURES, STEPS, RATE = 6, 30, 0.12
MAX_DIRECTIONS = 64


@torch.enable_grad()
def shared_direction(bundle: Bundle, task: EditTask) -> Tensor:
    """Return the delta [C] that makes the task's change best on a few of the generator's pictures."""
    w = samples_of(bundle, task.progress).w[:PICTURES]
    synthesis = bundle.generator.synthesis
    styles = synthesis.styles(w)
    with torch.no_grad():
        before = synthesis(styles).clamp(-1, 1)
        objective = Objective.for_pictures(bundle, task.change, task.direction, before)
    space, rng = StyleOffsets(bundle), torch.Generator().manual_seed(0)

    def loss(offset: Tensor) -> tuple[Tensor, Tensor]:
        delta = space.delta(offset)
        pictures = synthesis(styles + delta).clamp(-1, 1)
        inconsistency = objective.inconsistency(pictures, w + delta @ bundle.style_inverse.t())
        return (objective.loss(pictures, rng) + inconsistency).mean()[None] + space.cost(offset), pictures

    return space.delta(search_offsets(space.zeros(1), loss, Budget(STEPS), task.progress, RATE))[0].detach()


class StyleMC(Method):
    """The text's direction, found on the first request and scaled to each picture."""

    name = "stylemc"
    slow = True

    def find(self, task: EditTask) -> Candidate | None:
        """Return the direction, calibrated; None if nothing helps."""
        shared = task.bundle.untuned
        delta = shared.caches.get(
            "stylemc", task.cache_key, lambda: shared_direction(shared, task), MAX_DIRECTIONS
        )
        if not bool(delta.any()):
            return None
        return calibrate(task, Candidate(unit(shared, delta), self.name))
