"""``python -m editor train words``: the text head of the text-image model, minutes of ``editor.lab.training.clip``."""

from __future__ import annotations

from collections.abc import Sequence

from editor.lab.training import clip


def main(argv: Sequence[str] | None = None) -> int:
    """``clip`` with other defaults."""
    return clip.main(["--part", "text", "--name", "words", "--minutes", "4", *(argv or ())])
