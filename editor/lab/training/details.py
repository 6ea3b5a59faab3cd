"""Second stage of the generator: small things (freckles, wrinkles, earrings, teeth), with W fixed.

If the generator is unsure where a small thing belongs, the first stage's L1 loss is lowest at the median,
which leaves it out. Here errors are squared: their minimum is the mean, so that even a faint freckle lowers
the loss. Errors weigh more where the drawing has fine structure, and most where a small attribute shows: on
the pixels that differ when the same portrait is drawn without it. With ``--amplify``, small attributes that
are too faint first get a larger step in W. After that the teacher mapping is frozen, so that everything else
trained on W (mapping, encoder, mapper) stays valid. With ``--resolution`` the generator first grows layers of
that size.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.lab.training import data, domains, record
from editor.lab.training.batches import CPU, supply
from editor.lab.training.bundles import load_generator, load_teacher, save_weights
from editor.lab.training.domain import Domain
from editor.lab.training.generator import (
    HALF_EVERY,
    contact_sheet,
    damp_new_layers,
    gradients,
    importance,
    psnr_figures,
    save_bundle,
)
from editor.lab.training.optim import Average, set_rate, take_step
from editor.lab.training.precision import fast_dtype
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.lab.training.teacher_recovery import recover_teacher
from editor.networks.stylegan2 import Generator

SMALL_WEIGHT = 6.0
LARGEST_GAIN = 4.0
"""Largest factor by which one call of ``amplify`` stretches an attribute's step in W."""


def fine_structure(images: Tensor) -> Tensor:
    """Return where pictures [N, 3, H, W] have fine structure: [N, 1, H, W], mean about 1."""
    smooth = F.avg_pool2d(F.pad(images, (3, 3, 3, 3), mode="replicate"), 7, 1)
    spread = F.avg_pool2d((images - smooth).abs().amax(1, keepdim=True), 3, 1, 1)
    return spread / (spread.mean(dim=(1, 2, 3), keepdim=True) + 1e-3)


@dataclass(frozen=True)
class Detailed:
    """Descriptions [N, P], drawings of them, and drawings without small attributes, uint8 [N, R, R, 3]
    each.
    """

    physical: Tensor
    drawn: Tensor
    plain: Tensor


def draw(rng: np.random.Generator, domain: str, count: int, size: int) -> Detailed:
    """Return a batch of drawings."""
    known = domains.named(domain)
    portraits = plain = known.draw(rng, count)
    for name in known.small_attributes:
        plain = plain.replace(name, 0.0)
    drawn, without = data.drawings_of(portraits, size), data.drawings_of(plain, size)
    return Detailed(data.physical(portraits), drawn, without)


def small_parts(plain: Tensor, wanted: Tensor) -> Tensor:
    """Return the mask [N, 1, R, R] in 0..1 of small attributes, slightly widened.

    It is where the images without them (``plain``) and with them (``wanted``) differ.
    """
    difference = (plain - wanted).abs().amax(1, keepdim=True)
    return F.max_pool2d((4 * difference).clamp(0, 1), 3, 1, 1)


def loss_of(made: Tensor, wanted: Tensor, small: Tensor) -> Tensor:
    """Return the squared error, weighted by importance, fine structure and ``small``, with some L1 of
    gradients.
    """
    difference = made - wanted
    weight = importance(made.shape[-1]).to(made.device) * (0.5 + 0.5 * fine_structure(wanted))
    weighted = (difference.square() * (weight + SMALL_WEIGHT * small)).mean()
    return 12.0 * weighted + 0.3 * gradients(difference)


@torch.no_grad()
def visible_shares(
    domain: Domain, generator: Generator, teacher: TeacherMapping, count: int = 24
) -> dict[str, float]:
    """Return how much of each small attribute's drawn difference the generator shows: 0 nothing, 1 all of
    it.
    """
    base, found = domain.draw(np.random.default_rng(5), count), {}
    synthesis, device = generator.synthesis, data.device_of(generator)
    for name in domain.small_attributes:
        ends = base.replace(name, 1.0), base.replace(name, 0.0)
        shown, bare = (data.pictures_of(one, generator.config.resolution).to(device) for one in ends)
        with_it, without = (
            synthesis(synthesis.styles(teacher(data.physical(one).to(device)))) for one in ends
        )
        drawn = shown - bare
        found[name] = float(((with_it - without) * drawn).sum() / drawn.square().sum())
    return found


