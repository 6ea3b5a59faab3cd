"""Conversations held with the reader, and their states."""

from __future__ import annotations

import json

import pytest

from bot.lab.dialogues import Dialogue, State, as_expected, changed, hold
from bot.language.actions import ALL, Action, Add, Remove, Scale, Set

PINK: State = (("pink hair", 1.0),)


@pytest.mark.parametrize(
    ("action", "state"),
    [
        (Add("glasses"), (*PINK, ("glasses", 1.0))),
        (Add("blue hair"), (("blue hair", 1.0),)),
        (Add("long hair"), (*PINK, ("long hair", 1.0))),
        (Scale("pink hair", 0.5), (("pink hair", 0.5),)),
        (Scale("pink hair", 9.0), (("pink hair", 3.0),)),
        (Scale(ALL, 0.01), ()),
        (Set("pink hair", 0.3), (("pink hair", 0.3),)),
        (Remove("pink hair"), ()),
        (Remove("hat"), PINK),
    ],
)
def test_what_an_action_leaves_in_force(action: Action, state: State) -> None:
    assert changed(PINK, action) == state


def test_going_back_and_forth() -> None:
    dialogue = Dialogue()
    for text in ("pink hair", "add glasses", "undo"):
        dialogue.say(text)
    assert dialogue.state == PINK
    dialogue.say("redo")
    assert dialogue.state == (*PINK, ("glasses", 1.0))
    dialogue.say("start over")
    assert dialogue.state == ()


def test_states_are_compared_as_a_whole() -> None:
    assert as_expected(PINK, {"pink hair": [0.9, 1.1]})
    assert as_expected(PINK, {"pink": [0.9, 1.1], "|hat": [0, 1]})
    assert not as_expected(PINK, {"pink hair": [0.1, 0.5]})
    assert not as_expected(PINK, {})
    assert not as_expected(PINK, {"pink hair": [0.9, 1.1], "hat": [0, 1]})


def test_turns_are_counted() -> None:
    turns = [
        {"text": "pink hair", "state": {"pink hair": [1, 1]}},
        {"text": "undo", "state": {"pink hair": [1, 1]}},
    ]
    right, all_turns, wrong = hold([json.dumps({"conversation": "c", "turns": turns})])
    assert (right, all_turns) == (1, 2)
    assert [turn["text"] for turn in wrong] == ["undo"]
