"""What the classifier's predictions for two pictures say about an edit: success and collateral change."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from editor.lab.training.domain import Domain
from editor.lab.training.portraits import Labels
from editor.networks.attribute_classifier import Attributes, AttributeValues

STEP = 0.25
"""Share of a scale's range by which it must move to count as changed."""
TOLERATED_FALL = 0.02
"""A score may fall by this much from one strength to the next and still count as growing (saturation)."""


@dataclass(frozen=True)
class EditCase:
    """An edit with its expected result: one line of a file of test edits.

    Attributes:
        direction: +1 or -1, for a scale or an amount.
        value: The expected value, for a choice.
        may_change: Attributes that may rightly change too.
        values: All values of the choice.
        start: Only portraits that show one of these values are edited; all if empty.
    """

    prompt: str
    attribute: str
    direction: int = 0
    value: str | None = None
    may_change: frozenset[str] = frozenset()
    values: tuple[str, ...] = ()
    start: frozenset[str] = frozenset()

    @classmethod
    def from_json(cls, line: dict[str, Any], known: Attributes) -> EditCase:
        """Check and build one case. Raises ValueError for unknown attributes, values or directions."""
        attribute, value = line.get("attribute", ""), line.get("value")
        direction = int(line.get("direction", 0))
        values, start = known.choices.get(attribute, ()), frozenset(line.get("from", ()))
        if values:
            for name in (value, *start):
                if name not in values:
                    raise ValueError(f"'{attribute}' has no value '{name}'")
        elif attribute not in known.names or direction not in (-1, 1):
            raise ValueError(f"an edit needs a known attribute and a direction of +1 or -1: {line}")
        may_change = frozenset(line.get("may_change", ()))
        return cls(str(line["prompt"]), attribute, direction, value, may_change, values, start)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a JSON-lines file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def value_of(predictions: AttributeValues, name: str) -> np.ndarray:
    """Return an attribute of N pictures: its level [N], or the index of its most likely value [N]."""
    if name in predictions.choices:
        return predictions.choices[name].argmax(1).numpy()
    return (predictions.scales | predictions.amounts)[name].numpy()


def score(predictions: AttributeValues, case: EditCase) -> np.ndarray:
    """Return how much of the expected result is seen, [N] in 0..1."""
    if case.value is not None:
        return predictions.choices[case.attribute][:, case.values.index(case.value)].numpy()
    level = value_of(predictions, case.attribute)
    return level if case.direction > 0 else 1 - level


def eligible(predictions: AttributeValues, labels: Labels, case: EditCase) -> np.ndarray:
    """Return [N] bool: portraits that show the attribute, not yet as expected, from a permitted start."""
    if case.value is not None:
        starts = [case.values.index(name) for name in (case.start or case.values) if name != case.value]
        lacking = np.isin(value_of(predictions, case.attribute), starts)
    else:
        now = score(predictions, case)
        lacking = now <= 1 - STEP if case.attribute in predictions.scales else now < 0.5
    return lacking & labels.visible[case.attribute]


def succeeded(before: AttributeValues, after: AttributeValues, case: EditCase) -> np.ndarray:
    """Return [N] bool: the value is as named, the scale moved by ``STEP``, or the amount crossed one half."""
    if case.value is not None:
        return value_of(after, case.attribute) == case.values.index(case.value)
    if case.attribute in before.scales:
        return score(after, case) - score(before, case) >= STEP
    return score(after, case) > 0.5


def changed(before: AttributeValues, after: AttributeValues, name: str) -> np.ndarray:
    """Return [N] bool: whether an attribute changed."""
    a, b = value_of(before, name), value_of(after, name)
    if name in before.choices:
        return a != b
    return np.abs(a - b) >= STEP if name in before.scales else (a > 0.5) != (b > 0.5)


def countable(domain: Domain, predictions: AttributeValues, labels: Labels, name: str) -> np.ndarray:
    """Return [N] bool: portraits on which an attribute is labelled, and visible before and after."""
    amounts = {key: values.numpy() for key, values in predictions.amounts.items()}
    scales = {key: values.numpy() for key, values in predictions.scales.items()}
    seen = labels.visible[name] & domain.portraits.visibility(amounts, scales)[name]
    if name in predictions.choices:
        return seen & (labels.choices[name] >= 0)
    return seen & ~np.isnan(labels.amounts[name]) if name in predictions.amounts else seen


def collateral(
    domain: Domain,
    before: AttributeValues,
    after: AttributeValues,
    labels: Labels,
    case: EditCase,
    scored: Iterable[str],
) -> dict[str, np.ndarray]:
    """Return, for each attribute that must not change, [N] bool: it changed although countable."""
    names = [name for name in scored if name != case.attribute and name not in case.may_change]
    return {name: changed(before, after, name) & countable(domain, after, labels, name) for name in names}


def grows(scores: Sequence[float]) -> bool:
    """Return whether scores never fall by more than ``TOLERATED_FALL`` from one strength to the next."""
    return all(later - earlier >= -TOLERATED_FALL for earlier, later in itertools.pairwise(scores))
