"""Gain against time of the published loop and of ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from editor.api.protocol import InvertResult
from editor.bundle.bundle import Bundle
from editor.editing.methods import published_optimization as published
from editor.lab.benchmarks import document, loops


def test_both_loops_are_looked_at_step_by_step(
    avatar: Bundle, sample: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "STEPS", 30)
    inverted = sample(1)  # type: ignore[operator]
    assert isinstance(inverted, InvertResult)
    found = loops.curves(avatar, inverted.inversion, ("pink hair",))["pink hair"]
    assert list(found) == ["theirs", "ours"]
    assert len(found["theirs"]) == 30
    for points in found.values():
        seconds = [point[0] for point in points]
        assert seconds == sorted(seconds)
        assert max(gain for _, gain, _ in points) > points[0][1] + 1


def test_rows_have_the_last_point_of_each_moment(tmp_path: Path) -> None:
    first, last = (1.0, 2.0, 0.5), (7.5, 6.0, 1.5)
    curves = {"glasses": {"theirs": [first, last], "ours": [(3.0, 1.0, 0.0)]}}
    theirs, ours = loops.rows(curves)
    assert theirs["then"] == [[2.0, 0.5], [2.0, 0.5], [6.0, 1.5], [6.0, 1.5]]
    assert (ours["seconds"], ours["then"]) == (3.0, [[1.0, 0.0]] * 4)
    text = document._loops(curves, tmp_path)
    assert "| glasses | theirs | 7.5 | 2.0 / 0.5 | 2.0 / 0.5 | 6.0 / 1.5 | 6.0 / 1.5 |" in text
    assert (tmp_path / "loops.png").stat().st_size > 1000
