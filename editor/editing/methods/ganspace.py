"""GANSpace (Härkönen et al. 2020, arXiv 2004.02546): principal directions of W, applied to a range of layers.

As in the paper, principal components of many w move some rows of W+. Unlike the paper, whose authors look at
each component and name it by hand, the text-image model names it, by what moving along it does to a few
pictures.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.device.progress import ProgressCallback
from editor.editing.calibration import calibrate, unit
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.samples import samples_of
from editor.networks.styleclip_mapper import LEVELS

COMPONENTS, PICTURES = 24, 3
"""Components that are named, and pictures that each is tried on."""
REACH = 2.0
"""How far a component is moved to name it, in standard deviations."""
LEAST_COSINE = 0.1
"""Cosine with the direction below which no component is about the prompt."""


def principal_components(w: Tensor, count: int) -> Tensor:
    """Return principal components [count, w_dim] of w [N, w_dim], one standard deviation long."""
    centred = w - w.mean(0)
    _, values, components = torch.linalg.svd(centred, full_matrices=False)
    return components[:count] * (values[:count, None] / (len(w) - 1) ** 0.5)


def nearest_row(rows: Tensor, direction: Tensor) -> tuple[int, float]:
    """Return the row of [A, D] most along or against a direction [D], and the cosine."""
    cosines = rows @ direction
    best = int(cosines.abs().argmax())
    return best, float(cosines[best])


class GANSpace(Method):
    """The component and range of layers whose effect is most what the prompt says."""

    name = "ganspace"
    slow = True

    def find(self, task: EditTask) -> Candidate | None:
        """Return one component, scaled; None if none is about the prompt."""
        shared = task.bundle.untuned
        steps, rows = shared.caches.get(
            "ganspace", (), lambda: _named_components(shared, task.progress), maxsize=1
        )
        best, cosine = nearest_row(rows, task.direction)
        if abs(cosine) < LEAST_COSINE:
            return None
        delta = unit(shared, steps[best]) * (1.0 if cosine > 0 else -1.0)
        return calibrate(task, Candidate(delta, self.name))


@torch.no_grad()
def _named_components(bundle: Bundle, progress: ProgressCallback) -> tuple[Tensor, Tensor]:
    """Return steps [A, C] of components on ranges of layers, and their text-image directions [A, D]."""
    samples, synthesis = samples_of(bundle, progress), bundle.generator.synthesis
    components = principal_components(samples.w, COMPONENTS)
    ranges = (slice(None), *LEVELS.values())
    moves = components.new_zeros(len(ranges), COMPONENTS, synthesis.config.num_ws, components.shape[1])
    for move, rows in zip(moves, ranges, strict=True):
        move[:, rows] = components[:, None]
    steps = synthesis.style_steps(moves.flatten(0, 1))
    styles, directions = synthesis.styles(samples.w[:PICTURES]), []
    for number, step in enumerate(steps):
        progress("fit", number, len(steps))
        up, down = (bundle.embed(styles + sign * REACH * step) for sign in (1, -1))
        directions.append(F.normalize((up - down).mean(0), dim=0))
    return steps, torch.stack(directions)
