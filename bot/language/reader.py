"""Reads a message in any language that the bot understands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.language.actions import Action, Answer, Ask
from bot.language.assemble import Assembler
from bot.language.chinese import words
from bot.language.chinese.segments import CONTENT
from bot.language.labels import CHANGES
from bot.language.network import Clause, mark
from bot.language.numbers import count
from bot.language.text import clean, foreign, tokenise

LEAST_SURE = 0.3
"""An act that is less likely than this is asked about, not carried out."""
LEAST_EDIT = 0.7
"""A clause whose probability of asking for an edit is below this changes nothing."""
LEAST_ASKED = 0.3
"""A clause that is likelier than this to ask for an edit, but not likely enough, is asked about."""
LEAST_BARE = 0.5
"""The same for a clause that is a description and nothing else: "very cute", "beard"."""

_VAGUE = frozenset({"other", "remark", "language", "add", "replace"})
MOST_CHOICES = 3


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
    marked, language = mark(plain)
    clauses = [replace(clause, act="unknown") if _strange(clause, language) else clause for clause in marked]
    sure = [clause for clause in clauses if clause.act == "unknown" or _sure(clause)]
    actions = Assembler(after, languages, language).read(sure)
    if all(isinstance(action, Ask | Answer) for action in actions):
        unsure = [clause for clause in clauses if clause not in sure]
        choices = _readings(unsure, lambda: Assembler(after, languages, language)) if unsure else ()
        if choices:
            return [Ask("ask.which", choices=choices)]
    return actions or [Ask("ask.unclear" if len(plain) > 3 else "ask.nothing")]


def _readings(
    clauses: Sequence[Clause], assembler: Callable[[], Assembler]
) -> tuple[tuple[Action, ...], ...]:
    """What unsure clauses may ask for, the likeliest first; empty if none of it is an edit."""
    found: list[tuple[Action, ...]] = []
    for place, clause in enumerate(clauses):
        for act in (clause.act, *clause.others):
            if act in CHANGES:
                acts = [*clauses[:place], replace(clause, act=act), *clauses[place + 1 :]]
                read = assembler().read([one for one in acts if one.act in CHANGES])
                actions = tuple(action for action in read if not isinstance(action, Ask | Answer))
                found += [actions] if actions and actions not in found else []
    return tuple(found[:MOST_CHOICES])


def says_stop(text: str) -> bool:
    """Whether a message asks to stop what is being done."""
    return Answer("stop") in read(text)


def pick(text: str, number: int) -> int | None:
    """Return which of so many choices an answer names, from 0; -1 for none, None if it is no answer."""
    clauses, _ = mark(clean(text))
    acts = {clause.act for clause in clauses} - {"thanks", "remark"}
    named = count(text.lower().replace(" one", ""))
    short = len(tokenise(clean(text))) <= 4 and not acts & set(CHANGES) - {"goto", "face", "set"}
    if named and 1 <= named <= number and (short or acts <= {"yes", "goto"}):
        return named - 1
    return 0 if acts and acts <= {"yes", "praise"} else -1 if acts == {"no"} else None


def _sure(clause: Clause) -> bool:
    """Whether a clause is understood well enough to do, or to answer, what it seems to ask for."""
    described = sum(len(span.text.replace(" ", "")) for span in clause.spans)
    least = LEAST_BARE if described >= len(clause.text.replace(" ", "")) else LEAST_EDIT
    if clause.act in CHANGES:
        return clause.sure >= LEAST_SURE and clause.edits >= least
    return clause.edits < LEAST_ASKED


def _strange(clause: Clause, language: str) -> bool:
    """Whether a Chinese clause holds unknown words only, and nothing in it is marked."""
    if language != "zh" or clause.spans or clause.act not in _VAGUE:
        return False
    content = [word for word in words(clause.text) if word.kind in CONTENT]
    return bool(content) and all(word.kind == "unknown" and len(word.text) > 2 for word in content)
