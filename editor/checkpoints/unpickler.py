"""Reading pickles without running them.

A pickle is a small program: it names functions and calls them. Here the few names that weights files need are met by
stand-ins that only collect data, and any other name ends the reading. Stand-ins are made anew for each file and cannot
be changed by it.
"""

from __future__ import annotations

import codecs
import io
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint

STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
NUMPY_KINDS = "?biuf"
"""Kinds of numpy elements that are read: truth values and numbers, no objects."""

DEEPEST = 60
"""Levels of nesting that are followed; networks have fewer than twenty."""
MOST_MODULES = 20_000
"""Modules that are followed; networks have fewer than two thousand. A module can be held twice, and so can its holder: without
an end, sixty levels of that would be 2^60 modules."""


class Forbidden(Exception):
    """The pickle names something that no weights file needs; ``name`` is what."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Fixed:
    """A stand-in for a function: calls it, and cannot be given attributes by the pickle."""

    __slots__ = ("_call",)
    _call: Callable[..., Any]

    def __init__(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "_call", call)

    def __call__(self, *args: Any) -> Any:
        return self._call(*args)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise Forbidden(f"an attribute '{name}' of a function")


class Record:
    """An object of a class that is not loaded: its class's name and the state it was stored with."""

    kind: str
    state: Any = None

    def __init__(self, kind: str = "", state: Any = None) -> None:
        self.kind, self.state = kind, state if state is not None else {}

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def get(self, name: str, default: Any = None) -> Any:
        """A plain attribute, a parameter, a buffer or a submodule, under whatever name the module had it."""
        if not isinstance(self.state, dict):
            return default
        for table in (
            self.state,
            *(self.state.get(part) or {} for part in ("_parameters", "_buffers", "_modules")),
        ):
            if isinstance(table, dict) and name in table:
                return table[name]
        return default

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """All parameters and buffers with their dotted names, as ``Module.state_dict`` would give them."""
        for prefix, state in _walk(self, _submodules):
            for part in ("_parameters", "_buffers"):
                for name, value in (state.get(part) or {}).items():
                    if isinstance(value, Tensor):
                        yield f"{prefix}{name}", value


def _submodules(state: dict[str, Any]) -> dict[str, Any]:
    return state.get("_modules") or {}


