"""Gain against time of the published loop and of ours."""

from __future__ import annotations

import pytest

from editor.api.protocol import InvertResult
from editor.bundle.bundle import Bundle
from editor.editing.methods import published_optimization as published
from editor.lab.benchmarks import optimization_curves


def test_both_loops_are_looked_at_step_by_step(
    avatar: Bundle, sample: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published, "STEPS", 30)
    inverted = sample(1)  # type: ignore[operator]
    assert isinstance(inverted, InvertResult)
    found = optimization_curves.curves(avatar, inverted.inversion, ("pink hair",))["pink hair"]
    assert list(found) == ["theirs", "ours"]
    assert len(found["theirs"]) == 30
    for points in found.values():
        seconds = [point[0] for point in points]
        assert seconds == sorted(seconds)
        assert max(gain for _, gain, _ in points) > points[0][1] + 1


def test_rows_have_the_last_point_of_each_moment() -> None:
    first, last = (1.0, 2.0, 0.5), (7.5, 6.0, 1.5)
    curves = {"glasses": {"theirs": [first, last], "ours": [(3.0, 1.0, 0.0)]}}
    theirs, ours = optimization_curves.rows(curves)
    moments = ("after 2 s", "after 5 s", "after 10 s", "at the end")
    assert [theirs[moment] for moment in moments] == [[2.0, 0.5], [2.0, 0.5], [6.0, 1.5], [6.0, 1.5]]
    assert [ours[moment] for moment in moments] == [[1.0, 0.0]] * 4
    assert ours["seconds"] == 3.0
