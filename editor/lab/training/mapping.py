"""Distil the generator's mapping network (Gaussian z -> w) from the frozen teacher mapping.

No pictures are needed: the teacher gives the w of a latent's portrait. Errors are weighted by their effect on
the picture, with a metric of W that is measured once by finite differences of the synthesis network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor

from editor.lab.training import data, domains, record
from editor.lab.training.batches import CPU, supply
from editor.lab.training.bundles import load_generator, load_teacher
from editor.lab.training.domain import Domain
from editor.lab.training.generator import contact_sheet, importance, psnr_figures, save_bundle
from editor.lab.training.optim import Average, cosine_decay, set_rate, take_step
from editor.lab.training.precision import autocast
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.stylegan2 import EqualLinear, Generator, Mapping

PLAIN_SHARE = 0.1
"""Weight of the plain error, in deviations of W, relative to the error in the picture."""


def _teacher_ws(domain: Domain, teacher: TeacherMapping, seed: int, count: int, **how: float) -> Tensor:
    """Return w [count, w_dim] of random portraits."""
    physical = data.physical(domain.draw(np.random.default_rng(seed), count, **how))
    return teacher(physical.to(data.device_of(teacher)))


@torch.no_grad()
def picture_metric(
    domain: Domain, generator: Generator, teacher: TeacherMapping, portraits: int = 24
) -> Tensor:
    """Return a metric M [w_dim, w_dim]: e M e is about the mean squared pixel error of an error e of w."""
    synthesis, size = generator.synthesis, 64
    spread = _teacher_ws(domain, teacher, 12, 4096).std(0) + 1e-3
    weight = importance(size).sqrt().to(spread.device)
    total = torch.zeros(len(spread), len(spread), device=spread.device)
    step = 0.1 * torch.diag(spread)
    for row in _teacher_ws(domain, teacher, 11, portraits):
        up, down = (synthesis(synthesis.styles(w), resolution=size) for w in (row + step, row - step))
        jacobian = ((up - down) * weight).flatten(1) / (0.2 * spread[:, None])
        total += jacobian @ jacobian.t() / jacobian.shape[1]
    return total / portraits


@torch.no_grad()
def initialise_first_layer(mapping: Mapping) -> None:
    """Let each unit of the first layer depend on one coordinate of z, with various thresholds, in place.

    Attributes are steep functions of single coordinates. Training finds them slowly from dense weights and
    zero biases.
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
    """Gaussian z [N, z_dim] and their w [N, w_dim]."""

    z: Tensor
    w: Tensor


@torch.no_grad()
def draw(rng: np.random.Generator, domain: str, count: int, teacher: TeacherMapping) -> Latents:
    """Return a batch of latents; the teacher is on the CPU."""
    known = domains.named(domain)
    z = known.latents(rng, count)
    return Latents(torch.from_numpy(z), teacher(data.physical(known.portraits.from_latent(z))))


def train(
    run: Run, mapping: Mapping, metric: Tensor, sample: Tensor, rate: float, batches: Iterator[Latents]
) -> None:
    """Train ``mapping`` in place; it ends with averaged weights. ``sample`` [N, w_dim] gives W's spread."""
    metric = metric / (sample.t().cov() * metric).sum()  # an error as large as W's spread costs 1
    spread = sample.std(0) + 1e-3
    optimizer = torch.optim.Adam(mapping.parameters(), lr=rate, betas=(0.9, 0.99))
    average = Average(mapping, 400_000.0)
    run.parts = {"mapping": mapping, "optimizer": optimizer, "average": average}
    for fraction in run.steps("mapping"):
        set_rate(optimizer, rate * cosine_decay(fraction, hold=0.1, floor=0.003))
        batch = next(batches)
        with autocast(run.device, enabled=fraction < 0.8):
            made = mapping(batch.z)
        error = made.float() - batch.w
        in_picture = ((error @ metric) * error).sum(1).mean()
        plain = (error / spread).square().mean()
        take_step(optimizer, in_picture + PLAIN_SHARE * plain)
        average.update(mapping, len(made))
        if run.due():
            run.log(in_picture=in_picture.item(), plain=plain.item())
    average.copy_to(mapping)


def main(run: Run, options: SimpleNamespace) -> None:
    """Train a new mapping network and put it into the bundle's generator."""
    domain, bundle = run.domain, options.bundle
    old, teacher = load_generator(bundle, run.device), load_teacher(bundle, run.device)
    config = dataclasses.replace(old.config, mapping_layers=options.layers, mapping_features=options.features)
    generator = Generator(config)
    initialise_first_layer(generator.mapping)
    generator.to(run.device)
    batches = supply(run, options, draw, teacher=load_teacher(bundle, CPU))
    sample = _teacher_ws(domain, teacher, 12, 8192, recombined=0.0)
    train(run, generator.mapping, picture_metric(domain, old, teacher), sample, options.rate, batches)
    current = load_generator(bundle, run.device)  # its synthesis may be newer than this run's
    generator.synthesis.load_state_dict(current.synthesis.state_dict())
    generator.eval().requires_grad_(False)
    z = torch.from_numpy(domain.latents(np.random.default_rng(7), 10_000)).to(run.device)
    generator.mapping.w_avg.copy_(generator.mapping(z).mean(0))
    figures = psnr_figures(domain, generator, teacher, count=256)
    contact_sheet(domain, generator, teacher, run.folder / "sheet.png")
    save_bundle(generator, teacher, bundle)
    run.write_record("mapping", options, figures)
    entries = record.read(bundle)
    entries["generator"]["config"] = generator.config.as_dict()
    record.save(bundle, entries)
