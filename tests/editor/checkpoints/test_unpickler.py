"""Files are read as data and never run: each hostile file here would leave a mark if anything in it ran."""

from __future__ import annotations

import collections
import io
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from editor.api.errors import BadCheckpoint
from editor.checkpoints import nvidia, records, tensors, unpickler
from editor.lab.parity import checkpoints


class Marks:
    """Unpickling it makes a file."""

    def __init__(self, mark: Path, call: Any = os.system) -> None:
        self.call, self.mark = call, mark

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, (f"touch {self.mark}",) if self.call is os.system else (
            f"open({str(self.mark)!r}, 'w')",
        )


def bare(evil: Any, path: Path) -> None:
    path.write_bytes(pickle.dumps(evil))


def inside_a_network(evil: Any, path: Path) -> None:
    skeleton = {
        "class": "Generator",
        "plain": {"z_dim": 512, "x": evil},
        "parameters": {},
        "buffers": {},
        "modules": {},
        "init": {},
    }
    checkpoints.write_nvidia(path, skeleton, {})


def inside_a_tensor(evil: Any, path: Path) -> None:
    """Write the bytes of a storage, which torch itself would unpickle."""
    call = torch.storage._load_from_bytes
    path.write_bytes(pickle.dumps(Calls(call, pickle.dumps(evil))))


class Calls:
    """Unpickling it makes any call."""

    def __init__(self, call: Any, *args: Any) -> None:
        self.call, self.args = call, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.args


def new_torch(evil: Any, path: Path) -> None:
    torch.save({"g_ema": {"x": torch.zeros(1)}, "state_dict": evil}, path)


def old_torch(evil: Any, path: Path) -> None:
    torch.save({"g_ema": evil}, path, _use_new_zipfile_serialization=False)


def numpy_objects(evil: Any, path: Path) -> None:
    np.save(path, np.array([evil], dtype=object), allow_pickle=True)


def torchscript(evil: Any, path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/code/__torch__.py", "x")
        archive.writestr("archive/constants.pkl", pickle.dumps(evil))
        archive.writestr("archive/data.pkl", pickle.dumps(evil))


READERS: dict[Callable[[Any, Path], None], Callable[[Path], Any]] = {
    bare: unpickler.read_pickle,
    inside_a_network: nvidia.read,
    inside_a_tensor: unpickler.read_pickle,
    new_torch: tensors.read_pt,
    old_torch: tensors.read_pt,
    numpy_objects: tensors.read_npy,
    torchscript: unpickler.read_torchscript,
}
IDS = [write.__name__ for write in READERS]


@pytest.mark.parametrize("call", [os.system, eval], ids=["system", "eval"])
@pytest.mark.parametrize("write", READERS, ids=IDS)
def test_a_hostile_file_does_not_run(write: Callable[[Any, Path], None], call: Any, tmp_path: Path) -> None:
    mark, path = tmp_path / "mark", tmp_path / "file.npy"
    write(Marks(mark, call), path)
    with pytest.raises(BadCheckpoint) as refused:
        READERS[write](path)
    assert not mark.exists()
    assert str(refused.value).startswith("file.npy ")
    assert "\n" not in str(refused.value)


def test_the_same_hostile_pickle_would_run_elsewhere(tmp_path: Path) -> None:
    bare(Marks(tmp_path / "mark"), tmp_path / "file")
    pickle.loads((tmp_path / "file").read_bytes())
    assert (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "builtins.getattr",
        "builtins.exec",
        "copyreg._reconstructor",
        "torch.load",
        "torch.hub.load",
    ],
)
def test_names_that_are_not_allowed_are_refused_and_named(name: str, tmp_path: Path) -> None:
    module, _, member = name.rpartition(".")
    (tmp_path / "file").write_bytes(f"c{module}\n{member}\n.".encode())
    with pytest.raises(BadCheckpoint, match=name):
        unpickler.read_pickle(tmp_path / "file")


