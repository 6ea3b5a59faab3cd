"""Distillation of the generator's own mapping network (Gaussian z -> w) from the frozen teacher mapping.

No pictures are needed: the teacher says what w a latent's portrait has. Errors are weighed by what they do to the
picture, with a metric of W measured once by finite differences of the synthesis network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from editor.lab.training import data, domains, record
from editor.lab.training.batches import batches
from editor.lab.training.bundles import load_generator, load_teacher
from editor.lab.training.domain import Domain
from editor.lab.training.generator import TeacherMapping, contact_sheet, figures, importance, save_bundle
from editor.lab.training.run import Average, Run, add_drawing, arguments, cosine_decay, set_rate, start
from editor.networks.stylegan2 import Generator, Mapping
from editor.networks.stylegan2_layers import EqualLinear

PLAIN_SHARE = 0.1
"""Weight of the plain error, relative to W's own deviations, beside the error in the picture."""


@torch.no_grad()
def picture_metric(
    domain: Domain, generator: Generator, teacher: TeacherMapping, portraits: int = 24
) -> Tensor:
    """Metric M [w_dim, w_dim]: e M e is about the mean squared pixel error that an error e of w causes."""
    synthesis, size, device = generator.synthesis, 64, data.device_of(generator)
    w = teacher(data.physical(domain.draw(np.random.default_rng(11), portraits)).to(device))
    spread = teacher(data.physical(domain.draw(np.random.default_rng(12), 4096)).to(device)).std(0) + 1e-3
    weight = importance(size).sqrt().to(device)
    total = torch.zeros(len(spread), len(spread), device=device)
    for row in w:
        plus, minus = row + 0.1 * torch.diag(spread), row - 0.1 * torch.diag(spread)
        difference = synthesis(synthesis.styles(plus), resolution=size) - synthesis(
            synthesis.styles(minus), resolution=size
        )
        jacobian = (difference * weight).flatten(1) / (0.2 * spread[:, None])
        total += jacobian @ jacobian.t() / jacobian.shape[1]
    return total / portraits


@torch.no_grad()
def look_at_coordinates(mapping: Mapping) -> None:
    """Start the first layer with units that each look at one coordinate of z, bent at various places, in place.

    Attributes are functions of single coordinates, with steep ramps; from dense weights and zero biases these are found
    only slowly.
    """
    layer = mapping.layers[0]
    assert isinstance(layer, EqualLinear)
    out, width = layer.weight.shape
    generator = torch.Generator().manual_seed(0)
    layer.weight.mul_(0.1)
    signs = torch.where(torch.rand(out, generator=generator) < 0.5, -1.0, 1.0)
    layer.weight[torch.arange(out), torch.arange(out) % width] = signs * width**0.5
    layer.bias.copy_(1.2 * torch.randn(out, generator=generator))


@dataclass(frozen=True)
class Latents:
    """Gaussian z [N, z_dim] and the w [N, w_dim] wanted of them."""

    z: Tensor
    w: Tensor


@torch.no_grad()
def draw(rng: np.random.Generator, domain: str, teacher: TeacherMapping, count: int) -> Latents:
    """A batch of latents, with a teacher on the CPU."""
    known = domains.named(domain)
    z = known.latents(rng, count)
    return Latents(torch.from_numpy(z), teacher(data.physical(known.portraits.from_latent(z))))


def train(
    run: Run,
    generator: Generator,
    teacher: TeacherMapping,
    mapping: Mapping,
    rate: float,
    supply: Iterator[Latents],
) -> None:
    """Train ``mapping`` in place; it ends with averaged weights."""
    with torch.no_grad():
        sample = teacher(
            data.physical(run.domain.draw(np.random.default_rng(12), 8192, recombined=0.0)).to(run.device)
        )
    metric = picture_metric(run.domain, generator, teacher)
    metric /= (sample.t().cov() * metric).sum()  # an unexplained w counts 1
    spread = sample.std(0) + 1e-3
    optimizer = torch.optim.Adam(mapping.parameters(), lr=rate, betas=(0.9, 0.99))
    average = Average(mapping, 400_000.0)
    run.parts = {"mapping": mapping, "optimizer": optimizer, "average": average}
    for fraction in run.steps("mapping"):
        set_rate(optimizer, rate * cosine_decay(fraction, hold=0.1, floor=0.003))
        batch = next(supply)
        with torch.autocast(run.device.type, torch.bfloat16, enabled=fraction < 0.8):
            made = mapping(batch.z)
        error = made.float() - batch.w
        in_picture = ((error @ metric) * error).sum(1).mean()
        plain = (error / spread).square().mean()
        optimizer.zero_grad(set_to_none=True)
        (in_picture + PLAIN_SHARE * plain).backward()
        optimizer.step()
        average.update(mapping, len(made))
        if run.due():
            run.log(in_picture=in_picture.item(), plain=plain.item())
    average.copy_to(mapping)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train mapping``."""
    parser = arguments("Distil the generator's mapping network from the teacher mapping.", 15, "mapping")
    parser.add_argument("--layers", type=int, default=6, help="of the mapping network")
    parser.add_argument("--features", type=int, default=512, help="width of its layers")
    parser.add_argument("--batch", type=int, default=1024, help="latents a step")
    parser.add_argument("--rate", type=float, default=1e-2, help="learning rate (equalised)")
    add_drawing(parser)
    options = parser.parse_args(argv)
    if options.bundle is None:
        parser.error("--bundle is needed: the folder with the trained generator")
    run = start(options)
    old, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    config = dataclasses.replace(old.config, mapping_layers=options.layers, mapping_features=options.features)
    generator = Generator(config)
    look_at_coordinates(generator.mapping)
    generator.to(run.device)
    by = load_teacher(options.bundle, torch.device("cpu"))
    supply = batches(
        run,
        partial(draw, domain=run.domain.name, teacher=by, count=options.batch),
        options.workers,
        options.reuse,
    )
    train(run, old, teacher, generator.mapping, options.rate, supply)
    current = load_generator(
        options.bundle, run.device
    )  # its synthesis may be newer than when this run began
    generator.synthesis.load_state_dict(current.synthesis.state_dict())
    generator.eval().requires_grad_(False)
    z = torch.from_numpy(run.domain.latents(np.random.default_rng(7), 10_000)).to(run.device)
    generator.mapping.w_avg.copy_(generator.mapping(z).mean(0))
    found = figures(run.domain, generator, teacher, count=256)
    print(found)
    contact_sheet(run.domain, generator, teacher, run.folder / "sheet.png")
    save_bundle(generator, teacher, options.bundle)
    record.write(options.bundle, "mapping", options, run, found)
    records = record.read(options.bundle)
    records["generator"]["config"] = generator.config.as_dict()
    record.save(options.bundle, records)
    return 0
