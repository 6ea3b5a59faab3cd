"""Ten wishes in a row on one portrait, and then all of them undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from editor.api.protocol import Adjustment, Change, EditResult
from editor.imaging.decode import decode
from editor.imaging.encode import png
from editor.lab.evaluation import classifier_metrics, uploads
from editor.lab.evaluation.classifier_metrics import Wish
from editor.lab.evaluation.uploads import Upload
from editor.lab.evaluation.wishes import Setting, labels_of

LENGTH = 10
WISHES = Path(__file__).with_name("wordings.jsonl")
"""Wordings that nothing was trained or tuned on."""


@dataclass(frozen=True)
class Walk:
    """What a portrait looks like before the first wish and after each, with the adjustments then in force."""

    pictures: list[bytes]
    layers: list[tuple[Adjustment, ...]]


def chosen(setting: Setting, wishes: Sequence[Wish], number: int, rng: np.random.Generator) -> list[Wish]:
    """Up to ten wishes for a portrait, in random order: each has something to do there, and none may rightly change what
    another one asks for."""
    seen, one = setting.uploads, np.array([number])
    before, labels = uploads.selected(seen.reading, one), labels_of(seen.labels, one)
    found: list[Wish] = []
    for place in rng.permutation(len(wishes)):
        wish = wishes[place]
        wanted = wish.attribute in setting.scored and classifier_metrics.eligible(before, labels, wish)[0]
        if len(found) < LENGTH and wanted and not any(_meet(wish, other) for other in found):
            found.append(wish)
    return found


def _meet(one: Wish, other: Wish) -> bool:
    return one.attribute in {other.attribute, *other.may_change} or other.attribute in one.may_change


def walk(setting: Setting, upload: Upload, wishes: Sequence[Wish]) -> Walk:
    """Grant the wishes one after the other, each on what the ones before it left, as a conversation does."""
    way = Walk([uploads.edit(setting.engine, upload).picture.data], [()])
    for wish in wishes:
        result = uploads.edit(setting.engine, upload, [Change(prompt=wish.prompt)], way.layers[-1])
        way.pictures.append(result.picture.data)
        way.layers.append(result.adjustments)
    return way


def undone(setting: Setting, upload: Upload, way: Walk) -> bool:
    """Back over every step: is each picture made again bit for bit, and the first one the upload itself?"""

    def again(layers: Sequence[Adjustment]) -> EditResult:
        return uploads.edit(setting.engine, upload, (), layers)

    steps = list(zip(way.pictures, way.layers, strict=True))[::-1]
    same = [again(layers).picture.data == picture for picture, layers in steps[1:]]
    return all(same) and way.pictures[0] == png(upload.pixels).data


def in_a_row(setting: Setting, wishes: Sequence[Wish], seed: int) -> dict[str, Any]:
    """Over all portraits: shares of the wishes that are read right after they were granted and after all ten, on those
    pictures where their attribute can be seen; and of the portraits that are given back exactly."""
    rng = np.random.default_rng(seed)
    exact, lengths, hits = [], [], []
    for number, upload in enumerate(setting.uploads.items):
        row = chosen(setting, wishes, number, rng)
        way = walk(setting, upload, row)
        exact.append(undone(setting, upload, way))
        lengths.append(len(row))
        hits += _hits(setting, row, number, way)
    at_once, at_last = (
        float(np.mean([hit for hit in column if hit is not None])) for column in zip(*hits, strict=True)
    )
    figures = {
        "wishes each": float(np.mean(lengths)),
        "success at once": at_once,
        "success after all": at_last,
        "undone exactly": float(np.mean(exact)),
    }
    return {"portraits": len(exact), **{name: round(figure, 4) for name, figure in figures.items()}}


def _hits(
    setting: Setting, wishes: Sequence[Wish], number: int, way: Walk
) -> list[tuple[bool | None, bool | None]]:
    """Of each wish: is it read right after it was granted, and in the end?"""
    after = uploads.read(setting.judge, [decode(picture).pixels for picture in way.pictures[1:]])
    ends = [uploads.selected(after, np.array([place])) for place in range(len(wishes))]
    return [
        (_hit(setting, wish, number, end), _hit(setting, wish, number, ends[-1]))
        for wish, end in zip(wishes, ends, strict=True)
    ]


def _hit(setting: Setting, wish: Wish, number: int, after: classifier_metrics.AttributeValues) -> bool | None:
    """Is a wish read on a picture? None where its attribute is not to be seen there (eyes behind sunglasses)."""
    seen, one = setting.uploads, np.array([number])
    before, labels = uploads.selected(seen.reading, one), labels_of(seen.labels, one)
    if not classifier_metrics.countable(seen.domain, after, labels, wish.attribute)[0]:
        return None
    return bool(classifier_metrics.succeeded(before, after, wish)[0])
