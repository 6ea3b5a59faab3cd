"""Training of the embedded generator by paired regression.

A *teacher mapping* turns the physical description of a drawn portrait into w; it is trained together with the synthesis
network on (description, drawing) pairs, resolution after resolution. The generator's own mapping network learns from it
afterwards (``train mapping``). No discriminator is involved: every picture's drawing is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from editor.lab.training import data, domains, record
from editor.lab.training.batches import batches
from editor.lab.training.domain import Domain
from editor.lab.training.run import (
    Average,
    Run,
    add_drawing,
    add_fuse,
    arguments,
    cosine_decay,
    save_weights,
    set_rate,
    start,
)
from editor.networks.stylegan2 import Generator, GeneratorConfig
from editor.networks.stylegan2_layers import EqualLinear

COARSE_UNTIL = 0.3
"""Share of the time spent at half resolution."""
HALF_EVERY = 4
"""Every so many steps it is the picture at half resolution that is painted, which searches and previews see."""


class TeacherMapping(nn.Module):
    """Physical description [N, P] -> w [N, w_dim]: a linear path, which keeps W disentangled, and a small correction."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, inputs: int, w_dim: int, hidden: int = 256) -> None:
        super().__init__()
        self.linear = EqualLinear(inputs, w_dim)
        self.mlp = nn.Sequential(
            EqualLinear(inputs, hidden, activate=True),
            EqualLinear(hidden, hidden, activate=True),
            EqualLinear(hidden, w_dim),
        )
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("deviation", torch.ones(inputs))

    def standardise(self, sample: Tensor) -> None:
        """Take input statistics from a sample of descriptions [N, P]."""
        self.mean.copy_(sample.mean(0))
        self.deviation.copy_(sample.std(0) + 1e-3)

    def forward(self, description: Tensor) -> Tensor:
        """[N, P] -> [N, w_dim]."""
        x = (description - self.mean) / self.deviation
        return self.linear(x) + 0.5 * self.mlp(x)


def importance(size: int) -> Tensor:
    """Weight of each pixel [1, 1, size, size], mean 1: the face counts about three times the background."""
    grid = torch.linspace(0, 1, size)
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    weight = 1 + 2 * torch.exp(-(((x - 0.5) / 0.24) ** 2 + ((y - 0.55) / 0.24) ** 2))
    return (weight / weight.mean())[None, None]


