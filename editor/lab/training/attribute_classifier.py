"""Training of the judge: a recogniser of attributes that learns from labelled drawings alone and only measures.

It never sees a generated picture nor a text, and shares no weights with the text-image model, so that an editing method
cannot be flattered by it. Its table of errors is published with it; what it reads worse than the limits below is not
scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from editor.lab.training import data, domains, record
from editor.lab.training.batches import CPU, batches, on
from editor.lab.training.domain import Domain
from editor.lab.training.portraits import Labels
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
from editor.networks.attribute_classifier import AttributeClassifier, Attributes, AttributeValues

CHOICE_LIMIT = AMOUNT_LIMIT = 0.95
"""Share of labelled unseen drawings read right that a choice or amount must reach to be scored."""
SCALE_LIMIT = 0.90
SCALE_TOLERANCE = 0.15


def damaged(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Mild damage of the kinds that generated and uploaded pictures have."""
    images = data.soften(images, rng, share=0.5)
    images = data.jitter_colour(images, rng, amount=0.03)
    images = data.noise(images, rng, amount=0.04)
    return data.move(images, rng, shift=0.015, scale=0.02)


@dataclass(frozen=True)
class Targets:
    """What N portraits' labels ask of logits: ``scales`` [N, S], ``amounts`` [N, A] and ``choices`` [N, C] (numbers of
    values), each with the share, 0 or 1, in which it is labelled and visible."""

    scales: Tensor
    scales_seen: Tensor
    amounts: Tensor
    amounts_seen: Tensor
    choices: Tensor
    choices_seen: Tensor


def targets(attributes: Attributes, labels: Labels) -> Targets:
    """Labels as tensors."""

    def columns(names: Iterable[str], of: Callable[[str], np.ndarray], kind: type) -> Tensor:
        return torch.from_numpy(np.stack([of(name) for name in names], axis=1).astype(kind))

    def seen(names: Iterable[str], labelled: Callable[[str], np.ndarray]) -> Tensor:
        return columns(names, lambda name: labels.visible[name] & labelled(name), np.float32)

    return Targets(
        columns(attributes.scales, labels.scales.__getitem__, np.float32),
        seen(attributes.scales, lambda name: ~np.isnan(labels.scales[name])),
        columns(
            attributes.amounts,
            lambda name: np.round(np.nan_to_num(labels.amounts[name], nan=0.0)),
            np.float32,
        ),
        seen(attributes.amounts, lambda name: ~np.isnan(labels.amounts[name])),
        columns(attributes.choices, lambda name: np.maximum(labels.choices[name], 0), np.int64),
        seen(attributes.choices, lambda name: labels.choices[name] >= 0),
    )


def _masked(loss: Tensor, mask: Tensor) -> Tensor:
    """The sum over columns of the mean loss [N, K] where the mask is 1."""
    return ((loss * mask).sum(0) / mask.sum(0).clamp_min(1.0)).sum()


def loss_of(logits: AttributeValues, wanted: Targets) -> Tensor:
    """Sum over attributes of their losses on the portraits where they are labelled and visible."""
    scales, amounts = (torch.stack(list(part.values()), dim=1) for part in (logits.scales, logits.amounts))
    off = F.smooth_l1_loss(scales.sigmoid(), wanted.scales, reduction="none", beta=0.05)
    unsure = F.binary_cross_entropy_with_logits(amounts, wanted.amounts, reduction="none")
    wrong = [
        F.cross_entropy(scores, wanted.choices[:, column], reduction="none")
        for column, scores in enumerate(logits.choices.values())
    ]
    found = 8 * _masked(off, wanted.scales_seen) + _masked(unsure, wanted.amounts_seen)
    return found + _masked(torch.stack(wrong, dim=1), wanted.choices_seen)


def _right(name: str, reading: AttributeValues, labels: Labels) -> np.ndarray:
    """Of the portraits where it is labelled and visible: was it read right? [n] bool."""
    seen = labels.visible[name]
    if name in reading.scales:
        return np.abs(reading.scales[name].numpy() - labels.scales[name])[seen] <= SCALE_TOLERANCE
    if name in reading.amounts:
        wanted = labels.amounts[name]
        seen = seen & ~np.isnan(wanted)
        return ((reading.amounts[name].numpy() > 0.5) == (wanted > 0.5))[seen]
    index = labels.choices[name]
    seen = seen & (index >= 0)
    return (reading.choices[name].argmax(1).numpy() == index)[seen]


@torch.no_grad()
def accuracy(
    domain: Domain, judge: AttributeClassifier, count: int = 2048, seed: int = 1_000_033
) -> dict[str, float]:
    """Share read right of each attribute, on clean unseen drawings."""
    judge.eval()
    rng, device = np.random.default_rng(seed), data.device_of(judge)
    hits: dict[str, list[np.ndarray]] = {}
    for _ in range(0, count, 128):
        portraits = domain.draw(rng, 128)
        reading, labels = on(CPU, judge.read(data.pictures_of(portraits, 128).to(device))), portraits.labels()
        for name in domain.attributes.names:
            hits.setdefault(name, []).append(_right(name, reading, labels))
    return {name: round(float(np.concatenate(parts).mean()), 4) for name, parts in hits.items()}


