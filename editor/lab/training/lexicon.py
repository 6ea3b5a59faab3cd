"""Phrases with exact truth: which texts describe which portraits, decided from the labels.

A domain makes a ``Lexicon`` from its wordings: tables of *things* one has and *traits* one is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from editor.lab.training.portraits import ABSENT, Labels

Wordings = Mapping[str, tuple[str, ...]]
"""``things`` go where "a person with {thing}" does, ``traits`` where "the person is {trait}" does."""

TRUE, FALSE, AMBIGUOUS = 1, 0, -1
UNSEEN_SHARE = 0.15
"""Share of the wordings that training never meets, to measure how understanding carries over."""

Condition = tuple[str, str, str]
"""(attribute, kind, value): kind is present or absent, high or low, is (with the value), always or never."""


@dataclass(frozen=True)
class Phrase:
    """A text and when it is true: all its conditions hold. ``topic`` names the first condition's attribute."""

    text: str
    conditions: tuple[Condition, ...]
    unseen: bool

    @property
    def topic(self) -> str:
        """The attribute spoken of first; "" for texts that are always or never true."""
        return self.conditions[0][0]


@dataclass(frozen=True)
class Templates:
    """Sentences around a wording ``{x}``: for things, for traits, and for things denied."""

    thing: tuple[str, ...]
    trait: tuple[str, ...]
    negated: tuple[str, ...]


def is_unseen(wording: str) -> bool:
    """Is a wording kept apart from training? Decided by its hash."""
    return hashlib.blake2b(wording.encode(), digest_size=4).digest()[0] < 256 * UNSEEN_SHARE


def colour_names(
    palette: np.ndarray, values: Sequence[str], base_words: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Colour names of the XKCD survey (as matplotlib carries them) that are clearly one of a palette's values.

    A name that holds one of ``base_words`` which the value's own name lacks would mislead and is left out.
    """
    from matplotlib.colors import XKCD_COLORS, to_rgb

    found: dict[str, list[str]] = {value: [] for value in values}
    for name, code in XKCD_COLORS.items():
        distance = np.sqrt(((palette - np.array(to_rgb(code))) ** 2).sum(1))
        nearest, second = np.sort(distance)[:2]
        word, value = name.removeprefix("xkcd:"), values[int(distance.argmin())]
        misleading = any(base in word for base in base_words if base not in value)
        if nearest < 0.20 and second - nearest > 0.08 and "/" not in word and not misleading:
            found[value].append(word)
    return {value: tuple(names[:10]) for value, names in found.items() if value != "natural"}


@dataclass(frozen=True)
class Lexicon:
    """All phrases of a domain.

    ``amounts``: present and absent wordings, ``scales``: high and low, ``named``: phrases of choices, as the domain
    makes them; ``others``: (wordings, conditions); ``carriers``: for a choice that only shows on an amount (a hat's
    colour), that amount: where it is absent the phrase is false.
    """

    templates: Templates
    choices: Mapping[str, tuple[str, ...]]
    amounts: Mapping[str, tuple[Wordings, Wordings]]
    scales: Mapping[str, tuple[Wordings, Wordings]]
    named: Callable[[Lexicon], Iterator[Phrase]]
    others: Sequence[tuple[Wordings, tuple[Condition, ...]]]
    neutral: Sequence[str]
    impossible: Sequence[str]
    carriers: Mapping[str, str] = field(default_factory=dict)

    def spread(self, words: Wordings, conditions: tuple[Condition, ...]) -> Iterator[Phrase]:
        """Every wording in every template."""
        for thing in words.get("things", ()):
            yield from (
                Phrase(form.format(x=thing), conditions, is_unseen(thing)) for form in self.templates.thing
            )
        for trait in words.get("traits", ()):
            yield from (
                Phrase(form.format(x=trait), conditions, is_unseen(trait)) for form in self.templates.trait
            )

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        """Every phrase once, in a fixed order."""
        found: dict[str, Phrase] = {}
        for source in (self._amounts(), self._scales(), self.named(self), self._others()):
            for phrase in source:
                found.setdefault(phrase.text, phrase)
        return tuple(found.values())

    def _amounts(self) -> Iterator[Phrase]:
        for name, (present, absent) in self.amounts.items():
            yield from self.spread(present, ((name, "present", ""),))
            yield from self.spread(absent, ((name, "absent", ""),))
            for thing in present["things"]:
                bare = _bare(thing)
                if not bare.startswith("no "):
                    forms = self.templates.negated
                    yield from (
                        Phrase(form.format(x=bare), ((name, "absent", ""),), is_unseen(thing))
                        for form in forms
                    )

    def _scales(self) -> Iterator[Phrase]:
        for name, (high, low) in self.scales.items():
            yield from self.spread(high, ((name, "high", ""),))
            yield from self.spread(low, ((name, "low", ""),))

    def _others(self) -> Iterator[Phrase]:
        for words, conditions in self.others:
            yield from self.spread(words, conditions)
        yield from (Phrase(text, (("", "always", ""),), False) for text in self.neutral)
        for text in self.impossible:
            forms = self.templates.thing[:3]
            yield from (Phrase(form.format(x=text), (("", "never", ""),), is_unseen(text)) for form in forms)

    def truth(self, chosen: Sequence[Phrase], labels: Labels) -> np.ndarray:
        """int8 [N portraits, M phrases]: 1 true, 0 false, -1 ambiguous or unseen."""
        known: dict[Condition, np.ndarray] = {}
        columns = []
        for phrase in chosen:
            for condition in phrase.conditions:
                if condition not in known:
                    known[condition] = self._holds(condition, labels)
            stack = np.stack([known[condition] for condition in phrase.conditions])
            columns.append(
                np.where(
                    (stack == FALSE).any(0), FALSE, np.where((stack == AMBIGUOUS).any(0), AMBIGUOUS, TRUE)
                )
            )
        return np.stack(columns, axis=1).astype(np.int8)

    def _holds(self, condition: Condition, labels: Labels) -> np.ndarray:
        name, kind, value = condition
        if kind in ("always", "never"):
            count = len(next(iter(labels.raw_amounts.values())))
            return np.full(count, TRUE if kind == "always" else FALSE, np.int8)
        if kind in ("present", "absent"):
            amount = labels.amounts[name]
            result = np.where(np.isnan(amount), AMBIGUOUS, (amount > 0.5) == (kind == "present"))
        elif kind in ("high", "low"):
            level = labels.scales[name] if kind == "high" else 1 - labels.scales[name]
            result = np.where(level >= 0.65, TRUE, np.where(level <= 0.5, FALSE, AMBIGUOUS))
        else:
            index = labels.choices[name]
            result = np.where(index < 0, AMBIGUOUS, index == self.choices[name].index(value))
        seen = labels.visible[name]
        if name not in self.carriers:
            return np.where(seen, result, AMBIGUOUS).astype(np.int8)
        partly = (labels.raw_amounts[self.carriers[name]] > ABSENT) & ~seen
        return np.where(partly, AMBIGUOUS, np.where(seen, result, FALSE)).astype(np.int8)


def _bare(thing: str) -> str:
    for article in ("a pair of ", "an ", "a "):
        thing = thing.removeprefix(article)
    return thing
