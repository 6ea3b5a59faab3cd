"""How much memory the largest work takes, each kind in a process of its own:

``python -m editor.lab.evaluation.memory photo``: a JPEG of 50 megapixels decoded, edited, pasted back and encoded;
``python -m editor.lab.evaluation.memory ffhq``: an inversion, an edit and a latent optimization with networks in the published
layouts at 1024 pixels (StyleGAN2, e4e, CLIP ViT-B/32), of random weights; with ``--quality best`` the picture is inverted with a
tuning of the generator, and its edits are made with the tuned one.

``python -m editor.lab.evaluation.memory gpu``: what a GPU must have for the same networks, computed by ``editor.device.memory`` and not
measured.

Each prints one JSON object: the most that was resident after each stage and the seconds it took.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import resource
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
    BundleInfo,
    Change,
    EditRequest,
    EditResult,
    InvertRequest,
    InvertResult,
    Quality,
    Request,
)
from editor.bundle.bundle import Bundle, Thresholds
from editor.bundle.direction_bank import DirectionBank
from editor.device import memory
from editor.device.memory import MemoryPlan
from editor.editing.engine import Engine
from editor.editing.methods import optimization
from editor.inversion import inversion
from editor.networks import published_clip, stylegan2
from editor.networks.generators import w_statistics
from editor.networks.psp import PspConfig, PspEncoder
from editor.networks.stylegan2 import GeneratorConfig

FFHQ = GeneratorConfig(
    resolution=1024,
    z_dim=512,
    w_dim=512,
    mapping_layers=8,
    mapping_features=512,
    mapping_lr=0.01,
    channel_base=32768,
    channel_max=512,
    noise=True,
    clamp=256.0,
    rgb_upsampling="fir",
)
"""The published layout."""
MEGAPIXELS = 50


def peak() -> float:
    """Gigabytes that were resident at most so far."""
    scale = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1024**3, 2)


class _Stages:
    """Peaks and seconds, stage by stage."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, float]] = {}
        self._begun = self._first = time.perf_counter()

    def done(self, name: str) -> None:
        """A stage ends."""
        now = time.perf_counter()
        self.rows[name] = {"peak_gb": peak(), "seconds": round(now - self._begun, 1)}
        self._begun = time.perf_counter()

    def step(self, name: str, step: int, *_: object) -> None:
        """A step of a search ends: its stage has the peak after the last one, and the seconds of each but the first."""
        now = time.perf_counter()
        self._first = now if step == 1 else self._first
        self.rows[name] = {"peak_gb": peak(), "steps": step}
        if step > 1:
            self.rows[name]["seconds_a_step"] = round((now - self._first) / (step - 1), 1)


def _run(engine: Engine, request: Request, stages: _Stages | None = None) -> Any:
    def report(stage: str, *more: Any) -> None:
        if stages is not None and stage in ("refine", "tune"):
            stages.step(stage, *more)

    return engine.run(request, report, lambda: False)


def photograph(megapixels: float, seed: int = 0) -> bytes:
    """A JPEG of so many megapixels: grain over smooth colours, which no encoder finds easy. Made in bands."""
    side = int((megapixels * 1e6 / 1.5) ** 0.5)
    rng, picture = np.random.default_rng(seed), Image.new("RGB", (int(1.5 * side), side))
    base = Image.fromarray(rng.integers(0, 256, (24, 36, 3), dtype=np.uint8)).resize(
        picture.size, Image.Resampling.BICUBIC
    )
    for top in range(0, picture.height, 512):
        band = np.asarray(base.crop((0, top, picture.width, min(picture.height, top + 512)))).astype(np.int16)
        grain = rng.integers(-9, 10, band.shape, dtype=np.int16)
        picture.paste(Image.fromarray(np.clip(band + grain, 0, 255).astype(np.uint8)), (0, top))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def photo(path: Path) -> dict[str, Any]:
    """A large photo through the embedded bundle: what the picture takes, since the model itself is small."""
    engine, stages, data = Engine.load([], "cpu"), _Stages(), path.read_bytes()
    stages.done("load")
    start = _run(engine, InvertRequest(bundle="avatar", picture=data, quality="draft"))
    assert isinstance(start, InvertResult)
    stages.done("invert")
    result = _run(
        engine,
        EditRequest(
            picture=start.picture.data,
            inversion=start.inversion,
            changes=(Change(prompt="pink hair"),),
            seed=1,
        ),
    )
    assert isinstance(result, EditResult)
    stages.done("edit")
    sizes = {
        "upload_mb": len(data),
        "kept_mb": len(start.picture.data),
        "result_mb": len(result.picture.data),
    }
    size = [start.picture.width, start.picture.height]
    return {
        "size": size,
        **{name: round(count / 1e6, 1) for name, count in sizes.items()},
        "stages": stages.rows,
    }


