"""One edit of a portrait at several strengths, and one edit over many portraits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image

from editor.api.protocol import Adjustment, Change, CompareRequest, CompareResult, Effect, MethodName
from editor.imaging.decode import decode
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.uploads import EvaluatedBundle, Upload, UploadSet
from editor.lab.running import run_job

STRENGTHS = (0.25, 0.5, 1.0, 1.5, 2.0)
AT_ONE = STRENGTHS.index(1.0)
CHOSEN = "chosen"
"""In place of a method's name: the edit as the chat makes it, where the engine chooses the method."""
IDENTITY = ("gender_presentation", "age", "skin_tone", "hair_color", "eye_color")
GEOMETRY = ("face_width", "eye_size", "nose_size", "eye_openness", "brow_thickness")


@dataclass(frozen=True)
class Row:
    """One edit of one portrait by one method; lists are in the order of ``STRENGTHS``.

    ``identity`` and ``geometry`` are the shares of those attributes that are unchanged at strength 1.
    ``undone``: without the adjustment the picture is the uploaded one, bit for bit. ``start``: the value of
    the choice before the edit. ``changed``: other attributes that changed at strength 1.
    """

    method: str
    used: str
    prompt: str
    upload: int
    success: list[bool]
    collateral: list[int]
    score: list[float]
    identity: float
    geometry: float
    gain: float
    verdict: str
    undone: bool
    seconds: float
    start: str = ""
    changed: list[str] = field(default_factory=list)

    @property
    def grows(self) -> bool:
        """Whether the score never falls from one strength to the next."""
        return classifier_metrics.grows(self.score)

    @property
    def key(self) -> tuple[str, str, int]:
        """Identifies the measurement."""
        return self.method, self.prompt, self.upload


def measure(unseen: UploadSet, case: EditCase, number: int, method: str = CHOSEN) -> tuple[Row, np.ndarray]:
    """Edit one upload. Return the row, and the picture uint8 [H, W, 3] at strength 1."""
    tested, upload = unseen.tested, unseen.items[number]
    begun = time.perf_counter()
    layers, effect, picture = _find(tested, upload, case.prompt, method)
    seconds = time.perf_counter() - begun
    pictures = [
        picture if strength == 1 or not layers else _edit_at(tested, upload, layers, strength)
        for strength in STRENGTHS
    ]
    start = uploads.select(unseen.predictions, [number])
    labels = uploads.select(unseen.labels, [number])
    predictions = uploads.predict(tested.classifier, pictures)
    after = [uploads.select(predictions, [place]) for place in range(len(pictures))]
    moved = [
        classifier_metrics.collateral(tested.domain, start, found, labels, case, tested.scored)
        for found in after
    ]
    row = Row(
        method=method,
        used=effect.method or "none",
        prompt=case.prompt,
        upload=number,
        success=[bool(classifier_metrics.succeeded(start, found, case)[0]) for found in after],
        collateral=[int(sum(value[0] for value in one.values())) for one in moved],
        score=[round(float(classifier_metrics.score(found, case)[0]), 4) for found in after],
        identity=_share_unchanged(moved[AT_ONE], IDENTITY),
        geometry=_share_unchanged(moved[AT_ONE], GEOMETRY),
        gain=effect.gain,
        verdict=effect.verdict,
        undone=np.array_equal(_edit_at(tested, upload, layers, 0.0), decode(upload.picture).pixels),
        seconds=round(seconds, 3),
        start=case.values[classifier_metrics.value_of(start, case.attribute)[0]] if case.value else "",
        changed=[name for name, value in moved[AT_ONE].items() if value[0]],
    )
    return row, picture


def _find(
    tested: EvaluatedBundle, upload: Upload, prompt: str, method: str
) -> tuple[Sequence[Adjustment], Effect, np.ndarray]:
    """Return the adjustments, the effect and the picture; a named method keeps small effects too."""
    if method == CHOSEN:
        result = uploads.edit(tested.engine, upload, [Change(prompt=prompt, method=tested.method)])
        return result.adjustments, result.effects[0], uploads.pixels_of(result)
    request = CompareRequest(
        picture=upload.picture,
        inversion=upload.inversion,
        change=Change(prompt=prompt),
        methods=(cast(MethodName, method),),
    )
    row = run_job(tested.engine, request, CompareResult).rows[0]
    return row.adjustments, row.effect, decode(row.picture.data).pixels


