"""Portraits of a drawn domain as numbers: smooth attributes of a Gaussian latent, with exact labels.

Attributes are of three kinds. A *scale* runs from 0 to 1 and is always visible. An *amount* goes from 0
(absent) to 1 (present). A *choice* is a blend of named values, labelled where one of them dominates.
Nuisances (position, tilt, ...) vary the picture and have no label. A domain derives its own class from
``Portraits``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

ABSENT, PRESENT, DOMINANT = 0.35, 0.65, 0.6
"""Amounts up to ABSENT and from PRESENT are labelled; so is a choice whose strongest value has at least
DOMINANT.
"""


def smoothstep(x: np.ndarray) -> np.ndarray:
    """Return 0 below 0, 1 above 1, and a smooth value between."""
    t = np.clip(x, 0, 1)
    return t * t * (3 - 2 * t)


def unit_rows(z: np.ndarray) -> np.ndarray:
    """Rows of z [N, D] scaled to a root mean square of 1, as the mapping network does."""
    return z / np.sqrt(np.mean(z.astype(np.float64) ** 2, axis=1, keepdims=True) + 1e-8)


@dataclass
class Labels:
    """Labels of N portraits; see ``Portraits.labels``."""

    scales: dict[str, np.ndarray]
    amounts: dict[str, np.ndarray]
    raw_amounts: dict[str, np.ndarray]
    choices: dict[str, np.ndarray]
    visible: dict[str, np.ndarray]


@dataclass
class Portraits(ABC):
    """N portraits: ``scalars`` [N, len(SCALARS)] in 0..1 and, for each choice, blend ``weights`` [N,
    values].
    """

    scalars: np.ndarray
    weights: dict[str, np.ndarray]

    DOMAIN: ClassVar[str]
    SCALES: ClassVar[tuple[str, ...]]
    AMOUNTS: ClassVar[tuple[str, ...]]
    NUISANCES: ClassVar[tuple[str, ...]]
    CHOICES: ClassVar[dict[str, tuple[str, ...]]]
    Z_DIM: ClassVar[int]
    SCALARS: ClassVar[tuple[str, ...]]
    INDEX: ClassVar[dict[str, int]]

    def __init_subclass__(cls) -> None:
        """Derive the tables of a domain's class."""
        cls.SCALARS = cls.SCALES + cls.AMOUNTS + cls.NUISANCES
        cls.INDEX = {name: column for column, name in enumerate(cls.SCALARS)}

    def __len__(self) -> int:
        return len(self.scalars)

    def __getitem__(self, rows: slice | np.ndarray | list[int]) -> Self:
        return type(self)(self.scalars[rows], {name: blend[rows] for name, blend in self.weights.items()})

    @classmethod
    def concat(cls, parts: Sequence[Self]) -> Self:
        """Return all portraits of the parts, in order."""
        weights = {name: np.concatenate([part.weights[name] for part in parts]) for name in cls.CHOICES}
        return cls(np.concatenate([part.scalars for part in parts]), weights)

    @classmethod
    @abstractmethod
    def from_latent(cls, z: np.ndarray) -> Self:
        """Gaussian z [N, Z_DIM] -> portraits; smooth, and unchanged when a row of z is scaled."""

    @classmethod
    def sample(cls, count: int, seed: int) -> Self:
        """Return ``count`` portraits from the prior."""
        return cls.from_latent(np.random.default_rng(seed).standard_normal((count, cls.Z_DIM)))

    def column(self, name: str) -> np.ndarray:
        """Return one scalar of all portraits, [N]."""
        return self.scalars[:, self.INDEX[name]]

    @abstractmethod
    def replace(self, attribute: str, value: str | float | np.ndarray) -> Self:
        """Return the same portraits with one attribute set, and everything that depends on it."""

    def before_appearing(self, amount: str) -> Self:
        """Return the same portraits, prepared for an amount to appear (a hat gets a matching colour)."""
        return self

    @abstractmethod
    def drawn(self) -> dict[str, np.ndarray]:
        """Return the visible scalars [N]."""

    @abstractmethod
    def colours(self) -> dict[str, np.ndarray]:
        """Return RGB [N, 3] in 0..1 of everything that is drawn."""

    @abstractmethod
    def physical(self) -> np.ndarray:
        """Return the numbers [N, P] that determine the picture smoothly, those of ``PHYSICAL`` first."""

    PHYSICAL: ClassVar[tuple[str, ...]]
    """Names of the first columns of ``physical``."""

    @classmethod
    @abstractmethod
    def visibility(
        cls, amounts: dict[str, np.ndarray], scales: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Which attributes can be seen, [N] bool each, given what is drawn or read off pictures."""

    def shown_weights(self) -> dict[str, np.ndarray]:
        """Return the visible blends [N, values]."""
        return self.weights

    def shown_scales(self) -> dict[str, np.ndarray]:
        """Return the visible scales [N]."""
        shown = self.drawn()
        return {name: shown[name] for name in self.SCALES}

    def labels(self) -> Labels:
        """Return the labels; unlabelled amounts are NaN, unlabelled choices -1."""
        shown, scales = self.drawn(), self.shown_scales()
        raw = {name: shown[name] for name in self.AMOUNTS}
        amounts = {name: np.where((v > ABSENT) & (v < PRESENT), np.nan, v) for name, v in raw.items()}
        return Labels(scales, amounts, raw, self._named(raw), self.visibility(raw, scales))

    def _named(self, amounts: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the number of each choice's value [N], -1 if none dominates."""
        return {
            name: np.where(blend.max(1) >= DOMINANT, blend.argmax(1), -1)
            for name, blend in self.weights.items()
        }
