"""Second stage of the generator: small things (freckles, wrinkles, earrings, teeth) with W held still.

The first stage's L1 loss is content to leave out what covers few pixels. Here errors are squared, which rewards even a
faint freckle, and weigh more where the drawing has fine structure, most of all where a small attribute shows: the pixels
that differ when the same portrait is drawn without it. Once, at the start, small attributes that the first stage shows
too faintly get more room in W (``amplify``); from then on the teacher mapping is frozen, so that whatever is trained
against W beside this run (mapping, encoder, mapper) stays valid. With ``--resolution`` the generator first grows layers
of that size.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.lab.training import data, domains, record
from editor.lab.training.batches import batches
from editor.lab.training.bundles import load_generator, load_teacher
from editor.lab.training.domain import Domain
from editor.lab.training.generator import (
    HALF_EVERY,
    TeacherMapping,
    contact_sheet,
    figures,
    importance,
    quieten,
    save_bundle,
)
from editor.lab.training.run import Average, Run, add_drawing, add_fuse, arguments, set_rate, start
from editor.networks.stylegan2 import Generator

SMALL_WEIGHT = 6.0
MOST_GAIN = 4.0
"""The most that one call of ``amplify`` stretches an attribute's step in W."""


def detail(images: Tensor) -> Tensor:
    """Where a picture [N, 3, H, W] has fine structure: [N, 1, H, W], mean about 1."""
    fine = (
        (images - F.avg_pool2d(F.pad(images, (3, 3, 3, 3), mode="replicate"), 7, 1))
        .abs()
        .amax(1, keepdim=True)
    )
    spread = F.avg_pool2d(fine, 3, 1, 1)
    return spread / (spread.mean(dim=(1, 2, 3), keepdim=True) + 1e-3)


@dataclass(frozen=True)
class Detailed:
    """Descriptions [N, P], drawings of them, and the same without their small attributes, uint8 [N, R, R, 3] each."""

    physical: Tensor
    drawn: Tensor
    plain: Tensor


def draw(rng: np.random.Generator, domain: str, count: int, size: int) -> Detailed:
    """A batch of pictures."""
    known = domains.named(domain)
    portraits = plain = known.draw(rng, count)
    for name in known.small:
        plain = plain.replace(name, 0.0)
    return Detailed(
        data.physical(portraits), data.drawings_of(portraits, size), data.drawings_of(plain, size)
    )


def small_parts(plain: Tensor, wanted: Tensor) -> Tensor:
    """Where small attributes show in the drawings [N, 3, R, R], by those without: [N, 1, R, R] in 0..1, a little widened."""
    difference = (plain - wanted).abs().amax(1, keepdim=True)
    return F.max_pool2d((4 * difference).clamp(0, 1), 3, 1, 1)


def loss_of(made: Tensor, wanted: Tensor, small: Tensor) -> Tensor:
    """Squared error, the face, fine structure and small attributes heavier, with a little L1 of gradients for edges."""
    difference = made - wanted
    weight = importance(made.shape[-1]).to(made.device) * (0.5 + 0.5 * detail(wanted)) + SMALL_WEIGHT * small
    edges = (difference[..., 1:] - difference[..., :-1]).abs().mean() + (
        difference[..., 1:, :] - difference[..., :-1, :]
    ).abs().mean()
    return 12.0 * (difference.square() * weight).mean() + 0.3 * edges


@torch.no_grad()
def shares(
    domain: Domain, generator: Generator, teacher: TeacherMapping, count: int = 24
) -> dict[str, float]:
    """How much of each small attribute's drawn difference the generator shows: 0 none, 1 all."""
    base, found = domain.draw(np.random.default_rng(5), count), {}
    synthesis, device = generator.synthesis, data.device_of(generator)
    for name in domain.small:
        off, on = base.replace(name, 0.0), base.replace(name, 1.0)
        shown, bare = (data.pictures_of(p, generator.config.resolution).to(device) for p in (on, off))
        drawn = shown - bare
        with_it, without = (
            synthesis(synthesis.styles(teacher(data.physical(p).to(device)))) for p in (on, off)
        )
        found[name] = float(((with_it - without) * drawn).sum() / drawn.square().sum())
    return found


