"""What the parity test compares (``cases.toml``), and the differences that it allows."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NETWORK, IMAGE, REPEATED = 1e-4, 1e-3, 5e-4
"""Largest allowed differences: of a network's output; of a picture in [-1, 1]; and of a network that runs
again on its own output, which enlarges rounding errors."""
TEXTS = ("a smiling face", "a person with blonde hair", "the café, isn't it 12!", "x " * 100)
"""Inputs of text towers."""
SAMPLES, TRUNCATION = 50, 0.7
"""Global directions: the number of styles for mean and standard deviation, and how they are drawn."""
THRESHOLD, EDIT_STRENGTH = 0.05, 3.0


@dataclass(frozen=True)
class Case:
    """One checkpoint, made by the published code in ``repository`` and read by ours as ``kind``."""

    name: str
    repository: str
    kind: str
    make: str
    options: dict[str, Any] = field(default_factory=dict)
    large: bool = False


_TABLE = tomllib.loads(Path(__file__).with_name("cases.toml").read_text(encoding="utf-8"))
REPOSITORIES: dict[str, str] = _TABLE["repositories"]
CLIP_LAYOUTS: dict[str, dict[str, int]] = _TABLE["clip"]
CASES = tuple(Case(**entry) for entry in _TABLE["cases"])


def by_name(name: str) -> Case:
    """Return the case of a name."""
    return next(case for case in CASES if case.name == name)
