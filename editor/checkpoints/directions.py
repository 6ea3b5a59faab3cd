"""Importer of StyleCLIP's global directions: the relevance rows (``fs3.npy``) and the statistics of
StyleSpace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    """Read the direction bank of ``generator``. Raises BadCheckpoint.

    ``paths`` are ``fs3.npy`` and, optionally, one of ``S_mean_std``, ``S`` and ``W.npy``; without these the
    statistics of StyleSpace are measured. ``dim`` is the width of the bundle's text-image model, if it has
    one.
    """
    arrays = {path: read_npy(path) if path.suffix == ".npy" else read_pickle(path) for path in paths}
    channels = _channels_by_count(generator)
    rows = [path for path, value in arrays.items() if _is_matrix(value) and len(value) in channels]
    if len(rows) != 1:
        raise BadCheckpoint(_no_rows(arrays, channels))
    values = arrays.pop(rows[0])
    if dim is not None and values.shape[1] != dim:
        raise BadCheckpoint(
            f"{rows[0].name} was measured with a text-image model of {values.shape[1]} dimensions; this "
            f"bundle's has {dim}."
        )
    mean, std = _statistics(arrays, generator)
    if not (torch.isfinite(mean).all() and torch.isfinite(std).all()):
        raise BadCheckpoint("The statistics of StyleSpace are not finite numbers.")
    relevance = torch.zeros(generator.synthesis.num_channels, values.shape[1])
    finite = np.nan_to_num(np.asarray(values, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    relevance[channels[len(values)]] = F.normalize(torch.from_numpy(finite), dim=1)
    return Part("bank", {"s_mean": mean, "s_std": std, "relevance": relevance}, {"by": "styleclip"})


def convolution_spans(generator: Generator, resolution: int | None = None) -> list[tuple[int, int]]:
    """Return start and stop of each convolution's styles, up to a resolution."""
    return [
        (layer.start, layer.stop)
        for layer in generator.synthesis.layers
        if layer.kind == "conv" and layer.resolution <= (resolution or layer.resolution)
    ]


def _channels_by_count(generator: Generator) -> dict[int, Tensor]:
    """Map each number of rows that fits to its channels: the published script's, or all convolutions'."""
    both = convolution_spans(generator, PUBLISHED_RESOLUTION), convolution_spans(generator)
    channels = [torch.cat([torch.arange(start, stop) for start, stop in spans]) for spans in both]
    return {len(found): found for found in channels}


def _is_matrix(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 2


def _no_rows(arrays: Mapping[Path, Any], channels: Mapping[int, Tensor]) -> str:
    wanted = " or ".join(str(count) for count in sorted(channels))
    for path, value in arrays.items():
        if _is_matrix(value) and "fs3" in path.name:
            return (
                f"{path.name} has rows for {len(value)} channels, and this generator has {wanted}: "
                "it was made for another one."
            )
    return f"None of these files holds the relevance of this generator's {wanted} channels (fs3.npy)."


def _statistics(arrays: Mapping[Path, Any], generator: Generator) -> tuple[Tensor, Tensor]:
    """Find the mean and deviation [C] of StyleSpace in the files, or measure them.

    Raises BadCheckpoint for those of another generator.
    """
    for path, value in arrays.items():
        mean, std = _read_statistics(path, value, generator)
        usual = generator.synthesis.styles(generator.mapping.w_avg[None])[0].detach()
        if float(((mean - usual).abs() / std.clamp_min(1e-6)).median()) > MAX_DISTANCE:
            raise BadCheckpoint(
                f"{path.name} holds the statistics of another generator: its mean is far off."
            )
        return mean, std
    return sampled_statistics(generator)


def _read_statistics(path: Path, value: Any, generator: Generator) -> tuple[Tensor, Tensor]:
    if isinstance(value, np.ndarray):
        if not _is_matrix(value) or value.shape[1] != generator.config.w_dim:
            raise BadCheckpoint(
                f"{path.name} has the shape {list(value.shape)}, which fits neither W nor relevance rows."
            )
        w = torch.from_numpy(np.asarray(value[:SAMPLES], np.float32))
        return style_statistics(styles_of_w(generator, w))
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
        raise BadCheckpoint(f"{path.name} does not hold statistics of StyleSpace.")
    first, second = value
    if all(isinstance(name, str) for name in first):  # the file S: names of layers, then styles
        return style_statistics(_joined(path, second, generator))
    return _joined(path, first, generator)[0], _joined(path, second, generator)[0]


def _joined(path: Path, layers: list[Any], generator: Generator) -> Tensor:
    """Join one array for each layer into [N, C]. Raises BadCheckpoint for other layers."""
    wanted = [layer.stop - layer.start for layer in generator.synthesis.layers]
    arrays = [np.asarray(array, np.float32) for array in layers]
    found = [array.shape[-1] if array.ndim else 0 for array in arrays]
    if found != wanted:
        same = [one == other for one, other in zip(found, wanted, strict=False)]
        place = same.index(False) if False in same else len(same)
        raise BadCheckpoint(
            f"{path.name} was made for another generator: it has {len(found)} layers and differs at layer "
            f"{place} (this one has {len(wanted)})."
        )
    return torch.from_numpy(np.concatenate([array.reshape(-1, array.shape[-1]) for array in arrays], axis=1))
