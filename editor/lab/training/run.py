"""One training run: a folder, a seed and a time budget, with checkpoints to resume from and a progress bar.

The random numbers of a step come from ``Run.rng()`` and depend on the seed and the step alone; those of a
batch depend on the seed and the batch's number (``editor.lab.training.batches``). So a resumed run sees what
an uninterrupted one would have seen.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from editor.bundle.loading import choose_device
from editor.lab.training import domains, record
from editor.lab.training.domain import Domain

CHECKPOINT_SECONDS = 120.0


@dataclass
class Run:
    """State of one run. ``parts`` are saved and restored together: everything that has a state_dict."""

    folder: Path
    minutes: float
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    domain: Domain = field(default_factory=lambda: domains.named(record.DEFAULT_DOMAIN))
    parts: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    _last_figures: float = 0.0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(self.seed)

    def rng(self, purpose: int = 0) -> np.random.Generator:
        """Return random numbers for the current step.

        ``purpose`` separates independent uses (0 is drawing).
        """
        return np.random.default_rng((self.seed, purpose, self.step))

    def due(self, seconds: float = 60.0) -> bool:
        """Return whether to measure figures again: at most once in so many seconds of the budget."""
        due = self.seconds - self._last_figures >= seconds
        if due:
            self._last_figures = self.seconds
        return due

    def steps(self, description: str) -> Iterator[float]:
        """Resume if possible, then yield the used fraction of time before each step until the time is up."""
        self.resume()
        last, saved = self._clock(), time.monotonic()
        budget = 60 * self.minutes
        bar = tqdm(
            total=round(budget), initial=round(self.seconds), desc=description, unit="s", mininterval=5
        )
        while self.seconds < budget:
            yield self.seconds / budget
            now = self._clock()
            self.seconds += now - last
            last = now
            self.step += 1
            bar.update(round(self.seconds) - bar.n)
            if self.history:
                figures = {name: f"{value:.4g}" for name, value in self.history[-1].items()}
                bar.set_postfix({"step": self.step} | figures, refresh=False)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
        bar.close()
        self.save()

    def _clock(self) -> float:
        """Return seconds: on a CPU processor time, so that other processes slow a run down but do not shorten
        it.
        """
        if self.device.type != "cpu":
            return time.monotonic()
        return time.process_time() / torch.get_num_threads()

    def log(self, **figures: float) -> None:
        """Remember figures for the progress bar and the history."""
        self.history.append({"minute": round(self.seconds / 60, 2)} | figures)

    def save(self) -> None:
        """Write the checkpoint; the old one stays complete until the new one is."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        temporary = self.folder / "checkpoint.tmp"
        torch.save({"parts": state, "step": self.step, "seconds": self.seconds}, temporary)
        os.replace(temporary, self.folder / "checkpoint.pt")
        (self.folder / "history.json").write_text(json.dumps(self.history), encoding="utf-8")

    def resume(self) -> None:
        """Continue from the folder's checkpoint, if there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        saved = torch.load(path, map_location=self.device, weights_only=True)
        for name, part in self.parts.items():
            part.load_state_dict(saved["parts"][name])
        self.step, self.seconds = saved["step"], saved["seconds"]
        self._last_figures = self.seconds
        history = self.folder / "history.json"
        self.history = json.loads(history.read_text(encoding="utf-8")) if history.exists() else []

    def write_record(
        self,
        part: str,
        options: SimpleNamespace,
        figures: Mapping[str, Any],
        extra: Mapping[str, Any] | None = None,
        stage: str = "",
    ) -> None:
        """Print the figures and add an entry to the record of ``options.bundle``, if there is a bundle."""
        print(dict(figures))
        if options.bundle is None:
            return
        entry = {
            "command": record.command_line(part, vars(options), self.domain.name, stage),
            "seed": self.seed,
            "commit": record.commit(),
            "device": str(self.device),
            "steps": self.step,
            "minutes": round(self.seconds / 60, 1),
            "figures": dict(figures),
        }
        if self.domain.name != record.DEFAULT_DOMAIN:
            entry["domain"] = self.domain.name
        entries = record.read(options.bundle)
        record.save(options.bundle, entries | {stage or part: entry | dict(extra or {})})


def start(options: SimpleNamespace) -> Run:
    """Make the run that a training command's options describe."""
    torch.set_num_threads(options.threads)
    domain = domains.named(options.domain) if options.domain else domains.of_bundle(options.bundle)
    device = choose_device(options.device)
    return Run(options.runs / options.name, options.minutes, options.seed, device, domain)
