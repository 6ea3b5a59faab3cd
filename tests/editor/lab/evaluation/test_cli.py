"""``python -m editor evaluate``: figures of edits, contact sheets, and one JSON object."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)

from editor.__main__ import main

LINE = '{"prompt": "green background", "attribute": "background_color", "value": "green"}\n'


def test_success_and_collateral_of_each_edit_with_a_contact_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "edits.jsonl").write_text(LINE)
    files = ["--wishes", str(tmp_path / "edits.jsonl"), "--out", str(tmp_path / "out")]
    options = ["evaluate", "--bundle", "avatar", *files]
    assert main([*options, "--portraits", "2", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["success"] == report["wishes"][0]["success"] == 1.0
    assert report["collateral"] >= 0
    assert (tmp_path / "out" / "green-background.png").exists()
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report


def test_an_unknown_bundle_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--bundle", "plants"]) == 2
    assert "There is no bundle 'plants'" in capsys.readouterr().err


def test_old_names_of_options_still_work_and_a_file_may_be_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.jsonl").write_text(LINE)
    (tmp_path / "refusals.jsonl").write_text('{"prompt": "a car", "impossible": true}\n')
    for rejection, sequential in (("--refusals", "--in-a-row"), ("--rejection", "--sequential")):
        files = [rejection, str(tmp_path / "refusals.jsonl"), sequential, str(tmp_path / "one.jsonl")]
        assert main(["evaluate", *files, "--portraits", "1", "--json"]) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["rejection"]["impossible"]["refused"] == 1.0
        assert report["sequential_edits"]["portraits"] == 1
    assert main(["evaluate", "--in-a-row", "--portraits", "no"]) == 2
    assert "'--portraits'" in capsys.readouterr().err
