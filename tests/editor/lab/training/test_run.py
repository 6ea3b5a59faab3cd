"""Runs resume as if they had not been interrupted; the commands train."""

from __future__ import annotations

import itertools
import json
import shlex
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

pytest.importorskip("skia", reason="no drawing library here: training goes untested", exc_type=ImportError)

from editor.__main__ import main
from editor.bundle.manifest import EMBEDDED
from editor.lab.training import cli, record
from editor.lab.training.optim import Average, cosine_decay
from editor.lab.training.run import Run


def trained(folder: Path, parts: list[int]) -> torch.Tensor:
    """A weight that follows its run's random numbers, in as many lives as ``parts`` has entries."""
    layer = torch.nn.Linear(1, 1)
    for steps in parts:
        torch.manual_seed(0)
        layer = torch.nn.Linear(1, 1)
        average = Average(layer, 10.0)
        run = Run(folder, minutes=1000)
        run.parts = {"layer": layer, "average": average}
        for _ in itertools.islice(run.steps("test"), steps):
            with torch.no_grad():
                layer.weight += float(run.rng().standard_normal())
            average.update(layer, 1)
        run.save()
    return layer.weight.detach().clone()


def test_schedule_begins_and_ends_low() -> None:
    rates = [cosine_decay(fraction / 100) for fraction in range(101)]
    assert rates[0] < 0.1
    assert max(rates) == 1.0
    assert rates[-1] == pytest.approx(0.01)


def test_checkpoints_hold_all_and_come_back(tmp_path: Path) -> None:
    trained(tmp_path, [3])
    again = Run(tmp_path, minutes=1000)
    layer = torch.nn.Linear(1, 1)
    again.parts = {"layer": layer}
    again.resume()
    saved = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert again.step == saved["step"]
    assert torch.equal(layer.weight, saved["parts"]["layer"]["weight"])


def test_random_numbers_depend_on_seed_purpose_and_step_alone(tmp_path: Path) -> None:
    one, other = Run(tmp_path / "a", 1, seed=3), Run(tmp_path / "b", 9, seed=3)
    one.step = other.step = 7
    assert one.rng().integers(1 << 40) == other.rng().integers(1 << 40)
    assert one.rng(1).integers(1 << 40) != one.rng(2).integers(1 << 40)
    other.step = 8
    assert one.rng().integers(1 << 40) != other.rng().integers(1 << 40)


@pytest.mark.parametrize("part", cli.PARTS)
def test_every_part_explains_itself(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([part, "--help"]) == 0
    assert "--minutes" in capsys.readouterr().out


def test_old_names_of_parts_still_work(capsys: pytest.CaptureFixture[str]) -> None:
    for old, new in cli.OLD_NAMES.items():
        assert cli.main([old, "--help"]) == 0
        assert f"is now called 'train {new}'" in capsys.readouterr().err


def test_commands_of_stored_records_are_still_understood() -> None:
    for path in EMBEDDED.glob("*/record.json"):
        for entry in json.loads(path.read_text()).values():
            words = [*shlex.split(entry["command"])[3:], "--bundle", "none"]
            assert main([*words, "--help"]) == 0, entry["command"]


@pytest.mark.slow
def test_a_generator_and_a_classifier_are_trained(tmp_path: Path) -> None:
    bundle, runs = tmp_path / "bundle", tmp_path / "runs"
    shared = ["--bundle", str(bundle), "--runs", str(runs)]
    small = ["--resolution", "32", "--channel-base", "512", "--channel-max", "32"]
    assert cli.main(["generator", "--minutes", "0.5", *small, *shared]) == 0
    first = json.loads((bundle / "record.json").read_text())["generator"]
    assert first["figures"]["psnr_teacher"] > 12
    assert cli.main(["generator", "--minutes", "0.8", *small, *shared]) == 0
    second = json.loads((bundle / "record.json").read_text())["generator"]
    assert second["steps"] > first["steps"], "a longer budget goes on from the checkpoint"
    assert cli.main(["attribute-classifier", "--minutes", "0.5", *shared]) == 0
    assert set(json.loads((bundle / "record.json").read_text())) == {"generator", "judge"}
    assert load_file(bundle / "judge.safetensors")


def test_each_stage_of_a_part_has_a_record_of_its_own_with_the_command_that_repeats_it(
    tmp_path: Path,
) -> None:
    options = SimpleNamespace(minutes=1.0, seed=3, name="details2", bundle=tmp_path)
    run = Run(tmp_path / "run", 1.0, seed=3)
    run.write_record("details", options, {"psnr": 20.0}, stage="details")
    run.write_record("details", options, {"psnr": 21.0}, stage="details2")
    found = record.read(tmp_path)
    assert {name: entry["figures"]["psnr"] for name, entry in found.items()} == {
        "details": 20.0,
        "details2": 21.0,
    }
    assert "--name" not in found["details"]["command"]
    assert (
        found["details2"]["command"]
        == "python -m editor train details --minutes 1.0 --seed 3 --name details2"
    )
