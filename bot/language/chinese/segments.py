"""A clause as tokens: the longest known word first, whatever remains as unknown words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.language import english
from bot.language.chinese import lexicon, words
from bot.language.chinese.script import is_han

_LATIN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*|[0-9]+")


@dataclass(frozen=True)
class Token:
    """``kind`` is one of the lexicon's, or polite, person, make, remove, degree, less, more, everything, last, list, unknown."""

    text: str
    kind: str
    english: str = ""
    degree: float = 1.0


NOUNS = frozenset({"part", "worn", "being", "thing"})
NEEDY = frozenset({"colour", "shape"})
"""Adjectives that need a noun."""
CONTENT = NOUNS | NEEDY | {"trait", "state", "unknown"}


def _vocabulary() -> dict[str, Token]:
    """Every known word; where one stands in several tables, the later of these kinds wins."""
    found: dict[str, Token] = {}
    tables = (
        ("polite", words.POLITE), ("last", words.THE_LAST), ("person", words.PERSONS), ("everything", words.EVERYTHING),
        ("make", words.MAKING), ("list", words.LISTING), ("less", words.LESS), ("more", words.MORE), ("remove", words.REMOVING),
    )  # fmt: skip
    for kind, table in tables:
        found |= {word: Token(word, kind) for word in table}
    for degree, table in words.DEGREES.items():
        found |= {word: Token(word, "degree", degree=degree) for word in table if word not in words.MORE}
    found |= {word: Token(word, kind, meaning) for word, (meaning, kind) in lexicon.WORDS.items() if word not in words.BARE_SENSE}
    return found


VOCABULARY = _vocabulary()
_LONGEST = max(map(len, VOCABULARY))


def _latin(text: str) -> Token:
    word = english.REWRITES.get(text, text)
    if word in english.COLOURS:
        return Token(text, "colour", word)
    if word in english.SHAPES:
        return Token(text, "shape", word)
    if word in english.ADJECTIVES:
        return Token(text, "trait", word)
    return Token(text, "worn" if word in english.THINGS else "thing", word)


def _longest(text: str, place: int) -> Token | None:
    for length in range(min(_LONGEST, len(text) - place), 0, -1):
        if (token := VOCABULARY.get(text[place : place + length])) is not None:
            return token
    return None


def read(text: str) -> list[Token]:
    """The tokens of a clause, in order."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        token = _longest(text, place)
        if token is None and (latin := _LATIN.match(text, place)) and not is_han(text[place]):
            token = _latin(re.split(r"(?=[\u3400-\u9fff])", latin.group())[0])
        if token is not None:
            found.append(token)
            place += len(token.text)
            continue
        if text[place].isalnum():
            joins = bool(found) and found[-1].kind == "unknown" and text[place - 1] != " "
            found[-1:] = [Token(found[-1].text + text[place], "unknown")] if joins else [*found[-1:], Token(text[place], "unknown")]
        place += 1
    return found
