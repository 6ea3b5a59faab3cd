"""Training of the judge: a recogniser of attributes that learns from labelled drawings alone and only measures.

It never sees a generated picture nor a text, and shares no weights with the text-image model, so that an editing method
cannot be flattered by it. Its table of errors is published with it; what it reads worse than the limits below is not
scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor

from editor.networks.recogniser import Attributes, Judge, Reading
from editor.training import data, domains, record
from editor.training.domain import Domain
from editor.training.portraits import Labels
from editor.training.run import Average, Run, add_width, arguments, cosine_decay, set_rate, start

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


def _masked(loss: Tensor, mask: Tensor) -> Tensor:
    return (loss * mask).sum() / mask.sum().clamp_min(1.0)


def loss_of(logits: Reading, labels: Labels) -> Tensor:
    """Sum over attributes of their losses on the portraits where they are labelled and visible."""
    total = torch.zeros(())
    for name, logit in logits.scales.items():
        wanted = torch.from_numpy(labels.scales[name]).float()
        seen = torch.from_numpy(labels.visible[name]).float()
        total = total + 8 * _masked(F.smooth_l1_loss(logit.sigmoid(), wanted, reduction="none", beta=0.05), seen)
    for name, logit in logits.amounts.items():
        wanted = torch.from_numpy(labels.amounts[name]).float()
        seen = torch.from_numpy(labels.visible[name]).float() * (~wanted.isnan()).float()
        clean = wanted.nan_to_num(0.5).round()
        total = total + _masked(F.binary_cross_entropy_with_logits(logit, clean, reduction="none"), seen)
    for name, scores in logits.choices.items():
        index = torch.from_numpy(labels.choices[name]).long()
        seen = torch.from_numpy(labels.visible[name]).float() * (index >= 0).float()
        total = total + _masked(F.cross_entropy(scores, index.clamp_min(0), reduction="none"), seen)
    return total


def _right(name: str, reading: Reading, labels: Labels) -> np.ndarray:
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
def accuracy(domain: Domain, judge: Judge, count: int = 2048, seed: int = 1_000_033) -> dict[str, float]:
    """Share read right of each attribute, on clean unseen drawings."""
    judge.eval()
    rng = np.random.default_rng(seed)
    hits: dict[str, list[np.ndarray]] = {}
    for _ in range(0, count, 128):
        portraits = domain.draw(rng, 128)
        reading, labels = judge.read(data.pictures_of(portraits, 128)), portraits.labels()
        for name in domain.attributes.names:
            hits.setdefault(name, []).append(_right(name, reading, labels))
    return {name: round(float(np.concatenate(parts).mean()), 4) for name, parts in hits.items()}


@torch.no_grad()
def confusion(domain: Domain, judge: Judge, count: int = 2048, seed: int = 1_000_033) -> dict[str, list[list[int]]]:
    """For each choice the counts [label][reading]; for each amount [[absent, absent as present], [...]]."""
    judge.eval()
    rng = np.random.default_rng(seed)
    tables = {name: np.zeros((len(values), len(values)), int) for name, values in domain.attributes.choices.items()}
    tables |= {name: np.zeros((2, 2), int) for name in domain.attributes.amounts}
    for _ in range(0, count, 128):
        portraits = domain.draw(rng, 128)
        reading, labels = judge.read(data.pictures_of(portraits, 128)), portraits.labels()
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


def changes(one: Reading, other: Reading, names: Sequence[str]) -> Tensor:
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


def load(bundle: Path) -> Judge:
    """The frozen judge of a bundle, in eval mode."""
    judge = Judge(domains.of_bundle(bundle).attributes, record.read(bundle)["judge"].get("width", 1.0))
    state = load_file(bundle / "judge.safetensors")
    judge.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    return judge.eval().requires_grad_(False)


def save(judge: Judge, bundle: Path) -> None:
    """Weights in half precision."""
    bundle.mkdir(parents=True, exist_ok=True)
    state = {k: v.half().contiguous() if v.is_floating_point() else v for k, v in judge.state_dict().items()}
    save_file(state, bundle / "judge.safetensors")


def train(run: Run, rate: float, batch: int, width: float) -> Judge:
    """The training loop; returns the judge with averaged weights."""
    judge = Judge(run.domain.attributes, width).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(judge.parameters(), lr=rate, weight_decay=0.01)
    average = Average(judge, 4000.0)
    run.parts = {"judge": judge, "optimizer": optimizer, "average": average}
    for fraction in run.steps("judge"):
        judge.train()
        set_rate(optimizer, rate * cosine_decay(fraction, hold=0.2))
        portraits = run.domain.draw(run.rng(), batch)
        images = damaged(data.pictures_of(portraits, 128), run.rng(purpose=1)).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = judge(images)
        loss = loss_of(logits, portraits.labels())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        average.update(judge, batch)
        if run.step % 300 == 299:
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
    options = parser.parse_args(argv)
    run = start(options)
    judge = train(run, options.rate, options.batch, options.width)
    found = accuracy(run.domain, judge)
    readable = scored(run.domain.attributes, found)
    missing = sorted(set(found) - set(readable))
    print({"accuracy": found, "not scored": missing})
    if options.bundle:
        save(judge, options.bundle)
        extra: dict[str, Any] = {"width": options.width, "scored": readable, "confusion": confusion(run.domain, judge)}
        record.write(options.bundle, "judge", options, run, found, extra)
    return 0
