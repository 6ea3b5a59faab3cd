"""Phrases about critters, with exact truth."""

from __future__ import annotations

from collections.abc import Iterator

from editor.lab.training.critters import wordings
from editor.lab.training.critters.palettes import CHOICES, PALETTES
from editor.lab.training.lexicon import Lexicon, Phrase, Templates, colour_names, is_unseen

TEMPLATES = Templates(
    thing=(
        "{x}",
        "an animal with {x}",
        "a face with {x}",
        "a pet with {x}",
        "a portrait of an animal with {x}",
        "with {x}",
        "it has {x}",
        "having {x}",
    ),
    trait=(
        "{x}",
        "an animal that is {x}",
        "a critter that looks {x}",
        "the animal is {x}",
        "looking {x}",
        "a portrait of a {x} animal",
    ),
    negated=(
        "no {x}",
        "without {x}",
        "an animal without {x}",
        "a face with no {x}",
        "lacking {x}",
        "not having {x}",
    ),
)

_BASE_WORDS = (
    "black",
    "white",
    "grey",
    "gray",
    "brown",
    "red",
    "orange",
    "yellow",
    "gold",
    "tan",
    "green",
    "teal",
    "blue",
    "purple",
    "pink",
    "peach",
    "violet",
    "navy",
    "dark",
    "pale",
    "bland",
)
_OWN_WORDS = {"fur_color": wordings.FUR_COLOURS, "eye_color": wordings.EYE_COLOURS}


def _named(lexicon: Lexicon) -> Iterator[Phrase]:
    for species, (things, traits) in wordings.SPECIES.items():
        yield from _species(species, things)
        yield from lexicon.spread({"traits": traits}, (("species", "is", species),))
    for name, forms in wordings.COLOURED.items():
        for value in CHOICES[name]:
            for word in _words(name, value):
                for worn, things, traits in forms:
                    worn_too = ((worn, "present", ""),) if worn else ()
                    yield from _coloured((*worn_too, (name, "is", value)), name, word, things, traits)


def _species(species: str, nouns: tuple[str, ...]) -> Iterator[Phrase]:
    for noun in nouns:
        unseen = is_unseen(noun)
        for form in wordings.SPECIES_FORMS:
            yield Phrase(form.format(x=noun, a=_with_article(noun)), (("species", "is", species),), unseen)
        for other in CHOICES["species"]:
            if other != species:
                for form in wordings.CHANGES:
                    text = form.format(
                        other=other, a_other=_with_article(other), x=noun, a=_with_article(noun)
                    )
                    yield Phrase(text, (("species", "is", species),), unseen)


def _words(name: str, value: str) -> tuple[str, ...]:
    own = _OWN_WORDS.get(name, wordings.COLOURS).get(value, ())
    found = colour_names(PALETTES[name], CHOICES[name], _BASE_WORDS).get(value, ())
    return (*own, *(word for word in found if word not in own))


def _coloured(
    conditions: tuple[tuple[str, str, str], ...],
    name: str,
    word: str,
    things: tuple[str, ...],
    traits: tuple[str, ...],
) -> Iterator[Phrase]:
    unseen = is_unseen(f"{name} {word}")
    for index, thing in enumerate(things):
        form = thing.format(c=word)
        yield Phrase(form, conditions, unseen)
        yield Phrase(
            TEMPLATES.thing[1 + index % (len(TEMPLATES.thing) - 1)].format(x=form), conditions, unseen
        )
    yield from (Phrase(trait.format(c=word), conditions, unseen) for trait in traits)


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


LEXICON = Lexicon(
    templates=TEMPLATES,
    choices=CHOICES,
    amounts=wordings.AMOUNTS,
    scales=wordings.SCALES,
    named=_named,
    others=(
        *wordings.GRADED,
        *(({"things": texts}, conditions) for texts, conditions in wordings.combinations()),
    ),
    neutral=wordings.NEUTRAL,
    impossible=wordings.IMPOSSIBLE,
)
"""All phrases of the domain."""
