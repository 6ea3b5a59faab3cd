"""The data tables of the drawn domains have the shape that the code expects."""

from __future__ import annotations

from typing import Any

import pytest

from editor.lab.training import domains, tables
from editor.lab.training.avatars import appearance as avatars
from editor.lab.training.avatars import lexicon as avatar_lexicon
from editor.lab.training.critters import appearance as critters
from editor.lab.training.critters import lexicon as critter_lexicon

DOMAINS = {"avatars": (avatars, avatar_lexicon), "critters": (critters, critter_lexicon)}


@pytest.fixture(params=domains.NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def _words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [word for part in parts for word in _words(part)]


def test_wordings_cover_every_attribute_at_both_ends(name: str) -> None:
    appearance, lexicon = DOMAINS[name]
    assert set(lexicon.TABLE["amounts"]) == set(appearance.AMOUNTS)
    assert set(lexicon.TABLE["scales"]) == set(appearance.SCALES)
    for kind, ends in (("amounts", {"present", "absent"}), ("scales", {"high", "low"})):
        for attribute, wordings in lexicon.TABLE[kind].items():
            assert set(wordings) == ends, attribute
            assert all(
                set(words) <= {"things", "traits"} and any(words.values()) for words in wordings.values()
            )


def test_every_text_is_trimmed_and_lower_case(name: str) -> None:
    table = DOMAINS[name][1].TABLE
    for text in _words({key: value for key, value in table.items() if key != "templates"}):
        assert text == text.strip()
        assert text == text.lower()


def test_conditions_name_attributes_and_values_that_exist(name: str) -> None:
    appearance, lexicon = DOMAINS[name]
    for phrase in lexicon.LEXICON.phrases:
        for attribute, kind, value in phrase.conditions:
            if kind == "is":
                assert value in appearance.CHOICES[attribute]
            elif kind in ("present", "absent"):
                assert attribute in appearance.AMOUNTS
            elif kind in ("high", "low"):
                assert attribute in appearance.SCALES
            else:
                assert (attribute, value) == ("", "")


def test_numbers_are_in_range_and_complete(name: str) -> None:
    appearance, _ = DOMAINS[name]
    table = tables.load_table(appearance.__file__, "appearance.toml")
    assert set(table["frequency"]) == set(appearance.AMOUNTS)
    assert all(0 < share < 1 for share in table["frequency"].values())
    for palette in appearance.PALETTES.values():
        assert palette.shape[1] == 3
        assert palette.min() >= 0
        assert palette.max() <= 1


def test_every_species_has_every_shape_and_pull() -> None:
    table = tables.load_table(critters.__file__, "appearance.toml")
    for rows in (table["shapes"], table["pull"], table["fur_pull"]):
        assert all(len(row) == len(critters.SPECIES) for row in rows.values())
    assert set(table["brings"]) == set(critters.SPECIES) == set(critter_lexicon.TABLE["species"])
