"""Small files that claim much: none runs anything, takes much memory or time, or changes a bundle."""

from __future__ import annotations

import copyreg
import io
import os
import pickle
import resource
import struct
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from editor.api.errors import BadCheckpoint
from editor.checkpoints import (
    nvidia,
    rosinality,
    tensorflow,
    tensors,
    unpickler,
)
from editor.checkpoints.part import empty, fit
from editor.checkpoints.records import Record, printable
from editor.lab.parity import checkpoints
from editor.networks import stylegan2, stylegan3
from tests.editor.checkpoints import made


@pytest.fixture(autouse=True)
def _bounded() -> Iterator[None]:
    """Every test takes less than 10 seconds and 400 MB more than before."""
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert time.process_time() - begun < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


def doubled(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value, value]
    return value


HUGE = struct.pack("<I", 0x7FFFFFFF)
PICKLES = {
    "memo": b"\x80\x02Nr" + HUGE + b".",
    "bytes": b"\x80\x05\x8e" + struct.pack("<Q", 1 << 33) + b".",
    "byte array": b"\x80\x05\x96" + struct.pack("<Q", 1 << 33) + b".",
    "text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 33) + b".",
    "frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 33) + b"N.",
    "number": b"\x80\x02\x8b" + HUGE + b".",
    "doubled path": b"\x80\x02cpathlib\nPosixPath\n(]" + b"q\x00]q\x01h\x00ah\x00a" * 40 + b"tR.",
    "name without text": b"\x80\x04NN\x93.",
    "persistent": b"\x80\x02NQ.",
    "object": b"(cos\nsystem\nS'true'\no.",
    "instance": b"(S'true'\nios\nsystem\n.",
    "slots": b"\x80\x02ccollections\nOrderedDict\nN}X\x01\x00\x00\x00xK\x01s\x86b.",
    "bytes of": b"\x80\x02cbuiltins\nbytes\nJ\xff\xff\xff\x7f\x85R.",
}


@pytest.mark.parametrize("name", [name for name in PICKLES if name not in ("memo", "frame")])
def test_a_small_pickle_that_claims_much_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(PICKLES[name])
    with pytest.raises(BadCheckpoint):
        unpickler.read_pickle(tmp_path / "file")


def test_a_memo_number_takes_no_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(PICKLES["memo"])
    assert unpickler.read_pickle(tmp_path / "file") is None


def test_extension_codes_are_refused_even_if_they_are_known(tmp_path: Path) -> None:
    copyreg.add_extension("os", "system", 240)
    try:
        copyreg._extension_cache[240] = os.system  # type: ignore[attr-defined]
        (tmp_path / "file").write_bytes(b"\x80\x02\x82\xf0.")
        with pytest.raises(BadCheckpoint, match="an extension code"):
            unpickler.read_pickle(tmp_path / "file")
    finally:
        copyreg.remove_extension("os", "system", 240)
        copyreg._extension_cache.pop(240, None)  # type: ignore[attr-defined]


def test_names_of_a_file_reach_no_terminal_raw(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"c\x1b[31m" + b"x" * 1000 + b"\nsystem\n.")
    with pytest.raises(BadCheckpoint) as refused:
        unpickler.read_pickle(tmp_path / "file")
    assert "\x1b" not in str(refused.value)
    assert len(str(refused.value)) < 200
    assert printable(doubled(50)) == "a list"


@pytest.mark.parametrize("member", ["archive/data.pkl", "archive/data/0"])
def test_a_compressed_torchscript_is_refused(member: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "file.pt", "w") as archive:
        archive.writestr("archive/code/x.py", "")
        archive.writestr("archive/constants.pkl", b"")
        for name in ("archive/data.pkl", "archive/data/0"):
            kind = zipfile.ZIP_DEFLATED if name == member else zipfile.ZIP_STORED
            archive.writestr(name, bytes(100_000) if name == member else b"N.", kind)
    with pytest.raises(BadCheckpoint, match="compressed"):
        unpickler.read_torchscript(tmp_path / "file.pt")


class Calls:
    def __init__(self, *args: Any) -> None:
        self.args = args

    def __reduce__(self) -> tuple[Any, ...]:
        return torch.storage._load_from_bytes, self.args


def test_a_compressed_storage_inside_a_pickle_is_refused(tmp_path: Path) -> None:
    plain, packed = io.BytesIO(), io.BytesIO()
    torch.save(torch.zeros(100_000).untyped_storage(), plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    (tmp_path / "file").write_bytes(pickle.dumps(Calls(packed.getvalue())))
    with pytest.raises(BadCheckpoint):
        unpickler.read_pickle(tmp_path / "file")


@pytest.mark.parametrize("copies", [1, 300])
def test_tensors_cannot_be_larger_than_their_file(copies: int, tmp_path: Path) -> None:
    one = torch.zeros(1).expand(50_000, 50_000) if copies == 1 else torch.zeros(500_000)
    torch.save({"g_ema": {str(number): one for number in range(copies)}}, tmp_path / "file.pt")
    with pytest.raises(BadCheckpoint, match="damaged"):
        tensors.read_pt(tmp_path / "file.pt")


def test_components_that_share_their_children_end() -> None:
    network = Record("Network", {"version": 4, "variables": []})
    for _ in range(60):
        network = Record("Network", {"version": 4, "components": {"a": network, "b": network}})
    with pytest.raises(ValueError, match="too many"):
        tensorflow.generator(network, "file")


def test_a_layer_of_a_huge_number_is_refused(tmp_path: Path) -> None:
    state = torch.load(made.stored(made.ROSINALITY, tmp_path), weights_only=True)["g_ema"]
    state["convs.999999999.conv.weight"] = torch.zeros(1)
    with pytest.raises(BadCheckpoint, match="unknown layout"):
        rosinality.generator(state, None, "file.pt")


def test_claimed_sizes_take_no_memory() -> None:
    config = stylegan2.GeneratorConfig(
        resolution=8192, z_dim=20_000_000, channel_base=1 << 26, channel_max=8192, noise=True
    )
    module = empty(lambda: stylegan2.Generator(config))
    with pytest.raises(BadCheckpoint, match="lacks"):
        fit(module, {}, "file")
    for sizes in ({"layers": 300_000_000}, {"filter_size": 200_000_000}, {"resolution": 65536}):
        with pytest.raises(ValueError, match=r"layers|filters|resolution"):
            stylegan3.GeneratorConfig(**sizes)


def test_hostile_metadata_of_a_network_is_refused(tmp_path: Path) -> None:
    skeleton: dict[str, Any] = {
        "class": "Generator",
        "plain": {"img_channels": doubled(50), "z_dim": 512},
        "parameters": {},
        "buffers": {},
        "modules": {},
        "init": {},
    }
    skeleton["modules"] = {"synthesis": skeleton | {"plain": {}}}
    checkpoints.write_nvidia(tmp_path / "file.pkl", skeleton, {})
    with pytest.raises(BadCheckpoint):
        nvidia.read(tmp_path / "file.pkl")
