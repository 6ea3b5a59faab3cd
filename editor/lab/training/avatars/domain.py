"""The avatar domain: cartoon portraits of people."""

from __future__ import annotations

from editor.lab.training.avatars import random_styles
from editor.lab.training.avatars.appearance import Portraits
from editor.lab.training.avatars.lexicon import LEXICON, TABLE
from editor.lab.training.avatars.renderer import render
from editor.lab.training.domain import Domain

DOMAIN = Domain(
    name="avatars",
    title="Cartoon portraits",
    noun="cartoon portraits",
    portraits=Portraits,
    render=render,
    lexicon=LEXICON,
    neutral=TABLE["neutral"],
    examples=TABLE["examples"],
    small_attributes=("freckles", "blemishes", "wrinkles", "earrings", "lipstick", "moustache"),
    key_colours=("white", "dark blue"),
    unnamed_values=frozenset({"natural"}),
    render_randomised=random_styles.render,
)
