"""Figures of the models themselves: generator against its drawings, inversion against uploads."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from editor.bundle.bundle import Bundle
from editor.editing.engine import Engine
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.uploads import Uploads
from editor.lab.training import data
from editor.lab.training.domain import Domain
from editor.networks.attribute_classifier import AttributeClassifier


@torch.no_grad()
def generator_psnr(domain: Domain, bundle: Bundle, count: int = 256, seed: int = 1_000_003) -> float:
    """Mean PSNR, dB, of the generator through its own mapping against the drawings of unseen z."""
    z = domain.latents(np.random.default_rng(seed), count)
    total = 0.0
    for part in np.array_split(z, max(1, count // 16)):
        wanted = data.pictures_of(domain.portraits.from_latent(part), bundle.generator.config.resolution)
        w = bundle.generator.mapping(torch.from_numpy(part).to(bundle.bank.s_std.device))
        total += float(data.psnr(bundle.render(bundle.generator.synthesis.styles(w)).cpu(), wanted).sum())
    return round(total / count, 2)


def inversion(
    domain: Domain,
    engine: Engine,
    bundle: str,
    judge: AttributeClassifier,
    scored: Iterable[str],
    count: int = 256,
) -> dict[str, float]:
    """Mean PSNR, dB, of refined inversions of unseen drawings and the share of attributes read the same on them."""
    seen = Uploads.make(domain, engine, bundle, judge, count, seed=1_000_081)
    loaded = engine.loaded[bundle]
    pictures = []
    for upload in seen.items:
        w = torch.from_numpy(
            np.frombuffer(upload.inversion.latent.w.data, "<f4")
            .reshape(upload.inversion.latent.w.shape)
            .copy()
        )
        with torch.no_grad():
            pictures.append(
                data.to_pictures(loaded.render(loaded.generator.synthesis.styles(w[None].to(engine.device))))[
                    0
                ]
            )
    after = uploads.read(judge, pictures)
    same = []
    for name in scored:
        countable = classifier_metrics.countable(domain, after, seen.labels, name)
        same.append(1.0 - classifier_metrics.changed(seen.reading, after, name)[countable].mean())
    psnr = float(np.mean([upload.inversion.fidelity.psnr for upload in seen.items]))
    return {"inversion_psnr": round(psnr, 2), "attributes_kept": round(float(np.mean(same)), 4)}
