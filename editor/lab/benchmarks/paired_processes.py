"""Two processes that do the same work in turns: one runs the published code, the other ours.

How a process manages its memory makes a third of a generator's speed (``editor.device.allocator``), so
neither code may run in the other's process.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import torch

from editor.lab.benchmarks.timing import Laps, Rounds, peak_megabytes, repeat

Works = Mapping[str, Callable[[], Any]]
"""The same work as "theirs" and as "ours"."""


class Pair:
    """One side of two.

    Both are given the same works in the same order; the leading one collects the times.
    """

    def __init__(self, other: Connection, leads: bool, device: torch.device) -> None:
        self.other, self.leads, self.device = other, leads, device

    def alternating(self, works: Works, rounds: int) -> Rounds | None:
        """Do each work once a round (see ``repeat``); return None on the following side."""
        if not self.leads:
            self.follow(works["ours"])
            return None
        laps = Laps(("theirs", "ours"), self.device)

        def once(counts: bool) -> None:
            with laps.lap("theirs", counts):
                works["theirs"]()
            self.ask(laps, counts)

        repeat(once, rounds)
        return self.end(laps)

    def ask(self, laps: Laps, counts: bool) -> None:
        """Have the other side do its work once, and wait for it."""
        self.other.send(True)
        clock, processor = self.other.recv()
        if counts:
            laps.clock["ours"].append(clock)
            laps.processor["ours"].append(processor)

    def end(self, laps: Laps) -> Rounds:
        """End this work on both sides."""
        self.other.send(False)
        return laps.found()

    def follow(self, work: Callable[[], Any]) -> None:
        """Do the work as often as the other side asks for it."""
        while self.other.recv():
            laps = Laps(("ours",), self.device)
            with laps.lap("ours"):
                work()
            self.other.send((laps.clock["ours"][0], laps.processor["ours"][0]))

    @classmethod
    @contextmanager
    def leading(
        cls, follower: Callable[[list[str], Connection], None], argv: list[str], device: torch.device
    ) -> Iterator[Pair]:
        """Yield the leading side, with a process that runs ``follower`` as the other one."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=follower, args=(argv, there), daemon=True)
        process.start()
        there.close()  # or else a follower that ends would go unnoticed
        try:
            yield cls(here, True, device)
        finally:
            here.close()
            process.join()

    def memory(self) -> int:
        """Return the other side's peak memory in megabytes once it is done.

        The following side sends its own.
        """
        if self.leads:
            return int(self.other.recv())
        self.other.send(peak_megabytes())
        return 0