def picture_loss(made: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """L1 of pixels and, at three scales, of gradients, which keeps edges sharp."""
    difference = made - wanted
    loss = (difference.abs() * weight).mean()
    for scale in range(3):
        gradient = (difference[..., 1:] - difference[..., :-1]).abs().mean()
        gradient = gradient + (difference[..., 1:, :] - difference[..., :-1, :]).abs().mean()
        loss = loss + (0.5 if scale == 0 else 0.25) * gradient
        difference = F.avg_pool2d(difference, 2)
    return loss


@dataclass(frozen=True)
class Paired:
    """Descriptions [N, P] and the drawings of them, uint8 [N, R, R, 3]."""

    physical: Tensor
    drawn: Tensor


def draw(rng: np.random.Generator, domain: str, count: int, size: int) -> Paired:
    """A batch of pairs."""
    portraits = domains.named(domain).draw(rng, count)
    return Paired(data.physical(portraits), data.drawings_of(portraits, size))


def quieten(generator: Generator, above: int) -> None:
    """Layers finer than ``above`` pixels start quiet, in place, so that coarse ones set the picture first."""
    with torch.no_grad():
        for layer in generator.synthesis.layers:
            if layer.kind == "rgb" and layer.resolution > above:
                generator.synthesis.block(layer).weight.mul_(0.1)


class Trainer:
    """The synthesis network and the teacher mapping, their averages and one optimisation step."""

    def __init__(self, config: GeneratorConfig, run: Run, rate: float) -> None:
        self.run, self.rate = run, rate
        self.generator = Generator(config)
        quieten(self.generator, above=16)
        self.generator.to(run.device)
        sample = data.physical(run.domain.draw(np.random.default_rng((run.seed, 99)), 4096))
        self.teacher = TeacherMapping(sample.shape[1], config.w_dim)
        self.teacher.standardise(sample)
        self.teacher.to(run.device)
        painting = [*self.generator.synthesis.parameters(), *self.teacher.parameters()]
        self.optimizer = torch.optim.Adam(painting, lr=rate, betas=(0.9, 0.99))
        self.networks = nn.ModuleDict({"synthesis": self.generator.synthesis, "teacher": self.teacher})
        self.average = Average(self.networks, 6000.0)
        run.parts = {"networks": self.networks, "average": self.average, "optimizer": self.optimizer}

    def step(self, fraction: float, batch: Paired) -> Tensor:
        """One step on pictures; returns their loss."""
        set_rate(self.optimizer, self.rate * cosine_decay(fraction))
        full = self.generator.config.resolution
        size = full // 2 if fraction < COARSE_UNTIL or self.run.step % HALF_EVERY == 0 else full
        wanted = data.shrunk(data.as_images(batch.drawn), size)
        synthesis = self.generator.synthesis
        made = synthesis(
            synthesis.styles(self.teacher(batch.physical)), resolution=size, dtype=torch.bfloat16
        )
        loss = picture_loss(made, wanted, importance(size).to(made.device))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.average.update(self.networks, len(wanted))
        return loss.detach()


def averaged(trainer: Trainer) -> tuple[Generator, TeacherMapping]:
    """Copies of the networks with averaged weights, in eval mode."""
    device = trainer.run.device
    generator = Generator(trainer.generator.config).to(device)
    teacher = TeacherMapping(len(trainer.teacher.mean), trainer.generator.config.w_dim).to(device)
    teacher.load_state_dict(trainer.teacher.state_dict())
    trainer.average.copy_to(nn.ModuleDict({"synthesis": generator.synthesis, "teacher": teacher}))
    return generator.eval().requires_grad_(False), teacher.eval().requires_grad_(False)


@torch.no_grad()
def figures(
    domain: Domain,
    generator: Generator,
    teacher: TeacherMapping,
    count: int = 64,
    seed: int = 1_000_003,
    mapping: bool = True,
) -> dict[str, float]:
    """PSNR, dB, against drawings of unseen z, through the teacher and, where there is one yet, through the mapping network."""
    z = domain.latents(np.random.default_rng(seed), count)
    portraits, device = domain.portraits.from_latent(z), data.device_of(generator)
    size, synthesis = generator.config.resolution, generator.synthesis
    totals: dict[str, float] = {}
    for begin in range(0, count, 16):
        part = slice(begin, begin + 16)
        wanted = data.pictures_of(portraits[part], size).to(device)
        ways = {"teacher": teacher(data.physical(portraits[part]).to(device))}
        if mapping:
            ways["mapping"] = generator.mapping(torch.from_numpy(z[part]).to(device))
        for name, w in ways.items():
            totals[name] = totals.get(name, 0.0) + float(
                data.psnr(synthesis(synthesis.styles(w)), wanted).sum()
            )
    return {f"psnr_{name}": round(total / count, 2) for name, total in totals.items()}


@torch.no_grad()
def contact_sheet(
    domain: Domain, generator: Generator, teacher: TeacherMapping, path: Path, count: int = 24
) -> None:
    """Rows of drawings, of the generator through the teacher, and of the generator through its mapping."""
    z = domain.latents(np.random.default_rng(1_000_003), count)
    portraits, device = domain.portraits.from_latent(z), data.device_of(generator)
    synthesis = generator.synthesis
    drawn = data.to_pictures(data.pictures_of(portraits, generator.config.resolution))
    ways = [teacher(data.physical(portraits).to(device)), generator.mapping(torch.from_numpy(z).to(device))]
    made = [data.to_pictures(synthesis(synthesis.styles(w))) for w in ways]
    rows = []
    for begin in range(0, count, 8):
        rows += [np.concatenate(list(pictures[begin : begin + 8]), axis=1) for pictures in (drawn, *made)]
    Image.fromarray(np.concatenate(rows, axis=0)).save(path)


def save_bundle(generator: Generator, teacher: TeacherMapping, bundle: Path) -> None:
    """The generator in half precision for serving, and the teacher, which only further training needs."""
    bundle.mkdir(parents=True, exist_ok=True)
    for name, network in (("generator", generator), ("teacher", teacher)):
        save_weights(network, bundle / f"{name}.safetensors")


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train generator``."""
    parser = arguments(
        "Train a bundle's generator on drawn portraits (StyleGAN2, paired regression).", 90, "generator"
    )
    parser.add_argument("--resolution", type=int, default=128, help="pixels")
    parser.add_argument("--channel-base", type=int, default=3072, help="feature maps x resolution")
    parser.add_argument("--channel-max", type=int, default=192, help="most feature maps of a layer")
    parser.add_argument("--batch", type=int, default=8, help="pictures a step at full resolution")
    parser.add_argument("--rate", type=float, default=1e-2, help="learning rate (equalised)")
    add_drawing(parser)
    add_fuse(parser)
    options = parser.parse_args(argv)
    run = start(options)
    config = GeneratorConfig(
        resolution=options.resolution,
        z_dim=run.domain.portraits.Z_DIM,
        w_dim=128,
        mapping_layers=4,
        mapping_features=384,
        channel_base=options.channel_base,
        channel_max=options.channel_max,
    )
    trainer = Trainer(config, run, options.rate)
    if options.fuse:
        trainer.generator.synthesis.compile(dynamic=False)
    drawing = partial(draw, domain=run.domain.name, count=options.batch, size=options.resolution)
    supply = batches(run, drawing, options.workers, options.reuse)
    for fraction in run.steps("generator"):
        loss = trainer.step(fraction, next(supply))
        if run.due():
            made = averaged(trainer)
            run.log(loss=float(loss), **figures(run.domain, *made, count=32, mapping=False))
            contact_sheet(run.domain, *made, run.folder / "sheet.png")
    networks = averaged(trainer)
    contact_sheet(run.domain, *networks, run.folder / "sheet.png")
    found = figures(run.domain, *networks, count=256, mapping=False)
    print(found)
    if options.bundle:
        save_bundle(*networks, options.bundle)
        record.write(options.bundle, "generator", options, run, found, {"config": config.as_dict()})
    return 0
