"""Memory plan of a search by gradients: the resolution and the checkpoints that memory and time allow.

Nearly all memory that a step needs, apart from the weights, is activations kept for the backward pass.
Checkpoints (Chen et al. 2016, arXiv 1604.06174) keep only what passes between layers and draw each layer
again in the backward pass: the same numbers for about a third more time. Where that is still too much, and on
a CPU where time counts, the loss sees a smaller picture.
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

from editor.device.allocator import memory_limit, release_memory
from editor.networks import stylegan2
from editor.networks.generators import Generator

logger = logging.getLogger(__name__)

GB = 1024**3
USABLE_SHARE = 0.8
"""Share of the free memory that a step may take."""
RESERVE = 1.0 * GB
"""Part of the limit that is left for transformed kernels, gradients of what is tuned, and fragmentation."""
KEPT_MAPS = 7
"""Maps of a layer's output size that the layer keeps for the backward pass (measured).

With checkpoints it keeps one, and all of them for one layer at a time.
"""
LEAST_RESOLUTION, CHEAP_RESOLUTION = 256, 256
"""Least side of the pictures that a loss sees, and the side on a CPU when time counts."""
CPU_PIXELS = 4 * 128**2
"""Pixels drawn in one call on a CPU. More is hardly cheaper there, and other jobs may be waiting."""


@dataclass(frozen=True)
class MemoryPlan:
    """The side of a search's pictures, and whether layers are drawn again in the backward pass."""

    resolution: int
    checkpoint: bool = False


def max_rows(device: torch.device, resolution: int) -> int:
    """Return how many pictures to draw in one call; on a GPU there is no limit."""
    return max(1, CPU_PIXELS // resolution**2) if device.type == "cpu" else 2**31


def available(device: torch.device) -> float:
    """Return the bytes that a step may take."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return USABLE_SHARE * (torch.cuda.mem_get_info(device)[0] + cached)
    release_memory()
    return max(0.0, min(memory_limit() * GB - RESERVE - _resident(), USABLE_SHARE * _free()))


def _resident() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0.0


def _free() -> float:
    """Return the free memory of the machine or the control group; infinity if it is unknown."""
    free = math.inf
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
        group = Path("/sys/fs/cgroup")
        most, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        free = min(free, most - used)
    except (OSError, ValueError, StopIteration):
        pass  # another system, or a group without a limit
    return free


def needed(generator: Generator, rows: int, plan: MemoryPlan) -> float:
    """Estimate the bytes of a step's activations (float32)."""
    if isinstance(generator, stylegan2.Generator):
        config = generator.config
        layers = [(config.channels(side), side) for side in config.resolutions for _ in range(2)]
    else:  # the filters of StyleGAN3 work at twice the side of a layer's output
        sides = [(layer.stop - layer.start, 2 * layer.resolution) for layer in generator.synthesis.layers[1:]]
        layers = [(channels, min(side, generator.config.resolution)) for channels, side in sides]
    maps = [4.0 * rows * channels * side**2 for channels, side in layers if side <= plan.resolution]
    return KEPT_MAPS * max(maps) + sum(maps) if plan.checkpoint else KEPT_MAPS * sum(maps)


def plan_search(generator: Generator, rows: int, cheap: bool = False) -> MemoryPlan:
    """Choose the largest resolution at which ``rows`` pictures fit, without checkpoints if possible.

    ``cheap``: at most ``CHEAP_RESOLUTION`` on a CPU.
    """
    device = next(generator.parameters()).device
    full, free = generator.config.resolution, available(device)
    side = min(full, CHEAP_RESOLUTION) if cheap and device.type == "cpu" else full
    plans = [MemoryPlan(side), MemoryPlan(side, True)]
    while side > LEAST_RESOLUTION and isinstance(generator, stylegan2.Generator):
        side //= 2
        plans += [MemoryPlan(side, True)]
    chosen = next((plan for plan in plans if needed(generator, rows, plan) <= free), plans[-1])
    if chosen != MemoryPlan(full):
        logger.info(
            "searching at %d of %d pixels%s: a step needs about %.1f GB, %.1f GB are available",
            chosen.resolution,
            full,
            " with checkpoints" if chosen.checkpoint else "",
            needed(generator, rows, chosen) / GB,
            free / GB,
        )
    return chosen


@torch.no_grad()
def search_target(generator: Generator, images: Tensor, drawn: Tensor, w: Tensor, resolution: int) -> Tensor:
    """Return what synthesis at a smaller ``resolution`` has to draw to approach ``images``.

    This is the reduced picture without what the finer layers add to it, which is assumed not to change.

    Args:
        generator: The generator that draws.
        images: Pictures [N, 3, R, R].
        drawn: What it draws at ``w``, where the search starts, [N, 3, R, R].
        w: W+ [N, num_ws, w_dim].
        resolution: Side S of the result [N, 3, S, S].
    """
    if resolution == images.shape[-1]:
        return images
    synthesis = generator.synthesis
    coarse = torch.cat([synthesis(row, resolution) for row in synthesis.styles(w).split(1)])
    fine = F.interpolate(drawn, size=(resolution, resolution), mode="area") - coarse
    return F.interpolate(images, size=(resolution, resolution), mode="area") - fine