@torch.no_grad()
def amplify(domain: Domain, generator: Generator, teacher: TeacherMapping) -> dict[str, float]:
    """Stretch the teacher's linear step in W of faint small attributes, in place; return the gains.

    An attribute that shows a third of its strength gets three times the step; the mean w does not move.
    """
    shares = visible_shares(domain, generator, teacher)
    gains = {name: min(LARGEST_GAIN, 1 / max(share, 1 / LARGEST_GAIN)) for name, share in shares.items()}
    for name, gain in gains.items():
        teacher.linear.weight[:, domain.portraits.PHYSICAL.index(name)] *= gain
    return {name: round(gain, 2) for name, gain in gains.items()}


def grown(generator: Generator, resolution: int) -> Generator:
    """Return the generator with new, weak layers up to ``resolution``; the existing ones are unchanged."""
    larger = Generator(dataclasses.replace(generator.config, resolution=resolution))
    damp_new_layers(larger, above=generator.config.resolution)
    larger.load_state_dict(larger.state_dict() | generator.state_dict())
    return larger.eval().requires_grad_(False)


def train(
    run: Run, generator: Generator, teacher: TeacherMapping, rate: float, batches: Iterator[Detailed]
) -> None:
    """Train the synthesis network in place; it ends with averaged weights."""
    synthesis, full = generator.synthesis.requires_grad_(True).train(), generator.config.resolution
    optimizer = torch.optim.Adam(synthesis.parameters(), lr=rate, betas=(0.9, 0.99))
    average = Average(synthesis, 4000.0)
    run.parts = {"synthesis": synthesis, "optimizer": optimizer, "average": average}
    for fraction in run.steps("details"):
        set_rate(optimizer, rate * min(1.0, 50 * fraction + 0.02) * max(0.005, 1 - fraction))
        batch = next(batches)
        size = full // 2 if run.step % HALF_EVERY == 0 else full
        with torch.no_grad():
            w = teacher(batch.physical)
        wanted, plain = (data.shrunk(data.as_images(drawn), size) for drawn in (batch.drawn, batch.plain))
        made = synthesis(synthesis.styles(w), resolution=size, dtype=fast_dtype(w.device))
        loss = loss_of(made, wanted, small_parts(plain, wanted))
        take_step(optimizer, loss)
        average.update(synthesis, len(w))
        if run.due():
            run.log(loss=loss.item())
    average.copy_to(synthesis)
    generator.eval().requires_grad_(False)


def prepare(run: Run, options: SimpleNamespace) -> None:
    """Before the first step, amplify small attributes and grow the generator, as the options ask.

    Saves generator and teacher back into the bundle. Does nothing if a checkpoint exists. A bundle without a
    teacher gets one.
    """
    if not (options.bundle / "teacher.safetensors").exists():
        teacher, unexplained = recover_teacher(run.domain, load_generator(options.bundle, CPU), run.seed)
        print(f"recovered the teacher: {unexplained:.3f} of W's variance is unexplained", flush=True)
        save_weights(teacher, options.bundle / "teacher.safetensors")
    if (run.folder / "checkpoint.pt").exists() or not (options.amplify or options.resolution):
        return
    generator, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    if options.amplify:
        print("gains in W:", amplify(run.domain, generator, teacher), flush=True)
    if (options.resolution or 0) > generator.config.resolution:
        generator = grown(generator.cpu(), options.resolution)
        entries = record.read(options.bundle)
        entries["generator"]["config"] = generator.config.as_dict()
        record.save(options.bundle, entries)
    save_bundle(generator, teacher, options.bundle)


def main(run: Run, options: SimpleNamespace) -> None:
    """Sharpen small details of a trained generator, with W fixed."""
    prepare(run, options)
    generator, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    if options.fuse:
        generator.synthesis.compile(dynamic=False)
    batches = supply(run, options, draw, size=generator.config.resolution)
    train(run, generator, teacher, options.rate, batches)
    figures = psnr_figures(run.domain, generator, teacher, count=256)
    contact_sheet(run.domain, generator, teacher, run.folder / "sheet.png")
    current = load_generator(options.bundle, run.device)  # its mapping may be newer than this run's
    current.synthesis.load_state_dict(generator.synthesis.state_dict())
    save_bundle(current, teacher, options.bundle)
    run.write_record("details", options, figures, stage=options.name)
