"""Two processes that do the same work in turns: one runs the published code, the other ours.

How a process manages its memory makes a third of a generator's speed (``editor.device.allocator``), so
neither code may run in the other's process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from editor.lab.benchmarks.timing import Laps, repeat, timed


@dataclass(frozen=True)
class Pair:
    """One side of two, which are given the same works in the same order.

    ``other``: the way to the other side. ``leads``: whether this side runs the published code and collects
    the times. ``out``: a folder for files.
    """

    other: Connection
    leads: bool
    repository: Path
    out: Path
    resolution: int
    rounds: int
    device: torch.device

    def compare(
        self,
        work: str,
        theirs: Callable[[], Any],
        ours: Callable[[], Any],
        target: float | None = None,
        note: str = "",
    ) -> dict[str, Any]:
        """Do a work once a round on each side (see ``repeat``).

        Return its row: ``target`` says how many times as fast ours must be. The row of the following side has
        no times.
        """
        row: dict[str, Any] = {"work": work, "target": target, "note": note}
        if not self.leads:
            while self.other.recv():
                with timed(self.device) as lap:
                    ours()
                self.other.send(lap)
            return row
        laps = Laps(("theirs", "ours"), self.device)

        def once(counts: bool) -> None:
            with laps.lap("theirs", counts):
                theirs()
            self.other.send(True)
            lap = self.other.recv()
            if counts:
                laps.laps["ours"].append(lap)

        repeat(once, self.rounds)
        self.other.send(False)
        return row | laps.summary()
