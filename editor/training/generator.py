"""Training of the embedded generator by paired regression.

A *teacher mapping* turns the physical description of a drawn portrait into w; it is trained together with the synthesis
network on (description, drawing) pairs, resolution after resolution. The generator's own mapping network learns beside
it to give the same w from Gaussian z, and in the last part of the run both are tuned on pictures. No discriminator is
involved: adversarial training at this size is beyond two CPU cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

from editor.networks.stylegan2 import EqualLinear, Generator, GeneratorConfig
from editor.training import data, record
from editor.training.domain import Domain
from editor.training.run import Average, Run, add_fuse, arguments, cosine_decay, set_rate, start

COARSE_UNTIL = 0.3
"""Share of the time spent at half resolution."""
JOINT_FROM = 0.85
"""From here on half of each batch comes through the mapping network."""


class TeacherMapping(nn.Module):
    """Physical description [N, P] -> w [N, w_dim]: a linear path, which keeps W disentangled, and a small correction."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, inputs: int, w_dim: int, hidden: int = 256) -> None:
        super().__init__()
        self.linear = EqualLinear(inputs, w_dim)
        self.mlp = nn.Sequential(
            EqualLinear(inputs, hidden, activate=True), EqualLinear(hidden, hidden, activate=True), EqualLinear(hidden, w_dim)
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


class Trainer:
    """The networks, their averages and one optimisation step."""

    def __init__(self, config: GeneratorConfig, run: Run, rate: float, teacher_only: bool = False) -> None:
        self.run, self.rate, self.teacher_only = run, rate, teacher_only
        self.generator = Generator(config).to(run.device)
        with torch.no_grad():
            for name, block in self.generator.synthesis.blocks.items():
                if name.endswith("torgb") and not name.startswith(("b4_", "b8_", "b16_")):
                    block.get_parameter("weight").mul_(0.1)  # fine layers start quiet, so that coarse ones set the picture first
        sample = data.physical(run.domain.draw(np.random.default_rng((run.seed, 99)), 4096)).to(run.device)
        self.teacher = TeacherMapping(sample.shape[1], config.w_dim).to(run.device)
        self.teacher.standardise(sample)
        painting = [*self.generator.synthesis.parameters(), *self.teacher.parameters()]
        self.optimizer = torch.optim.Adam(painting, lr=rate, betas=(0.9, 0.99))
        self.mapping_optimizer = torch.optim.Adam(self.generator.mapping.parameters(), lr=rate, betas=(0.9, 0.99))
        self.average = Average(nn.ModuleDict({"generator": self.generator, "teacher": self.teacher}), 6000.0)
        run.parts = {
            "generator": self.generator,
            "teacher": self.teacher,
            "average": self.average,
            "optimizer": self.optimizer,
            "mapping_optimizer": self.mapping_optimizer,
        }

    def step(self, fraction: float, batch: int) -> float:
        """One step on pictures and one of the mapping on latents; returns the picture loss."""
        factor = cosine_decay(fraction)
        set_rate(self.optimizer, self.rate * factor)
        set_rate(self.mapping_optimizer, 0.3 * self.rate * factor)
        size = self.generator.config.resolution // (2 if fraction < COARSE_UNTIL else 1)
        joint = batch // 2 if fraction >= JOINT_FROM and not self.teacher_only else 0
        w, wanted = self._batch(batch * (2 if fraction < COARSE_UNTIL else 1), joint, size)
        synthesis = self.generator.synthesis
        made = synthesis(synthesis.styles(w), resolution=size, dtype=torch.bfloat16)
        loss = picture_loss(made, wanted, importance(size).to(made.device))
        total = loss if self.teacher_only else loss + 0.05 * self._mapping_loss()
        self.optimizer.zero_grad(set_to_none=True)
        self.mapping_optimizer.zero_grad(set_to_none=True)
        total.backward()
        self.optimizer.step()
        self.mapping_optimizer.step()
        networks = nn.ModuleDict({"generator": self.generator, "teacher": self.teacher})
        self.average.update(networks, len(wanted))
        return loss.item()

    def _batch(self, count: int, joint: int, size: int) -> tuple[Tensor, Tensor]:
        """w and the drawings wanted; ``joint`` rows come through the mapping network, the rest through the teacher."""
        rng, device, domain = self.run.rng(), self.run.device, self.run.domain
        drawn = domain.draw(rng, count - joint)
        w = self.teacher(data.physical(drawn).to(device))
        wanted = data.pictures_of(drawn, size)
        if joint:
            z = domain.latents(rng, joint)
            w = torch.cat([w, self.generator.mapping(torch.from_numpy(z).to(device))])
            wanted = torch.cat([wanted, data.pictures_of(domain.portraits.from_latent(z), size)])
        return w, wanted.to(device)

    def _mapping_loss(self, count: int = 256) -> Tensor:
        """Share of the teacher's variance that the mapping network leaves unexplained."""
        z = self.run.domain.latents(self.run.rng(purpose=1), count)
        with torch.no_grad():
            w = self.teacher(data.physical(self.run.domain.portraits.from_latent(z)).to(self.run.device))
            deviation = w.std(0, keepdim=True) + 1e-3
        made = self.generator.mapping(torch.from_numpy(z).to(self.run.device))
        return ((made - w) / deviation).square().mean()


def averaged(trainer: Trainer) -> tuple[Generator, TeacherMapping]:
    """Copies of the networks with averaged weights, in eval mode; the mapping's mean w is measured."""
    generator = Generator(trainer.generator.config)
    teacher = TeacherMapping(len(trainer.teacher.mean), trainer.generator.config.w_dim)
    teacher.load_state_dict(trainer.teacher.state_dict())
    trainer.average.copy_to(nn.ModuleDict({"generator": generator, "teacher": teacher}))
    with torch.no_grad():
        z = torch.from_numpy(trainer.run.domain.latents(np.random.default_rng(7), 10_000))
        generator.mapping.w_avg.copy_(generator.mapping(z).mean(0))
    return generator.eval().requires_grad_(False), teacher.eval().requires_grad_(False)


@torch.no_grad()
def figures(
    domain: Domain, generator: Generator, teacher: TeacherMapping, count: int = 64, seed: int = 1_000_003
) -> dict[str, float]:
    """PSNR, dB, against drawings of unseen z, through the mapping network and through the teacher."""
    z = domain.latents(np.random.default_rng(seed), count)
    portraits = domain.portraits.from_latent(z)
    size = generator.config.resolution
    synthesis = generator.synthesis
    totals = {"mapping": 0.0, "teacher": 0.0}
    for begin in range(0, count, 16):
        part = slice(begin, begin + 16)
        wanted = data.pictures_of(portraits[part], size)
        ways = {"mapping": generator.mapping(torch.from_numpy(z[part])), "teacher": teacher(data.physical(portraits[part]))}
        for name, w in ways.items():
            totals[name] += float(data.psnr(synthesis(synthesis.styles(w)), wanted).sum())
    return {f"psnr_{name}": round(total / count, 2) for name, total in totals.items()}


@torch.no_grad()
def contact_sheet(domain: Domain, generator: Generator, teacher: TeacherMapping, path: Path, count: int = 24) -> None:
    """Rows of drawings, of the generator through the teacher, and of the generator through its mapping."""
    z = domain.latents(np.random.default_rng(1_000_003), count)
    portraits = domain.portraits.from_latent(z)
    synthesis = generator.synthesis
    drawn = data.to_pictures(data.pictures_of(portraits, generator.config.resolution))
    ways = [teacher(data.physical(portraits)), generator.mapping(torch.from_numpy(z))]
    made = [data.to_pictures(synthesis(synthesis.styles(w))) for w in ways]
    rows = []
    for begin in range(0, count, 8):
        rows += [np.concatenate(list(pictures[begin : begin + 8]), axis=1) for pictures in (drawn, *made)]
    Image.fromarray(np.concatenate(rows, axis=0)).save(path)


def save_bundle(generator: Generator, teacher: TeacherMapping, bundle: Path) -> None:
    """The generator in half precision for serving, and the teacher, which only further training needs."""
    bundle.mkdir(parents=True, exist_ok=True)
    half = {name: value.half().contiguous() for name, value in generator.state_dict().items()}
    save_file(half, bundle / "generator.safetensors")
    save_file({name: value.half().contiguous() for name, value in teacher.state_dict().items()}, bundle / "teacher.safetensors")


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train generator``."""
    parser = arguments("Train a bundle's generator on drawn portraits (StyleGAN2, paired regression).", 90, "generator")
    parser.add_argument("--resolution", type=int, default=128, help="pixels")
    parser.add_argument("--channel-base", type=int, default=3072, help="feature maps x resolution")
    parser.add_argument("--channel-max", type=int, default=192, help="most feature maps of a layer")
    parser.add_argument("--batch", type=int, default=8, help="pictures a step at full resolution")
    parser.add_argument("--rate", type=float, default=1e-2, help="learning rate (equalised)")
    parser.add_argument("--teacher-only", action="store_true", help="leave the mapping network to `train mapping`")
    add_fuse(parser)
    options = parser.parse_args(argv)
    run = start(options)
    config = GeneratorConfig(
        resolution=options.resolution, z_dim=run.domain.portraits.Z_DIM, w_dim=128, mapping_layers=4, mapping_features=384,
        channel_base=options.channel_base, channel_max=options.channel_max,
    )  # fmt: skip
    trainer = Trainer(config, run, options.rate, options.teacher_only)
    if options.fuse:
        trainer.generator.synthesis.compile(dynamic=False)
    losses: list[float] = []
    for fraction in run.steps("generator"):
        losses.append(trainer.step(fraction, options.batch))
        if run.step % 400 == 399:
            made = averaged(trainer)
            run.log(loss=float(np.mean(losses[-400:])), **figures(run.domain, *made, count=32))
            contact_sheet(run.domain, *made, run.folder / "sheet.png")
    networks = averaged(trainer)
    contact_sheet(run.domain, *networks, run.folder / "sheet.png")
    found = figures(run.domain, *networks, count=256)
    print(found)
    if options.bundle:
        save_bundle(*networks, options.bundle)
        record.write(options.bundle, "generator", options, run, found, {"config": config.as_dict()})
    return 0
