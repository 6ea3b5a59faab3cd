"""Inversion at its three qualities, and the change of the generator that belongs to one picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from editor.api.errors import BadRequest
from editor.api.protocol import Change, EditRequest, EditResult, InvertRequest, InvertResult
from editor.bundle.bundle import EMBEDDED, Bundle
from editor.device import memory
from editor.device.memory import GB, Plan
from editor.editing.engine import Engine
from editor.imaging.decode import decode
from editor.inversion import inversion, perceptual_distance, pivotal_tuning
from editor.networks.stylegan2 import Generator, GeneratorConfig
from editor.networks.text import TextTower
from tests.conftest import make_png

SMALL = GeneratorConfig(
    resolution=32,
    z_dim=8,
    w_dim=8,
    mapping_layers=2,
    mapping_features=8,
    channel_base=256,
    channel_max=8,
    noise=True,
)


@pytest.fixture(scope="module")
def bundle(bundles: Path) -> Bundle:
    return Bundle.load(bundles / "tiny", TextTower.load(EMBEDDED / "text"), torch.device("cpu"))


@pytest.fixture
def engine(bundle: Bundle) -> Engine:
    return Engine({"tiny": bundle}, torch.device("cpu"))


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "STEPS", {"draft": 0, "standard": 4, "best": 8})
    monkeypatch.setattr(inversion, "TUNING_STEPS", 6)


def run(engine: Engine, request: InvertRequest | EditRequest) -> InvertResult | EditResult:
    return engine.run(request, lambda *_: None, lambda: False)  # type: ignore[return-value]


def small() -> Generator:
    torch.manual_seed(0)
    generator = Generator(SMALL).eval().requires_grad_(False)
    for name, value in generator.named_parameters():
        if name.endswith("noise_strength"):
            value.fill_(0.1)
    return generator


@pytest.mark.usefixtures("few_steps")
def test_each_quality_comes_closer_and_only_the_best_keeps_a_tuning(engine: Engine) -> None:
    found = [
        run(engine, InvertRequest(picture=make_png(), quality=quality))
        for quality in ("draft", "standard", "best")
    ]
    psnr = [one.inversion.fidelity.psnr for one in found]  # type: ignore[union-attr]
    assert psnr == sorted(psnr)
    assert len(set(psnr)) == 3
    kept = [one.inversion.tuning for one in found]  # type: ignore[union-attr]
    assert kept[:2] == [None, None]
    assert kept[2] is not None
    assert len(kept[2]) < 200_000
    assert [one.inversion.fidelity.quality for one in found] == ["draft", "standard", "best"]  # type: ignore[union-attr]


@pytest.mark.usefixtures("few_steps")
def test_a_tuned_picture_renders_the_same_again_and_leaves_the_generator_alone(
    engine: Engine, bundle: Bundle
) -> None:
    before = {name: value.clone() for name, value in bundle.generator.state_dict().items()}
    start = run(engine, InvertRequest(picture=make_png(), quality="best"))
    assert isinstance(start, InvertResult)
    request = EditRequest(
        picture=start.picture.data, inversion=start.inversion, changes=(Change(prompt="glasses"),), seed=3
    )
    first = run(engine, request)
    fresh = run(Engine({"tiny": bundle}, torch.device("cpu")), request)
    assert first == fresh
    untuned = run(
        engine, request.model_copy(update={"inversion": start.inversion.model_copy(update={"tuning": None})})
    )
    assert untuned.picture.data != first.picture.data
    assert all(torch.equal(value, before[name]) for name, value in bundle.generator.state_dict().items())


@pytest.mark.usefixtures("few_steps")
def test_what_is_far_away_goes_on_where_there_is_time(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quality(**more: object) -> str:
        result = run(engine, InvertRequest(picture=make_png(), **more))  # type: ignore[arg-type]
        assert isinstance(result, InvertResult)
        return result.inversion.fidelity.quality

    assert quality(seconds=1000.0) == "best"
    assert quality() == "standard"
    assert quality(seconds=1e-6) == "standard"
    assert quality(seconds=1e-6, quality="best") == "standard"
    monkeypatch.setattr(inversion, "FAR", 100.0)
    assert quality(seconds=1000.0) == "standard"


@pytest.mark.usefixtures("few_steps")
def test_steps_are_heard_of_with_previews(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("editor.editing.engine.PREVIEW_SECONDS", 0.0)
    heard: list[tuple[str, int, bool]] = []

    def report(stage: str, step: int, total: int, preview: object) -> None:
        heard.append((stage, step, preview is not None))

    engine.run(InvertRequest(picture=make_png(), quality="best"), report, lambda: False)
    assert [(stage, step) for stage, step, _ in heard if stage in ("refine", "tune")] == [
        *(("refine", step) for step in range(1, 9)),
        *(("tune", step) for step in range(1, 7)),
    ]
    assert any(preview for stage, _, preview in heard if stage == "tune")


def test_a_tuning_is_refused_where_it_does_not_belong(engine: Engine) -> None:
    start = run(engine, InvertRequest(picture=make_png(), quality="draft"))
    assert isinstance(start, InvertResult)
    other = pivotal_tuning.tune(small(), torch.zeros(3, 32, 32), torch.zeros(SMALL.num_ws, 8), 1)
    for data in (b"nonsense", other):
        wrong = start.inversion.model_copy(update={"tuning": data})
        with pytest.raises(BadRequest, match="tuning"):
            run(engine, EditRequest(picture=start.picture.data, inversion=wrong))


def test_tuning_reaches_what_the_generator_cannot_draw_with_noise_and_through_checkpoints_alike() -> None:
    generator = small()
    w = generator.mapping(torch.randn(1, 8, generator=torch.Generator().manual_seed(1)))[:, None].expand(
        -1, SMALL.num_ws, -1
    )
    image = torch.from_numpy(decode(make_png(32, 32)).pixels.copy()).permute(2, 0, 1).float() / 127.5 - 1
    made = [
        pivotal_tuning.tune(generator, image, w[0], 25, plan=Plan(32, checkpoint))
        for checkpoint in (False, True)
    ]
    assert made[0] == made[1]
    steps = pivotal_tuning.from_bytes(made[0], generator)
    assert any(name.endswith("noise") and float(value.abs().max()) > 0 for name, value in steps.items())
    styles = generator.synthesis.styles(w)
    before, after = (
        float(perceptual_distance.distance(g.synthesis(styles), image[None]))
        for g in (generator, pivotal_tuning.tuned(generator, steps))
    )
    assert after < 0.8 * before


def test_a_smaller_picture_is_searched_at_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    large = Generator(
        GeneratorConfig(
            resolution=1024,
            z_dim=4,
            w_dim=4,
            mapping_layers=1,
            mapping_features=4,
            channel_base=4096,
            channel_max=16,
        )
    )
    plans = []
    for gigabytes in (100.0, 0.3, 0.001):
        monkeypatch.setattr(memory, "room", lambda _, given=gigabytes: given * GB)
        plans.append(memory.plan(large, 1))
    assert plans == [Plan(1024), Plan(1024, True), Plan(256, True)]
    assert memory.plan(large, 1, cheap=True).resolution == 256


def test_a_smaller_picture_asks_for_what_the_large_one_would(bundle: Bundle) -> None:
    generator = bundle.generator
    w = generator.mapping(torch.randn(2, 16, generator=torch.Generator().manual_seed(1)))[:, None].expand(
        -1, 12, -1
    )
    drawn = generator.synthesis(generator.synthesis.styles(w))
    wanted = memory.target(generator, drawn, w, 64)
    torch.testing.assert_close(
        generator.synthesis(generator.synthesis.styles(w), 64), wanted, atol=1e-4, rtol=0
    )


def test_seen_by_the_image_tower_a_picture_is_nearer_to_its_blurred_self_than_to_another(
    bundle: Bundle,
) -> None:
    rng = np.random.default_rng(0)
    one, other = (torch.from_numpy(rng.uniform(-1, 1, (1, 3, 128, 128)).astype(np.float32)) for _ in range(2))
    blurred = torch.nn.functional.avg_pool2d(one, 3, 1, 1)
    same, near, far = (
        float(perceptual_distance.perceptual(bundle, one, seen))
        for seen in (one, 0.9 * one + 0.1 * blurred, other)
    )
    assert same == pytest.approx(0, abs=1e-6)
    assert same < near < far
