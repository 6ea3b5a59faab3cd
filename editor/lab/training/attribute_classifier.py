"""Train the attribute classifier on labelled drawings; it only measures.

It never sees a generated picture or a text, and shares no weights with the text-image model, so that an
editing method cannot exploit it. Its table of errors is published with it. Attributes that it predicts worse
than the limits below are not scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.lab.training import data, domains, record
from editor.lab.training.batches import CPU, on, supply
from editor.lab.training.bundles import frozen, load_weights, save_weights
from editor.lab.training.domain import Domain
from editor.lab.training.optim import Average, cosine_decay, set_rate, take_step
from editor.lab.training.portraits import Labels
from editor.lab.training.precision import autocast
from editor.lab.training.run import Run
from editor.networks.attribute_classifier import AttributeClassifier, Attributes, AttributeValues

CHOICE_LIMIT = AMOUNT_LIMIT = 0.95
"""Share of unseen drawings whose choice or amount must be predicted right for it to be scored."""
SCALE_LIMIT = 0.90
SCALE_TOLERANCE = 0.15
MEASURED_SEED = 1_000_033

Readings = Mapping[str, tuple[np.ndarray, np.ndarray]]
"""Labels and predictions [n] by attribute: levels of scales, 0 or 1 for amounts, numbers of chosen values."""


def damaged(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Damage images slightly, as generated and uploaded pictures are."""
    images = data.soften(images, rng, share=0.5)
    images = data.jitter_colour(images, rng, amount=0.03)
    images = data.noise(images, rng, amount=0.04)
    return data.move(images, rng, shift=0.015, scale=0.02)


@dataclass(frozen=True)
class Targets:
    """What N portraits' labels demand of logits.

    ``scales`` [N, S] and ``amounts`` [N, A] are NaN, and ``choices`` [N, C] (numbers of values) -1, where an
    attribute is not labelled or cannot be seen.
    """

    scales: Tensor
    amounts: Tensor
    choices: Tensor


def targets(attributes: Attributes, labels: Labels) -> Targets:
    """Turn labels into tensors."""

    def columns(names: Iterable[str], values: Mapping[str, np.ndarray], missing: float) -> np.ndarray:
        return np.stack([np.where(labels.visible[name], values[name], missing) for name in names], axis=1)

    return Targets(
        torch.from_numpy(columns(attributes.scales, labels.scales, np.nan)).float(),
        torch.from_numpy(columns(attributes.amounts, labels.amounts, np.nan)).round().float(),
        torch.from_numpy(columns(attributes.choices, labels.choices, -1)).long(),
    )


def _mean_of_known(loss: Tensor, known: Tensor) -> Tensor:
    """Return the sum over columns of the mean loss [N, K] where ``known``."""
    return ((loss * known).sum(0) / known.sum(0).clamp_min(1)).sum()


def loss_of(logits: AttributeValues, wanted: Targets) -> Tensor:
    """Return the sum of the attributes' losses on the portraits where they are labelled and visible."""
    scales, amounts = (torch.stack(list(part.values()), dim=1) for part in (logits.scales, logits.amounts))
    of_scales = F.smooth_l1_loss(scales.sigmoid(), wanted.scales.nan_to_num(), reduction="none", beta=0.05)
    of_amounts = F.binary_cross_entropy_with_logits(amounts, wanted.amounts.nan_to_num(), reduction="none")
    of_choices = [
        F.cross_entropy(scores, wanted.choices[:, column], reduction="none", ignore_index=-1)
        for column, scores in enumerate(logits.choices.values())
    ]
    total = 8 * _mean_of_known(of_scales, ~wanted.scales.isnan())
    total = total + _mean_of_known(of_amounts, ~wanted.amounts.isnan())
    return total + _mean_of_known(torch.stack(of_choices, dim=1), wanted.choices >= 0)


def _read(name: str, predicted: AttributeValues, labels: Labels) -> tuple[np.ndarray, np.ndarray]:
    """Return an attribute's labels and predictions where it is labelled and visible."""
    if name in predicted.scales:
        label, value = labels.scales[name], predicted.scales[name].numpy()
        seen = labels.visible[name]
    elif name in predicted.amounts:
        label, value = (labels.amounts[name] > 0.5).astype(int), (predicted.amounts[name].numpy() > 0.5)
        seen = labels.visible[name] & ~np.isnan(labels.amounts[name])
    else:
        label, value = labels.choices[name], predicted.choices[name].argmax(1).numpy()
        seen = labels.visible[name] & (label >= 0)
    return label[seen], value[seen]


def readings(domain: Domain, classifier: AttributeClassifier, count: int = 2048) -> Readings:
    """Read clean unseen drawings."""
    classifier.eval()
    rng, device = np.random.default_rng(MEASURED_SEED), data.device_of(classifier)
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {name: [] for name in domain.attributes.names}
    for _ in range(0, count, 128):
        portraits = domain.draw(rng, 128)
        predicted = on(CPU, classifier.read(data.pictures_of(portraits, 128).to(device)))
        labels = portraits.labels()
        for name, parts in found.items():
            parts.append(_read(name, predicted, labels))
    return {
        name: (np.concatenate([label for label, _ in parts]), np.concatenate([value for _, value in parts]))
        for name, parts in found.items()
    }


def accuracy(attributes: Attributes, found: Readings) -> dict[str, float]:
    """Return the share of drawings on which each attribute is predicted right."""
    tolerance = dict.fromkeys(attributes.scales, SCALE_TOLERANCE)
    return {
        name: round(float((np.abs(value - label) <= tolerance.get(name, 0)).mean()), 4)
        for name, (label, value) in found.items()
    }


def confusion(attributes: Attributes, found: Readings) -> dict[str, list[list[int]]]:
    """Return the counts [label][prediction] of each choice and each amount (absent, present)."""
    sizes = {name: len(values) for name, values in attributes.choices.items()}
    tables = {}
    for name, size in (sizes | dict.fromkeys(attributes.amounts, 2)).items():
        table = np.zeros((size, size), int)
        np.add.at(table, tuple(part.astype(int) for part in found[name]), 1)
        tables[name] = table.tolist()
    return tables


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
        with autocast(run.device):
            logits = classifier(images)
        loss = loss_of(logits, batch.wanted)
        take_step(optimizer, loss)
        average.update(classifier, len(images))
        if run.due():
            found = list(accuracy(run.domain.attributes, readings(run.domain, classifier, 512)).values())
            run.log(loss=loss.item(), mean=float(np.mean(found)), worst=min(found))
    average.copy_to(classifier)
    return classifier


def main(run: Run, options: SimpleNamespace) -> None:
    """Train the classifier, and record its accuracy and its errors."""
    classifier = train(run, options.rate, supply(run, options, draw), options.width)
    attributes, found = run.domain.attributes, readings(run.domain, classifier)
    figures = accuracy(attributes, found)
    readable = scored(attributes, figures)
    print("not scored:", sorted(set(figures) - set(readable)))
    if options.bundle:
        options.bundle.mkdir(parents=True, exist_ok=True)
        save_weights(classifier, options.bundle / "judge.safetensors")
    extra = {"width": options.width, "scored": readable, "confusion": confusion(attributes, found)}
    run.write_record("judge", options, figures, extra)
