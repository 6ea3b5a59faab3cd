"""One part of a bundle, as an importer makes it: tensors under our names, and what ``bundle.toml`` says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from editor.api.errors import BadCheckpoint


@dataclass(frozen=True)
class Part:
    """``name``: generator, encoder, clip, bank or prompts. ``table``: plain values for ``bundle.toml``, under ``name``.
    ``texts``: files that lie beside the tensors, by name."""

    name: str
    tensors: dict[str, Tensor]
    table: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def fit(module: nn.Module, tensors: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    """The module's state with every tensor from ``tensors``, by name and shape. Raises BadCheckpoint at the first misfit."""
    wanted = module.state_dict()
    missing = [name for name in wanted if name not in tensors]
    if missing:
        raise BadCheckpoint(
            f"{source} lacks '{missing[0]}'"
            + (f" and {len(missing) - 1} more tensors." if missing[1:] else ".")
        )
    extra = [name for name in tensors if name not in wanted]
    if extra:
        raise BadCheckpoint(f"{source} has '{extra[0]}', which this network has no place for.")
    for name, tensor in wanted.items():
        if tensors[name].shape != tensor.shape:
            found, needed = list(tensors[name].shape), list(tensor.shape)
            raise BadCheckpoint(f"{source}: '{name}' is {found}, and this network needs {needed}.")
    state = {name: tensors[name].to(tensor.dtype).contiguous() for name, tensor in wanted.items()}
    module.load_state_dict(state, assign=True)
    return state
