"""What is measured once and compared in many ways: for each picture what channels do, by steps and by gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.bundle.relevance import measured_statistics, pictures, pulled_back
from editor.checkpoints.directions import PUBLISHED_RESOLUTION, sizes
from editor.checkpoints.measuring import Plan, effects

CHANNEL_SEED = 7
BATCH = 8


@dataclass(frozen=True)
class Rows:
    """Of N pictures and the A ``channels`` that are compared: ``steps`` [N, A, D], embedding differences of the ends, and
    ``slopes`` [N, A, D]. ``mean``, ``std``: [C]."""

    channels: Tensor
    steps: Tensor
    slopes: Tensor
    mean: Tensor
    std: Tensor

    def __len__(self) -> int:
        """Pictures."""
        return len(self.steps)


def chosen(bundle: Bundle, share: float) -> Tensor:
    """A share of the convolutions' channels, drawn at random: every channel costs the published recipe the same."""
    every = torch.cat(
        [torch.arange(start, stop) for start, stop in sizes(bundle.generator, PUBLISHED_RESOLUTION)]
    )
    order = torch.randperm(len(every), generator=torch.Generator().manual_seed(CHANNEL_SEED))
    return every[order[: int(len(every) * share)].sort().values]


def measured(bundle: Bundle, folder: Path, images: int, share: float) -> Rows:
    """The rows of ``images`` pictures, those that are in ``folder`` already read from there; says how far it is.

    Raises ValueError where the folder is of another generator or of other channels."""
    _belongs(folder, bundle.info.fingerprint)
    channels, (mean, std) = chosen(bundle, share), measured_statistics(bundle.generator)
    steps, slopes = [], []
    for number, styles in enumerate(pictures(bundle.generator, images)):
        steps.append(
            _stored(
                folder / f"steps-{number:03}.safetensors",
                channels,
                partial(_steps, bundle, styles, channels, mean, std),
            )
        )
        slopes.append(
            _stored(
                folder / f"slopes-{number:03}.safetensors",
                channels,
                partial(_slopes, bundle, styles, channels),
            )
        )
        print(f"picture {number + 1} of {images}", flush=True)
    return Rows(channels, torch.stack(steps), torch.stack(slopes), mean, std)


def _belongs(folder: Path, fingerprint: str) -> None:
    """Mark a study's folder with its generator. Raises ValueError where it is another's."""
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / "generator"
    if mark.exists() and mark.read_text(encoding="utf-8") != fingerprint:
        raise ValueError(f"{folder} holds a study of another generator")
    mark.write_text(fingerprint, encoding="utf-8")


def _stored(path: Path, channels: Tensor, make: Callable[[], Tensor]) -> Tensor:
    if path.exists():
        stored = load_file(path)
        if not torch.equal(stored["channels"], channels):
            raise ValueError(f"{path.parent} holds a study of other channels")
        return stored["rows"]
    rows = make().contiguous()
    save_file({"rows": rows, "channels": channels}, path)
    return rows


@torch.no_grad()
def _steps(bundle: Bundle, styles: Tensor, channels: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """The published recipe on one picture: each channel at its mean, five deviations down and up [A, D]."""
    plan, found = Plan(resolution=bundle.generator.config.resolution, way="steps"), []
    for part in channels.split(BATCH):
        around = styles.repeat(len(part), 1)
        around[torch.arange(len(part)), part] = mean[part]
        found.append(effects(bundle.generator, bundle.clip, around, part, std, plan))
    return torch.cat(found)


def _slopes(bundle: Bundle, styles: Tensor, channels: Tensor) -> Tensor:
    """The whole derivative of one picture's embedding [A, D]."""
    every = torch.eye(len(bundle.neutral_embedding))
    return pulled_back(bundle.generator, bundle.clip, styles, every, bundle.generator.config.resolution)[
        :, channels
    ].t()
