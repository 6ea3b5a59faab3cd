"""Edits that people grade, and how well automatic figures agree with their grades.

``write`` edits portraits drawn at the size that a user sees, and stores a picture for each edit, before and
after, with the request but without the bot's words, in random order. Viewers fill in ``grades.csv``. ``read``
takes the grades back.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from editor.api.protocol import Change, InvertRequest, InvertResult
from editor.imaging.encode import png
from editor.imaging.windows import dilate
from editor.inversion.domain_check import measure_likeness
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.uploads import EvaluatedBundle, Upload
from editor.lab.running import run_job
from editor.lab.training import counterfactual, data
from editor.lab.training.domain import Pole
from editor.lab.training.portraits import Portraits

SIZE, CAPTION = 512, 28
GRADES = ("well", "soft", "artefact", "wrong")
"""From best to worst."""
VISIBLE = 0.25
"""Change of a pixel, in [-1, 1], that belongs to the edit."""
FIGURES = ("sharpness", "remains", "naturalness", "gain", "success")


@dataclass(frozen=True)
class Look:
    """One edit to be graded, with its automatic figures.

    Attributes:
        sharpness: Sharpness of the changed parts against a drawing of the same edit, 1 for as sharp.
        remains: Share of the pixels that should have changed which are nearer to the old picture.
        naturalness: PSNR (dB) of the encoder's reconstruction of the edited picture; needs no labels.
        gain: The text-image model's gain over the standard gain; needs no labels.
        success: Whether the attribute classifier sees the expected result.
    """

    number: int
    prompt: str
    verdict: str
    sharpness: float | None
    remains: float | None
    naturalness: float
    gain: float
    success: bool


def write(tested: EvaluatedBundle, cases: Sequence[EditCase], folder: Path, edits: int, seed: int) -> None:
    """Edit as many portraits of their own, and write the pictures and an empty sheet of grades."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, looks = np.random.default_rng(seed), []
    order = np.concatenate([rng.permutation(len(cases)) for _ in range(-(-edits // len(cases)))])
    for number, chosen in enumerate(order[:edits], start=1):
        case = cases[chosen]
        portrait = _portrait(tested, case, seed + number)
        look, before, after = _edited(tested, case, portrait, number)
        _save(before, after, f"{number}: {case.prompt}", folder / f"{number:03d}.png")
        looks.append(look)
    (folder / "figures.json").write_text(
        json.dumps([asdict(look) for look in looks], indent=1) + "\n", "utf-8"
    )
    with (folder / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "request", "grade"])
        rows.writerows([look.number, look.prompt, ""] for look in looks)


def _portrait(tested: EvaluatedBundle, case: EditCase, seed: int) -> Portraits:
    """Draw a portrait on which the edit makes sense."""
    portraits = tested.domain.portraits.sample(32, seed)
    seen = uploads.predict(tested.classifier, tested.domain.render(portraits, 128))
    fits = np.flatnonzero(classifier_metrics.eligible(seen, portraits.labels(), case))
    return portraits[np.array([fits[0] if len(fits) else 0])]


def _edited(
    tested: EvaluatedBundle, case: EditCase, portrait: Portraits, number: int
) -> tuple[Look, np.ndarray, np.ndarray]:
    before = tested.domain.render(portrait, SIZE)[0]
    request = InvertRequest(bundle=tested.name, picture=png(before).data, quality="standard")
    inversion = run_job(tested.engine, request, InvertResult).inversion
    upload = Upload(request.picture, before, inversion)
    result = uploads.edit(tested.engine, upload, [Change(prompt=case.prompt, method=tested.method)])
    after, effect = uploads.pixels_of(result), result.effects[0]
    pole = Pole(case.attribute, case.value, case.direction >= 0)
    wanted = tested.domain.render(counterfactual.moved(portrait, pole), SIZE)[0]
    small = [_shrunk(picture) for picture in (before, after)]
    seen = [uploads.predict(tested.classifier, [picture]) for picture in small]
    hit = bool(classifier_metrics.succeeded(seen[0], seen[1], case)[0])
    gain = effect.gain / tested.bundle.thresholds.standard_gain
    look = Look(
        number,
        case.prompt,
        effect.verdict,
        sharpness(before, after, wanted),
        remains(before, after, wanted),
        round(_naturalness(tested, small[1]), 2),
        round(gain, 3),
        hit,
    )
    return look, before, after


def _shrunk(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((128, 128), Image.Resampling.BOX))


@torch.no_grad()
def _naturalness(tested: EvaluatedBundle, picture: np.ndarray) -> float:
    bundle, square = tested.bundle, data.to_tensor(picture[None])
    reconstruction = bundle.reconstruct(bundle.encoder(square)[0])[0]
    return measure_likeness(bundle, square[0], reconstruction).psnr


def _floats(*pictures: np.ndarray) -> list[Tensor]:
    return [data.to_tensor(picture[None])[0] for picture in pictures]


def sharpness(before: np.ndarray, after: np.ndarray, wanted: np.ndarray) -> float | None:
    """Compare the steps between pixels where an edit changed a picture with those of the drawing, up to 1.

    A step spread over k pixels counts 1 / sqrt(k) of one that is not. None if the edit changed nothing.
    """
    old, made, drawn = _floats(before, after, wanted)
    changed = ((made - old).abs().amax(0) > VISIBLE)[None, None].float()
    if not bool(changed.any()):
        return None
    area = dilate(changed, 2)[0, 0, :-1, :-1]
    energies = [
        float(((x.diff(dim=2)[:, :-1].square() + x.diff(dim=1)[:, :, :-1].square()).amax(0) * area).sum())
        for x in (made, drawn)
    ]
    return round(min(1.0, (energies[0] / max(energies[1], 1e-6)) ** 0.5), 3)


def remains(before: np.ndarray, after: np.ndarray, wanted: np.ndarray) -> float | None:
    """Return the share of what should have changed that is nearer to the old picture; None if nothing
    should.
    """
    old, made, drawn = _floats(before, after, wanted)
    should = (drawn - old).abs().amax(0) > VISIBLE
    if not bool(should.any()):
        return None
    nearer = (made - old).abs().amax(0) < (made - drawn).abs().amax(0)
    return round(float(nearer[should].float().mean()), 3)


def _save(before: np.ndarray, after: np.ndarray, caption: str, path: Path) -> None:
    sheet = Image.new("RGB", (2 * SIZE, SIZE + CAPTION), "white")
    for column, pixels in enumerate((before, after)):
        sheet.paste(Image.fromarray(pixels), (column * SIZE, CAPTION))
    ImageDraw.Draw(sheet).text((6, 5), caption, fill="black", font_size=18)
    sheet.save(path)


def graded_sheets(folder: Path) -> list[Path]:
    """Return the sheets of a folder that hold grades: one for each viewer."""
    return [path for path in sorted(folder.glob("grades*.csv")) if any(row["grade"] for row in _rows(path))]


def read(folder: Path) -> dict[str, Any]:
    """Return the shares of grades, and the rank correlation of each figure with them.

    Reads every graded ``grades*.csv`` of the folder, one for each viewer; the mean grade of an edit counts.

    Raises:
        ValueError: A grade is missing or unknown.
    """
    from scipy.stats import spearmanr

    looks = [Look(**row) for row in json.loads((folder / "figures.json").read_text(encoding="utf-8"))]
    viewers = [_grades(path, len(looks)) for path in graded_sheets(folder)]
    places = np.array([[GRADES.index(grade) for grade in viewer] for viewer in viewers])
    counts, total = Counter(grade for viewer in viewers for grade in viewer), places.size
    poor = (places >= GRADES.index("artefact")).mean(0) >= 0.5
    done = np.array([look.verdict == "done" for look in looks])
    agreement: dict[str, float | None] = {}
    for name in FIGURES:
        values = np.array([getattr(look, name) for look in looks], float)
        known = ~np.isnan(values)
        varies = len(set(values[known])) > 1
        ranks = spearmanr(values[known], -places.mean(0)[known]).statistic if varies else None
        agreement[name] = None if ranks is None else round(float(ranks), 3)
    report: dict[str, Any] = {
        "edits": len(looks),
        "viewers": len(viewers),
        "grades": {grade: round(counts[grade] / total, 3) for grade in GRADES},
        "done_but_poor": round(float((done & poor).mean()), 3),
        "agreement": agreement,
    }
    if len(viewers) > 1:
        report["same_grade"] = round(float((places[0] == places[1]).mean()), 3)
    return report


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _grades(path: Path, count: int) -> list[str]:
    grades = {int(row["number"]): row["grade"].strip() for row in _rows(path)}
    for number in range(1, count + 1):
        if grades.get(number) not in GRADES:
            raise ValueError(f"edit {number} in {path.name} needs a grade: {', '.join(GRADES)}")
    return [grades[number] for number in range(1, count + 1)]
