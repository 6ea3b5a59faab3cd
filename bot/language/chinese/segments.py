"""A clause as tokens: the longest known word first, whatever remains as unknown words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.language import english
from bot.language.chinese import lexicon, words
from bot.language.chinese.numbers import NUMBER, number

_AGE = re.compile(rf"({NUMBER})岁")
_MEASURE = re.compile(rf"{NUMBER}[个只条副顶对件双位颗根片朵把缕枚块匹]")
_LATIN = re.compile(r"[a-z\u00c0-\u024f]+(?:[-'][a-z]+)*|[0-9]+")


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
        ("polite", words.POLITE | words.REST),
        ("last", words.THE_LAST),
        ("person", words.PERSONS),
        ("everything", words.EVERYTHING),
        ("make", words.MAKING),
        ("list", words.LISTING),
        ("less", words.LESS),
        ("more", words.MORE),
        ("remove", words.REMOVING),
    )
    for kind, table in tables:
        found |= {word: Token(word, kind) for word in table}
    for degree, table in words.DEGREES.items():
        found |= {word: Token(word, "degree", degree=degree) for word in table if word not in words.MORE}
    found |= {
        word: Token(word, kind, meaning)
        for word, (meaning, kind) in lexicon.WORDS.items()
        if word not in words.BARE_SENSE
    }
    return found


VOCABULARY = _vocabulary()
_LONGEST = max(map(len, VOCABULARY))


def _latin(word: str) -> Token:
    """An English word inside a Chinese sentence."""
    plain = english.REWRITES.get(word, word)
    kinds = (
        ("list", {"and", "or"}),
        ("make", english.MAKING | english.HAVING | english.COPULAS),
        ("remove", {"no", "without", "remove"}),
        ("polite", english.ARTICLES | english.PRONOUNS | {"please", "to", "with"}),
        ("colour", english.COLOURS),
        ("shape", english.SHAPES),
        ("trait", english.ADJECTIVES),
        ("worn", english.THINGS),
    )
    return Token(word, next((kind for kind, known in kinds if plain in known), "thing"), plain)


def _longest(text: str, place: int) -> Token | None:
    for length in range(min(_LONGEST, len(text) - place), 0, -1):
        if (token := VOCABULARY.get(text[place : place + length])) is not None:
            return token
    return None


def _next(text: str, place: int) -> Token | None:
    """The word at a place: a count with its measure word, an age, a known word, or a word in Latin letters as a whole."""
    known = _longest(text, place)
    for pattern, token in ((_AGE, _age), (_MEASURE, lambda found: Token(found.group(), "polite"))):
        if (found := pattern.match(text, place)) and len(found.group()) > len(known.text if known else ""):
            return token(found)
    latin = _LATIN.match(text, place)
    if latin is None or (known and len(known.text) >= len(latin.group())):
        return known
    return VOCABULARY.get(latin.group()) or _latin(latin.group())


def _age(found: re.Match[str]) -> Token:
    return Token(found.group(), "trait", f"{number(found[1])}-year-old")


def read(text: str) -> list[Token]:
    """The tokens of a clause, in order."""
    found: list[Token] = []
    place = 0
    while place < len(text):
        token = _next(text, place)
        if token is not None:
            found.append(token)
            place += len(token.text)
            continue
        if text[place].isalnum():
            joins = bool(found) and found[-1].kind == "unknown" and text[place - 1] != " "
            found[-1:] = (
                [Token(found[-1].text + text[place], "unknown")]
                if joins
                else [*found[-1:], Token(text[place], "unknown")]
            )
        place += 1
    return found
