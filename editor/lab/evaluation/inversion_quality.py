"""The qualities of inversion: closeness, cost, and how well the result can be edited."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from editor.api.protocol import QUALITIES, Change
from editor.imaging.crop import crop
from editor.inversion.perceptual_distance import perceptual_distance
from editor.inversion.pivotal_tuning import tuned_bundle
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.single_edits import mean
from editor.lab.evaluation.uploads import EvaluatedBundle, UploadSet
from editor.lab.training import data


def compare(
    tested: EvaluatedBundle, cases: Sequence[EditCase], count: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield a row for each quality, over the same ``count`` unseen portraits."""
    for quality in QUALITIES:
        begun = time.perf_counter()
        unseen = UploadSet.make(tested, count, seed, quality)
        seconds = round((time.perf_counter() - begun) / count, 2)
        row = {"quality": quality, "portraits": count, "seconds": seconds}
        yield row | closeness(unseen) | success(unseen, cases)


@torch.no_grad()
def closeness(unseen: UploadSet) -> dict[str, float | None]:
    """Return means over the uploads.

    PSNR (dB), perceptual distance, cosine of image embeddings, share of visible attributes that the
    classifier predicts as before, and size of the tuning (KB).
    """
    tested, made, gaps = unseen.tested, [], []
    for upload in unseen.items:
        tuned = tuned_bundle(tested.bundle, upload.inversion.tuning)
        drawn = uploads.reconstruction(tuned, upload.inversion)
        square = crop(upload.pixels, upload.inversion.geometry, tuned.generator.config.resolution)
        gaps.append(float(perceptual_distance(tested.bundle, drawn[None], square[None].to(drawn))))
        made.append(data.to_pictures(drawn[None])[0])
    before, after, kept = unseen.predictions, uploads.predict(tested.classifier, made), []
    for name in tested.scored:
        rows = classifier_metrics.countable(tested.domain, after, unseen.labels, name)
        if rows.any():
            kept.append(1.0 - classifier_metrics.changed(before, after, name)[rows].mean())
    inversions = [upload.inversion for upload in unseen.items]
    return {
        "psnr": mean([one.fidelity.psnr for one in inversions], 2),
        "perceptual": mean(gaps),
        "similarity": mean([one.fidelity.similarity for one in inversions]),
        "attributes_kept": mean(kept),
        "tuning_kb": mean([len(one.tuning or b"") / 1024 for one in inversions], 1),
    }


def success(unseen: UploadSet, cases: Sequence[EditCase]) -> dict[str, Any]:
    """Return the mean share of successful edits at strength 1, and the number of edits."""
    shares, edits = [], 0
    for case in cases:
        numbers = unseen.eligible(case)
        if not numbers:
            continue
        change, engine = Change(prompt=case.prompt), unseen.tested.engine
        results = [uploads.edit(engine, unseen.items[number], [change]) for number in numbers]
        after = uploads.predict(unseen.tested.classifier, list(map(uploads.pixels_of, results)))
        before = uploads.select(unseen.predictions, numbers)
        shares.append(float(classifier_metrics.succeeded(before, after, case).mean()))
        edits += len(numbers)
    return {"success": mean(shares), "edits": edits}


@torch.no_grad()
def generator_psnr(tested: EvaluatedBundle, count: int = 256, seed: int = 1_000_003) -> float:
    """Return the mean PSNR (dB) of the generator's pictures of unseen z against their drawings."""
    domain, bundle, total = tested.domain, tested.bundle, 0.0
    z = domain.latents(np.random.default_rng(seed), count)
    for part in np.array_split(z, max(1, count // 16)):
        wanted = data.pictures_of(domain.portraits.from_latent(part), bundle.generator.config.resolution)
        w = bundle.generator.mapping(torch.from_numpy(part).to(bundle.bank.s_std.device))
        made = bundle.render(bundle.generator.synthesis.styles(w)).cpu()
        total += float(data.psnr(made, wanted).sum())
    return round(total / count, 2)


def model_figures(
    tested: EvaluatedBundle, count: int = 256, seed: int = 1_000_081
) -> dict[str, float | None]:
    """Return the generator's PSNR, and the PSNR and kept attributes of inversions of unseen drawings."""
    found = closeness(UploadSet.make(tested, count, seed))
    return {
        "generator_psnr": generator_psnr(tested),
        "inversion_psnr": found["psnr"],
        "attributes_kept": found["attributes_kept"],
    }