@torch.no_grad()
def amplify(domain: Domain, generator: Generator, teacher: TeacherMapping) -> dict[str, float]:
    """Stretch the teacher's linear step of faint small attributes in W, in place; returns the gains.

    An attribute shown at a third of its strength gets three times the step; the mean w stays where it is.
    """
    found = shares(domain, generator, teacher)
    gains = {name: min(MOST_GAIN, 1 / max(share, 1 / MOST_GAIN)) for name, share in found.items()}
    for name, gain in gains.items():
        teacher.linear.weight[:, domain.portraits.PHYSICAL.index(name)] *= gain
    return {name: round(gain, 2) for name, gain in gains.items()}


def grown(generator: Generator, resolution: int) -> Generator:
    """The generator with new, quiet layers up to ``resolution``; what it had is as it was."""
    config = dataclasses.replace(generator.config, resolution=resolution)
    larger = Generator(config)
    quieten(larger, above=generator.config.resolution)
    larger.load_state_dict(larger.state_dict() | generator.state_dict())
    return larger.eval().requires_grad_(False)


@dataclass(frozen=True)
class Plan:
    """How to train: learning rate, pictures a step, and how they are drawn."""

    rate: float
    batch: int
    workers: int = 0
    reuse: int = 1


def train(run: Run, generator: Generator, teacher: TeacherMapping, plan: Plan) -> None:
    """Train the synthesis network in place; it ends with averaged weights."""
    synthesis, full = generator.synthesis.requires_grad_(True).train(), generator.config.resolution
    optimizer = torch.optim.Adam(synthesis.parameters(), lr=plan.rate, betas=(0.9, 0.99))
    average = Average(synthesis, 4000.0)
    run.parts = {"synthesis": synthesis, "optimizer": optimizer, "average": average}
    supply = batches(
        run, partial(draw, domain=run.domain.name, count=plan.batch, size=full), plan.workers, plan.reuse
    )
    for fraction in run.steps("details"):
        set_rate(optimizer, plan.rate * min(1.0, 50 * fraction + 0.02) * max(0.005, 1 - fraction))
        batch = next(supply)
        size = full // 2 if run.step % HALF_EVERY == 0 else full
        with torch.no_grad():
            w = teacher(batch.physical)
        wanted, plain = (data.shrunk(data.as_images(drawn), size) for drawn in (batch.drawn, batch.plain))
        made = synthesis(synthesis.styles(w), resolution=size, dtype=torch.bfloat16)
        loss = loss_of(made, wanted, small_parts(plain, wanted))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        average.update(synthesis, plan.batch)
        if run.due():
            run.log(loss=loss.item())
    average.copy_to(synthesis)
    generator.eval().requires_grad_(False)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train details``."""
    parser = arguments("Sharpen small details of a trained generator, with W held still.", 40, "details")
    parser.add_argument("--batch", type=int, default=8, help="pictures a step")
    parser.add_argument("--rate", type=float, default=6e-3, help="learning rate (equalised)")
    parser.add_argument(
        "--amplify", action="store_true", help="first give faint small attributes more room in W"
    )
    parser.add_argument(
        "--resolution", type=int, help="pixels; first grows layers up to there, if the generator has fewer"
    )
    add_drawing(parser)
    add_fuse(parser)
    options = parser.parse_args(argv)
    if options.bundle is None:
        parser.error("--bundle is needed: the folder with the trained generator")
    run = start(options)
    prepare(run, options)
    generator, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    if options.fuse:
        generator.synthesis.compile(dynamic=False)
    train(run, generator, teacher, Plan(options.rate, options.batch, options.workers, options.reuse))
    found = figures(run.domain, generator, teacher, count=256)
    print(found)
    contact_sheet(run.domain, generator, teacher, run.folder / "sheet.png")
    current = load_generator(options.bundle, run.device)  # its mapping may be newer than when this run began
    current.synthesis.load_state_dict(generator.synthesis.state_dict())
    save_bundle(current, teacher, options.bundle)
    rounded = {k: float(np.round(v, 2)) for k, v in found.items()}
    record.write(options.bundle, "details", options, run, rounded, stage=options.name)
    return 0


def prepare(run: Run, options: argparse.Namespace) -> None:
    """Before the first step: the bundle's generator is grown, and its small attributes get more room, where asked for."""
    if (run.folder / "checkpoint.pt").exists() or not (options.amplify or options.resolution):
        return
    generator, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    if options.amplify:
        print("room in W:", amplify(run.domain, generator, teacher), flush=True)
    if (options.resolution or 0) > generator.config.resolution:
        generator = grown(generator.cpu(), options.resolution)
        records = record.read(options.bundle)
        records["generator"]["config"] = generator.config.as_dict()
        record.save(options.bundle, records)
    save_bundle(generator, teacher, options.bundle)
