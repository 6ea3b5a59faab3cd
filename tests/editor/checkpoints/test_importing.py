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
from editor.checkpoints.importing import main
from editor.checkpoints.installing import open_generator
from editor.editing.engine import Engine
from editor.serving.commands import bundles as list_bundles
from tests.conftest import make_png
from tests.editor.checkpoints import made


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
    assert main(["nvidia", str(files["nvidia"]), "--name", "narrow", "--to", str(root)]) == 0
    return root


@pytest.fixture
def root(base: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(base, tmp_path / "bundles")


def bring(kind: str, *paths: Path, root: Path, name: str = "narrow", more: tuple[str, ...] = ()) -> int:
    return main([kind, *map(str, paths), "--name", name, "--to", str(root), *more])


def everything(folder: Path) -> dict[str, tuple[int, int, int]]:
    """All files, by what changes when one is written."""
    found = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*")}
    return {name: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in found.items()}


@pytest.mark.parametrize(
    ("kind", "rows", "head"), [("e4e", 8, "pyramid"), ("psp", 4, "w"), ("restyle", 4, "last")]
)
def test_an_encoder_brings_its_generator(
    kind: str, rows: int, head: str, files: dict[str, Path], tmp_path: Path
) -> None:
    assert bring(kind, files[kind], root=tmp_path) == 0
    manifest = read_manifest(tmp_path / "narrow")
    assert set(manifest["files"]) == {"encoder.safetensors", "generator.safetensors"}
    assert (manifest["encoder"]["by"], manifest["encoder"]["num_ws"], manifest["encoder"]["head"]) == (
        kind,
        rows,
        head,
    )
    assert open_generator(tmp_path / "narrow").config.num_ws == rows


def test_a_generator_of_each_layout_becomes_a_bundle(files: dict[str, Path], tmp_path: Path) -> None:
    third = made.stored(made.THIRD_R, tmp_path / "third")
    first = made.stored(made.FIRST, tmp_path / "first")
    for number, (kind, path) in enumerate(
        [("nvidia", third), ("nvidia", first), ("rosinality", files["rosinality"])]
    ):
        assert bring(kind, path, root=tmp_path / "to", name=f"b{number}") == 0
        generator = open_generator(tmp_path / "to" / f"b{number}")
        assert generator(torch.randn(1, generator.config.z_dim)).shape[2] == generator.config.resolution


def edited(root: Path, data: Path | None = None) -> bytes:
    """A picture's direction edit by the bundle "narrow"."""
    engine = Engine.load([root], "cpu", data)
    start = engine.run(
        InvertRequest(bundle="narrow", picture=make_png(), quality="draft"), lambda *_: None, lambda: False
    )
    assert isinstance(start, InvertResult)
    wish = Change(prompt="abc", method="direction")
    request = EditRequest(
        picture=start.picture.data, inversion=start.inversion, adjustments=(), changes=(wish,)
    )
    result = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, EditResult)
    return result.picture.data


def test_a_bundle_without_directions_edits_at_once(
    root: Path, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_directions, "PICTURES", 2)
    monkeypatch.setattr(lazy_directions, "PROBES", 2)
    assert bring("clip", files["clip"], files["vocabulary"], root=root) == 0
    data = root.parent / "data"
    assert edited(root, data)
    assert (data / "bundles" / "narrow" / "lengths.safetensors").exists()