def _edit_at(
    tested: EvaluatedBundle, upload: Upload, layers: Sequence[Adjustment], strength: float
) -> np.ndarray:
    """Return the picture, uint8 [H, W, 3], with all adjustments at one strength."""
    scaled = [layer.model_copy(update={"strength": strength}) for layer in layers]
    return uploads.pixels_of(uploads.edit(tested.engine, upload, (), scaled))


def _share_unchanged(moved: Mapping[str, np.ndarray], names: Sequence[str]) -> float:
    kept = [not moved[name][0] for name in names if name in moved]
    return round(float(np.mean(kept)), 4) if kept else 1.0


def evaluate(unseen: UploadSet, case: EditCase, sheet: Path | None) -> dict[str, Any]:
    """Make an edit on every upload where it makes sense, and return one row of the report.

    ``sheet``: file for a contact sheet of up to 24 pairs, before above after. A green line marks a success
    and a red one a failure. "honest" is the share of edits that were refused exactly when they did not
    succeed.
    """
    begun = time.monotonic()
    numbers = unseen.eligible(case)
    row: dict[str, Any] = {
        "prompt": case.prompt,
        "attribute": case.attribute,
        "scored": case.attribute in unseen.tested.scored,
        "portraits": len(numbers),
    }
    if case.start:
        row["from"] = sorted(case.start)
    if not numbers:
        return row | dict.fromkeys(("success", "collateral", "grows", "honest"))
    found = [measure(unseen, case, number) for number in numbers]
    rows = [one for one, _ in found]
    if sheet is not None:
        pairs = [
            _pair(unseen.items[one.upload].pixels, after, one.success[AT_ONE]) for one, after in found[:24]
        ]
        save_grid([pairs[place : place + 8] for place in range(0, len(pairs), 8)], sheet)
    moved = Counter(name for one in rows for name in one.changed)
    return row | {
        "success": mean([one.success[AT_ONE] for one in rows]),
        "collateral": mean([one.collateral[AT_ONE] for one in rows]),
        "grows": mean([one.grows for one in rows]),
        **({"by_start": _by_start(rows, case)} if case.value else {}),
        "methods": dict(sorted(Counter(one.used for one in rows).items())),
        "verdicts": dict(sorted(Counter(one.verdict for one in rows).items())),
        "honest": mean([(one.verdict == "refused") != one.success[AT_ONE] for one in rows]),
        "moved_along": {name: round(count / len(rows), 3) for name, count in moved.most_common(4)},
        "seconds": round(time.monotonic() - begun, 1),
    }


def _by_start(rows: Sequence[Row], case: EditCase) -> dict[str, list[int]]:
    """Return [successes, portraits] by the choice's value before the edit."""
    hits = {value: [one.success[AT_ONE] for one in rows if one.start == value] for value in case.values}
    return {value: [sum(found), len(found)] for value, found in hits.items() if found}


def by_pairs(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Return the mean success over pairs of start and target value, for each choice.

    Separately for edits from any start ("all") and for edits that name their starts ("named").
    """
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        kind = "named" if "from" in row else "all"
        for hits, count in row.get("by_start", {}).values():
            found.setdefault(row["attribute"], {}).setdefault(kind, []).append(hits / count)
    return {name: {kind: mean(shares) for kind, shares in kinds.items()} for name, kinds in found.items()}


def mean(values: Sequence[float], digits: int = 4) -> float | None:
    """Return the rounded mean; None of nothing."""
    return round(float(np.mean(values)), digits) if len(values) else None


def mean_figure(rows: Sequence[dict[str, Any]], key: str) -> float | None:
    """Return the mean of a figure over the scored edits that have it."""
    return mean([row[key] for row in rows if row["scored"] and row[key] is not None])


def _pair(before: np.ndarray, after: np.ndarray, success: bool) -> np.ndarray:
    line = np.full((4, before.shape[1], 3), (40, 170, 90) if success else (210, 60, 60), np.uint8)
    return np.concatenate([before, after, line])


def save_grid(lines: Sequence[Sequence[np.ndarray]], path: Path) -> None:
    """Write lines of pictures of one size, uint8 [H, W, 3]; short lines end in white."""
    white = np.full_like(lines[0][0], 255)
    columns = max(map(len, lines))
    full = [np.concatenate([*line, *[white] * (columns - len(line))], axis=1) for line in lines]
    Image.fromarray(np.concatenate(full)).save(path, optimize=True)
