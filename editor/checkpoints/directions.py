"""Importer of StyleCLIP's global directions: the relevance rows (``fs3.npy``) and the statistics of
StyleSpace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.bundle.relevance import SAMPLES, sampled_statistics, style_statistics, styles_of_w
from editor.checkpoints.part import Part
from editor.checkpoints.tensors import read_npy
from editor.checkpoints.unpickler import read_pickle
from editor.networks.generators import Generator

MAX_DISTANCE = 3.0
"""Median distance, in deviations, between the mean of the styles and the styles of the mean of W. Statistics
beyond it belong to another generator."""
PUBLISHED_RESOLUTION = 128
"""The published script measures no layer above this resolution."""


def read(paths: Sequence[Path], generator: Generator, dim: int | None) -> Part:
    """Read the direction bank of ``generator``.

    Args:
        paths: ``fs3.npy`` and, optionally, one of ``S_mean_std``, ``S`` and ``W.npy``. Without these the
            statistics of StyleSpace are measured.
        generator: the bundle's generator.
        dim: width of the bundle's text-image model, if it has one.

    Raises:
        BadCheckpoint: the files do not fit, or hold no directions.
    """
    arrays = {path: read_npy(path) if path.suffix == ".npy" else read_pickle(path) for path in paths}
    rows = [(path, value) for path, value in arrays.items() if _is_rows(value, generator)]
    if len(rows) != 1:
        raise BadCheckpoint(_no_rows(arrays, generator))
    path, values = rows[0]
    if dim is not None and values.shape[1] != dim:
        raise BadCheckpoint(
            f"{path.name} was measured with a text-image model of {values.shape[1]} dimensions; this "
            f"bundle's has {dim}."
        )
    others = {other: value for other, value in arrays.items() if other != path}
    mean, std = statistics(others, generator)
    tensors = {"s_mean": mean, "s_std": std, "relevance": relevance(values, generator)}
    if not (torch.isfinite(mean).all() and torch.isfinite(std).all()):
        raise BadCheckpoint("The statistics of StyleSpace are not finite numbers.")
    return Part("bank", tensors, {"by": "styleclip"})


def convolution_spans(generator: Generator, resolution: int | None = None) -> list[tuple[int, int]]:
    """Return start and stop of each convolution's styles, up to a resolution."""
    return [
        (layer.start, layer.stop)
        for layer in generator.synthesis.layers
        if layer.kind == "conv" and layer.resolution <= (resolution or layer.resolution)
    ]


def _count(spans: Sequence[tuple[int, int]]) -> int:
    return sum(stop - start for start, stop in spans)


def _spans_by_count(generator: Generator) -> dict[int, list[tuple[int, int]]]:
    """Map each number of rows that fits to its spans: those of the published script, or all convolutions."""
    both = convolution_spans(generator, PUBLISHED_RESOLUTION), convolution_spans(generator)
    return {_count(spans): spans for spans in both}


def _is_rows(value: Any, generator: Generator) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 2 and value.shape[0] in _spans_by_count(generator)


def _no_rows(arrays: dict[Path, Any], generator: Generator) -> str:
    wanted = " or ".join(str(count) for count in sorted(_spans_by_count(generator)))
    for path, value in arrays.items():
        if isinstance(value, np.ndarray) and value.ndim == 2 and "fs3" in path.name:
            return (
                f"{path.name} has rows for {value.shape[0]} channels, and this generator has {wanted}: "
                "it was made for another one."
            )
    return f"None of these files holds the relevance of this generator's {wanted} channels (fs3.npy)."


def relevance(rows: np.ndarray, generator: Generator) -> Tensor:
    """Arrange measured rows as unit rows [C, D] of our layers, zero if none was measured."""
    spans = _spans_by_count(generator)[len(rows)]
    values = torch.nan_to_num(torch.from_numpy(np.asarray(rows, np.float32)), nan=0.0, posinf=0.0, neginf=0.0)
    made = torch.zeros(generator.synthesis.num_channels, values.shape[1])
    place = 0
    for start, stop in spans:
        made[start:stop] = values[place : place + stop - start]
        place += stop - start
    length = made.norm(dim=1, keepdim=True)
    return torch.where(length > 0, F.normalize(made, dim=1), made)


def statistics(arrays: dict[Path, Any], generator: Generator) -> tuple[Tensor, Tensor]:
    """Find the mean and deviation [C] of StyleSpace in the files.

    Raises BadCheckpoint for those of another generator.
    """
    for path, value in arrays.items():
        found = _from_file(path, value, generator)
        if found is None:
            continue
        mean, std = found
        usual = generator.synthesis.styles(generator.mapping.w_avg[None])[0].detach()
        if float(((mean - usual).abs() / std.clamp_min(1e-6)).median()) > MAX_DISTANCE:
            raise BadCheckpoint(
                f"{path.name} holds the statistics of another generator: its mean is far off."
            )
        return mean, std
    return sampled_statistics(generator)


def _from_file(path: Path, value: Any, generator: Generator) -> tuple[Tensor, Tensor] | None:
    if isinstance(value, np.ndarray):
        if value.ndim != 2 or value.shape[1] != generator.config.w_dim:
            raise BadCheckpoint(
                f"{path.name} has the shape {list(value.shape)}, which fits neither W nor relevance rows."
            )
        return style_statistics(
            styles_of_w(generator, torch.from_numpy(np.asarray(value[:SAMPLES], np.float32)))
        )
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
        raise BadCheckpoint(f"{path.name} does not hold statistics of StyleSpace.")
    first, second = value
    if all(isinstance(name, str) for name in first):  # the file S: names of layers, then styles
        return style_statistics(_joined(path, second, generator, samples=True))
    return _joined(path, first, generator), _joined(path, second, generator)


def _joined(path: Path, layers: list[Any], generator: Generator, samples: bool = False) -> Tensor:
    """Join one array for each layer into [C], or into [N, C] for samples.

    Raises BadCheckpoint for other layers.
    """
    wanted = [layer.stop - layer.start for layer in generator.synthesis.layers]
    arrays = [np.asarray(array, np.float32) for array in layers]
    found = [array.shape[-1] if array.ndim else 0 for array in arrays]
    if found != wanted:
        same = [one == other for one, other in zip(found, wanted, strict=False)]
        place = same.index(False) if False in same else len(same)
        raise BadCheckpoint(
            f"{path.name} was made for another generator: it has {len(found)} layers and differs at layer "
            f"{place} "
            f"(this one has {len(wanted)})."
        )
    joined = np.concatenate([array.reshape(-1, array.shape[-1]) for array in arrays], axis=1)
    return torch.from_numpy(joined if samples else joined[0])
