"""The qualities of inversion side by side: closeness, cost, and how well the result can be edited."""

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
def closeness(unseen: UploadSet) -> dict[str, float]:
    """Return means over the uploads.

    PSNR (dB), perceptual distance, cosine of image embeddings, share of attributes that the classifier
    predicts as before, and size of the tuning (KB).
    """
    tested = unseen.tested
    made, gaps = [], []
    for upload in unseen.items:
        tuned = tuned_bundle(tested.bundle, upload.inversion.tuning)
        drawn = uploads.reconstruction(tuned, upload.inversion)
        square = crop(upload.pixels, upload.inversion.geometry, tuned.generator.config.resolution)
        gaps.append(float(perceptual_distance(tested.bundle, drawn[None], square[None].to(drawn))))
        made.append(data.to_pictures(drawn[None])[0])
    after = uploads.predict(tested.classifier, made)
    fidelity = [upload.inversion.fidelity for upload in unseen.items]
    sizes = [len(upload.inversion.tuning or b"") / 1024 for upload in unseen.items]
    return {
        "psnr": round(float(np.mean([one.psnr for one in fidelity])), 2),
        "perceptual": round(float(np.mean(gaps)), 4),
        "similarity": round(float(np.mean([one.similarity for one in fidelity])), 4),
        "attributes_kept": classifier_metrics.share_kept(
            tested.domain, unseen.predictions, after, unseen.labels, tested.scored
        ),
        "tuning_kb": round(float(np.mean(sizes)), 1),
    }


def success(unseen: UploadSet, cases: Sequence[EditCase]) -> dict[str, Any]:
    """Return the mean share of successful edits at strength 1, and the number of edits."""
    tested, shares, edits = unseen.tested, [], 0
    for case in cases:
        rows = np.flatnonzero(classifier_metrics.eligible(unseen.predictions, unseen.labels, case))
        if not len(rows):
            continue
        change = Change(prompt=case.prompt)
        results = [uploads.edit(tested.engine, unseen.items[row], [change]) for row in rows]
        after = uploads.predict(tested.classifier, [uploads.pixels_of(result) for result in results])
        shares.append(float(classifier_metrics.succeeded(unseen.rows(rows)[0], after, case).mean()))
        edits += len(rows)
    return {"success": round(float(np.mean(shares)), 4) if shares else None, "edits": edits}


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


def of_models(tested: EvaluatedBundle, count: int = 256, seed: int = 1_000_081) -> dict[str, float]:
    """Return the generator's PSNR, and the PSNR and kept attributes of inversions of unseen drawings."""
    found = closeness(UploadSet.make(tested, count, seed))
    return {
        "generator_psnr": generator_psnr(tested),
        "inversion_psnr": found["psnr"],
        "attributes_kept": found["attributes_kept"],
    }
