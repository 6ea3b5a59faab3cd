"""What a wish says: its direction in the text-image space, what answers to it, and what a change did when measured."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Change
from editor.bundle import direction_bank
from editor.bundle.bundle import Bundle

_NEGATION = re.compile(
    r"^(?:no|not|without|non|less|free of)[ -]+(?:a |an |any )?(.+)$|^(.+)-free$|^没有(.+)$", re.IGNORECASE
)

USUAL = 0.98
"""Share of the model's own pictures that a wish may leave behind: past all of them pictures fall apart (a face turns black)."""
LEAST_STEP = 0.25
"""Share of the standard gain that is still asked for where a picture already is as the wish says."""
STRONGEST_SHARE = 0.1
"""Of the model's own pictures, those that a wish describes best: what they have in common comes along with it."""
OVERLAP, SAME_NOUN_OVERLAP = 0.90, {"axes": 0.45, "channels": 0.65}
"""Cosine of what two wishes move, either way, from which they speak of the same thing: for any two wishes, and for two
that end with the same word ("pink hair", "blonde hair")."""
LEAST_RESPONSE = 0.65
"""Response below which a wish is beyond the model: set on the lines of ``editor/lab/evaluation/refusals_develop.jsonl``."""
FAINT = 0.6
"""Length of a text among the pictures below which they differ little in what it says."""


@dataclass(frozen=True)
class Measure:
    """What a rendered change did: ``gain`` in logits, ``final`` logit of the wish, ``beside``: what avoiding its other changes
    is worth, in logits."""

    gain: float
    final: float
    beside: float


def contrast(prompt: str) -> str | None:
    """The plain text that a negated prompt denies: "no glasses" -> "glasses"; None for other prompts."""
    found = _NEGATION.match(prompt.strip())
    return next(group for group in found.groups() if group) if found else None


def text_direction(bundle: Bundle, wish: Change) -> Tensor:
    """Unit direction [D] of the wish in the text-image space: its text against a contrasting one.

    The contrast is the wish's own neutral text; else what a negation denies; else the bundle's plain texts. What lies
    outside the span of pictures is dropped. A negative strength asks for the opposite: the direction is turned round.
    """
    direction = F.normalize(_difference(bundle, wish) @ bundle.image_span, dim=0)
    return wish.sign * direction


def _difference(bundle: Bundle, wish: Change) -> Tensor:
    target = bundle.clip.encode_text([wish.prompt])[0]
    neutral = wish.neutral or contrast(wish.prompt)
    origin = bundle.neutral_embedding if neutral is None else bundle.clip.encode_text([neutral])[0]
    return F.normalize(target - origin, dim=0)


def response(bundle: Bundle, wish: Change) -> float:
    """How much of what the wish says is a matter in which this model's pictures differ at all, 0..1.

    Two things are measured, in every reading of the text. How much of it lies among the pictures rather than where texts
    are that say nothing of them; and that it is not too faint, where the pictures hardly differ. What it shares with the
    bundle's plain texts does not count. A denial says as much as what it denies: pictures without wings do not differ in
    wings either.
    """
    texts = bundle.clip.encode_phrasings(contrast(wish.prompt) or wish.prompt)
    seen = (bundle.apart_from_neutral(texts) @ bundle.image_span).norm(dim=1)
    beside = (bundle.beside_pictures(texts) @ bundle.nothing).clamp_min(0)
    among = seen / torch.hypot(seen, beside).clamp_min(1e-6)
    return float(among.mean()) * min(1.0, float(seen.mean()) / FAINT)


def same_thing(
    bundle: Bundle, one: Change, one_direction: Tensor, other: Change, other_direction: Tensor
) -> bool:
    """Do two wishes speak of the same thing, so that the later one takes the earlier one's place?

    The words suggest it (pink hair, blonde hair), and what the two move confirms it (not: pink hair, long hair).
    """
    if float((one_direction @ other_direction).abs()) >= OVERLAP:
        return True
    axes = bundle.bank.axis_relevance
    moved = [
        (bundle.bank.answers(direction) if axes is None else axes @ direction).abs()
        for direction in (one_direction, other_direction)
    ]
    overlap = float(F.cosine_similarity(moved[0], moved[1], dim=0))
    same_noun = one.prompt.lower().split()[-1:] == other.prompt.lower().split()[-1:]
    return overlap >= (SAME_NOUN_OVERLAP["channels" if axes is None else "axes"] if same_noun else OVERLAP)


def wanted_gain(bundle: Bundle, wish: Change, start: float) -> float:
    """Logits that a wish is to gain at strength 1 on a picture whose logit is ``start``.

    The bundle's standard gain, but not further than the model's own pictures go in what the wish says.
    """
    standard = bundle.thresholds.standard_gain
    if bundle.bank.samples is None:
        return standard
    usual = wish.sign * bundle.clip.logits(bundle.bank.samples, bundle.clip.encode_text([wish.prompt]))[:, 0]
    end = float(torch.quantile(usual, USUAL))
    return min(standard, max(end - wish.sign * start, LEAST_STEP * standard))


def keep_out(bundle: Bundle, delta: Tensor, keep: tuple[str, ...]) -> Tensor:
    """The delta without what it shares with the directions of the texts to keep."""
    rows = []
    for text in keep:
        target = bundle.clip.encode_text([text])[0]
        found = direction_bank.find(bundle.bank, F.normalize(target - bundle.neutral_embedding, dim=0))
        if found is not None:
            rows.append(found.delta)
    return direction_bank.without(delta, torch.stack(rows)) if rows else delta


def measure(bundle: Bundle, direction: Tensor, target: Tensor, before: Tensor, after: Tensor) -> Measure:
    """Effect between two image embeddings [D]: along the wish, of the wish's text [D], and across the wish."""
    final, start = (float(bundle.clip.logits(e[None], target[None])[0, 0]) for e in (after, before))
    return Measure(final - start, final, float(beside(bundle, direction, before, after[None])[0]))


def beside(bundle: Bundle, direction: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """What avoiding the changes that a wish does not explain is worth, in logits [N]: from an embedding [D] to N others [N, D].

    A wish explains its own direction, and what comes along with it in the model's own pictures: a lion has a mane.
    """
    moved = after - before
    moved = moved - (moved @ direction)[:, None] * direction
    along = companions(bundle, direction)
    return bundle.clip.collateral(
        moved if along is None else moved - (moved @ along).clamp_min(0)[:, None] * along
    )


def companions(bundle: Bundle, direction: Tensor) -> Tensor | None:
    """What comes along with a direction [D] in the model's own pictures, as a unit direction [D] at right angles to it; None where
    the bundle keeps no pictures of its own."""
    if bundle.bank.samples is None:
        return None
    apart = bundle.bank.samples - bundle.bank.samples.mean(0)
    strongest = (apart @ direction).topk(max(1, round(STRONGEST_SHARE * len(apart)))).indices
    shift = apart[strongest].mean(0)
    return F.normalize(shift - (shift @ direction) * direction, dim=0)
