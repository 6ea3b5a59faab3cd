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


def picked(result: Tensor) -> Tensor:
    """Return at most ``MOST`` numbers of a result, evenly picked, flat."""
    flat = result.detach().float().reshape(-1)
    return flat if len(flat) <= MOST else flat[torch.arange(MOST) * len(flat) // MOST]


def without_constants(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return what a run found, without the constants of its checkpoint."""
    return {name: value for name, value in found.items() if not name.startswith(CONSTANT)}


def store(case: str, found: Mapping[str, Tensor], case_layout: dict[str, Any], order: Sequence[str]) -> None:
    """Store a run's results and its checkpoint's layout, next to what is stored of the cases in ``order``."""
    tensors: dict[str, Tensor] = {}
    layouts: dict[str, Any] = {}
    numbers: dict[bytes, str] = {}
    for name in (name for name in order if name in names() or name == case):
        kept, constants = layout(name) if name != case else (case_layout, {})
        values = found if name == case else results(name)
        constants |= {k.removeprefix(CONSTANT): v for k, v in values.items() if k.startswith(CONSTANT)}
        for result, value in without_constants(values).items():
            tensors[f"{name}/{result}"] = _tokens(value) if result == "tokens" else picked(value).clone()
        own: dict[str, str] = {}
        for tensor, value in constants.items():
            key = value.numpy().tobytes() + str(list(value.shape)).encode()
            own[tensor] = numbers.setdefault(key, f"{CONSTANT}{len(numbers)}")
            tensors[own[tensor]] = value.clone()
        layouts[name] = {"layout": kept, "constants": own}
    for path, content in (("vectors.safetensors.gz", save(tensors)), ("layouts.json.gz", _json(layouts))):
        (FOLDER / path).write_bytes(gzip.compress(content, mtime=0))
    _stored.cache_clear()


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _tokens(ids: Tensor) -> Tensor:
    """Remove the columns of zeros at the end of token numbers [N, 77]."""
    used = int((ids != 0).any(0).nonzero().max()) + 1
    return ids[:, :used].to(torch.int32).contiguous()


@cache
def _stored() -> tuple[dict[str, Tensor], dict[str, Any]]:
    vectors, layouts = (
        gzip.decompress((FOLDER / name).read_bytes())
        for name in ("vectors.safetensors.gz", "layouts.json.gz")
    )
    return load(vectors), json.loads(layouts)


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
