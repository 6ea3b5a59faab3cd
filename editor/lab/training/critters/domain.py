"""The critter domain: cartoon cats, dogs, lions, tigers, wolves and foxes, and everything between."""

from __future__ import annotations

from editor.lab.training.critters.appearance import Critters
from editor.lab.training.critters.lexicon import LEXICON
from editor.lab.training.critters.renderer import render
from editor.lab.training.domain import Domain

EXAMPLES = (
    "a lion",
    "cute",
    "a wolf",
    "stripes",
    "smiling",
    "a cat",
    "floppy ears",
    "blue eyes",
    "a tiger",
    "spots",
    "an open mouth",
    "glasses",
    "a fox",
    "black fur",
    "a mane",
    "older",
    "a bow tie",
    "big eyes",
    "a dog",
    "fluffy",
    "a party hat",
    "angry",
    "pink fur",
    "a red collar",
)
"""Wishes shown to newcomers; chosen by hand for variety."""

DOMAIN = Domain(
    name="critters",
    title="Cartoon animals",
    noun="cartoon animals (cats, dogs, lions, tigers, wolves, foxes)",
    portraits=Critters,
    render=render,
    lexicon=LEXICON,
    neutral=tuple(LEXICON.neutral),
    examples=EXAMPLES,
    small=("whiskers", "spots", "stripes", "hat", "collar"),
    backdrops=("white", "dark blue"),
)
