"""The rows of a comparison as figures with confidence intervals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from editor.lab.evaluation.comparison import CHOSEN, SEARCHES, Row
from editor.lab.evaluation.single_edits import AT_ONE

RESAMPLES, CONFIDENCE = 1000, 0.95
EQUAL = 0.5
"""Number of other changed attributes at which methods are compared."""


@dataclass(frozen=True)
class Figure:
    """A mean with the ends of its confidence interval."""

    mean: float
    low: float
    high: float

    def percent(self) -> str:
        """Return it as percentages, for a table."""
        return f"{self.mean:.0%} [{100 * self.low:.0f}, {100 * self.high:.0f}]"


@dataclass(frozen=True)
class Summary:
    """One method over all its rows. ``curve``: mean collateral and success at each strength."""

    method: str
    rows: int
    success: Figure
    collateral: Figure
    identity: float
    geometry: float
    grows: float
    gain: float
    undone: float
    seconds: float
    curve: list[tuple[float, float]]
    at_equal: Figure

    def cells(self) -> dict[str, Any]:
        """Return the figures as a row of a table."""
        return {
            "method": self.method,
            "edits": self.rows,
            f"success at {EQUAL}": self.at_equal.percent(),
            "success at 1": self.success.percent(),
            "collateral": self.collateral.mean,
            "identity": self.identity,
            "geometry": self.geometry,
            "grows": self.grows,
            "CLIP gain": self.gain,
            "undone": self.undone,
            "seconds": self.seconds,
        }


def bootstrap(rows: Sequence[Row], statistic: Callable[[Sequence[Row]], float], seed: int = 0) -> Figure:
    """Return a statistic with its percentile interval.

    Resamples portraits rather than rows, since the rows of one portrait are not independent.
    """
    by_upload: dict[int, list[Row]] = {}
    for row in rows:
        by_upload.setdefault(row.upload, []).append(row)
    groups, value = list(by_upload.values()), statistic(rows)
    if len(groups) < 2:
        return Figure(value, value, value)

    def of_groups(numbers: np.ndarray) -> float:
        return statistic([row for number in numbers for row in groups[number]])

    interval = stats.bootstrap(
        (np.arange(len(groups)),),
        of_groups,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        vectorized=False,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Figure(value, float(interval.low), float(interval.high))


def curve_of(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Return mean collateral and success at each strength."""
    collateral, success = np.array([row.collateral for row in rows]), np.array([row.success for row in rows])
    return list(zip(collateral.mean(0).tolist(), success.mean(0).tolist(), strict=True))


def success_at(curve: Sequence[tuple[float, float]], collateral: float = EQUAL) -> float:
    """Return the highest success on a curve for at most this collateral, interpolated between strengths.

    Every curve begins at strength 0, with neither success nor collateral.
    """
    points = [(0.0, 0.0), *curve]
    best = max(success for cost, success in points if cost <= collateral)
    for (cost, success), (next_cost, next_success) in itertools.pairwise(points):
        if cost <= collateral < next_cost:
            share = (collateral - cost) / (next_cost - cost)
            best = max(best, success + (next_success - success) * share)
    return best


def summarise(method: str, rows: Sequence[Row]) -> Summary:
    """Return all figures of a method."""

    def mean(values: Sequence[float]) -> float:
        return round(float(np.mean(values)), 4)

    return Summary(
        method=method,
        rows=len(rows),
        curve=curve_of(rows),
        success=bootstrap(rows, lambda some: float(np.mean([row.success[AT_ONE] for row in some]))),
        collateral=bootstrap(rows, lambda some: float(np.mean([row.collateral[AT_ONE] for row in some]))),
        identity=mean([row.identity for row in rows]),
        geometry=mean([row.geometry for row in rows]),
        grows=mean([row.grows for row in rows]),
        gain=mean([row.gain for row in rows]),
        undone=mean([row.undone for row in rows]),
        seconds=float(np.median([row.seconds for row in rows])),
        at_equal=bootstrap(rows, lambda some: success_at(curve_of(some))),
    )


def comparable(rows: Sequence[Row]) -> list[Row]:
    """Keep the edits that every method has done (for searching methods, that all of those have done)."""
    searching = [row for row in rows if row.method in SEARCHES]
    quick = [row for row in rows if row.method not in SEARCHES]
    common = _done_by_all(quick or searching)
    both = common & _done_by_all(searching) if searching else set()
    return [row for row in rows if (row.prompt, row.upload) in (both if row.method in SEARCHES else common)]


def _done_by_all(rows: Sequence[Row]) -> set[tuple[str, int]]:
    """Return the edits (prompt and portrait) that every method of the rows has done."""
    methods = {row.method for row in rows}
    done: dict[tuple[str, int], set[str]] = {}
    for row in rows:
        done.setdefault((row.prompt, row.upload), set()).add(row.method)
    return {edit for edit, found in done.items() if found == methods}


def lead(rows: Sequence[Row], method: str, other: str) -> Figure:
    """Return how much more a method succeeds than another at equal collateral, on the edits that both did."""

    def difference(some: Sequence[Row]) -> float:
        one, two = (
            success_at(curve_of([row for row in some if row.method == name])) for name in (method, other)
        )
        return one - two

    mine = [row for row in rows if row.method in (method, other)]
    both = _done_by_all(mine)
    return bootstrap([row for row in mine if (row.prompt, row.upload) in both], difference)


def leads_of_choice(rows: Sequence[Row]) -> dict[str, Figure]:
    """Return the lead of the engine's choice over every method; nothing if it was not measured."""
    methods = dict.fromkeys(row.method for row in rows)
    if CHOSEN not in methods:
        return {}
    return {name: lead(rows, CHOSEN, name) for name in methods if name != CHOSEN}


def summaries(rows: Sequence[Row]) -> list[Summary]:
    """Return every method's figures, the best at equal collateral first."""
    methods = dict.fromkeys(row.method for row in rows)
    found = [summarise(method, [row for row in rows if row.method == method]) for method in methods]
    return sorted(found, key=lambda summary: -summary.at_equal.mean)
