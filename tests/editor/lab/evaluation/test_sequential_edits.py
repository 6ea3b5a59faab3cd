"""Wishes in a row, and all of them undone."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)

from editor.bundle.manifest import EMBEDDED
from editor.editing.engine import Engine
from editor.lab.evaluation import sequential_edits
from editor.lab.evaluation.classifier_metrics import Wish
from editor.lab.evaluation.uploads import Uploads
from editor.lab.evaluation.wishes import Setting
from editor.lab.training import attribute_classifier as judging
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
def setting(avatars: Engine) -> Setting:
    judge = judging.load(EMBEDDED / "avatar")
    return Setting(avatars, judge, SEEN, Uploads.make(AVATARS, avatars, "avatar", judge, 1, 5))


def test_no_wish_of_a_row_may_change_what_another_asks_for(setting: Setting) -> None:
    wishes = [Wish.of(dict(line), AVATARS.attributes) for line in LINES]
    rows = [sequential_edits.chosen(setting, wishes, 0, np.random.default_rng(seed)) for seed in range(6)]
    for row in rows:
        asked = [wish.attribute for wish in row]
        assert len(set(asked)) == len(asked)
        assert not {"sunglasses", "eye_color"} <= set(asked)
    assert len({tuple(wish.prompt for wish in row) for row in rows}) > 1


def test_a_row_is_walked_and_undone_bit_for_bit(setting: Setting) -> None:
    wishes = [Wish.of(dict(line), AVATARS.attributes) for line in LINES[:2]]
    found = sequential_edits.in_a_row(setting, wishes, seed=0)
    assert found["wishes each"] == len(
        [wish for wish in wishes if sequential_edits.chosen(setting, [wish], 0, np.random.default_rng(0))]
    )
    assert (found["portraits"], found["undone exactly"]) == (1, 1.0)
    way = sequential_edits.walk(setting, setting.uploads.items[0], wishes)
    assert len({*way.pictures}) == 3
    way.pictures[0] = way.pictures[1]
    assert not sequential_edits.undone(setting, setting.uploads.items[0], way)
