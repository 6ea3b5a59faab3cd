"""Wishes in a row, and all of them undone."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)

from editor.bundle import EMBEDDED
from editor.engine import Engine
from editor.evaluation import sequences
from editor.evaluation.readings import Wish
from editor.evaluation.uploads import Uploads
from editor.evaluation.wishes import Setting
from editor.training import domains
from editor.training import judge as judging

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
    rows = [sequences.chosen(setting, wishes, 0, np.random.default_rng(seed)) for seed in range(6)]
    for row in rows:
        asked = [wish.attribute for wish in row]
        assert len(set(asked)) == len(asked)
        assert not {"sunglasses", "eye_color"} <= set(asked)
    assert len({tuple(wish.prompt for wish in row) for row in rows}) > 1


def test_a_row_is_walked_and_undone_bit_for_bit(setting: Setting) -> None:
    wishes = [Wish.of(dict(line), AVATARS.attributes) for line in LINES[:2]]
    found = sequences.in_a_row(setting, wishes, seed=0)
    assert found["wishes each"] == len(
        [wish for wish in wishes if sequences.chosen(setting, [wish], 0, np.random.default_rng(0))]
    )
    assert (found["portraits"], found["undone exactly"]) == (1, 1.0)
    way = sequences.walk(setting, setting.uploads.items[0], wishes)
    assert len({*way.pictures}) == 3
    way.pictures[0] = way.pictures[1]
    assert not sequences.undone(setting, setting.uploads.items[0], way)
