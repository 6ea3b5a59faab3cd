"""Mappers for one prompt: the network, its file, the method, and training as a job."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from editor.api.errors import BadCheckpoint, BadRequest, Cancelled
from editor.api.protocol import Change, TrainMapperRequest, TrainMapperResult
from editor.bundle import prompt_mappers
from editor.bundle.bundle import Bundle
from editor.bundle.manifest import EMBEDDED
from editor.bundle.prompt_mappers import TrainedMapper
from editor.device import gradient_descent
from editor.editing import apply, text_directions
from editor.editing.engine import Engine
from editor.editing.methods import registry
from editor.editing.methods.base import EditTask
from editor.editing.methods.mapper import PromptMapping, matching_mapper
from editor.editing.session import EditSession
from editor.lab.training import record
from editor.networks.styleclip_mapper import LEVELS, STEP, LevelMapper

CPU = torch.device("cpu")


def trained(
    bundle: Bundle, prompt: str = "glasses", step: float = 0.0, fingerprint: str | None = None
) -> TrainedMapper:
    """Return a mapper whose step is always ``step`` standard deviations of W in every direction."""
    network = LevelMapper(torch.zeros_like(bundle.encoder.w_std), bundle.encoder.w_std, tuple(LEVELS))
    for level in network.networks.values():
        level[-1].bias.data.fill_(step / STEP / level[-1].bias_gain)  # type: ignore[index]
    network = network.eval().requires_grad_(False)
    fingerprint = fingerprint or bundle.info.fingerprint
    return TrainedMapper(
        prompt=prompt, neutral=None, fingerprint=fingerprint, steps=10, gain=5.0, network=network
    )


@pytest.fixture
def taught(avatar: Bundle) -> Iterator[Bundle]:
    """The embedded bundle with a mapper for glasses."""
    shipped = avatar.trained_mappers
    avatar.trained_mappers = (trained(avatar, step=0.1),)
    yield avatar
    avatar.trained_mappers = shipped


def test_unused_levels_stay_and_a_new_mapper_moves_nothing() -> None:
    network = LevelMapper(torch.zeros(6), torch.ones(6), ("medium",))
    ws = torch.randn(3, 12, 6)
    assert not network(ws).any()
    torch.nn.init.normal_(network.networks["medium"][-1].weight)  # type: ignore[index, arg-type]
    moved = network(ws).abs().amax((0, 2)) > 0
    assert moved.tolist() == [4 <= row < 8 for row in range(12)]


def test_a_mapper_is_saved_and_loaded(avatar: Bundle, tmp_path: Path) -> None:
    path = prompt_mappers.save(tmp_path, trained(avatar, "Pink hair!", step=0.25))
    found = prompt_mappers.load(path, CPU)
    ws = torch.randn(2, 12, len(avatar.encoder.w_std))
    assert (found.prompt, found.gain, found.network.levels) == (
        "Pink hair!",
        5.0,
        ("coarse", "medium", "fine"),
    )
    assert torch.allclose(found.network(ws), (0.25 * avatar.encoder.w_std).expand_as(ws), rtol=2e-3)
    assert path.name.startswith("pink-hair-")


def test_a_new_mapper_replaces_one_for_the_same_prompt(avatar: Bundle, tmp_path: Path) -> None:
    for step in (0.1, 0.2):
        prompt_mappers.save(tmp_path, trained(avatar, step=step))
    assert len(prompt_mappers.load_all([tmp_path], avatar.info.fingerprint, CPU)) == 1
    both = prompt_mappers.with_one((trained(avatar), trained(avatar, "a hat")), trained(avatar, step=1.0))
    assert [one.prompt for one in both] == ["a hat", "glasses"]


def test_foreign_and_damaged_files_are_not_loaded(avatar: Bundle, tmp_path: Path) -> None:
    prompt_mappers.save(tmp_path, trained(avatar, fingerprint="another"))
    save_file({"x": torch.zeros(1)}, tmp_path / "stranger.safetensors")
    (tmp_path / "torn.safetensors").write_bytes(b"\x00" * 20)
    assert prompt_mappers.load_all([tmp_path], avatar.info.fingerprint, CPU) == ()
    for name in ("stranger", "torn"):
        with pytest.raises(BadCheckpoint, match=name):
            prompt_mappers.load(tmp_path / f"{name}.safetensors", CPU)


@pytest.mark.parametrize(
    ("prompt", "fits"), [("glasses", True), ("eyeglasses", True), ("a hat", False), ("no glasses", False)]
)
def test_a_prompt_finds_the_mapper_with_its_meaning(taught: Bundle, prompt: str, fits: bool) -> None:
    assert (
        matching_mapper(taught, text_directions.text_direction(taught, Change(prompt=prompt))) is not None
    ) == fits


def test_the_opposite_does_not_use_the_mapper(taught: Bundle) -> None:
    assert (
        matching_mapper(taught, text_directions.text_direction(taught, Change(prompt="glasses", strength=-1)))
        is None
    )


def test_the_method_returns_the_networks_step(taught: Bundle, session: EditSession) -> None:
    change = Change(prompt="glasses")
    found = PromptMapping().find(
        EditTask(session.state(()), change, text_directions.text_direction(taught, change))
    )
    assert found is not None
    whole = taught.generator.synthesis.style_steps(0.1 * taught.encoder.w_std[None])[0]
    share = float(found.delta @ whole / (whole @ whole))
    assert torch.allclose(found.delta, share * whole, atol=1e-4)
    assert 0.3 < share < 1.6


def test_a_mapper_is_tried_for_its_own_prompt_only(taught: Bundle) -> None:
    for prompt, fits in (("eyeglasses", True), ("a hat", False)):
        assert ("prompt-mapper" in registry.automatic(taught, Change(prompt=prompt))) == fits
        assert ("prompt-mapper" in registry.compared(taught, Change(prompt=prompt))) == fits


def test_an_adjustment_outlives_the_mapper_that_made_it(taught: Bundle, session: EditSession) -> None:
    change = Change(prompt="glasses")
    found = PromptMapping().find(
        EditTask(session.state(()), change, text_directions.text_direction(taught, change))
    )
    assert found is not None
    layer = apply.adjustment_of(session, (), change, found).model_copy(update={"basis": "of something else"})
    taught.trained_mappers = ()
    assert apply.refresh(session, [layer]) == [layer]


# trained by a job


def training_request(prompt: str, seconds: float = 2.0) -> TrainMapperRequest:
    return TrainMapperRequest(
        bundle="avatar", prompt=prompt, minutes=seconds / 60, levels=("coarse", "medium")
    )


@pytest.fixture
def engine(avatar: Bundle, tmp_path: Path) -> Iterator[Engine]:
    """An engine with a data folder."""
    shipped, avatar.trained_mappers = avatar.trained_mappers, ()
    yield Engine({"avatar": avatar}, CPU, tmp_path)
    avatar.trained_mappers = shipped


def test_a_training_job_reports_saves_and_serves_its_mapper(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradient_descent, "SLOW_STEP", math.inf)  # one report a step on any machine
    monkeypatch.setattr(apply, "LEAST_GAIN", -1.0)  # two seconds teach little
    stages: list[tuple[str, int]] = []
    result = engine.run(
        training_request("a mohawk"),
        lambda stage, step, total, preview: stages.append((stage, total)),
        lambda: False,
    )
    assert isinstance(result, TrainMapperResult)
    assert (result.kept, result.prompt, result.bundle) == (True, "a mohawk", "avatar")
    assert result.steps == len(stages) > 0
    assert set(stages) == {("train", 2)}
    assert [one.prompt for one in engine.loaded["avatar"].trained_mappers] == ["a mohawk"]
    kept = prompt_mappers.load_all(
        [prompt_mappers.own_folder(tmp_path, "avatar")], engine.loaded["avatar"].info.fingerprint, CPU
    )
    assert [one.network.levels for one in kept] == [("coarse", "medium")]


@pytest.mark.slow
def test_a_colour_can_be_learnt(engine: Engine) -> None:
    request = training_request("pink hair", 90).model_copy(
        update={"levels": tuple(LEVELS)}
    )  # without fine rows colours stay
    result = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, TrainMapperResult)
    assert result.kept


def test_a_useless_mapper_is_not_kept(engine: Engine, tmp_path: Path) -> None:
    result = engine.run(training_request("a mohawk", 0.01), lambda *_: None, lambda: False)
    assert isinstance(result, TrainMapperResult)
    assert not result.kept
    assert not prompt_mappers.own_folder(tmp_path, "avatar").exists()


def test_training_is_cancelled_between_two_steps(engine: Engine) -> None:
    asked = []

    def second() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(Cancelled):
        engine.run(training_request("a mohawk", 60), lambda *_: None, second)
    assert len(asked) == 2


def test_a_prompt_beyond_the_model_is_refused(engine: Engine) -> None:
    with pytest.raises(BadRequest, match="a steam locomotive"):
        engine.run(training_request("a steam locomotive"), lambda *_: None, lambda: False)


def test_training_needs_a_data_folder(avatar: Bundle) -> None:
    with pytest.raises(BadRequest, match="folder"):
        Engine({"avatar": avatar}, CPU).run(training_request("a mohawk"), lambda *_: None, lambda: False)


def test_shipped_mappers_fit_their_bundles() -> None:
    paths = sorted(EMBEDDED.glob("*/mappers/*.safetensors"))
    assert paths
    for path in paths:
        manifest = tomllib.loads((path.parents[1] / "bundle.toml").read_text())
        mapper = prompt_mappers.load(path, CPU)
        assert manifest["files"]["generator.safetensors"].startswith(mapper.fingerprint)
        assert f'mapper for "{mapper.prompt}"' in record.read(path.parents[1])
