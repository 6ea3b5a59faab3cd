"""Portraits by other avatar libraries: their options as labels, and what is kept of them."""

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

from editor.bundle.manifest import EMBEDDED
from editor.editing.engine import Engine
from editor.lab.evaluation import out_of_domain
from editor.lab.evaluation.uploads import EvaluatedBundle


@pytest.mark.parametrize(
    ("code", "names"), [("#f4d150", {"blonde"}), ("#2c1b18", {"black", "brown"}), ("#00ff00", set())]
)
def test_a_colour_has_the_names_of_near_colours(code: str, names: set[str]) -> None:
    assert out_of_domain.hair_names(code) <= names if names else not out_of_domain.hair_names(code)
    assert bool(out_of_domain.hair_names(code)) == bool(names)


def test_a_skin_has_a_tone_unless_it_is_no_skin() -> None:
    pale, dark = out_of_domain.skin_tone("#FFDBB4"), out_of_domain.skin_tone("#614335")
    assert pale is not None
    assert dark is not None
    assert pale < 0.4 < 0.7 < dark
    assert out_of_domain.skin_tone("#00ff00") is None


@pytest.mark.parametrize("name", list(out_of_domain.SOURCES))
def test_a_drawing_shows_something_and_its_seed_gives_it_again(name: str) -> None:
    first, again = (out_of_domain.SOURCES[name](np.random.default_rng(3)) for _ in range(2))
    assert first.pixels.shape == (out_of_domain.SIDE, out_of_domain.SIDE, 3)
    assert first.pixels.std() > 20
    assert np.array_equal(first.pixels, again.pixels)
    with Image.open(io.BytesIO(out_of_domain.passed_on(first.pixels, np.random.default_rng(0)))) as image:
        assert image.format == "JPEG"
        assert image.width < out_of_domain.SIDE


@pytest.mark.slow
def test_kept_labels_are_counted_for_each_library(avatars: Engine) -> None:
    found = out_of_domain.out_of_domain(
        EvaluatedBundle.of(avatars, "avatar", EMBEDDED / "avatar"), count=1, seed=1
    )
    assert set(found) == set(out_of_domain.SOURCES)
    for figures in found.values():
        assert figures["called_outside"] in (0, 1)
        assert {"glasses", "facial hair", "mean"} <= set(figures["kept"])
        assert all(0 <= share <= 1 for share in figures["kept"].values())
