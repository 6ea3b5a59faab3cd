"""Stored results of the published code: numbers only, evenly picked from larger tensors.

``vectors.safetensors.gz`` holds them as "case/result". ``layouts.json.gz`` holds the names and shapes of
every checkpoint, and the names of its constants (resampling filters) among the stored ones.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor

FOLDER = Path(__file__).parent / "stored"
MOST = 600
"""Numbers stored of each result."""
CONSTANT = "constant."


def picked(result: Tensor, most: int = MOST) -> Tensor:
    """Return at most ``most`` numbers of a result, evenly picked, flat."""
    flat = result.detach().float().reshape(-1)
    if len(flat) <= most:
        return flat
    return flat[torch.arange(most) * len(flat) // most]


def split(found: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Separate results from constants; the latter by the names of their tensors."""
    constants = {
        name.removeprefix(CONSTANT): value for name, value in found.items() if name.startswith(CONSTANT)
    }
    return {name: value for name, value in found.items() if not name.startswith(CONSTANT)}, constants


Runs = Mapping[str, tuple[Mapping[str, Tensor], dict[str, Any]]]
"""Results with constants, and the layout, of each case by name."""


def store(runs: Runs, order: Sequence[str]) -> None:
    """Store the results and layouts of these cases in addition to the stored ones.

    ``order``: all existing cases.
    """
    known = names() if (FOLDER / "layouts.json.gz").exists() else []
    every = {
        case: runs[case] if case in runs else _again(case) for case in order if case in runs or case in known
    }
    tensors: dict[str, Tensor] = {}
    layouts: dict[str, Any] = {}
    numbers: dict[bytes, str] = {}
    for case, (found, layout_of_case) in every.items():
        published, constants = split(found)
        for name, value in published.items():
            tensors[f"{case}/{name}"] = _tokens(value) if name == "tokens" else picked(value).clone()
        own: dict[str, str] = {}
        for name, value in constants.items():
            key = value.numpy().tobytes() + str(list(value.shape)).encode()
            own[name] = numbers.setdefault(key, f"{CONSTANT}{len(numbers)}")
            tensors[own[name]] = value.clone()
        layouts[case] = {"layout": layout_of_case, "constants": own}
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "vectors.safetensors.gz").write_bytes(gzip.compress(save(tensors), mtime=0))
    (FOLDER / "layouts.json.gz").write_bytes(
        gzip.compress(json.dumps(layouts, separators=(",", ":")).encode(), mtime=0)
    )
    _stored.cache_clear()


def _again(case: str) -> tuple[Mapping[str, Tensor], dict[str, Any]]:
    """Return what is stored of a case, in the form of a run."""
    kept, constants = layout(case)
    return {**results(case), **{f"{CONSTANT}{name}": value for name, value in constants.items()}}, kept


def _tokens(ids: Tensor) -> Tensor:
    """Remove the columns of zeros at the end of token numbers [N, 77]."""
    used = int((ids != 0).any(0).nonzero().max()) + 1
    return ids[:, :used].to(torch.int32).contiguous()


@cache
def _stored() -> tuple[dict[str, Tensor], dict[str, Any]]:
    layouts = json.loads(gzip.decompress((FOLDER / "layouts.json.gz").read_bytes()))
    return load(gzip.decompress((FOLDER / "vectors.safetensors.gz").read_bytes())), layouts


def names() -> list[str]:
    """Return the stored cases."""
    return list(_stored()[1])


def results(case: str) -> dict[str, Tensor]:
    """Return the picked results of a case."""
    return {
        name.removeprefix(f"{case}/"): value
        for name, value in _stored()[0].items()
        if name.startswith(f"{case}/")
    }


def layout(case: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the layout of a case's checkpoint, and its constants."""
    tensors, layouts = _stored()
    entry = layouts[case]
    return entry["layout"], {name: tensors[number] for name, number in entry["constants"].items()}
