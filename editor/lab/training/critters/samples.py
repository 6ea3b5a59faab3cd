"""The bot's sample critters: ``python -m editor.lab.training.critters.samples FOLDER FIRST``. Drawn, never generated."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from editor.lab.training.critters.appearance import Critters
from editor.lab.training.critters.renderer import render

SEED, SIZE = 4242, 384
CHOSEN = (16, 39, 41)
"""Rows of the prior at SEED, picked by eye for variety."""


def main(folder: Path, first: int) -> None:
    """Write FIRST.png, FIRST+1.png, …"""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(render(Critters.sample(60, SEED)[list(CHOSEN)], SIZE), start=first):
        Image.fromarray(picture).save(folder / f"{number}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
