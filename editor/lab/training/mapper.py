"""Training of the text-conditioned mapper, without any text.

Conditions are differences of image embeddings: pictures of strangers in which one attribute stands at a pole, against
the same strangers with that attribute anywhere. What they share is what a text's contrast ("pink hair" against "a
face") points to. The step to learn is the teacher mapping's: from a portrait's w to the w of the same portrait with
that attribute at that pole, wherever it started.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from editor.lab.training import data, domains, record
from editor.lab.training.batches import batches, each
from editor.lab.training.bundles import load_clip, load_generator, load_teacher
from editor.lab.training.counterfactual import moved
from editor.lab.training.domain import Domain
from editor.lab.training.generator import TeacherMapping
from editor.lab.training.portraits import Portraits
from editor.lab.training.run import (
    Average,
    Run,
    add_drawing,
    add_width,
    arguments,
    cosine_decay,
    save_weights,
    set_rate,
    start,
)
from editor.networks.deltaedit import TextMapper
from editor.networks.siglip import JointSpace

NOISE = 0.35
"""Length of the random vector added to unit conditions: texts point only roughly where pictures do."""
PAIRS = 0.25
"""Share of the wishes that ask for two things at once."""


def strangers_at(pole: int, domain: str, strangers: int, seed: int) -> Tensor:
    """Drawings of the strangers at one pole, uint8 [strangers, 128, 128, 3]."""
    known = domains.named(domain)
    return data.drawings_of(moved(known.portraits.sample(strangers, seed), known.poles[pole]), 128)


@torch.no_grad()
def conditions(domain: Domain, space: JointSpace, strangers: int, seed: int, workers: int = 0) -> Tensor:
    """Embeddings [poles, strangers, D] of the strangers at each pole, less their mean over the attribute's poles."""
    device = space.log_scale.device
    pictures = each(
        partial(strangers_at, domain=domain.name, strangers=strangers, seed=seed), len(domain.poles), workers
    )
    at_pole = torch.stack(
        [
            torch.cat([space.image(data.as_images(part.to(device))) for part in drawn.split(64)]).cpu()
            for drawn in tqdm(pictures, desc="conditions", total=len(domain.poles))
        ]
    )
    for name in {pole.attribute for pole in domain.poles}:
        members = [number for number, pole in enumerate(domain.poles) if pole.attribute == name]
        at_pole[members] -= at_pole[members].mean(0, keepdim=True)
    return at_pole


def draw_conditions(bank: Tensor, poles: np.ndarray, rng: np.random.Generator) -> Tensor:
    """A unit condition [N, D] for each pole number: the mean over one to eight strangers, with noise."""
    found = []
    for pole in poles:
        chosen = rng.integers(0, bank.shape[1], int(rng.integers(1, 9)))
        found.append(bank[int(pole), torch.from_numpy(chosen)].mean(0))
    unit = F.normalize(torch.stack(found), dim=1)
    noise = torch.from_numpy(rng.standard_normal(unit.shape, dtype=np.float32)).to(unit)
    amount = torch.from_numpy(rng.random((len(unit), 1), dtype=np.float32)).to(unit)
    return F.normalize(unit + NOISE * amount * F.normalize(noise, dim=1), dim=1)


@dataclass(frozen=True)
class Steps:
    """w [N, w_dim], unit conditions [N, D] and the wanted steps [N, w_dim]."""

    w: Tensor
    condition: Tensor
    wanted: Tensor


@torch.no_grad()
def draw(rng: np.random.Generator, domain: str, teacher: TeacherMapping, bank: Tensor, count: int) -> Steps:
    """A batch of wishes, with a teacher and a bank of conditions on the CPU."""
    known = domains.named(domain)
    portraits, poles = known.draw(rng, count), len(known.poles)
    first = rng.integers(0, poles, count)
    second = np.where(rng.random(count) < PAIRS, rng.integers(0, poles, count), -1)
    after = _moved_rows(portraits, first)
    both = np.flatnonzero(second >= 0)
    condition = draw_conditions(bank, first, rng)
    if len(both):
        after = _merge(after, both, _moved_rows(after[both], second[both]))
        condition[both] = F.normalize(condition[both] + draw_conditions(bank, second[both], rng), dim=1)
    w, wanted = (teacher(data.physical(p)) for p in (portraits, after))
    return Steps(w, condition, wanted - w)


