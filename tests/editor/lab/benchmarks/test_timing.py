"""Alternating rounds, and the queue with many users."""

from __future__ import annotations

from editor.lab.benchmarks.growth import measure_queue
from editor.lab.benchmarks.timing import alternating


def test_works_alternate_and_the_first_round_does_not_count() -> None:
    done: list[str] = []
    found = alternating({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, 3)
    assert done == ["a", "b"] * 4
    assert found.keys() == {"a", "b", "rounds", "ratio"}
    assert found["rounds"] == 3
    assert "ratio" not in alternating({"a": lambda: None}, 1)


def test_the_queue_is_measured_for_every_number_of_users() -> None:
    assert [at for at, _ in measure_queue((5, 10))] == [5, 10]
