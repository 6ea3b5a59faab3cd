"""``python -m editor bench``: benchmarks by name. One that fails does not stop the others."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from editor.api.errors import BadRequest, EditorError
from editor.device.allocator import keep_memory
from editor.editing.engine import Engine
from editor.lab.benchmarks import conversation, growth, optimization_curves, startup, throughput
from editor.lab.benchmarks.conversation import Setup
from editor.lab.benchmarks.random_bundle import random_bundle
from editor.lab.benchmarks.timing import machine

MOST_EDITS = 10_000
"""Length of the longest conversation that is measured."""


def _talk(setup: Setup) -> dict[str, Any]:
    """Measure what bot and storage add, in a process of its own, since the editor may not import the bot."""
    command = [sys.executable, "-m", "bot.app.benchmark", str(setup.picture), setup.bundle.info.name]
    done = subprocess.run([*command, str(MOST_EDITS)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise EditorError((done.stderr.strip() or "?").splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


CASES: dict[str, Callable[[Setup], Any]] = {
    "startup": lambda _: startup.measure(),
    "growth": growth.measure,
    "talk": _talk,
    "loops": lambda setup: optimization_curves.curves(setup.bundle, setup.follow_up.inversion),
    "edits": throughput.edits,
    "users": throughput.users,
}
"""All benchmarks but the conversation, which every one of them begins with."""


def load_engine(folders: Sequence[Path], device: str | None) -> Engine:
    """Load the installed bundles."""
    keep_memory()  # as the server does
    return Engine.load(folders, device)


def random_engine(pixels: int, device: str | None) -> Engine:
    """Make a bundle with random weights. Raises BadRequest without a GPU, unless the device is "cpu"."""
    if device != "cpu" and not torch.cuda.is_available():
        raise BadRequest(
            "There is no GPU here that torch can use; --device cpu --pixels 64 runs small networks."
        )
    bundle = random_bundle(pixels, device or "cuda")
    return Engine({bundle.info.name: bundle}, torch.device(device or "cuda"))


def run(
    names: Sequence[str],
    engine: Engine,
    picture: Path,
    bundle: str | None,
    counts: tuple[int, int],
    save: Path | None = None,
) -> dict[str, Any]:
    """Return the results by name; they are saved to a file as they come.

    ``counts``: follow-ups of the conversation, and rounds of each timing.
    """
    follow_ups, rounds = counts
    report: dict[str, Any] = {"machine": machine(torch.get_num_threads()), "failed": {}, "seconds": {}}
    report["conversation"], follow_up = conversation.measure(engine, picture, bundle, follow_ups)
    setup = Setup(engine, picture, follow_up, rounds)
    for name in names:
        begun = time.perf_counter()
        try:
            report[name] = CASES[name](setup)
        except Exception as error:
            first = (str(error).strip().splitlines() or [""])[0]
            report["failed"][name] = f"{type(error).__name__}: {first[:300]}"
            print(f"{name} failed: {report['failed'][name]}", file=sys.stderr, flush=True)
        report["seconds"][name] = round(time.perf_counter() - begun, 1)
        if save is not None:
            save.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if "growth" in report and "talk" in report:
        report["growth"] |= report["talk"].pop("growth")
    return report


def tables(report: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a report that are no plain figures as rows of tables."""
    return {
        "loops": optimization_curves.rows(report.get("loops", {})),
        "against": [
            {"code": one["name"], "side": one["resolution"], **row}
            for one in report["against"]
            for row in one["rows"]
        ],
    }
