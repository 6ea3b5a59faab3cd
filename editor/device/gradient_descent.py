"""The optimisation loop that inversion, tuning, latent optimization and the training of mappers share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from editor.device.progress import ProgressCallback, no_progress

SLOW_STEP = 0.5
"""Seconds of a step after which progress is reported between the backward pass and the update too."""

Schedule = Callable[[float], float]
"""Share of the optimizer's learning rate at ``t`` of the search, 0 to 1."""


def linear_decay(t: float, last: float = 0.1) -> float:
    """Keep the learning rate for half of the search, then decrease it linearly to a share ``last``."""
    return min(1.0, 2.0 * (1 - t) + last)


def cosine_decay(t: float, start: float = 0.02, rise: float = 0.05, fall: float = 0.25) -> float:
    """Increase the learning rate linearly for a share ``rise`` of the search, and decrease it along a cosine
    in the last share ``fall``.

    ``start`` shifts the increase, so that the first step is not zero.
    """
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - t) / fall))
    return down * min(1.0, (t + start) / rise)


@dataclass(frozen=True)
class Budget:
    """When a search ends: after so many steps, or when ``time.monotonic`` passes the deadline."""

    steps: float = math.inf
    deadline: float = math.inf

    @property
    def is_over(self) -> bool:
        """Whether the deadline has passed."""
        return time.monotonic() >= self.deadline


class Plateau:
    """Detects when the losses of all rows have stopped falling."""

    def __init__(self, patience: int, share: float) -> None:
        """``patience``: steps to wait for the lowest loss of any row to fall by ``share`` of its value."""
        self.patience, self.share, self._waited = patience, share, 0
        self._reference = self._lowest = torch.tensor(math.inf)

    def update(self, losses: Tensor) -> bool:
        """Add the losses [N] of one step. Return whether the plateau is reached."""
        self._lowest = torch.minimum(self._lowest.to(losses), losses)
        fell = self._lowest < (1 - self.share) * self._reference.to(losses)
        self._waited = 0 if bool(fell.any()) else self._waited + 1
        if not self._waited:
            self._reference = self._lowest
        return self._waited >= self.patience


class GradientDescent:
    """Iterate over the steps of a search by gradients::

        for _ in descent:
            pictures = synthesis(styles + offset)
            descent.minimise(loss(pictures), pictures)

    The iterator yields the share of the search that is done. It takes at least one step.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        budget: Budget,
        schedule: Schedule = lambda t: 1.0,
        progress: ProgressCallback = no_progress,
        stage: str = "find",
        plateau: Plateau | None = None,
    ) -> None:
        self.optimizer, self.budget, self.schedule = optimizer, budget, schedule
        self.progress, self.stage, self.plateau = progress, stage, plateau
        self.steps = 0
        """Steps that were begun."""
        self._begun = time.monotonic()
        self._stopped = False

    @property
    def seconds_per_step(self) -> float:
        """Mean duration of the steps so far."""
        return (time.monotonic() - self._begun) / max(1, self.steps)

    def __iter__(self) -> Iterator[float]:
        self._begun = time.monotonic()
        while not self._stopped and self.steps < self.budget.steps:
            done = self._done()
            for group in self.optimizer.param_groups:
                group["lr"] = self.optimizer.defaults["lr"] * self.schedule(done)
            self.steps += 1
            yield done
            self._stopped |= self.budget.is_over

    def minimise(self, losses: Tensor, pictures: Tensor | None = None) -> None:
        """Report progress and take a step, unless the search is over.

        Args:
            losses: The loss of each row [N], or a scalar.
            pictures: The pictures [N, 3, R, R] of the rows; the first of those with the lowest loss is the
                preview.
        """
        values = losses.detach()
        self._report(None if pictures is None else partial(_best, pictures.detach(), values))
        if (self.plateau is not None and self.plateau.update(values)) or self.budget.is_over:
            self._stopped = True
            return
        begun = time.monotonic()
        self.optimizer.zero_grad()
        losses.sum().backward()
        if time.monotonic() - begun > SLOW_STEP:
            self._report()
            if self.budget.is_over:
                self._stopped = True
                return
        self.optimizer.step()

    def _done(self) -> float:
        if math.isfinite(self.budget.steps):
            return self.steps / self.budget.steps
        return min(1.0, (time.monotonic() - self._begun) / (self.budget.deadline - self._begun))

    def _report(self, picture: Callable[[], Tensor] | None = None) -> None:
        step, total = self.steps, self.budget.steps
        if not math.isfinite(total):
            step, total = int(time.monotonic() - self._begun), round(self.budget.deadline - self._begun)
        self.progress(self.stage, step, int(total), picture)


def _best(pictures: Tensor, losses: Tensor) -> Tensor:
    return pictures[int(losses.argmin()) if losses.ndim else 0].clamp(-1, 1)
