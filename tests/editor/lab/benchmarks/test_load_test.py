"""Load test: unfair orders are counted, and a few users at a real editor are served."""

from __future__ import annotations

import json

import pytest

from bot import samples
from editor.__main__ import main
from editor.lab.benchmarks.load_test import UserJob, overtaken
from editor.serving.priorities import Priority


def job(user: str, asked: float, started: float | None, priority: Priority = Priority.RENDERS) -> UserJob:
    return UserJob(
        user,
        "follow-up",
        priority,
        asked,
        started,
        None if started is None else started + 0.1,
        "done",
    )


def test_a_user_who_waits_while_another_is_served_twice_was_overtaken() -> None:
    waiting = job("ann", 0, 10)
    assert overtaken([waiting, job("bob", 1, 2), job("bob", 3, 4)]) == 1
    assert overtaken([waiting, job("bob", 1, 2), job("cid", 3, 4)]) == 0
    assert overtaken([waiting, job("bob", 1, 2), job("bob", 3, 12)]) == 0
    assert overtaken([waiting, job("bob", 1, 2), job("bob", 3, 4, Priority.SEARCHES)]) == 0
    assert overtaken([waiting, job("bob", 1, 2), job("bob", 3, 4), job("cid", 2, 5)]) == 1
    assert overtaken([job("ann", 2.5, 9.0), job("bob", 1, 2), job("bob", 3, 4)]) == 0
    assert overtaken([job("ann", 0, None), job("bob", 1, 2), job("bob", 3, 4)]) == 1


@pytest.mark.slow
def test_a_small_load_test_serves_every_user(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--users", "4", "--seconds", "8", "--pause", "1", "--json"]
    assert main(["load", str(samples.path_of(2)), *options]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["served_twice_while_another_waits"] == 0
    assert report["failed"] == {}
    assert report["follow-up"]["asked"] == report["follow-up"]["done"] > 0