def test_parts_make_a_bundle_that_edits(
    root: Path, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring("clip", files["clip"], files["vocabulary"], root=root) == 0
    assert "It has no directions: they are found for each wish" in capsys.readouterr().out
    parts = made.direction_files(root.parent / "d", open_generator(root / "narrow"))
    said = ("--title", "Narrow ones", "--licence", "CC0", "--neutral", "a face", "--domain", "noise")
    assert bring("directions", *parts, root=root, more=said) == 0
    assert "all that editing needs" in capsys.readouterr().out
    assert list_bundles(["--bundles", str(root)]) == 0
    assert "narrow: Narrow ones, 32 px, direction; licence CC0" in capsys.readouterr().out
    assert edited(root)


def test_mappers_gather_in_a_bundle(files: dict[str, Path], tmp_path: Path) -> None:
    assert bring("mapper", files["mapper"], root=tmp_path) == 0
    assert bring("mapper", files["mapper"], root=tmp_path, more=("--prompt", "a beard")) == 0
    assert bring("mapper", files["mapper"], root=tmp_path) == 0
    manifest = read_manifest(tmp_path / "narrow")
    assert manifest["prompts"]["prompts"] == ["blonde hair", "a beard"]
    assert set(manifest["files"]) == {"generator.safetensors", "prompts.safetensors"}
    kept = load_file(tmp_path / "narrow" / "prompts.safetensors")
    assert torch.equal(kept["0.nets.fine.layers.3.weight"], kept["1.nets.fine.layers.3.weight"])


def test_a_part_of_another_generator_is_refused(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, other = tmp_path / "to", tmp_path / "other.pt"
    assert bring("psp", files["psp"], root=root) == 0
    before = everything(root)
    for kind, said in (("mapper", "has 8"), ("e4e", "has 8"), ("rosinality", "choose another name")):
        capsys.readouterr()
        assert bring(kind, files[kind], root=root) == 1
        assert said in capsys.readouterr().err
        assert everything(root) == before
    whole = torch.load(files["psp"], weights_only=True)
    whole["state_dict"]["decoder.input.input"] += 1
    torch.save(whole, other)
    assert bring("psp", other, root=root) == 1
    assert "same layout, other weights" in capsys.readouterr().err
    assert bring("psp", other, root=root, more=("--any-generator",)) == 0


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
        assert bring(kind, *paths, root=root) == 1
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.count("\n") == 1
        assert said.err.endswith(".\n")
        assert bring(kind, *paths, root=root, name="new") == 1
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
    assert bring(kind, cut, *([files["vocabulary"]] if kind == "clip" else []), root=base) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert cut.name in said
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
        assert bring(kind, path, *([files["vocabulary"]] if kind == "clip" else []), root=base) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
    assert not mark.exists()
    assert everything(base) == before


def test_directions_of_another_generator_are_refused(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow = open_generator(root / "narrow")
    wrong = made.direction_files(tmp_path / "rows", narrow, rows=6048)
    assert bring("directions", *wrong, root=root) == 1
    assert "6048 channels" in capsys.readouterr().err
    right = made.direction_files(tmp_path / "right", narrow)
    mean, std = pickle.loads(right[1].read_bytes())
    right[1].write_bytes(
        pickle.dumps([[part + 50 * spread for part, spread in zip(mean, std, strict=True)], std])
    )
    assert bring("directions", *right, root=root) == 1
    assert "statistics of another generator" in capsys.readouterr().err
    right[1].write_bytes(pickle.dumps([mean[:-1], std[:-1]]))
    assert bring("directions", *right, root=root) == 1
    assert "differs at layer" in capsys.readouterr().err


def test_what_is_missing_is_said(
    root: Path, files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring("clip", files["clip"], root=root) == 1
    assert "needs its vocabulary" in capsys.readouterr().err
    assert bring("clip", files["clip"], files["vocabulary"], root=tmp_path / "empty") == 1
    assert "has no generator yet" in capsys.readouterr().err
    assert bring("nvidia", tmp_path / "absent.pkl", root=tmp_path / "empty") == 1
    assert "There is no file" in capsys.readouterr().err
    assert bring("nvidia", files["nvidia"], root=tmp_path / "empty", name="../out") == 1
    assert "cannot be the name" in capsys.readouterr().err
    assert not (tmp_path / "empty").exists()


def test_files_of_another_format_are_called_by_their_names(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, cut = tmp_path / "page.pt", tmp_path / "cut.pt"
    page.write_text("<html>Quota exceeded</html>\n")
    cut.write_bytes(files["psp"].read_bytes()[:100_000])
    said = {
        ("e4e", page): "page.pt is text and no weights",
        ("nvidia", page): "page.pt is text and no weights",
        ("psp", cut): "cut.pt ends too early",
        ("nvidia", files["e4e"]): "is a file of PyTorch's (.pt)",
        ("e4e", files["nvidia"]): "is a plain pickle, as NVIDIA's networks are",
        ("rosinality", files["e4e"]): "but an encoder",
        ("nvidia", tmp_path): "is a folder",
        ("directions", page): "has no generator yet",
    }
    for (kind, path), words in said.items():
        capsys.readouterr()
        assert bring(kind, path, root=tmp_path / "bundles") == 1
        assert words in capsys.readouterr().err
        assert not (tmp_path / "bundles").exists()
