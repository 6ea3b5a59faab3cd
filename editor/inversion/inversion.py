"""Inversion: from the encoder's answer to a place in W+ (and, for "best", a tuning) from which the picture is drawn.

Three qualities, as far as the time that a picture may take goes: ``draft`` is the encoder's answer (with ReStyle's
iterations where it was trained with them); ``standard`` a short search in W+ from there; ``best`` a longer one, and then a
small change of the generator that belongs to this picture alone (``editor.inversion.pivotal_tuning``). What is good enough ends early; what
``standard`` leaves too far away goes on as ``best`` where there is time.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from editor.api.protocol import Quality
from editor.bundle.bundle import Bundle
from editor.device import memory
from editor.device.learning_rate import set_falling
from editor.device.memory import Plan
from editor.device.progress import Progress, no_progress
from editor.inversion import pivotal_tuning as tuning
from editor.inversion import projection
from editor.inversion.perceptual_distance import distance
from editor.networks.generators import Generator

logger = logging.getLogger(__name__)

RATE = 0.05
STAY_WEIGHT = 0.002
"""Pull back to the encoder's answer, in squared deviations of W: what leaves W's manifold edits badly."""
STEPS: dict[Quality, int] = {"draft": 0, "standard": 40, "best": 100}
"""Of the search in W+."""
TUNING_STEPS = 60
TUNING_COST = 2.0
"""A step of tuning in steps of the search in W+: it draws the picture and a place nearby."""
NEAR, FAR = 0.02, 0.08
"""Distance (``editor.inversion.perceptual_distance.distance``) from which nothing more is searched for, and over which ``standard`` is not
enough."""


@dataclass(frozen=True)
class Inverted:
    """``w``: W+ [num_ws, w_dim]. ``tuning``: the picture's own change of the generator, as bytes. ``quality``: the one reached."""

    w: Tensor
    tuning: bytes | None
    quality: Quality


@dataclass(frozen=True)
class Refined:
    """W+ [N, num_ws, w_dim], its distances [N], and the steps and the seconds each that it took."""

    w: Tensor
    distances: Tensor
    steps: int
    each: float


def invert(
    bundle: Bundle,
    square: Tensor,
    w: Tensor,
    quality: Quality,
    watch: Progress = no_progress,
    seconds: float | None = None,
    known: bool = True,
) -> Inverted:
    """A square [3, R, R] from the encoder's W+ ``w`` [num_ws, w_dim], in about ``seconds`` where that is given.

    ``standard`` never becomes ``best`` without a time. Where the picture is not ``known``, and the search leaves it too far
    away, ``standard`` takes the nearest that the generator makes by itself (``editor.inversion.projection``): one that is tuned to what it
    does not know, or led to where it never goes, edits it no better.
    """
    if quality == "draft":
        return Inverted(w, None, quality)
    ends = math.inf if seconds is None else time.monotonic() + seconds
    generator, unit = bundle.generator, bundle.encoder.w_std
    plan = memory.plan(generator, 2, cheap=True)
    wanted = memory.target(generator, square[None], w[None], plan.resolution)
    found = refine(generator, wanted, w[None], STEPS[quality], watch, unit, plan, _search_ends(quality, ends))
    if quality == "standard" and not known and float(found.distances[0]) > FAR:
        return Inverted(
            projection.settled(generator, wanted[0], w, unit, plan, watch, ends), None, "standard"
        )
    if quality == "standard" and seconds is not None and float(found.distances[0]) > FAR:
        missing = STEPS["best"] - STEPS["standard"]
        if time.monotonic() + (missing + TUNING_COST * TUNING_STEPS) * found.each < ends:
            logger.info(
                "still %.2f away after %d steps: the generator is tuned to it",
                float(found.distances[0]),
                found.steps,
            )
            found, quality = refine(generator, wanted, found.w, missing, watch, unit, plan, ends), "best"
    if quality == "standard" or float(found.distances[0]) <= NEAR or time.monotonic() >= ends:
        return Inverted(found.w[0], None, "standard" if time.monotonic() >= ends else quality)
    made = tuning.tune(generator, wanted[0], found.w[0], TUNING_STEPS, watch, plan, ends)
    return Inverted(found.w[0], made, quality)


def _search_ends(quality: Quality, ends: float) -> float:
    """When the search in W+ must end: for ``best`` in time for the tuning, which brings more than its last steps."""
    if quality == "standard" or ends == math.inf:
        return ends
    now = time.monotonic()
    return now + (ends - now) * STEPS["best"] / (STEPS["best"] + TUNING_COST * TUNING_STEPS)


@torch.enable_grad()
def refine(
    generator: Generator,
    wanted: Tensor,
    w: Tensor,
    steps: int,
    watch: Progress = no_progress,
    scale: Tensor | None = None,
    plan: Plan | None = None,
    ends: float = math.inf,
) -> Refined:
    """W+ [N, num_ws, w_dim] moved by ``steps`` of Adam so that synthesis comes closer to ``wanted`` [N, 3, S, S], as
    ``economy.target`` has it.

    ``scale`` [w_dim] is W's deviation (measured from ``w`` where absent). Ends early where all are near, or when the clock
    (``time.monotonic``) passes ``ends``; ``watch`` may raise to stop.
    """
    synthesis, checkpoint = generator.synthesis, plan is not None and plan.checkpoint
    unit = scale if scale is not None else w.reshape(-1, w.shape[-1]).std(0) + 1e-2
    offset = torch.zeros_like(w, requires_grad=True)
    optimizer = torch.optim.Adam([offset], lr=RATE, betas=(0.8, 0.95))
    begun, taken, errors = time.monotonic(), 0, w.new_full((len(w),), math.inf)
    for step in range(steps):
        set_falling(optimizer, RATE, step, steps)
        made = synthesis(synthesis.styles(w + offset * unit), wanted.shape[-1], checkpoint=checkpoint)
        errors = distance(made, wanted)
        loss = (errors + STAY_WEIGHT * offset.square().mean(dim=(1, 2))).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        taken = step + 1
        watch("refine", taken, steps, partial(made.detach().clamp(-1, 1).__getitem__, 0))
        if time.monotonic() >= ends or bool((errors <= NEAR).all()):
            break
    each = (time.monotonic() - begun) / max(1, taken)
    return Refined((w + offset * unit).detach(), errors.detach(), taken, each)
