"""Sequential edits: ten in a row on one portrait, and then all of them undone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from editor.api.protocol import Adjustment, Change
from editor.imaging.decode import decode
from editor.imaging.encode import png
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.single_edits import mean
from editor.lab.evaluation.uploads import Upload, UploadSet

LENGTH = 10
CASES = Path(__file__).with_name("wordings.jsonl")
"""Prompts that were used for no training and no tuning."""
Step = tuple[bytes, tuple[Adjustment, ...]]
"""A picture and the adjustments in force."""


def choose(
    unseen: UploadSet, cases: Sequence[EditCase], number: int, rng: np.random.Generator
) -> list[EditCase]:
    """Choose up to ten edits for a portrait, in random order.

    Each has an effect there, and none may rightly change what another one asks for.
    """
    found: list[EditCase] = []
    for place in rng.permutation(len(cases)):
        case = cases[place]
        useful = case.attribute in unseen.tested.scored and number in unseen.eligible(case)
        if len(found) < LENGTH and useful and not any(_conflict(case, other) for other in found):
            found.append(case)
    return found


def _conflict(one: EditCase, other: EditCase) -> bool:
    return one.attribute in {other.attribute, *other.may_change} or other.attribute in one.may_change


def run_sequence(unseen: UploadSet, upload: Upload, cases: Sequence[EditCase]) -> list[Step]:
    """Apply the edits one after the other, each on top of the earlier ones, as a conversation does.

    Return the portrait before the first edit, and after each.
    """
    engine = unseen.tested.engine
    steps: list[Step] = [(uploads.edit(engine, upload).picture.data, ())]
    for case in cases:
        result = uploads.edit(engine, upload, [Change(prompt=case.prompt)], steps[-1][1])
        steps.append((result.picture.data, result.adjustments))
    return steps


def is_undone(unseen: UploadSet, upload: Upload, steps: Sequence[Step]) -> bool:
    """Return whether each step back restores its picture bit for bit, and the first one the upload."""
    engine = unseen.tested.engine
    same = [
        uploads.edit(engine, upload, (), layers).picture.data == picture for picture, layers in steps[-2::-1]
    ]
    return all(same) and steps[0][0] == png(upload.pixels).data


def sequential_edits(unseen: UploadSet, cases: Sequence[EditCase], seed: int) -> dict[str, Any]:
    """Return shares over all portraits.

    Edits that are seen right after they were made, and after all ten, on pictures that show their attribute;
    and portraits that are restored exactly.
    """
    rng = np.random.default_rng(seed)
    exact, lengths, at_once, after_all = [], [], [], []
    for number, upload in enumerate(unseen.items):
        chosen = choose(unseen, cases, number, rng)
        steps = run_sequence(unseen, upload, chosen)
        exact.append(is_undone(unseen, upload, steps))
        lengths.append(len(chosen))
        pictures = [decode(picture).pixels for picture, _ in steps[1:]]
        for place, case in enumerate(chosen):
            at_once += _seen(unseen, case, number, pictures[place])
            after_all += _seen(unseen, case, number, pictures[-1])
    return {
        "portraits": len(exact),
        "edits_each": mean(lengths),
        "success_at_once": mean(at_once),
        "success_after_all": mean(after_all),
        "undone_exactly": mean(exact),
    }


def _seen(unseen: UploadSet, case: EditCase, number: int, picture: np.ndarray) -> list[bool]:
    """Return whether an edit is seen; nothing if its attribute is hidden (eyes behind sunglasses)."""
    before, labels = uploads.select(unseen.predictions, [number]), uploads.select(unseen.labels, [number])
    after = uploads.predict(unseen.tested.classifier, [picture])
    if not classifier_metrics.countable(unseen.tested.domain, after, labels, case.attribute)[0]:
        return []
    return [bool(classifier_metrics.succeeded(before, after, case)[0])]
