"""Clauses that are commands: undo, redo, go to, start over, show, variations, transfer, and those that nobody here can carry out:
to crop, to turn, to brighten the picture as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.language import english
from bot.language.actions import Action, Ask, Goto, Redo, Reset, Show, Transfer, Undo, Variations
from bot.language.phrases import trim

_PATTERNS = tuple((what, re.compile(pattern)) for what, pattern in english.COMMANDS)
MOST_STEPS = 50
MOST_VARIATIONS = 9
USUAL_VARIATIONS = 4
BEYOND = Ask("ask.frame")
"""What is asked of the picture as a whole, in a message with wishes too: it must not pass without a word."""
_PLAIN: dict[str, Action] = {
    "reset": Reset(),
    "goto original": Goto(0),
    "transfer": Transfer(),
    "ask frame": BEYOND,
}


def _count(text: str | None, otherwise: int) -> int | None:
    """A count in digits or words; None for a word that is no number."""
    if text is None:
        return otherwise
    return int(text) if text.isdigit() else english.NUMBERS.get(text)


def _action(what: str, match: re.Match[str]) -> Action | None:
    groups = match.groupdict()
    if what in ("undo", "redo"):
        steps = _count(groups.get("n"), 1)
        return None if steps is None else (Undo if what == "undo" else Redo)(max(1, min(MOST_STEPS, steps)))
    if what == "goto":
        number = groups.get("d")
        return Goto(int(number) if number else english.ORDINALS[groups["o"]])
    if what == "variations":
        count = _count(groups.get("n"), USUAL_VARIATIONS)
        return Variations(max(1, min(MOST_VARIATIONS, count or USUAL_VARIATIONS)))
    return plain(what)


def plain(what: str) -> Action:
    """A command that holds no number."""
    if what.startswith("show "):
        return Show(what.removeprefix("show "))  # type: ignore[arg-type]
    return _PLAIN[what]


def read(clause: Sequence[str]) -> Action | None:
    """The command that a whole clause is, None for any other clause."""
    for words in (list(clause), trim(clause)):
        text = " ".join(word for word in words if word not in (",", ":", "."))
        if text in ("more", "some more", "the same", "have") or text.isdigit():
            continue
        for what, pattern in _PATTERNS:
            match = pattern.fullmatch(text)
            if match and (action := _action(what, match)) is not None:
                return action
    return None
