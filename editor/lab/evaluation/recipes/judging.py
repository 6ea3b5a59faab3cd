"""Do the deltas do what the texts say? Read by the bundle's judge on the generator's own pictures, at the published strength."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.bundle.relevance import pictures
from editor.editing.methods.global_direction import ALPHA
from editor.lab.evaluation import classifier_metrics
from editor.lab.evaluation.recipes.agreement import Way, delta
from editor.lab.evaluation.recipes.rows import Rows
from editor.networks.recogniser import Judge, Reading

SEED = 41
"""Of the pictures that are edited; others than channels were looked at on."""


@torch.no_grad()
def success(
    bundle: Bundle, judge: Judge, found: Rows, way: Way, wishes: Sequence[classifier_metrics.Wish], count: int
) -> tuple[int, int]:
    """Successes and edits: each wish on those of ``count`` pictures that do not show it already. The most relevant channel moves
    by 4.1 deviations. A wish that the way knows no answer to is a failure."""
    styles = pictures(bundle.generator, count, SEED)
    before = _read(bundle, judge, styles)
    hits = edits = 0
    for number, wish in enumerate(wishes):
        wanting = _wanting(before, wish)
        step = torch.zeros_like(found.std)
        moved = delta(way.answers[:, number], found.std[found.channels])
        most = delta(way.answers[:, number], torch.ones(len(found.channels))).abs().max()
        step[found.channels] = moved / most.clamp_min(1e-6)
        after = _read(bundle, judge, styles + ALPHA * step)
        hits += int((classifier_metrics.succeeded(before, after, wish) & wanting).sum())
        edits += int(wanting.sum())
    return hits, edits


def _wanting(reading: Reading, wish: classifier_metrics.Wish) -> np.ndarray:
    if wish.value is not None:
        return classifier_metrics.numbers(reading, wish.attribute) != wish.index
    now = classifier_metrics.score(reading, wish)
    return now <= 1 - classifier_metrics.STEP if wish.attribute in reading.scales else now < 0.5


def _read(bundle: Bundle, judge: Judge, styles: Tensor) -> Reading:
    return judge.read(bundle.generator.synthesis(styles).clamp(-1, 1))
