"""The bot's sample portraits: ``python -m editor.lab.training.avatars.samples FOLDER``. Drawn, never generated."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from editor.lab.training.avatars.appearance import Portraits
from editor.lab.training.avatars.renderer import render

SEED, SIZE = 4242, 512
CHOSEN = (31, 29, 45, 36, 37, 15, 14, 41, 52, 48, 55, 46)
"""Rows of the prior at SEED, picked by eye for variety."""


def main(folder: Path) -> None:
    """Write 1.png, 2.png, … without the spots that would distract a newcomer."""
    folder.mkdir(parents=True, exist_ok=True)
    portraits = Portraits.sample(60, SEED)[list(CHOSEN)].replace("blemishes", 0.0)
    for number, picture in enumerate(render(portraits, SIZE), start=1):
        Image.fromarray(picture).save(folder / f"{number}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
