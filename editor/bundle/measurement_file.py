"""Files that keep a measurement for the next process, with a mark that says what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor


def save_measurement(path: Path, tensors: Mapping[str, Tensor], mark: str) -> None:
    """Write a file atomically. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    save_file({name: value.cpu().contiguous() for name, value in tensors.items()}, temporary, {"mark": mark})
    temporary.replace(path)


def load_measurement(path: Path, mark: str) -> dict[str, Tensor] | None:
    """Read a file; None if there is none, half of one, or one with another mark."""
    try:
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("mark") == mark:
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError):
        pass
    return None
