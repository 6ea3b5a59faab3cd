"""Figures of the GPU benchmark. Each is printed and saved as soon as it is measured."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured number.

    ``target`` is an upper bound, or with ``least`` a lower one; None without a target.
    """

    part: str
    name: str
    value: float
    unit: str
    target: float | None = None
    least: bool = False
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.least else self.value <= self.target

    def __str__(self) -> str:
        bound = note = ""
        if self.target is not None:
            outcome = "met" if self.met else "missed"
            bound = f"  (target {'≥' if self.least else '≤'} {self.target:g}: {outcome})"
        if self.note:
            note = f"  - {self.note}"
        return f"{self.part:<13} {self.name:<62} {self.value:>10.4g} {self.unit}{bound}{note}"


@dataclass
class Report:
    """The figures so far; each is printed to ``out`` and saved to ``file``.

    ``has_targets``: whether this is a device for which the targets hold.
    """

    about: dict[str, Any]
    has_targets: bool = True
    out: Any = sys.stdout
    file: Path | None = None
    figures: list[Figure] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, *figures: Figure) -> None:
        """Add, print and save figures."""
        for figure in figures:
            kept = figure if self.has_targets else replace(figure, target=None)
            self.figures.append(kept)
            print(kept, file=self.out, flush=True)
        self.save()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time the block; record its failure instead of raising it."""
        begun = time.perf_counter()
        try:
            yield
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            self.fail(name, f"{type(error).__name__}: {lines[0][:300]}")
        self.seconds[name] = round(time.perf_counter() - begun, 1)
        self.save()

    def fail(self, name: str, why: str) -> None:
        """Record a part that was not measured."""
        self.failed[name] = why
        print(f"{name}: failed: {why}", file=self.out, flush=True)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        rows = [{**asdict(figure), "met": figure.met} for figure in self.figures]
        return {**self.about, "figures": rows, "failed": self.failed, "seconds": self.seconds}

    def save(self) -> None:
        """Write the figures so far."""
        if self.file is not None:
            self.file.write_text(json.dumps(self.as_dict(), indent=1) + "\n", encoding="utf-8")
