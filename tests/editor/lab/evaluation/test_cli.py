"""``python -m editor evaluate``: figures of edits, contact sheets, and one JSON object."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)

from editor.lab.evaluation import cli

LINE = '{"prompt": "green background", "attribute": "background_color", "value": "green"}\n'


def test_success_and_collateral_of_each_edit_with_a_contact_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "edits.jsonl").write_text(LINE)
    options = [
        "--bundle",
        "avatar",
        "--wishes",
        str(tmp_path / "edits.jsonl"),
        "--out",
        str(tmp_path / "out"),
    ]
    assert cli.main([*options, "--portraits", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["success"] == report["wishes"][0]["success"] == 1.0
    assert report["collateral"] >= 0
    assert (tmp_path / "out" / "green-background.png").exists()
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report


def test_an_unknown_bundle_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--bundle", "plants"]) == 2
    assert "There is no bundle 'plants'" in capsys.readouterr().err


def test_old_names_of_options_still_work() -> None:
    old = cli.arguments().parse_args(["--routes", "3", "--others", "2", "--refusals", "--in-a-row"])
    new = ["--model-selection", "3", "--out-of-domain", "2", "--rejection", "--sequential"]
    assert old == cli.arguments().parse_args(new)
