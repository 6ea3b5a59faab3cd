"""Inversion at its three qualities, and pivotal tuning."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from editor.api.errors import BadRequest
from editor.api.protocol import Change, EditRequest, EditResult, InvertRequest, InvertResult
from editor.bundle.bundle import Bundle
from editor.bundle.loading import load_bundle
from editor.device import gradient_descent, memory
from editor.device.memory import GB, MemoryPlan
from editor.editing.engine import Engine
from editor.imaging.decode import decode
from editor.inversion import inversion, perceptual_distance, pivotal_tuning
from editor.inversion.search import InversionSearch
from editor.networks.stylegan2 import Generator, GeneratorConfig
from tests.conftest import make_png

CPU = torch.device("cpu")
TUNED = InvertRequest(picture=make_png(), quality="best")
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
    return load_bundle(bundles / "tiny", "cpu")


@pytest.fixture
def engine(bundle: Bundle) -> Engine:
    return Engine({"tiny": bundle}, torch.device("cpu"))


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inversion, "STEPS", {"draft": 0, "standard": 4, "best": 8})
    monkeypatch.setattr(inversion, "TUNING_STEPS", 6)
    monkeypatch.setattr(gradient_descent, "SLOW_STEP", math.inf)  # one report a step on any machine


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
def test_each_quality_is_closer_and_only_best_has_a_tuning(engine: Engine) -> None:
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
def test_a_tuning_is_deterministic_and_leaves_the_generator_alone(engine: Engine, bundle: Bundle) -> None:
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
def test_a_far_picture_is_tuned_if_there_is_time(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_every_step_is_reported_with_previews(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_tuning_of_another_generator_is_refused(engine: Engine) -> None:
    start = run(engine, InvertRequest(picture=make_png(), quality="draft"))
    assert isinstance(start, InvertResult)
    other = pivotal_tuning.tune(
        InversionSearch(small(), torch.zeros(1, 3, 32, 32), torch.ones(8)), torch.zeros(SMALL.num_ws, 8), 1
    )
    for data in (b"nonsense", other):
        wrong = start.inversion.model_copy(update={"tuning": data})
        with pytest.raises(BadRequest, match="tuning"):
            run(engine, EditRequest(picture=start.picture.data, inversion=wrong))


def test_tuning_comes_closer_and_checkpoints_do_not_matter() -> None:
    generator = small()
    w = generator.mapping(torch.randn(1, 8, generator=torch.Generator().manual_seed(1)))[:, None].expand(
        -1, SMALL.num_ws, -1
    )
    image = torch.from_numpy(decode(make_png(32, 32)).pixels.copy()).permute(2, 0, 1).float() / 127.5 - 1
    made = [
        pivotal_tuning.tune(InversionSearch(generator, image[None], torch.ones(8), checkpoint), w[0], 25)
        for checkpoint in (False, True)
    ]
    assert made[0] == made[1]
    steps = pivotal_tuning.from_bytes(made[0], generator)
    assert any(name.endswith("noise") and float(value.abs().max()) > 0 for name, value in steps.items())
    styles = generator.synthesis.styles(w)
    before, after = (
        float(perceptual_distance.pixel_distance(g.synthesis(styles), image[None]))
        for g in (generator, pivotal_tuning.tuned(generator, steps))
    )
    assert after < 0.8 * before


def test_little_memory_means_checkpoints_and_smaller_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
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
        monkeypatch.setattr(memory, "available", lambda _, given=gigabytes: given * GB)
        plans.append(memory.plan_search(large, 1))
    assert plans == [MemoryPlan(1024), MemoryPlan(1024, True), MemoryPlan(256, True)]
    assert memory.plan_search(large, 1, cheap=True).resolution == 256


def test_a_reduced_target_equals_the_reduced_synthesis(bundle: Bundle) -> None:
    generator = bundle.generator
    w = generator.mapping(torch.randn(2, 16, generator=torch.Generator().manual_seed(1)))[:, None].expand(
        -1, 12, -1
    )
    drawn = generator.synthesis(generator.synthesis.styles(w))
    wanted = memory.search_target(generator, drawn, drawn, w, 64)
    torch.testing.assert_close(
        generator.synthesis(generator.synthesis.styles(w), 64), wanted, atol=1e-4, rtol=0
    )


def test_a_blurred_picture_is_perceptually_nearer_than_another(
    bundle: Bundle,
) -> None:
    rng = np.random.default_rng(0)
    one, other = (torch.from_numpy(rng.uniform(-1, 1, (1, 3, 128, 128)).astype(np.float32)) for _ in range(2))
    blurred = torch.nn.functional.avg_pool2d(one, 3, 1, 1)
    same, near, far = (
        float(perceptual_distance.perceptual_distance(bundle, one, seen))
        for seen in (one, 0.9 * one + 0.1 * blurred, other)
    )
    assert same == pytest.approx(0, abs=1e-6)
    assert same < near < far


@pytest.mark.usefixtures("few_steps")
def test_an_untuned_picture_is_not_compared_with_a_tuned_reconstruction(bundles: Path) -> None:
    """The same W+ with and without a tuning: neither may use the other's cached reconstruction."""
    tuned = run(Engine({"tiny": load_bundle(bundles / "tiny", "cpu")}, CPU), TUNED)
    assert isinstance(tuned, InvertResult)
    untuned = tuned.inversion.model_copy(update={"tuning": None})
    requests = [
        EditRequest(picture=tuned.picture.data, inversion=inversion, seed=3)
        for inversion in (tuned.inversion, untuned)
    ]
    engines = [Engine({"tiny": load_bundle(bundles / "tiny", "cpu")}, CPU) for _ in range(2)]
    alone = [run(engine, request) for engine, request in zip(engines, requests, strict=True)]
    assert [run(engines[0], request) for request in requests] == alone
    assert [run(engines[1], request) for request in reversed(requests)] == alone[::-1]


@pytest.mark.usefixtures("few_steps")
def test_a_new_picture_is_drawn_twice_and_a_known_one_not_again(bundles: Path) -> None:
    bundle = load_bundle(bundles / "tiny", "cpu")
    engine = Engine({"tiny": bundle}, CPU)
    drawn: list[int] = []

    def count(*_: object) -> None:
        if not torch.is_grad_enabled():  # searches draw with gradients
            drawn.append(1)

    bundle.generator.synthesis.register_forward_pre_hook(count)
    start = run(engine, InvertRequest(picture=make_png(), quality="standard"))
    assert isinstance(start, InvertResult)
    assert len(drawn) == 2, "once where the encoder reads it, once where the search ends"
    plain = EditRequest(picture=start.picture.data, inversion=start.inversion)
    run(engine, plain)
    assert len(drawn) == 2
    run(engine, plain.model_copy(update={"seed": 3}))
    assert len(drawn) == 3, "the edited picture alone"
