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
def sample_w(generator: Generator, count: int, seed: int, truncation: float = 1.0) -> Tensor:
    """Return w [count, w_dim] of Gaussian z."""
    z = torch.randn(count, generator.config.z_dim, generator=torch.Generator().manual_seed(seed))
    parts = z.to(generator.mapping.w_avg.device).split(2000)
    return torch.cat([generator.mapping(part, truncation) for part in parts])


@torch.no_grad()
def w_statistics(generator: Generator, samples: int = 10_000, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Measure the mean and deviation [w_dim] of W over Gaussian z."""
    w = sample_w(generator, samples, seed)
    return w.mean(0), w.std(0) + 1e-6