def ffhq_bundle() -> Bundle:
    """Networks in the published layouts, of random weights, with what else a bundle needs."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel

    torch.manual_seed(0)
    generator = stylegan2.Generator(FFHQ).eval().requires_grad_(False)
    encoder = PspEncoder(PspConfig(num_ws=FFHQ.num_ws, offsets=True)).eval().requires_grad_(False)
    mean, std = w_statistics(generator, 1000)
    encoder.w_mean.copy_(mean)
    encoder.w_std.copy_(std)
    encoder.latent_avg.copy_(mean.expand_as(encoder.latent_avg))
    model = published_clip.build({}).requires_grad_(False)
    tokenizer = Tokenizer(WordLevel({"a": 0, "[UNK]": 1}, unk_token="[UNK]"))  # noqa: S106 - no secret
    channels = generator.synthesis.num_channels
    with torch.no_grad():
        styles = generator.synthesis.styles(generator.mapping(torch.randn(256, FFHQ.z_dim)))
    relevance = torch.nn.functional.normalize(torch.randn(channels, 512), dim=1)
    info = BundleInfo(name="ffhq", title="", domain="", resolution=1024, fingerprint="random", licence="")
    return Bundle(
        info=info,
        generator=generator,
        encoder=encoder,
        clip=published_clip.PublishedClip(model, tokenizer),
        bank=DirectionBank(s_mean=styles.mean(0), s_std=styles.std(0) + 1e-3, relevance=relevance),
        mapper=None,
        thresholds=Thresholds(4.0, 27.0, -1.0, 0.0),
        neutral_texts=("a face",),
    )


def ffhq(steps: int, quality: Quality) -> dict[str, Any]:
    """Inversion by ``steps`` of each search that its quality asks for, an edit by a global direction, and ``steps`` of a latent
    optimization: later steps take no more memory.
    """
    stages = _Stages()
    engine = Engine({"ffhq": ffhq_bundle()}, torch.device("cpu"))
    gc.collect()
    stages.done("load")
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((1024, 1024), Image.Resampling.BICUBIC).save(buffer, "PNG")
    picture = buffer.getvalue()
    inversion.STEPS, inversion.TUNING_STEPS = (
        {name: min(steps, count) for name, count in inversion.STEPS.items()},
        steps,
    )
    start = _run(engine, InvertRequest(picture=picture, quality=quality), stages)
    assert isinstance(start, InvertResult)
    stages.done("invert")
    base = EditRequest(picture=picture, inversion=start.inversion)
    _run(engine, base.model_copy(update={"changes": (Change(prompt="a smile", method="direction"),)}))
    stages.done("edit")
    optimization.STEPS = steps
    _run(engine, base.model_copy(update={"changes": (Change(prompt="a smile", method="optimization"),)}))
    stages.done("optimize")
    kept = (
        {} if start.inversion.tuning is None else {"tuning_mb": round(len(start.inversion.tuning) / 1e6, 1)}
    )
    return {"quality": start.inversion.fidelity.quality, **kept, "steps": steps, "stages": stages.rows}


def gpu() -> dict[str, Any]:
    """What a GPU must have free, by each plan of a search of two pictures at once: the networks, and so much that a step's
    activations are no more than the share which ``editor.device.memory`` takes. Gradients of the tuning and its optimizer are within
    the rest of that share.
    """
    bundle = ffhq_bundle()
    assert isinstance(bundle.clip, published_clip.PublishedClip)
    networks = sum(
        value.numel() * value.element_size()
        for module in (bundle.generator, bundle.encoder, bundle.clip.model)
        for value in (*module.parameters(), *module.buffers())
    )
    plans = [MemoryPlan(1024), *(MemoryPlan(side, True) for side in (1024, 512, 256))]
    steps = [memory.needed(bundle.generator, 2, plan) for plan in plans]
    rows = [
        {
            "pixels": plan.resolution,
            "checkpoints": plan.checkpoint,
            "step_gb": round(step / memory.GB, 1),
            "free_gb": round((networks + step / memory.USABLE_SHARE) / memory.GB, 1),
        }
        for plan, step in zip(plans, steps, strict=True)
    ]
    return {"computed": True, "networks_gb": round(networks / memory.GB, 1), "plans": rows}


def main(argv: Sequence[str]) -> int:
    """Measure one kind of work."""
    parser = argparse.ArgumentParser(
        prog="python -m editor.lab.evaluation.memory", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("work", choices=["photo", "ffhq", "gpu"])
    parser.add_argument("--megapixels", type=float, default=MEGAPIXELS)
    parser.add_argument("--steps", type=int, default=2, help="of each search")
    parser.add_argument("--quality", choices=QUALITIES, default="standard", help="of the inversion")
    parser.add_argument("--picture", type=Path, help="a photo to use instead of one that is made for it")
    options = parser.parse_args(argv)
    if options.work == "gpu":
        print(json.dumps(gpu()))
        return 0
    if options.work == "ffhq":
        print(json.dumps(ffhq(options.steps, options.quality)))
        return 0
    if options.picture is not None:
        print(json.dumps(photo(options.picture)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(photograph(options.megapixels))
        return _again(["photo", "--picture", str(path)])  # in a process that has not made the photo


def _again(argv: Sequence[str]) -> int:
    import subprocess

    return subprocess.run(
        [sys.executable, "-m", "editor.lab.evaluation.memory", *argv], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
