"""Many users at once: who counts as overtaken, and a small crowd at a real editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot import samples
from editor.lab.benchmarks import load_test
from editor.lab.benchmarks.load_test import Ask, overtaken
from editor.serving.priorities import Priority


def ask(user: str, asked: float, started: float | None, lane: Priority = Priority.RENDERS) -> Ask:
    return Ask(
        f"{user}{asked}",
        user,
        "follow-up",
        lane,
        asked,
        started,
        None if started is None else started + 0.1,
        "done",
    )


def test_whoever_asked_before_and_is_served_after_two_of_one_user_was_overtaken() -> None:
    waiting = ask("ann", 0, 10)
    assert overtaken([waiting, ask("bob", 1, 2), ask("bob", 3, 4)]) == 1
    assert overtaken([waiting, ask("bob", 1, 2), ask("cid", 3, 4)]) == 0
    assert overtaken([waiting, ask("bob", 1, 2), ask("bob", 3, 12)]) == 0
    assert overtaken([waiting, ask("bob", 1, 2), ask("bob", 3, 4, Priority.SEARCHES)]) == 0
    assert overtaken([ask("ann", 0, None), ask("bob", 1, 2), ask("bob", 3, 4)]) == 1


@pytest.mark.slow
def test_a_small_crowd_is_served_and_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = tmp_path / "load.md"
    options = ["--users", "4", "--seconds", "8", "--pause", "1", "--to", str(document)]
    assert load_test.main([str(samples.path_of(2)), *options]) == 0
    printed = capsys.readouterr().out
    assert "served_twice_while_another_waits: 0" in printed
    assert "failed: {}" in printed
    text = document.read_text()
    assert (
        f"python -m editor load {samples.path_of(2)} --bundle avatar --users 4 --seconds 8 --pause 1" in text
    )
    asked, done = next(line for line in text.splitlines() if line.startswith("| follow-up |")).split("|")[2:4]
    assert int(asked) == int(done) > 0
