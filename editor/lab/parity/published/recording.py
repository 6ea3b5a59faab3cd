"""Record a run: results, and the layout of the checkpoint, from which the same one can be made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from editor.lab.parity.filler import KEPT


class Styles:
    """Collects the outputs of all affine layers in the order of their use: StyleSpace."""

    def __init__(self, module: nn.Module, suffix: str) -> None:
        self.found: list[Tensor] = []
        for name, layer in module.named_modules():
            if name.endswith(suffix):
                layer.register_forward_hook(lambda _, __, output: self.found.append(output.detach()))

    def joined(self) -> Tensor:
        """Return them as [N, C]."""
        return torch.cat(self.found, dim=1)


def skeleton(module: nn.Module) -> dict[str, Any]:
    """Return the structure of a pickled module: class, plain attributes, shapes of tensors, submodules."""
    plain = {
        name: value for name, value in vars(module).items() if not name.startswith("_") and is_plain(value)
    }
    return {
        "class": type(module).__name__,
        "plain": plain,
        "parameters": {
            name: list(value.shape) for name, value in module._parameters.items() if value is not None
        },
        "buffers": {name: list(value.shape) for name, value in module._buffers.items() if value is not None},
        "modules": {name: skeleton(child) for name, child in module._modules.items() if child is not None},
        "init": {
            name: value for name, value in vars(module).get("_init_kwargs", {}).items() if is_plain(value)
        },
    }


def is_plain(value: Any) -> bool:
    """Return whether a value is a number, a string, a bool, None, or a list of these."""
    if isinstance(value, list):
        return all(is_plain(item) for item in value)
    return value is None or type(value) in (bool, int, float, str)


def shapes(state: dict[str, Tensor]) -> dict[str, list[int]]:
    """Return names and shapes of a state."""
    return {name: list(value.shape) for name, value in state.items()}


def constants(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose values are part of the design."""
    return {f"constant.{name}": value for name, value in state.items() if KEPT.search(name)}


def record(out: Path, results: dict[str, Tensor], layout: dict[str, Any]) -> None:
    """Write ``theirs.safetensors`` and ``layout.json``."""
    kept = {name: value.detach().float().contiguous().clone() for name, value in results.items()}
    save_file(kept, out / "theirs.safetensors")
    (out / "layout.json").write_text(json.dumps(layout), encoding="utf-8")
