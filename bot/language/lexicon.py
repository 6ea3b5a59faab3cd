"""The words and patterns that a language file provides, in the shape in which the grammar reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

Value = TypeVar("Value")


def words(text: str) -> frozenset[str]:
    """A set of words from a string with spaces."""
    return frozenset(text.split())


class Phrases(Generic[Value]):
    """Fixed phrases of one or more words, each with a value; the longest one that fits at a place is found.

    Built from ``{value: "phrase, another phrase"}``.
    """

    def __init__(self, entries: Mapping[Value, str]) -> None:
        self.values: dict[tuple[str, ...], Value] = {}
        for value, listed in entries.items():
            for phrase in listed.split(","):
                if phrase.split():
                    self.values[tuple(phrase.split())] = value
        self._lengths: dict[str, list[int]] = {}
        for phrase_words in sorted(self.values, key=len, reverse=True):
            lengths = self._lengths.setdefault(phrase_words[0], [])
            if len(phrase_words) not in lengths:
                lengths.append(len(phrase_words))

    def at(self, tokens: Sequence[str], place: int = 0) -> tuple[int, Value] | None:
        """Length and value of the longest phrase that starts at `place`."""
        if place >= len(tokens):
            return None
        for length in self._lengths.get(tokens[place], ()):
            value = self.values.get(tuple(tokens[place : place + length]))
            if value is not None:
                return length, value
        return None

    def ending(self, tokens: Sequence[str]) -> int:
        """Length of the longest phrase with which the tokens end, 0 for none."""
        for length in range(min(len(tokens), self.longest), 0, -1):
            if tuple(tokens[-length:]) in self.values:
                return length
        return 0

    @cached_property
    def longest(self) -> int:
        """Words in the longest phrase."""
        return max(map(len, self.values), default=0)

    @property
    def vocabulary(self) -> Iterable[str]:
        """Every single word in the phrases."""
        return (word for phrase in self.values for word in phrase)


def listed(text: str) -> Phrases[bool]:
    """Phrases without a value of their own."""
    return Phrases({True: text})


@dataclass(frozen=True)
class Lexicon:
    """One language. Everything is lower case, as `bot.language.text.clean` leaves it."""

    rewrites: Mapping[str, str]  # contractions, slang and short forms, one word -> its words
    fixed: Phrases[bool]  # phrases that stay whole though they hold a conjunction
    openings: Phrases[bool]  # politeness and talk before a wish
    closings: Phrases[bool]  # the same after it
    conjunctions: Phrases[str]  # phrase -> "and", "but", "or", "then"

    verbs: Phrases[str]  # command verbs -> add, make, remove, more, less, swap, restore
    particles: frozenset[str]  # second halves of verbs that may come after the object ("take it off")
    shaping: Mapping[str, str]  # verbs that name the wished state of their object ("open" -> "open", "curl" -> "curly")
    doing: Mapping[str, str]  # verbs of what a face does, in every form -> the form that describes it ("smiling")
    becoming: Mapping[str, tuple[str, str]]  # verbs that are a whole wish: (sense, prompt)
    copulas: frozenset[str]  # be, look, seem ...
    having: frozenset[str]  # have, wear ...
    seeing: frozenset[str]  # see, show ... before a person and a wish
    modals: frozenset[str]
    likeness: frozenset[str]  # like, as, into ...
    toward: frozenset[str]  # to, into: before the new value
    swapping: frozenset[str]  # for, with, by: before the replacement
    carrying: frozenset[str]  # with, wearing ...: before something worn or had

    articles: frozenset[str]  # indefinite
    determiners: frozenset[str]  # definite, possessive, quantities without meaning
    possessives: frozenset[str]  # that may also be an object ("her")
    pronouns: frozenset[str]  # persons
    neutral: frozenset[str]  # things: it, that, this
    everything: frozenset[str]
    persons: frozenset[str]
    talking: frozenset[str]  # words that no description of a picture holds
    prepositions: frozenset[str]

    things: frozenset[str]  # nouns that a picture may hold
    permanent: frozenset[str]  # of these, what is always there ("no hair" differs from undoing "blonde hair")
    places: frozenset[str]  # what another noun may describe ("beach background")
    aspects: frozenset[str]  # "colour" in "hair colour": dropped when its value is given
    sides: frozenset[str]
    locations: frozenset[str]
    adjectives: frozenset[str]
    physical: frozenset[str]  # adjectives of colour, size, shape, texture
    intensities: Mapping[str, int]  # adjectives of strength: 1 strong, -1 subtle
    is_adjective: Callable[[str], bool]
    positive: Callable[[str], str | None]  # the base of a comparative ("older" -> "old"), None for other words
    stem: Callable[[str], str]

    degrees: Phrases[float]  # "a bit" -> 0.5
    factors: Phrases[float]  # "twice" -> 2
    senses: Phrases[str]  # "more" -> more, "less" -> less, "no" -> none, "too" -> less
    amounts: Phrases[str]  # whole phrases about the strength of what is in force -> more or less
    filling: frozenset[str]  # words without weight in a sentence about strength
    maximum: Phrases[bool]
    numbers: Mapping[str, int]
    ordinals: Mapping[str, int]
    years: frozenset[str]

    keeping: Phrases[bool]  # "without changing"
    unchanged: Phrases[bool]  # "the same", "alone": the end of such a request
    rest: Phrases[bool]  # "everything else"
    only: frozenset[str]
    instead: Phrases[bool]
    instead_of: Phrases[bool]
    methods: Phrases[str]
    by_method: frozenset[str]  # words around the name of a method

    commands: tuple[tuple[str, str], ...]  # what, pattern of the whole clause; {n}, {nth} stand for numbers
    questions: Mapping[str, str]  # what to ask back
    unwanted: frozenset[str]  # words of commands, never part of a prompt
    absent: str  # "no {}"
    common: frozenset[str]  # real words that look like misspelt ones

    @cached_property
    def patterns(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """`commands`, compiled."""
        number = r"\d{1,3}|" + "|".join(self.numbers)
        ordinal = r"\d{1,3}(?: (?:st|nd|rd|th))?|" + "|".join(self.ordinals)
        return tuple(
            (what, re.compile(pattern.replace("{nth}", f"(?P<nth>{ordinal})").replace("{n}", f"(?P<n>{number})")))
            for what, pattern in self.commands
        )

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word that the grammar knows: what a misspelt word is compared with."""
        tables: tuple[Phrases[bool] | Phrases[str] | Phrases[float], ...] = (
            self.openings, self.closings, self.verbs, self.degrees, self.factors, self.senses, self.amounts,
            self.keeping, self.unchanged, self.methods,
        )  # fmt: skip
        known = set().union(*(table.vocabulary for table in tables))
        known.update(self.things, self.persons, self.adjectives, self.doing, self.shaping, self.numbers, self.ordinals)
        known.update(re.findall(r"[a-z]{4,}", " ".join(pattern for _, pattern in self.commands)))
        return frozenset(known)
