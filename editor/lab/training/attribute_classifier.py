"""Train the attribute classifier on labelled drawings; it only measures.

It never sees a generated picture or a text, and shares no weights with the text-image model, so that an
editing method cannot exploit it. Its table of errors is published with it. Attributes that it predicts worse
than the limits below are not scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.lab.training import data, domains, record
from editor.lab.training.batches import CPU, on
from editor.lab.training.bundles import frozen, load_weights, save_weights
from editor.lab.training.domain import Domain
from editor.lab.training.optim import Average, cosine_decay, set_rate, take_step
from editor.lab.training.options import add_batch, add_drawing, add_width, arguments, parse, start, supply
from editor.lab.training.portraits import Labels
from editor.lab.training.run import Run
from editor.networks.attribute_classifier import AttributeClassifier, Attributes, AttributeValues

CHOICE_LIMIT = AMOUNT_LIMIT = 0.95
"""Share of unseen drawings whose choice or amount must be predicted right for it to be scored."""
SCALE_LIMIT = 0.90
SCALE_TOLERANCE = 0.15
MEASURED_SEED = 1_000_033


def damaged(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Damage images slightly, as generated and uploaded pictures are."""
    images = data.soften(images, rng, share=0.5)
    images = data.jitter_colour(images, rng, amount=0.03)
    images = data.noise(images, rng, amount=0.04)
    return data.move(images, rng, shift=0.015, scale=0.02)


@dataclass(frozen=True)
class Targets:
    """What N portraits' labels demand of logits.

    ``scales`` [N, S], ``amounts`` [N, A] and ``choices`` [N, C] (numbers of values), each with a mask that is
    1 where the attribute is labelled and visible.
    """

    scales: Tensor
    scales_seen: Tensor
    amounts: Tensor
    amounts_seen: Tensor
    choices: Tensor
    choices_seen: Tensor


def targets(attributes: Attributes, labels: Labels) -> Targets:
    """Turn labels into tensors."""

    def columns(names: Iterable[str], of: Callable[[str], np.ndarray], kind: type) -> Tensor:
        return torch.from_numpy(np.stack([of(name) for name in names], axis=1).astype(kind))

    def seen(names: Iterable[str], labelled: Callable[[str], np.ndarray]) -> Tensor:
        return columns(names, lambda name: labels.visible[name] & labelled(name), np.float32)

    def amount(name: str) -> np.ndarray:
        return np.round(np.nan_to_num(labels.amounts[name], nan=0.0))

    return Targets(
        columns(attributes.scales, labels.scales.__getitem__, np.float32),
        seen(attributes.scales, lambda name: ~np.isnan(labels.scales[name])),
        columns(attributes.amounts, amount, np.float32),
        seen(attributes.amounts, lambda name: ~np.isnan(labels.amounts[name])),
        columns(attributes.choices, lambda name: np.maximum(labels.choices[name], 0), np.int64),
        seen(attributes.choices, lambda name: labels.choices[name] >= 0),
    )


def _masked(loss: Tensor, mask: Tensor) -> Tensor:
    """Return the sum over columns of the mean loss [N, K] where the mask is 1."""
    return ((loss * mask).sum(0) / mask.sum(0).clamp_min(1.0)).sum()


def loss_of(logits: AttributeValues, wanted: Targets) -> Tensor:
    """Return the sum of the attributes' losses on the portraits where they are labelled and visible."""
    scales, amounts = (torch.stack(list(part.values()), dim=1) for part in (logits.scales, logits.amounts))
    of_scales = F.smooth_l1_loss(scales.sigmoid(), wanted.scales, reduction="none", beta=0.05)
    of_amounts = F.binary_cross_entropy_with_logits(amounts, wanted.amounts, reduction="none")
    of_choices = [
        F.cross_entropy(scores, wanted.choices[:, column], reduction="none")
        for column, scores in enumerate(logits.choices.values())
    ]
    total = 8 * _masked(of_scales, wanted.scales_seen) + _masked(of_amounts, wanted.amounts_seen)
    return total + _masked(torch.stack(of_choices, dim=1), wanted.choices_seen)


def _label_and_prediction(
    name: str, predicted: AttributeValues, labels: Labels
) -> tuple[np.ndarray, np.ndarray]:
    """Return an attribute's labels and predictions [n] on the portraits where it is labelled and visible.

    Levels for scales, 0 or 1 for amounts, numbers of values for choices.
    """
    seen = labels.visible[name]
    if name in predicted.scales:
        return labels.scales[name][seen], predicted.scales[name].numpy()[seen]
    if name in predicted.amounts:
        seen = seen & ~np.isnan(labels.amounts[name])
        wanted, found = labels.amounts[name][seen], predicted.amounts[name].numpy()[seen]
        return (wanted > 0.5).astype(int), (found > 0.5).astype(int)
    seen = seen & (labels.choices[name] >= 0)
    return labels.choices[name][seen], predicted.choices[name].argmax(1).numpy()[seen]


