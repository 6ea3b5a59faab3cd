"""``python -m editor directions``: the published method in batches, interrupted and resumed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from editor.bundle.loading import load_generator, load_text_image_model
from editor.bundle.manifest import read_manifest
from editor.bundle.relevance import picture_styles, sampled_statistics
from editor.checkpoints import measuring
from editor.checkpoints.directions import convolution_spans
from editor.checkpoints.importing import main as run_import
from editor.checkpoints.measuring import Measurement, MeasurementOptions
from editor.lab.parity import published_directions
from editor.networks.generators import Generator
from editor.networks.published_clip import PublishedClip
from tests.editor.checkpoints import made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle with a generator of 32 pixels and a text-image model."""
    root = tmp_path_factory.mktemp("bundles")
    assert (
        run_import(
            ["nvidia", str(made.stored(made.ADA, root / "files")), "--name", "narrow", "--to", str(root)]
        )
        == 0
    )
    assert (
        run_import(
            ["clip", *map(str, made.clip_files(root / "files")), "--name", "narrow", "--to", str(root)]
        )
        == 0
    )
    return root / "narrow"


@pytest.fixture(scope="module")
def parts(folder: Path) -> tuple[Generator, PublishedClip, torch.Tensor, torch.Tensor]:
    manifest = read_manifest(folder)
    generator = load_generator(folder, manifest)
    clip = load_text_image_model(folder, manifest, torch.device("cpu"))
    assert isinstance(clip, PublishedClip)
    return generator, clip, *sampled_statistics(generator)


def test_batches_equal_the_published_method(
    parts: tuple[Generator, PublishedClip, torch.Tensor, torch.Tensor],
) -> None:
    generator, clip, mean, std = parts
    options = MeasurementOptions(images=2, batch=3, resolution=32, way="steps")
    spans = [(0, 5), (40, 43)]
    channels = torch.cat([torch.arange(start, stop) for start, stop in spans])
    measurement = Measurement(generator, clip, (mean, std), options, channels, made.DIM)
    assert list(measurement.run())[-1] == 16
    wanted = published_directions.relevance_rows(
        generator, clip, picture_styles(generator, options.images, options.seed), mean, std, spans
    )
    assert torch.allclose(torch.nn.functional.normalize(measurement.sums, dim=1), wanted, atol=1e-4)


def interrupted(steps: Iterator[int], after: int) -> None:
    for number, _ in enumerate(steps, 1):
        if number == after:
            return


def test_an_interrupted_measurement_by_gradients_resumes(
    tmp_path: Path, parts: tuple[Generator, PublishedClip, torch.Tensor, torch.Tensor]
) -> None:
    generator, clip, mean, std = parts
    options, channels, path = (
        MeasurementOptions(images=3, resolution=32, probes=4),
        torch.arange(10),
        tmp_path / "part",
    )
    whole, first, second = (
        Measurement(generator, clip, (mean, std), options, channels, made.DIM) for _ in range(3)
    )
    assert list(whole.run()) == [10, 20, 30]
    interrupted(first.run(), 2)
    first.save(path, "mark")
    second.load(path, "mark")
    assert list(second.run()) == [30]
    assert torch.allclose(second.sums, whole.sums)


def test_an_interrupted_measurement_resumes(
    tmp_path: Path, parts: tuple[Generator, PublishedClip, torch.Tensor, torch.Tensor]
) -> None:
    generator, clip, mean, std = parts
    options, channels = MeasurementOptions(images=2, batch=4, resolution=32, way="steps"), torch.arange(10)
    path = tmp_path / "part"
    whole, first, second, third = (
        Measurement(generator, clip, (mean, std), options, channels, made.DIM) for _ in range(4)
    )
    list(whole.run())
    interrupted(first.run(), 4)
    first.save(path, "mark")
    second.load(path, "another")
    assert (second.image, second.channel) == (0, 0)
    second.load(path, "mark")
    assert (second.image, second.channel) == (1, 4)
    assert list(second.run()) == [18, 20]
    assert torch.allclose(second.sums, whole.sums)
    path.write_bytes(path.read_bytes()[:50])
    third.load(path, "mark")
    assert third.image == 0


def test_the_command_puts_directions_into_a_bundle(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "SAMPLES", 24)
    assert measuring.main([str(folder), "--images", "2", "--probes", "3", "--minutes", "0"]) == 3
    assert "the same command resumes" in capsys.readouterr().out
    assert (folder / measuring.PROGRESS).exists()
    assert measuring.main([str(folder), "--images", "2", "--probes", "3"]) == 0
    assert not (folder / measuring.PROGRESS).exists()
    bank = load_file(folder / "bank.safetensors")
    generator = load_generator(folder, read_manifest(folder))
    measured = sum(stop - start for start, stop in convolution_spans(generator))
    lengths = bank["relevance"].norm(dim=1)
    assert int((lengths > 0.99).sum()) == measured
    assert bank["samples"].shape == (measuring.SAMPLES, made.DIM)


def test_missing_parts_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "to"
    assert (
        run_import(["nvidia", str(made.stored(made.ADA, tmp_path)), "--name", "bare", "--to", str(root)]) == 0
    )
    assert measuring.main([str(root / "bare")]) == 1
    assert "lacks a text-image model" in capsys.readouterr().err


def test_progress_is_shown_and_an_interruption_loses_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = shutil.copytree(folder, tmp_path / "narrow")
    command = [str(mine), "--images", "3", "--probes", "4"]
    monkeypatch.setattr(measuring, "LOG_SECONDS", 0.0)
    run = Measurement.run

    def broken_off(measurement: Measurement) -> Iterator[int]:
        yield next(run(measurement))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Measurement, "run", broken_off)
        assert measuring.main(command) == 130
    output = capsys.readouterr().err
    assert "on 3 pictures of 32 pixels, 4 backward passes for each." in output
    assert "33% done, about" in output
    assert output.endswith("Stopped; the same command resumes.\n")
    assert (mine / measuring.PROGRESS).exists()
    assert measuring.main(command) == 0
    output = capsys.readouterr().err
    assert "on 3 pictures (1 done already)" in output
    assert "67% done, about" in output
    assert not (mine / measuring.PROGRESS).exists()


def test_durations_are_shown_in_their_largest_unit() -> None:
    assert [measuring.duration(seconds) for seconds in (12, 100, 9000, 200_000)] == [
        "12 seconds",
        "1.7 minutes",
        "2.5 hours",
        "2.3 days",
    ]
