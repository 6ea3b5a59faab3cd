"""``python -m editor directions --bundle FOLDER``: measure the direction bank of a bundle in training.

StyleCLIP's preprocessing (arXiv 2103.17249, section 6): on a number of pictures each style channel is set to
its mean plus and minus five standard deviations, both pictures are encoded, and the normalised differences
are averaged. As in the paper, ToRGB channels are left out. The mean steps of drawn attributes are added as
named axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from editor.checkpoints.directions import convolution_spans
from editor.checkpoints.measuring import REACH
from editor.lab.training import counterfactual, data
from editor.lab.training.bundles import load_clip, load_generator, load_teacher
from editor.lab.training.domain import Domain
from editor.lab.training.options import arguments, parse, start
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator


@torch.no_grad()
def statistics(domain: Domain, generator: Generator, samples: int = 20_000) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of StyleSpace [C] over Gaussian z."""
    z = torch.from_numpy(domain.latents(np.random.default_rng(3), samples)).to(data.device_of(generator))
    styles = torch.cat([generator.synthesis.styles(generator.mapping(part)) for part in z.split(2000)])
    return styles.mean(0), styles.std(0) + 1e-6


class Relevance:
    """Sums of normalised embedding differences for each channel, as a resumable part of a run."""

    def __init__(self, channels: int, dim: int) -> None:
        self.sums, self.images = torch.zeros(channels, dim), 0

    def state_dict(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        return {"sums": self.sums, "images": self.images}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what ``state_dict`` returned."""
        self.sums, self.images = state["sums"], state["images"]


@torch.no_grad()
def measure_image(
    generator: Generator, space: JointSpace, styles: Tensor, mean: Tensor, std: Tensor, batch: int
) -> Tensor:
    """Return the unit embedding difference of every channel [C, D] on one picture [C].

    Zero rows for ToRGB.
    """
    channels = torch.cat([torch.arange(start, stop) for start, stop in convolution_spans(generator)])
    result = torch.zeros(len(styles), space.image.out.out_features, device=styles.device)
    for part in channels.split(batch):
        moved = styles.repeat(2 * len(part), 1)
        rows, part = torch.arange(len(part), device=styles.device), part.to(styles.device)
        moved[rows, part] = mean[part] + REACH * std[part]
        moved[len(part) + rows, part] = mean[part] - REACH * std[part]
        pictures = generator.synthesis(moved, dtype=torch.bfloat16).clamp(-1, 1)
        up, down = space.image(pictures).float().chunk(2)
        difference = up - down
        length = difference.norm(dim=1, keepdim=True)
        result[part] = torch.where(length > 1e-3, difference / length.clamp_min(1e-6), 0.0)
    return result.cpu()


@torch.no_grad()
def axes(
    domain: Domain, generator: Generator, teacher: TeacherMapping, space: JointSpace, portraits: int
) -> tuple[Tensor, Tensor]:
    """Return the mean StyleSpace step of each attribute's poles [K, C] and its unit embedding difference [K,
    D].
    """
    base, device = domain.draw(np.random.default_rng(11), portraits), data.device_of(generator)
    start_w, synthesis = teacher(data.physical(base).to(device)), generator.synthesis
    styles = synthesis.styles(start_w)
    before = space.image(synthesis(styles, dtype=torch.bfloat16).clamp(-1, 1))
    steps, rows = [], []
    for pole in domain.poles:
        w = teacher(data.physical(counterfactual.moved(base, pole)).to(device))
        steps.append(synthesis.style_steps((w - start_w).mean(0, keepdim=True))[0])
        after = space.image(synthesis(styles + steps[-1], dtype=torch.bfloat16).clamp(-1, 1))
        rows.append(F.normalize((after - before).mean(0), dim=0))
    return torch.stack(steps), torch.stack(rows)


@torch.no_grad()
def samples(domain: Domain, generator: Generator, space: JointSpace, count: int = 1024) -> Tensor:
    """Return unit embeddings [count, D] of the generator's pictures of Gaussian z."""
    z = torch.from_numpy(domain.latents(np.random.default_rng(13), count)).to(data.device_of(generator))
    return torch.cat([space.image(generator(part).clamp(-1, 1)) for part in z.split(64)])


def measure_bank(
    run: Run, generator: Generator, space: JointSpace, images: int, batch: int
) -> tuple[Relevance, Tensor, Tensor]:
    """Return relevance over ``images`` pictures (or as many as the time allows), and the StyleSpace
    statistics.
    """
    mean, std = statistics(run.domain, generator)
    found = Relevance(len(mean), space.image.out.out_features)
    run.parts = {"relevance": found}
    z = torch.from_numpy(run.domain.latents(np.random.default_rng(run.seed), images)).to(run.device)
    with torch.no_grad():
        styles = generator.synthesis.styles(generator.mapping(z, truncation=0.7))
    for _ in run.steps("directions"):
        if found.images >= images:
            break
        found.sums += measure_image(generator, space, styles[found.images], mean, std, batch)
        found.images += 1
        run.log(images=found.images)
    return found, mean, std


def main(argv: Sequence[str]) -> int:
    """Measure the bank and write ``bank.safetensors``."""
    description = "Measure a bundle's direction bank: relevance of every StyleSpace channel."
    parser = arguments(description, 12, "directions")
    parser.add_argument("--images", type=int, default=32, help="pictures to average over, if the time allows")
    parser.add_argument("--batch", type=int, default=32, help="channels at once")
    parser.add_argument(
        "--axes", type=int, default=40, help="portraits for the named axes; 0 leaves them out"
    )
    options = parse(parser, argv, "the folder of the generator and the text-image model")
    run = start(options)
    generator, space = load_generator(options.bundle, run.device), load_clip(options.bundle, run.device)
    found, mean, std = measure_bank(run, generator, space, options.images, options.batch)
    relevance = F.normalize(found.sums, dim=1)
    tensors = {"relevance": relevance, "samples": samples(run.domain, generator, space)}
    if options.axes:
        teacher = load_teacher(options.bundle, run.device)
        steps, rows = axes(run.domain, generator, teacher, space, options.axes)
        tensors |= {"axes": steps, "axis_relevance": rows}
    tensors = {"s_mean": mean, "s_std": std} | {name: value.half() for name, value in tensors.items()}
    save_file({k: v.cpu().contiguous() for k, v in tensors.items()}, options.bundle / "bank.safetensors")
    figures = {"images": found.images, "channels": int((relevance.norm(dim=1) > 0).sum())}
    run.write_record("directions", options, figures)
    return 0
