"""Time several works in alternating rounds, so that other load affects all of them alike."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

CPU = torch.device("cpu")
LONG_ROUND, FEWER = 30.0, 2
"""Seconds from which a round is long, and how many rounds are then enough."""


@dataclass(frozen=True)
class Timing:
    """Medians over the rounds in milliseconds: wall clock, and processor time of all threads."""

    clock: float
    processor: float

    def as_dict(self) -> dict[str, float]:
        """Return it for JSON."""
        return {"clock_ms": round(self.clock, 2), "processor_ms": round(self.processor, 2)}


@dataclass(frozen=True)
class Rounds:
    """Timings by name, and the cost of the first work per cost of the second (median over the rounds)."""

    timings: dict[str, Timing]
    rounds: int
    ratio: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        named: dict[str, Any] = {name: timing.as_dict() for name, timing in self.timings.items()}
        named["rounds"] = self.rounds
        return named if self.ratio is None else {**named, "ratio": round(self.ratio, 2)}


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished everything."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Laps:
    """Times of works that take turns. Cost is processor time on a CPU, wall-clock time on a GPU."""

    def __init__(self, names: Iterable[str], device: torch.device = CPU) -> None:
        self.device = device
        self.clock: dict[str, list[float]] = {name: [] for name in names}
        self.processor: dict[str, list[float]] = {name: [] for name in self.clock}

    @contextmanager
    def lap(self, name: str, counts: bool = True) -> Iterator[None]:
        """Time the block, including work that the device still does for it."""
        begun, used = time.perf_counter(), time.process_time()
        yield
        synchronize(self.device)
        if counts:
            self.clock[name].append(1000 * (time.perf_counter() - begun))
            self.processor[name].append(1000 * (time.process_time() - used))

    def found(self) -> Rounds:
        """Return the medians so far."""
        timings = {
            name: Timing(statistics.median(self.clock[name]), statistics.median(self.processor[name]))
            for name in self.clock
        }
        costs = list((self.clock if self.device.type == "cuda" else self.processor).values())
        ratio = None
        if len(costs) == 2:
            ratio = statistics.median(a / b for a, b in zip(costs[0], costs[1], strict=True))
        return Rounds(timings, len(costs[0]), ratio)

    def spread(self, name: str) -> dict[str, float]:
        """Return median and 95th percentile of the wall clock, and the median of the processor time."""
        used = round(statistics.median(self.processor[name]), 1)
        return spread(self.clock[name]) | {"processor": used}


def alternating(works: Mapping[str, Callable[[], Any]], rounds: int, device: torch.device = CPU) -> Rounds:
    """Do each work once a round (see ``repeat``) and return the timings."""
    laps = Laps(works, device)

    def once(counts: bool) -> None:
        for name, work in works.items():
            with laps.lap(name, counts):
                work()

    repeat(once, rounds)
    return laps.found()


def repeat(once: Callable[[bool], None], rounds: int) -> None:
    """Do one round that does not count, then those that do.

    Only ``FEWER`` count if the first took ``LONG_ROUND`` seconds.
    """
    begun = time.perf_counter()
    once(False)
    if time.perf_counter() - begun > LONG_ROUND:
        rounds = min(rounds, FEWER)
    for _ in range(rounds):
        once(True)


def spread(milliseconds: Sequence[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    ordered = sorted(milliseconds)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return {"p50": round(statistics.median(ordered), 1), "p95": round(p95, 1)}


def peak_megabytes() -> int:
    """Return the most memory that this process has used."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


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
