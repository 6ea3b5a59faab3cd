"""Second stage of the generator: small things (freckles, wrinkles, earrings, teeth) with W held still.

The first stage's L1 loss is content to leave out what covers few pixels. Here errors are squared, which rewards even a
faint freckle, and weigh more where the drawing has fine structure, most of all where a small attribute shows: the pixels
that differ when the same portrait is drawn without it. Once, at the start, small attributes that the first stage shows
too faintly get more room in W (``amplify``); from then on the teacher mapping is frozen, so that whatever is trained
against W beside this run (mapping, encoder, mapper) stays valid.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.networks.stylegan2 import Generator
from editor.training import data, domains, record
from editor.training.bundles import load_generator, load_teacher
from editor.training.domain import Domain
from editor.training.generator import TeacherMapping, contact_sheet, figures, importance, save_bundle
from editor.training.portraits import Portraits
from editor.training.run import Average, Run, add_fuse, arguments, set_rate, start

SMALL_WEIGHT = 6.0
MOST_GAIN = 4.0
"""The most that one call of ``amplify`` stretches an attribute's step in W."""


def detail(images: Tensor) -> Tensor:
    """Where a picture [N, 3, H, W] has fine structure: [N, 1, H, W], mean about 1."""
    fine = (images - F.avg_pool2d(F.pad(images, (3, 3, 3, 3), mode="replicate"), 7, 1)).abs().amax(1, keepdim=True)
    spread = F.avg_pool2d(fine, 3, 1, 1)
    return spread / (spread.mean(dim=(1, 2, 3), keepdim=True) + 1e-3)


def small_parts(portraits: Portraits, wanted: Tensor) -> Tensor:
    """Where small attributes show in the drawings: [N, 1, H, W] in 0..1, a little widened."""
    plain = portraits
    for name in domains.of(portraits).small:
        plain = plain.replace(name, 0.0)
    difference = (data.pictures_of(plain, wanted.shape[-1]).to(wanted.device) - wanted).abs().amax(1, keepdim=True)
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
def shares(domain: Domain, generator: Generator, teacher: TeacherMapping, count: int = 24) -> dict[str, float]:
    """How much of each small attribute's drawn difference the generator shows: 0 none, 1 all."""
    base, found = domain.draw(np.random.default_rng(5), count), {}
    for name in domain.small:
        off, on = base.replace(name, 0.0), base.replace(name, 1.0)
        drawn = data.pictures_of(on, generator.config.resolution) - data.pictures_of(off, generator.config.resolution)
        with_it, without = (generator.synthesis(generator.synthesis.styles(teacher(data.physical(p)))) for p in (on, off))
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


def train(run: Run, generator: Generator, teacher: TeacherMapping, rate: float, batch: int) -> None:
    """Train the synthesis network in place; it ends with averaged weights."""
    synthesis = generator.synthesis.requires_grad_(True).train()
    optimizer = torch.optim.Adam(synthesis.parameters(), lr=rate, betas=(0.9, 0.99))
    average = Average(synthesis, 4000.0)
    run.parts = {"synthesis": synthesis, "optimizer": optimizer, "average": average}
    for fraction in run.steps("details"):
        set_rate(optimizer, rate * min(1.0, 50 * fraction + 0.02) * max(0.005, 1 - fraction))
        drawn = run.domain.draw(run.rng(), batch)
        with torch.no_grad():
            w = teacher(data.physical(drawn).to(run.device))
        wanted = data.pictures_of(drawn, generator.config.resolution).to(run.device)
        loss = loss_of(synthesis(synthesis.styles(w), dtype=torch.bfloat16).float(), wanted, small_parts(drawn, wanted))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        average.update(synthesis, batch)
        if run.step % 200 == 199:
            run.log(loss=loss.item())
    average.copy_to(synthesis)
    generator.eval().requires_grad_(False)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train details``."""
    parser = arguments("Sharpen small details of a trained generator, with W held still.", 40, "details")
    parser.add_argument("--batch", type=int, default=8, help="pictures a step")
    parser.add_argument("--rate", type=float, default=6e-3, help="learning rate (equalised)")
    parser.add_argument("--amplify", action="store_true", help="first give faint small attributes more room in W")
    add_fuse(parser)
    options = parser.parse_args(argv)
    if options.bundle is None:
        parser.error("--bundle is needed: the folder with the trained generator")
    run = start(options)
    generator, teacher = load_generator(options.bundle, run.device), load_teacher(options.bundle, run.device)
    gains = {}
    if options.amplify and not (run.folder / "checkpoint.pt").exists():
        gains = amplify(run.domain, generator.cpu(), teacher.cpu())
        generator, teacher = generator.to(run.device), teacher.to(run.device)
        save_bundle(generator, teacher, options.bundle)
        print("room in W:", gains, flush=True)
    if options.fuse:
        generator.synthesis.compile(dynamic=False)
    train(run, generator, teacher, options.rate, options.batch)
    current = load_generator(options.bundle, torch.device("cpu"))  # its mapping may be newer than when this run began
    current.synthesis.load_state_dict(generator.synthesis.cpu().state_dict())
    teacher = teacher.cpu()
    found = figures(run.domain, current, teacher, count=256)
    print(found)
    contact_sheet(run.domain, current, teacher, run.folder / "sheet.png")
    save_bundle(current, teacher, options.bundle)
    rounded = {k: float(np.round(v, 2)) for k, v in found.items()}
    record.write(options.bundle, "details", options, run, rounded, stage=options.name)
    return 0
