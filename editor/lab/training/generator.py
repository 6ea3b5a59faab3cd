"""Train the embedded generator by paired regression.

A *teacher mapping* turns the physical description of a drawn portrait into w. It is trained together with the
synthesis network on pairs of description and drawing, first at half resolution. Since the drawing of every
picture is known, no discriminator is needed. The generator's own mapping network learns from the teacher
later (``train mapping``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from editor.lab.training import data, domains
from editor.lab.training.batches import supply
from editor.lab.training.bundles import save_weights
from editor.lab.training.domain import Domain
from editor.lab.training.optim import Average, cosine_decay, set_rate, take_step
from editor.lab.training.precision import fast_dtype
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.stylegan2 import Generator, GeneratorConfig

COARSE_UNTIL = 0.3
"""Share of the time that is spent at half resolution."""
HALF_EVERY = 4
"""One step in this many runs at half resolution, which searches and previews use."""


def importance(size: int) -> Tensor:
    """Return a weight for each pixel [1, 1, size, size] of mean 1: the face counts about three times the
    background.
    """
    grid = torch.linspace(0, 1, size)
    y, x = torch.meshgrid(grid, grid, indexing="ij")
    weight = 1 + 2 * torch.exp(-(((x - 0.5) / 0.24) ** 2 + ((y - 0.55) / 0.24) ** 2))
    return (weight / weight.mean())[None, None]


def gradients(difference: Tensor) -> Tensor:
    """Return the mean absolute gradient of a difference of pictures."""
    across = (difference[..., 1:] - difference[..., :-1]).abs().mean()
    return across + (difference[..., 1:, :] - difference[..., :-1, :]).abs().mean()


def picture_loss(made: Tensor, wanted: Tensor, weight: Tensor) -> Tensor:
    """Return the L1 loss of pixels, and of gradients at three scales, which keep edges sharp."""
    difference = made - wanted
    loss = (difference.abs() * weight).mean()
    for scale in range(3):
        loss = loss + (0.5 if scale == 0 else 0.25) * gradients(difference)
        difference = F.avg_pool2d(difference, 2)
    return loss


@dataclass(frozen=True)
class Paired:
    """Descriptions [N, P] and the drawings of them, uint8 [N, R, R, 3]."""

    physical: Tensor
    drawn: Tensor


def draw(rng: np.random.Generator, domain: str, count: int, size: int) -> Paired:
    """Return a batch of pairs."""
    portraits = domains.named(domain).draw(rng, count)
    return Paired(data.physical(portraits), data.drawings_of(portraits, size))


def damp_new_layers(generator: Generator, above: int) -> None:
    """Make ToRGB layers above ``above`` pixels weak, in place, so that coarse layers determine the picture
    first.
    """
    with torch.no_grad():
        for layer in generator.synthesis.layers:
            if layer.kind == "rgb" and layer.resolution > above:
                generator.synthesis.block(layer).weight.mul_(0.1)


class Trainer:
    """The synthesis network and the teacher mapping, their averages, and one training step."""

    def __init__(self, config: GeneratorConfig, run: Run, rate: float) -> None:
        self.run, self.rate = run, rate
        self.generator = Generator(config)
        damp_new_layers(self.generator, above=16)
        self.generator.to(run.device)
        sample = data.physical(run.domain.draw(np.random.default_rng((run.seed, 99)), 4096))
        self.teacher = TeacherMapping(sample.shape[1], config.w_dim)
        self.teacher.standardise(sample)
        self.teacher.to(run.device)
        parameters = [*self.generator.synthesis.parameters(), *self.teacher.parameters()]
        self.optimizer = torch.optim.Adam(parameters, lr=rate, betas=(0.9, 0.99))
        self.networks = nn.ModuleDict({"synthesis": self.generator.synthesis, "teacher": self.teacher})
        self.average = Average(self.networks, 6000.0)
        run.parts = {"networks": self.networks, "average": self.average, "optimizer": self.optimizer}

    def step(self, fraction: float, batch: Paired) -> Tensor:
        """Do one step and return the loss."""
        set_rate(self.optimizer, self.rate * cosine_decay(fraction))
        full = self.generator.config.resolution
        size = full // 2 if fraction < COARSE_UNTIL or self.run.step % HALF_EVERY == 0 else full
        wanted = data.shrunk(data.as_images(batch.drawn), size)
        synthesis = self.generator.synthesis
        styles = synthesis.styles(self.teacher(batch.physical))
        made = synthesis(styles, resolution=size, dtype=fast_dtype(styles.device))
        loss = picture_loss(made, wanted, importance(size).to(made.device))
        take_step(self.optimizer, loss)
        self.average.update(self.networks, len(wanted))
        return loss.detach()

    def averaged(self) -> tuple[Generator, TeacherMapping]:
        """Return copies of the networks with averaged weights, in eval mode."""
        device = self.run.device
        generator = Generator(self.generator.config).to(device)
        teacher = TeacherMapping(len(self.teacher.mean), self.generator.config.w_dim).to(device)
        teacher.load_state_dict(self.teacher.state_dict())
        self.average.copy_to(nn.ModuleDict({"synthesis": generator.synthesis, "teacher": teacher}))
        return generator.eval().requires_grad_(False), teacher.eval().requires_grad_(False)


@torch.no_grad()
def psnr_figures(
    domain: Domain, generator: Generator, teacher: TeacherMapping, count: int = 64, mapping: bool = True
) -> dict[str, float]:
    """Return the PSNR (dB) of generated pictures against drawings of unseen z.

    With w from the teacher and, if ``mapping``, also with w from the mapping network.
    """
    z = domain.latents(np.random.default_rng(1_000_003), count)
    portraits, device = domain.portraits.from_latent(z), data.device_of(generator)
    synthesis = generator.synthesis
    totals = {"psnr_teacher": 0.0} | ({"psnr_mapping": 0.0} if mapping else {})
    for begin in range(0, count, 16):
        part = slice(begin, begin + 16)
        wanted = data.pictures_of(portraits[part], generator.config.resolution).to(device)
        ws = {"psnr_teacher": teacher(data.physical(portraits[part]).to(device))}
        if mapping:
            ws["psnr_mapping"] = generator.mapping(torch.from_numpy(z[part]).to(device))
        for name, w in ws.items():
            totals[name] += float(data.psnr(synthesis(synthesis.styles(w)), wanted).sum())
    return {name: round(total / count, 2) for name, total in totals.items()}


@torch.no_grad()
def contact_sheet(
    domain: Domain, generator: Generator, teacher: TeacherMapping, path: Path, count: int = 24
) -> None:
    """Write rows of drawings, of pictures through the teacher, and of pictures through the mapping."""
    z = domain.latents(np.random.default_rng(1_000_003), count)
    portraits, device = domain.portraits.from_latent(z), data.device_of(generator)
    synthesis = generator.synthesis
    drawn = data.pictures_of(portraits, generator.config.resolution)
    ws = [teacher(data.physical(portraits).to(device)), generator.mapping(torch.from_numpy(z).to(device))]
    save_rows([drawn, *(synthesis(synthesis.styles(w)) for w in ws)], path)


def save_rows(rows: Sequence[Tensor], path: Path, columns: int = 8) -> None:
    """Write images [N, 3, H, W] of several kinds below each other, ``columns`` at a time."""
    pictures, strips = [data.to_pictures(row) for row in rows], []
    for begin in range(0, len(rows[0]), columns):
        strips += [np.concatenate(list(kind[begin : begin + columns]), axis=1) for kind in pictures]
    Image.fromarray(np.concatenate(strips, axis=0)).save(path)


def save_bundle(generator: Generator, teacher: TeacherMapping, bundle: Path) -> None:
    """Write the generator, and the teacher, which only training needs."""
    bundle.mkdir(parents=True, exist_ok=True)
    save_weights(generator, bundle / "generator.safetensors")
    save_weights(teacher, bundle / "teacher.safetensors")


def main(run: Run, options: SimpleNamespace) -> None:
    """Train a bundle's generator on drawn portraits."""
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
    batches = supply(run, options, draw, size=options.resolution)
    for fraction in run.steps("generator"):
        loss = trainer.step(fraction, next(batches))
        if run.due():
            made = trainer.averaged()
            run.log(loss=float(loss), **psnr_figures(run.domain, *made, count=32, mapping=False))
            contact_sheet(run.domain, *made, run.folder / "sheet.png")
    networks = trainer.averaged()
    contact_sheet(run.domain, *networks, run.folder / "sheet.png")
    figures = psnr_figures(run.domain, *networks, count=256, mapping=False)
    if options.bundle:
        save_bundle(*networks, options.bundle)
    run.write_record("generator", options, figures, {"config": config.as_dict()})
