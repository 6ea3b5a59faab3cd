"""Clauses that are commands: 撤销, 重做, 回到第二张, 重新开始, 历史, 来几种变化."""

from __future__ import annotations

import re

from bot.language.actions import Action, Goto, Redo, Undo, Variations
from bot.language.chinese import words
from bot.language.chinese.numbers import number
from bot.language.commands import MOST_STEPS, MOST_VARIATIONS, USUAL_VARIATIONS, plain

_PATTERNS = tuple((what, re.compile("|".join(patterns))) for what, patterns in words.COMMANDS)
_BEFORE, _AFTER = re.compile(words.BEFORE), re.compile(words.AFTER)
MOST_CHARACTERS = 40
"""Longer clauses are no commands."""


def _action(what: str, groups: dict[str, str | None]) -> Action:
    said = groups.get("n") or groups.get("m")
    count = number(said) if said else None
    if what in ("undo", "redo"):
        return (Undo if what == "undo" else Redo)(max(1, min(MOST_STEPS, count or 1)))
    if what == "goto":
        return Goto(number(groups["d"] or groups["e"] or groups["f"] or "0"))
    if what == "variations":
        return Variations(max(1, min(MOST_VARIATIONS, count or USUAL_VARIATIONS)))
    return plain(what)


def _trimmed(text: str) -> list[str]:
    """The text, and the text with ever less politeness around it."""
    found = [text]
    while True:
        shorter = _AFTER.sub("", found[-1]) or found[-1]
        shorter = shorter if shorter != found[-1] else _BEFORE.sub("", found[-1])
        if not shorter or shorter == found[-1]:
            return found
        found.append(shorter)


def read(clause: str) -> Action | None:
    """The command that a whole clause is, None for any other clause."""
    text = clause.replace(" ", "").strip(",.:、")
    if not text or len(text) > MOST_CHARACTERS:
        return None
    for candidate in _trimmed(text):
        for what, pattern in _PATTERNS:
            if (match := pattern.fullmatch(candidate)) is not None:
                return _action(what, match.groupdict())
    return None
