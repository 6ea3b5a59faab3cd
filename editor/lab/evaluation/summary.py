"""Rows of a comparison as figures with confidence intervals."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from editor.lab.evaluation.comparison import AT_ONE, SEARCHES, Row

RESAMPLES, COVER = 1000, 0.95
EQUAL = 0.5
"""Attributes changed besides, at which methods are compared."""


@dataclass(frozen=True)
class Figure:
    """A mean with the ends of its interval."""

    mean: float
    low: float
    high: float


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


def bootstrap(rows: Sequence[Row], statistic: Callable[[Sequence[Row]], float], seed: int = 0) -> Figure:
    """A statistic with its percentile interval; portraits are drawn, not rows, since one portrait's rows are alike."""
    by_upload: dict[int, list[Row]] = {}
    for row in rows:
        by_upload.setdefault(row.upload, []).append(row)
    groups, rng = list(by_upload.values()), np.random.default_rng(seed)
    values = [
        statistic([row for number in rng.integers(0, len(groups), len(groups)) for row in groups[number]])
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(values, [(1 - COVER) / 2, (1 + COVER) / 2])
    return Figure(statistic(rows), float(low), float(high))


def curve_of(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Mean collateral and success at each strength."""
    collateral, success = np.array([row.collateral for row in rows]), np.array([row.success for row in rows])
    return list(zip(collateral.mean(0).tolist(), success.mean(0).tolist(), strict=True))


def success_at(curve: Sequence[tuple[float, float]], collateral: float = EQUAL) -> float:
    """The most success on a curve that costs no more than ``collateral``, between measured strengths as well.

    Every curve begins at strength 0, where nothing succeeds and nothing is changed.
    """
    points = [(0.0, 0.0), *curve]
    best = max(success for cost, success in points if cost <= collateral)
    for (cost, success), (further, more) in itertools.pairwise(points):
        if cost <= collateral < further:
            best = max(best, success + (more - success) * (collateral - cost) / (further - cost))
    return best


def summarise(method: str, rows: Sequence[Row]) -> Summary:
    """All figures of a method."""

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
    """The rows of those wishes and portraits that every method has done; of those that search for every picture, what all
    searches have done of them."""
    searching = [row for row in rows if row.method in SEARCHES]
    quick = [row for row in rows if row.method not in SEARCHES]
    common = _done_by_all(quick or searching)
    both = common & _done_by_all(searching) if searching else set()
    return [row for row in rows if (row.prompt, row.upload) in (both if row.method in SEARCHES else common)]


def _done_by_all(rows: Sequence[Row]) -> set[tuple[str, int]]:
    """Wishes and portraits that every method of the rows has done."""
    methods = {row.method for row in rows}
    done: dict[tuple[str, int], set[str]] = {}
    for row in rows:
        done.setdefault((row.prompt, row.upload), set()).add(row.method)
    return {edit for edit, found in done.items() if found == methods}


def lead(rows: Sequence[Row], method: str, other: str) -> Figure:
    """By how much more a method succeeds than another at equal collateral, on the edits that both did."""

    def difference(some: Sequence[Row]) -> float:
        one, two = (
            success_at(curve_of([row for row in some if row.method == name])) for name in (method, other)
        )
        return one - two

    both = _done_by_all([row for row in rows if row.method in (method, other)])
    return bootstrap(
        [row for row in rows if row.method in (method, other) and (row.prompt, row.upload) in both],
        difference,
    )


def summaries(rows: Sequence[Row]) -> list[Summary]:
    """Every method's figures, the best at equal collateral first."""
    methods = dict.fromkeys(row.method for row in rows)
    found = [summarise(method, [row for row in rows if row.method == method]) for method in methods]
    return sorted(found, key=lambda summary: -summary.at_equal.mean)
