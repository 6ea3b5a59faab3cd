"""Portraits in random styles: reproducible, different from ours, and still what their labels say."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip(
    "skia", reason="no drawing library here: the drawn domain goes untested", exc_type=ImportError
)

from editor.lab.training import encoder
from editor.lab.training.avatars import random_styles
from editor.lab.training.avatars.appearance import Portraits
from editor.lab.training.avatars.renderer import render

SHOWN = (
    "glasses",
    "sunglasses",
    "moustache",
    "beard",
    "baldness",
    "mohawk",
    "hat",
    "earrings",
    "fringe",
    "skin_tone",
    "hair_length",
)


@pytest.fixture(scope="module")
def portraits() -> Portraits:
    return Portraits.sample(24, seed=5)


def _drawn(portraits: Portraits, seed: int = 3) -> np.ndarray:
    return random_styles.render(portraits, 128, np.random.default_rng(seed)).astype(float)


def test_a_seed_gives_the_same_pictures_and_another_seed_other_ones(portraits: Portraits) -> None:
    assert np.array_equal(_drawn(portraits), _drawn(portraits))
    assert np.abs(_drawn(portraits) - _drawn(portraits, seed=4)).mean() > 10


def test_random_styles_differ_clearly_from_ours(portraits: Portraits) -> None:
    assert np.abs(_drawn(portraits) - render(portraits, 128)).mean(axis=(1, 2, 3)).min() > 5


@pytest.mark.parametrize("name", SHOWN)
def test_every_style_shows_what_the_labels_say(portraits: Portraits, name: str) -> None:
    low, high = portraits.replace(name, 0.0), portraits.replace(name, 1.0)
    seen = low.labels().visible[name] & high.labels().visible[name]
    seen &= seen if name in ("hat", "sunglasses") else low.labels().raw_amounts["hat"] < 0.1
    assert seen.any()
    one_style = [[_drawn(p[[row]], seed=row)[0] for row in np.flatnonzero(seen)] for p in (low, high)]
    different = [np.abs(a - b).max() for a, b in zip(*one_style, strict=True)]
    assert np.mean(np.array(different) > 25) > 0.9


def test_a_batch_for_the_encoder_ends_with_drawings_in_random_styles() -> None:
    drawings = encoder.draw(np.random.default_rng(8), "avatars", 16)
    assert (drawings.randomised, len(drawings.drawn), len(drawings.physical)) == (6, 16, 16)
    assert encoder.draw(np.random.default_rng(8), "critters", 16).randomised == 0


def test_half_of_the_random_styles_have_a_white_background_and_description() -> None:
    drawings = encoder.draw(np.random.default_rng(8), "avatars", 32)
    white = Portraits.sample(1, 0).replace("background_color", "white").colours()["background_color"][0]
    start = Portraits.sample(1, 0).physical().shape[1] - sum(
        v.shape[1] for v in Portraits.sample(1, 0).colours().values()
    )
    names = list(Portraits.sample(1, 0).colours())
    column = start + 3 * names.index("background_color")
    described = drawings.physical[-6:, column : column + 3].numpy()
    assert np.abs(described - white).max() < 1e-5
    assert drawings.drawn[-6:, 2, 2].numpy().min() > 225
