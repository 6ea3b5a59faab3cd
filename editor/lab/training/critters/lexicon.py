"""Phrases about portraits of animals, with exact truth values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from editor.lab.training.avatars.lexicon import TABLE as AVATARS
from editor.lab.training.critters.appearance import CHOICES
from editor.lab.training.lexicon import Condition, Lexicon, Phrase, Wordings, colour_words, is_unseen
from editor.lab.training.tables import load_table

TABLE = load_table(__file__, "wordings.toml")
_COLOURED = TABLE["coloured"] | {"background_color": (AVATARS["coloured"]["background_color"],)}


def _named(lexicon: Lexicon) -> Iterator[Phrase]:
    for species, wordings in TABLE["species"].items():
        for noun in wordings["things"]:
            yield from _species(species, noun)
        yield from lexicon.spread({"traits": wordings["traits"]}, (("species", "is", species),))
    for name in ("fur_color", "eye_color", "background_color", "accessory_color"):
        for value in CHOICES[name]:
            for word in colour_words(TABLE, AVATARS["colours"], name, value):
                for wordings in _COLOURED[name]:
                    yield from _coloured(lexicon, (name, "is", value), word, wordings)


def _species(species: str, noun: str) -> Iterator[Phrase]:
    conditions, unseen, named = (("species", "is", species),), is_unseen(noun), _with_article(noun)
    for form in TABLE["species_forms"]:
        yield Phrase(form.format(x=noun, a=named), conditions, unseen)
    for other in CHOICES["species"]:
        if other != species:
            for form in TABLE["species_changes"]:
                text = form.format(other=other, a_other=_with_article(other), x=noun, a=named)
                yield Phrase(text, conditions, unseen)


def _coloured(
    lexicon: Lexicon, condition: Condition, word: str, wordings: dict[str, Any]
) -> Iterator[Phrase]:
    worn = ((wordings["worn"], "present", ""),) if "worn" in wordings else ()
    conditions, unseen = (*worn, condition), is_unseen(f"{condition[0]} {word}")
    templates = lexicon.templates.thing[1:]
    for index, thing in enumerate(wordings["things"]):
        text = thing.format(c=word)
        yield Phrase(text, conditions, unseen)
        yield Phrase(templates[index % len(templates)].format(x=text), conditions, unseen)
    yield from (Phrase(trait.format(c=word), conditions, unseen) for trait in wordings["traits"])


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _several_conditions() -> Iterator[tuple[Wordings, tuple[Condition, ...]]]:
    """Comparatives, cubs, species that have something, and other combinations."""
    yield from ((entry, entry["conditions"]) for entry in TABLE["graded"])
    for name, texts in TABLE["young"].items():
        yield {"things": texts}, (("species", "is", name), ("age", "low", ""))
    for name in TABLE["species"]:
        for entry in TABLE["with_species"]:
            texts = tuple(text.format(s=name) for text in entry["texts"])
            yield {"things": texts}, (("species", "is", name), entry["condition"])
    yield from (({"things": entry["texts"]}, entry["conditions"]) for entry in TABLE["combinations"])


LEXICON = Lexicon.from_table(
    TABLE,
    CHOICES,
    _named,
    others=tuple(_several_conditions()),
    impossible=(
        *(text for text in AVATARS["impossible"] if text not in TABLE["possible"]),
        *TABLE["impossible"],
    ),
)
"""All phrases of the domain."""
