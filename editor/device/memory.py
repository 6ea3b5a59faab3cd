"""What a search by gradients may cost: it is done at the resolution, and with the checkpoints, that memory and time allow.

Memory that a step needs beside the weights is nearly all activations kept for the way back. Checkpoints (Chen et al. 2016,
arXiv 1604.06174) keep only what goes between layers and draw each layer anew on the way back: the same numbers for about a
third more time. Where that is too much still, and on a CPU where time counts, the loss looks at a smaller picture.
"""

from __future__ import annotations

import logging
import math
import os
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.device.allocator import give_back
from editor.networks import stylegan2
from editor.networks.generators import Generator

logger = logging.getLogger(__name__)

GB = 1024**3
USUAL_LIMIT = 6.0
"""Gigabytes that the editor may have resident on a CPU where EDITOR_MEMORY_GB says nothing else."""
SHARE = 0.8
"""Of what the machine or its group still has free that a step may take."""
ASIDE = 1.0 * GB
"""Of the limit, for what a step takes beside its activations: transformed kernels, gradients of what is tuned, and gaps."""
KEPT = 7
"""Maps of a layer's output size that a layer keeps for the way back (measured); with checkpoints one, and for one layer at a
time all."""
LEAST_RESOLUTION, CHEAP_RESOLUTION = 256, 256
"""Pixels that a loss looks at at least; and at most where each step on a CPU counts: the encoders see no more either."""
PIXELS_AT_ONCE = 4 * 128**2
"""Drawn in one go on a CPU: somebody's follow-up may be waiting, and more at once is hardly cheaper there."""


@dataclass(frozen=True)
class Plan:
    """How a search draws: the side of its pictures, and whether layers are drawn anew on the way back."""

    resolution: int
    checkpoint: bool = False


def at_once(device: torch.device, resolution: int) -> int:
    """Pictures that are drawn in one go where there are many: on a GPU all of them."""
    return max(1, PIXELS_AT_ONCE // resolution**2) if device.type == "cpu" else 2**31


def limit() -> float:
    """Bytes that may be resident on a CPU."""
    return float(os.environ.get("EDITOR_MEMORY_GB") or USUAL_LIMIT) * GB


def room(device: torch.device) -> float:
    """Bytes that may still be taken."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(
            device
        )  # by this process, and not in use
        return SHARE * (torch.cuda.mem_get_info(device)[0] + kept)
    give_back()  # what the process keeps is room as well
    return max(0.0, min(limit() - ASIDE - _resident(), SHARE * _free()))


def _resident() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0.0


def _free() -> float:
    """Of the machine, or of the control group that this process is in."""
    free = math.inf
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
        group = Path("/sys/fs/cgroup")
        free = min(
            free, int((group / "memory.max").read_text()) - int((group / "memory.current").read_text())
        )
    except (OSError, ValueError, StopIteration):
        pass  # another system, or no bound: what is known counts
    return free


def needed(generator: Generator, rows: int, plan: Plan) -> float:
    """Bytes of a step's activations (float32), about."""
    maps = [
        4.0 * rows * channels * side * side for channels, side in _maps(generator) if side <= plan.resolution
    ]
    return KEPT * max(maps) + sum(maps) if plan.checkpoint else KEPT * sum(maps)


def _maps(generator: Generator) -> list[tuple[int, int]]:
    """Channels and side of each layer's output; of StyleGAN3 the sides at which its filters work are the larger ones."""
    if isinstance(generator, stylegan2.Generator):
        config = generator.config
        return [(config.channels(side), side) for side in config.resolutions for _ in range(2)]
    layers = generator.synthesis.layers[1:]
    return [
        (layer.stop - layer.start, min(2 * layer.resolution, generator.config.resolution)) for layer in layers
    ]


def plan(generator: Generator, rows: int, cheap: bool = False) -> Plan:
    """The largest resolution that fits, without checkpoints where it can be; said in the log where it is not the full one.

    ``cheap``: on a CPU no more than ``CHEAP_RESOLUTION``.
    """
    device = next(generator.parameters()).device
    full, free = generator.config.resolution, room(device)
    side = min(full, CHEAP_RESOLUTION) if cheap and device.type == "cpu" else full
    plans = [Plan(side), Plan(side, True)]
    while side > LEAST_RESOLUTION and isinstance(generator, stylegan2.Generator):
        side //= 2
        plans += [Plan(side, True)]
    chosen = next((one for one in plans if needed(generator, rows, one) <= free), plans[-1])
    if chosen != Plan(full):
        logger.info(
            "searching at %d of %d pixels%s: a step needs about %.1f GB, %.1f GB may be taken",
            chosen.resolution,
            full,
            " with checkpoints" if chosen.checkpoint else "",
            needed(generator, rows, chosen) / GB,
            free / GB,
        )
    return chosen


@torch.no_grad()
def target(generator: Generator, images: Tensor, w: Tensor, resolution: int) -> Tensor:
    """What synthesis at ``resolution`` should draw to come close to ``images`` [N, 3, R, R]: [N, 3, resolution, resolution].

    The picture, smaller, less what the finer layers add to it; that is held as it is at ``w`` [N, num_ws, w_dim].
    """
    if resolution == images.shape[-1]:
        return images
    synthesis, size = generator.synthesis, (resolution, resolution)
    styles = synthesis.styles(w)
    added = torch.cat(
        [
            F.interpolate(synthesis(row), size=size, mode="area") - synthesis(row, resolution)
            for row in styles.split(1)
        ]
    )
    return F.interpolate(images, size=size, mode="area") - added
