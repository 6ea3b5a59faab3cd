"""All methods on the same edits and the same unseen portraits, at several strengths.

Every measurement is written to a file as a row of its own. A comparison that was interrupted continues where
it was, and the summary needs only the rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image

from editor.api.protocol import Adjustment, Change, CompareRequest, CompareResult, Effect, MethodName
from editor.editing.methods import registry
from editor.imaging.decode import decode
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.single_edits import AT_ONE, STRENGTHS
from editor.lab.evaluation.uploads import EvaluatedBundle, Upload, UploadSet
from editor.lab.running import run_job

CHOSEN = "chosen"
"""Name of the rows if no method is named and the engine chooses."""
SEARCHES = ("optimization", "optimization-s", "tedigan")
"""Methods that search anew for every picture. They do fewer edits: the first ones of the others."""
IDENTITY = ("gender_presentation", "age", "skin_tone", "hair_color", "eye_color")
GEOMETRY = ("face_width", "eye_size", "nose_size", "eye_openness", "brow_thickness")
CASES = Path(__file__).with_name("comparison.jsonl")
"""Prompts that were used for no training and no tuning."""
TILES = 4
"""Portraits of each edit that contact sheets show."""


@dataclass(frozen=True)
class Row:
    """One edit of one portrait by one method; lists are in the order of ``STRENGTHS``.

    ``identity`` and ``geometry`` are the shares of those attributes that are unchanged at strength 1.
    ``undone``: without the adjustment the picture is the uploaded one, bit for bit.
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
        """Whether the score never falls from one strength to the next."""
        return bool(classifier_metrics.grows([np.array([value]) for value in self.score])[0])

    @property
    def key(self) -> tuple[str, str, int]:
        """Identifies the measurement."""
        return self.method, self.prompt, self.upload


def offered(tested: EvaluatedBundle) -> tuple[str, ...]:
    """Return the engine's choice and every method of a bundle."""
    return (CHOSEN, *(name for name, method in registry.METHODS.items() if method.supports(tested.bundle)))


def read_rows(path: Path) -> list[Row]:
    """Read the rows measured so far; the later one of what was measured twice."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [Row(**json.loads(line)) for line in lines]
    return list({row.key: row for row in rows}.values())


@dataclass(frozen=True)
class PortraitsPerEdit:
    """How many eligible portraits of each edit a method does.

    ``each``, or ``searched`` for a method that searches every time.
    """

    each: int
    searched: int

    def of(self, method: str) -> int:
        """Return the number for one method."""
        return min(self.each, self.searched) if method in SEARCHES else self.each


def measure(
    unseen: UploadSet, cases: Sequence[EditCase], methods: Sequence[str], counts: PortraitsPerEdit, out: Path
) -> Iterator[Row]:
    """Measure what is not in ``out`` yet, and yield each row.

    Every edit is done on one portrait before any is done on two, so that an interrupted comparison has few
    portraits rather than few edits.
    """
    path = out / "rows.jsonl"
    done = {row.key for row in read_rows(path)}
    for place, case, number in _edits(unseen, cases, counts.each):
        for method in methods:
            if place >= counts.of(method) or (method, case.prompt, number) in done:
                continue
            row, picture = measure_row(unseen, case, method, number)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(row)) + "\n")
            if place < TILES:
                before = unseen.items[number].pixels
                for name, pixels in ((method, picture), ("before", before)):
                    Image.fromarray(pixels).save(tile(out, name, case.prompt, place))
            yield row


def _edits(unseen: UploadSet, cases: Sequence[EditCase], each: int) -> Iterator[tuple[int, EditCase, int]]:
    """Yield place, case and portrait of every edit."""
    eligible = [
        np.flatnonzero(classifier_metrics.eligible(unseen.predictions, unseen.labels, case))[:each]
        for case in cases
    ]
    for place in range(each):
        for case, numbers in zip(cases, eligible, strict=True):
            if place < len(numbers):
                yield place, case, int(numbers[place])


def tile(out: Path, method: str, prompt: str, place: int) -> Path:
    """Return the path of one picture for the contact sheets."""
    folder = out / "tiles"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{prompt.replace(' ', '-')}.{method}.{place}.png"


def contact_sheets(out: Path, rows: Sequence[Row]) -> None:
    """Write a sheet for each edit to ``out``: a row for each portrait, a column for each method."""
    methods = ["before", *dict.fromkeys(row.method for row in rows)]
    for prompt in dict.fromkeys(row.prompt for row in rows):
        paths = [[tile(out, name, prompt, place) for name in methods] for place in range(TILES)]
        paths = [line for line in paths if line[0].exists()]
        if not paths:
            continue
        side = Image.open(paths[0][0]).width
        sheet = Image.new("RGB", (side * len(methods), side * len(paths)), "white")
        for y, line in enumerate(paths):
            for x, path in enumerate(line):
                if path.exists():
                    sheet.paste(Image.open(path), (side * x, side * y))
        sheet.save(out / f"{prompt.replace(' ', '-')}.png")


def measure_row(unseen: UploadSet, case: EditCase, method: str, number: int) -> tuple[Row, np.ndarray]:
    """Return one row, and the picture uint8 [H, W, 3] at strength 1."""
    tested, upload = unseen.tested, unseen.items[number]
    layers, effect, seconds = _find(tested, upload, case.prompt, method)
    pictures = [uploads.edit_at(tested.engine, upload, layers, strength) for strength in STRENGTHS]
    before, labels = unseen.rows(np.array([number]))
    predictions = uploads.predict(tested.classifier, pictures)
    after = [uploads.selected(predictions, np.array([place])) for place in range(len(pictures))]
    changes = [
        classifier_metrics.collateral(tested.domain, before, found, labels, case, tested.scored)
        for found in after
    ]
    unchanged = {name: not bool(value[0]) for name, value in changes[AT_ONE].items()}
    without = uploads.edit_at(tested.engine, upload, layers, 0.0)
    row = Row(
        method=method,
        used=effect.method or "none",
        prompt=case.prompt,
        upload=number,
        success=[bool(classifier_metrics.succeeded(before, found, case)[0]) for found in after],
        collateral=[int(sum(value[0] for value in change.values())) for change in changes],
        score=[round(float(classifier_metrics.score(found, case)[0]), 4) for found in after],
        identity=_share(unchanged, IDENTITY),
        geometry=_share(unchanged, GEOMETRY),
        gain=effect.gain,
        verdict=effect.verdict,
        seconds=round(seconds, 3),
        undone=np.array_equal(without, decode(upload.picture).pixels),
    )
    return row, pictures[AT_ONE]


def _find(
    tested: EvaluatedBundle, upload: Upload, prompt: str, method: str
) -> tuple[tuple[Adjustment, ...], Effect, float]:
    """Return the adjustments, the effect and the seconds that they took."""
    change = Change(prompt=prompt)
    if method == CHOSEN:
        begun = perf_counter()
        result = uploads.edit(tested.engine, upload, [change])
        return result.adjustments, result.effects[0], perf_counter() - begun
    names: tuple[MethodName, ...] = (method,)  # type: ignore[assignment]
    request = CompareRequest(picture=upload.picture, inversion=upload.inversion, change=change, methods=names)
    row = run_job(tested.engine, request, CompareResult).rows[0]
    return row.adjustments, row.effect, row.milliseconds / 1000


def _share(unchanged: dict[str, bool], names: Sequence[str]) -> float:
    """Return the share of the named attributes that are unchanged."""
    kept = [unchanged[name] for name in names if name in unchanged]
    return round(float(np.mean(kept)), 4) if kept else 1.0
