"""What a prompt means in the text-image space: its direction, its response, and what an edit changed."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.protocol import Change
from editor.bundle.bundle import Bundle
from editor.bundle.direction_bank import find_direction, without_shared
from editor.device.progress import ProgressCallback, no_progress

_NEGATION = re.compile(
    r"^(?:no|not|without|non|less|free of)[ -]+(?:a |an |any )?(.+)$|^(.+)-free$|^没有(.+)$", re.IGNORECASE
)

USUAL_SHARE = 0.98
"""Share of the model's own pictures that an edit may surpass; beyond all of them pictures fall apart."""
LEAST_STEP = 0.25
"""Share of the standard gain that is still wanted if the picture already matches the prompt."""
STRONGEST_SHARE = 0.1
"""Share of the model's own pictures, matching a prompt best, that show what comes along with it."""
OVERLAP, SAME_NOUN_OVERLAP = 0.90, {"axes": 0.45, "channels": 0.65}
"""Cosine of what two prompts move from which they are about the same thing: for any two prompts, and for two
that end with the same word ("pink hair", "blonde hair")."""
LEAST_RESPONSE = 0.65
"""Response below which a prompt is beyond the model (``editor/lab/evaluation/refusals_develop.jsonl``)."""
FAINT = 0.6
"""Length of a text inside the span of pictures below which pictures hardly differ in what it says."""


@dataclass(frozen=True)
class EditMeasure:
    """What a rendered edit changed, in logits."""

    gain: float
    """Rise of the prompt's logit."""
    final: float
    """The prompt's logit after the edit."""
    collateral: float
    """Penalty for the change that the prompt does not explain."""


def negated_text(prompt: str) -> str | None:
    """Return what a negation denies: "no glasses" -> "glasses"; None for other prompts."""
    found = _NEGATION.match(prompt.strip())
    return next(group for group in found.groups() if group) if found else None


def text_direction(bundle: Bundle, change: Change) -> Tensor:
    """Return the direction of a change in the text-image space, unit [D]: its prompt against a contrast text.

    The contrast is the change's own neutral text, else what a negation denies, else the bundle's neutral
    texts. The part outside the span of pictures is removed. A negative strength reverses the direction.
    """
    target = bundle.clip.encode_text([change.prompt])[0]
    neutral = change.neutral or negated_text(change.prompt)
    origin = bundle.neutral_embedding if neutral is None else bundle.clip.encode_text([neutral])[0]
    direction = F.normalize(target - origin, dim=0)
    return change.sign * F.normalize(direction @ bundle.image_span, dim=0)


def response(bundle: Bundle, change: Change) -> float:
    """Return how far the model's pictures can differ in what a prompt says, 0 to 1.

    Two things are measured in several phrasings of the prompt: how much of it is inside the span of pictures
    and not where meaningless texts are embedded, and whether it is too faint there. What it shares with the
    neutral texts does not count. A negation counts as what it denies: pictures without wings do not differ in
    wings either.
    """
    texts = bundle.clip.encode_phrasings(negated_text(change.prompt) or change.prompt)
    inside = (bundle.without_neutral(texts) @ bundle.image_span).norm(dim=1)
    nonsense = (bundle.outside_image_span(texts) @ bundle.nonsense_direction).clamp_min(0)
    share = inside / torch.hypot(inside, nonsense).clamp_min(1e-6)
    return float(share.mean()) * min(1.0, float(inside.mean()) / FAINT)


def responds(bundle: Bundle, change: Change) -> bool:
    """Return whether the model can show what a prompt says at all."""
    return response(bundle, change) >= LEAST_RESPONSE


def same_subject(
    bundle: Bundle, one: Change, other: Change, progress: ProgressCallback = no_progress
) -> bool:
    """Return whether two changes are about the same thing, so that the later one replaces the earlier one.

    The words suggest it (pink hair, blonde hair), and what the two move confirms it (not: pink hair, long
    hair).
    """
    bank, directions = bundle.bank, [text_direction(bundle, change) for change in (one, other)]
    if float((directions[0] @ directions[1]).abs()) >= OVERLAP:
        return True
    axes = bank.axis_relevance
    moved = [
        (bank.relevance_to(direction, progress) if axes is None else axes @ direction).abs()
        for direction in directions
    ]
    overlap = float(F.cosine_similarity(moved[0], moved[1], dim=0))
    same_noun = one.prompt.lower().split()[-1:] == other.prompt.lower().split()[-1:]
    return overlap >= (SAME_NOUN_OVERLAP["channels" if axes is None else "axes"] if same_noun else OVERLAP)


def wanted_gain(bundle: Bundle, change: Change, start: float) -> float:
    """Return the logits that a change should gain at strength 1 on a picture whose logit is ``start``.

    This is the bundle's standard gain, but not more than the model's own pictures show.
    """
    standard = bundle.thresholds.standard_gain
    if bundle.bank.samples is None:
        return standard
    text = bundle.clip.encode_text([change.prompt])
    logits = change.sign * bundle.clip.logits(bundle.bank.samples, text)[:, 0]
    end = float(torch.quantile(logits, USUAL_SHARE))
    return min(standard, max(end - change.sign * start, LEAST_STEP * standard))


def keep_out(
    bundle: Bundle, delta: Tensor, keep: tuple[str, ...], progress: ProgressCallback = no_progress
) -> Tensor:
    """Remove from a delta [C] what it shares with the directions of the texts to keep."""
    rows = []
    for text in keep:
        target = bundle.clip.encode_text([text])[0]
        direction = F.normalize(target - bundle.neutral_embedding, dim=0)
        found = find_direction(bundle.bank, direction, progress=progress)
        if found is not None:
            rows.append(found.delta)
    return without_shared(delta, torch.stack(rows)) if rows else delta


def measure(bundle: Bundle, direction: Tensor, target: Tensor, before: Tensor, after: Tensor) -> EditMeasure:
    """Measure the change between two image embeddings [D] for a direction [D] and a text [D]."""
    final, start = (float(bundle.clip.logits(e[None], target[None])[0, 0]) for e in (after, before))
    collateral = collateral_change(bundle, direction, before, after[None])
    return EditMeasure(final - start, final, float(collateral[0]))


def collateral_change(bundle: Bundle, direction: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Return the penalty [N], in logits, for unexplained changes from an embedding [D] to others [N, D].

    A prompt explains its own direction, and what comes along with it in the model's own pictures: a lion has
    a mane.
    """
    moved = after - before
    moved = moved - (moved @ direction)[:, None] * direction
    along = companion_direction(bundle, direction)
    if along is not None:
        moved = moved - (moved @ along).clamp_min(0)[:, None] * along
    return bundle.clip.collateral(moved)


def companion_direction(bundle: Bundle, direction: Tensor) -> Tensor | None:
    """Return what comes along with a direction [D] in the model's own pictures: unit [D], orthogonal to it.

    None if the bundle keeps no pictures of its own.
    """
    if bundle.bank.samples is None:
        return None
    centred = bundle.bank.samples - bundle.bank.samples.mean(0)
    strongest = (centred @ direction).topk(max(1, round(STRONGEST_SHARE * len(centred)))).indices
    shift = centred[strongest].mean(0)
    return F.normalize(shift - (shift @ direction) * direction, dim=0)
