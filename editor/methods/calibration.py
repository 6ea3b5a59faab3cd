"""How far a delta must go: strength 1 means the same for every wish and every method."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from editor import wishes
from editor.bundle import Bundle
from editor.methods import worth
from editor.methods.base import State
from editor.protocol import Wish

STEPS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.5, 8.0)
"""Strengths tried when a direction's standard step is looked for, in deviations of its strongest channel."""
SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5)
"""Shares that are tried of a step which a mapper or a search gives whole."""
FURTHER = (2.0, 3.0, 4.0, 6.0)
"""Shares of such a step that are tried besides where the whole of it gains too little: what a generator shows faintly (a
wrinkle, a freckle) needs more than the step that would draw it, and spoils nothing on the way."""
NEARLY = 0.85
"""Share of the most that a candidate can gain at which it goes far enough: beyond it there is only overshoot."""
LEAST_SHARE, VERY = 0.6, 1.25
"""A smaller step is preferred, down to this share of the most gain, where "very" (``reach`` of 1.5) would pass the goal."""
MOST_DEVIATION, OUTSIDE = 10.0, 0.01
"""Styles may not leave their mean by more than so many deviations, but for this share of those that a step moves."""


def standard_step(bundle: Bundle, state: State, wish: Wish, delta: Tensor, strengths: Sequence[float]) -> float:
    """The least strength that gains what the wish is to gain, or nearly the most that this delta [C] can gain; less
    where half as much again would already lead past what is wished for (grey hair, on the way from black to white)."""
    return _standard(bundle, state, wish, delta, strengths)[0]


def _standard(bundle: Bundle, state: State, wish: Wish, delta: Tensor, strengths: Sequence[float]) -> tuple[float, bool]:
    """``standard_step``, and whether something is still wanting even at the largest strength."""
    tried = torch.tensor([0.0, *strengths], device=delta.device)
    pictures = state.embed(bundle, tried[:, None] * delta[None])
    logits = bundle.clip.logits(pictures, bundle.clip.encode_text([wish.prompt]))[:, 0]
    gained = (logits - logits[0]) * (-1.0 if wish.strength < 0 else 1.0)
    gains = gained[1:]
    most = float(gains.max())
    whole = wishes.wanted_gain(bundle, wish, float(logits[0]))
    wanted = min(whole, NEARLY * most if most > 0 else most)
    first = int((gains >= wanted).nonzero()[0, 0])
    further = np.interp([VERY * strength for strength in strengths], tried.cpu().numpy(), gained.cpu().numpy())
    for place in range(first, -1, -1):
        if float(gains[place]) < LEAST_SHARE * most:
            break
        if further[place] >= float(gains[place]):
            return strengths[place], place == first and most < whole
    return strengths[first], most < whole


def stretched(bundle: Bundle, state: State, wish: Wish, direction: Tensor, delta: Tensor) -> Tensor:
    """A step [C] given whole, brought to the share of it that is strength 1: further than the whole where that gains too
    little and what it gains beyond is worth what it spoils."""
    share, wanting = _standard(bundle, state, wish, delta, SHARES)
    allowed = room(bundle, state, delta)
    further = [more for more in FURTHER if more <= allowed]
    if not wanting or not further:
        return share * delta
    shares = torch.tensor([0.0, share, *further], device=delta.device)
    deltas = shares[:, None] * delta
    pictures = state.pictures(bundle, deltas)
    start, *seen = bundle.clip.encode_image(pictures)
    target = bundle.clip.encode_text([wish.prompt])[0]
    whole = state.mask is None
    reads = worth.misread(bundle, pictures[1:], worth.places_of(bundle, state, deltas[1:])).tolist() if whole else [0.0] * len(seen)
    measures = [wishes.measure(bundle, direction, target, start, embedding) for embedding in seen]
    values = [worth.worth(bundle, wish, measure, read) for measure, read in zip(measures, reads, strict=True)]
    return deltas[1 + int(np.argmax(values))]


def room(bundle: Bundle, state: State, delta: Tensor) -> float:
    """The largest strength of a delta [C] at which the styles that it moves keep to the generator's statistics, all but
    those few that a picture brings along outside of them: one such style must not forbid every edit."""
    moving = delta.abs() > 1e-6
    ends = bundle.bank.s_mean + delta.sign() * MOST_DEVIATION * bundle.bank.s_std
    left = ((ends - state.styles) / torch.where(moving, delta, torch.ones_like(delta)))[moving]
    return max(0.25, float(torch.quantile(left, OUTSIDE))) if len(left) else 0.25


def calibrated(bundle: Bundle, state: State, wish: Wish, delta: Tensor) -> Tensor:
    """An additive direction [C], its strongest channel one deviation long, brought to the length of strength 1."""
    allowed = room(bundle, state, delta)
    return delta * standard_step(bundle, state, wish, delta, [step for step in STEPS if step <= allowed] or [allowed])


def unit(bundle: Bundle, delta: Tensor) -> Tensor:
    """A delta [C] scaled so that its strongest channel moves by one deviation."""
    return delta / (delta / bundle.bank.s_std).abs().max().clamp_min(1e-6)
