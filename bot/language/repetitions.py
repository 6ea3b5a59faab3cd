"""Repetitions in a message: what is said twice is done once, and small talk with an edit is not answered."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language.actions import Action, Add, Answer, Ask, Face, Scale

_SERIOUS = frozenset({"price", "who", "privacy", "delete-data", "whole-picture", "stop"})
"""Topics that are answered even if the same message asks for an edit."""


def without_repetitions(actions: list[Action]) -> list[Action]:
    """Drop repetitions, and answers to small talk in a message that asks for an edit."""
    edits = [action for action in actions if not isinstance(action, Ask | Answer)]
    edits = [
        action
        for place, action in enumerate(edits)
        if isinstance(action, Add | Face) or action not in edits[:place]
    ]
    edits = [action for place, action in enumerate(edits) if not _said_again(action, edits[place + 1 :])]
    answers = [action for action in actions if isinstance(action, Answer)]
    asks = [action for action in actions if isinstance(action, Ask)]
    serious = [answer for answer in answers if answer.topic in _SERIOUS]
    if edits:
        return [*edits, *([ask for ask in asks if ask.question == "ask.unknown-word"] or serious)[:1]]
    ranked: list[Action] = [*serious, *asks, *[one for one in answers if one.topic != "smalltalk"], *answers]
    return ranked[:1]


def _said_again(action: Action, later: Sequence[Action]) -> bool:
    """ "too strong, a bit less" asks once for less: the later of two such scales counts."""
    if not isinstance(action, Scale):
        return False
    same = [other for other in later if isinstance(other, Scale) and other.target == action.target]
    return any((other.factor < 1) == (action.factor < 1) for other in same)
