"""The GPU's benchmark, with small networks on a CPU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from editor.lab.benchmarks import cli
from editor.lab.benchmarks.gpu import cli as gpu
from editor.lab.benchmarks.gpu import edits, searches
from editor.lab.benchmarks.gpu.bench import Bench
from editor.lab.benchmarks.gpu.report import Figure, Report

SMALL = ["--gpu", "--device", "cpu", "--pixels", "32", "--rounds", "1"]


def test_every_part_but_the_embedded_bundle_gives_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(edits, "ARITHMETICS", (edits.AS_RUN,))
    monkeypatch.setattr(edits, "ALTERNATIVES", ())
    monkeypatch.setattr(edits, "BATCHES", (2,))
    monkeypatch.setattr(searches, "STEPS", 2)
    parts = [part for part in gpu.PARTS if part not in ("avatar", "graph")]
    assert cli.main([*SMALL, "--save", str(tmp_path / "gpu.json"), "--parts", *parts]) == 0
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert not found["failed"]
    assert {figure["part"] for figure in found["figures"]} == {
        "edit",
        "optimization",
        "directions",
        "mapper",
        "jobs",
    }
    assert all(
        figure["value"] >= 0 and figure["met"] is None for figure in found["figures"]
    )  # targets hold on a GPU only


def test_a_part_that_fails_leaves_the_others_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("transformers")

    def fails(bench: Bench) -> None:
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(searches, "search", fails)
    monkeypatch.setattr(searches, "STEPS", 2)
    assert cli.main([*SMALL, "--save", str(tmp_path / "gpu.json"), "--parts", "optimization", "mapper"]) == 0
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert found["failed"] == {"optimization": "RuntimeError: no such kernel"}
    assert found["figures"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--gpu"]) == 2
    assert "There is no GPU here" in capsys.readouterr().err


def test_targets_are_bounds_from_above_or_below() -> None:
    assert Figure("edit", "one", 14.0, "ms", 15.0).met
    assert not Figure("edit", "one", 16.0, "ms", 15.0).met
    assert Figure("edit", "many", 160.0, "edits/s", 150.0, True).met
    assert not Figure("edit", "many", 140.0, "edits/s", 150.0, True).met
    assert Report({}).as_dict()["figures"] == []
