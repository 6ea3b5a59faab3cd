"""The documented bounds of memory, each measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def measured(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "editor.lab.benchmarks.memory", *arguments]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout
    )
    return found


def test_a_photo_of_50_megapixels_takes_less_than_2_gb() -> None:
    found = measured("photo", "--megapixels", "49.9")
    assert found["size"][0] * found["size"][1] > 49_000_000
    assert max(stage["peak_gb"] for stage in found["stages"].values()) < 2


def test_inversion_with_a_tuning_and_edits_with_it_in_ffhqs_layout_take_less_than_6_gb() -> None:
    found = measured("ffhq", "--steps", "2", "--quality", "best")
    assert found["quality"] == "best"
    assert {"refine", "tune"} < set(found["stages"])
    assert all(found["stages"][search]["seconds_a_step"] > 0 for search in ("refine", "tune"))
    assert max(stage["peak_gb"] for stage in found["stages"].values()) < 6


def test_latent_optimization_in_ffhqs_layout_takes_less_than_6_gb() -> None:
    found = measured("ffhq", "--steps", "1")
    assert set(found["stages"]) == {"load", "refine", "invert", "edit", "optimize"}
    assert max(stage["peak_gb"] for stage in found["stages"].values()) < 6
