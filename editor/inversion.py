"""Refinement of an inversion: a short optimisation in W+ from the encoder's answer."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.networks.generators import Generator

RATE = 0.05
STAY_WEIGHT = 0.002
"""Pull back to the encoder's answer, in squared deviations of W: what leaves W's manifold edits badly."""


def distance(made: Tensor, wanted: Tensor) -> Tensor:
    """Per-picture distance [N]: L1 at full, half and quarter resolution, pixels in [-1, 1]."""
    difference = made - wanted
    total = difference.abs().mean(dim=(1, 2, 3))
    for _ in range(2):
        difference = F.avg_pool2d(difference, 2)
        total = total + 0.5 * difference.abs().mean(dim=(1, 2, 3))
    return total


@torch.enable_grad()
def refine(
    generator: Generator,
    images: Tensor,
    w: Tensor,
    steps: int,
    progress: Callable[[int], None] | None = None,
    scale: Tensor | None = None,
) -> Tensor:
    """W+ [N, num_ws, w_dim] moved by ``steps`` of Adam so that synthesis comes closer to ``images`` [N, 3, H, W].

    ``scale`` [w_dim] is W's deviation (measured from ``w`` where absent); ``progress`` hears the number of each step
    done and may raise to stop.
    """
    synthesis = generator.synthesis
    unit = scale if scale is not None else w.reshape(-1, w.shape[-1]).std(0) + 1e-2
    offset = torch.zeros_like(w, requires_grad=True)
    optimizer = torch.optim.Adam([offset], lr=RATE, betas=(0.8, 0.95))
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, 2.0 * (1 - step / steps) + 0.1)
        made = synthesis(synthesis.styles(w + offset * unit), resolution=images.shape[-1])
        loss = (distance(made, images) + STAY_WEIGHT * offset.square().mean(dim=(1, 2))).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if progress is not None:
            progress(step + 1)
    return (w + offset * unit).detach()
