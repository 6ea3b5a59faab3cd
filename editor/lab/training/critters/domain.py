"""The critter domain: cartoon cats, dogs, lions, tigers, wolves and foxes, and everything between."""

from __future__ import annotations

from editor.lab.training.critters.appearance import Critters
from editor.lab.training.critters.lexicon import LEXICON, TABLE
from editor.lab.training.critters.renderer import render
from editor.lab.training.domain import Domain

DOMAIN = Domain(
    name="critters",
    title="Cartoon animals",
    noun="cartoon animals (cats, dogs, lions, tigers, wolves, foxes)",
    portraits=Critters,
    render=render,
    lexicon=LEXICON,
    neutral=TABLE["neutral"],
    examples=TABLE["examples"],
    small_attributes=("whiskers", "spots", "stripes", "hat", "collar"),
    key_colours=("white", "dark blue"),
)
