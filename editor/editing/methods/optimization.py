"""Latent optimization (StyleCLIP, Patashnik et al. 2021, arXiv 2103.17249, section 4): a search for one
picture.

As in the paper, Adam searches W+ from the inverted picture with a CLIP term, an L2 term and an identity term.
Unlike the paper, the CLIP term stops at the wanted gain and sees random views
(``editor.editing.methods.objective``); identity is what the bundle's own encoder reads; several restarts run
in one batch; the search stops on a plateau; StyleSpace may be searched instead of W+; and the result is a
delta, which scales, adds up and is undone like every other edit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from editor.api.protocol import MethodName
from editor.bundle.bundle import Bundle
from editor.device import memory
from editor.device.gradient_descent import Budget, GradientDescent, Plateau, cosine_decay
from editor.device.progress import ProgressCallback
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.methods.objective import Objective

STEPS, RESTARTS = 48, 2
RATE = 0.12
"""Learning rate, in standard deviations of the space."""
SPREAD = 0.25
"""Standard deviation of where all restarts but the first begin, in standard deviations of the space."""
PATIENCE, LEAST_FALL = 10, 0.01
"""The search stops when for so many steps the loss of no restart falls by this share."""

Loss = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Offsets [N, ...] -> the loss of each row [N], and the pictures [N, 3, R, R] that it was measured on."""


class WPlusOffsets:
    """Search of W+ by offsets [N, num_ws, w_dim] in its standard deviations.

    Rows that differ from each other leave W's manifold, and cost more than moving far together.
    """

    FAR_WEIGHT, APART_WEIGHT = 0.10, 0.5

    def __init__(self, bundle: Bundle) -> None:
        self.synthesis, self.std = bundle.generator.synthesis, bundle.encoder.w_std

    def zeros(self, count: int) -> Tensor:
        """Return ``count`` offsets of zero."""
        return self.std.new_zeros(count, self.synthesis.config.num_ws, len(self.std))

    def delta(self, offset: Tensor) -> Tensor:
        """Return StyleSpace deltas [N, C]. This is exact: styles are affine in W+."""
        return self.synthesis.style_steps(offset * self.std)

    def cost(self, offset: Tensor) -> Tensor:
        """Return the penalty [N], in standard gains, for the offset and for what its rows do not share."""
        apart = (offset - offset.mean(1, keepdim=True)).square().mean((1, 2))
        return self.FAR_WEIGHT * offset.square().mean((1, 2)) + self.APART_WEIGHT * apart


class StyleOffsets:
    """Search of StyleSpace by offsets [N, C]. Absolute values are penalised, so that few channels move."""

    FAR_WEIGHT = 0.35

    def __init__(self, bundle: Bundle) -> None:
        self.std = bundle.bank.s_std

    def zeros(self, count: int) -> Tensor:
        """Return ``count`` offsets of zero."""
        return self.std.new_zeros(count, len(self.std))

    def delta(self, offset: Tensor) -> Tensor:
        """Return StyleSpace deltas [N, C]."""
        return offset * self.std

    def cost(self, offset: Tensor) -> Tensor:
        """Return the penalty [N], in standard gains."""
        return self.FAR_WEIGHT * offset.abs().mean(1)


class Optimization(Method):
    """The search in W+ or in StyleSpace."""

    slow = True

    def __init__(self, name: MethodName, space: type[WPlusOffsets] | type[StyleOffsets]) -> None:
        self.name, self.space = name, space

    def find(self, task: EditTask) -> Candidate | None:
        """Return the delta of the restart that ends best; None if none gains anything."""
        bundle = task.bundle
        plan = memory.plan_search(bundle.generator, RESTARTS * task.state.draws)
        state = replace(task.state, plan=plan)
        with torch.no_grad():
            objective = Objective.for_pictures(bundle, task.change, task.direction, state.before)
        space, rng = self.space(bundle), torch.Generator().manual_seed(0)
        begin = space.zeros(RESTARTS)
        begin[1:] = SPREAD * torch.randn(begin[1:].shape, generator=rng).to(begin)

        def loss(offset: Tensor) -> tuple[Tensor, Tensor]:
            delta = space.delta(offset)
            pictures = state.pictures(delta)
            total = objective.loss(pictures, rng)
            if state.mask is None:
                total = total + objective.inconsistency(pictures, state.nearest_w(delta))
            return total + space.cost(offset), pictures

        offset = search_offsets(begin, loss, Budget(STEPS, task.deadline), task.progress)
        with torch.no_grad():
            deltas = space.delta(offset)
            embeddings = state.embed(deltas)
            gains = objective.gains(embeddings)
            share = torch.minimum(gains, objective.wanted) / bundle.thresholds.standard_gain
            best = int((share - objective.drift(embeddings)).argmax())
        return Candidate(deltas[best], self.name) if float(gains[best]) > 0 else None


@torch.enable_grad()
def search_offsets(
    begin: Tensor, loss: Loss, budget: Budget, progress: ProgressCallback, rate: float = RATE
) -> Tensor:
    """Minimise the loss of each row by Adam from ``begin`` [N, ...], and return each row's best offset.

    The learning rate rises over the first twentieth of the steps and falls over the last quarter, as in the
    authors' code.
    """
    offset = begin.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([offset], lr=rate, betas=(0.9, 0.99))
    plateau = Plateau(PATIENCE, LEAST_FALL)
    descent = GradientDescent(optimizer, budget, cosine_decay, progress, plateau=plateau)
    lowest, best = begin.new_full((len(begin),), math.inf), begin.clone()
    for _ in descent:
        losses, pictures = loss(offset)
        better = losses.detach() < lowest
        best[better] = offset.detach()[better]
        lowest = torch.minimum(lowest, losses.detach())
        descent.minimise(losses, pictures.detach())
    return best
