"""``python -m editor train manifest``: measure a bundle's thresholds and write its ``bundle.toml``.

The thresholds come from unseen drawn portraits and from pictures that are none; no wish of any test file is used.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from editor.bundle.manifest import EMBEDDED, write_manifest
from editor.bundle.text_image import EmbeddedTextImageModel
from editor.inversion.domain_check import shared_outlines
from editor.lab.training import data, record
from editor.lab.training.bundles import load_clip, load_encoder, load_generator, load_teacher
from editor.lab.training.counterfactual import changed
from editor.lab.training.domain import Domain
from editor.lab.training.run import arguments, start
from editor.networks.encoder import Encoder
from editor.networks.stylegan2 import Generator
from editor.networks.text import TextTower

MARGINS = {"domain_similarity": 0.1, "domain_psnr": 1.0, "domain_outlines": 0.15}
"""How much less than its own drawings reach a picture may reach and still be called one of a domain."""


def strangers(count: int, seed: int, size: int = 128) -> Tensor:
    """Pictures that are no portraits: plain colours, gradients, noise, stripes and blobs, [count, 3, size, size]."""
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
) -> dict[str, float]:
    """What 99 % of portraits reach of each measure of ``editor.inversion.domain_check``, less a margin.

    Also how many strangers reach all of them."""
    synthesis, size = generator.synthesis, generator.config.resolution
    portraits = data.pictures_of(domain.portraits.sample(128, 1_000_501), size)
    figures: list[np.ndarray] = []
    for images in (portraits, strangers(100, 5, size)):
        made = torch.cat(
            [synthesis(synthesis.styles(encoder(part))).clamp(-1, 1) for part in images.split(32)]
        )
        alike = (clip.encode_image(made) * clip.encode_image(images)).sum(1)
        figures.append(torch.stack([alike, data.psnr(made, images), shared_outlines(made, images)]).numpy())
    limits = np.quantile(figures[0], 0.01, axis=1) - np.array(list(MARGINS.values()))
    passed = float((figures[1] >= limits[:, None]).all(0).mean())
    return {name: round(float(limit), 3) for name, limit in zip(MARGINS, limits, strict=True)} | {
        "strangers_accepted": passed
    }


@torch.no_grad()
def standard_gain(
    domain: Domain, bundle: Path, generator: Generator, clip: EmbeddedTextImageModel, count: int = 256
) -> float:
    """Median logit gain of a phrase when the attribute it speaks of appears, on generated counterfactual pairs."""
    rng = np.random.default_rng(1_000_601)
    before = domain.portraits.sample(count, 1_000_603)
    after, changes = changed(before, rng)
    teacher, synthesis = load_teacher(bundle, torch.device("cpu")), generator.synthesis
    images = [
        torch.cat(
            [
                clip.encode_image(synthesis(synthesis.styles(w)).clamp(-1, 1))
                for w in teacher(data.physical(portraits)).split(32)
            ]
        )
        for portraits in (before, after)
    ]
    texts = {
        phrase.conditions[0]: phrase.text for phrase in domain.lexicon.phrases if len(phrase.conditions) == 1
    }
    rows = [row for row, change in enumerate(changes) if change.after is not None]
    wanted = clip.encode_text([texts[c.after] for c in changes if c.after is not None])
    gains = [
        float(
            clip.logits(images[1][r : r + 1] - images[0][r : r + 1], wanted[i : i + 1])[0, 0]
            - clip.space.bias
        )
        for i, r in enumerate(rows)
    ]
    return round(float(np.median(gains)), 3)


def main(argv: Sequence[str] | None = None) -> int:
    """Calibrate, and copy what serving needs to ``--to``."""
    parser = arguments("Calibrate a bundle's thresholds and write its bundle.toml.", 5, "manifest")
    parser.add_argument("--text", type=Path, default=EMBEDDED / "text", help="folder of the text tower")
    parser.add_argument(
        "--to", type=Path, help="folder that gets the finished bundle; --bundle itself when absent"
    )
    options = parser.parse_args(argv)
    if options.bundle is None:
        parser.error("--bundle is needed")
    run = start(options)
    generator, encoder = load_generator(options.bundle, run.device), load_encoder(options.bundle, run.device)
    clip = EmbeddedTextImageModel(TextTower.load(options.text), load_clip(options.bundle, run.device))
    limits = domain_limits(run.domain, generator, encoder, clip)
    strangers = limits.pop("strangers_accepted")
    thresholds = {
        "standard_gain": standard_gain(run.domain, options.bundle, generator, clip),
        "shown": 0.0,
    } | limits
    target = options.to or options.bundle
    if target != options.bundle:
        target.mkdir(parents=True, exist_ok=True)
        for path in [*options.bundle.glob("*.safetensors"), options.bundle / "record.json"]:
            shutil.copy(path, target / path.name)
    records = record.read(options.bundle)

    def width_of(part: str) -> dict[str, float]:
        return {"width": records[part].get("width", 1.0)}

    write_manifest(
        target,
        {
            "title": run.domain.title,
            "domain": run.domain.noun,
            "licence": "MIT",
            "drawn": True,
            "examples": list(run.domain.examples),
            "neutral": list(run.domain.neutral),
            "generator": records["generator"]["config"],
            "clip": {"dim": records["clip"]["dim"]} | width_of("clip"),
            "encoder": width_of("encoder"),
            "mapper": width_of("mapper"),
            "thresholds": thresholds,
        },
    )
    print({"thresholds": thresholds, "strangers_accepted": strangers})
    return 0
