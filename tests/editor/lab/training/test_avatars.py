"""The avatar domain: reproducible, smooth, and labelled correctly."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip(
    "skia", reason="no drawing library here: the drawn domain goes untested", exc_type=ImportError
)

from editor.lab.training import data
from editor.lab.training.avatars.appearance import AMOUNTS, CHOICES, SCALES, Portraits
from editor.lab.training.avatars.lexicon import LEXICON
from editor.lab.training.avatars.renderer import render


@pytest.fixture(scope="module")
def portraits() -> Portraits:
    return Portraits.sample(24, seed=5)


def test_a_seed_gives_the_same_portraits_at_any_size(portraits: Portraits) -> None:
    again = Portraits.sample(24, seed=5)
    assert np.array_equal(render(portraits, 64), render(again, 64))
    small, large = render(portraits, 64).astype(float), render(portraits, 128).astype(float)
    shrunk = large.reshape(24, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    assert np.abs(shrunk - small).mean() < 4, "the same picture, only sharper"


@pytest.mark.parametrize("name", [*SCALES, *AMOUNTS])
def test_a_small_change_of_an_attribute_is_a_small_change_of_the_picture(
    portraits: Portraits, name: str
) -> None:
    for level in (0.1, 0.5, 0.9):
        a, b = (render(portraits.replace(name, level + step), 64).astype(float) for step in (0.0, 0.01))
        assert np.abs(a - b).mean() < 1.5


@pytest.mark.parametrize(
    "name", [name for name in (*SCALES, *AMOUNTS) if name not in ("sunglasses", "beanie")]
)
def test_every_attribute_can_be_seen(portraits: Portraits, name: str) -> None:
    low, high = portraits.replace(name, 0.0), portraits.replace(name, 1.0)
    different = np.abs(render(low, 128).astype(float) - render(high, 128)).max(axis=(1, 2, 3))
    visible = low.labels().visible[name] & high.labels().visible[name]
    assert visible.any()
    assert (different[visible] > 25).mean() > 0.9


def test_labels_follow_what_is_set(portraits: Portraits) -> None:
    for name, values in CHOICES.items():
        for number, value in enumerate(values):
            assert set(portraits.replace(name, value).labels().choices[name]) == {number}
    bald = portraits.replace("baldness", 1.0).labels()
    assert not bald.visible["hair_color"].any()
    assert (portraits.replace("sunglasses", 1.0).labels().raw_amounts["glasses"] == 1).all()


def test_phrases_are_true_exactly_where_the_labels_say(portraits: Portraits) -> None:
    phrases = [
        phrase
        for phrase in LEXICON.phrases
        if phrase.text in ("glasses", "no glasses", "pink hair", "a face", "wings")
    ]
    pink = (
        portraits.replace("hair_color", "pink")
        .replace("baldness", 0.0)
        .replace("hat", 0.0)
        .replace("glasses", 1.0)
    )
    truth = {
        phrase.text: column
        for phrase, column in zip(phrases, LEXICON.truth(phrases, pink.labels()).T, strict=True)
    }
    expected = {"glasses": 1, "no glasses": 0, "pink hair": 1, "a face": 1, "wings": 0}
    assert {text: set(column) for text, column in truth.items()} == {
        text: {value} for text, value in expected.items()
    }


def test_wordings_are_many_and_some_are_kept_apart() -> None:
    phrases = LEXICON.phrases
    unseen = [phrase for phrase in phrases if phrase.unseen]
    assert len(phrases) > 15_000
    assert 0.08 < len(unseen) / len(phrases) < 0.25
    assert len({phrase.text for phrase in phrases}) == len(phrases)


def test_damage_keeps_shape_and_range(portraits: Portraits) -> None:
    images, rng = data.pictures_of(portraits, 64), np.random.default_rng(0)
    damaged = data.jitter_colour(
        data.soften(data.noise(data.move(images, rng, 0.1, 0.1), rng, 0.1), rng, 0.5), rng, 0.1
    )
    assert damaged.shape == images.shape
    assert float(damaged.abs().max()) <= 1.0
    assert float(data.psnr(images, images).min()) > 90


def test_a_share_of_drawings_is_compressed_and_the_rest_left_alone(portraits: Portraits) -> None:
    drawn = data.drawings_of(portraits, 64)
    found = data.compress(drawn, np.random.default_rng(0), share=0.5)
    same = (found == drawn).flatten(1).all(1)
    assert found.dtype == drawn.dtype
    assert 0 < int(same.sum()) < len(drawn)
    assert float(data.psnr(data.as_images(found), data.as_images(drawn)).min()) > 18
