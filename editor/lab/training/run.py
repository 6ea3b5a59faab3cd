"""One training run: a folder, a seed and a time budget, with checkpoints to resume from and a progress bar.

What is random in a step comes from ``rng()``, a generator of random numbers that depends on the seed and the step alone
(and batches from one that depends on their number, ``editor.lab.training.batches``), so a resumed run sees what an
uninterrupted one would have seen.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from tqdm import tqdm

from editor.lab.training import domains
from editor.lab.training.domain import Domain

CHECKPOINT_SECONDS = 120.0


@dataclass
class Run:
    """State of one run. ``parts`` are saved and restored together: modules, optimizers, whatever has a state_dict."""

    folder: Path
    minutes: float
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    domain: Domain = field(default_factory=lambda: domains.named(domains.DEFAULT))
    parts: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)
    _looked: float = 0.0

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(self.seed)

    @property
    def fraction(self) -> float:
        """Share of the time budget that is spent, 0 to 1."""
        return min(1.0, self.seconds / (60.0 * self.minutes))

    def rng(self, purpose: int = 0) -> np.random.Generator:
        """Random numbers for the present step; ``purpose`` keeps independent uses apart (0 are the drawings')."""
        return np.random.default_rng((self.seed, purpose, self.step))

    def due(self, seconds: float = 60.0) -> bool:
        """Is it time to look at figures again? At most once in so many seconds of the budget."""
        due = self.seconds - self._looked >= seconds
        if due:
            self._looked = self.seconds
        return due

    def steps(self, description: str) -> Iterator[float]:
        """Resume if there is something to resume, then yield the spent fraction before each step until time is up."""
        self.resume()
        last, saved = self._clock(), time.monotonic()
        bar = tqdm(
            total=round(60 * self.minutes),
            initial=round(self.seconds),
            desc=description,
            unit="s",
            mininterval=5,
        )
        while self.seconds < 60 * self.minutes:
            yield self.fraction
            now = self._clock()
            self.seconds += now - last
            last = now
            self.step += 1
            bar.update(round(self.seconds) - bar.n)
            if self.history:
                bar.set_postfix(
                    {"step": self.step} | {k: f"{v:.4g}" for k, v in self.history[-1].items()}, refresh=False
                )
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
        bar.close()
        self.save()

    def _clock(self) -> float:
        """Seconds that count: on a CPU those of its own that this process had, so that others slow a run down but take
        nothing away from it."""
        return (
            time.monotonic() if self.device.type != "cpu" else time.process_time() / torch.get_num_threads()
        )

    def log(self, **figures: float) -> None:
        """Remember figures for the progress bar and the record."""
        self.history.append({"minute": round(self.seconds / 60, 2)} | figures)

    def save(self) -> None:
        """Write the checkpoint; the old one stays whole until the new one is."""
        state = {name: part.state_dict() for name, part in self.parts.items()}
        temporary = self.folder / "checkpoint.tmp"
        torch.save({"parts": state, "step": self.step, "seconds": self.seconds}, temporary)
        os.replace(temporary, self.folder / "checkpoint.pt")
        (self.folder / "history.json").write_text(json.dumps(self.history), encoding="utf-8")

    def resume(self) -> None:
        """Go on from the folder's checkpoint, if there is one."""
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return
        saved = torch.load(path, map_location=self.device, weights_only=True)
        for name, part in self.parts.items():
            part.load_state_dict(saved["parts"][name])
        self.step, self.seconds = saved["step"], saved["seconds"]
        self._looked = self.seconds
        history = self.folder / "history.json"
        self.history = json.loads(history.read_text(encoding="utf-8")) if history.exists() else []


def save_weights(network: nn.Module, path: Path) -> None:
    """A network's state for serving: floating-point numbers in half precision, all else as it is."""
    state = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    save_file({k: v.cpu().contiguous() for k, v in state.items()}, path)


class Average(nn.Module):
    """Exponential moving average of a module's parameters; ``half_life`` in samples."""

    def __init__(self, module: nn.Module, half_life: float) -> None:
        super().__init__()
        self.half_life = half_life
        self.seen = 0
        self.shadow = {name: value.detach().clone() for name, value in module.named_parameters()}

    @torch.no_grad()
    def update(self, module: nn.Module, samples: int) -> None:
        """Take one step of ``samples`` samples; the half-life is shortened while little has been seen."""
        self.seen += samples
        decay = 0.5 ** (samples / min(self.half_life, max(1.0, 0.1 * self.seen)))
        now = {name: value.detach() for name, value in module.named_parameters()}
        torch._foreach_lerp_([self.shadow[name] for name in now], list(now.values()), 1.0 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Put the averages into a module of the same shape."""
        for name, value in module.named_parameters():
            value.copy_(self.shadow[name])

    def state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        """The averages and how much they have seen."""
        return {"seen": self.seen, "shadow": self.shadow}

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """The counterpart of ``state_dict``."""
        self.seen, self.shadow = state_dict["seen"], state_dict["shadow"]


def cosine_decay(fraction: float, warm_up: float = 0.01, hold: float = 0.3, floor: float = 0.01) -> float:
    """Learning-rate factor: linear warm-up, a plateau until ``hold``, then half a cosine down to ``floor``."""
    if fraction < warm_up:
        return max(fraction / warm_up, 0.02)
    if fraction < hold:
        return 1.0
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * (fraction - hold) / (1 - hold)))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """One learning rate for all parameter groups."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def arguments(description: str, minutes: float, folder: str) -> argparse.ArgumentParser:
    """The options that every training command shares."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--minutes",
        type=float,
        default=minutes,
        help="time budget, on a CPU of its own time; a longer one resumes further",
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches")
    parser.add_argument(
        "--domain", choices=domains.NAMES, help="what is drawn; as the bundle's record says when absent"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the checkpoints")
    parser.add_argument("--name", default=folder, help="this run's folder inside --runs")
    parser.add_argument(
        "--bundle", type=Path, default=None, help="folder that gets the weights when the run is done"
    )
    parser.add_argument(
        "--device", default="cuda" if torch.cuda.is_available() else "cpu", help="cpu or cuda"
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="CPU threads; one often beats two on a busy machine"
    )
    return parser


def add_width(parser: argparse.ArgumentParser) -> None:
    """The option of networks that come in sizes."""
    parser.add_argument(
        "--width", type=float, default=1.0, help="feature maps of the network, as a share of the full size"
    )


def add_fuse(parser: argparse.ArgumentParser) -> None:
    """The option of runs that spend their time in the synthesis network."""
    parser.add_argument(
        "--fuse",
        action="store_true",
        help="compile synthesis: near twice as fast, once a C++ compiler is there",
    )


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """The options of runs that learn from drawings."""
    parser.add_argument(
        "--workers", type=int, default=0, help="processes that draw ahead; a GPU wants one for each core"
    )
    parser.add_argument(
        "--reuse",
        type=int,
        default=1,
        help="times that each batch of drawings is used; a GPU is faster than they",
    )


def start(options: argparse.Namespace) -> Run:
    """A run as the shared options describe it."""
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    domain = domains.named(options.domain) if options.domain else domains.of_bundle(options.bundle)
    return Run(options.runs / options.name, options.minutes, options.seed, device, domain)
