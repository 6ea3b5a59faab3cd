"""Recover the teacher mapping of a bundle that came without it, from the generator's own mapping network.

The mapping network was distilled from the teacher. Regressed on the descriptions of its latents, its w give a
teacher of the same W, so that the synthesis network can be trained further while encoder and mapper stay
valid.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from editor.lab.training import data
from editor.lab.training.domain import Domain
from editor.lab.training.optim import cosine_decay, set_rate, take_step
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.stylegan2 import Generator

SAMPLES, STEPS, BATCH, RATE = 60_000, 3000, 512, 3e-3


@torch.no_grad()
def _samples(domain: Domain, generator: Generator, seed: int) -> tuple[Tensor, Tensor]:
    """Return descriptions [N, P] of random portraits and the w [N, w_dim] of their latents."""
    z = domain.latents(np.random.default_rng((seed, 17)), SAMPLES)
    w = [generator.mapping(torch.from_numpy(part)) for part in np.array_split(z, 60)]
    return data.physical(domain.portraits.from_latent(z)), torch.cat(w)


def recover_teacher(domain: Domain, generator: Generator, seed: int = 0) -> tuple[TeacherMapping, float]:
    """Return a teacher of the generator's W, and the share of W's variance that it leaves unexplained."""
    physical, w = _samples(domain, generator, seed)
    teacher = TeacherMapping(physical.shape[1], w.shape[1])
    teacher.standardise(physical)
    optimizer = torch.optim.Adam(teacher.parameters(), lr=RATE, betas=(0.9, 0.99))
    spread, rng = w.std(0) + 1e-3, torch.Generator().manual_seed(seed)
    for step in range(STEPS):
        set_rate(optimizer, RATE * cosine_decay(step / STEPS))
        rows = torch.randint(len(w), (BATCH,), generator=rng)
        take_step(optimizer, ((teacher(physical[rows]) - w[rows]) / spread).square().mean())
    with torch.no_grad():
        unexplained = float(((teacher(physical) - w).square().sum(1)).mean() / w.var(0).sum())
    return teacher.eval().requires_grad_(False), unexplained
