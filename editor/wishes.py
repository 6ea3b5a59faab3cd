"""From words to a StyleSpace delta: contrast text, candidates of every method, and what each of them does when measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle import Bundle
from editor.methods import directions
from editor.protocol import MethodName, Wish

_NEGATION = re.compile(r"^(?:no|not|without|non|less|free of)[ -]+(?:a |an |any )?(.+)$|^(.+)-free$|^没有(.+)$", re.IGNORECASE)

STEPS = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.5, 8.0)
"""Strengths tried when a direction's standard step is looked for, in deviations of its strongest channel."""
SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5)
"""Shares of the mapper's step that are tried."""
NEARLY = 0.85
"""Share of the most that a candidate can gain at which it goes far enough: beyond it there is only overshoot."""
LEAST_SHARE, VERY = 0.6, 1.25
"""A smaller step is preferred, down to this share of the most gain, where "very" (``reach`` of 1.5) would pass the goal."""
USUAL = 0.98
"""Share of the model's own pictures that a wish may leave behind: past all of them pictures fall apart (a face turns black)."""
LEAST_STEP = 0.25
"""Share of the standard gain that is still asked for where a picture already is as the wish says."""
MOST_DEVIATION = 10.0
"""No style may leave its mean by more than this many deviations."""
OVERLAP, SAME_NOUN_OVERLAP = 0.90, {"axes": 0.45, "channels": 0.65}
"""Cosine of what two wishes move, either way, from which they speak of the same thing: for any two wishes, and for two
that end with the same word ("pink hair", "blonde hair")."""
SAME_MEANING = 0.95
"""Cosine of two texts from which a mapper that was trained for the one serves the other."""
LEAST_RESPONSE = 0.5
"""Response below which a wish is beyond the model."""


@dataclass(frozen=True)
class State:
    """Where the picture is now: W+ of the inversion [num_ws, w_dim], its styles [C], and what is added to them [C]."""

    w: Tensor
    base: Tensor
    added: Tensor

    @property
    def styles(self) -> Tensor:
        """StyleSpace [C] of the picture as it looks now."""
        return self.base + self.added


@dataclass(frozen=True)
class Candidate:
    """A delta [C] for strength 1 and how it was found."""

    delta: Tensor
    method: MethodName
    threshold: float | None = None


@dataclass(frozen=True)
class Measure:
    """What a rendered change did: ``gain`` in logits, ``final`` logit of the wish, ``drift``: embedding change that the
    wish does not explain."""

    gain: float
    final: float
    drift: float


def contrast(prompt: str) -> str | None:
    """The plain text that a negated prompt denies: "no glasses" -> "glasses"; None for other prompts."""
    found = _NEGATION.match(prompt.strip())
    return next(group for group in found.groups() if group) if found else None


def text_direction(bundle: Bundle, wish: Wish) -> Tensor:
    """Unit direction [D] of the wish in the text-image space: its text against a contrasting one.

    The contrast is the wish's own neutral text; else what a negation denies; else the bundle's plain texts. What lies
    outside the span of pictures is dropped. A negative strength asks for the opposite: the direction is turned round.
    """
    direction = F.normalize(_difference(bundle, wish) @ bundle.image_span, dim=0)
    return -direction if wish.strength < 0 else direction


def _difference(bundle: Bundle, wish: Wish) -> Tensor:
    target = bundle.clip.encode_text([wish.prompt])[0]
    neutral = wish.neutral or contrast(wish.prompt)
    origin = bundle.neutral_embedding if neutral is None else bundle.clip.encode_text([neutral])[0]
    return F.normalize(target - origin, dim=0)


def response(bundle: Bundle, wish: Wish) -> float:
    """How much of what the wish says is a matter in which this model's pictures differ at all, 0..1.

    What the text shares with the bundle's plain texts says nothing and does not count. A denial says as much as what it
    denies: pictures without wings do not differ in wings either.
    """
    said = bundle.clip.encode_text([contrast(wish.prompt) or wish.prompt])[0]
    neutral = F.normalize(bundle.neutral_embedding, dim=0)
    return float(((said - (said @ neutral) * neutral) @ bundle.image_span).norm())


def same_thing(bundle: Bundle, one: Wish, one_direction: Tensor, other: Wish, other_direction: Tensor) -> bool:
    """Do two wishes speak of the same thing, so that the later one takes the earlier one's place?

    The words suggest it (pink hair, blonde hair), and what the two move confirms it (not: pink hair, long hair).
    """
    if float((one_direction @ other_direction).abs()) >= OVERLAP:
        return True
    axes = bundle.bank.axis_relevance
    rows = bundle.bank.relevance if axes is None else axes
    moved = [(rows @ direction).abs() for direction in (one_direction, other_direction)]
    overlap = float(F.cosine_similarity(moved[0], moved[1], dim=0))
    same_noun = one.prompt.lower().split()[-1:] == other.prompt.lower().split()[-1:]
    return overlap >= (SAME_NOUN_OVERLAP["channels" if axes is None else "axes"] if same_noun else OVERLAP)


