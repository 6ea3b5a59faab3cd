"""How far a delta must go: strength 1 means the same for every wish and every method."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from editor.api.protocol import Change
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing import scoring, text_directions
from editor.editing.methods.base import Candidate, State

STEPS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0)
"""Strengths tried when a direction's standard step is looked for, in deviations of its strongest channel."""
SHARES = (0.4, 0.8, 1.0, 1.2, 1.5, 1.8, 2.2)
"""Shares that are tried of a step which a mapper or a search gives whole."""
LEAST_SHARE = 0.6
"""Of what is to be gained, or of the most that there is to gain, that a step must bring to be thought of at all."""
FALL = 0.03
"""Share of the most gain that is too little to go further for."""
READ = 2
"""Strengths that are compared by how their pictures are misread: those worth most without that."""
MOST_DEVIATION, OUTSIDE = 10.0, 0.01
"""Styles may not leave their mean by more than so many deviations, but for this share of those that a step moves."""


def standard(
    bundle: Bundle,
    state: State,
    wish: Change,
    direction: Tensor,
    found: Candidate,
    strengths: Sequence[float],
    watch: Progress,
) -> Candidate:
    """The candidate at that of the strengths which is worth most, among those that gain something of the wish.

    ``direction`` [D] is the wish's.
    """
    tried = torch.tensor([0.0, *strengths], device=found.delta.device)
    deltas = tried[:, None] * found.delta[None]
    pictures = state.compared(bundle, deltas, watch)
    seen = bundle.clip.encode_image(pictures)
    logits = bundle.clip.logits(seen, bundle.clip.encode_text([wish.prompt]))[:, 0]
    gains = ((logits - logits[0]) * wish.sign)[1:]
    wanted, highest = text_directions.wanted_gain(bundle, wish, float(logits[0])), float(gains.max())
    enough = gains >= LEAST_SHARE * min(wanted, highest) if highest > 0 else gains >= highest
    worths = scoring.seen(wanted, gains, text_directions.beside(bundle, direction, seen[0], seen[1:]))
    first = torch.where(enough, worths, -math.inf).topk(min(READ, int(enough.sum()))).indices
    read = scoring.misread_at(bundle, state, pictures[1:][first], deltas[1:][first])
    best = int(first[(worths[first] - scoring.MISREAD * read).argmax()])
    return dataclasses.replace(found, delta=strengths[best] * found.delta, most=_most(gains, strengths, best))


def _most(gains: Tensor, strengths: Sequence[float], best: int) -> float | None:
    """How many times the ``best`` strength the gain goes on to rise worth mentioning; None where it rises throughout."""
    highest = float(gains[best:].max())
    first = best + int((gains[best:] >= highest - FALL * abs(highest)).nonzero()[0, 0])
    return None if first == len(strengths) - 1 else strengths[first] / strengths[best]


def room(bundle: Bundle, state: State, delta: Tensor) -> float:
    """The largest strength of a delta [C] at which the styles that it moves keep to the generator's statistics, all but
    those few that a picture brings along outside of them: one such style must not forbid every edit."""
    moving = delta.abs() > 1e-6
    ends = bundle.bank.s_mean + delta.sign() * MOST_DEVIATION * bundle.bank.s_std
    left = ((ends - state.styles) / torch.where(moving, delta, torch.ones_like(delta)))[moving]
    return max(0.25, float(torch.quantile(left, OUTSIDE))) if len(left) else 0.25


def calibrated(
    bundle: Bundle, state: State, wish: Change, direction: Tensor, found: Candidate, watch: Progress
) -> Candidate:
    """An additive direction, its strongest channel one deviation long, brought to the length of strength 1."""
    allowed = room(bundle, state, found.delta)
    steps = [step for step in STEPS if step <= allowed] or [allowed]
    return standard(bundle, state, wish, direction, found, steps, watch)


def unit(bundle: Bundle, delta: Tensor) -> Tensor:
    """A delta [C] scaled so that its strongest channel moves by one deviation."""
    return delta / (delta / bundle.bank.s_std).abs().max().clamp_min(1e-6)
