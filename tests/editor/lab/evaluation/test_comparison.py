"""Rows of a comparison, their figures and contact sheets."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)
pytest.importorskip("scipy", reason="no statistics library here")

from PIL import Image

from editor.editing.engine import Engine
from editor.lab.evaluation import comparison
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.comparison import (
    bootstrap,
    comparable,
    contact_sheets,
    curve_of,
    lead,
    measure_all,
    read_rows,
    report,
    success_at,
    summaries,
    tile,
)
from editor.lab.evaluation.single_edits import CHOSEN, STRENGTHS, Row
from editor.lab.evaluation.uploads import EvaluatedBundle, UploadSet
from editor.lab.training import domains

NOTHING = {"mean": 0.0, "low": 0.0, "high": 0.0}
AVATARS = domains.named("avatars")


def row(method: str, upload: int = 0, success: int = 3, collateral: int = 1, prompt: str = "a hat") -> Row:
    """Succeeds at the last ``success`` strengths; each costs ``collateral`` more than the one before."""
    return Row(
        method=method,
        used=method,
        prompt=prompt,
        upload=upload,
        gain=5.0,
        verdict="done",
        undone=True,
        seconds=0.5,
        success=[place >= len(STRENGTHS) - success for place in range(len(STRENGTHS))],
        score=[0.1, 0.3, 0.6, 0.8, 0.9],
        collateral=[collateral * place for place in range(len(STRENGTHS))],
        identity=1.0,
        geometry=0.8,
    )


def test_success_at_equal_collateral_lies_on_the_curve() -> None:
    curve = [(0.1, 0.4), (0.3, 0.8), (0.9, 0.9)]
    assert success_at(curve, 0.3) == pytest.approx(0.8)
    assert success_at(curve, 0.6) == pytest.approx(0.85)
    assert success_at(curve, 5) == 0.9
    assert success_at([(1.0, 1.0)], 0.5) == 0.5  # on the way from nothing


def test_a_curve_that_falls_counts_by_its_best() -> None:
    assert success_at([(0.1, 0.7), (0.2, 0.5)], 0.4) == 0.7


def test_intervals_hold_the_mean_and_are_wide_where_portraits_differ() -> None:
    alike = [row("mapper", upload) for upload in range(8)]
    differing = [row("mapper", upload, success=5 * (upload % 2)) for upload in range(8)]
    for rows, width in ((alike, 0.0), (differing, 0.4)):
        figure = bootstrap(rows, lambda some: float(np.mean([one.success[2] for one in some])))
        assert figure["low"] <= figure["mean"] <= figure["high"]
        assert figure["high"] - figure["low"] >= width
    assert bootstrap(alike, lambda some: 1.0)["low"] == 1.0


def test_only_edits_of_every_method_are_compared() -> None:
    rows = [row("mapper", 0), row("mapper", 1), row("direction", 1), row("direction", 1, prompt="glasses")]
    assert {(one.method, one.upload, one.prompt) for one in comparable(rows)} == {
        ("mapper", 1, "a hat"),
        ("direction", 1, "a hat"),
    }


def test_a_search_is_compared_on_its_own_edits_only() -> None:
    rows = [row(name, upload) for name in ("mapper", "direction") for upload in range(4)]
    rows += [row("tedigan", upload) for upload in range(2)] + [row("optimization", 1)]
    counts = [
        len([one for one in comparable(rows) if one.method == name])
        for name in ("mapper", "direction", "tedigan", "optimization")
    ]
    assert counts == [4, 4, 1, 1]


def test_a_lead_is_certain_where_every_portrait_shows_it() -> None:
    rows = [
        row(name, upload, success, 0)
        for upload in range(6)
        for name, success in (("mapper", 5), ("direction", 1), ("stylespace", 5 * (upload % 2)))
    ]
    assert lead(rows, "mapper", "mapper") == NOTHING
    assert lead(rows, "mapper", "stylespace")["low"] >= 0
    assert lead(rows, "stylespace", "mapper")["mean"] == pytest.approx(-0.5)
    certain = lead(rows, "stylespace", "direction")
    assert certain["low"] < certain["mean"] < certain["high"]


def test_methods_are_ordered_by_what_they_reach_at_equal_collateral() -> None:
    rows = [
        row(name, upload, success, collateral)
        for upload in range(4)
        for name, success, collateral in (("mapper", 5, 0), ("direction", 0, 0), ("styleclip", 5, 3))
    ]
    found = summaries(rows)
    assert [one["method"] for one in found] == ["mapper", "styleclip", "direction"]
    assert curve_of(rows[:1]) == found[0]["curve"]
    assert found[0]["grows"] == 1.0


def test_every_method_is_a_row_of_the_report_and_a_column_of_each_sheet(tmp_path: Path) -> None:
    rows = [row(name, upload) for upload in range(3) for name in (CHOSEN, "mapper", "ganspace")]
    for name in ("before", CHOSEN, "mapper", "ganspace"):
        Image.new("RGB", (32, 32), "red").save(tile(tmp_path, name, "a hat", 0))
    contact_sheets(tmp_path, rows)
    with Image.open(tmp_path / "a-hat.png") as sheet:
        assert sheet.size == (4 * 32, 32)
    lines = [json.dumps(asdict(one)) + "\n" for one in rows]
    (tmp_path / "rows.jsonl").write_text("".join(lines))
    found = report(tmp_path)
    assert [one["rows"] for one in found["methods"]] == [3, 3, 3]
    assert found["lead_of_choice"] == {"mapper": NOTHING, "ganspace": NOTHING}
    (tmp_path / "rows.jsonl").write_text("".join(line for line in lines if CHOSEN not in line))
    assert report(tmp_path)["lead_of_choice"] == {}


def test_a_comparison_continues_where_it_was(avatars: Engine, tmp_path: Path) -> None:
    from editor.bundle.manifest import EMBEDDED

    tested = EvaluatedBundle.of(avatars, "avatar", EMBEDDED / "avatar")
    unseen = UploadSet.make(tested, 2, 5)
    case = EditCase.from_json(
        {"prompt": "green background", "attribute": "background_color", "value": "green"}, AVATARS.attributes
    )
    first = list(measure_all(unseen, [case], ["mapper"], (1, 0), tmp_path))
    assert len(first) == 1
    assert first[0].undone
    assert first[0].used == "mapper"
    again = list(measure_all(unseen, [case], ["mapper", CHOSEN, "tedigan"], (1, 0), tmp_path))
    assert [one.method for one in again] == [CHOSEN]
    assert read_rows(tmp_path) == [*first, *again]
    assert tile(tmp_path, CHOSEN, case.prompt, 0).exists()
    assert set(comparison.offered(tested)) > {CHOSEN, "mapper", "tedigan"}
    assert comparison.summarise("mapper", first)["rows"] == 1
