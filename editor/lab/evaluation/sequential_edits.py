"""Sequential edits: ten in a row on one portrait, and then all of them undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from editor.api.protocol import Adjustment, Change
from editor.imaging.decode import decode
from editor.imaging.encode import png
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.uploads import Upload, UploadSet
from editor.networks.attribute_classifier import AttributeValues

LENGTH = 10
CASES = Path(__file__).with_name("wordings.jsonl")
"""Prompts that were used for no training and no tuning."""


@dataclass(frozen=True)
class EditSequence:
    """A portrait before the first edit and after each, with the adjustments then in force."""

    pictures: list[bytes]
    layers: list[tuple[Adjustment, ...]]


def choose(
    unseen: UploadSet, cases: Sequence[EditCase], number: int, rng: np.random.Generator
) -> list[EditCase]:
    """Choose up to ten edits for a portrait, in random order.

    Each has an effect there, and none may rightly change what another one asks for.
    """
    before, labels = unseen.rows(np.array([number]))
    found: list[EditCase] = []
    for place in rng.permutation(len(cases)):
        case = cases[place]
        useful = (
            case.attribute in unseen.tested.scored and classifier_metrics.eligible(before, labels, case)[0]
        )
        if len(found) < LENGTH and useful and not any(_conflict(case, other) for other in found):
            found.append(case)
    return found


def _conflict(one: EditCase, other: EditCase) -> bool:
    return one.attribute in {other.attribute, *other.may_change} or other.attribute in one.may_change


def run_sequence(unseen: UploadSet, upload: Upload, cases: Sequence[EditCase]) -> EditSequence:
    """Apply the edits one after the other, each on top of the earlier ones, as a conversation does."""
    engine = unseen.tested.engine
    found = EditSequence([uploads.edit(engine, upload).picture.data], [()])
    for case in cases:
        result = uploads.edit(engine, upload, [Change(prompt=case.prompt)], found.layers[-1])
        found.pictures.append(result.picture.data)
        found.layers.append(result.adjustments)
    return found


def undone(unseen: UploadSet, upload: Upload, found: EditSequence) -> bool:
    """Return whether each step back restores its picture bit for bit, and the first one the upload."""
    steps = list(zip(found.pictures, found.layers, strict=True))[-2::-1]
    engine = unseen.tested.engine
    same = [uploads.edit(engine, upload, (), layers).picture.data == picture for picture, layers in steps]
    return all(same) and found.pictures[0] == png(upload.pixels).data


def sequential_edits(unseen: UploadSet, cases: Sequence[EditCase], seed: int) -> dict[str, Any]:
    """Return shares over all portraits.

    Edits that are seen right after they were made, and after all ten, on pictures that show their attribute;
    and portraits that are restored exactly.
    """
    rng = np.random.default_rng(seed)
    exact, lengths, hits = [], [], []
    for number, upload in enumerate(unseen.items):
        chosen = choose(unseen, cases, number, rng)
        found = run_sequence(unseen, upload, chosen)
        exact.append(undone(unseen, upload, found))
        lengths.append(len(chosen))
        hits += _hits(unseen, chosen, number, found)
    first, last = (
        float(np.mean([hit for hit in column if hit is not None])) for column in zip(*hits, strict=True)
    )
    figures = {
        "edits_each": float(np.mean(lengths)),
        "success_at_once": first,
        "success_after_all": last,
        "undone_exactly": float(np.mean(exact)),
    }
    return {"portraits": len(exact), **{name: round(figure, 4) for name, figure in figures.items()}}


def _hits(
    unseen: UploadSet, cases: Sequence[EditCase], number: int, found: EditSequence
) -> list[tuple[bool | None, bool | None]]:
    """Return for each edit whether it is seen right after it was made, and at the end."""
    pictures = [decode(picture).pixels for picture in found.pictures[1:]]
    after = uploads.predict(unseen.tested.classifier, pictures)
    steps = [uploads.selected(after, np.array([place])) for place in range(len(cases))]
    return [
        (_hit(unseen, case, number, step), _hit(unseen, case, number, steps[-1]))
        for case, step in zip(cases, steps, strict=True)
    ]


def _hit(unseen: UploadSet, case: EditCase, number: int, after: AttributeValues) -> bool | None:
    """Return whether an edit is seen; None if its attribute is hidden (eyes behind sunglasses)."""
    before, labels = unseen.rows(np.array([number]))
    if not classifier_metrics.countable(unseen.tested.domain, after, labels, case.attribute)[0]:
        return None
    return bool(classifier_metrics.succeeded(before, after, case)[0])
