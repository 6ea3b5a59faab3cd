"""What a benchmark makes of its rounds, and of users under load."""

from __future__ import annotations

from pathlib import Path

from editor.lab.benchmarks.document import write
from editor.lab.benchmarks.growth import of_queue
from editor.lab.benchmarks.load_test import Ask, overtaken
from editor.lab.benchmarks.timing import alternating
from editor.serving.priorities import Priority


def test_works_alternate_and_the_first_round_does_not_count() -> None:
    done: list[str] = []
    found = alternating({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, 3)
    assert done == ["a", "b"] * 4
    assert set(found.timings) == {"a", "b"}
    assert found.ratio is not None
    assert alternating({"a": lambda: None}, 1).ratio is None


def test_the_queue_is_measured_for_every_number_of_users() -> None:
    assert [at for at, _ in of_queue((5, 10))] == [5, 10]


def ask(user: str, asked: float, started: float | None) -> Ask:
    return Ask(
        f"{user}{asked}",
        user,
        "follow-up",
        Priority.RENDERS,
        asked,
        started,
        None if started is None else started + 0.1,
    )


def test_being_overtaken_twice_by_the_same_user_is_seen() -> None:
    waits = ask("ann", 0.0, 9.0)
    assert overtaken([waits, ask("ben", 1.0, 2.0), ask("cat", 3.0, 4.0)]) == 0
    assert overtaken([waits, ask("ben", 1.0, 2.0), ask("ben", 3.0, 4.0)]) == 1
    assert overtaken([ask("ann", 0.0, None), ask("ben", 1.0, 2.0), ask("ben", 3.0, 4.0)]) == 1
    assert overtaken([ask("ann", 2.5, 9.0), ask("ben", 1.0, 2.0), ask("ben", 3.0, 4.0)]) == 0


def test_the_document_has_every_figure(tmp_path: Path) -> None:
    pair = {
        "theirs": {"clock_ms": 2.0, "processor_ms": 222.0},
        "ours": {"clock_ms": 1.0, "processor_ms": 111.0},
        "ratio": 2.0,
        "rounds": 5,
    }
    spread = {"p50": 12.5, "p95": 13.5}
    report = {
        "machine": {
            "date": "d",
            "processor": "p",
            "cores": 2,
            "threads": 2,
            "gpu": None,
            "python": "3",
            "torch": "2",
            "load": 1.0,
        },
        "conversation": {
            "bundle": "avatar",
            "picture": [8, 9],
            "invert": spread | {"processor": 1},
            "first_edit": spread | {"processor": 2},
            "follow_up": spread | {"processor": 3},
            "peak_mb": 6,
        },
        "startup": {"ready_s": 7, "idle_mb": 8},
        "growth": {"users": [[10.0, 1.5]], "batch": [[1.0, 2.5]]},
        "talk": {
            "follow_up": {"whole": spread, "added": spread, "processor": 9},
            "move": {"whole": spread, "processor": 9},
        },
        "against": [
            {
                "name": "nvidia",
                "resolution": 256,
                "peak_mb": {"theirs": 7, "ours": 8},
                "machine": {"threads": 2, "load": 1.0},
                "rows": [
                    pair | {"work": "synthesis", "target": 3.0, "note": "largest difference 1e-05"},
                    pair | {"work": "step", "target": None, "note": ""},
                ],
            }
        ],
    }
    write(report, tmp_path / "performance.md")
    text = (tmp_path / "performance.md").read_text()
    assert "| nvidia | 256 | synthesis | 222 ms | 111 ms | **2.0 ×** | 3 ×, missed | 5 |" in text
    assert "| nvidia | 256 | step | 222 ms | 111 ms | **2.0 ×** |  | 5 |" in text
    assert (
        "- nvidia at 256: synthesis: largest difference 1e-05; 2 threads, load 1.0, at most 7 MB and 8 MB."
        in text
    )
    assert "| of that beside the editor's time | 12.5 | 13.5 | 9 (bot alone) | 15 |" in text
    assert "| users | 10: 1.5 |" in text
    assert (tmp_path / "performance" / "growth.png").stat().st_size > 1000
