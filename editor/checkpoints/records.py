"""Stand-ins for the objects of a pickle: they collect data and run nothing."""

from __future__ import annotations

import codecs
import io
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from editor.checkpoints.file_signatures import check_archive

NUMPY_KINDS = "?biuf"
"""Kinds of numpy elements that are read: truth values and numbers, but no objects."""
MAX_DEPTH = 60
"""Levels of nesting. Networks have fewer than twenty."""
MAX_MODULES = 20_000
"""Modules visited. Networks have fewer than two thousand, but a file in which modules share their children
could have 2^60 paths through them."""
MAX_NAME = 80
MAX_COPIES = 4
"""Bytes of all tensors together, in sizes of the file.

Tensors may share a storage, but copies of it take memory.
"""


class Forbidden(Exception):
    """The pickle names something that no weights file needs; ``name`` is what."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = printable(name)


def printable(value: Any, most: int = MAX_NAME) -> str:
    """Show a value from a file in an error message: short, and without control characters."""
    if not isinstance(value, str | int | float | bool | None):
        return f"a {type(value).__name__}"
    text = value if isinstance(value, str) else repr(value) if abs(value or 0) < 1e18 else "a huge number"
    return "".join(letter for letter in text[:most] if letter.isprintable())


class FixedFunction:
    """Stands in for a function. A pickle can call it but cannot set its attributes."""

    __slots__ = ("_call",)
    _call: Callable[..., Any]

    def __init__(self, call: Callable[..., Any]) -> None:
        object.__setattr__(self, "_call", call)

    def __call__(self, *args: Any) -> Any:
        """Call the function."""
        return self._call(*args)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise Forbidden(f"an attribute '{name}' of a function")


class Record:
    """An object of a class that is not loaded: the name of the class and the stored state."""

    kind: str
    state: Any = None

    def __init__(self, kind: str = "", state: Any = None) -> None:
        self.kind, self.state = kind, state if state is not None else {}

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def get(self, name: str, default: Any = None) -> Any:
        """Return a plain attribute, a parameter, a buffer or a submodule."""
        if not isinstance(self.state, dict):
            return default
        tables = (self.state.get(part) or {} for part in ("_parameters", "_buffers", "_modules"))
        for table in (self.state, *tables):
            if isinstance(table, dict) and name in table:
                return table[name]
        return default

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Yield all parameters and buffers with the names that ``Module.state_dict`` would give them."""
        for prefix, state in walk_modules(self, lambda state: state.get("_modules") or {}):
            for part in ("_parameters", "_buffers"):
                for name, value in (state.get(part) or {}).items():
                    if isinstance(value, Tensor):
                        yield f"{prefix}{name}", value