def _walk(
    root: Any, children: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Dotted prefixes and states of a record and of all those below it."""
    waiting: list[tuple[str, Any]] = [("", root)]
    for _ in range(MOST_MODULES):
        if not waiting:
            return
        prefix, record = waiting.pop()
        if not isinstance(record, Record) or not isinstance(record.state, dict):
            continue
        yield prefix, record.state
        waiting += [(f"{prefix}{name}.", child) for name, child in reversed(children(record.state).items())]
    raise ValueError("too many modules")


def _dtype(*args: Any) -> np.dtype:
    dtype = np.dtype(args[0]) if args and isinstance(args[0], str) else None
    if dtype is None or dtype.kind not in NUMPY_KINDS:
        raise Forbidden("numpy elements that are no numbers")
    return dtype


class _Dtype:
    """A numpy element type on its way: its byte order comes after it."""

    def __init__(self, *args: Any) -> None:
        self.dtype = _dtype(*args)

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "=", "|"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """A numpy array on its way: ``value`` once its state has come."""

    value: np.ndarray

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, _Dtype) or not isinstance(data, bytes):
            raise Forbidden("numpy elements that are no numbers")
        flat = np.frombuffer(data, dtype.dtype)
        self.value = flat.reshape(shape, order="F" if fortran else "C").astype(dtype.dtype.newbyteorder("="))


def _scalar(dtype: Any, data: Any) -> int | float | bool:
    if not isinstance(dtype, _Dtype) or not isinstance(data, bytes):
        raise Forbidden("a numpy scalar that is no number")
    return np.frombuffer(data, dtype.dtype)[0].item()


def _array_of_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    return np.frombuffer(bytes(data), dtype.dtype).reshape(shape, order="F" if order == "F" else "C")


def _latin(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise Forbidden("an encoding")
    return codecs.encode(text, "latin1")


def _tensor(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    """A view of a storage, which must hold all of it: no file may claim more numbers than it brings."""
    if not isinstance(storage, Tensor) or storage.ndim != 1:
        raise Forbidden("a tensor without its storage")
    if math.prod(size) > len(storage):
        raise ValueError("a tensor is larger than its storage")
    return storage.as_strided(tuple(size), tuple(stride), offset)


def _storage_of_bytes(data: Any) -> Tensor:
    """The numbers of a storage that was pickled as bytes, flat; torch reads them in its own restricted mode."""
    storage = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    if isinstance(storage, torch.UntypedStorage):
        return torch.empty(0, dtype=torch.uint8).set_(storage)
    return torch.empty(0, dtype=storage.dtype).set_(storage)


def _persistent_module(meta: Any) -> Record:
    """NVIDIA's pickled modules bring their class as source text; only the state beside it is taken."""
    return Record(str(meta["class_name"]), dict(meta["state"]))


def _plain_dict() -> type[dict]:
    class EasyDict(dict):
        def __setstate__(self, state: Any) -> None:
            self.update(state)

    return EasyDict


def _named_record(name: str) -> type[Record]:
    class Named(Record):
        kind = name  # an object may be made without its initialiser

        def __init__(self, *args: Any) -> None:
            super().__init__(name, {"args": args})

    return Named


def _allowed() -> dict[str, Any]:
    """Fresh stand-ins for every name that a weights file may use."""
    easy = _plain_dict()
    table: dict[str, Any] = {
        "collections.OrderedDict": OrderedDict,
        "builtins.set": set,
        "__builtin__.set": set,
        "torch_utils.persistence._reconstruct_persistent_obj": _Fixed(_persistent_module),
        "dnnlib.util.EasyDict": easy,
        "dnnlib.EasyDict": easy,
        "dnnlib.tflib.network.Network": _named_record("Network"),
        "torch._utils._rebuild_tensor_v2": _Fixed(_tensor),
        "torch._utils._rebuild_parameter": _Fixed(lambda data, *_: data),
        "torch.storage._load_from_bytes": _Fixed(_storage_of_bytes),
        "numpy.ndarray": type("ndarray", (), {}),
        "numpy.dtype": _fresh(_Dtype),
        "_codecs.encode": _Fixed(_latin),
        "argparse.Namespace": _named_record("Namespace"),
    }
    for root in ("numpy.core", "numpy._core"):
        table[f"{root}.multiarray._reconstruct"] = _Fixed(lambda *_: _Array())
        table[f"{root}.multiarray.scalar"] = _Fixed(_scalar)
        table[f"{root}.numeric._frombuffer"] = _Fixed(_array_of_buffer)
    for path in ("pathlib.PosixPath", "pathlib.WindowsPath", "pathlib.PurePosixPath"):
        table[path] = _Fixed(lambda *parts: "/".join(map(str, parts)))
    return table


def _fresh(base: type) -> type:
    """A subclass that only this file's pickle can reach."""
    return type(base.__name__, (base,), {})


class Unpickler(pickle.Unpickler):
    """Meets allowed names with stand-ins; raises Forbidden at any other."""

    def __init__(
        self, stream: Any, storages: Callable[[Any], Tensor] | None = None, torchscript: bool = False
    ) -> None:
        super().__init__(stream)
        self._table, self._storages, self._torchscript = _allowed(), storages, torchscript

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name."""
        full = f"{module}.{name}"
        if full in self._table:
            return self._table[full]
        if self._storages is not None and module == "torch" and name in STORAGES:
            return STORAGES[name]
        if self._torchscript and module.startswith("__torch__."):
            return _named_record(full)
        raise Forbidden(full)

    def persistent_load(self, pid: Any) -> Tensor:
        """A storage that lies beside the pickle."""
        if self._storages is None:
            raise Forbidden("a reference outside the file")
        return self._storages(pid)


def _settle(value: Any, done: dict[int, tuple[Any, Any]], depth: int = 0) -> Any:
    """The finished objects: arrays in place of what they were on their way. Each object is visited once.

    ``done`` holds every object seen and what it became, so that no other can come to have its id.
    """
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(value, _Array):
        return value.value
    if not isinstance(value, Record | dict | list | tuple):
        return value
    if id(value) in done:
        return done[id(value)][1]
    if isinstance(value, tuple):
        settled = tuple(_settle(item, done, depth + 1) for item in value)
        done[id(value)] = (value, settled)
        return settled
    done[id(value)] = (value, value)
    if isinstance(value, Record):
        value.state = _settle(value.state, done, depth + 1)
    elif isinstance(value, dict):
        for key in value:
            value[key] = _settle(value[key], done, depth + 1)
    else:
        value[:] = [_settle(item, done, depth + 1) for item in value]
    return value


def refused(path: Path, error: BaseException) -> BadCheckpoint:
    """The one sentence for a file that could not be read."""
    while not isinstance(error, Forbidden) and isinstance(error.__cause__, Forbidden):
        error = error.__cause__
    if isinstance(error, Forbidden):
        return BadCheckpoint(
            f"{path.name} was not read: it wants to run '{error.name}', and weights need no such thing."
        )
    if isinstance(error, FileNotFoundError):
        return BadCheckpoint(f"There is no file {path}.")
    if isinstance(error, EOFError) or "truncated" in str(error) or "Ran out of input" in str(error):
        return BadCheckpoint(f"{path.name} ends too early: the download was cut off.")
    return BadCheckpoint(f"{path.name} is damaged, or no weights file that is known here.")


def read_pickle(path: Path) -> Any:
    """The data of a pickle (NVIDIA's networks, StyleCLIP's statistics). Raises BadCheckpoint; nothing in it is run."""
    try:
        with path.open("rb") as stream:
            return _settle(Unpickler(stream).load(), {})
    except Exception as error:  # a hostile file can raise anything
        raise refused(path, error) from error


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """The tensors of a TorchScript archive by their dotted names. Its code is not even opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_archive(archive)
    except Exception as error:
        raise refused(path, error) from error


def _read_archive(archive: zipfile.ZipFile) -> dict[str, Tensor]:
    pickles = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError("no single data.pkl")
    root = pickles[0].removesuffix("data.pkl")

    def storage(pid: Any) -> Tensor:
        _, dtype, key, _, count = pid
        member = archive.getinfo(f"{root}data/{key}")
        if (
            not isinstance(dtype, torch.dtype)
            or not member.file_size == member.compress_size == count * dtype.itemsize
        ):
            raise ValueError("a storage has another size than it says")
        return torch.frombuffer(bytearray(archive.read(member)), dtype=dtype)

    top = Unpickler(io.BytesIO(archive.read(pickles[0])), storage, torchscript=True).load()
    return dict(_scripted(top))


def _scripted(module: Any) -> Iterator[tuple[str, Tensor]]:
    """Tensors of a scripted module: its attributes lie flat in the state, submodules among them."""
    for prefix, state in _walk(
        module, lambda state: {name: value for name, value in state.items() if isinstance(value, Record)}
    ):
        for name, value in state.items():
            if isinstance(value, Tensor):
                yield f"{prefix}{name}", value
