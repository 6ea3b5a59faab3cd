"""The critter domain: continuous species, correct labels, true phrases, and a picture for every attribute."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

pytest.importorskip(
    "skia", reason="no drawing library here: the drawn domain goes untested", exc_type=ImportError
)

from editor.lab.training import counterfactual, domains
from editor.lab.training.critters.appearance import AMOUNTS, CHOICES, INDEX, SCALES, SPECIES, Critters
from editor.lab.training.critters.renderer import render

DOMAIN = domains.named("critters")


@pytest.fixture(scope="module")
def critters() -> Critters:
    return Critters.sample(24, seed=5)


def plain(species: str) -> Critters:
    """One critter without anything that a species brings or that could hide it."""
    found = Critters.sample(1, seed=8)
    for name in AMOUNTS:
        found = found.replace(name, 0.0)
    return found.replace("species", species)


def between(one: Critters, other: Critters, share: float) -> Critters:
    weights = {name: (1 - share) * blend + share * other.weights[name] for name, blend in one.weights.items()}
    return Critters((1 - share) * one.scalars + share * other.scalars, weights)


def test_a_seed_gives_the_same_critters_at_any_size(critters: Critters) -> None:
    assert np.array_equal(render(critters, 64), render(Critters.sample(24, seed=5), 64))
    small, large = render(critters, 64).astype(float), render(critters, 128).astype(float)
    shrunk = large.reshape(24, 64, 2, 64, 2, 3).mean(axis=(2, 4))
    assert np.abs(shrunk - small).mean() < 5, "the same picture, only sharper"


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(SPECIES, 2)))
def test_from_one_species_to_another_is_a_smooth_path(one: str, other: str) -> None:
    ends = plain(one), plain(other)
    path = [render(between(*ends, share), 64).astype(float) for share in np.linspace(0, 1, 41)]
    whole = np.abs(path[-1] - path[0]).mean()
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(path)]
    assert whole > 4, "the two do not look alike"
    assert max(steps) < 0.2 * whole, "no step jumps"


@pytest.mark.parametrize("name", [*SCALES, *AMOUNTS])
def test_a_small_change_of_an_attribute_is_a_small_change_of_the_picture(
    critters: Critters, name: str
) -> None:
    for level in (0.1, 0.5, 0.9):
        a, b = (render(critters.replace(name, level + step), 64).astype(float) for step in (0.0, 0.01))
        assert np.abs(a - b).mean() < 1.5


@pytest.mark.parametrize("name", [*SCALES, *AMOUNTS])
def test_every_attribute_can_be_seen(critters: Critters, name: str) -> None:
    low, high = critters.replace(name, 0.0), critters.replace(name, 1.0)
    different = np.abs(render(low, 128).astype(float) - render(high, 128)).max(axis=(1, 2, 3))
    assert (different > 25).mean() > 0.9


def test_labels_follow_what_is_set(critters: Critters) -> None:
    for name, values in CHOICES.items():
        for number, value in enumerate(values):
            assert set(critters.replace(name, value).labels().choices[name]) == {number}
    assert critters.replace("accessory_color", "red").labels().visible["accessory_color"].all()
    spotted = critters.replace("stripes", 1.0).replace("spots", 1.0).labels()
    assert (spotted.raw_amounts["stripes"] == 0).all(), "spots take the stripes' place"


def test_a_species_brings_what_belongs_to_it(critters: Critters) -> None:
    lion, tiger = critters.replace("species", "lion").labels(), critters.replace("species", "tiger").labels()
    assert (lion.raw_amounts["mane"] == 1).all()
    assert (lion.raw_amounts["stripes"] == 0).all()
    assert (tiger.raw_amounts["stripes"] == 1).all()
    assert (tiger.raw_amounts["mane"] == 0).all()
    natural = critters.replace("fur_color", "grey").replace("species", "tiger").labels().choices["fur_color"]
    fancy = critters.replace("fur_color", "pink").replace("species", "tiger").labels().choices["fur_color"]
    assert set(natural) == {CHOICES["fur_color"].index("orange")}
    assert set(fancy) == {CHOICES["fur_color"].index("pink")}, "no species takes pink fur away"


def test_every_species_and_every_attribute_is_common_enough() -> None:
    labels = Critters.sample(4000, seed=3).labels()
    for number in range(len(SPECIES)):
        assert (labels.choices["species"] == number).mean() > 0.09
    for name, level in labels.raw_amounts.items():
        assert 0.08 < (level > 0.65).mean() < 0.85, name
    for number, colour in enumerate(CHOICES["fur_color"]):
        assert (labels.choices["fur_color"] == number).mean() > 0.03, colour


def test_phrases_are_true_exactly_where_the_labels_say(critters: Critters) -> None:
    wanted = {
        "a lion": 0,
        "tiger": 1,
        "lion into tiger": 1,
        "stripes": 1,
        "no stripes": 0,
        "an animal": 1,
        "a spaceship": 0,
        "cute tiger": 1,
    }
    phrases = [phrase for phrase in DOMAIN.lexicon.phrases if phrase.text in wanted]
    tigers = critters.replace("species", "tiger").replace("cuteness", 1.0)
    truth = DOMAIN.lexicon.truth(phrases, tigers.labels())
    assert {phrase.text: set(column) for phrase, column in zip(phrases, truth.T, strict=True)} == {
        k: {v} for k, v in wanted.items()
    }


def test_wordings_are_many_and_some_are_kept_apart() -> None:
    phrases = DOMAIN.lexicon.phrases
    assert len(phrases) > 15_000
    assert 0.08 < sum(phrase.unseen for phrase in phrases) / len(phrases) < 0.25
    for species in SPECIES:
        assert not next(phrase for phrase in phrases if phrase.text == f"a {species}").unseen


def test_every_pole_can_be_reached_and_said(critters: Critters) -> None:
    said = {phrase.conditions[0] for phrase in DOMAIN.lexicon.phrases if len(phrase.conditions) == 1}
    for pole in DOMAIN.poles:
        there = counterfactual.moved(critters, pole)
        assert len(there) == len(critters)
        assert DOMAIN.condition(pole) in said
        if pole.value is None and pole.attribute in SCALES:
            level = there.scalars[:, INDEX[pole.attribute]]
            assert (level >= 0.85).all() if pole.high else (level <= 0.15).all()
