"""``python -m editor import`` from end to end, each kind with a checkpoint of random weights in the published
layout."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from editor.api.protocol import Change, EditRequest, EditResult, InvertRequest, InvertResult
from editor.bundle import lazy_directions
from editor.bundle.manifest import read_manifest
from editor.editing.engine import Engine
from editor.serving.commands import list_bundles
from tests.conftest import make_png
from tests.editor.checkpoints import made
from tests.editor.checkpoints.made import generator_of, run_import


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """One checkpoint of each kind; together they are large, so they go when the module is done."""
    root = tmp_path_factory.mktemp("files")
    cases = {
        "nvidia": made.ADA,
        "rosinality": made.ROSINALITY,
        "e4e": made.E4E,
        "psp": made.PSP,
        "restyle": made.RESTYLE,
        "mapper": made.MAPPER,
    }
    found = {kind: made.stored(case, root / kind) for kind, case in cases.items()}
    found["clip"], found["vocabulary"] = made.clip_files(root)
    yield found
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def base(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundle "narrow", which has a generator only."""
    root = tmp_path_factory.mktemp("base")
    assert run_import("nvidia", files["nvidia"], root=root) == 0
    return root


@pytest.fixture
def root(base: Path, tmp_path: Path) -> Path:
    """A copy of ``base``."""
    return shutil.copytree(base, tmp_path / "bundles")