def _predictions(
    domain: Domain, classifier: AttributeClassifier, count: int
) -> Iterator[tuple[AttributeValues, Labels]]:
    """Yield predictions for clean unseen drawings, and their labels."""
    classifier.eval()
    rng, device = np.random.default_rng(MEASURED_SEED), data.device_of(classifier)
    for _ in range(0, count, 128):
        portraits = domain.draw(rng, 128)
        images = data.pictures_of(portraits, 128).to(device)
        yield on(CPU, classifier.read(images)), portraits.labels()


def accuracy(domain: Domain, classifier: AttributeClassifier, count: int = 2048) -> dict[str, float]:
    """Return the share of clean unseen drawings on which each attribute is predicted right."""
    hits: dict[str, list[np.ndarray]] = {name: [] for name in domain.attributes.names}
    for predicted, labels in _predictions(domain, classifier, count):
        for name, found in hits.items():
            wanted, value = _label_and_prediction(name, predicted, labels)
            found.append(np.abs(value - wanted) <= (SCALE_TOLERANCE if name in predicted.scales else 0))
    return {name: round(float(np.concatenate(parts).mean()), 4) for name, parts in hits.items()}


def confusion(
    domain: Domain, classifier: AttributeClassifier, count: int = 2048
) -> dict[str, list[list[int]]]:
    """Return the counts [label][prediction] of each choice and each amount (absent, present)."""
    tables = {
        name: np.zeros((len(values), len(values)), int) for name, values in domain.attributes.choices.items()
    }
    tables |= {name: np.zeros((2, 2), int) for name in domain.attributes.amounts}
    for predicted, labels in _predictions(domain, classifier, count):
        for name, table in tables.items():
            np.add.at(table, _label_and_prediction(name, predicted, labels), 1)
    return {name: table.tolist() for name, table in tables.items()}


def scored(attributes: Attributes, found: dict[str, float]) -> list[str]:
    """Return the attributes that are predicted well enough to be scored."""
    limit = dict.fromkeys(attributes.scales, SCALE_LIMIT) | dict.fromkeys(attributes.amounts, AMOUNT_LIMIT)
    return [name for name, share in found.items() if share >= limit.get(name, CHOICE_LIMIT)]


def load(bundle: Path) -> AttributeClassifier:
    """Return the frozen classifier of a bundle, in eval mode."""
    width = record.read(bundle)["judge"].get("width", 1.0)
    classifier = AttributeClassifier(domains.of_bundle(bundle).attributes, width)
    return frozen(classifier, load_weights(bundle / "judge.safetensors"), CPU)


@dataclass(frozen=True)
class Labelled:
    """Drawings, uint8 [N, 128, 128, 3], and what their labels demand."""

    drawn: Tensor
    wanted: Targets


def draw(rng: np.random.Generator, domain: str, count: int) -> Labelled:
    """Return a batch of labelled drawings."""
    known = domains.named(domain)
    portraits = known.draw(rng, count)
    return Labelled(data.drawings_of(portraits, 128), targets(known.attributes, portraits.labels()))


def train(run: Run, rate: float, batches: Iterator[Labelled], width: float) -> AttributeClassifier:
    """Train a classifier and return it with averaged weights."""
    layout: Any = torch.channels_last
    classifier = AttributeClassifier(run.domain.attributes, width).to(run.device)
    classifier.to(memory_format=layout)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=rate, weight_decay=0.01)
    average = Average(classifier, 4000.0)
    run.parts = {"judge": classifier, "optimizer": optimizer, "average": average}
    for fraction in run.steps("attribute classifier"):
        classifier.train()
        set_rate(optimizer, rate * cosine_decay(fraction, hold=0.2))
        batch = next(batches)
        images = damaged(data.as_images(batch.drawn), run.rng(purpose=1)).contiguous(memory_format=layout)
        with torch.autocast(run.device.type, torch.bfloat16):
            logits = classifier(images)
        loss = loss_of(logits, batch.wanted)
        take_step(optimizer, loss)
        average.update(classifier, len(images))
        if run.due():
            found = accuracy(run.domain, classifier, 512)
            run.log(loss=loss.item(), mean=float(np.mean(list(found.values()))), worst=min(found.values()))
    average.copy_to(classifier)
    return classifier


def main(argv: Sequence[str]) -> int:
    """Run ``python -m editor train attribute-classifier``."""
    parser = arguments("Train the attribute classifier, which only measures.", 20, "judge")
    add_batch(parser, 32, "pictures", rate=2e-3)
    add_width(parser)
    add_drawing(parser)
    options = parse(parser, argv)
    run = start(options)
    classifier = train(run, options.rate, supply(run, options, draw), options.width)
    found = accuracy(run.domain, classifier)
    readable = scored(run.domain.attributes, found)
    print("not scored:", sorted(set(found) - set(readable)))
    if options.bundle:
        options.bundle.mkdir(parents=True, exist_ok=True)
        save_weights(classifier, options.bundle / "judge.safetensors")
    tables = confusion(run.domain, classifier)
    run.write_record(
        "judge", options, found, {"width": options.width, "scored": readable, "confusion": tables}
    )
    return 0
