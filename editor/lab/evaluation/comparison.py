"""All methods on the same wishes and the same unseen portraits, at several strengths.

What is measured goes into a file row by row, so that a comparison that was broken off goes on where it was, and tables and
plots are made from the rows alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from editor.api.protocol import Adjustment, Change, CompareRequest, CompareResult, Effect, MethodName
from editor.editing.engine import Engine
from editor.editing.methods import registry
from editor.imaging.decode import decode
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import Wish
from editor.lab.evaluation.uploads import Upload
from editor.lab.evaluation.wishes import AT_ONE, STRENGTHS, Setting, labels_of

CHOSEN = "chosen"
"""The row of what the engine does when no method is named."""
SEARCHES = ("optimization", "optimization-s", "tedigan")
"""Methods that search anew for every picture: they do fewer edits, the first of those that the others do."""
IDENTITY = ("gender_presentation", "age", "skin_tone", "hair_color", "eye_color")
GEOMETRY = ("face_width", "eye_size", "nose_size", "eye_openness", "brow_thickness")
WISHES = Path(__file__).with_name("comparison.jsonl")
"""Wordings that nothing was trained or tuned on."""
TILES = 4
"""Portraits of each wish that contact sheets show."""


@dataclass(frozen=True)
class Row:
    """One method's answer to one wish on one portrait, as the judge reads it; lists go by ``STRENGTHS``.

    ``identity`` and ``geometry``: shares of those attributes that are read as before, at strength 1. ``undone``: without
    the adjustment the picture is the uploaded one, bit for bit.
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

    @property
    def grows(self) -> bool:
        """Does the judged score never fall from one strength to the next?"""
        return bool(classifier_metrics.grows([np.array([value]) for value in self.score])[0])


def offered(setting: Setting, bundle: str) -> tuple[str, ...]:
    """Every method of a bundle, and the engine's choice."""
    loaded = setting.engine.loaded[bundle]
    return (CHOSEN, *(name for name, method in registry.METHODS.items() if method.supports(loaded)))


def read_rows(path: Path) -> list[Row]:
    """What was measured so far; of what was measured twice, the later."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [Row(**json.loads(line)) for line in lines]
    return list({(row.method, row.prompt, row.upload): row for row in rows}.values())


@dataclass(frozen=True)
class Share:
    """How many eligible portraits of each wish a method does: ``each``, or ``searched`` where it searches for every picture."""

    each: int
    searched: int

    def of(self, method: str) -> int:
        """For one method."""
        return min(self.each, self.searched) if method in SEARCHES else self.each


def measure(
    setting: Setting, wishes: Sequence[Wish], methods: Sequence[str], share: Share, out: Path
) -> Iterator[Row]:
    """Measure what is not yet in ``out``: each method on its share of the eligible portraits of each wish, and every wish on one
    portrait before any is on two, so that what was broken off is thin rather than lopsided."""
    path = out / "rows.jsonl"
    done = {(row.method, row.prompt, row.upload) for row in read_rows(path)}
    for place, wish, number in _edits(setting, wishes, share.each):
        for method in methods:
            if place >= share.of(method) or (method, wish.prompt, number) in done:
                continue
            row, picture = measured(setting, wish, method, number)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(row)) + "\n")
            if place < TILES:
                Image.fromarray(picture).save(tile(out, method, wish.prompt, place))
                Image.fromarray(setting.uploads.items[number].pixels).save(
                    tile(out, "before", wish.prompt, place)
                )
            yield row


def _edits(setting: Setting, wishes: Sequence[Wish], each: int) -> Iterator[tuple[int, Wish, int]]:
    """Place, wish and portrait of every edit."""
    seen = setting.uploads
    eligible = {
        wish.prompt: np.flatnonzero(classifier_metrics.eligible(seen.reading, seen.labels, wish))[:each]
        for wish in wishes
    }
    for place in range(each):
        yield from (
            (place, wish, int(eligible[wish.prompt][place]))
            for wish in wishes
            if place < len(eligible[wish.prompt])
        )


def tile(out: Path, method: str, prompt: str, place: int) -> Path:
    """Where a contact sheet's picture is kept."""
    folder = out / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{prompt.replace(' ', '-')}.{method}.{place}.png"


def measured(setting: Setting, wish: Wish, method: str, number: int) -> tuple[Row, np.ndarray]:
    """One row, and the picture uint8 [H, W, 3] at strength 1."""
    upload = setting.uploads.items[number]
    layers, effect, seconds = _found(setting.engine, upload, wish.prompt, method)
    pictures = [_at(setting.engine, upload, layers, strength) for strength in STRENGTHS]
    one = np.array([number])
    before, labels = uploads.selected(setting.uploads.reading, one), labels_of(setting.uploads.labels, one)
    read = uploads.read(setting.judge, pictures)
    after = [uploads.selected(read, np.array([place])) for place in range(len(pictures))]
    changes = [
        classifier_metrics.collateral(setting.uploads.domain, before, reading, labels, wish, setting.scored)
        for reading in after
    ]
    unchanged = {name: not bool(value[0]) for name, value in changes[AT_ONE].items()}
    row = Row(
        method=method,
        used=effect.method or "none",
        prompt=wish.prompt,
        upload=number,
        success=[bool(classifier_metrics.succeeded(before, reading, wish)[0]) for reading in after],
        collateral=[int(sum(value[0] for value in change.values())) for change in changes],
        score=[round(float(classifier_metrics.score(reading, wish)[0]), 4) for reading in after],
        identity=_share(unchanged, IDENTITY),
        geometry=_share(unchanged, GEOMETRY),
        gain=effect.gain,
        verdict=effect.verdict,
        seconds=round(seconds, 3),
        undone=np.array_equal(_at(setting.engine, upload, layers, 0.0), decode(upload.picture).pixels),
    )
    return row, pictures[AT_ONE]


def _found(
    engine: Engine, upload: Upload, prompt: str, method: str
) -> tuple[tuple[Adjustment, ...], Effect, float]:
    names: tuple[MethodName, ...] = () if method == CHOSEN else (method,)  # type: ignore[assignment]
    if not names:
        result, seconds = uploads.timed(engine, upload, Change(prompt=prompt))
        return result.adjustments, result.effects[0], seconds
    request = CompareRequest(
        picture=upload.picture, inversion=upload.inversion, change=Change(prompt=prompt), methods=names
    )
    compared = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(compared, CompareResult)
    row = compared.rows[0]
    return row.adjustments, row.effect, row.milliseconds / 1000


def _at(engine: Engine, upload: Upload, layers: Sequence[Adjustment], strength: float) -> np.ndarray:
    moved = [layer.model_copy(update={"strength": strength}) for layer in layers]
    return uploads.pixels_of(uploads.edit(engine, upload, (), moved))


def _share(unchanged: dict[str, bool], names: Sequence[str]) -> float:
    """Of the attributes named that should stay, the share that did."""
    kept = [unchanged[name] for name in names if name in unchanged]
    return round(float(np.mean(kept)), 4) if kept else 1.0
