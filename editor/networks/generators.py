"""The generators that a bundle may hold, chosen by ``kind`` in its ``[generator]`` table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from editor.networks import stylegan2, stylegan3

Generator = stylegan2.Generator | stylegan3.Generator


def build(table: Mapping[str, Any]) -> Generator:
    """Build a generator with random weights. Raises ValueError or TypeError for an impossible table."""
    fields = dict(table)
    kind = fields.pop("kind", "stylegan2")
    if kind == "stylegan2":
        return stylegan2.Generator(stylegan2.GeneratorConfig(**fields))
    if kind == "stylegan3":
        return stylegan3.Generator(stylegan3.GeneratorConfig(**fields))
    raise ValueError(f"there is no generator of kind '{kind}'")


@torch.no_grad()
def w_statistics(generator: Generator, samples: int = 10_000, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Measure the mean and deviation [w_dim] of W over Gaussian z."""
    z = torch.randn(samples, generator.config.z_dim, generator=torch.Generator().manual_seed(seed))
    w = torch.cat([generator.mapping(part) for part in z.to(generator.mapping.w_avg.device).split(2000)])
    return w.mean(0), w.std(0) + 1e-6
