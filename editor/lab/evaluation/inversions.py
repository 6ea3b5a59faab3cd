"""The three qualities of inversion side by side: how close they come, what they keep, what they cost, and how well what they
give can still be edited."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from editor.api.protocol import Change, Quality
from editor.editing.engine import Engine
from editor.imaging.arrays import to_tensor
from editor.imaging.crop import crop
from editor.inversion.perceptual_distance import perceptual_distance
from editor.inversion.pivotal_tuning import tuned_bundle
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import Wish
from editor.lab.evaluation.uploads import Upload, Uploads
from editor.lab.training import data
from editor.lab.training.domain import Domain
from editor.networks.attribute_classifier import AttributeClassifier

QUALITIES: tuple[Quality, ...] = ("draft", "standard", "best")


def compare(
    domain: Domain,
    engine: Engine,
    bundle: str,
    judge: AttributeClassifier,
    scored: Sequence[str],
    asked: Sequence[Wish],
    count: int,
    seed: int,
    tell: Callable[[dict[str, Any]], None],
) -> list[dict[str, Any]]:
    """A row for each quality over the same ``count`` unseen portraits; ``tell`` hears each row as it is measured."""
    rows = []
    for quality in QUALITIES:
        begun = time.perf_counter()
        seen = Uploads.make(domain, engine, bundle, judge, count, seed, quality)
        row = {
            "quality": quality,
            "portraits": count,
            "seconds": round((time.perf_counter() - begun) / count, 2),
        }
        rows.append(
            row | closeness(engine, bundle, judge, scored, seen) | success(engine, judge, seen, asked)
        )
        tell(rows[-1])
    return rows


@torch.no_grad()
def closeness(
    engine: Engine, name: str, judge: AttributeClassifier, scored: Sequence[str], seen: Uploads
) -> dict[str, float]:
    """PSNR (dB), distance as the image tower sees it, cosine of image embeddings, the share of attributes that the judge reads
    as before, and the tuning's size (KB): means over the uploads."""
    made, gaps = [], []
    for upload in seen.items:
        drawn, square = reconstruction(engine, name, upload)
        gaps.append(float(perceptual_distance(engine.loaded[name], drawn[None], square[None])))
        made.append(data.to_pictures(drawn[None])[0])
    after = uploads.read(judge, made)
    same = []
    for attribute in scored:
        countable = classifier_metrics.countable(seen.domain, after, seen.labels, attribute)
        if countable.any():
            same.append(1.0 - classifier_metrics.changed(seen.reading, after, attribute)[countable].mean())
    fidelity = [upload.inversion.fidelity for upload in seen.items]
    return {
        "psnr": round(float(np.mean([one.psnr for one in fidelity])), 2),
        "perceptual": round(float(np.mean(gaps)), 4),
        "similarity": round(float(np.mean([one.similarity for one in fidelity])), 4),
        "attributes_kept": round(float(np.mean(same)), 4),
        "tuning_kb": round(
            float(np.mean([len(upload.inversion.tuning or b"") for upload in seen.items])) / 1024, 1
        ),
    }


def reconstruction(engine: Engine, name: str, upload: Upload) -> tuple[torch.Tensor, torch.Tensor]:
    """What an upload's inversion draws before any edit, and the square that it should draw: [3, R, R]."""
    bundle = tuned_bundle(engine.loaded[name], upload.inversion.tuning)
    config, latent = bundle.generator.config, upload.inversion.latent.w
    w = to_tensor(latent, (config.num_ws, config.w_dim), "latent")
    drawn = bundle.reconstruct(w)[0]
    return drawn, crop(upload.pixels, upload.inversion.geometry, config.resolution)


def success(
    engine: Engine, judge: AttributeClassifier, seen: Uploads, asked: Sequence[Wish]
) -> dict[str, Any]:
    """The share of wishes at strength 1 that the judge sees granted: mean over the wishes, and how many edits were judged."""
    shares, edits = [], 0
    for wish in asked:
        rows = np.flatnonzero(classifier_metrics.eligible(seen.reading, seen.labels, wish))
        if not len(rows):
            continue
        results = [uploads.edit(engine, seen.items[row], [Change(prompt=wish.prompt)]) for row in rows]
        after = uploads.read(judge, [uploads.pixels_of(result) for result in results])
        shares.append(
            float(classifier_metrics.succeeded(uploads.selected(seen.reading, rows), after, wish).mean())
        )
        edits += len(rows)
    return {"success": round(float(np.mean(shares)), 4) if shares else None, "edits": edits}


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as Markdown."""
    names = {
        "quality": "quality",
        "psnr": "PSNR, dB",
        "perceptual": "by the image tower",
        "similarity": "cosine of embeddings",
        "attributes_kept": "attributes kept",
        "success": "wishes granted",
        "seconds": "seconds",
        "tuning_kb": "kept, KB",
    }
    lines = ["| " + " | ".join(names.values()) + " |", "| " + " | ".join("---" for _ in names) + " |"]
    return "\n".join([*lines, *("| " + " | ".join(str(row[key]) for key in names) + " |" for row in rows)])
