"""Checkpoints of random weights in the exact published layouts, made from a layout's names and shapes alone.

The layouts were taken from the published code (``published.recording``); the values follow from the names (``filler``), so
that a file made here and one that the published code wrote hold the same numbers.
"""

from __future__ import annotations

import pickle
import sys
import types
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from editor.lab.parity.filler import KEPT, fill, normal

Layout = dict[str, Any]


def write(layout: Layout, constants: Mapping[str, Tensor], folder: Path) -> Path:
    """The checkpoint of a layout in ``folder``. ``constants``: values that are part of the design, by tensor name."""
    folder.mkdir(parents=True, exist_ok=True)
    if "clip" in layout:
        write({**layout["clip"], "file": "clip.pt"}, {}, folder)
    if "skeleton" in layout:
        return write_nvidia(folder / "checkpoint.pkl", layout["skeleton"], constants)
    if "tensorflow" in layout:
        return write_tensorflow(folder / "checkpoint.pkl", layout["tensorflow"])
    path = folder / layout.get("file", "checkpoint.pt")
    if "shapes" not in layout:
        return path
    state = filled(layout["shapes"], constants)
    if layout["holder"] == "torchscript":
        return write_torchscript(
            path, {name: value.half() if name in layout["half"] else value for name, value in state.items()}
        )
    held: dict[str, Any] = {layout["holder"]: state}
    if "average" in layout:
        held["latent_avg"] = average(tuple(layout["average"]))
    if "opts" in layout:
        held["opts"] = layout["opts"]
    torch.save(held, path)
    return path


def filled(shapes: Mapping[str, list[int]], constants: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state: constants where they are given, else what the names say."""
    return {
        name: constants[name] if name in constants else _value(name, tuple(shape))
        for name, shape in shapes.items()
    }


def _value(name: str, shape: tuple[int, ...]) -> Tensor:
    return torch.zeros(shape, dtype=torch.long) if KEPT.search(name) else fill(name, shape)


def average(shape: tuple[int, ...]) -> Tensor:
    """The mean of W that lies beside an encoder or a generator."""
    return 0.1 * normal("latent_avg", shape)


# NVIDIA


@contextmanager
def _pretending(members: Mapping[str, Any]) -> Iterator[None]:
    """Full names under which a pickle may store functions and classes, for as long as it is written."""
    before: dict[str, types.ModuleType | None] = {}
    for full, value in members.items():
        path, _, name = full.rpartition(".")
        parts = path.split(".")
        for depth in range(len(parts)):
            module = ".".join(parts[: depth + 1])
            if module not in before:
                before[module], sys.modules[module] = sys.modules.get(module), types.ModuleType(module)
        value.__module__, value.__qualname__, value.__name__ = path, name, name
        setattr(sys.modules[path], name, value)
    try:
        yield
    finally:
        for module, was in before.items():
            if was is None:
                del sys.modules[module]
            else:
                sys.modules[module] = was


class Persistent:
    """An object that is stored as NVIDIA's modules are: a call with its class's source text and its state."""

    def __init__(self, call: Any, meta: Any) -> None:
        self.call, self.meta = call, meta

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, (self.meta,)


def nvidia_names() -> tuple[type, Any]:
    """EasyDict, and the function that a network pickle calls; both stand for the ones of those names."""
    return type("EasyDict", (dict,), {}), lambda meta: meta


def write_nvidia(path: Path, skeleton: Mapping[str, Any], constants: Mapping[str, Tensor]) -> Path:
    """A network pickle with ``G_ema`` of this skeleton."""
    easy, call = nvidia_names()
    with _pretending(
        {"torch_utils.persistence._reconstruct_persistent_obj": call, "dnnlib.util.EasyDict": easy}
    ):
        network = _module(skeleton, constants, "", lambda meta: Persistent(call, easy(meta)))
        whole = {
            "G": None,
            "D": None,
            "G_ema": network,
            "training_set_kwargs": easy(path="x"),
            "augment_pipe": None,
        }
        path.write_bytes(pickle.dumps(whole))
    return path


def _module(
    skeleton: Mapping[str, Any], constants: Mapping[str, Tensor], prefix: str, made: Any
) -> Persistent:
    def tensors(part: str) -> Any:
        named = {
            name: filled({prefix + name: shape}, constants)[prefix + name]
            for name, shape in skeleton[part].items()
        }
        return OrderedDict(
            (name, nn.Parameter(value, False) if part == "parameters" else value)
            for name, value in named.items()
        )

    children = OrderedDict(
        (name, _module(child, constants, f"{prefix}{name}.", made))
        for name, child in skeleton["modules"].items()
    )
    state = {
        "training": False,
        **skeleton["plain"],
        "_parameters": tensors("parameters"),
        "_buffers": tensors("buffers"),
        "_modules": children,
        "_forward_hooks": OrderedDict(),
        "_init_args": [],
        "_init_kwargs": dict(skeleton["init"]),
    }
    return made(
        {
            "type": "class",
            "version": 6,
            "module_src": "raise SystemExit",
            "class_name": skeleton["class"],
            "state": state,
        }
    )


SMALL = ("bias", "noise_strength")
"""Variables of a tenth of the usual size."""


def _variable(part: str, name: str, shape: list[int]) -> np.ndarray:
    """A TensorFlow variable's value."""
    value = normal(f"{part}/{name}", tuple(shape)).numpy()
    if name.startswith("Dense"):
        return value * np.float32(100 if name.endswith("weight") else 10)
    return value * np.float32(0.1 if name.endswith(SMALL) else 1)


def write_tensorflow(path: Path, layout: Mapping[str, Any]) -> Path:
    """The first StyleGAN2's pickle: three ``Network`` objects, the last of them the averaged generator."""
    network = type("Network", (), {"__init__": lambda self, **state: self.__dict__.update(state)})

    def made(held: list[Any], parts: dict[str, Any]) -> Any:
        return network(
            version=4, name="G", static_kwargs=layout["settings"], variables=held, components=parts
        )

    inner: dict[str, list[Any]] = {}
    for part, name, shape in layout["variables"]:
        inner.setdefault(part, []).append((name, _variable(part, name, shape)))
    outer = [("dlatent_avg", 0.1 * normal("dlatent_avg", (512,)).numpy()), ("lod", np.float32(0))]
    with _pretending({"dnnlib.tflib.network.Network": network}):
        whole = made(outer, {name: made(held, {}) for name, held in inner.items()})
        path.write_bytes(pickle.dumps((whole, whole, whole)))
    return path


# TorchScript


class _Tree(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """Nothing: only what lies in the module matters."""
        return x


def write_torchscript(path: Path, state: Mapping[str, Tensor]) -> Path:
    """An archive of ``torch.jit.save`` with these tensors under their dotted names."""
    root = _Tree()
    for name, value in state.items():
        *branches, leaf = name.split(".")
        place: nn.Module = root
        for branch in branches:
            if branch not in place._modules:
                place.add_module(branch, _Tree())
            place = place._modules[branch]  # type: ignore[assignment]
        place.register_parameter(leaf, nn.Parameter(value, False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the layout is as old as that
        torch.jit.trace(root, torch.zeros(1), check_trace=False).save(str(path))
    return path
