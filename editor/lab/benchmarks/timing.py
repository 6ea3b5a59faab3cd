"""Timing of several works in alternating rounds: what else the machine does then falls on all of them alike."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

CPU = torch.device("cpu")
LONG_ROUND, FEWER = 30.0, 2
"""Seconds from which a round is long, and how many of those are enough."""


@dataclass(frozen=True)
class Timing:
    """Medians over the rounds, in milliseconds: by the clock, and of all processors together."""

    clock: float
    processor: float

    def as_dict(self) -> dict[str, float]:
        """For JSON."""
        return {"clock_ms": round(self.clock, 2), "processor_ms": round(self.processor, 2)}


@dataclass(frozen=True)
class Rounds:
    """The timings by name, over how many rounds, and ``ratio``: how many times as much the first work costs as the second, the
    median of the rounds."""

    timings: dict[str, Timing]
    rounds: int
    ratio: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        named: dict[str, Any] = {name: timing.as_dict() for name, timing in self.timings.items()}
        named["rounds"] = self.rounds
        return named if self.ratio is None else {**named, "ratio": round(self.ratio, 2)}


class Laps:
    """Times of works that are done in turn. What they cost is processor time, on a GPU the time by the clock."""

    def __init__(self, names: Iterable[str], device: torch.device = CPU) -> None:
        self.device = device
        self.clock: dict[str, list[float]] = {name: [] for name in names}
        self.processor: dict[str, list[float]] = {name: [] for name in self.clock}

    @contextmanager
    def lap(self, name: str, counts: bool = True) -> Iterator[None]:
        """Times the block, all that the device still does for it included."""
        begun, used = time.perf_counter(), time.process_time()
        yield
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        if counts:
            self.clock[name].append(1000 * (time.perf_counter() - begun))
            self.processor[name].append(1000 * (time.process_time() - used))

    def found(self) -> Rounds:
        """Medians of what was timed so far."""
        timings = {
            name: Timing(statistics.median(self.clock[name]), statistics.median(self.processor[name]))
            for name in self.clock
        }
        costs = list((self.clock if self.device.type == "cuda" else self.processor).values())
        ratio = (
            statistics.median(a / b for a, b in zip(costs[0], costs[1], strict=True))
            if len(costs) == 2
            else None
        )
        return Rounds(timings, len(costs[0]), ratio)


def alternating(works: Mapping[str, Callable[[], Any]], rounds: int, device: torch.device = CPU) -> Rounds:
    """Each work once a round, in the rounds of ``repeated``."""
    laps = Laps(works, device)

    def once(counts: bool) -> None:
        for name, work in works.items():
            with laps.lap(name, counts):
                work()

    repeated(once, rounds)
    return laps.found()


def repeated(once: Callable[[bool], None], rounds: int) -> None:
    """A round that does not count, and then those that do; fewer where the first takes longer than ``LONG_ROUND`` seconds."""
    begun = time.perf_counter()
    once(False)
    if time.perf_counter() - begun > LONG_ROUND:
        rounds = min(rounds, FEWER)
    for _ in range(rounds):
        once(True)


def peak_megabytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def machine(threads: int) -> dict[str, Any]:
    """What it ran on; ``load`` is the number of processes that wanted a processor over the last five minutes."""
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
