"""How well a cheaper way agrees with the published one: cosines of the StyleSpace deltas that texts are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from editor.bundle import lazy_directions
from editor.bundle.relevance import probes_of, unit
from editor.editing.methods.global_direction import BETA
from editor.lab.evaluation.recipes.cost import Work
from editor.lab.evaluation.recipes.rows import Rows


@dataclass(frozen=True)
class Way:
    """One way to relevance: ``answers`` [A, T] of the channels to the texts, and the ``work`` of it for a whole bank."""

    name: str
    answers: Tensor
    work: Work
    rows: Tensor | None = None
    """Unit rows [A, D], where the way makes a bank."""


@dataclass(frozen=True)
class Agreement:
    """Mean and least cosine of deltas over texts, the mean cosine before the threshold, how many texts had an answer, and the
    mean cosine of the rows."""

    mean: float
    plain: float
    least: float
    texts: int
    rows: float | None


def bank(effects: Tensor) -> Tensor:
    """Effects of each picture [N, A, D] -> unit rows [A, D]: normalised, averaged, normalised, as published."""
    return F.normalize(unit(effects).mean(0), dim=1)


def delta(answers: Tensor, std: Tensor, threshold: float = BETA) -> Tensor:
    """What a text moves [A], up to its scale: answers below the threshold count nothing."""
    return torch.where(answers.abs() >= threshold, answers, torch.zeros_like(answers)) * std


def agreement(way: Way, reference: Way, std: Tensor) -> Agreement:
    """Over the texts to which the published way knows an answer; where it knows none its code divides by zero."""
    pairs = [
        (delta(mine, std), delta(theirs, std))
        for mine, theirs in zip(way.answers.t(), reference.answers.t(), strict=True)
    ]
    cosines = torch.stack(
        [F.cosine_similarity(mine, theirs, dim=0) for mine, theirs in pairs if bool(theirs.any())]
    )
    plain = F.cosine_similarity(way.answers * std[:, None], reference.answers * std[:, None], dim=0)
    rows = None
    if way.rows is not None and reference.rows is not None:
        rows = float(F.cosine_similarity(way.rows, reference.rows).mean())
    return Agreement(float(cosines.mean()), float(plain.mean()), float(cosines.min()), len(cosines), rows)


def by_rows(name: str, effects: Tensor, texts: Tensor, work: Work) -> Way:
    """A way that makes a bank, of effects [N, A, D] and texts [T, D]."""
    rows = bank(effects)
    return Way(name, rows @ texts.t(), work, rows)


def ways(found: Rows, texts: Tensor) -> Iterator[Way]:
    """All that is compared; the published way on all pictures comes first."""
    count = len(found)
    yield by_rows(f"steps, {count} pictures (the published recipe)", found.steps, texts, Work(steps=count))
    for images in [number for number in (1, 2, 5, 10, 20, 50) if number < count]:
        yield by_rows(f"steps, {_pictures(images)}", found.steps[:images], texts, Work(steps=images))
    for images in [*(number for number in (1, 2, 5, 10, 20, 50) if number < count), count]:
        yield by_rows(
            f"gradients, {_pictures(images)}",
            found.slopes[:images],
            texts,
            Work(there=images, back=images, share=1.0),
        )
    for share in (0.5, 0.25, 0.1):
        seen = torch.stack([_seen(slopes, number, share) for number, slopes in enumerate(found.slopes)])
        yield by_rows(
            f"gradients, {count} pictures, {share:.0%} of the directions",
            seen,
            texts,
            Work(there=count, back=count, share=share),
        )
    for images in [number for number in (4, lazy_directions.PICTURES, 50) if number < count]:
        yield _for_each_text(found, texts, images)


def _pictures(count: int) -> str:
    return f"{count} picture" + ("s" if count > 1 else "")


def _seen(slopes: Tensor, number: int, share: float) -> Tensor:
    """Slopes [A, D] as far as a share of the directions sees them."""
    directions = probes_of(number, slopes.shape[1], round(share * slopes.shape[1]))
    return slopes @ directions.t() @ directions


def _for_each_text(found: Rows, texts: Tensor, images: int) -> Way:
    """No bank: each text by itself, lengths estimated by a few directions."""
    slopes, dim = found.slopes[:images], found.slopes.shape[2]
    lengths = lazy_directions.lengths_of(
        (slopes @ probes_of(0, dim, lazy_directions.PROBES).t()).transpose(1, 2), dim
    )
    total = (slopes @ texts.t() / lengths[..., None].clamp_min(1e-12)).sum(0)
    return Way(
        f"each text by itself, {images} pictures",
        total / images,
        Work(there=images, back=images, more=lazy_directions.PROBES, texts=1),
    )


def halves(found: Rows, texts: Tensor) -> dict[str, Agreement]:
    """What another choice of pictures does: half of them against the published way on the other half."""
    middle = len(found) // 2
    reference = by_rows("", found.steps[middle:], texts, Work())
    return {
        name: agreement(by_rows(name, effects[:middle], texts, Work()), reference, found.std[found.channels])
        for name, effects in (("steps", found.steps), ("gradients", found.slopes))
    }
