"""Actions as JSON and back."""

from __future__ import annotations

import pytest

from bot.language.actions import Action, Add, Answer, Face, Goto, Undo, Variations, from_json, to_json


@pytest.mark.parametrize(
    "action",
    [
        Add("pink hair", 0.5, "hair", ("background",), "mapper", "粉色头发"),
        Goto(0),
        Face(None),
        Answer("privacy"),
        Variations(2),
    ],
)
def test_json_and_back(action: Action) -> None:
    assert from_json(to_json(action)) == action


def test_a_missing_or_null_field_takes_its_default() -> None:
    assert from_json({"do": "undo"}) == Undo(1)
    assert from_json({"do": "add", "prompt": "hat", "region": None, "keep": None, "more": 1}) == Add("hat")


@pytest.mark.parametrize("values", [{}, {"do": "paint"}, {"do": "add"}, {"do": "goto", "edit": None}])
def test_what_is_no_action_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="action"):
        from_json(values)
