"""Inversion: from the encoder's W+ to one that reproduces the picture, and for "best" a tuned generator.

There are three qualities, each as far as the given time allows. ``draft`` is the encoder's answer (with
ReStyle's iterations where it was trained with them). ``standard`` adds a short search in W+ from there.
``best`` is a longer search, and then a small change of the generator that belongs to this picture alone
(``editor.inversion.pivotal_tuning``). A search ends early when the picture is close enough. A picture that
``standard`` leaves too far away is inverted as ``best`` if there is time.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from editor.api.protocol import Quality
from editor.bundle.bundle import Bundle
from editor.device import memory
from editor.device.progress import ProgressCallback, no_progress
from editor.inversion import pivotal_tuning, projection
from editor.inversion.perceptual_distance import pixel_distance
from editor.inversion.search import InversionSearch

logger = logging.getLogger(__name__)

RATE = 0.05
STAY_WEIGHT = 0.002
"""Penalty per squared standard deviation from the encoder's answer: what leaves W's manifold edits badly."""
STEPS: dict[Quality, int] = {"draft": 0, "standard": 40, "best": 100}
"""Steps of the search in W+."""
TUNING_STEPS = 60
TUNING_COST = 2.0
"""Cost of a tuning step in steps of the search in W+: it draws the picture and one nearby."""
NEAR, FAR = 0.02, 0.08
"""Pixel distance at which a search ends, and above which ``standard`` is not enough."""


@dataclass(frozen=True)
class InversionTask:
    """A picture to invert, and how far to go."""

    bundle: Bundle
    square: Tensor
    """The cropped picture [3, R, R] in [-1, 1]."""
    w: Tensor
    """The encoder's W+ [num_ws, w_dim]."""
    reconstruction: Tensor
    """What the generator draws there, [3, R, R]."""
    quality: Quality
    seconds: float | None = None
    """About how long it may take. Without it, ``standard`` never becomes ``best``."""
    in_domain: bool = True
    """Whether the generator knows pictures like this one. If not, ``standard`` falls back to the nearest
    picture that the generator makes by itself (``editor.inversion.projection``): tuned to what it does not
    know, or led to where it never goes, a generator edits no better."""


class Inverted(NamedTuple):
    """W+ [num_ws, w_dim], the generator's tuning as bytes, and the quality that was reached."""

    w: Tensor
    tuning: bytes | None
    quality: Quality


class Refined(NamedTuple):
    """W+ [N, num_ws, w_dim], the pixel distances there [N], and the seconds of a step."""

    w: Tensor
    distances: Tensor
    seconds_per_step: float


def invert(task: InversionTask, progress: ProgressCallback = no_progress) -> Inverted:
    """Find the W+ of a picture, and tune the generator to it if the quality asks for that."""
    if task.quality == "draft":
        return Inverted(task.w, None, "draft")
    quality, begun = task.quality, time.monotonic()
    deadline = math.inf if task.seconds is None else begun + task.seconds
    search = first = _search(task, progress, deadline)
    if quality == "best" and task.seconds is not None:
        # the tuning brings more than the last steps of the search in W+
        share = STEPS["best"] / (STEPS["best"] + TUNING_COST * TUNING_STEPS)
        first = replace(search, deadline=begun + share * task.seconds)
    refined = refine(first, task.w[None], STEPS[quality])
    if quality == "standard" and float(refined.distances[0]) > FAR:
        if not task.in_domain:
            return Inverted(projection.project(search, task.w), None, "standard")
        more = STEPS["best"] - STEPS["standard"]
        needed = (more + TUNING_COST * TUNING_STEPS) * refined.seconds_per_step
        if task.seconds is not None and time.monotonic() + needed < deadline:
            logger.info("distance %.2f: tuning the generator", float(refined.distances[0]))
            refined, quality = refine(search, refined.w, more), "best"
    out_of_time = time.monotonic() >= deadline
    if quality == "standard" or float(refined.distances[0]) <= NEAR or out_of_time:
        return Inverted(refined.w[0], None, "standard" if out_of_time else quality)
    return Inverted(refined.w[0], pivotal_tuning.tune(search, refined.w[0], TUNING_STEPS), quality)


def _search(task: InversionTask, progress: ProgressCallback, deadline: float) -> InversionSearch:
    generator = task.bundle.generator
    plan = memory.plan_search(generator, 2, cheap=True)
    images, drawn = task.square[None], task.reconstruction[None]
    target = memory.search_target(generator, images, drawn, task.w[None], plan.resolution)
    return InversionSearch(generator, target, task.bundle.encoder.w_std, plan.checkpoint, progress, deadline)


@torch.enable_grad()
def refine(search: InversionSearch, w: Tensor, steps: int) -> Refined:
    """Move W+ [N, num_ws, w_dim] closer to the target pictures; stop when all are near."""
    offset = torch.zeros_like(w, requires_grad=True)
    descent = search.descend(torch.optim.Adam([offset], lr=RATE, betas=(0.8, 0.95)), steps)
    distances = w.new_full((len(w),), math.inf)
    for _ in descent:
        drawn = search.draw(w + offset * search.w_std)
        distances = pixel_distance(drawn, search.target)
        descent.minimise(distances + STAY_WEIGHT * offset.square().mean(dim=(1, 2)), drawn)
        if bool((distances <= NEAR).all()):
            break
    return Refined((w + offset * search.w_std).detach(), distances.detach(), descent.seconds_per_step)
