"""One wish over many uploads: success, collateral and growth with strength, as the judge reads them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from editor.api.protocol import Change, EditResult, MethodName
from editor.editing.engine import Engine
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import Wish
from editor.lab.evaluation.uploads import Uploads
from editor.lab.training.domain import Domain
from editor.networks.attribute_classifier import AttributeClassifier

STRENGTHS = (0.25, 0.5, 1.0, 1.5, 2.0)
AT_ONE = STRENGTHS.index(1.0)


@dataclass(frozen=True)
class Setting:
    """What every wish is measured with."""

    engine: Engine
    judge: AttributeClassifier
    scored: tuple[str, ...]
    uploads: Uploads
    method: MethodName | None = None


def _edits(setting: Setting, wish: Wish, rows: np.ndarray) -> tuple[list[list[np.ndarray]], list[EditResult]]:
    """Pictures by strength and by upload, with the results at strength 1."""
    by_strength: list[list[np.ndarray]] = [[] for _ in STRENGTHS]
    results = []
    for row in rows:
        upload = setting.uploads.items[row]
        result = uploads.edit(setting.engine, upload, [Change(prompt=wish.prompt, method=setting.method)])
        results.append(result)
        for place, strength in zip(by_strength, STRENGTHS, strict=True):
            layers = [layer.model_copy(update={"strength": strength}) for layer in result.adjustments]
            at_one = strength == 1.0 or not layers
            place.append(
                uploads.pixels_of(result if at_one else uploads.edit(setting.engine, upload, (), layers))
            )
    return by_strength, results


def labels_of(labels: classifier_metrics.Labels, rows: np.ndarray) -> classifier_metrics.Labels:
    """Some rows of labels."""
    groups = (labels.scales, labels.amounts, labels.raw_amounts, labels.choices, labels.visible)
    return classifier_metrics.Labels(*({k: v[rows] for k, v in group.items()} for group in groups))


def evaluate(setting: Setting, wish: Wish, sheet: Path | None) -> dict[str, Any]:
    """One row of the report; writes a contact sheet of before and after pairs."""
    begun = time.monotonic()
    row: dict[str, Any] = {
        "prompt": wish.prompt,
        "attribute": wish.attribute,
        "scored": wish.attribute in setting.scored,
    }
    rows = np.flatnonzero(classifier_metrics.eligible(setting.uploads.reading, setting.uploads.labels, wish))
    row |= {"portraits": len(rows)} | ({"from": sorted(wish.start)} if wish.start else {})
    if not len(rows):
        return row | {"success": None, "collateral": None, "grows": None, "honest": None}
    by_strength, results = _edits(setting, wish, rows)
    before, labels = uploads.selected(setting.uploads.reading, rows), labels_of(setting.uploads.labels, rows)
    after = [uploads.read(setting.judge, pictures) for pictures in by_strength]
    hits = classifier_metrics.succeeded(before, after[AT_ONE], wish)
    domain = setting.uploads.domain
    moved = classifier_metrics.collateral(domain, before, after[AT_ONE], labels, wish, setting.scored)
    methods = [effect.method or "none" for result in results for effect in result.effects]
    verdicts = [effect.verdict for result in results for effect in result.effects]
    if sheet is not None:
        contact_sheet([setting.uploads.items[r].pixels for r in rows], by_strength[AT_ONE], hits, sheet)
    grown = classifier_metrics.grows([classifier_metrics.score(reading, wish) for reading in after])
    return row | {
        "success": round(float(hits.mean()), 4),
        "collateral": round(float(sum(changed.mean() for changed in moved.values())), 4),
        "grows": round(float(grown.mean()), 4),
        **({"by_start": _by_start(before, hits, wish, domain)} if wish.value is not None else {}),
        "methods": {name: methods.count(name) for name in sorted(set(methods))},
        "verdicts": {name: verdicts.count(name) for name in sorted(set(verdicts))},
        "honest": round(
            float(np.mean([(v == "refused") != bool(h) for v, h in zip(verdicts, hits, strict=True)])), 4
        ),
        "moved_along": _most({name: float(rows.mean()) for name, rows in moved.items()}),
        "seconds": round(time.monotonic() - begun, 1),
    }


def _by_start(
    before: classifier_metrics.AttributeValues, hits: np.ndarray, wish: Wish, domain: Domain
) -> dict[str, list[int]]:
    """For a choice: [successes, portraits] by the value that was read before."""
    start = classifier_metrics.numbers(before, wish.attribute)
    names = domain.attributes.choices[wish.attribute]
    return {
        names[i]: [int(hits[start == i].sum()), int((start == i).sum())] for i in sorted(set(start.tolist()))
    }


def contact_sheet(
    before: list[np.ndarray], after: list[np.ndarray], hits: np.ndarray, path: Path, columns: int = 8
) -> None:
    """Up to 24 pairs, before above after; a green line under a success and a red one under a miss."""
    rows = []
    for begin in range(0, min(24, len(before)), columns):
        cells = []
        for a, b, hit in list(zip(before, after, hits, strict=True))[begin : begin + columns]:
            line = np.full((4, a.shape[1], 3), (40, 170, 90) if hit else (210, 60, 60), np.uint8)
            cells.append(np.concatenate([a, b, line], axis=0))
        while len(cells) < columns:
            cells.append(np.full_like(cells[0], 255))
        rows.append(np.concatenate(cells, axis=1))
    Image.fromarray(np.concatenate(rows, axis=0)).save(path, optimize=True)


def _most(shares: dict[str, float], count: int = 4) -> dict[str, float]:
    """The largest non-zero shares."""
    ordered = sorted(shares.items(), key=lambda item: -item[1])[:count]
    return {name: round(share, 3) for name, share in ordered if share > 0}
