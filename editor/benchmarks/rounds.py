"""Timing of several works in alternating rounds: what else the machine does then falls on all of them alike."""

from __future__ import annotations

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


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
    """The timings by name, and ``ratio``: how many times as much processor the first work needs as the second, the median
    of the rounds."""

    timings: dict[str, Timing]
    ratio: float | None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        named = {name: timing.as_dict() for name, timing in self.timings.items()}
        return named if self.ratio is None else {**named, "ratio": round(self.ratio, 2)}


def alternating(works: Mapping[str, Callable[[], Any]], rounds: int) -> Rounds:
    """Each work once a round, after one round that does not count."""
    clock: dict[str, list[float]] = {name: [] for name in works}
    processor: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            begun, used = time.perf_counter(), time.process_time()
            work()
            if number:
                clock[name].append(1000 * (time.perf_counter() - begun))
                processor[name].append(1000 * (time.process_time() - used))
    timings = {name: Timing(statistics.median(clock[name]), statistics.median(processor[name])) for name in works}
    both = list(processor.values())
    ratio = statistics.median(a / b for a, b in zip(both[0], both[1], strict=True)) if len(both) == 2 else None
    return Rounds(timings, ratio)


def peak_megabytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def machine(threads: int) -> dict[str, Any]:
    """What it ran on; ``load`` is the number of processes that wanted a processor over the last five minutes."""
    import torch

    return {
        "processor": _processor(), "cores": os.cpu_count(), "threads": threads, "load": round(os.getloadavg()[1], 1),
        "python": platform.python_version(), "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"), "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }  # fmt: skip


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
