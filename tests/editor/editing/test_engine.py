"""The engine on a small random bundle: what holds for any weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from editor.api.errors import BadCheckpoint, BadPicture, BadRequest, Cancelled, UnknownBundle, WrongBundle
from editor.api.protocol import (
    Adjustment,
    Change,
    EditRequest,
    EditResult,
    InvertRequest,
    InvertResult,
    PictureData,
)
from editor.bundle.bundle import Bundle
from editor.bundle.loading import load_bundle
from editor.editing.engine import Engine
from editor.editing.text_directions import LEAST_STEP, USUAL_SHARE, wanted_gain
from editor.imaging.decode import decode
from editor.networks import stylegan2
from tests.conftest import make_png
from tests.tiny import write_bundle


def quiet(*_: object) -> None:
    return None


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def engine(bundles: Path) -> Engine:
    return Engine.load([bundles], "cpu")


@pytest.fixture(scope="module")
def inverted(engine: Engine) -> InvertResult:
    result = engine.run(InvertRequest(bundle="tiny", picture=make_png(), quality="draft"), quiet, never)
    assert isinstance(result, InvertResult)
    return result


def edit(
    engine: Engine,
    inverted: InvertResult,
    *changes: Change,
    layers: tuple[Adjustment, ...] = (),
    seed: int | None = None,
) -> EditResult:
    request = EditRequest(
        picture=inverted.picture.data,
        inversion=inverted.inversion,
        adjustments=layers,
        changes=changes,
        seed=seed,
    )
    result = engine.run(request, quiet, never)
    assert isinstance(result, EditResult)
    return result


def one_layer(
    engine: Engine, inverted: InvertResult, prompt: str = "glasses", method: str = "direction"
) -> Adjustment:
    result = edit(engine, inverted, Change(prompt=prompt, method=method))  # type: ignore[arg-type]
    assert result.adjustments, result.effects
    return result.adjustments[-1]


def test_no_adjustments_return_the_picture_unchanged(engine: Engine, inverted: InvertResult) -> None:
    assert np.array_equal(
        decode(edit(engine, inverted).picture.data).pixels, decode(inverted.picture.data).pixels
    )


def test_pixels_outside_the_square_stay(engine: Engine, inverted: InvertResult) -> None:
    layer = one_layer(engine, inverted)
    changed = decode(
        edit(engine, inverted, layers=(layer.model_copy(update={"strength": 3.0}),)).picture.data
    ).pixels
    original = decode(inverted.picture.data).pixels
    geometry = inverted.inversion.geometry
    left = int(geometry.center_x - geometry.side / 2)
    assert changed.shape == original.shape
    assert np.array_equal(changed[:, : max(0, left - 1)], original[:, : max(0, left - 1)])


def test_the_same_request_gives_the_same_bytes(engine: Engine, inverted: InvertResult) -> None:
    layer = one_layer(engine, inverted)
    first, second = (edit(engine, inverted, layers=(layer,)).picture.data for _ in range(2))
    assert first == second


def test_a_new_picture_and_its_first_edit_are_one_job(engine: Engine, inverted: InvertResult) -> None:
    change = Change(prompt="glasses", method="direction")
    request = InvertRequest(bundle="tiny", picture=make_png(), quality="draft", changes=(change,))
    both = engine.run(request, quiet, never)
    assert isinstance(both, InvertResult)
    assert both.edit == edit(engine, inverted, change)
    assert both.model_copy(update={"edit": None}) == inverted


def test_a_first_edit_that_fails_leaves_the_picture_editable(engine: Engine, inverted: InvertResult) -> None:
    no_mask = PictureData(media_type="image/png", width=1, height=1, data=b"no picture")
    impossible = Change(prompt="glasses", mask=no_mask)
    request = InvertRequest(bundle="tiny", picture=make_png(), quality="draft", changes=(impossible,))
    assert engine.run(request, quiet, never) == inverted


def test_strength_zero_is_no_edit_and_more_changes_more(engine: Engine, inverted: InvertResult) -> None:
    layer = one_layer(engine, inverted)
    original = decode(inverted.picture.data).pixels.astype(int)
    change = []
    for strength in (0.0, 0.5, 1.0, 2.0):
        pixels = decode(
            edit(engine, inverted, layers=(layer.model_copy(update={"strength": strength}),)).picture.data
        ).pixels
        change.append(float(np.abs(pixels.astype(int) - original).mean()))
    assert change[0] == 0.0
    assert change[1] < change[2] < change[3]


def test_a_delta_is_found_again_without_its_basis(engine: Engine, inverted: InvertResult) -> None:
    below = one_layer(engine, inverted, "pink hair", "mapper")
    both = edit(
        engine, inverted, Change(prompt="an open mouth", method="mapper"), layers=(below,)
    ).adjustments
    if len(both) < 2:
        pytest.skip("on these random weights the two changes are about the same thing")
    alone = edit(engine, inverted, layers=(both[1],)).adjustments[0]
    assert alone.basis != both[1].basis
    assert alone.delta.data != both[1].delta.data
    assert alone.strength == both[1].strength


def test_keep_removes_the_shared_part(engine: Engine, inverted: InvertResult) -> None:
    plain = one_layer(engine, inverted, "glasses")
    kept = edit(engine, inverted, Change(prompt="glasses", method="direction", keep=("pink hair",)))
    assert not kept.adjustments or kept.adjustments[-1].delta.data != plain.delta.data


def test_variations_differ_and_are_deterministic(engine: Engine, inverted: InvertResult) -> None:
    first, second, again = (edit(engine, inverted, seed=seed).picture.data for seed in (1, 2, 1))
    assert first == again
    assert first != second


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", make_png()[:200]]
)
def test_an_invalid_picture_is_refused(engine: Engine, data: bytes) -> None:
    with pytest.raises(BadPicture):
        engine.run(InvertRequest(bundle="tiny", picture=data), quiet, never)


def test_another_bundles_latent_is_refused(engine: Engine, inverted: InvertResult, tmp_path: Path) -> None:
    write_bundle(tmp_path / "tiny", seed=1)
    other = Engine.load([tmp_path], "cpu")
    with pytest.raises(WrongBundle):
        edit(other, inverted)


def test_a_picture_of_another_size_is_refused(engine: Engine, inverted: InvertResult) -> None:
    request = EditRequest(picture=make_png(40, 40), inversion=inverted.inversion)
    with pytest.raises(BadRequest):
        engine.run(request, quiet, never)


def test_cancel_stops_between_steps(engine: Engine) -> None:
    asked = []

    def soon() -> bool:
        asked.append(1)
        return len(asked) > 5

    with pytest.raises(Cancelled):
        engine.run(InvertRequest(bundle="tiny", picture=make_png(), quality="best"), quiet, soon)
    assert len(asked) == 6


def test_unknown_bundle(engine: Engine) -> None:
    with pytest.raises(UnknownBundle, match="tiny"):
        engine.run(InvertRequest(bundle="nobody", picture=make_png()), quiet, never)


def test_an_altered_part_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "tiny")
    path = folder / "encoder.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(BadCheckpoint, match=r"encoder\.safetensors"):
        load(folder)


def test_a_part_of_another_generator_is_refused(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "tiny", generator=write_wide())
    with pytest.raises(BadCheckpoint, match="generator"):
        load(folder)


def test_a_damaged_bundle_is_left_out(tmp_path: Path) -> None:
    write_bundle(tmp_path / "whole")
    (write_bundle(tmp_path / "torn") / "clip.safetensors").unlink()
    names = {info.name for info in Engine.load([tmp_path], "cpu").bundles()}
    assert "whole" in names
    assert "torn" not in names


def load(folder: Path) -> Bundle:
    return load_bundle(folder, "cpu")


def write_wide() -> dict[str, object]:
    from tests.tiny import CONFIG

    return CONFIG.as_dict() | {"w_dim": 32}


def test_the_wanted_gain_is_limited_by_the_models_own_pictures(engine: Engine) -> None:
    tiny, change = engine.loaded["tiny"], Change(prompt="pink hair")
    text = tiny.clip.encode_text([change.prompt])
    pictures = torch.nn.functional.normalize(
        text + torch.linspace(-1, 1, 200)[:, None] * torch.roll(text, 1, 1), dim=1
    )
    limits = dataclasses.replace(tiny.thresholds, standard_gain=1000.0)
    bundle = dataclasses.replace(
        tiny, bank=dataclasses.replace(tiny.bank, samples=pictures), thresholds=limits
    )
    logits = bundle.clip.logits(pictures, text)[:, 0]
    start = float(logits.min()) - 2000
    assert wanted_gain(bundle, change, start) == 1000  # far from the end: a whole standard step
    near = float(logits.quantile(USUAL_SHARE)) - 400
    assert wanted_gain(bundle, change, near) == pytest.approx(400, rel=1e-3)
    assert wanted_gain(bundle, change, near + 500) == LEAST_STEP * 1000  # past the end: still a little
    assert (
        wanted_gain(tiny, change, near) == tiny.thresholds.standard_gain
    )  # a bank without samples cannot tell


def test_a_render_previews_a_smaller_picture(
    engine: Engine, inverted: InvertResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = one_layer(engine, inverted)
    monkeypatch.setattr(stylegan2, "PREVIEW_SIDE", 16)  # the bundle's pictures are small as well
    shown: list[PictureData] = []

    def report(stage: str, step: int, total: int, preview: PictureData | None) -> None:
        if preview is not None:
            shown.append(preview)

    request = EditRequest(
        kind="render", picture=inverted.picture.data, inversion=inverted.inversion, adjustments=(layer,)
    )
    result = engine.run(request, report, never)
    assert [preview.width for preview in shown] == [16]
    assert isinstance(result, EditResult)
    assert result.picture == edit(engine, inverted, layers=(layer,)).picture
