"""Latent optimization (StyleCLIP, Patashnik et al. 2021, arXiv 2103.17249, section 4): a search for one picture.

As there: Adam over W+ from the inverted picture, a CLIP term, an L2 term and an identity term. What differs: the CLIP
term stops at the gain that is wanted and looks through random views (``editor.editing.methods.objective``); identity is kept by
what the bundle's own encoder reads; several restarts run in one batch; it stops when the gain is flat; StyleSpace may be
searched instead of W+; and the answer is a delta, so that it scales, adds up and is undone like every other edit.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device import memory
from editor.device.progress import OutOfTime, Progress
from editor.editing.methods.base import Candidate, State
from editor.editing.methods.objective import Objective

STEPS, RESTARTS = 48, 2
RATE = 0.12
"""Adam's rate, in deviations."""
SPREAD = 0.25
"""Deviation of the places where all restarts but the first begin, in deviations of the space."""
FLAT_STEPS, FLAT = 10, 0.01
"""The search ends when in so many steps the loss of no restart fell by this share."""


class Space(Protocol):
    """Where is searched: offsets [N, ...] in deviations, and what they mean."""

    def zeros(self, count: int) -> Tensor:
        """No offset, ``count`` times."""

    def delta(self, offset: Tensor) -> Tensor:
        """Offsets -> StyleSpace deltas [N, C]."""

    def cost(self, offset: Tensor) -> Tensor:
        """What going so far costs [N], in standard gains."""


class WPlus:
    """W+ in W's deviations. Rows that part from each other leave W's manifold and cost more than going far together."""

    FAR, APART = 0.10, 0.5

    def __init__(self, bundle: Bundle) -> None:
        self.synthesis, self.std = bundle.generator.synthesis, bundle.encoder.w_std

    def zeros(self, count: int) -> Tensor:
        """[N, num_ws, w_dim]."""
        return self.std.new_zeros(count, self.synthesis.config.num_ws, len(self.std))

    def delta(self, offset: Tensor) -> Tensor:
        """Exact: styles are affine in W+."""
        return self.synthesis.style_steps(offset * self.std)

    def cost(self, offset: Tensor) -> Tensor:
        """Mean square of the offset, and of what the rows do not share."""
        apart = offset - offset.mean(1, keepdim=True)
        return self.FAR * offset.square().mean((1, 2)) + self.APART * apart.square().mean((1, 2))


class Styles:
    """StyleSpace in its deviations. Absolute values cost, so that few channels move."""

    FAR = 0.35

    def __init__(self, bundle: Bundle) -> None:
        self.std = bundle.bank.s_std

    def zeros(self, count: int) -> Tensor:
        """[N, C]."""
        return self.std.new_zeros(count, len(self.std))

    def delta(self, offset: Tensor) -> Tensor:
        """[N, C]."""
        return offset * self.std

    def cost(self, offset: Tensor) -> Tensor:
        """Mean absolute offset."""
        return self.FAR * offset.abs().mean(1)


class Optimization:
    """The search, in W+ or in StyleSpace."""

    slow = True

    def __init__(self, name: MethodName, space: type[WPlus] | type[Styles]) -> None:
        self.name, self.space = name, space

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere."""
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """The delta of the restart that ends best; None where none gains anything."""
        state = replace(state, plan=memory.plan(bundle.generator, RESTARTS * state.looks))
        with torch.no_grad():
            objective = Objective.of(
                bundle, wish, direction, state.pictures(bundle, torch.zeros_like(state.base)[None])
            )
        space = self.space(bundle)
        rng = torch.Generator().manual_seed(0)
        begin = space.zeros(RESTARTS)
        begin[1:] = SPREAD * torch.randn(begin[1:].shape, generator=rng).to(begin)

        def loss(offset: Tensor) -> tuple[Tensor, Tensor]:
            delta = space.delta(offset)
            pictures = state.pictures(bundle, delta)
            place = state.w.mean(0) + (state.added + delta) @ bundle.style_inverse.t()
            read = (
                objective.reading(pictures, place)
                if state.mask is None
                else torch.zeros(len(offset)).to(offset)
            )
            return objective.wish(pictures, rng) + read + space.cost(offset), pictures

        offset = descend(begin, loss, STEPS, watch)
        return self._best(bundle, state, objective, space.delta(offset))

    @torch.no_grad()
    def _best(self, bundle: Bundle, state: State, objective: Objective, deltas: Tensor) -> Candidate | None:
        embeddings = state.embed(bundle, deltas)
        gains = objective.gains(embeddings)
        unit = bundle.thresholds.standard_gain
        worth = torch.minimum(gains, objective.wanted) / unit - objective.drift(embeddings)
        best = int(worth.argmax())
        return Candidate(deltas[best], self.name) if float(gains[best]) > 0 else None


class Loss(Protocol):
    """Loss of each row [N] and the pictures [N, 3, R, R] it was read off."""

    def __call__(self, offset: Tensor) -> tuple[Tensor, Tensor]:
        """At offsets [N, ...]."""


@torch.enable_grad()
def descend(begin: Tensor, loss: Loss, steps: int, watch: Progress, rate: float = RATE) -> Tensor:
    """Adam from ``begin`` [N, ...], rows apart; returns each row's best place. Ends early where all rows are flat, or when
    ``watch`` raises ``OutOfTime``.

    The rate rises over the first twentieth of the steps and falls over the last quarter, as the authors' code has it.
    """
    offset = begin.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([offset], lr=rate, betas=(0.9, 0.99))
    least = begin.new_full((len(begin),), math.inf)
    mark, best, fell = least, begin.clone(), 0
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule(step / steps)
        losses, pictures = loss(offset)
        values = losses.detach()
        better = values < least
        best[better], least = offset.detach()[better], torch.minimum(least, values)
        if bool((least < (1 - FLAT) * mark).any()):
            mark, fell = least, step
        try:
            watch("find", step + 1, steps, partial(pictures.__getitem__, int(values.argmin())))
            if step - fell >= FLAT_STEPS:
                break
            optimizer.zero_grad()
            losses.sum().backward()
            watch("find", step + 1, steps)  # the way back takes as long again: others may go between
        except OutOfTime:
            break
        optimizer.step()
    return best


def schedule(t: float, rise: float = 0.05, fall: float = 0.25) -> float:
    """Share of the rate at ``t`` of the search, 0 to 1."""
    down = 0.5 - 0.5 * math.cos(math.pi * min(1.0, (1 - t) / fall))
    return down * min(1.0, (t + 0.02) / rise)
