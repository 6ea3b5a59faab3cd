"""A text as words of its language: the longest known word first, whatever remains as unknown words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from bot.language import lexicon
from bot.language.numbers import CHINESE_NUMBER, chinese_number
from bot.language.words import adjectives

_AGE = re.compile(rf"({CHINESE_NUMBER})岁")
_MEASURE = re.compile(rf"{CHINESE_NUMBER}[个只条副顶对件双位颗根片朵把缕枚块匹]")
_LATIN = re.compile(r"[a-z\u00c0-\u024f]+(?:[-'][a-z]+)*|[0-9]+")

NOUNS = frozenset({"part", "worn", "being", "thing"})
NEEDY = frozenset({"colour", "shape"})
"""Adjectives that need a noun."""
CONTENT = NOUNS | NEEDY | {"trait", "state", "unknown"}
_GRAMMAR = (
    *("polite", "rest", "last", "persons", "everything", "making", "listing", "degree"),
    *("less", "more", "removing"),
)
"""Lists of `chinese.toml`; if a word is in several, the later one wins."""


@dataclass(frozen=True)
class Word:
    """``kind`` is one of the lexicon's, the name of a grammar list, or ``unknown``."""

    text: str
    kind: str
    english: str = ""
    start: int = 0


@cache
def vocabulary(language: str) -> dict[str, Word]:
    """The words of a language that are known, in plain letters."""
    if language != "zh":
        fillers = lexicon.table(language)["fillers"].split()
        known = lexicon.translations(language).items()
        found = {_plain(word): Word(word, "polite") for word in fillers}
        return found | {_plain(word): Word(word, kind, english) for word, (english, kind) in known}
    found = {}
    for name in _GRAMMAR:
        listed = lexicon.chinese("the_last" if name == "last" else name)
        found |= {word: Word(word, name) for word in listed}
    bare = lexicon.table("chinese")["bare"]
    meanings = lexicon.translations().items()
    found |= {word: Word(word, kind, english) for word, (english, kind) in meanings if word not in bare}
    return found


def _plain(word: str) -> str:
    return lexicon.simplified(lexicon.without_accents(word))


def _latin(typed: str) -> Word:
    """An English word inside a Chinese sentence."""
    word = str(lexicon.table("english")["spelling"].get(typed, typed))
    if word in ("and", "or"):
        return Word(typed, "listing")
    if word in lexicon.english("fillers"):
        return Word(typed, "polite")
    kind = lexicon.english_kinds().get(word, "trait" if word in adjectives() else "thing")
    return Word(typed, "worn" if word in lexicon.english("things") else kind, word)


@cache
def _longest_length(language: str) -> int:
    return max(map(len, vocabulary(language)))


def _longest(text: str, place: int, language: str = "zh") -> Word | None:
    for length in range(min(_longest_length(language), len(text) - place), 0, -1):
        if (word := vocabulary(language).get(text[place : place + length])) is not None:
            return word
    return None


def _next(text: str, place: int) -> Word | None:
    """The word at a place: a count with its measure word, an age, a known word, or Latin letters."""
    known = _longest(text, place)
    length = len(known.text) if known else 0
    if (age := _AGE.match(text, place)) and len(age.group()) > length:
        return Word(age.group(), "trait", f"{chinese_number(age[1])}-year-old")
    if (measure := _MEASURE.match(text, place)) and len(measure.group()) > length:
        return Word(measure.group(), "polite")
    latin = _LATIN.match(text, place)
    if latin is None or length >= len(latin.group()):
        return known
    return vocabulary("zh").get(latin.group()) or _latin(latin.group())


def read_spaced(text: str, language: str) -> list[Word]:
    """The words of a text in a language that is written with spaces."""
    typed = re.findall(r"[^\W_]+", _plain(text))
    found, place = list[Word](), 0
    while place < len(typed):
        for length in range(min(4, len(typed) - place), 0, -1):
            phrase = " ".join(typed[place : place + length])
            if word := vocabulary(language).get(phrase):
                break
        found.append(word or Word(phrase, "unknown"))
        place += length
    return found


def read(text: str, language: str = "zh") -> list[Word]:
    """The words of a text in Chinese or Japanese, in order, with their places."""
    found: list[Word] = []
    place = 0
    while place < len(text):
        word = _next(text, place) if language == "zh" else _longest(text, place, language)
        if word is None and text[place].isalnum():
            word = Word(text[place], "unknown")
        before = found[-1] if found else Word("", "")
        if word and word.kind == before.kind == "unknown" and before.start + len(before.text) == place:
            found[-1] = replace(before, text=before.text + word.text)
        elif word:
            found.append(replace(word, start=place))
        place += len(word.text) if word else 1
    return found