@torch.no_grad()
def confusion(
    domain: Domain, judge: AttributeClassifier, count: int = 2048, seed: int = 1_000_033
) -> dict[str, list[list[int]]]:
    """For each choice the counts [label][reading]; for each amount [[absent, absent as present], [...]]."""
    judge.eval()
    rng, device = np.random.default_rng(seed), data.device_of(judge)
    tables = {
        name: np.zeros((len(values), len(values)), int) for name, values in domain.attributes.choices.items()
    }
    tables |= {name: np.zeros((2, 2), int) for name in domain.attributes.amounts}
    for _ in range(0, count, 128):
        portraits = domain.draw(rng, 128)
        reading, labels = on(CPU, judge.read(data.pictures_of(portraits, 128).to(device))), portraits.labels()
        for name, table in tables.items():
            if name in reading.choices:
                truth, said = labels.choices[name], reading.choices[name].argmax(1).numpy()
                keep = labels.visible[name] & (truth >= 0)
            else:
                amount = labels.amounts[name]
                keep = labels.visible[name] & ~np.isnan(amount)
                truth, said = (amount > 0.5).astype(int), (reading.amounts[name].numpy() > 0.5).astype(int)
            np.add.at(table, (truth[keep], said[keep]), 1)
    return {name: table.tolist() for name, table in tables.items()}


def scored(attributes: Attributes, found: dict[str, float]) -> list[str]:
    """The attributes that this judge reads well enough to be scored."""
    limit = dict.fromkeys(attributes.scales, SCALE_LIMIT) | dict.fromkeys(attributes.amounts, AMOUNT_LIMIT)
    return [name for name, share in found.items() if share >= limit.get(name, CHOICE_LIMIT)]


def changes(one: AttributeValues, other: AttributeValues, names: Sequence[str]) -> Tensor:
    """[N, names]: is an attribute read otherwise on the other picture (a scale by a quarter of its range)?"""
    columns = []
    for name in names:
        if name in one.choices:
            columns.append(one.choices[name].argmax(1) != other.choices[name].argmax(1))
        elif name in one.scales:
            columns.append((one.scales[name] - other.scales[name]).abs() >= 0.25)
        else:
            columns.append((one.amounts[name] > 0.5) != (other.amounts[name] > 0.5))
    return torch.stack(columns, dim=1)


def load(bundle: Path) -> AttributeClassifier:
    """The frozen judge of a bundle, in eval mode."""
    judge = AttributeClassifier(
        domains.of_bundle(bundle).attributes, record.read(bundle)["judge"].get("width", 1.0)
    )
    state = load_file(bundle / "judge.safetensors")
    judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    return judge.eval().requires_grad_(False)


def save(judge: AttributeClassifier, bundle: Path) -> None:
    """Weights in half precision."""
    bundle.mkdir(parents=True, exist_ok=True)
    save_weights(judge, bundle / "judge.safetensors")


@dataclass(frozen=True)
class Labelled:
    """Drawings, uint8 [N, 128, 128, 3], and what their labels ask."""

    drawn: Tensor
    wanted: Targets


def draw(rng: np.random.Generator, domain: str, count: int) -> Labelled:
    """A batch of labelled drawings."""
    known = domains.named(domain)
    portraits = known.draw(rng, count)
    return Labelled(data.drawings_of(portraits, 128), targets(known.attributes, portraits.labels()))


def train(run: Run, rate: float, supply: Iterator[Labelled], width: float) -> AttributeClassifier:
    """The training loop; returns the judge with averaged weights."""
    judge = AttributeClassifier(run.domain.attributes, width).to(
        run.device, memory_format=torch.channels_last
    )  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(judge.parameters(), lr=rate, weight_decay=0.01)
    average = Average(judge, 4000.0)
    run.parts = {"judge": judge, "optimizer": optimizer, "average": average}
    for fraction in run.steps("judge"):
        judge.train()
        set_rate(optimizer, rate * cosine_decay(fraction, hold=0.2))
        batch = next(supply)
        images = damaged(data.as_images(batch.drawn), run.rng(purpose=1)).contiguous(
            memory_format=torch.channels_last
        )
        with torch.autocast(run.device.type, torch.bfloat16):
            logits = judge(images)
        loss = loss_of(logits, batch.wanted)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        average.update(judge, len(images))
        if run.due():
            found = accuracy(run.domain, judge, 512)
            run.log(loss=loss.item(), mean=float(np.mean(list(found.values()))), worst=min(found.values()))
    average.copy_to(judge)
    return judge


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m editor train judge``."""
    parser = arguments("Train the judge, a recogniser of attributes that only measures.", 20, "judge")
    parser.add_argument("--batch", type=int, default=32, help="pictures a step")
    parser.add_argument("--rate", type=float, default=2e-3, help="learning rate")
    add_width(parser)
    add_drawing(parser)
    options = parser.parse_args(argv)
    run = start(options)
    supply = batches(
        run, partial(draw, domain=run.domain.name, count=options.batch), options.workers, options.reuse
    )
    judge = train(run, options.rate, supply, options.width)
    found = accuracy(run.domain, judge)
    readable = scored(run.domain.attributes, found)
    missing = sorted(set(found) - set(readable))
    print({"accuracy": found, "not scored": missing})
    if options.bundle:
        save(judge, options.bundle)
        extra: dict[str, Any] = {
            "width": options.width,
            "scored": readable,
            "confusion": confusion(run.domain, judge),
        }
        record.write(options.bundle, "judge", options, run, found, extra)
    return 0
