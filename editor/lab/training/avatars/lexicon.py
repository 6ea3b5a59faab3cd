"""Phrases about portraits of people, with exact truth values."""

from __future__ import annotations

from collections.abc import Iterator

from editor.lab.training.avatars.appearance import CHOICES
from editor.lab.training.lexicon import Lexicon, Phrase, colour_words, is_unseen
from editor.lab.training.tables import load_table

TABLE = load_table(__file__, "wordings.toml")


def _colours(lexicon: Lexicon) -> Iterator[Phrase]:
    for name, wordings in TABLE["coloured"].items():
        for value in CHOICES[name]:
            for word in colour_words(TABLE, TABLE["colours"], name, value):
                yield from _coloured(lexicon, name, value, word, wordings)
    for value, traits in TABLE["hair_traits"].items():
        yield from lexicon.spread({"traits": traits}, (("hair_color", "is", value),))


def _coloured(
    lexicon: Lexicon, name: str, value: str, word: str, wordings: dict[str, tuple[str, ...]]
) -> Iterator[Phrase]:
    conditions, unseen = ((name, "is", value),), is_unseen(f"{name} {word}")
    templates = lexicon.templates.thing
    for index, thing in enumerate(wordings["things"]):
        text = thing.format(c=word)
        yield Phrase(text, conditions, unseen)
        yield Phrase(templates[index % len(templates)].format(x=text), conditions, unseen)
    yield from (Phrase(trait.format(c=word), conditions, unseen) for trait in wordings["traits"])


LEXICON = Lexicon.from_table(TABLE, CHOICES, _colours, carriers={"hat_color": "hat"})
