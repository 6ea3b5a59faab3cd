"""InterFaceGAN (Shen et al. 2020, arXiv 2005.09635): the normal of a linear boundary between two kinds of
pictures in W.

As in the paper, a linear support vector machine separates pictures that clearly show something from pictures
that clearly do not, and an edit moves along its normal. Unlike the paper, the labels come from the text-image
model, zero-shot, so that any prompt has a boundary without annotations. ``keep`` plays the part of the
paper's conditional manipulation, for every method.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.editing.calibration import calibrate, unit
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.samples import samples_of

CLEAR_SHARE = 0.1
"""Share of the samples at either end of a score that are used as clear cases."""
MARGIN_WEIGHT = 1e-2
"""Weight of the margin against what is on its wrong side."""


@torch.enable_grad()
def boundary(points: Tensor, positive: Tensor, steps: int = 60) -> Tensor:
    """Return the unit normal [d] of a linear SVM (squared hinge) between points [N, d] of two kinds."""
    signs = torch.where(positive, 1.0, -1.0).to(points)
    normal = torch.zeros(points.shape[1] + 1).to(points).requires_grad_(True)
    optimizer = torch.optim.LBFGS([normal], max_iter=steps, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        margin = signs * (points @ normal[:-1] + normal[-1])
        value = F.relu(1 - margin).square().mean() + MARGIN_WEIGHT * normal[:-1].square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return F.normalize(normal.detach()[:-1], dim=0)


def clear_cases(scores: Tensor, share: float = CLEAR_SHARE) -> tuple[Tensor, Tensor]:
    """Return the indices of the pictures with the highest and with the lowest scores [N]."""
    order, count = scores.argsort(), max(2, int(share * len(scores)))
    return order[-count:], order[:count]


class InterFaceGAN(Method):
    """The boundary's normal, scaled."""

    name = "interfacegan"
    slow = True

    def find(self, task: EditTask) -> Candidate | None:
        """Return a step in W as a delta."""
        samples = samples_of(task.bundle, task.progress)
        high, low = clear_cases(samples.scores(task.direction))
        std = samples.w.std(0)
        points = (samples.w[torch.cat([high, low])] - samples.w.mean(0)) / std
        normal = boundary(points, torch.arange(len(points), device=points.device) < len(high))
        step = task.bundle.generator.synthesis.style_steps((normal * std)[None])[0]
        return calibrate(task, Candidate(unit(task.bundle, step), self.name))
