"""Unseen portraits that enter like any upload, and the engine that edits them, for measuring."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from editor.api.protocol import (
    Adjustment,
    Change,
    EditRequest,
    EditResult,
    Effect,
    Inversion,
    InvertRequest,
    InvertResult,
    Quality,
)
from editor.editing.engine import Engine
from editor.imaging.decode import decode
from editor.imaging.encode import png
from editor.lab.training import data
from editor.lab.training.domain import Domain
from editor.lab.training.portraits import Labels
from editor.networks.attribute_classifier import AttributeClassifier, AttributeValues


def quiet(*_: object) -> None:
    """Hears of progress and says nothing."""
    return None


def never() -> bool:
    """Is the work called off?"""
    return False


@dataclass(frozen=True)
class Upload:
    """A portrait as the user sends it, made editable."""

    picture: bytes
    pixels: np.ndarray
    inversion: Inversion


@dataclass(frozen=True)
class Uploads:
    """N uploads with their labels and the judge's reading of them."""

    items: tuple[Upload, ...]
    domain: Domain
    labels: Labels
    reading: AttributeValues

    @classmethod
    def make(
        cls,
        domain: Domain,
        engine: Engine,
        bundle: str,
        judge: AttributeClassifier,
        count: int,
        seed: int,
        quality: Quality = "standard",
    ) -> Uploads:
        """Draw ``count`` unseen portraits and invert them."""
        portraits = domain.portraits.sample(count, seed)
        pictures = domain.render(portraits, 128)
        items = []
        for pixels in pictures:
            picture = png(pixels).data
            result = engine.run(InvertRequest(bundle=bundle, picture=picture, quality=quality), quiet, never)
            assert isinstance(result, InvertResult)
            items.append(Upload(picture, pixels, result.inversion))
        return cls(tuple(items), domain, portraits.labels(), read(judge, pictures))


def read(judge: AttributeClassifier, pictures: Sequence[np.ndarray] | np.ndarray) -> AttributeValues:
    """The judge's reading of pictures uint8 [N, 128, 128, 3]."""
    images: Tensor = data.to_tensor(np.stack(list(pictures)))
    parts = [judge.read(part) for part in images.split(64)]
    return AttributeValues(
        {k: torch.cat([p.scales[k] for p in parts]) for k in parts[0].scales},
        {k: torch.cat([p.amounts[k] for p in parts]) for k in parts[0].amounts},
        {k: torch.cat([p.choices[k] for p in parts]) for k in parts[0].choices},
    )


def selected(reading: AttributeValues, rows: np.ndarray) -> AttributeValues:
    """Some rows of a reading."""
    return AttributeValues(
        *(
            {k: v[rows] for k, v in part.items()}
            for part in (reading.scales, reading.amounts, reading.choices)
        )
    )


def edit(
    engine: Engine, upload: Upload, wishes: Sequence[Change] = (), layers: Sequence[Adjustment] = ()
) -> EditResult:
    """One edit of an upload, as the chat asks for it: once more with patience where that may help."""
    request = EditRequest(
        picture=upload.picture, inversion=upload.inversion, adjustments=tuple(layers), changes=tuple(wishes)
    )
    result = engine.run(request, quiet, never)
    assert isinstance(result, EditResult)
    if result.worth_a_search:
        result = engine.run(request.model_copy(update={"search": True}), quiet, never)
        assert isinstance(result, EditResult)
    return result


def timed(engine: Engine, upload: Upload, wish: Change) -> tuple[EditResult, float]:
    """One wish as the chat would grant it, and the seconds that it took."""
    begun = time.perf_counter()
    return edit(engine, upload, [wish]), time.perf_counter() - begun


def pixels_of(result: EditResult) -> np.ndarray:
    """The edited picture as the user gets it, uint8 [H, W, 3]."""
    return decode(result.picture.data).pixels


__all__ = ["Effect", "Upload", "Uploads", "edit", "pixels_of", "read", "selected", "timed"]
