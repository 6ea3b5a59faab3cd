"""Record a run: results, and the layout of the checkpoint, from which the same one can be made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor, nn

from editor.lab.parity.filler import KEPT, fill_module


def filled(module: nn.Module, prefix: str = "") -> Any:
    """Return a module of theirs ready to run, with weights that follow from their names."""
    fill_module(module, prefix)
    return module.eval().requires_grad_(False)


def collect_styles(module: nn.Module, suffix: str) -> list[Tensor]:
    """Return a list that will hold the outputs of all affine layers, in the order of their use."""
    found: list[Tensor] = []
    for name, layer in module.named_modules():
        if name.endswith(suffix):
            layer.register_forward_hook(lambda _, __, output: found.append(output.detach()))
    return found


def skeleton(module: nn.Module) -> dict[str, Any]:
    """Return the structure of a pickled module: class, plain attributes, shapes of tensors, submodules."""
    held = vars(module)
    return {
        "class": type(module).__name__,
        "plain": {k: v for k, v in held.items() if not k.startswith("_") and _is_plain(v)},
        "parameters": shapes({k: v for k, v in module._parameters.items() if v is not None}),
        "buffers": shapes({k: v for k, v in module._buffers.items() if v is not None}),
        "modules": {k: skeleton(v) for k, v in module._modules.items() if v is not None},
        "init": {k: v for k, v in held.get("_init_kwargs", {}).items() if _is_plain(v)},
    }


def _is_plain(value: Any) -> bool:
    """Return whether a value is a number, a string, a bool, None, or a list of these."""
    if isinstance(value, list):
        return all(_is_plain(item) for item in value)
    return value is None or type(value) in (bool, int, float, str)


def shapes(state: dict[str, Any]) -> dict[str, list[int]]:
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
