"""Two processes that do the same and take turns: one times their code as it is, the other ours as the editor runs it.

How a process holds its memory alone makes a third of a generator's speed (``editor.device.allocator``), so that neither code may have
the other's process.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import torch

from editor.lab.benchmarks.timing import Laps, Rounds, peak_megabytes, repeated

Works = Mapping[str, Callable[[], Any]]
"""The same work as "theirs" and as "ours"."""


class Pair:
    """One side of two. Both are asked for the same works in the same order; the leading one hears what they took."""

    def __init__(self, other: Connection, leads: bool, device: torch.device) -> None:
        self.other, self.leads, self.device = other, leads, device

    def alternating(self, works: Works, rounds: int) -> Rounds | None:
        """Each work once a round, in the rounds of ``repeated``. None on the side that follows."""
        if not self.leads:
            self.follow(works["ours"])
            return None
        laps = Laps(("theirs", "ours"), self.device)

        def once(counts: bool) -> None:
            with laps.lap("theirs", counts):
                works["theirs"]()
            self.ask(laps, counts)

        repeated(once, rounds)
        return self.end(laps)

    def ask(self, laps: Laps, counts: bool) -> None:
        """Have the other side do its work once, and wait for it."""
        self.other.send(True)
        clock, processor = self.other.recv()
        if counts:
            laps.clock["ours"].append(clock)
            laps.processor["ours"].append(processor)

    def end(self, laps: Laps) -> Rounds:
        """No more of this work."""
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
        """The leading side, with a process that runs ``follower`` for the other one."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=follower, args=(argv, there), daemon=True)
        process.start()
        there.close()  # so that a follower that ends is noticed
        try:
            yield cls(here, True, device)
        finally:
            here.close()
            process.join()

    def memory(self) -> int:
        """Megabytes that the other side had at most, once it is done; what it says of itself on the side that follows."""
        if self.leads:
            return int(self.other.recv())
        self.other.send(peak_megabytes())
        return 0
