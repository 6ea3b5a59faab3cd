"""Portraits that others draw: their options as labels, and what is kept of them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)
pytest.importorskip(
    "python_avatars", reason="python-avatars is not installed: other people's portraits go untested"
)
pytest.importorskip("dicebear", reason="dicebear-core is not installed: other people's portraits go untested")

from editor.bundle import EMBEDDED
from editor.engine import Engine
from editor.evaluation import others
from editor.training import judge as judging


@pytest.mark.parametrize(
    ("code", "names"), [("#f4d150", {"blonde"}), ("#2c1b18", {"black", "brown"}), ("#00ff00", set())]
)
def test_a_colour_goes_by_the_names_that_are_near(code: str, names: set[str]) -> None:
    assert others.hair_names(code) <= names if names else not others.hair_names(code)
    assert bool(others.hair_names(code)) == bool(names)


def test_a_skin_has_a_tone_unless_it_is_no_skin() -> None:
    pale, dark = others.skin_tone("#FFDBB4"), others.skin_tone("#614335")
    assert pale is not None
    assert dark is not None
    assert pale < 0.4 < 0.7 < dark
    assert others.skin_tone("#00ff00") is None


@pytest.mark.parametrize("name", list(others.SOURCES))
def test_a_drawing_shows_something_and_its_seed_gives_it_again(name: str) -> None:
    first, again = (others.SOURCES[name](np.random.default_rng(3)) for _ in range(2))
    assert first.pixels.shape == (others.SIDE, others.SIDE, 3)
    assert first.pixels.std() > 20
    assert np.array_equal(first.pixels, again.pixels)
    with Image.open(io.BytesIO(others.passed_on(first.pixels, np.random.default_rng(0)))) as image:
        assert image.format == "JPEG"
        assert image.width < others.SIDE


@pytest.mark.slow
def test_what_is_kept_is_counted_for_each_source(avatars: Engine) -> None:
    found = others.others(avatars, "avatar", judging.load(EMBEDDED / "avatar"), count=1, seed=1)
    assert set(found) == set(others.SOURCES)
    for figures in found.values():
        assert figures["called outside"] in (0, 1)
        assert {"glasses", "facial hair", "mean"} <= set(figures["kept"])
        assert all(0 <= share <= 1 for share in figures["kept"].values())
