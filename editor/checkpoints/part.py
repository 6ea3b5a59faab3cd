"""One part of a bundle as an importer makes it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from editor.api.errors import BadCheckpoint
from editor.checkpoints.records import printable

LAYOUTS = tomllib.loads(Path(__file__).with_name("layouts.toml").read_text(encoding="utf-8"))
"""Names and settings of published checkpoints."""


@dataclass(frozen=True)
class Part:
    """One part of a bundle.

    Attributes:
        name: generator, encoder, clip, text, bank or prompts.
        tensors: by the names of our modules.
        table: plain values for ``bundle.toml``, under ``name``.
        texts: text files to store with the tensors, by file name.
    """

    name: str
    tensors: dict[str, Tensor]
    table: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def empty(build: Callable[[], nn.Module]) -> Any:
    """Build a module without memory for its weights, whatever sizes a file claims; ``fit`` fills it."""
    with torch.device("meta"):
        return build()


def fit(module: nn.Module, tensors: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """Load ``tensors`` into a module and return them in the types of its state.

    Raises BadCheckpoint for the first name or shape that does not fit, and for numbers that are not finite.
    """
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in tensors]
    if missing:
        more = f" and {len(missing) - 1} more tensors" if missing[1:] else ""
        raise BadCheckpoint(f"{source} lacks '{missing[0]}'{more}.")
    extra = [name for name in tensors if name not in wanted]
    if extra:
        raise BadCheckpoint(f"{source} has '{printable(extra[0])}', which does not belong to this network.")
    for name, tensor in wanted.items():
        if tensors[name].shape != tensor.shape:
            found, needed = list(tensors[name].shape), list(tensor.shape)
            raise BadCheckpoint(f"{source}: '{name}' has the shape {found}, and this network needs {needed}.")
        if not torch.isfinite(tensors[name]).all():
            raise BadCheckpoint(f"{source}: '{name}' has infinite numbers, or some that are not a number.")
    state = {name: tensors[name].to(tensor.dtype).contiguous() for name, tensor in wanted.items()}
    module.load_state_dict(state, assign=True)
    return state
