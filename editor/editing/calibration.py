"""Strength calibration: strength 1 means the same for every prompt and every method."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from editor.api.strength import MAX_STRENGTH, effective_strength
from editor.bundle.bundle import Bundle
from editor.editing import natural_range, scoring, text_directions
from editor.editing.methods.base import Candidate, EditTask, PictureState

STEPS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0)
"""Strengths that are tried for a direction, in standard deviations of its strongest channel."""
SHARES = (0.4, 0.8, 1.0, 1.2, 1.5, 1.8, 2.2)
"""Multiples that are tried of a step which a mapper or a search returns."""
LEAST_SHARE = 0.6
"""Share of the wanted gain, or of the largest if that is less, that a strength must reach."""
PLATEAU = 0.03
"""Share of the largest gain that is not worth a greater strength."""
BEYOND_NATURAL = 1.25
"""Multiple of the natural range up to which a user may ask for more."""
COMPARED = 2
"""Strengths whose inversion consistency is compared: those with the highest scores without it."""
MAX_DEVIATION, OUTLIERS = 10.0, 0.01
"""Standard deviations within which moved styles must stay, and the share that need not."""


def choose_strength(task: EditTask, candidate: Candidate, strengths: Sequence[float]) -> Candidate:
    """Return the candidate at the strength with the highest score.

    It is one of those that gain enough and stay in the natural range, or, if there are none, the least that
    gains enough.
    """
    bundle, state, change = task.bundle, task.state, task.change
    natural = natural_range.natural_multiple(state, candidate.delta)
    strengths = _with_end(strengths, natural)
    deltas = torch.tensor(strengths, device=candidate.delta.device)[:, None] * candidate.delta[None]
    pictures = state.compare(deltas, task.progress)
    start, embeddings = state.embedding_before, bundle.clip.encode_image(pictures)
    text = bundle.clip.encode_text([change.prompt])
    before = bundle.clip.logits(start[None], text)[0, 0]
    gains = (bundle.clip.logits(embeddings, text)[:, 0] - before) * change.sign
    wanted, highest = text_directions.wanted_gain(bundle, change, float(before)), float(gains.max())
    enough = gains >= LEAST_SHARE * min(wanted, highest) if highest > 0 else gains >= highest
    enough = _most_natural(enough, strengths, natural)
    collateral = text_directions.collateral_change(bundle, task.direction, start, embeddings)
    scores = scoring.embedding_score(wanted, gains, collateral)
    first = torch.where(enough, scores, -math.inf).topk(min(COMPARED, int(enough.sum()))).indices
    inconsistency = scoring.edit_inconsistency(state, pictures[first], deltas[first])
    best = int(first[(scores[first] - scoring.INCONSISTENCY_WEIGHT * inconsistency).argmax()])
    most = _useful_multiple(gains, strengths, best, natural)
    return dataclasses.replace(candidate, delta=strengths[best] * candidate.delta, most=most)


def _with_end(strengths: Sequence[float], natural: float) -> list[float]:
    """Return strengths in order, with the one at the end of the natural range among them."""
    inside = min(strengths) / 2 < natural < max(strengths)
    return sorted({*strengths, natural} if inside else strengths)


def _most_natural(enough: Tensor, strengths: Sequence[float], natural: float) -> Tensor:
    """Return which strengths [N] gain enough within the natural range; else the least that gains enough."""
    within = enough & (torch.tensor(strengths, device=enough.device) <= natural)
    if bool(within.any()):
        return within
    first = torch.zeros_like(enough)
    first[int(enough.nonzero()[0, 0])] = True
    return first


def _useful_multiple(gains: Tensor, strengths: Sequence[float], best: int, natural: float) -> float | None:
    """Return the multiple of the best strength up to which more is worth it; None if all are.

    That is as far as the gain rises, and not far beyond the natural range.
    """
    highest = float(gains[best:].max())
    first = best + int((gains[best:] >= highest - PLATEAU * abs(highest)).nonzero()[0, 0])
    useful = math.inf if first == len(strengths) - 1 else strengths[first] / strengths[best]
    most = min(useful, max(1.0, BEYOND_NATURAL * natural / strengths[best]))
    return None if most >= effective_strength(MAX_STRENGTH) else most


def allowed_strength(state: PictureState, delta: Tensor) -> float:
    """Return the largest strength of a delta [C] at which the moved styles stay within the generator's
    statistics.

    A few styles may leave them: a picture can bring some along, and one of them must not forbid every edit.
    """
    bank, moving = state.bundle.bank, delta.abs() > 1e-6
    ends = bank.s_mean + delta.sign() * MAX_DEVIATION * bank.s_std
    left = ((ends - state.styles) / torch.where(moving, delta, torch.ones_like(delta)))[moving]
    return max(0.25, float(torch.quantile(left, OUTLIERS))) if len(left) else 0.25


def calibrate(task: EditTask, candidate: Candidate) -> Candidate:
    """Scale an additive direction, whose strongest channel moves by one standard deviation, to strength 1."""
    allowed = allowed_strength(task.state, candidate.delta)
    return choose_strength(task, candidate, [step for step in STEPS if step <= allowed] or [allowed])


def unit(bundle: Bundle, delta: Tensor) -> Tensor:
    """Scale a delta [C] so that its strongest channel moves by one standard deviation."""
    return delta / (delta / bundle.bank.s_std).abs().max().clamp_min(1e-6)
