"""``python -m editor directions``: measured by gradients, interrupted and resumed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from editor.__main__ import main
from editor.bundle.loading import load_text_image_model
from editor.bundle.manifest import read_manifest
from editor.bundle.measurement_file import load_measurement, save_measurement
from editor.checkpoints import measuring
from editor.checkpoints.directions import convolution_spans
from editor.checkpoints.measuring import Measurement, MeasurementOptions
from editor.networks.generators import Generator
from editor.networks.published_clip import PublishedClip
from tests.editor.checkpoints import made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a generator of 32 pixels and a text-image model."""
    root = tmp_path_factory.mktemp("bundles")
    assert made.run_import("nvidia", made.stored(made.ADA, root / "files"), root=root) == 0
    assert made.run_import("clip", *made.clip_files(root / "files"), root=root) == 0
    return root / "narrow"


@pytest.fixture(scope="module")
def networks(folder: Path) -> tuple[Generator, PublishedClip]:
    clip = load_text_image_model(folder, read_manifest(folder), torch.device("cpu"))
    assert isinstance(clip, PublishedClip)
    return made.generator_of(folder), clip


def test_an_interrupted_measurement_resumes(networks: tuple[Generator, PublishedClip]) -> None:
    options = MeasurementOptions(images=3, resolution=32, probes=4)
    whole, first, second = (Measurement(*networks, made.DIM, options) for _ in range(3))
    while not whole.complete:
        whole.measure_picture()
    first.measure_picture()
    second.load_state_dict(first.state_dict())
    second.measure_picture()
    assert not second.complete
    second.measure_picture()
    assert second.complete
    assert torch.allclose(second.sums, whole.sums)


def test_a_file_of_another_measurement_or_half_of_one_is_not_used(tmp_path: Path) -> None:
    path, tensors = tmp_path / "new" / "part", {"sums": torch.ones(100)}
    save_measurement(path, tensors, "mark")
    found = load_measurement(path, "mark")
    assert found is not None
    assert torch.equal(found["sums"], tensors["sums"])
    assert load_measurement(path, "another") is None
    path.write_bytes(path.read_bytes()[:50])
    assert load_measurement(path, "mark") is None
    assert load_measurement(tmp_path / "none", "mark") is None


def test_the_command_puts_directions_into_a_bundle(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "SAMPLES", 24)
    command = ["directions", str(folder), "--images", "2", "--probes", "3"]
    assert main([*command, "--minutes", "0"]) == 3
    assert "the same command resumes" in capsys.readouterr().out
    assert (folder / measuring.PROGRESS).exists()
    assert main(command) == 0
    assert not (folder / measuring.PROGRESS).exists()
    bank = load_file(folder / "bank.safetensors")
    measured = sum(stop - start for start, stop in convolution_spans(made.generator_of(folder)))
    lengths = bank["relevance"].norm(dim=1)
    assert int((lengths > 0.99).sum()) == measured
    assert bank["samples"].shape == (measuring.SAMPLES, made.DIM)


def test_missing_parts_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "to"
    assert made.run_import("nvidia", made.stored(made.ADA, tmp_path), root=root) == 0
    assert main(["directions", str(root / "narrow")]) == 1
    assert "lacks a text-image model" in capsys.readouterr().err


def test_progress_is_shown_and_an_interruption_loses_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = shutil.copytree(folder, tmp_path / "narrow")
    command = ["directions", str(mine), "--images", "3", "--probes", "4"]
    monkeypatch.setattr(measuring, "LOG_SECONDS", 0.0)
    measure = Measurement.measure_picture

    def broken_off(measurement: Measurement) -> None:
        if measurement.images == 1:
            raise KeyboardInterrupt
        measure(measurement)

    with monkeypatch.context() as patched:
        patched.setattr(Measurement, "measure_picture", broken_off)
        assert main(command) == 130
    output = capsys.readouterr().err
    assert "on 3 pictures of 32 pixels, 4 backward passes for each." in output
    assert "1/3" in output
    assert output.endswith("Stopped; the same command resumes.\n")
    assert (mine / measuring.PROGRESS).exists()
    assert main(command) == 0
    output = capsys.readouterr().err
    assert "on 3 pictures (1 done already)" in output
    assert "2/3" in output
    assert not (mine / measuring.PROGRESS).exists()
