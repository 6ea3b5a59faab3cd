"""InterFaceGAN (Shen et al. 2020, arXiv 2005.09635): the normal of a linear boundary between two kinds of pictures in W.

As there: a linear support vector machine between pictures that clearly show something and pictures that clearly do not;
an edit moves along its normal. What differs: the labels come from the text-image model, zero-shot, so that any wish has a
boundary and nobody annotates anything. Their conditional manipulation is what ``keep`` does to every method here.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing import samples
from editor.editing.calibration import calibrated, unit
from editor.editing.methods.base import Candidate, State

CLEAR = 0.1
"""Share of the population at either end of a score that is taken as clear cases."""
SOFT = 1e-2
"""Weight of the margin against what lies on its wrong side."""


@torch.enable_grad()
def boundary(points: Tensor, positive: Tensor, steps: int = 60) -> Tensor:
    """Unit normal [d] of a linear SVM (squared hinge) between points [N, d] that are ``positive`` [N] and those that are not."""
    signs = torch.where(positive, 1.0, -1.0).to(points)
    normal = torch.zeros(points.shape[1] + 1).to(points).requires_grad_(True)
    optimizer = torch.optim.LBFGS([normal], max_iter=steps, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        margin = signs * (points @ normal[:-1] + normal[-1])
        value = F.relu(1 - margin).square().mean() + SOFT * normal[:-1].square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    return F.normalize(normal.detach()[:-1], dim=0)


def clear_cases(scores: Tensor, share: float = CLEAR) -> tuple[Tensor, Tensor]:
    """Numbers of the pictures with the highest and the lowest scores [N]."""
    order, count = scores.argsort(), max(2, int(share * len(scores)))
    return order[-count:], order[:count]


class InterFaceGAN:
    """The boundary's normal, scaled."""

    name: MethodName = "interfacegan"
    slow = True

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere."""
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """A step in W as a delta."""
        crowd = samples.of(bundle, watch)
        high, low = clear_cases(crowd.scores(direction))
        std = crowd.w.std(0)
        points = (crowd.w[torch.cat([high, low])] - crowd.w.mean(0)) / std
        normal = boundary(points, torch.arange(len(points), device=points.device) < len(high))
        step = bundle.generator.synthesis.style_steps((normal * std)[None])[0]
        return calibrated(bundle, state, wish, direction, Candidate(unit(bundle, step), self.name), watch)
