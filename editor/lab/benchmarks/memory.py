"""Measure how much memory the largest work takes: ``python -m editor.lab.benchmarks.memory WORK``.

``photo``: a JPEG of 50 megapixels is decoded, edited, pasted back and encoded.

``ffhq``: an inversion, an edit and a latent optimization with networks in the published layouts at 1024
pixels (StyleGAN2, e4e, CLIP ViT-B/32) and random weights. With ``--quality best`` the inversion tunes the
generator, and the edits use the tuned one.

Prints one JSON object: peak memory and seconds after each stage.
"""

from __future__ import annotations

import gc
import io
import json
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Annotated, Any, Literal

import numpy as np
import torch
import typer
from PIL import Image

from editor.api.protocol import Change, EditRequest, EditResult, InvertRequest, InvertResult, Quality
from editor.editing.engine import Engine
from editor.editing.methods import optimization
from editor.inversion import inversion
from editor.lab.benchmarks.random_bundle import random_bundle
from editor.lab.benchmarks.timing import peak_gigabytes
from editor.lab.running import run_job


class Stages:
    """Peak memory and seconds, stage by stage."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, float]] = {}
        self._begun = self._first = time.perf_counter()

    def done(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self.rows[name] = {"peak_gb": round(peak_gigabytes(), 2), "seconds": round(now - self._begun, 1)}
        self._begun = time.perf_counter()

    def report(self, stage: str, step: int = 0, *_: object) -> None:
        """Record a step of a search, as an engine's progress report; the first step is not timed."""
        if stage not in ("refine", "tune"):
            return
        now = time.perf_counter()
        self._first = now if step == 1 else self._first
        self.rows[stage] = {"peak_gb": round(peak_gigabytes(), 2), "steps": step}
        if step > 1:
            self.rows[stage]["seconds_a_step"] = round((now - self._first) / (step - 1), 1)


def photograph(megapixels: float) -> bytes:
    """Make a JPEG of this size: grain over smooth colours, which is hard to compress.

    It is made in bands to save memory.
    """
    side, rng = int((megapixels * 1e6 / 1.5) ** 0.5), np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (24, 36, 3), dtype=np.uint8))
    picture = coarse.resize((int(1.5 * side), side), Image.Resampling.BICUBIC)
    for top in range(0, picture.height, 512):
        band = np.asarray(picture.crop((0, top, picture.width, min(picture.height, top + 512))))
        grain = rng.integers(-9, 10, band.shape, dtype=np.int16)
        picture.paste(Image.fromarray(np.clip(band + grain, 0, 255).astype(np.uint8)), (0, top))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def photo(data: bytes) -> dict[str, Any]:
    """Edit a large photo with the embedded bundle: the picture needs the memory, since the model is small."""
    engine, stages = Engine.load([], "cpu"), Stages()
    stages.done("load")
    request = InvertRequest(bundle="avatar", picture=data, quality="draft")
    start = run_job(engine, request, InvertResult)
    stages.done("invert")
    change = Change(prompt="pink hair")
    edit = EditRequest(picture=start.picture.data, inversion=start.inversion, changes=(change,), seed=1)
    result = run_job(engine, edit, EditResult)
    stages.done("edit")
    sizes = {"upload": len(data), "kept": len(start.picture.data), "result": len(result.picture.data)}
    return {
        "size": [start.picture.width, start.picture.height],
        **{f"{name}_mb": round(count / 1e6, 1) for name, count in sizes.items()},
        "stages": stages.rows,
    }


def ffhq(steps: int, quality: Quality) -> dict[str, Any]:
    """Invert, edit by a global direction, and optimize a latent, with ``steps`` steps of each search.

    More steps need no more memory.
    """
    stages, bundle, buffer = Stages(), random_bundle(), io.BytesIO()
    engine = Engine({bundle.info.name: bundle}, torch.device("cpu"))
    gc.collect()
    stages.done("load")
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((1024, 1024), Image.Resampling.BICUBIC).save(buffer, "PNG")
    picture = buffer.getvalue()
    inversion.STEPS = {name: min(steps, count) for name, count in inversion.STEPS.items()}
    inversion.TUNING_STEPS = optimization.STEPS = steps
    start = engine.run(InvertRequest(picture=picture, quality=quality), stages.report, lambda: False)
    assert isinstance(start, InvertResult)
    stages.done("invert")
    base = EditRequest(picture=picture, inversion=start.inversion)
    for stage, change in (
        ("edit", Change(prompt="a smile", method="direction")),
        ("optimize", Change(prompt="a smile", method="optimization")),
    ):
        run_job(engine, base.model_copy(update={"changes": (change,)}), EditResult)
        stages.done(stage)
    kept = {"tuning_mb": round(len(start.inversion.tuning) / 1e6, 1)} if start.inversion.tuning else {}
    return {"quality": start.inversion.fidelity.quality, **kept, "steps": steps, "stages": stages.rows}


def main(
    work: Literal["photo", "ffhq"],
    megapixels: float = 50,
    steps: Annotated[int, typer.Option(help="Steps of each search.")] = 2,
    quality: Annotated[Quality, typer.Option(help="Quality of the inversion.")] = "standard",
) -> None:
    """Measure how much memory the largest work takes, and print one JSON object."""
    if work == "photo":
        # made in another process, so that this one's peak is that of the editor's work
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            data = pool.submit(photograph, megapixels).result()
        found = photo(data)
    else:
        found = ffhq(steps, quality)
    print(json.dumps(found))


if __name__ == "__main__":
    typer.run(main)
