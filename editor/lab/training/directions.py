"""Measure the direction bank of a bundle in training.

The mean steps of drawn attributes are added as named axes.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from editor.bundle.manifest import EMBEDDED
from editor.bundle.relevance import sampled_statistics
from editor.bundle.text_image import EmbeddedTextImageModel
from editor.checkpoints.measuring import Measurement, MeasurementOptions, sample_embeddings
from editor.lab.training import data
from editor.lab.training.bundles import load_clip, load_generator, load_teacher
from editor.lab.training.counterfactual import moved
from editor.lab.training.domain import Domain
from editor.lab.training.precision import fast_dtype
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator
from editor.networks.text import TextTower

SAMPLES = 1024


@torch.no_grad()
def axes(
    domain: Domain, generator: Generator, teacher: TeacherMapping, space: JointSpace, portraits: int
) -> tuple[Tensor, Tensor]:
    """Return the mean StyleSpace step [K, C] and the unit embedding difference [K, D] of all poles."""
    base, device = domain.draw(np.random.default_rng(11), portraits), data.device_of(generator)
    start_w, synthesis = teacher(data.physical(base).to(device)), generator.synthesis
    styles = synthesis.styles(start_w)
    before = space.image(synthesis(styles, dtype=fast_dtype(styles.device)).clamp(-1, 1))
    steps, rows = [], []
    for pole in domain.poles:
        w = teacher(data.physical(moved(base, pole)).to(device))
        steps.append(synthesis.style_steps((w - start_w).mean(0, keepdim=True))[0])
        after = space.image(synthesis(styles + steps[-1], dtype=fast_dtype(styles.device)).clamp(-1, 1))
        rows.append(F.normalize((after - before).mean(0), dim=0))
    return torch.stack(steps), torch.stack(rows)


def main(run: Run, options: SimpleNamespace) -> None:
    """Measure as many pictures as the time allows and write ``bank.safetensors``."""
    bundle = options.bundle
    generator, space = load_generator(bundle, run.device), load_clip(bundle, run.device)
    clip = EmbeddedTextImageModel(TextTower.load(EMBEDDED / "text"), space)
    plan = MeasurementOptions(options.images, seed=run.seed)
    measurement = Measurement(generator, clip, space.image.out.out_features, plan)
    run.parts = {"relevance": measurement}
    for _ in run.steps("directions"):
        if measurement.complete:
            break
        measurement.measure_picture()
        run.log(images=measurement.images)
    resolution, relevance = generator.config.resolution, measurement.relevance()
    halves = {"relevance": relevance, "samples": sample_embeddings(generator, clip, resolution, SAMPLES)}
    if options.axes:
        teacher = load_teacher(bundle, run.device)
        steps, rows = axes(run.domain, generator, teacher, space, options.axes)
        halves |= {"axes": steps, "axis_relevance": rows}
    mean, std = sampled_statistics(generator, truncation=1.0)
    tensors = {"s_mean": mean, "s_std": std} | {name: value.half() for name, value in halves.items()}
    save_file({k: v.cpu().contiguous() for k, v in tensors.items()}, bundle / "bank.safetensors")
    channels = int((relevance.norm(dim=1) > 0).sum())
    run.write_record("directions", options, {"images": measurement.images, "channels": channels})
