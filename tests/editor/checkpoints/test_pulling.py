"""``python -m editor pull`` against a loopback server, and from a folder."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from editor.__main__ import main
from editor.bundle.manifest import read_manifest
from editor.checkpoints import download
from editor.checkpoints.catalogue import PublishedModel, catalogue
from editor.checkpoints.download import Patience
from editor.serving import bundle_commands
from tests.editor.checkpoints import made
from tests.editor.checkpoints.file_server import FileServer, serving

PATIENCE = Patience(stall=0.5, tries=2, pause=0.01)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Files with random weights under the published names of FFHQ's entry."""
    root = tmp_path_factory.mktemp("published")
    made.stored(made.ADA, root).rename(root / "stylegan2-ffhq-1024x1024.pkl")
    made.stored(made.CLIP, root).rename(root / "ViT-B-32.pt")
    made.vocabulary(root)
    bundle = root / "to"
    assert made.run_import("nvidia", root / "stylegan2-ffhq-1024x1024.pkl", root=bundle) == 0
    made.direction_files(root, made.generator_of(bundle / "narrow"))[0].rename(root / "fs3-ffhq.npy")
    shutil.rmtree(bundle)
    yield root
    shutil.rmtree(root)


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> PublishedModel:
    """FFHQ's entry without the hashes and sizes of the real files."""
    entry = catalogue()["ffhq"]
    parts = tuple(replace(part, sha256=None, size=None, git=None) for part in entry.parts)
    changed = replace(entry, parts=parts)
    monkeypatch.setattr(bundle_commands, "catalogue", lambda: {"ffhq": changed})
    monkeypatch.setattr(download, "PATIENCE", PATIENCE)
    return changed


@pytest.fixture
def server(files: Path) -> Iterator[FileServer]:
    with serving({path.name: path.read_bytes() for path in files.iterdir() if path.is_file()}) as running:
        running.portion = 100_000
        yield running


def pull(root: Path, *more: str) -> int:
    return main(["pull", "ffhq", "--to", str(root), *more])


def test_licences_are_shown_and_nothing_happens_without_consent(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in ("\n", "n\n", "what?\nn\n", ""):  # the last is no terminal
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        assert pull(tmp_path / "to", "--mirror", server.address) == 1
    shown = capsys.readouterr().out
    assert "NVIDIA Source Code License (non-commercial)" in shown
    assert "https://api.ngc.nvidia.com/" in shown
    assert "Nothing was downloaded." in shown
    assert server.requests == []
    assert not (tmp_path / "to").exists()


def test_a_pull_over_a_bad_connection_gives_a_complete_bundle(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.breaks = 4
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert pull(tmp_path, "--mirror", server.address) == 0
    output = capsys.readouterr()
    assert f"The bundle 'ffhq' is ready in {tmp_path / 'ffhq'}; BUNDLES_DIR={tmp_path}" in output.out
    assert "The bundle works without this e4e." in output.err  # the server has none
    assert [path.name for path in tmp_path.iterdir()] == ["ffhq"]
    manifest = read_manifest(tmp_path / "ffhq")
    assert set(manifest["files"]) >= {"generator.safetensors", "clip.safetensors", "bank.safetensors"}
    assert manifest["title"] == "Faces (FFHQ, 1024 px)"
    assert "CC BY-NC-SA" in manifest["licence"]
    assert len(manifest["sources"]["ViT-B-32.pt"]) == 64


def test_the_same_command_resumes_after_an_interruption(
    server: FileServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = server.files["ViT-B-32.pt"]
    server.files["ViT-B-32.pt"] = clip[: len(clip) // 2]  # a wrong file, which the import refuses
    assert pull(tmp_path, "--mirror", server.address, "--yes") == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert set(read_manifest(tmp_path / "ffhq")["files"]) == {"generator.safetensors"}
    server.files["ViT-B-32.pt"] = clip
    server.requests.clear()
    assert pull(tmp_path, "--mirror", server.address, "--yes") == 0
    assert "stylegan2-ffhq-1024x1024.pkl" not in [name for name, _ in server.requests]
    server.requests.clear()
    assert pull(tmp_path, "--mirror", server.address, "--yes", "--without-optional") == 0
    assert server.requests == []


def test_files_are_taken_from_a_folder(
    files: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.stat().st_mtime_ns for path in files.iterdir()}
    assert pull(tmp_path / "to", "--from", str(files), "--yes") == 0
    assert {path: path.stat().st_mtime_ns for path in files.iterdir()} == before
    assert pull(tmp_path / "to", "--from", str(tmp_path), "--yes", "--name", "other") == 1
    assert (
        "lacks stylegan2-ffhq-1024x1024.pkl, ViT-B-32.pt, bpe_simple_vocab_16e6.txt.gz and fs3-ffhq.npy;"
        in capsys.readouterr().err
    )
    assert pull(tmp_path / "to", "--from", str(tmp_path / "none"), "--yes", "--name", "other") == 1
    assert capsys.readouterr().err == f"There is no folder {tmp_path / 'none'}.\n"
    assert not (tmp_path / "to" / "other").exists()


def test_a_file_of_other_bytes_in_a_folder_is_refused(
    files: Path,
    tmp_path: Path,
    model: PublishedModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    known = replace(model, parts=tuple(replace(part, sha256="0" * 64) for part in model.parts))
    monkeypatch.setattr(bundle_commands, "catalogue", lambda: {"ffhq": known})
    assert pull(tmp_path / "to", "--from", str(files), "--yes") == 1
    assert "is not the published file" in capsys.readouterr().err
    assert (files / "stylegan2-ffhq-1024x1024.pkl").exists()
