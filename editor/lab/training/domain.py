"""A drawn domain: all that training and evaluation need to know of what they train for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from editor.lab.training.lexicon import Condition, Lexicon
from editor.lab.training.portraits import Portraits
from editor.networks.attribute_classifier import Attributes


@dataclass(frozen=True)
class Pole:
    """One end that an attribute can be moved to: a named value, or high/present, or low/absent."""

    attribute: str
    value: str | None
    high: bool = True


@dataclass(frozen=True)
class Domain:
    """One domain: how its portraits are drawn from numbers, and how people speak of them.

    ``small`` are attributes that cover few pixels; ``backdrops`` two background colours that no figure has, by which it
    is cut out; ``unsaid`` values of choices that nobody asks for ("natural" lips). ``by_others`` draws the same portraits as
    other people would, where a domain has such drawings to learn from.
    """

    name: str
    title: str
    noun: str
    portraits: type[Portraits]
    render: Callable[[Any, int], np.ndarray]
    lexicon: Lexicon
    neutral: tuple[str, ...]
    examples: tuple[str, ...]
    small: tuple[str, ...]
    backdrops: tuple[str, str]
    unsaid: frozenset[str] = frozenset()
    by_others: Callable[[Any, int, np.random.Generator], np.ndarray] | None = None

    @property
    def attributes(self) -> Attributes:
        """What a recogniser of this domain reads."""
        kind = self.portraits
        return Attributes(
            tuple(kind.SCALES),
            tuple(kind.AMOUNTS),
            {name: tuple(values) for name, values in kind.CHOICES.items()},
        )

    @cached_property
    def poles(self) -> tuple[Pole, ...]:
        """Everywhere that one attribute can be moved to."""
        kind = self.portraits
        ends = [Pole(name, None, high) for name in (*kind.SCALES, *kind.AMOUNTS) for high in (True, False)]
        named = [
            Pole(name, value)
            for name, values in kind.CHOICES.items()
            for value in values
            if value not in self.unsaid
        ]
        return (*ends, *named)

    @cached_property
    def axes(self) -> tuple[tuple[str, str], ...]:
        """What the first axes of the text-image space mean, as (attribute, value or ""); after them come "any portrait"
        and "no portrait"."""
        kind = self.portraits
        plain = [(name, "") for name in (*kind.SCALES, *kind.AMOUNTS)]
        return (*plain, *((name, value) for name, values in kind.CHOICES.items() for value in values))

    @property
    def dim(self) -> int:
        """Of the text-image space."""
        return len(self.axes) + 2

    def condition(self, pole: Pole) -> Condition:
        """How the lexicon says that a portrait is at a pole."""
        if pole.value is not None:
            return (pole.attribute, "is", pole.value)
        if pole.attribute in self.portraits.AMOUNTS:
            return (pole.attribute, "present" if pole.high else "absent", "")
        return (pole.attribute, "high" if pole.high else "low", "")

    def latents(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Gaussian z [count, z_dim]."""
        return rng.standard_normal((count, self.portraits.Z_DIM), dtype=np.float32)

    def draw(self, rng: np.random.Generator, count: int, recombined: float = 0.4) -> Portraits:
        """Portraits from the prior, a share of them recombined.

        Recombination takes each attribute from one of two portraits, so that combinations which edits will ask for (a
        bearded woman, a wrinkled child) are seen although the prior makes them rare.
        """
        portraits = self.portraits.from_latent(self.latents(rng, count))
        other = self.portraits.from_latent(self.latents(rng, count))
        rows = rng.random(count) < recombined
        mask = (rng.random(portraits.scalars.shape) < 0.5) & rows[:, None]
        scalars = np.where(mask, other.scalars, portraits.scalars)
        weights = {}
        for name, blend in portraits.weights.items():
            taken = (rng.random(count) < 0.5) & rows
            weights[name] = np.where(taken[:, None], other.weights[name], blend)
        return self.portraits(scalars=scalars, weights=weights)
