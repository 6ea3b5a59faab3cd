"""What the searches of one inversion share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from editor.device.gradient_descent import Budget, GradientDescent, linear_decay
from editor.device.progress import ProgressCallback, no_progress
from editor.networks.generators import Generator


@dataclass(frozen=True)
class InversionSearch:
    """A search for what a generator has to be given to draw N pictures."""

    generator: Generator
    target: Tensor
    """The pictures as ``memory.search_target`` returns them, [N, 3, S, S] in [-1, 1]."""
    w_std: Tensor
    """Standard deviation of W [w_dim]."""
    checkpoint: bool = False
    """Draw layers again in the backward pass instead of keeping their activations."""
    progress: ProgressCallback = no_progress
    deadline: float = math.inf
    """``time.monotonic`` at which the search ends early."""

    def draw(self, w: Tensor) -> Tensor:
        """Draw W+ [N, num_ws, w_dim] at the size of the target, [N, 3, S, S]."""
        synthesis = self.generator.synthesis
        return synthesis(synthesis.styles(w), self.target.shape[-1], checkpoint=self.checkpoint)

    def descend(self, optimizer: torch.optim.Optimizer, steps: int) -> GradientDescent:
        """Return the loop of a search in W+ or in z."""
        return GradientDescent(optimizer, Budget(steps, self.deadline), linear_decay, self.progress, "refine")
