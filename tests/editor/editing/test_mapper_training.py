"""Mappers for one prompt: as networks, as files, as a method, and trained by a job."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from editor.api.errors import BadCheckpoint, BadRequest, Cancelled
from editor.api.protocol import Change, TrainMapperRequest, TrainMapperResult
from editor.bundle import prompt_mappers
from editor.bundle.bundle import EMBEDDED, Bundle
from editor.bundle.prompt_mappers import Trained
from editor.device.progress import no_progress
from editor.editing import apply, text_directions
from editor.editing.engine import Engine
from editor.editing.methods import registry
from editor.editing.methods.prompt_mapper import PromptMapping, fitting
from editor.editing.session import Canvas
from editor.lab.training import record
from editor.networks.styleclip_mapper import LEVELS, STEP, LevelMapper

CPU = torch.device("cpu")


def trained(
    bundle: Bundle, prompt: str = "glasses", step: float = 0.0, fingerprint: str | None = None
) -> Trained:
    """A mapper whose step is ``step`` deviations of W in every direction, wherever the picture is."""
    network = LevelMapper(torch.zeros_like(bundle.encoder.w_std), bundle.encoder.w_std, tuple(LEVELS))
    for level in network.networks.values():
        level[-1].bias.data.fill_(step / STEP / level[-1].bias_gain)  # type: ignore[index]
    network = network.eval().requires_grad_(False)
    return Trained(prompt, None, fingerprint or bundle.info.fingerprint, 10, 5.0, network)


@pytest.fixture
def learnt(avatar: Bundle) -> Iterator[Bundle]:
    """The embedded bundle with a mapper for glasses."""
    along = avatar.prompt_mappers
    avatar.prompt_mappers = (trained(avatar, step=0.1),)
    yield avatar
    avatar.prompt_mappers = along


def test_levels_that_were_left_out_stay_and_a_new_mapper_moves_nothing() -> None:
    network = LevelMapper(torch.zeros(6), torch.ones(6), ("medium",))
    ws = torch.randn(3, 12, 6)
    assert not network(ws).any()
    torch.nn.init.normal_(network.networks["medium"][-1].weight)  # type: ignore[index, arg-type]
    moved = network(ws).abs().amax((0, 2)) > 0
    assert moved.tolist() == [4 <= row < 8 for row in range(12)]


def test_a_mapper_comes_back_from_its_file(avatar: Bundle, tmp_path: Path) -> None:
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


def test_the_same_prompt_takes_the_old_ones_place(avatar: Bundle, tmp_path: Path) -> None:
    for step in (0.1, 0.2):
        prompt_mappers.save(tmp_path, trained(avatar, step=step))
    assert len(prompt_mappers.load_all([tmp_path], avatar.info.fingerprint, CPU)) == 1
    both = prompt_mappers.with_one((trained(avatar), trained(avatar, "a hat")), trained(avatar, step=1.0))
    assert [one.prompt for one in both] == ["a hat", "glasses"]


def test_what_fits_no_generator_or_is_no_mapper_is_left_out(avatar: Bundle, tmp_path: Path) -> None:
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
def test_a_wish_finds_the_mapper_that_was_trained_for_what_it_says(
    learnt: Bundle, prompt: str, fits: bool
) -> None:
    assert (
        fitting(learnt, text_directions.text_direction(learnt, Change(prompt=prompt))) is not None
    ) == fits


def test_the_opposite_of_a_wish_is_not_what_its_mapper_learnt(learnt: Bundle) -> None:
    assert (
        fitting(learnt, text_directions.text_direction(learnt, Change(prompt="glasses", strength=-1))) is None
    )


def test_the_method_gives_the_networks_step_as_a_delta(learnt: Bundle, canvas: Canvas) -> None:
    wish = Change(prompt="glasses")
    found = PromptMapping().find(
        learnt, canvas.state(()), wish, text_directions.text_direction(learnt, wish), no_progress
    )
    assert found is not None
    whole = learnt.generator.synthesis.style_steps(0.1 * learnt.encoder.w_std[None])[0]
    share = float(found.delta @ whole / (whole @ whole))
    assert torch.allclose(found.delta, share * whole, atol=1e-4)
    assert 0.3 < share < 1.6


def test_it_is_tried_for_the_wishes_that_it_was_trained_for(learnt: Bundle) -> None:
    for prompt, fits in (("eyeglasses", True), ("a hat", False)):
        assert ("prompt-mapper" in registry.automatic(learnt, Change(prompt=prompt))) == fits
        assert ("prompt-mapper" in registry.compared(learnt, Change(prompt=prompt))) == fits


def test_an_adjustment_outlives_the_mapper_that_made_it(learnt: Bundle, canvas: Canvas) -> None:
    wish = Change(prompt="glasses")
    found = PromptMapping().find(
        learnt, canvas.state(()), wish, text_directions.text_direction(learnt, wish), no_progress
    )
    assert found is not None
    layer = apply.layer_of(canvas, (), wish, found).model_copy(update={"basis": "of something that is gone"})
    learnt.prompt_mappers = ()
    assert apply.refreshed(canvas, [layer], no_progress) == [layer]


# trained by a job


def lesson(prompt: str, seconds: float = 2.0) -> TrainMapperRequest:
    return TrainMapperRequest(
        bundle="avatar", prompt=prompt, minutes=seconds / 60, levels=("coarse", "medium")
    )


@pytest.fixture
def pupil(avatar: Bundle, tmp_path: Path) -> Iterator[Engine]:
    """An engine with a data folder."""
    along, avatar.prompt_mappers = avatar.prompt_mappers, ()
    yield Engine({"avatar": avatar}, CPU, tmp_path)
    avatar.prompt_mappers = along


def test_a_lesson_reports_keeps_what_it_learnt_and_serves_it_at_once(
    pupil: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "LEAST_GAIN", -1.0)  # two seconds teach little
    stages: list[tuple[str, int]] = []
    result = pupil.run(
        lesson("a mohawk"), lambda stage, step, total, preview: stages.append((stage, total)), lambda: False
    )
    assert isinstance(result, TrainMapperResult)
    assert (result.kept, result.prompt, result.bundle) == (True, "a mohawk", "avatar")
    assert result.steps == len(stages) > 0
    assert set(stages) == {("train", 2)}
    assert [one.prompt for one in pupil.loaded["avatar"].prompt_mappers] == ["a mohawk"]
    kept = prompt_mappers.load_all(
        [prompt_mappers.own_folder(tmp_path, "avatar")], pupil.loaded["avatar"].info.fingerprint, CPU
    )
    assert [one.network.levels for one in kept] == [("coarse", "medium")]


@pytest.mark.slow
def test_a_colour_is_learnt_too_which_is_another_step_for_every_picture(pupil: Engine) -> None:
    request = lesson("pink hair", 90).model_copy(
        update={"levels": tuple(LEVELS)}
    )  # without fine rows colours stay
    result = pupil.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, TrainMapperResult)
    assert result.kept


def test_what_learnt_nothing_is_not_kept(pupil: Engine, tmp_path: Path) -> None:
    result = pupil.run(lesson("a mohawk", 0.01), lambda *_: None, lambda: False)
    assert isinstance(result, TrainMapperResult)
    assert not result.kept
    assert not prompt_mappers.own_folder(tmp_path, "avatar").exists()


def test_a_lesson_is_called_off_between_two_steps(pupil: Engine) -> None:
    asked = []

    def second() -> bool:
        asked.append(1)
        return len(asked) == 2

    with pytest.raises(Cancelled):
        pupil.run(lesson("a mohawk", 60), lambda *_: None, second)
    assert len(asked) == 2


def test_nobody_can_be_taught_what_no_picture_shows(pupil: Engine) -> None:
    with pytest.raises(BadRequest, match="a steam locomotive"):
        pupil.run(lesson("a steam locomotive"), lambda *_: None, lambda: False)


def test_without_a_data_folder_nothing_is_trained(avatar: Bundle) -> None:
    with pytest.raises(BadRequest, match="folder"):
        Engine({"avatar": avatar}, CPU).run(lesson("a mohawk"), lambda *_: None, lambda: False)


def test_mappers_that_come_along_are_of_their_bundles_generator() -> None:
    paths = sorted(EMBEDDED.glob("*/mappers/*.safetensors"))
    assert paths
    for path in paths:
        manifest = tomllib.loads((path.parents[1] / "bundle.toml").read_text())
        along = prompt_mappers.load(path, CPU)
        assert manifest["files"]["generator.safetensors"].startswith(along.fingerprint)
        assert f'mapper for "{along.prompt}"' in record.read(path.parents[1])
