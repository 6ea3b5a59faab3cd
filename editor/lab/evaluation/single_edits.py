"""One edit over many uploads: success, collateral change, and growth with strength."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from editor.api.protocol import Change, EditResult
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.uploads import UploadSet
from editor.networks.attribute_classifier import AttributeValues

STRENGTHS = (0.25, 0.5, 1.0, 1.5, 2.0)
AT_ONE = STRENGTHS.index(1.0)


def evaluate(unseen: UploadSet, case: EditCase, sheet: Path | None) -> dict[str, Any]:
    """Return one row of the report; write a contact sheet of pairs, before and after, to ``sheet``."""
    begun = time.monotonic()
    tested = unseen.tested
    row: dict[str, Any] = {
        "prompt": case.prompt,
        "attribute": case.attribute,
        "scored": case.attribute in tested.scored,
    }
    rows = np.flatnonzero(classifier_metrics.eligible(unseen.predictions, unseen.labels, case))
    row |= {"portraits": len(rows)} | ({"from": sorted(case.start)} if case.start else {})
    if not len(rows):
        return row | {"success": None, "collateral": None, "grows": None, "honest": None}
    results, by_strength = _edits(unseen, case, rows)
    before, labels = unseen.rows(rows)
    after = [uploads.predict(tested.classifier, pictures) for pictures in by_strength]
    hits = classifier_metrics.succeeded(before, after[AT_ONE], case)
    moved = classifier_metrics.collateral(tested.domain, before, after[AT_ONE], labels, case, tested.scored)
    grown = classifier_metrics.grows([classifier_metrics.score(found, case) for found in after])
    if sheet is not None:
        contact_sheet([unseen.items[r].pixels for r in rows], by_strength[AT_ONE], hits, sheet)
    return row | {
        "success": _mean(hits),
        "collateral": round(float(sum(changes.mean() for changes in moved.values())), 4),
        "grows": _mean(grown),
        **({"by_start": _by_start(before, hits, case)} if case.value is not None else {}),
        **_effects(results, hits),
        "moved_along": _largest({name: float(changes.mean()) for name, changes in moved.items()}),
        "seconds": round(time.monotonic() - begun, 1),
    }


def _edits(
    unseen: UploadSet, case: EditCase, rows: np.ndarray
) -> tuple[list[EditResult], list[list[np.ndarray]]]:
    """Return the results at strength 1 by upload, and the pictures by strength and upload."""
    tested, results = unseen.tested, []
    by_strength: list[list[np.ndarray]] = [[] for _ in STRENGTHS]
    for row in rows:
        upload = unseen.items[row]
        result = uploads.edit(tested.engine, upload, [Change(prompt=case.prompt, method=tested.method)])
        results.append(result)
        for pictures, strength in zip(by_strength, STRENGTHS, strict=True):
            if strength == 1.0 or not result.adjustments:
                pictures.append(uploads.pixels_of(result))
            else:
                pictures.append(uploads.edit_at(tested.engine, upload, result.adjustments, strength))
    return results, by_strength


def _effects(results: Sequence[EditResult], hits: np.ndarray) -> dict[str, Any]:
    """Count methods and verdicts. Honest: an edit was refused exactly when it did not succeed."""
    effects = [effect for result in results for effect in result.effects]
    verdicts = [effect.verdict for effect in effects]
    honest = np.array([(v == "refused") != bool(h) for v, h in zip(verdicts, hits, strict=True)])
    return {
        "methods": dict(sorted(Counter(effect.method or "none" for effect in effects).items())),
        "verdicts": dict(sorted(Counter(verdicts).items())),
        "honest": _mean(honest),
    }


def _by_start(before: AttributeValues, hits: np.ndarray, case: EditCase) -> dict[str, list[int]]:
    """Return [successes, portraits] by the choice's value before the edit."""
    start = classifier_metrics.values_of(before, case.attribute)
    return {
        case.values[i]: [int(hits[start == i].sum()), int((start == i).sum())]
        for i in sorted(set(start.tolist()))
    }


def by_pairs(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the mean success over pairs of start and target value, for each choice.

    Separately for edits from any start ("all") and for edits that name their starts ("named").
    """
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        kind = "named" if "from" in row else "all"
        for hits, count in row.get("by_start", {}).values():
            found.setdefault(row["attribute"], {}).setdefault(kind, []).append(hits / count)
    return {
        name: {kind: round(float(np.mean(shares)), 4) for kind, shares in kinds.items()}
        for name, kinds in found.items()
    }


def mean(rows: Sequence[dict[str, Any]], key: str) -> float | None:
    """Return the mean of a figure over the scored edits that have it."""
    values = [row[key] for row in rows if row["scored"] and row[key] is not None]
    return round(float(np.mean(values)), 4) if values else None


def contact_sheet(
    before: list[np.ndarray], after: list[np.ndarray], hits: np.ndarray, path: Path, columns: int = 8
) -> None:
    """Write up to 24 pairs, before above after; a green line marks a success and a red one a failure."""
    rows = []
    for begin in range(0, min(24, len(before)), columns):
        cells = []
        for a, b, hit in list(zip(before, after, hits, strict=True))[begin : begin + columns]:
            line = np.full((4, a.shape[1], 3), (40, 170, 90) if hit else (210, 60, 60), np.uint8)
            cells.append(np.concatenate([a, b, line], axis=0))
        cells += [np.full_like(cells[0], 255)] * (columns - len(cells))
        rows.append(np.concatenate(cells, axis=1))
    Image.fromarray(np.concatenate(rows, axis=0)).save(path, optimize=True)


def _mean(values: np.ndarray) -> float:
    return round(float(values.mean()), 4)


def _largest(shares: dict[str, float], count: int = 4) -> dict[str, float]:
    ordered = sorted(shares.items(), key=lambda item: -item[1])[:count]
    return {name: round(share, 3) for name, share in ordered if share > 0}
