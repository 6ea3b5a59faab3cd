"""The generator's own pictures as a crowd: where each lies in W and how the text-image model sees it.

Methods that learn from many pictures share it, so that a bundle is drawn and looked at once. Their labels are zero-shot:
how well a text describes each picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from editor.bundle import rendering
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress

COUNT, BATCH = 512, 32
BANK_SEED = 13
"""Of the pictures whose embeddings a bank made here keeps."""
SAME = 0.995
"""Cosine from which an embedding is the kept one."""
_KNOWN: dict[str, Population] = {}
MOST_KNOWN = 4


@dataclass(frozen=True)
class Population:
    """``w`` [N, w_dim] and the unit embeddings [N, D] of the pictures there."""

    w: Tensor
    embeddings: Tensor

    def scores(self, direction: Tensor) -> Tensor:
        """How far each picture goes in a direction [D] of the text-image space: [N]."""
        return self.embeddings @ direction


@torch.no_grad()
def of(bundle: Bundle, watch: Progress) -> Population:
    """A bundle's population; drawn when it is first asked for, unless the bank's is it."""
    name = bundle.info.fingerprint
    if name not in _KNOWN:
        _KNOWN[name] = _kept(bundle) or _drawn(bundle, watch)
        while len(_KNOWN) > MOST_KNOWN:
            del _KNOWN[next(iter(_KNOWN))]
    return _KNOWN[name]


def _kept(bundle: Bundle) -> Population | None:
    """The pictures of the bank's samples, where they are what their seed makes."""
    samples = bundle.bank.samples
    if samples is None:
        return None
    z = np.random.default_rng(BANK_SEED).standard_normal(
        (len(samples), bundle.generator.config.z_dim), dtype=np.float32
    )
    w = bundle.generator.mapping(torch.from_numpy(z).to(samples.device))
    alike = (_embedded(bundle, w[:4]) * samples[:4]).sum(1)
    return Population(w, samples) if float(alike.min()) > SAME else None


def _drawn(bundle: Bundle, watch: Progress) -> Population:
    rng = torch.Generator().manual_seed(0)
    w = bundle.generator.mapping(
        torch.randn(COUNT, bundle.generator.config.z_dim, generator=rng).to(bundle.bank.s_std.device)
    )
    found = []
    for number, part in enumerate(w.split(BATCH)):
        watch("fit", number * BATCH, COUNT)
        found.append(_embedded(bundle, part))
    return Population(w, torch.cat(found))


def _embedded(bundle: Bundle, w: Tensor) -> Tensor:
    return rendering.embed(bundle, bundle.generator.synthesis.styles(w))
