"""The sample pictures that come with the bot."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def numbers() -> list[int]:
    """Numbers of the samples, in order."""
    return sorted(int(path.stem) for path in FOLDER.glob("*.png") if path.stem.isdigit())


def path_of(number: int) -> Path:
    """The file of one sample. Raises KeyError for a number that there is not."""
    if number not in numbers():
        raise KeyError(number)
    return FOLDER / f"{number}.png"
