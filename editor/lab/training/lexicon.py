"""Phrases with exact truth values: labels decide which texts describe which portraits.

A domain builds a ``Lexicon`` from its ``wordings.toml``: *things* that one has and *traits* that one is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from editor.lab.training.portraits import ABSENT, Labels

Wordings = Mapping[str, tuple[str, ...]]
"""``things`` fit into "a person with {thing}", ``traits`` into "the person is {trait}"."""

TRUE, FALSE, AMBIGUOUS = 1, 0, -1
UNSEEN_SHARE = 0.15
"""Share of the wordings that training never sees, to measure how understanding generalises."""

Condition = tuple[str, str, str]
"""(attribute, kind, value). Kinds: present, absent, high, low, is (with a value), always, never."""


@dataclass(frozen=True)
class Phrase:
    """A text that is true if all its conditions hold. ``unseen`` ones are kept out of training."""

    text: str
    conditions: tuple[Condition, ...]
    unseen: bool

    @property
    def topic(self) -> str:
        """The attribute of the first condition; "" for texts that are always or never true."""
        return self.conditions[0][0]


@dataclass(frozen=True)
class Templates:
    """Sentences around a wording ``{x}``: for things, for traits, and for absent things."""

    thing: tuple[str, ...]
    trait: tuple[str, ...]
    negated: tuple[str, ...]


def is_unseen(wording: str) -> bool:
    """Return whether a wording is kept out of training. Its hash decides."""
    return hashlib.blake2b(wording.encode(), digest_size=4).digest()[0] < 256 * UNSEEN_SHARE


def colour_words(
    table: dict[str, Any], colours: Mapping[str, tuple[str, ...]], choice: str, value: str
) -> tuple[str, ...]:
    """Return the words for one colour of a choice: the domain's own (or the shared ones), then the
    survey's.
    """
    own = table["own_colours"].get(choice, colours).get(value, ())
    survey = table["survey_colours"].get(choice, {}).get(value, ())
    return (*own, *(word for word in survey if word not in own))


@dataclass(frozen=True)
class Lexicon:
    """All phrases of a domain.

    ``amounts`` holds wordings for present and absent, ``scales`` for high and low. ``named`` yields the
    phrases about choices; ``others`` are wordings with several conditions. ``carriers`` maps a choice that
    shows only on an amount (the colour of a hat) to that amount: where it is absent, the phrase is false.
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

    @classmethod
    def from_table(
        cls,
        table: dict[str, Any],
        choices: Mapping[str, tuple[str, ...]],
        named: Callable[[Lexicon], Iterator[Phrase]],
        **overrides: Any,
    ) -> Lexicon:
        """Build a lexicon from a wordings table; ``overrides`` replace single fields."""
        graded = [(entry, entry["conditions"]) for entry in table["graded"]]
        combined = [({"things": entry["texts"]}, entry["conditions"]) for entry in table["combinations"]]
        fields: dict[str, Any] = {
            "templates": Templates(**table["templates"]),
            "amounts": {name: (ends["present"], ends["absent"]) for name, ends in table["amounts"].items()},
            "scales": {name: (ends["high"], ends["low"]) for name, ends in table["scales"].items()},
            "others": (*graded, *combined),
            "neutral": table["neutral"],
            "impossible": table["impossible"],
        }
        return cls(choices=choices, named=named, **fields | overrides)

    def spread(self, words: Wordings, conditions: tuple[Condition, ...]) -> Iterator[Phrase]:
        """Yield every wording in every template."""
        for key, forms in (("things", self.templates.thing), ("traits", self.templates.trait)):
            for word in words.get(key, ()):
                yield from (Phrase(form.format(x=word), conditions, is_unseen(word)) for form in forms)

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
            no = ((name, "absent", ""),)
            yield from self.spread(present, ((name, "present", ""),))
            yield from self.spread(absent, no)
            for thing in present["things"]:
                bare = _without_article(thing)
                if not bare.startswith("no "):
                    forms = self.templates.negated
                    yield from (Phrase(form.format(x=bare), no, is_unseen(thing)) for form in forms)

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
        """Return int8 [N portraits, M phrases]: 1 true, 0 false, -1 ambiguous or hidden."""
        conditions = {condition for phrase in chosen for condition in phrase.conditions}
        known = {condition: self._holds(condition, labels) for condition in conditions}
        columns = []
        for phrase in chosen:
            stack = np.stack([known[condition] for condition in phrase.conditions])
            unsure = np.where((stack == AMBIGUOUS).any(0), AMBIGUOUS, TRUE)
            columns.append(np.where((stack == FALSE).any(0), FALSE, unsure))
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


def _without_article(thing: str) -> str:
    for article in ("a pair of ", "an ", "a "):
        thing = thing.removeprefix(article)
    return thing
