"""The bundle under test, and unseen portraits that enter it like any upload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from editor.api.errors import UnknownBundle
from editor.api.protocol import (
    Adjustment,
    Change,
    EditRequest,
    EditResult,
    Inversion,
    InvertRequest,
    InvertResult,
    MethodName,
    Quality,
)
from editor.bundle.bundle import Bundle
from editor.bundle.manifest import find_bundles
from editor.editing.engine import Engine
from editor.imaging.arrays import to_tensor
from editor.imaging.decode import decode
from editor.imaging.encode import png
from editor.lab.evaluation import classifier_metrics
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.running import run_job
from editor.lab.training import attribute_classifier, data, domains, record
from editor.lab.training.domain import Domain
from editor.lab.training.portraits import Labels
from editor.networks.attribute_classifier import AttributeClassifier, AttributeValues

Table = TypeVar("Table", AttributeValues, Labels)


@dataclass(frozen=True)
class EvaluatedBundle:
    """A loaded bundle, the classifier of its domain, and the attributes that it predicts well enough."""

    engine: Engine
    name: str
    domain: Domain
    classifier: AttributeClassifier
    scored: tuple[str, ...]
    method: MethodName | None = None

    @property
    def bundle(self) -> Bundle:
        """The loaded bundle."""
        return self.engine.loaded[self.name]

    @classmethod
    def of(cls, engine: Engine, name: str, folder: Path, method: MethodName | None = None) -> EvaluatedBundle:
        """Add the domain and the classifier that ``folder`` holds."""
        scored = tuple(record.read(folder)["judge"]["scored"])
        classifier = attribute_classifier.load(folder)
        return cls(engine, name, domains.of_bundle(folder), classifier, scored, method)


def load(name: str, method: MethodName | None = None) -> tuple[EvaluatedBundle, dict[str, Path]]:
    """Load a bundle (by its name or folder) to be tested; also return all bundles' folders.

    Raises UnknownBundle if there is no such bundle.
    """
    folder = Path(name) if Path(name, "bundle.toml").exists() else None
    roots = [folder.parent] if folder else []
    folders = {path.name: path for path in find_bundles(roots)}
    key = folder.name if folder else name
    if key not in folders:
        raise UnknownBundle(f"There is no bundle '{name}'; there is: {', '.join(folders) or 'none'}.")
    return EvaluatedBundle.of(Engine.load(roots), key, folders[key], method), folders


@dataclass(frozen=True)
class Upload:
    """A portrait as the user sends it, and its inversion."""

    picture: bytes
    pixels: np.ndarray
    inversion: Inversion


@dataclass(frozen=True)
class UploadSet:
    """N uploads of a bundle under test, with their labels and the classifier's predictions."""

    tested: EvaluatedBundle
    items: tuple[Upload, ...]
    labels: Labels
    predictions: AttributeValues

    @classmethod
    def make(cls, tested: EvaluatedBundle, count: int, seed: int, quality: Quality = "standard") -> UploadSet:
        """Draw ``count`` unseen portraits and invert them."""
        portraits = tested.domain.portraits.sample(count, seed)
        drawings = tested.domain.render(portraits, 128)
        items = []
        for pixels in drawings:
            picture = png(pixels).data
            request = InvertRequest(bundle=tested.name, picture=picture, quality=quality)
            items.append(Upload(picture, pixels, run_job(tested.engine, request, InvertResult).inversion))
        return cls(tested, tuple(items), portraits.labels(), predict(tested.classifier, drawings))

    def eligible(self, case: EditCase) -> list[int]:
        """Return the numbers of the uploads on which an edit makes sense."""
        found = classifier_metrics.eligible(self.predictions, self.labels, case)
        return [int(number) for number in np.flatnonzero(found)]


def predict(classifier: AttributeClassifier, pictures: Sequence[np.ndarray] | np.ndarray) -> AttributeValues:
    """Classify pictures, uint8 [N, 128, 128, 3]."""
    parts = [vars(classifier.read(part)) for part in data.to_tensor(np.stack(list(pictures))).split(64)]
    return AttributeValues(
        **{
            kind: {name: torch.cat([part[kind][name] for part in parts]) for name in columns}
            for kind, columns in parts[0].items()
        }
    )


def select(table: Table, rows: Sequence[int]) -> Table:
    """Return some rows of predictions or labels."""
    chosen = np.array(rows)
    return type(table)(
        **{
            kind: {k: column[chosen] for k, column in columns.items()}
            for kind, columns in vars(table).items()
        }
    )


@torch.no_grad()
def reconstruction(bundle: Bundle, inversion: Inversion) -> torch.Tensor:
    """Return the generator's picture of an inversion before any edit, [3, R, R] in [-1, 1]."""
    config = bundle.generator.config
    w = to_tensor(inversion.latent.w, (config.num_ws, config.w_dim), "latent").to(bundle.bank.s_std.device)
    return bundle.reconstruct(w)[0]


def edit(
    engine: Engine, upload: Upload, changes: Sequence[Change] = (), layers: Sequence[Adjustment] = ()
) -> EditResult:
    """Edit an upload as the chat does: with a search if the quick methods fail and a search may help."""
    request = EditRequest(
        picture=upload.picture, inversion=upload.inversion, adjustments=tuple(layers), changes=tuple(changes)
    )
    result = run_job(engine, request, EditResult)
    if result.worth_a_search:
        result = run_job(engine, request.model_copy(update={"search": True}), EditResult)
    return result


def pixels_of(result: EditResult) -> np.ndarray:
    """Return the edited picture as the user gets it, uint8 [H, W, 3]."""
    return decode(result.picture.data).pixels
