"""A drawn domain: everything that training and evaluation need to know about it."""

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
    """An end to which an attribute can be moved: a named value, or high (present), or low (absent)."""

    attribute: str
    value: str | None
    high: bool = True


@dataclass(frozen=True)
class Domain:
    """How the portraits of a domain are drawn from numbers, and how people speak of them.

    Attributes:
        small_attributes: Attributes that cover few pixels.
        key_colours: Two background colours that no figure has; the figure is cut out by comparing them.
        unnamed_values: Values of choices that nobody asks for ("natural" lips).
        render_randomised: Draws the same portraits in random styles, where the domain has such drawings.
    """

    name: str
    title: str
    noun: str
    portraits: type[Portraits]
    render: Callable[[Any, int], np.ndarray]
    lexicon: Lexicon
    neutral: tuple[str, ...]
    examples: tuple[str, ...]
    small_attributes: tuple[str, ...]
    key_colours: tuple[str, str]
    unnamed_values: frozenset[str] = frozenset()
    render_randomised: Callable[[Any, int, np.random.Generator], np.ndarray] | None = None

    @property
    def attributes(self) -> Attributes:
        """The attributes that a classifier of this domain predicts."""
        kind = self.portraits
        choices = {name: tuple(values) for name, values in kind.CHOICES.items()}
        return Attributes(tuple(kind.SCALES), tuple(kind.AMOUNTS), choices)

    @cached_property
    def poles(self) -> tuple[Pole, ...]:
        """All ends to which one attribute can be moved."""
        kind = self.portraits
        ends = [Pole(name, None, high) for name in (*kind.SCALES, *kind.AMOUNTS) for high in (True, False)]
        named = [
            Pole(name, value)
            for name, values in kind.CHOICES.items()
            for value in values
            if value not in self.unnamed_values
        ]
        return (*ends, *named)

    @cached_property
    def axes(self) -> tuple[tuple[str, str], ...]:
        """The meaning of the first axes of the text-image space, as (attribute, value or "").

        Two more follow: "any portrait" and "no portrait".
        """
        kind = self.portraits
        plain = [(name, "") for name in (*kind.SCALES, *kind.AMOUNTS)]
        return (*plain, *((name, value) for name, values in kind.CHOICES.items() for value in values))

    @property
    def dim(self) -> int:
        """Dimension of the text-image space."""
        return len(self.axes) + 2

    def condition(self, pole: Pole) -> Condition:
        """Return the lexicon's condition for a portrait at a pole."""
        if pole.value is not None:
            return (pole.attribute, "is", pole.value)
        if pole.attribute in self.portraits.AMOUNTS:
            return (pole.attribute, "present" if pole.high else "absent", "")
        return (pole.attribute, "high" if pole.high else "low", "")

    def latents(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Return Gaussian z [count, z_dim]."""
        return rng.standard_normal((count, self.portraits.Z_DIM), dtype=np.float32)

    def draw(self, rng: np.random.Generator, count: int, recombined: float = 0.4) -> Portraits:
        """Return portraits from the prior, a share of them recombined.

        A recombined one takes each attribute from one of two portraits. So training sees combinations that
        edits will ask for but the prior makes rare (a bearded woman, a wrinkled child).
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
