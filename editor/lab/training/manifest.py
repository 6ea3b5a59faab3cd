"""``python -m editor train manifest``: measure a bundle's thresholds and write its ``bundle.toml``.

The thresholds come from unseen drawn portraits, and from pictures that show nothing. No prompt of a test is
used.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from editor.bundle.manifest import EMBEDDED, write_manifest
from editor.bundle.text_image import EmbeddedTextImageModel
from editor.inversion.domain_check import shared_outlines
from editor.lab.training import data, record
from editor.lab.training.batches import CPU
from editor.lab.training.bundles import load_clip, load_encoder, load_generator, load_teacher
from editor.lab.training.counterfactual import changed
from editor.lab.training.domain import Domain
from editor.lab.training.run import Run
from editor.networks.encoder import Encoder
from editor.networks.stylegan2 import Generator
from editor.networks.text import TextTower

MARGINS = {"domain_similarity": 0.1, "domain_psnr": 1.0, "domain_outlines": 0.15}
"""How much less than its own drawings a picture may reach and still be in the domain."""


def patterns(count: int, seed: int, size: int = 128) -> Tensor:
    """Make pictures [count, 3, size, size] that show nothing: colours, gradients, noise, stripes, blobs."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / (size - 1)
    found = []
    for number in range(count):
        a, b = rng.uniform(-1, 1, (2, 3, 1, 1))
        pattern = (
            np.zeros_like(x),
            x,
            rng.random((size, size)),
            0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(1, 12) * (x + y)),
            np.exp(-8 * ((x - rng.random()) ** 2 + (y - rng.random()) ** 2)),
        )[number % 5]
        found.append(a + (b - a) * pattern[None])
    return torch.from_numpy(np.stack(found).astype(np.float32))


@torch.no_grad()
def domain_limits(
    domain: Domain, generator: Generator, encoder: Encoder, clip: EmbeddedTextImageModel
) -> tuple[dict[str, float], float]:
    """Return what 99 % of portraits reach of each measure of ``editor.inversion.domain_check``, less a
    margin.

    Also return the share of patterns that reach all of them.
    """
    synthesis, size = generator.synthesis, generator.config.resolution
    figures: list[np.ndarray] = []
    for images in (data.pictures_of(domain.portraits.sample(128, 1_000_501), size), patterns(100, 5, size)):
        parts = [synthesis(synthesis.styles(encoder(part))).clamp(-1, 1) for part in images.split(32)]
        made = torch.cat(parts)
        similarity = (clip.encode_image(made) * clip.encode_image(images)).sum(1)
        measures = [similarity, data.psnr(made, images), shared_outlines(made, images)]
        figures.append(torch.stack(measures).numpy())
    limits = np.quantile(figures[0], 0.01, axis=1) - np.array(list(MARGINS.values()))
    accepted = float((figures[1] >= limits[:, None]).all(0).mean())
    return {name: round(float(limit), 3) for name, limit in zip(MARGINS, limits, strict=True)}, accepted


@torch.no_grad()
def standard_gain(
    domain: Domain, bundle: Path, generator: Generator, clip: EmbeddedTextImageModel, count: int = 256
) -> float:
    """Return the median logit gain of a phrase when its attribute appears, on generated counterfactual
    pairs.
    """
    rng = np.random.default_rng(1_000_601)
    before = domain.portraits.sample(count, 1_000_603)
    after, conditions = changed(before, rng)
    teacher, synthesis = load_teacher(bundle, CPU), generator.synthesis

    def embeddings(ws: Tensor) -> Tensor:
        parts = [synthesis(synthesis.styles(w)).clamp(-1, 1) for w in ws.split(32)]
        return torch.cat([clip.encode_image(part) for part in parts])

    start, end = (embeddings(teacher(data.physical(portraits))) for portraits in (before, after))
    phrases = domain.lexicon.phrases
    texts = {phrase.conditions[0]: phrase.text for phrase in phrases if len(phrase.conditions) == 1}
    rows = [row for row, condition in enumerate(conditions) if condition is not None]
    wanted = clip.encode_text([texts[condition] for condition in conditions if condition is not None])
    gains = clip.space.log_scale.exp() * ((end - start)[rows] * wanted).sum(1)
    return round(float(gains.quantile(0.5)), 3)


def main(run: Run, options: SimpleNamespace) -> None:
    """Calibrate a bundle's thresholds, and copy what serving needs to ``--to``."""
    domain, bundle = run.domain, options.bundle
    generator, encoder = load_generator(bundle, run.device), load_encoder(bundle, run.device)
    tower = TextTower.load(options.text or EMBEDDED / "text")
    clip = EmbeddedTextImageModel(tower, load_clip(bundle, run.device))
    limits, accepted = domain_limits(domain, generator, encoder, clip)
    gain = standard_gain(domain, bundle, generator, clip)
    thresholds = {"standard_gain": gain, "shown": 0.0} | limits
    target, entries = options.to or bundle, record.read(bundle)
    if target != bundle:
        target.mkdir(parents=True, exist_ok=True)
        for path in [*bundle.glob("*.safetensors"), bundle / "record.json"]:
            shutil.copy(path, target / path.name)
    widths = {part: {"width": entries[part].get("width", 1.0)} for part in ("clip", "encoder", "mapper")}
    manifest = {
        "title": domain.title,
        "domain": domain.noun,
        "licence": "MIT",
        "drawn": True,
        "examples": list(domain.examples),
        "neutral": list(domain.neutral),
        "generator": entries["generator"]["config"],
        **widths,
        "thresholds": thresholds,
    }
    manifest["clip"] = {"dim": entries["clip"]["dim"]} | widths["clip"]
    write_manifest(target, manifest)
    print({"thresholds": thresholds, "patterns_accepted": accepted})
