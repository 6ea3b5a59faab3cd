"""A reader of pickles that runs nothing.

A pickle is a small program: it names functions and calls them. Here every name that weights files need has a
stand-in that only collects data (``records``), and any other name ends the reading.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints.file_signatures import check_archive
from editor.checkpoints.records import (
    Forbidden,
    Record,
    allowed_names,
    check_tensors,
    finish,
    named_record_class,
    walk_modules,
)

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


class Unpickler(pickle._Unpickler):
    """Gives stand-ins for allowed names and raises Forbidden for any other.

    This is the unpickler in Python. The one in C grows an array to the highest memo number that a file
    claims, so that nine bytes can take gigabytes. On arrays of numbers both are equally fast.
    """

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)
    read: Callable[[int], bytes]
    append: Callable[[Any], None]

    def __init__(
        self,
        data: bytes,
        storages: Callable[[Any], Tensor] | None = None,
        torchscript: bool = False,
    ) -> None:
        super().__init__(io.BytesIO(data))
        self._size, self._names = len(data), allowed_names()
        self._storages, self._torchscript = storages, torchscript

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a name."""
        full = f"{module}.{name}"
        if full in self._names:
            return self._names[full]
        if self._storages is not None and module == "torch" and name in STORAGES:
            return STORAGES[name]
        if self._torchscript and module.startswith("__torch__."):
            return named_record_class(full)
        raise Forbidden(full)

    def get_extension(self, code: int) -> None:
        """Refuse extension codes: the registry behind them would not go through ``find_class``."""
        raise Forbidden("an extension code")

    def persistent_load(self, pid: Any) -> Tensor:
        """Return a storage that the file keeps outside of the pickle."""
        if self._storages is None:
            raise Forbidden("a reference outside the file")
        return self._storages(pid)

    def load_bytearray8(self) -> None:
        """Read a byte array. Its claimed length is checked, since the base class allocates it first."""
        length = int.from_bytes(self.read(8), "little")
        if length > self._size:
            raise pickle.UnpicklingError("pickle data was truncated")
        self.append(bytearray(self.read(length)))

    dispatch[pickle.BYTEARRAY8[0]] = load_bytearray8


def refusal(path: Path, error: BaseException) -> BadCheckpoint:
    """Make the error for a file that could not be read."""
    while not isinstance(error, Forbidden) and isinstance(error.__cause__, Forbidden):
        error = error.__cause__
    if isinstance(error, Forbidden):
        return BadCheckpoint(
            f"{path.name} was not read: it wants to run '{error.name}', and weights need no such thing."
        )
    if isinstance(error, FileNotFoundError):
        return BadCheckpoint(f"There is no file {path}.")
    if isinstance(error, EOFError) or "truncated" in str(error) or "Ran out of input" in str(error):
        return BadCheckpoint(
            f"{path.name} ends too early: the download was cut off. Please download it again."
        )
    return BadCheckpoint(f"{path.name} is damaged, or not a weights file of a kind that can be imported.")


def read_pickle(path: Path) -> Any:
    """Read the data of a pickle (NVIDIA's networks, StyleCLIP's statistics) without running it.

    Raises BadCheckpoint.
    """
    try:
        data = path.read_bytes()
        value = finish(Unpickler(data).load(), {})
        check_tensors(value, len(data))
        return value
    except Exception as error:  # a hostile file can raise anything
        raise refusal(path, error) from error


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a TorchScript archive by their dotted names.

    Its code is not opened. Raises BadCheckpoint.
    """
    check_archive(path, path.name)
    try:
        with zipfile.ZipFile(path) as archive:
            tensors = _read_archive(archive)
        check_tensors(tensors, path.stat().st_size)
        return tensors
    except Exception as error:  # a hostile file can raise anything
        raise refusal(path, error) from error


def _read_archive(archive: zipfile.ZipFile) -> dict[str, Tensor]:
    pickles = [name for name in archive.namelist() if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise ValueError("no single data.pkl")
    root = pickles[0].removesuffix("data.pkl")
    storages: dict[str, Tensor] = {}

    def storage(pid: Any) -> Tensor:
        _, dtype, key, _, count = pid
        member = archive.getinfo(f"{root}data/{key}")
        if not isinstance(dtype, torch.dtype) or member.file_size != count * dtype.itemsize:
            raise ValueError("a storage has another size than it says")
        if key not in storages:
            storages[key] = torch.frombuffer(bytearray(archive.read(member)), dtype=dtype)
        return storages[key]

    top = Unpickler(archive.read(pickles[0]), storage, torchscript=True).load()
    return dict(_scripted_tensors(top))


def _scripted_tensors(module: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of a scripted module. Its attributes and submodules are mixed in one table."""

    def submodules(state: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in state.items() if isinstance(value, Record)}

    for prefix, state in walk_modules(module, submodules):
        for name, value in state.items():
            if isinstance(value, Tensor):
                yield f"{prefix}{name}", value
