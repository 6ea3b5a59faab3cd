"""Train the text-conditioned mapper, without any text.

Conditions are differences of image embeddings: pictures of several people in which one attribute is at a
pole, minus the same people with that attribute anywhere. What these have in common is what the contrast of
two texts ("pink hair" and "a face") points to. The step to learn is the teacher mapping's: from a portrait's
w to the w of the same portrait with that attribute at that pole, from any start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from editor.lab.training import data, domains
from editor.lab.training.batches import CPU, each, supply
from editor.lab.training.bundles import load_clip, load_teacher, save_weights
from editor.lab.training.counterfactual import moved, moved_each
from editor.lab.training.domain import Domain
from editor.lab.training.optim import Average, cosine_decay, set_rate, take_step
from editor.lab.training.run import Run
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.deltaedit import TextMapper
from editor.networks.siglip import JointSpace

NOISE = 0.35
"""Length of the random vector added to unit conditions: texts point only roughly where pictures do."""
PAIRS = 0.25
"""Share of the edits that ask for two changes at once."""


def drawings_at(pole: int, domain: str, people: int, seed: int) -> Tensor:
    """Return drawings of the people at one pole, uint8 [people, 128, 128, 3]."""
    known = domains.named(domain)
    return data.drawings_of(moved(known.portraits.sample(people, seed), known.poles[pole]), 128)


@torch.no_grad()
def conditions(domain: Domain, space: JointSpace, people: int, seed: int, workers: int = 0) -> Tensor:
    """Return embeddings [poles, people, D] at each pole, minus their mean over the poles of the attribute."""
    device, poles = space.log_scale.device, domain.poles
    make = partial(drawings_at, domain=domain.name, people=people, seed=seed)

    def embed(drawn: Tensor) -> Tensor:
        return torch.cat([space.image(data.as_images(part.to(device))) for part in drawn.split(64)]).cpu()

    drawings = tqdm(each(make, range(len(poles)), workers), desc="conditions", total=len(poles))
    at_pole = torch.stack([embed(drawn) for drawn in drawings])
    for name in {pole.attribute for pole in poles}:
        members = [number for number, pole in enumerate(poles) if pole.attribute == name]
        at_pole[members] -= at_pole[members].mean(0, keepdim=True)
    return at_pole


def draw_conditions(bank: Tensor, poles: np.ndarray, rng: np.random.Generator) -> Tensor:
    """Return a unit condition [N, D] for each pole number: the mean over one to eight people, with noise."""
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
def draw(rng: np.random.Generator, domain: str, count: int, teacher: TeacherMapping, bank: Tensor) -> Steps:
    """Return a batch of edits; the teacher and the bank of conditions are on the CPU."""
    known = domains.named(domain)
    portraits, poles = known.draw(rng, count), len(known.poles)
    first = rng.integers(0, poles, count)
    second = np.where(rng.random(count) < PAIRS, rng.integers(0, poles, count), -1)
    both = np.flatnonzero(second >= 0)
    condition = draw_conditions(bank, first, rng)
    if len(both):
        condition[both] = F.normalize(condition[both] + draw_conditions(bank, second[both], rng), dim=1)
    after = moved_each(moved_each(portraits, first), second)
    w, wanted = (teacher(data.physical(p)) for p in (portraits, after))
    return Steps(w, condition, wanted - w)


def train(run: Run, mapper: TextMapper, rate: float, batches: Iterator[Steps]) -> None:
    """Train the mapper in place; it ends with averaged weights."""
    optimizer = torch.optim.AdamW(mapper.parameters(), lr=rate, weight_decay=0.01)
    average = Average(mapper, 20_000.0)
    run.parts = {"mapper": mapper, "optimizer": optimizer, "average": average}
    for fraction in run.steps("mapper"):
        set_rate(optimizer, rate * cosine_decay(fraction, hold=0.2))
        batch = next(batches)
        error = (mapper(batch.w, batch.condition) - batch.wanted) / mapper.w_std
        take_step(optimizer, error.square().mean() + 0.2 * error.abs().mean())
        average.update(mapper, len(error))
        if run.due(20):
            run.log(unexplained=unexplained(mapper, batch))
    average.copy_to(mapper)


@torch.no_grad()
def unexplained(mapper: TextMapper, steps: Steps) -> float:
    """Return the share of the steps' variance that the mapper does not explain."""
    rest = (mapper(steps.w, steps.condition) - steps.wanted) / mapper.w_std
    return round(float(rest.square().mean() / (steps.wanted / mapper.w_std).square().mean()), 4)


def main(run: Run, options: SimpleNamespace) -> None:
    """Train a mapper and measure it on unseen edits."""
    teacher, space = load_teacher(options.bundle, CPU), load_clip(options.bundle, run.device)
    bank = conditions(run.domain, space, options.people, seed=1_000_303, workers=options.workers)
    with torch.no_grad():
        sample = teacher(data.physical(run.domain.draw(np.random.default_rng(5), 8192)))
    mapper = TextMapper(sample.shape[1], bank.shape[-1], options.width)
    mapper.w_mean.copy_(sample.mean(0))
    mapper.w_std.copy_(sample.std(0) + 1e-3)
    batches = supply(run, options, draw, teacher=teacher, bank=bank)
    train(run, mapper.to(run.device), options.rate, batches)
    mapper.cpu().eval()
    unseen = draw(np.random.default_rng(1_000_000), run.domain.name, 1024, teacher, bank)
    save_weights(mapper, options.bundle / "mapper.safetensors")
    run.write_record(
        "mapper", options, {"unexplained": unexplained(mapper, unseen)}, {"width": options.width}
    )