def everything(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, size and time of all files: they change when a file is written."""
    found = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*")}
    return {name: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


@pytest.mark.parametrize(
    ("kind", "rows", "head"), [("e4e", 8, "pyramid"), ("psp", 4, "w"), ("restyle", 4, "last")]
)
def test_an_encoder_brings_its_generator(
    kind: str, rows: int, head: str, files: dict[str, Path], tmp_path: Path
) -> None:
    assert run_import(kind, files[kind], root=tmp_path) == 0
    manifest = read_manifest(tmp_path / "narrow")
    assert set(manifest["files"]) == {"encoder.safetensors", "generator.safetensors"}
    assert (manifest["encoder"]["by"], manifest["encoder"]["num_ws"], manifest["encoder"]["head"]) == (
        kind,
        rows,
        head,
    )
    assert generator_of(tmp_path / "narrow").config.num_ws == rows


def test_a_generator_of_each_layout_becomes_a_bundle(files: dict[str, Path], tmp_path: Path) -> None:
    third = made.stored(made.THIRD_R, tmp_path / "third")
    first = made.stored(made.FIRST, tmp_path / "first")
    for number, (kind, path) in enumerate(
        [("nvidia", third), ("nvidia", first), ("rosinality", files["rosinality"])]
    ):
        assert run_import(kind, path, root=tmp_path / "to", name=f"b{number}") == 0
        generator = generator_of(tmp_path / "to" / f"b{number}")
        assert generator(torch.randn(1, generator.config.z_dim)).shape[2] == generator.config.resolution


def edited(root: Path, data: Path | None = None) -> bytes:
    """Edit a picture with a direction of the bundle "narrow"."""
    engine = Engine.load([root], "cpu", data)
    start = engine.run(
        InvertRequest(bundle="narrow", picture=make_png(), quality="draft"), lambda *_: None, lambda: False
    )
    assert isinstance(start, InvertResult)
    change = Change(prompt="abc", method="direction")
    request = EditRequest(
        picture=start.picture.data, inversion=start.inversion, adjustments=(), changes=(change,)
    )
    result = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, EditResult)
    return result.picture.data


def test_a_bundle_without_directions_edits_at_once(
    root: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_directions, "PICTURES", 2)
    monkeypatch.setattr(lazy_directions, "PROBES", 2)
    assert run_import("clip", files["clip"], files["vocabulary"], root=root) == 0
    data = root.parent / "data"
    assert edited(root, data)
    assert (data / "bundles" / "narrow" / "lengths.safetensors").exists()


def test_parts_make_a_bundle_that_edits(
    root: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import("clip", files["clip"], files["vocabulary"], root=root) == 0
    assert "It has no directions. They are measured for each prompt" in capsys.readouterr().out
    parts = made.direction_files(root.parent / "d", generator_of(root / "narrow"))
    output = ("--title", "Narrow ones", "--licence", "CC0", "--neutral", "a face", "--domain", "noise")
    assert run_import("directions", *parts, root=root, more=output) == 0
    assert "all that editing needs" in capsys.readouterr().out
    list_bundles([root])
    assert "narrow: Narrow ones, 32 px, direction; licence CC0" in capsys.readouterr().out
    assert edited(root)


def test_a_bundle_holds_several_mappers(files: dict[str, Path], tmp_path: Path) -> None:
    assert run_import("mapper", files["mapper"], root=tmp_path) == 0
    assert run_import("mapper", files["mapper"], root=tmp_path, more=("--prompt", "a beard")) == 0
    assert run_import("mapper", files["mapper"], root=tmp_path) == 0
    manifest = read_manifest(tmp_path / "narrow")
    assert manifest["prompts"]["prompts"] == ["blonde hair", "a beard"]
    assert set(manifest["files"]) == {"generator.safetensors", "prompts.safetensors"}
    kept = load_file(tmp_path / "narrow" / "prompts.safetensors")
    assert torch.equal(kept["0.nets.fine.layers.3.weight"], kept["1.nets.fine.layers.3.weight"])


def test_a_part_of_another_generator_is_refused(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, other = tmp_path / "to", tmp_path / "other.pt"
    assert run_import("psp", files["psp"], root=root) == 0
    before = everything(root)
    for kind, output in (("mapper", "has 8"), ("e4e", "has 8"), ("rosinality", "choose another name")):
        capsys.readouterr()
        assert run_import(kind, files[kind], root=root) == 1
        assert output in capsys.readouterr().err
        assert everything(root) == before
    whole = torch.load(files["psp"], weights_only=True)
    whole["state_dict"]["decoder.input.input"] += 1
    torch.save(whole, other)
    assert run_import("psp", other, root=root) == 1
    assert "same layout, other weights" in capsys.readouterr().err
    assert run_import("psp", other, root=root, more=("--any-generator",)) == 0


KINDS = ("nvidia", "rosinality", "e4e", "psp", "restyle", "mapper", "clip")


@pytest.mark.parametrize("kind", [*KINDS, "directions"])
def test_a_mislabelled_file_gets_one_sentence(
    kind: str, root: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    others = [other for other in KINDS if other != kind]
    before = everything(root)
    for other in others:
        capsys.readouterr()
        paths = (files[other], files["vocabulary"]) if kind == "clip" else (files[other],)
        assert run_import(kind, *paths, root=root) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert output.err.count("\n") == 1
        assert output.err.endswith(".\n")
        assert run_import(kind, *paths, root=root, name="new") == 1
        assert everything(root) == before
        assert os.listdir(root) == ["narrow"]


@pytest.mark.parametrize("share", [0, 0.3, 0.95])
@pytest.mark.parametrize("kind", ["nvidia", "rosinality", "psp", "mapper", "clip"])
def test_a_cut_off_file_gets_one_sentence(
    kind: str,
    share: float,
    files: dict[str, Path],
    tmp_path: Path,
    base: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    size = files[kind].stat().st_size
    cut = tmp_path / files[kind].name
    with files[kind].open("rb") as whole:
        cut.write_bytes(whole.read(int(size * share)))
    before = everything(base)
    assert run_import(kind, cut, *([files["vocabulary"]] if kind == "clip" else []), root=base) == 1
    output = capsys.readouterr().err
    assert output.count("\n") == 1
    assert cut.name in output
    assert everything(base) == before


class Marks:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.mark}",)


@pytest.mark.parametrize("kind", [*KINDS, "directions"])
def test_a_hostile_file_runs_nothing_and_leaves_nothing(
    kind: str, base: Path, files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, mark = everything(base), tmp_path / "mark"
    pickled, saved = tmp_path / "file.pkl", tmp_path / "file.pt"
    pickled.write_bytes(pickle.dumps({"G_ema": Marks(mark)}))
    torch.save({"state_dict": {"x": Marks(mark)}, "g_ema": Marks(mark)}, saved)
    for path in (pickled, saved):
        assert run_import(kind, path, *([files["vocabulary"]] if kind == "clip" else []), root=base) == 1
        output = capsys.readouterr().err
        assert output.count("\n") == 1
    assert not mark.exists()
    assert everything(base) == before


def test_directions_of_another_generator_are_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow = generator_of(root / "narrow")
    wrong = made.direction_files(tmp_path / "rows", narrow, rows=6048)
    assert run_import("directions", *wrong, root=root) == 1
    assert "6048 channels" in capsys.readouterr().err
    right = made.direction_files(tmp_path / "right", narrow)
    mean, std = pickle.loads(right[1].read_bytes())
    right[1].write_bytes(
        pickle.dumps([[part + 50 * spread for part, spread in zip(mean, std, strict=True)], std])
    )
    assert run_import("directions", *right, root=root) == 1
    assert "statistics of another generator" in capsys.readouterr().err
    right[1].write_bytes(pickle.dumps([mean[:-1], std[:-1]]))
    assert run_import("directions", *right, root=root) == 1
    assert "differs at layer" in capsys.readouterr().err


def test_missing_parts_are_named(
    root: Path, files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_import("clip", files["clip"], root=root) == 1
    assert "needs its vocabulary" in capsys.readouterr().err
    assert run_import("clip", files["clip"], files["vocabulary"], root=tmp_path / "empty") == 1
    assert "has no generator yet" in capsys.readouterr().err
    assert run_import("nvidia", tmp_path / "absent.pkl", root=tmp_path / "empty") == 1
    assert "There is no file" in capsys.readouterr().err
    assert run_import("nvidia", files["nvidia"], root=tmp_path / "empty", name="../out") == 1
    assert "cannot be the name" in capsys.readouterr().err
    assert not (tmp_path / "empty").exists()


def test_files_of_another_format_are_named(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, cut = tmp_path / "page.pt", tmp_path / "cut.pt"
    page.write_text("<html>Quota exceeded</html>\n")
    cut.write_bytes(files["psp"].read_bytes()[:100_000])
    output = {
        ("e4e", page): "page.pt is text and no weights",
        ("nvidia", page): "page.pt is text and no weights",
        ("psp", cut): "cut.pt ends too early",
        ("nvidia", files["e4e"]): "is a file of PyTorch's (.pt)",
        ("e4e", files["nvidia"]): "is a plain pickle, as NVIDIA's networks are",
        ("rosinality", files["e4e"]): "but an encoder",
        ("nvidia", tmp_path): "is a folder",
        ("directions", page): "has no generator yet",
    }
    for (kind, path), words in output.items():
        capsys.readouterr()
        assert run_import(kind, path, root=tmp_path / "bundles") == 1
        assert words in capsys.readouterr().err
        assert not (tmp_path / "bundles").exists()
