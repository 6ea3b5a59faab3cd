"""The avatar domain: cartoon portraits of people."""

from __future__ import annotations

from editor.lab.training.avatars import hands
from editor.lab.training.avatars.appearance import Portraits
from editor.lab.training.avatars.lexicon import LEXICON
from editor.lab.training.avatars.renderer import render
from editor.lab.training.domain import Domain

EXAMPLES = (
    "pink hair",
    "smiling",
    "glasses",
    "a beard",
    "older",
    "cute",
    "a mohawk",
    "a green background",
    "blushing",
    "no glasses",
    "blue eyes",
    "long hair",
    "a hat",
    "sunglasses",
    "curly hair",
    "red lipstick",
    "an open mouth",
    "angry",
    "younger",
    "earrings",
)
"""Wishes shown to newcomers; chosen by hand for variety."""

DOMAIN = Domain(
    name="avatars",
    title="Cartoon portraits",
    noun="cartoon portraits",
    portraits=Portraits,
    render=render,
    lexicon=LEXICON,
    neutral=tuple(LEXICON.neutral),
    examples=EXAMPLES,
    small=("freckles", "blemishes", "wrinkles", "earrings", "lipstick", "moustache"),
    backdrops=("white", "dark blue"),
    unsaid=frozenset({"natural"}),
    by_others=hands.render,
)
