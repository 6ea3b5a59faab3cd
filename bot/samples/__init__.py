"""The sample pictures that come with the bot, numbered from 1."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def numbers() -> list[int]:
    """Return the numbers of all samples in ascending order."""
    return sorted(int(path.stem) for path in FOLDER.glob("*.png") if path.stem.isdigit())


def path_of(number: int) -> Path:
    """Return the file of a sample. Raises KeyError if there is no sample with this number."""
    if number not in numbers():
        raise KeyError(number)
    return FOLDER / f"{number}.png"
