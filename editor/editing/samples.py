"""Samples of a generator: pictures of its own in W, with their image embeddings.

Methods that learn from many pictures share them, so that they are drawn and embedded once for a bundle. Their
labels are zero-shot: how well a text describes each picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from editor.bundle.bundle import Bundle
from editor.device.progress import ProgressCallback
from editor.networks.generators import sample_w

COUNT, BATCH = 512, 32
BANK_SEED = 13
"""Seed of the pictures whose embeddings a direction bank keeps."""
SAME = 0.995
"""Cosine from which an embedding counts as the one that the bank keeps."""


@dataclass(frozen=True)
class Samples:
    """``w`` [N, w_dim] and the unit embeddings [N, D] of the pictures there."""

    w: Tensor
    embeddings: Tensor

    def scores(self, direction: Tensor) -> Tensor:
        """Return how far each picture goes in a direction [D] of the text-image space: [N]."""
        return self.embeddings @ direction


def samples_of(bundle: Bundle, progress: ProgressCallback) -> Samples:
    """Return a bundle's samples: its direction bank's if possible, else drawn on the first request."""
    shared = bundle.untuned
    return shared.caches.get("samples", (), lambda: _from_bank(shared) or _draw(shared, progress), maxsize=1)


@torch.no_grad()
def _from_bank(bundle: Bundle) -> Samples | None:
    """Return the pictures of the direction bank; None if their seed does not reproduce them."""
    embeddings = bundle.bank.samples
    if embeddings is None:
        return None
    shape = (len(embeddings), bundle.generator.config.z_dim)
    z = np.random.default_rng(BANK_SEED).standard_normal(shape, dtype=np.float32)
    w = bundle.generator.mapping(torch.from_numpy(z).to(embeddings.device))
    cosines = (bundle.embed(bundle.generator.synthesis.styles(w[:4])) * embeddings[:4]).sum(1)
    return Samples(w, embeddings) if float(cosines.min()) > SAME else None


@torch.no_grad()
def _draw(bundle: Bundle, progress: ProgressCallback) -> Samples:
    w, embeddings = sample_w(bundle.generator, COUNT, seed=0), []
    for number, part in enumerate(w.split(BATCH)):
        progress("fit", number * BATCH, COUNT)
        embeddings.append(bundle.embed(bundle.generator.synthesis.styles(part)))
    return Samples(w, torch.cat(embeddings))
