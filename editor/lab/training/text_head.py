"""``python -m editor train text-head``: train the text head of a bundle's text-image model."""

from __future__ import annotations

from collections.abc import Sequence

from editor.lab.training import clip
from editor.lab.training.options import parse


def main(argv: Sequence[str]) -> int:
    """Train the text head; minutes, where the image tower takes an hour."""
    return clip.train_part(
        parse(clip.parser(4, "words"), argv, "the folder that gets the weights"), "text", "words"
    )
