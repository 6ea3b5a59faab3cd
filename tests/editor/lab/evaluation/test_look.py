"""Edits that people grade."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from editor.lab.evaluation import look

ROWS = (("red hair", "done", 0.9, "well"), ("a hat", "done", 0.5, "soft"), ("old", "done", 0.2, "wrong"))


@pytest.fixture
def graded(tmp_path: Path) -> Path:
    """A folder with three graded edits."""
    looks = [
        {
            "number": number,
            "prompt": prompt,
            "verdict": verdict,
            "sharpness": sharpness,
            "remains": None if number == 1 else 1 - sharpness,
            "naturalness": 20.0,
            "gain": sharpness,
            "success": True,
        }
        for number, (prompt, verdict, sharpness, _) in enumerate(ROWS, start=1)
    ]
    (tmp_path / "figures.json").write_text(json.dumps(looks), encoding="utf-8")
    with (tmp_path / "grades.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["number", "request", "grade"])
        rows.writerows([number, prompt, grade] for number, (prompt, _, _, grade) in enumerate(ROWS, 1))
    return tmp_path


def test_grades_are_counted_and_compared_with_the_figures(graded: Path) -> None:
    report = look.read(graded)
    assert report["grades"] == {"well": 0.333, "soft": 0.333, "artefact": 0.0, "wrong": 0.333}
    assert report["done_but_poor"] == pytest.approx(0.333)
    assert report["agreement"]["sharpness"] == 1.0
    assert report["agreement"]["naturalness"] is None  # it is the same for all


def test_a_missing_grade_is_named(graded: Path) -> None:
    path = graded / "grades.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("soft", ""), encoding="utf-8")
    with pytest.raises(ValueError, match=r"edit 2 in grades\.csv needs a grade: well, soft"):
        look.read(graded)


def test_sharpness_and_remains_compare_with_a_drawing_of_the_same() -> None:
    before = np.full((512, 512, 3), 200, np.uint8)
    wanted = before.copy()
    wanted[100:300, 100:300] = (20, 20, 120)
    blurred = np.asarray(
        Image.fromarray(wanted).resize((64, 64)).resize((512, 512), Image.Resampling.BILINEAR)
    )
    assert look.sharpness(before, wanted, wanted) == 1.0
    soft = look.sharpness(before, blurred, wanted)
    assert soft is not None
    assert soft < 0.6
    assert look.remains(before, wanted, wanted) == 0.0
    assert look.remains(before, before, wanted) == 1.0
    assert look.sharpness(before, before, wanted) is None
