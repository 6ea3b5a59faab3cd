"""Time several works in alternating rounds, so that other load affects all of them alike."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

CPU = torch.device("cpu")
LONG_ROUND, FEWER = 30_000.0, 2
"""Milliseconds from which a round is long, and how many rounds are then enough."""


@dataclass
class Lap:
    """Milliseconds of a block: wall clock, and processor time of all threads."""

    clock: float = 0.0
    processor: float = 0.0


@contextmanager
def timed(device: torch.device = CPU) -> Iterator[Lap]:
    """Time the block, from an idle device until it is idle again."""
    lap = Lap()
    synchronize(device)
    begun, used = time.perf_counter(), time.process_time()
    yield lap
    synchronize(device)
    lap.clock = 1000 * (time.perf_counter() - begun)
    lap.processor = 1000 * (time.process_time() - used)


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished everything."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def milliseconds(work: Callable[[], Any], rounds: int, device: torch.device = CPU, warm: int = 1) -> float:
    """Return the median wall-clock time of a work, after ``warm`` rounds that do not count."""
    laps = []
    for _ in range(warm + rounds):
        with timed(device) as lap:
            work()
        laps.append(lap.clock)
    return statistics.median(laps[warm:])


class Laps:
    """Times of works that take turns. Cost is processor time on a CPU, wall-clock time on a GPU."""

    def __init__(self, names: Iterable[str], device: torch.device = CPU) -> None:
        self.device = device
        self.laps: dict[str, list[Lap]] = {name: [] for name in names}

    @contextmanager
    def lap(self, name: str, counts: bool = True) -> Iterator[None]:
        """Time the block as one lap of a work."""
        with timed(self.device) as lap:
            yield
        if counts:
            self.laps[name].append(lap)

    def summary(self) -> dict[str, Any]:
        """Return the medians by name and the number of rounds.

        For two works also "ratio": the cost of the first per cost of the second, median over the rounds.
        """
        found: dict[str, Any] = {
            name: {
                "clock_ms": round(statistics.median(lap.clock for lap in laps), 2),
                "processor_ms": round(statistics.median(lap.processor for lap in laps), 2),
            }
            for name, laps in self.laps.items()
        }
        rounds = list(zip(*self.laps.values(), strict=True))
        if len(self.laps) == 2:
            cost = "clock" if self.device.type == "cuda" else "processor"
            ratios = [getattr(one, cost) / getattr(other, cost) for one, other in rounds]
            found["ratio"] = round(statistics.median(ratios), 2)
        return found | {"rounds": len(rounds)}

    def spread(self, name: str) -> dict[str, float]:
        """Return median and 95th percentile of the wall clock, and the median of the processor time."""
        used = statistics.median(lap.processor for lap in self.laps[name])
        return spread([lap.clock for lap in self.laps[name]]) | {"processor": round(used, 1)}


def alternating(works: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, Any]:
    """Do each work once a round (see ``repeat``) and return ``Laps.summary``."""
    laps = Laps(works)

    def once(counts: bool) -> None:
        for name, work in works.items():
            with laps.lap(name, counts):
                work()

    repeat(once, rounds)
    return laps.summary()


def repeat(once: Callable[[bool], None], rounds: int) -> None:
    """Do one round that does not count, then those that do: only ``FEWER`` if the first was long."""
    with timed() as first:
        once(False)
    for _ in range(min(rounds, FEWER) if first.clock > LONG_ROUND else rounds):
        once(True)


@dataclass(frozen=True)
class Pair:
    """One of two processes that do the same works in turns: one runs published code, the other ours.

    How a process manages its memory makes a third of a generator's speed (``editor.device.allocator``), so
    neither code may run in the other's process.

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


def spread(times: Sequence[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    ordered = sorted(times)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return {"p50": round(statistics.median(ordered), 1), "p95": round(p95, 1)}


def peak_gigabytes() -> float:
    """Return the most memory that this process has had resident."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1024**3


def machine(threads: int) -> dict[str, Any]:
    """Describe the machine.

    ``load`` is the number of processes that wanted a processor in the last five minutes.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "load": round(os.getloadavg()[1], 1),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