def test_stand_ins_cannot_be_changed_for_the_next_file(tmp_path: Path) -> None:
    for name in (
        "torch._utils\n_rebuild_tensor_v2",
        "collections\nOrderedDict",
        "numpy\ndtype",
        "dnnlib.util\nEasyDict",
    ):
        attack = b"c" + name.encode() + b"\n(}N}S'__setstate__'\nS'broken'\nsS'_call'\nS'broken'\nstb."
        (tmp_path / "file").write_bytes(attack)
        try:
            unpickler.read_pickle(tmp_path / "file")
        except BadCheckpoint:
            continue
    assert "broken" not in vars(collections.OrderedDict).values()
    good = {"a": torch.arange(3.0), "b": np.arange(4)}
    (tmp_path / "good").write_bytes(pickle.dumps(good))
    read = unpickler.read_pickle(tmp_path / "good")
    assert torch.equal(read["a"], good["a"])
    assert np.array_equal(read["b"], good["b"])


def nested_tuples(levels: int) -> bytes:
    """Build (((…)(…))((…)(…))), with 2^levels leaves, in a few bytes."""
    return b"N" + b"q\x00h\x00\x86" * levels + b"."


def test_a_small_file_cannot_keep_the_reader_busy(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(nested_tuples(50))
    unpickler.read_pickle(tmp_path / "file")
    (tmp_path / "file").write_bytes(nested_tuples(500))
    with pytest.raises(BadCheckpoint):
        unpickler.read_pickle(tmp_path / "file")
    inner = records.Record("x", {})
    for _ in range(50):
        inner = records.Record("x", {"_modules": {"a": inner, "b": inner}})
    with pytest.raises(ValueError, match="too many"):
        list(inner.tensors())


def test_a_tensor_cannot_claim_more_than_its_storage(tmp_path: Path) -> None:
    class Claims:
        def __reduce__(self) -> tuple[Any, ...]:
            return torch._utils._rebuild_tensor_v2, (
                torch.arange(4.0).storage(),
                0,
                (1 << 40,),
                (1,),
                False,
                None,
            )

    (tmp_path / "file").write_bytes(pickle.dumps(Claims()))
    with pytest.raises(BadCheckpoint):
        unpickler.read_pickle(tmp_path / "file")


def test_compressed_weights_are_refused(tmp_path: Path) -> None:
    torch.save({"g_ema": torch.zeros(1000)}, tmp_path / "plain.pt")
    with (
        zipfile.ZipFile(tmp_path / "plain.pt") as plain,
        zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    with pytest.raises(BadCheckpoint, match="compressed"):
        tensors.read_pt(tmp_path / "packed.pt")


def test_all_types_of_weights_are_read(tmp_path: Path) -> None:
    kinds = [
        torch.float16,
        torch.float32,
        torch.float64,
        torch.bfloat16,
        torch.int64,
        torch.uint8,
        torch.bool,
    ]
    held = {str(kind): (torch.arange(6) % 2).to(kind).reshape(2, 3).t() for kind in kinds}
    held["parameter"] = torch.nn.Parameter(torch.ones(2))
    whole = {
        "tensors": held,
        "numbers": [np.float32(1.5), np.int64(3)],
        "array": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    }
    stream = io.BytesIO()
    pickle.dump(whole, stream, protocol=2)
    (tmp_path / "file").write_bytes(stream.getvalue())
    read = unpickler.read_pickle(tmp_path / "file")
    assert all(torch.equal(read["tensors"][name], value) for name, value in held.items())
    assert read["numbers"] == [1.5, 3]
    assert np.array_equal(read["array"], whole["array"])


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 0.99])
def test_a_cut_off_file_is_refused(share: float, tmp_path: Path) -> None:
    whole = pickle.dumps({"a": torch.arange(1000.0), "b": np.arange(1000)})
    (tmp_path / "file").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(BadCheckpoint, match=r"cut off|damaged"):
        unpickler.read_pickle(tmp_path / "file")
