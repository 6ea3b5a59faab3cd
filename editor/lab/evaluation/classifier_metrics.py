"""What the judge's readings of two pictures say about an edit: wished effect, and collateral."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from editor.lab.training.domain import Domain
from editor.lab.training.portraits import Labels
from editor.networks.attribute_classifier import Attributes, AttributeValues

STEP = 0.25
"""Share of a scale's range by which it must move to count as changed."""
FALL = 0.02
"""By this much a judged score may fall between two strengths and still count as grown (saturation)."""


@dataclass(frozen=True)
class Wish:
    """One line of a wishes file."""

    prompt: str
    attribute: str
    direction: int = 0
    value: str | None = None
    may_change: frozenset[str] = field(default_factory=frozenset)
    values: tuple[str, ...] = ()
    start: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, line: dict[str, Any], known: Attributes) -> Wish:
        """From JSON, for a judge that reads the ``known`` attributes. Raises ValueError for what makes no sense."""
        attribute, value, direction = (
            line.get("attribute", ""),
            line.get("value"),
            int(line.get("direction", 0)),
        )
        values, start = known.choices.get(attribute, ()), frozenset(line.get("from", ()))
        if values:
            for name in (value, *start):
                if name not in values:
                    raise ValueError(f"'{attribute}' has no value '{name}'")
        elif attribute not in known.names or direction not in (-1, 1):
            raise ValueError(f"a wish needs a known attribute and a direction of +1 or -1: {line}")
        return cls(
            str(line["prompt"]),
            attribute,
            direction,
            value,
            frozenset(line.get("may_change", ())),
            values,
            start,
        )

    @property
    def index(self) -> int:
        """Number of the value asked for."""
        return self.values.index(self.value or "")


def numbers(reading: AttributeValues, name: str) -> np.ndarray:
    """An attribute of N pictures: [N] level, or [N] index of the most likely value."""
    if name in reading.choices:
        return reading.choices[name].argmax(1).numpy()
    return (reading.scales[name] if name in reading.scales else reading.amounts[name]).numpy()


def score(reading: AttributeValues, wish: Wish) -> np.ndarray:
    """How much of the wish the judge sees, [N] in 0..1, larger is more."""
    if wish.value is not None:
        return reading.choices[wish.attribute][:, wish.index].numpy()
    level = numbers(reading, wish.attribute)
    return level if wish.direction > 0 else 1 - level


def eligible(reading: AttributeValues, labels: Labels, wish: Wish) -> np.ndarray:
    """Portraits [N] that show the attribute, do not already satisfy the wish, and start where it says."""
    now = score(reading, wish)
    if wish.value is not None:
        level = numbers(reading, wish.attribute)
        starts = [wish.values.index(name) for name in wish.start or wish.values]
        wanting = (level != wish.index) & np.isin(level, starts)
    else:
        wanting = now <= 1 - STEP if wish.attribute in reading.scales else now < 0.5
    return wanting & labels.visible[wish.attribute]


def succeeded(before: AttributeValues, after: AttributeValues, wish: Wish) -> np.ndarray:
    """[N]: the judge reads the value named, a scale moved far enough, or an amount crossed one half."""
    if wish.value is not None:
        return numbers(after, wish.attribute) == wish.index
    if wish.attribute in before.scales:
        return score(after, wish) - score(before, wish) >= STEP
    return score(after, wish) > 0.5


def changed(before: AttributeValues, after: AttributeValues, name: str) -> np.ndarray:
    """[N]: is an attribute read as changed?"""
    a, b = numbers(before, name), numbers(after, name)
    if name in before.choices:
        return a != b
    return np.abs(a - b) >= STEP if name in before.scales else (a > 0.5) != (b > 0.5)


def countable(domain: Domain, reading: AttributeValues, labels: Labels, name: str) -> np.ndarray:
    """[N]: portraits on which an attribute is labelled and seen, on the upload and on the picture read."""
    amounts = {key: values.numpy() for key, values in reading.amounts.items()}
    scales = {key: values.numpy() for key, values in reading.scales.items()}
    seen = labels.visible[name] & domain.portraits.visibility(amounts, scales)[name]
    if name in reading.choices:
        return seen & (labels.choices[name] >= 0)
    return seen & ~np.isnan(labels.amounts[name]) if name in reading.amounts else seen


def collateral(
    domain: Domain,
    before: AttributeValues,
    after: AttributeValues,
    labels: Labels,
    wish: Wish,
    scored: Iterable[str],
) -> dict[str, np.ndarray]:
    """For each attribute that should have stayed: [N] bool, changed although countable."""
    names = [name for name in scored if name != wish.attribute and name not in wish.may_change]
    return {name: changed(before, after, name) & countable(domain, after, labels, name) for name in names}


def grows(scores: list[np.ndarray]) -> np.ndarray:
    """[N]: does the score never fall from one strength to the next (but for ``FALL``)?"""
    steps = [later - earlier >= -FALL for earlier, later in itertools.pairwise(scores)]
    return np.logical_and.reduce(steps)