def _moved_rows(portraits: Portraits, poles: np.ndarray) -> Portraits:
    """Each portrait moved to its own pole, pole by pole."""
    domain = domains.of(portraits)
    result = domain.portraits(portraits.scalars.copy(), {k: v.copy() for k, v in portraits.weights.items()})
    for number in np.unique(poles):
        rows = np.flatnonzero(poles == number)
        result = _merge(result, rows, moved(portraits[rows], domain.poles[int(number)]))
    return result


def _merge(portraits: Portraits, rows: np.ndarray, part: Portraits) -> Portraits:
    portraits.scalars[rows] = part.scalars
    for name, blend in part.weights.items():
        portraits.weights[name][rows] = blend
    return portraits


def train(
    run: Run, teacher: TeacherMapping, dim: int, rate: float, supply: Iterator[Steps], width: float
) -> TextMapper:
    """The training loop; returns the mapper with averaged weights."""
    sample = teacher(data.physical(run.domain.draw(np.random.default_rng(5), 8192))).detach()
    mapper = TextMapper(sample.shape[1], dim, width)
    mapper.w_mean.copy_(sample.mean(0))
    mapper.w_std.copy_(sample.std(0) + 1e-3)
    mapper.to(run.device)
    optimizer = torch.optim.AdamW(mapper.parameters(), lr=rate, weight_decay=0.01)
    average = Average(mapper, 20_000.0)
    run.parts = {"mapper": mapper, "optimizer": optimizer, "average": average}
    for fraction in run.steps("mapper"):
        set_rate(optimizer, rate * cosine_decay(fraction, hold=0.2))
        batch = next(supply)
        error = (mapper(batch.w, batch.condition) - batch.wanted) / mapper.w_std
        loss = error.square().mean() + 0.2 * error.abs().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        average.update(mapper, len(error))
        if run.due(20):
            scale = (batch.wanted / mapper.w_std).square().mean()
            run.log(unexplained=float(error.detach().square().mean() / scale))
    average.copy_to(mapper)
    return mapper.eval()


@torch.no_grad()
def unexplained(mapper: TextMapper, unseen: Steps) -> float:
    """Share of the steps' variance that the mapper leaves unexplained."""
    left = (mapper(unseen.w, unseen.condition) - unseen.wanted) / mapper.w_std
    return round(float(left.square().mean() / (unseen.wanted / mapper.w_std).square().mean()), 4)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train mapper``."""
    parser = arguments(
        "Train the text-conditioned mapper, without text, on differences of image embeddings.", 12, "mapper"
    )
    parser.add_argument("--strangers", type=int, default=160, help="portraits that conditions are taken from")
    parser.add_argument("--batch", type=int, default=256, help="wishes a step")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="learning rate")
    add_width(parser)
    add_drawing(parser)
    options = parser.parse_args(argv)
    if options.bundle is None:
        parser.error("--bundle is needed: the folder of the generator and the text-image model")
    run = start(options)
    teacher, space = load_teacher(options.bundle, torch.device("cpu")), load_clip(options.bundle, run.device)
    load_generator(options.bundle, run.device)  # refuse early where the bundle has none
    bank = conditions(run.domain, space, options.strangers, seed=1_000_303, workers=options.workers)
    drawing = partial(draw, domain=run.domain.name, teacher=teacher, bank=bank, count=options.batch)
    supply = batches(run, drawing, options.workers, options.reuse)
    mapper = train(run, teacher, bank.shape[-1], options.rate, supply, options.width).cpu()
    figures = {
        "unexplained": unexplained(
            mapper, draw(np.random.default_rng(1_000_000), run.domain.name, teacher, bank, 1024)
        )
    }
    print(figures)
    save_weights(mapper, options.bundle / "mapper.safetensors")
    record.write(options.bundle, "mapper", options, run, figures, {"width": options.width})
    return 0
