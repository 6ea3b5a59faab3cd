"""Selection of the bundle that knows a picture best."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from editor.api.protocol import InvertRequest, InvertResult
from editor.bundle.bundle import Bundle
from editor.bundle.loading import load_bundle
from editor.editing.engine import Engine
from editor.imaging.crop_candidates import candidate_squares
from editor.imaging.encode import png
from editor.inversion.model_selection import fit_bundle, select_bundle
from tests.tiny import write_bundle

CPU = torch.device("cpu")


def knowing_one_picture(bundle: Bundle, seed: int) -> np.ndarray:
    """Make the encoder always give the same w; return the picture that it knows, uint8 [128, 128, 3]."""
    encoder = bundle.encoder
    with torch.no_grad():
        for layer in (encoder.base, encoder.offsets):
            layer.weight.zero_()
            layer.bias.zero_()
        encoder.w_mean.copy_(
            3 * torch.randn(encoder.w_mean.shape, generator=torch.Generator().manual_seed(seed))
        )
        made = bundle.render(bundle.generator.synthesis.styles(encoder.w_mean[None]))[0]
    return ((made + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Bundle, np.ndarray]]:
    """Two bundles by name, each with the picture that it knows."""
    folder = tmp_path_factory.mktemp("two")
    found = {}
    for seed, name in enumerate(("people", "animals")):
        bundle = load_bundle(write_bundle(folder / name, seed=seed, domain=name), "cpu")
        found[name] = (bundle, knowing_one_picture(bundle, seed))
    return found


@pytest.fixture
def engine(known: dict[str, tuple[Bundle, np.ndarray]]) -> Engine:
    return Engine({name: bundle for name, (bundle, _) in known.items()}, CPU)


def invert(engine: Engine, pixels: np.ndarray, bundle: str | None = None) -> InvertResult:
    request = InvertRequest(picture=png(pixels).data, bundle=bundle, quality="draft")
    result = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, InvertResult)
    return result


@pytest.mark.parametrize("name", ["people", "animals"])
def test_the_bundle_that_knows_a_picture_is_selected(
    engine: Engine, known: dict[str, tuple[Bundle, np.ndarray]], name: str
) -> None:
    result = invert(engine, known[name][1])
    assert result.inversion.latent.bundle == name
    assert result.inversion.latent.fingerprint == known[name][0].info.fingerprint
    assert result.inversion.fidelity.psnr > 40


def test_a_named_bundle_takes_every_picture(
    engine: Engine, known: dict[str, tuple[Bundle, np.ndarray]]
) -> None:
    assert invert(engine, known["people"][1], bundle="animals").inversion.latent.bundle == "animals"


def test_a_picture_outside_all_domains_is_reported(known: dict[str, tuple[Bundle, np.ndarray]]) -> None:
    strict = {}
    for name, (bundle, _) in known.items():
        strict[name] = dataclasses.replace(
            bundle, thresholds=dataclasses.replace(bundle.thresholds, domain_psnr=30.0)
        )
    engine = Engine(strict, CPU)
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype(np.uint8)
    assert "outside-domain" in invert(engine, noise).warnings
    assert "outside-domain" not in invert(engine, known["animals"][1]).warnings


def test_the_known_square_of_a_larger_picture_is_found(known: dict[str, tuple[Bundle, np.ndarray]]) -> None:
    bundle, pixels = known["animals"]
    wide = np.concatenate([np.full((128, 96, 3), 20, np.uint8), pixels], axis=1)
    found = fit_bundle(bundle, wide, CPU)
    assert (found.geometry.center_x, found.geometry.side) == (160, 128)
    assert select_bundle([known["people"][0], bundle], wide, CPU).bundle is bundle


def test_candidate_squares_are_inside_the_picture() -> None:
    for width, height in ((128, 128), (300, 128), (128, 300)):
        squares = candidate_squares(width, height)
        assert (squares[0].center_x, squares[0].center_y, squares[0].side) == (
            width / 2,
            height / 2,
            min(width, height),
        )
        for square in squares:
            assert square.side / 2 <= square.center_x <= width - square.side / 2
            assert square.side / 2 <= square.center_y <= height - square.side / 2