def walk_modules(
    root: Any, children: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the dotted prefix and the state of a record and of all below it.

    Raises ValueError for too many.
    """
    waiting: list[tuple[str, Any]] = [("", root)]
    for _ in range(MAX_MODULES):
        if not waiting:
            return
        prefix, record = waiting.pop()
        if not isinstance(record, Record) or not isinstance(record.state, dict):
            continue
        yield prefix, record.state
        waiting += [(f"{prefix}{name}.", child) for name, child in reversed(children(record.state).items())]
    raise ValueError("too many modules")


class StoredDtype:
    """A numpy element type under construction: its byte order is set later."""

    def __init__(self, *args: Any) -> None:
        dtype = np.dtype(args[0]) if args and isinstance(args[0], str) else None
        if dtype is None or dtype.kind not in NUMPY_KINDS:
            raise Forbidden("numpy elements that are no numbers")
        self.dtype = dtype

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "=", "|"):
            self.dtype = self.dtype.newbyteorder(state[1])


class StoredArray:
    """A numpy array under construction: ``value`` is set with its state."""

    value: np.ndarray

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, StoredDtype) or not isinstance(data, bytes):
            raise Forbidden("numpy elements that are no numbers")
        flat = np.frombuffer(data, dtype.dtype) if data else np.empty(0, dtype.dtype)
        array = flat.reshape(shape, order="F" if fortran else "C")
        self.value = array.astype(dtype.dtype.newbyteorder("="))


def _numpy_scalar(dtype: Any, data: Any) -> int | float | bool:
    if not isinstance(dtype, StoredDtype) or not isinstance(data, bytes):
        raise Forbidden("a numpy scalar that is no number")
    return np.frombuffer(data, dtype.dtype)[0].item()


def _array_from_buffer(data: Any, dtype: Any, shape: Any, order: Any, axes: Any = None) -> np.ndarray:
    """Build an array from the buffer of pickle protocol 5.

    Order "K" stores a C array with its axes permuted.
    """
    flat = np.frombuffer(bytes(data), dtype.dtype)
    if order == "K" and axes is not None:
        return flat.reshape(shape).transpose(axes)
    return flat.reshape(shape, order="F" if order == "F" else "C")


def _encode_latin1(text: Any, encoding: Any = "latin1") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise Forbidden("an encoding")
    return codecs.encode(text, "latin1")


def _empty_bytes(*args: Any) -> bytes:
    if args:
        raise Forbidden("bytes of something")
    return b""


def _join_path(*parts: Any) -> str:
    if not all(isinstance(part, str) for part in parts):
        raise Forbidden("a path that is no text")
    return "/".join(parts)


def _view_storage(storage: Any, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    """View a storage as a tensor.

    Raises ValueError if the tensor claims more numbers than the storage holds.
    """
    if not isinstance(storage, Tensor) or storage.ndim != 1:
        raise Forbidden("a tensor without its storage")
    if math.prod(size) > len(storage):
        raise ValueError("a tensor is larger than its storage")
    return storage.as_strided(tuple(size), tuple(stride), offset)


def _storage_from_bytes(data: Any) -> Tensor:
    """Read a storage that was pickled as bytes into a flat tensor. Torch reads it in its restricted mode."""
    stream = io.BytesIO(data)
    check_archive(stream, "A storage in the file")
    stream.seek(0)
    storage = torch.load(stream, map_location="cpu", weights_only=True)
    if isinstance(storage, torch.UntypedStorage):
        return torch.empty(0, dtype=torch.uint8).set_(storage)
    return torch.empty(0, dtype=storage.dtype).set_(storage)


def _persistent_module(meta: Any) -> Record:
    """Take the state of a module. NVIDIA's pickles also bring its class as source text, which is ignored."""
    if not isinstance(meta["class_name"], str):
        raise Forbidden("a class without a name")
    return Record(meta["class_name"], dict(meta["state"]))


def _easy_dict_class() -> type[dict]:
    class EasyDict(dict):
        def __setstate__(self, state: Any) -> None:
            self.update(state)

    return EasyDict


def named_record_class(name: str) -> type[Record]:
    """Make a new class of records for objects of the class ``name``."""

    class NamedRecord(Record):
        kind = name  # an object may be made without its initialiser

        def __init__(self, *args: Any) -> None:
            super().__init__(name, {"args": args})

    return NamedRecord


def allowed_names() -> dict[str, Any]:
    """Return new stand-ins for every name that a weights file may use.

    No other file's pickle can reach them.
    """
    easy_dict = _easy_dict_class()
    path, empty = FixedFunction(_join_path), FixedFunction(_empty_bytes)
    table: dict[str, Any] = {
        "collections.OrderedDict": OrderedDict,
        "builtins.set": set,
        "__builtin__.set": set,
        "builtins.bytes": empty,
        "__builtin__.bytes": empty,
        "torch_utils.persistence._reconstruct_persistent_obj": FixedFunction(_persistent_module),
        "dnnlib.util.EasyDict": easy_dict,
        "dnnlib.EasyDict": easy_dict,
        "dnnlib.tflib.network.Network": named_record_class("Network"),
        "torch._utils._rebuild_tensor_v2": FixedFunction(_view_storage),
        "torch._utils._rebuild_parameter": FixedFunction(lambda data, *_: data),
        "torch.storage._load_from_bytes": FixedFunction(_storage_from_bytes),
        "numpy.ndarray": type("ndarray", (), {}),
        "numpy.dtype": type("dtype", (StoredDtype,), {}),
        "_codecs.encode": FixedFunction(_encode_latin1),
        "argparse.Namespace": named_record_class("Namespace"),
        "pathlib.PosixPath": path,
        "pathlib.WindowsPath": path,
        "pathlib.PurePosixPath": path,
    }
    for root in ("numpy.core", "numpy._core"):
        table[f"{root}.multiarray._reconstruct"] = FixedFunction(lambda *_: StoredArray())
        table[f"{root}.multiarray.scalar"] = FixedFunction(_numpy_scalar)
        table[f"{root}.numeric._frombuffer"] = FixedFunction(_array_from_buffer)
    return table


def finish(value: Any, done: dict[int, tuple[Any, Any]], depth: int = 0) -> Any:
    """Replace stand-ins under construction by what they became. Each object is visited once.

    ``done`` keeps every visited object and its replacement, so that no new object can get the same id.
    """
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, StoredArray):
        return value.value
    if not isinstance(value, Record | dict | list | tuple):
        return value
    if id(value) in done:
        return done[id(value)][1]
    if isinstance(value, tuple):
        finished = tuple(finish(item, done, depth + 1) for item in value)
        done[id(value)] = (value, finished)
        return finished
    done[id(value)] = (value, value)
    if isinstance(value, Record):
        value.state = finish(value.state, done, depth + 1)
    elif isinstance(value, dict):
        for key in value:
            value[key] = finish(value[key], done, depth + 1)
    else:
        value[:] = [finish(item, done, depth + 1) for item in value]
    return value


def check_tensors(value: Any, size: int) -> None:
    """Check all tensors of a finished structure. Raises ValueError.

    Args:
        value: what was read.
        size: bytes of the file. Together the tensors may have ``MAX_COPIES`` times as many.
    """
    total, seen, waiting = 0, set(), [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Tensor):
            if item.device.type != "cpu" or item.layout != torch.strided or item.is_quantized:
                raise ValueError("a tensor without plain numbers")
            total += item.numel() * item.element_size()
        if total > MAX_COPIES * size + (1 << 20):
            raise ValueError("tensors are larger than the file")
        if isinstance(item, Record):
            item = item.state
        if not isinstance(item, dict | list | tuple) or id(item) in seen:
            continue
        seen.add(id(item))
        waiting += item.values() if isinstance(item, dict) else item
