"""Edits in a row, and all of them undone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)

from editor.bundle.manifest import EMBEDDED
from editor.editing.engine import Engine
from editor.lab.evaluation import sequential_edits
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.uploads import EvaluatedBundle, UploadSet
from editor.lab.training import domains

AVATARS = domains.named("avatars")
LINES = (
    {"prompt": "green background", "attribute": "background_color", "value": "green"},
    {"prompt": "red shirt", "attribute": "clothing_color", "value": "red"},
    {"prompt": "blue shirt", "attribute": "clothing_color", "value": "blue"},
    {"prompt": "sunglasses", "attribute": "sunglasses", "direction": 1, "may_change": ["eye_color"]},
    {"prompt": "green eyes", "attribute": "eye_color", "value": "green"},
)
SEEN = ("background_color", "clothing_color", "sunglasses", "eye_color")


@pytest.fixture(scope="module")
def unseen(avatars: Engine) -> UploadSet:
    tested = EvaluatedBundle.of(avatars, "avatar", EMBEDDED / "avatar")
    return UploadSet.make(dataclasses.replace(tested, scored=SEEN), 1, 5)


def test_no_edit_of_a_sequence_may_change_what_another_asks_for(unseen: UploadSet) -> None:
    cases = [EditCase.from_json(dict(line), AVATARS.attributes) for line in LINES]
    rows = [sequential_edits.choose(unseen, cases, 0, np.random.default_rng(seed)) for seed in range(6)]
    for row in rows:
        asked = [case.attribute for case in row]
        assert len(set(asked)) == len(asked)
        assert not {"sunglasses", "eye_color"} <= set(asked)
    assert len({tuple(case.prompt for case in row) for row in rows}) > 1


def test_a_sequence_is_run_and_undone_bit_for_bit(unseen: UploadSet) -> None:
    cases = [EditCase.from_json(dict(line), AVATARS.attributes) for line in LINES[:2]]
    found = sequential_edits.sequential_edits(unseen, cases, seed=0)
    assert found["edits_each"] == len(
        [case for case in cases if sequential_edits.choose(unseen, [case], 0, np.random.default_rng(0))]
    )
    assert (found["portraits"], found["undone_exactly"]) == (1, 1.0)
    sequence = sequential_edits.run_sequence(unseen, unseen.items[0], cases)
    assert len({picture for picture, _ in sequence}) == 3
    sequence[0] = sequence[1]
    assert not sequential_edits.is_undone(unseen, unseen.items[0], sequence)
