"""Draw the bot's sample pictures: ``python -m editor.lab.training.samples DOMAIN FOLDER FIRST``."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from editor.lab.training import domains

SEED = 4242
CHOSEN = {
    "avatars": (512, (31, 29, 45, 36, 37, 15, 14, 41, 52, 48, 55, 46)),
    "critters": (384, (16, 39, 41)),
}
"""Pixels, and rows of the prior at SEED, chosen by eye for variety."""


def main(name: str, folder: Path, first: int) -> None:
    """Write FIRST.png, FIRST+1.png, ... without distracting blemishes."""
    folder.mkdir(parents=True, exist_ok=True)
    domain, (size, rows) = domains.named(name), CHOSEN[name]
    portraits = domain.portraits.sample(60, SEED)[list(rows)]
    if "blemishes" in portraits.AMOUNTS:
        portraits = portraits.replace("blemishes", 0.0)
    for number, picture in enumerate(domain.render(portraits, size), start=first):
        Image.fromarray(picture).save(folder / f"{number}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
