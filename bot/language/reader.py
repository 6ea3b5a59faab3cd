"""Reads a message in any language that the bot understands."""

from __future__ import annotations

from collections.abc import Sequence

from bot.language import chinese, parse
from bot.language.actions import Action
from bot.language.script import script_of


def read(text: str, after: Sequence[str] = (), languages: Sequence[str] = ("en",)) -> list[Action]:
    """Return what a message asks for; never empty.

    Args:
        text: What the person wrote.
        after: Prompts of the adjustments in force, oldest first.
        languages: Languages that the text-image model understands, in which prompts may be written.
    """
    if script_of(text) == "CJK":
        return chinese.parse(text, after, languages)
    return parse(text, after)