def mapper_candidate(bundle: Bundle, state: State, wish: Wish, direction: Tensor) -> Candidate | None:
    """A mapper's step from where the picture is now: one that was trained for this wish, else the text-conditioned one."""
    delta = _trained_for(bundle, state, wish)
    if delta is None and bundle.mapper is not None:
        w = state.w.mean(0) + bundle.style_inverse @ state.added
        delta = bundle.generator.synthesis.style_steps(bundle.mapper(w[None], direction[None]))[0]
    if delta is None:
        return None
    return Candidate(delta * _standard_step(bundle, state, wish, delta, SHARES), "mapper")


def _trained_for(bundle: Bundle, state: State, wish: Wish) -> Tensor | None:
    """The delta [C] of the mapper whose wish means the same as this one; None where there is none."""
    if not bundle.prompts or wish.strength < 0:
        return None
    target = bundle.clip.encode_text([wish.prompt])[0]
    alike = bundle.clip.encode_text(list(bundle.prompts)) @ target
    best = int(alike.argmax())
    if float(alike[best]) < SAME_MEANING:
        return None
    mapper = list(bundle.prompts.values())[best]
    w = state.w + (bundle.style_inverse @ state.added)[None]
    return mapper.delta(bundle.generator.synthesis, w[None], state.styles[None])[0]


def direction_candidate(bundle: Bundle, state: State, wish: Wish, direction: Tensor, threshold: float | None) -> Candidate | None:
    """The global direction, scaled so that it gains the bundle's standard step on this picture."""
    found = directions.find(bundle.bank, direction, threshold)
    if found is None:
        return None
    allowed = _room(bundle, state, found.delta)
    strength = _standard_step(bundle, state, wish, found.delta, [step for step in STEPS if step <= allowed] or [allowed])
    return Candidate(found.delta * strength, "direction", found.threshold)


def wanted_gain(bundle: Bundle, wish: Wish, start: float) -> float:
    """Logits that a wish is to gain at strength 1 on a picture whose logit is ``start``.

    The bundle's standard gain, but not further than the model's own pictures go in what the wish says.
    """
    standard = bundle.thresholds.standard_gain
    if bundle.bank.samples is None:
        return standard
    sign = -1.0 if wish.strength < 0 else 1.0
    usual = sign * bundle.clip.logits(bundle.bank.samples, bundle.clip.encode_text([wish.prompt]))[:, 0]
    end = float(torch.quantile(usual, USUAL))
    return min(standard, max(end - sign * start, LEAST_STEP * standard))


def _standard_step(bundle: Bundle, state: State, wish: Wish, delta: Tensor, strengths: Sequence[float]) -> float:
    """The least strength that gains what the wish is to gain, or nearly the most that this delta can gain; less where
    half as much again would already lead past what is wished for (grey hair, on the way from black to white)."""
    tried = torch.tensor([0.0, *strengths], device=delta.device)
    pictures = embed(bundle, state.styles[None] + tried[:, None] * delta[None])
    logits = bundle.clip.logits(pictures, bundle.clip.encode_text([wish.prompt]))[:, 0]
    gained = (logits - logits[0]) * (-1.0 if wish.strength < 0 else 1.0)
    gains = gained[1:]
    most = float(gains.max())
    wanted = min(wanted_gain(bundle, wish, float(logits[0])), NEARLY * most if most > 0 else most)
    first = int((gains >= wanted).nonzero()[0, 0])
    further = np.interp([VERY * strength for strength in strengths], tried.cpu().numpy(), gained.cpu().numpy())
    for place in range(first, -1, -1):
        if float(gains[place]) < LEAST_SHARE * most:
            break
        if further[place] >= float(gains[place]):
            return strengths[place]
    return strengths[first]


def _room(bundle: Bundle, state: State, delta: Tensor) -> float:
    """The largest strength at which no style leaves the generator's statistics."""
    moving = delta.abs() > 1e-6
    ends = bundle.bank.s_mean + delta.sign() * MOST_DEVIATION * bundle.bank.s_std
    room = ((ends - state.styles) / torch.where(moving, delta, torch.ones_like(delta)))[moving]
    return max(0.25, float(room.min()))


def keep_out(bundle: Bundle, delta: Tensor, keep: tuple[str, ...]) -> Tensor:
    """The delta without what it shares with the directions of the texts to keep."""
    rows = []
    for text in keep:
        target = bundle.clip.encode_text([text])[0]
        found = directions.find(bundle.bank, F.normalize(target - bundle.neutral_embedding, dim=0))
        if found is not None:
            rows.append(found.delta)
    return directions.without(delta, torch.stack(rows)) if rows else delta


def render(bundle: Bundle, styles: Tensor) -> Tensor:
    """Styles [N, C] -> pictures [N, 3, R, R] in [-1, 1]."""
    return bundle.generator.synthesis(styles).clamp(-1, 1)


def embed(bundle: Bundle, styles: Tensor) -> Tensor:
    """Styles [N, C] -> image embeddings [N, D] of the pictures they make."""
    return bundle.clip.encode_image(render(bundle, styles))


def measure(bundle: Bundle, direction: Tensor, target: Tensor, before: Tensor, after: Tensor) -> Measure:
    """Effect between two image embeddings [D]: along the wish, of the wish's text [D], and across the wish."""
    moved = after - before
    along = float(moved @ direction)
    across = float((moved - along * direction).norm())
    final, start = (float(bundle.clip.logits(e[None], target[None])[0, 0]) for e in (after, before))
    return Measure(final - start, final, across)
