"""Reads a message in any language that the bot understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.language.actions import Action, Answer, Ask
from bot.language.assemble import Assembler
from bot.language.chinese import words
from bot.language.chinese.segments import CONTENT
from bot.language.labels import COMMANDS, EDITS
from bot.language.network import Clause, mark
from bot.language.text import clean, foreign, has_han

LEAST_SURE = 0.3
"""An act that is less likely than this is asked about, not carried out."""
LEAST_EDIT = 0.7
"""A clause whose probability of asking for an edit is below this changes nothing."""
LEAST_BARE = 0.5
"""The same for a clause that is a description and nothing else: "very cute", "beard"."""


def read(text: str, after: Sequence[str] = (), languages: Sequence[str] = ("en",)) -> list[Action]:
    """Return what a message asks for; never empty. What is not understood is an `Ask`.

    Args:
        text: What the person wrote; what comes after 2000 characters is ignored.
        after: Prompts of the adjustments in force, oldest first.
        languages: Languages that the text-image model understands, in which prompts may be written.
    """
    plain = clean(text)
    if not any(character.isalnum() for character in plain):
        return [Ask("ask.nothing")]
    if foreign(plain):
        return [Answer("language")]
    clauses = [replace(clause, act="unknown") if _strange(clause) else clause for clause in mark(plain)]
    sure = [clause for clause in clauses if clause.act == "unknown" or _sure(clause)]
    actions = Assembler(after, languages).read(sure)
    return actions or [Ask("ask.unclear" if len(plain) > 3 else "ask.nothing")]


def _sure(clause: Clause) -> bool:
    """Whether a clause is understood well enough to do, or to answer, what it seems to ask for."""
    described = sum(len(span.text.replace(" ", "")) for span in clause.spans)
    least = LEAST_BARE if described >= len(clause.text.replace(" ", "")) else LEAST_EDIT
    if clause.act in EDITS or clause.act in COMMANDS:
        return clause.sure >= LEAST_SURE and clause.edits >= least
    return clause.edits < least


def _strange(clause: Clause) -> bool:
    """Whether a Chinese clause holds unknown words only, and nothing in it is marked."""
    if not has_han(clause.text) or clause.spans or clause.act not in ("other", "remark", "add", "replace"):
        return False
    content = [word for word in words(clause.text) if word.kind in CONTENT]
    return bool(content) and all(word.kind == "unknown" and len(word.text) > 2 for word in content)
