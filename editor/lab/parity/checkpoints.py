"""Checkpoints of random weights in the exact published layouts, made from a layout's names and shapes.

The layouts come from the published code (``published.recording``), and the values follow from the names
(``filler``). So a file made here holds the same numbers as one that the published code wrote.
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
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from editor.lab.parity.filler import KEPT, fill, normal

Layout = dict[str, Any]


def write(layout: Layout, constants: Mapping[str, Tensor], folder: Path) -> Path:
    """Write the checkpoint of a layout to ``folder``.

    ``constants``: values that are part of the design, by tensor name.
    """
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
    """Return a state of constants if given, and else of values that follow from the names."""
    return {
        name: constants[name]
        if name in constants
        else torch.zeros(shape, dtype=torch.long)
        if KEPT.search(name)
        else fill(name, tuple(shape))
        for name, shape in shapes.items()
    }


def average(shape: tuple[int, ...]) -> Tensor:
    """Return the mean of W that is stored with an encoder or a generator."""
    return 0.1 * normal("latent_avg", shape)


@contextmanager
def _pretending(members: Mapping[str, Any]) -> Iterator[None]:
    """Let a pickle store functions and classes under other full names inside the block."""
    modules: dict[str, types.ModuleType] = {}
    for full, value in members.items():
        path, _, name = full.rpartition(".")
        parts = path.split(".")
        for depth in range(len(parts)):
            module = ".".join(parts[: depth + 1])
            modules.setdefault(module, types.ModuleType(module))
        value.__module__, value.__qualname__, value.__name__ = path, name, name
        setattr(modules[path], name, value)
    with mock.patch.dict(sys.modules, modules):
        yield


class Persistent:
    """An object that is pickled like NVIDIA's modules: a call with the source of its class and its state."""

    def __init__(self, call: Any, meta: Any) -> None:
        self.call, self.meta = call, meta

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, (self.meta,)


def nvidia_names() -> tuple[type, Any]:
    """Return stand-ins for EasyDict and for the function that a network pickle calls."""
    return type("EasyDict", (dict,), {}), lambda meta: meta


def write_nvidia(path: Path, skeleton: Mapping[str, Any], constants: Mapping[str, Tensor]) -> Path:
    """Write a network pickle whose ``G_ema`` has this skeleton."""
    easy, call = nvidia_names()

    def module(skeleton: Mapping[str, Any], prefix: str) -> Persistent:
        def tensors(part: str) -> dict[str, Tensor]:
            named = {f"{prefix}{name}": shape for name, shape in skeleton[part].items()}
            return {name.removeprefix(prefix): value for name, value in filled(named, constants).items()}

        state = {
            "training": False,
            **skeleton["plain"],
            "_parameters": OrderedDict((k, nn.Parameter(v, False)) for k, v in tensors("parameters").items()),
            "_buffers": OrderedDict(tensors("buffers")),
            "_modules": OrderedDict((k, module(v, f"{prefix}{k}.")) for k, v in skeleton["modules"].items()),
            "_forward_hooks": OrderedDict(),
            "_init_args": [],
            "_init_kwargs": dict(skeleton["init"]),
        }
        held = {"type": "class", "version": 6, "module_src": "raise SystemExit"}
        return Persistent(call, easy(**held, class_name=skeleton["class"], state=state))

    names = {"torch_utils.persistence._reconstruct_persistent_obj": call, "dnnlib.util.EasyDict": easy}
    with _pretending(names):
        whole = {"G": None, "D": None, "G_ema": module(skeleton, ""), "augment_pipe": None}
        path.write_bytes(pickle.dumps(whole | {"training_set_kwargs": easy(path="x")}))
    return path


SMALL = ("bias", "noise_strength")
"""Variables with a tenth of the usual size."""


def _variable(part: str, name: str, shape: list[int]) -> np.ndarray:
    """Return the value of a TensorFlow variable."""
    value = normal(f"{part}/{name}", tuple(shape)).numpy()
    if name.startswith("Dense"):
        return value * np.float32(100 if name.endswith("weight") else 10)
    return value * np.float32(0.1 if name.endswith(SMALL) else 1)


def write_tensorflow(path: Path, layout: Mapping[str, Any]) -> Path:
    """Write the first StyleGAN2's pickle: three ``Network`` objects, the last one the averaged generator."""
    network: Any = type("Network", (), {"__init__": lambda self, **state: self.__dict__.update(state)})

    def made(held: list[Any], parts: dict[str, Any]) -> Any:
        settings = layout["settings"]
        return network(version=4, name="G", static_kwargs=settings, variables=held, components=parts)

    inner: dict[str, list[Any]] = {}
    for part, name, shape in layout["variables"]:
        inner.setdefault(part, []).append((name, _variable(part, name, shape)))
    outer = [("dlatent_avg", 0.1 * normal("dlatent_avg", (512,)).numpy()), ("lod", np.float32(0))]
    with _pretending({"dnnlib.tflib.network.Network": network}):
        whole = made(outer, {name: made(held, {}) for name, held in inner.items()})
        path.write_bytes(pickle.dumps((whole, whole, whole)))
    return path


class _Tree(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        """Return the input: only the parameters matter."""
        return x


def write_torchscript(path: Path, state: Mapping[str, Tensor]) -> Path:
    """Write an archive of ``torch.jit.save`` with these tensors under their dotted names."""
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
        warnings.simplefilter("ignore", DeprecationWarning)  # the published layout is older than the warning
        torch.jit.trace(root, torch.zeros(1), check_trace=False).save(str(path))
    return path
