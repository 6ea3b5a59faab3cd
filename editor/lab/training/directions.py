"""``python -m editor directions``: the direction bank of a bundle.

StyleCLIP's preprocessing (arXiv 2103.17249, section 6): over a number of pictures each style channel is set to its mean
plus and minus five deviations, both pictures are encoded, and the normalised difference is averaged. ToRGB channels are
left out, as the authors do. Where the domain has drawn attributes, their mean steps are appended as named axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from editor.bundle.direction_bank import DirectionBank
from editor.lab.training import counterfactual, data, record
from editor.lab.training.bundles import load_clip, load_generator, load_teacher
from editor.lab.training.domain import Domain
from editor.lab.training.generator import TeacherMapping
from editor.lab.training.run import Run, arguments, start
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator

REACH = 5.0
"""How far a channel is moved, in deviations."""


@torch.no_grad()
def statistics(domain: Domain, generator: Generator, samples: int = 20_000) -> tuple[Tensor, Tensor]:
    """Mean and deviation of StyleSpace [C] over Gaussian z."""
    z = torch.from_numpy(domain.latents(np.random.default_rng(3), samples)).to(data.device_of(generator))
    styles = torch.cat([generator.synthesis.styles(generator.mapping(part)) for part in z.split(2000)])
    return styles.mean(0), styles.std(0) + 1e-6


class Relevance:
    """Sums of normalised embedding differences per channel; resumable because it is a run's part."""

    def __init__(self, channels: int, dim: int) -> None:
        self.sums, self.images = torch.zeros(channels, dim), 0

    def state_dict(self) -> dict[str, object]:
        """What a checkpoint holds."""
        return {"sums": self.sums, "images": self.images}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """The counterpart of ``state_dict``."""
        self.sums, self.images = state["sums"], state["images"]  # type: ignore[assignment]


@torch.no_grad()
def measure_image(
    generator: Generator, space: JointSpace, styles: Tensor, mean: Tensor, std: Tensor, batch: int
) -> Tensor:
    """For one picture's styles [C]: unit embedding difference of every channel [C, D], zero rows for ToRGB."""
    synthesis = generator.synthesis
    numbers = torch.cat(
        [torch.arange(layer.start, layer.stop) for layer in synthesis.layers if layer.kind == "conv"]
    )
    result = torch.zeros(len(styles), space.image.out.out_features, device=styles.device)
    for part in numbers.split(batch):
        moved = styles.repeat(2 * len(part), 1)
        rows, part = torch.arange(len(part), device=styles.device), part.to(styles.device)
        moved[rows, part] = mean[part] + REACH * std[part]
        moved[len(part) + rows, part] = mean[part] - REACH * std[part]
        pictures = synthesis(moved, dtype=torch.bfloat16).clamp(-1, 1)
        up, down = space.image(pictures).float().chunk(2)
        difference = up - down
        length = difference.norm(dim=1, keepdim=True)
        result[part] = torch.where(
            length > 1e-3, difference / length.clamp_min(1e-6), torch.zeros_like(difference)
        )
    return result.cpu()


@torch.no_grad()
def axes(
    domain: Domain, generator: Generator, teacher: TeacherMapping, space: JointSpace, portraits: int
) -> tuple[Tensor, Tensor]:
    """Mean StyleSpace step of each drawn attribute's poles [K, C] and its unit embedding difference [K, D]."""
    base, device = domain.draw(np.random.default_rng(11), portraits), data.device_of(generator)
    start_w = teacher(data.physical(base).to(device))
    synthesis = generator.synthesis
    before = space.image(synthesis(synthesis.styles(start_w), dtype=torch.bfloat16).clamp(-1, 1))
    steps, rows = [], []
    for pole in domain.poles:
        w = teacher(data.physical(counterfactual.moved(base, pole)).to(device))
        step = synthesis.style_steps((w - start_w).mean(0, keepdim=True))[0]
        after = space.image(synthesis(synthesis.styles(start_w) + step, dtype=torch.bfloat16).clamp(-1, 1))
        steps.append(step)
        rows.append(F.normalize((after - before).mean(0), dim=0))
    return torch.stack(steps), torch.stack(rows)


@torch.no_grad()
def samples(domain: Domain, generator: Generator, space: JointSpace, count: int = 1024) -> Tensor:
    """Unit embeddings [count, D] of the generator's own pictures, from Gaussian z."""
    z = torch.from_numpy(domain.latents(np.random.default_rng(13), count)).to(data.device_of(generator))
    pictures = (generator(part).clamp(-1, 1) for part in z.split(64))
    return torch.cat([space.image(part) for part in pictures])


def load_bank(bundle: Path) -> DirectionBank:
    """A bundle's bank in float32."""
    return DirectionBank(
        **{name: value.float() for name, value in load_file(bundle / "bank.safetensors").items()}
    )


def measure_bank(
    run: Run, generator: Generator, space: JointSpace, images: int, batch: int
) -> tuple[Relevance, Tensor, Tensor]:
    """Relevance over ``images`` pictures (as many as the time budget allows), with the S statistics."""
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


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the bank and write ``bank.safetensors``."""
    parser = arguments(
        "Measure a bundle's direction bank: relevance of every StyleSpace channel.", 12, "directions"
    )
    parser.add_argument("--images", type=int, default=32, help="pictures to average over, if the time allows")
    parser.add_argument("--batch", type=int, default=32, help="channels at once")
    parser.add_argument(
        "--axes", type=int, default=40, help="portraits to average named axes over; 0 leaves axes out"
    )
    options = parser.parse_args(argv)
    if options.bundle is None:
        parser.error("--bundle is needed: the folder of the generator and the text-image model")
    run = start(options)
    generator, space = load_generator(options.bundle, run.device), load_clip(options.bundle, run.device)
    found, mean, std = measure_bank(run, generator, space, options.images, options.batch)
    relevance = F.normalize(found.sums, dim=1)
    tensors = {
        "s_mean": mean,
        "s_std": std,
        "relevance": relevance,
        "samples": samples(run.domain, generator, space),
    }
    if options.axes:
        steps, rows = axes(
            run.domain, generator, load_teacher(options.bundle, run.device), space, options.axes
        )
        tensors |= {"axes": steps, "axis_relevance": rows}
    save_file(
        {k: (v if k in ("s_mean", "s_std") else v.half()).cpu().contiguous() for k, v in tensors.items()},
        options.bundle / "bank.safetensors",
    )
    figures = {"images": found.images, "channels": int((relevance.norm(dim=1) > 0).sum())}
    print(figures)
    record.write(options.bundle, "directions", options, run, figures)
    return 0
