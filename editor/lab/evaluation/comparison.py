"""All methods on the same edits and the same unseen portraits, at several strengths.

Every measurement is written to a file as a row of its own. A comparison that was interrupted continues where
it was, and the summary needs only the rows.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import stats

from editor.editing.methods import registry
from editor.lab.evaluation.classifier_metrics import EditCase, read_lines
from editor.lab.evaluation.single_edits import AT_ONE, CHOSEN, Row, mean, measure, save_grid
from editor.lab.evaluation.uploads import EvaluatedBundle, UploadSet

SEARCHES = ("optimization", "optimization-s", "tedigan")
"""Methods that search anew for every picture. They do fewer edits: the first ones of the others."""
CASES = Path(__file__).with_name("comparison.jsonl")
"""Prompts that were used for no training and no tuning."""
TILES = 4
"""Portraits of each edit that contact sheets show."""
RESAMPLES, CONFIDENCE = 1000, 0.95
EQUAL = 0.5
"""Number of other changed attributes at which methods are compared."""


def offered(tested: EvaluatedBundle) -> tuple[str, ...]:
    """Return the engine's choice and every method of a bundle."""
    return (CHOSEN, *(name for name, method in registry.METHODS.items() if method.supports(tested.bundle)))


def read_rows(out: Path) -> list[Row]:
    """Read the rows measured so far; the later one of what was measured twice."""
    path = out / "rows.jsonl"
    rows = [Row(**line) for line in read_lines(path)] if path.exists() else []
    return list({row.key: row for row in rows}.values())


def measure_all(
    unseen: UploadSet,
    cases: Sequence[EditCase],
    methods: Sequence[str],
    counts: tuple[int, int],
    out: Path,
) -> Iterator[Row]:
    """Measure what is not in ``out`` yet, and yield each row.

    Every edit is done on one portrait before any is done on two, so that an interrupted comparison has few
    portraits rather than few edits. ``counts``: portraits of each edit, and those for a method that searches
    every time.
    """
    done = {row.key for row in read_rows(out)}
    eligible = [(case, unseen.eligible(case)) for case in cases]
    for place in range(counts[0]):
        for case, numbers in eligible:
            for method in methods if place < len(numbers) else ():
                left_out = method in SEARCHES and place >= counts[1]
                if left_out or (method, case.prompt, numbers[place]) in done:
                    continue
                row, picture = measure(unseen, case, numbers[place], method)
                with (out / "rows.jsonl").open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(row)) + "\n")
                if place < TILES:
                    for name, pixels in ((method, picture), ("before", unseen.items[row.upload].pixels)):
                        Image.fromarray(pixels).save(tile(out, name, case.prompt, place))
                yield row


def tile(out: Path, method: str, prompt: str, place: int) -> Path:
    """Return the path of one picture for the contact sheets."""
    folder = out / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{prompt.replace(' ', '-')}.{method}.{place}.png"


def contact_sheets(out: Path, rows: Sequence[Row]) -> None:
    """Write a sheet for each edit to ``out``: a row for each portrait, a column for each method."""
    methods = ["before", *dict.fromkeys(row.method for row in rows)]
    for prompt in dict.fromkeys(row.prompt for row in rows):
        lines = []
        for place in range(TILES):
            paths = [tile(out, method, prompt, place) for method in methods]
            if paths[0].exists():
                before = np.asarray(Image.open(paths[0]))
                white = np.full_like(before, 255)
                lines.append([np.asarray(Image.open(path)) if path.exists() else white for path in paths])
        if lines:
            save_grid(lines, out / f"{prompt.replace(' ', '-')}.png")


def bootstrap(
    rows: Sequence[Row], statistic: Callable[[Sequence[Row]], float], seed: int = 0
) -> dict[str, float]:
    """Return a statistic and the ends of its percentile interval: "mean", "low" and "high".

    Resamples portraits rather than rows, since the rows of one portrait are not independent.
    """
    by_upload: dict[int, list[Row]] = {}
    for row in rows:
        by_upload.setdefault(row.upload, []).append(row)
    groups, value = list(by_upload.values()), statistic(rows)
    if len(groups) < 2:
        return {"mean": value, "low": value, "high": value}
    interval = stats.bootstrap(
        (np.arange(len(groups)),),
        lambda numbers: statistic([row for number in numbers for row in groups[number]]),
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        vectorized=False,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return {"mean": value, "low": float(interval.low), "high": float(interval.high)}


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


def summarise(method: str, rows: Sequence[Row]) -> dict[str, Any]:
    """Return all figures of a method; "curve" holds mean collateral and success at each strength."""
    return {
        "method": method,
        "rows": len(rows),
        "at_equal": bootstrap(rows, lambda some: success_at(curve_of(some))),
        "success": bootstrap(rows, lambda some: float(np.mean([row.success[AT_ONE] for row in some]))),
        "collateral": bootstrap(rows, lambda some: float(np.mean([row.collateral[AT_ONE] for row in some]))),
        **{
            name: mean([getattr(row, name) for row in rows])
            for name in ("identity", "geometry", "grows", "gain", "undone")
        },
        "seconds": float(np.median([row.seconds for row in rows])),
        "curve": curve_of(rows),
    }


def summaries(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return every method's figures, the best at equal collateral first."""
    methods = dict.fromkeys(row.method for row in rows)
    found = [summarise(method, [row for row in rows if row.method == method]) for method in methods]
    return sorted(found, key=lambda summary: -summary["at_equal"]["mean"])


def comparable(rows: Sequence[Row]) -> list[Row]:
    """Keep the edits that every method has done (for searching methods, that all of those have done)."""
    searching = [row for row in rows if row.method in SEARCHES]
    quick = [row for row in rows if row.method not in SEARCHES]
    common = _done_by_all(quick or searching)
    both = common & _done_by_all(searching) if searching else set()
    return [row for row in rows if row.key[1:] in (both if row.method in SEARCHES else common)]


def _done_by_all(rows: Sequence[Row]) -> set[tuple[str, int]]:
    """Return the edits (prompt and portrait) that every method of the rows has done."""
    by_method: dict[str, set[tuple[str, int]]] = {}
    for row in rows:
        by_method.setdefault(row.method, set()).add(row.key[1:])
    return set.intersection(*by_method.values()) if by_method else set()


def lead(rows: Sequence[Row], method: str, other: str) -> dict[str, float]:
    """Return how much more a method succeeds than another at equal collateral, on the edits that both did."""

    def difference(some: Sequence[Row]) -> float:
        one, two = (
            success_at(curve_of([row for row in some if row.method == name])) for name in (method, other)
        )
        return one - two

    mine = [row for row in rows if row.method in (method, other)]
    both = _done_by_all(mine)
    return bootstrap([row for row in mine if row.key[1:] in both], difference)


def report(out: Path) -> dict[str, Any]:
    """Return the figures of the rows in ``out``, with the lead of the engine's choice; write the sheets."""
    rows = comparable(read_rows(out))
    contact_sheets(out, rows)
    methods = dict.fromkeys(row.method for row in rows)
    others = [name for name in methods if name != CHOSEN] if CHOSEN in methods else []
    return {
        "methods": summaries(rows),
        "lead_of_choice": {name: lead(rows, CHOSEN, name) for name in others},
    }
