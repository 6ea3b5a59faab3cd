"""Measure how much memory the largest work takes, each kind in a process of its own.

``python -m editor.lab.evaluation.memory photo``: a JPEG of 50 megapixels is decoded, edited, pasted back and
encoded.

``python -m editor.lab.evaluation.memory ffhq``: an inversion, an edit and a latent optimization with networks
in the published layouts at 1024 pixels (StyleGAN2, e4e, CLIP ViT-B/32) and random weights. With ``--quality
best`` the inversion tunes the generator, and the edits use the tuned one.

``python -m editor.lab.evaluation.memory gpu``: the memory that a GPU must have for the same networks,
computed by ``editor.device.memory`` rather than measured.

Each prints one JSON object: peak memory and seconds after each stage.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from editor.api.protocol import (
    QUALITIES,
    Change,
    EditRequest,
    EditResult,
    InvertRequest,
    InvertResult,
    Quality,
)
from editor.device import memory
from editor.device.memory import MemoryPlan
from editor.editing.engine import Engine
from editor.editing.methods import optimization
from editor.inversion import inversion
from editor.lab.ffhq import ffhq_bundle
from editor.lab.running import run_job
from editor.networks import published_clip

MEGAPIXELS = 50


def peak_gigabytes() -> float:
    """Return the most memory that this process has had resident."""
    scale = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1024**3, 2)


class Stages:
    """Peak memory and seconds, stage by stage."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, float]] = {}
        self._begun = self._first = time.perf_counter()

    def done(self, name: str) -> None:
        """End a stage."""
        now = time.perf_counter()
        self.rows[name] = {"peak_gb": peak_gigabytes(), "seconds": round(now - self._begun, 1)}
        self._begun = time.perf_counter()

    def report(self, stage: str, step: int = 0, *_: object) -> None:
        """Record a step of a search, as an engine's progress report; the first step is not timed."""
        if stage not in ("refine", "tune"):
            return
        now = time.perf_counter()
        self._first = now if step == 1 else self._first
        self.rows[stage] = {"peak_gb": peak_gigabytes(), "steps": step}
        if step > 1:
            self.rows[stage]["seconds_a_step"] = round((now - self._first) / (step - 1), 1)


def photograph(megapixels: float, seed: int = 0) -> bytes:
    """Make a JPEG of this size: grain over smooth colours, which is hard to compress.

    It is made in bands to save memory.
    """
    side = int((megapixels * 1e6 / 1.5) ** 0.5)
    rng, picture = np.random.default_rng(seed), Image.new("RGB", (int(1.5 * side), side))
    coarse = Image.fromarray(rng.integers(0, 256, (24, 36, 3), dtype=np.uint8))
    base = coarse.resize(picture.size, Image.Resampling.BICUBIC)
    for top in range(0, picture.height, 512):
        band = np.asarray(base.crop((0, top, picture.width, min(picture.height, top + 512)))).astype(np.int16)
        grain = rng.integers(-9, 10, band.shape, dtype=np.int16)
        picture.paste(Image.fromarray(np.clip(band + grain, 0, 255).astype(np.uint8)), (0, top))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def photo(path: Path) -> dict[str, Any]:
    """Edit a large photo with the embedded bundle: the picture needs the memory, since the model is small."""
    engine, stages, data = Engine.load([], "cpu"), Stages(), path.read_bytes()
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
    stages = Stages()
    engine = Engine({"ffhq": ffhq_bundle()}, torch.device("cpu"))
    gc.collect()
    stages.done("load")
    buffer = io.BytesIO()
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
    tuning = start.inversion.tuning
    kept = {} if tuning is None else {"tuning_mb": round(len(tuning) / 1e6, 1)}
    return {"quality": start.inversion.fidelity.quality, **kept, "steps": steps, "stages": stages.rows}


def gpu() -> dict[str, Any]:
    """Compute the memory that a GPU must have free for a search of two pictures at once, by each plan.

    The networks, and enough that a step's activations are at most the share that ``editor.device.memory``
    takes. Gradients of the tuning and its optimizer fit into the rest of that share.
    """
    bundle = ffhq_bundle()
    assert isinstance(bundle.clip, published_clip.PublishedClip)
    networks = sum(
        value.numel() * value.element_size()
        for module in (bundle.generator, bundle.encoder, bundle.clip.model)
        for value in (*module.parameters(), *module.buffers())
    )
    rows = []
    for plan in (MemoryPlan(1024), MemoryPlan(1024, True), MemoryPlan(512, True), MemoryPlan(256, True)):
        step = memory.needed(bundle.generator, 2, plan)
        rows.append(
            {
                "pixels": plan.resolution,
                "checkpoints": plan.checkpoint,
                "step_gb": round(step / memory.GB, 1),
                "free_gb": round((networks + step / memory.USABLE_SHARE) / memory.GB, 1),
            }
        )
    return {"computed": True, "networks_gb": round(networks / memory.GB, 1), "plans": rows}


def _photo_in_another_process(megapixels: float) -> int:
    """Measure in a process that has not made the photo."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(photograph(megapixels))
        command = [sys.executable, "-m", "editor.lab.evaluation.memory", "photo", "--picture", str(path)]
        return subprocess.run(command, check=False).returncode


def main(argv: Sequence[str]) -> int:
    """Measure one kind of work."""
    parser = argparse.ArgumentParser(
        prog="python -m editor.lab.evaluation.memory", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("work", choices=["photo", "ffhq", "gpu"])
    parser.add_argument("--megapixels", type=float, default=MEGAPIXELS)
    parser.add_argument("--steps", type=int, default=2, help="steps of each search")
    parser.add_argument("--quality", choices=QUALITIES, default="standard", help="quality of the inversion")
    parser.add_argument("--picture", type=Path, help="a photo to use instead of a generated one")
    options = parser.parse_args(argv)
    if options.work == "photo" and options.picture is None:
        return _photo_in_another_process(options.megapixels)
    if options.work == "photo":
        print(json.dumps(photo(options.picture)))
    else:
        print(json.dumps(gpu() if options.work == "gpu" else ffhq(options.steps, options.quality)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
