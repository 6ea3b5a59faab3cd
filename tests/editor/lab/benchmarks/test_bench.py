"""``python -m editor bench``: every benchmark gives figures, with small networks on a CPU."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from bot import samples
from editor.__main__ import main
from editor.editing.engine import Engine
from editor.lab.benchmarks import bench, throughput
from editor.lab.benchmarks.conversation import Setup
from editor.lab.benchmarks.throughput import figure

SMALL = ["bench", "--gpu", "--device", "cpu", "--pixels", "32", "--rounds", "1", "--follow-ups", "2"]


def test_each_part_gives_figures_with_random_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(throughput, "BATCHES", (2,))
    monkeypatch.setattr(throughput, "USERS", 2)
    assert main([*SMALL, "--save", str(tmp_path / "gpu.json"), "--json"]) == 0
    found = json.loads((tmp_path / "gpu.json").read_text())
    assert json.loads(capsys.readouterr().out) == found | {"against": []}
    assert not found["failed"]
    assert found["conversation"]["follow_up"]["p50"] > 0
    for part in ("edits", "users"):
        assert found[part]
        assert all(row["value"] >= 0 and "met" not in row for row in found[part]), "targets are for a GPU"


def test_a_part_that_fails_leaves_the_others_and_is_named(
    avatars: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(setup: Setup) -> None:
        raise RuntimeError("no such kernel")

    monkeypatch.setitem(bench.CASES, "growth", fails)
    monkeypatch.setitem(bench.CASES, "users", lambda setup: [figure("one", 1.0, "jobs/s")])
    found = bench.run(["growth", "users"], avatars, samples.path_of(1), "avatar", (2, 1))
    assert found["failed"] == {"growth": "RuntimeError: no such kernel"}
    assert found["users"]
    assert found["conversation"]["bundle"] == "avatar"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--gpu"]) == 2
    assert "There is no GPU here" in capsys.readouterr().err


def test_list_options_take_several_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--follow-ups", "x", "--resolutions", "64", "128", "--against", "a", "b"]) == 2
    assert "'--follow-ups'" in capsys.readouterr().err, "the further values are no mistake"


def test_targets_are_bounds_from_above_or_for_rates_from_below() -> None:
    assert figure("one", 14.0, "ms", 15.0)["met"]
    assert not figure("one", 16.0, "ms", 15.0)["met"]
    assert figure("many", 160.0, "edits/s", 150.0)["met"]
    assert not figure("many", 140.0, "edits/s", 150.0)["met"]
