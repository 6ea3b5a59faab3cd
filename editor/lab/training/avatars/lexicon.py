"""Phrases about portraits of people, with exact truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np

from editor.lab.training.avatars import wordings
from editor.lab.training.avatars.palettes import CHOICES, PALETTES
from editor.lab.training.lexicon import (
    AMBIGUOUS,
    FALSE,
    TRUE,
    Condition,
    Lexicon,
    Phrase,
    Templates,
    colour_names,
    is_unseen,
)
from editor.lab.training.portraits import Labels

TEMPLATES = Templates(
    thing=(
        "{x}",
        "a person with {x}",
        "a face with {x}",
        "someone with {x}",
        "a portrait of a person with {x}",
        "with {x}",
        "they have {x}",
        "having {x}",
    ),
    trait=(
        "{x}",
        "a person who is {x}",
        "somebody who looks {x}",
        "the person is {x}",
        "looking {x}",
        "a portrait of someone {x}",
    ),
    negated=(
        "no {x}",
        "without {x}",
        "a person without {x}",
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


@cache
def xkcd_names(choice: str) -> dict[str, tuple[str, ...]]:
    """Colour names of the XKCD survey that are clearly one of a choice's values."""
    return colour_names(PALETTES[choice], CHOICES[choice], _BASE_WORDS)


def _colours(lexicon: Lexicon) -> Iterator[Phrase]:
    special = {
        "hair_color": wordings.HAIR_COLOURS,
        "eye_color": wordings.EYE_COLOURS,
        "lip_color": wordings.LIP_COLOURS,
    }
    for name, (things, traits) in wordings.COLOURED.items():
        for value in CHOICES[name]:
            words = list(special.get(name, wordings.COLOURS).get(value, ()))
            words += [word for word in xkcd_names(name).get(value, ()) if word not in words]
            for word in words:
                unseen = is_unseen(f"{name} {word}")
                forms = [thing.format(c=word) for thing in things]
                for index, form in enumerate(forms):
                    template = TEMPLATES.thing[index % len(TEMPLATES.thing)]
                    yield Phrase(form, ((name, "is", value),), unseen)
                    yield Phrase(template.format(x=form), ((name, "is", value),), unseen)
                yield from (Phrase(trait.format(c=word), ((name, "is", value),), unseen) for trait in traits)
    for value, traits in wordings.HAIR_TRAITS.items():
        yield from lexicon.spread({"traits": traits}, (("hair_color", "is", value),))


LEXICON = Lexicon(
    templates=TEMPLATES,
    choices=CHOICES,
    amounts=wordings.AMOUNTS,
    scales=wordings.SCALES,
    named=_colours,
    others=(
        *wordings.GRADED,
        *(({"things": texts}, conditions) for texts, conditions in wordings.COMBINATIONS),
    ),
    neutral=wordings.NEUTRAL,
    impossible=wordings.IMPOSSIBLE,
    carriers={"hat_color": "hat"},
)


def phrases() -> tuple[Phrase, ...]:
    """Every phrase once, in a fixed order."""
    return LEXICON.phrases


def truth(chosen: Sequence[Phrase], labels: Labels) -> np.ndarray:
    """int8 [N portraits, M phrases]: 1 true, 0 false, -1 ambiguous or unseen."""
    return LEXICON.truth(chosen, labels)


__all__ = ["AMBIGUOUS", "FALSE", "LEXICON", "TRUE", "Condition", "Phrase", "phrases", "truth", "xkcd_names"]
