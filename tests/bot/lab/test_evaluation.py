"""Scoring of actions against expectations."""

from __future__ import annotations

from typing import Any

import pytest

from bot.lab.evaluation import right, wrong_way
from bot.language.actions import Action, Add, Answer, Remove, Scale, Undo, to_json

HAIR = {"do": "add", "has": ["pink", "hair"]}


@pytest.mark.parametrize(
    ("actions", "expect", "is_right", "is_wrong_way"),
    [
        ([Add("pink hair")], [HAIR], True, False),
        ([Add("pink hair", -1.0)], [HAIR], False, True),
        ([Add("no pink hair")], [{**HAIR, "negative": True}], True, False),
        ([Add("pink hair")], [[{"do": "undo", "steps": 1}], [HAIR]], True, False),
        ([Scale("hat", 1.5)], [{"do": "scale", "target": "hat", "factor": [0.2, 0.9]}], False, True),
        ([Remove("hat")], [{"do": "remove", "target": "hat"}], True, False),
        ([Scale("hat", 1.5)], [{"do": "remove", "target": "hat"}], False, True),
        ([Undo(2)], [{"do": "undo", "steps": 1}], False, False),
        ([Answer("thanks")], "unchanged", True, False),
        ([Undo()], "unchanged", False, False),
        ([Answer("whole-picture")], [{"do": "ask"}], True, False),
    ],
)
def test_right_and_wrong_way(actions: list[Action], expect: Any, is_right: bool, is_wrong_way: bool) -> None:
    read = [to_json(action) for action in actions]
    assert right(read, expect) is is_right
    assert wrong_way(read, expect) is is_wrong_way
