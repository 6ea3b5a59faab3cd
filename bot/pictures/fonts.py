"""Fonts and line breaking for captions.

Latin letters use Pillow's own font. Chinese characters use a font of the system, since such a font has ten
megabytes and does not come with the bot. Characters that no available font has are left out; no empty box is
ever drawn for them.
"""

from __future__ import annotations

import sys
import tomllib
import unicodedata
from functools import lru_cache
from pathlib import Path

import regex
from PIL import ImageFont

Font = ImageFont.FreeTypeFont
Run = tuple[str, Font]
"""A piece of text and the font that has all its characters."""

_SETTINGS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_NONCHARACTER = "\U0010fffe"
"""A code point that no font has."""
_WORD = regex.compile(r"\p{Han} ?|(?:(?!\p{Han})\S)+ ?")
"""Lines may be broken after a space, and before and after a Chinese character."""


@lru_cache(64)
def latin(size: int) -> Font:
    """Return Pillow's built-in font at ``size`` pixels."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType")
    return font


@lru_cache(64)
def han(size: int) -> Font | None:
    """Return a font of this system that has Chinese characters, None if there is none."""
    path = _han_file()
    if path is None:
        return None
    return ImageFont.truetype(str(path), size, _simplified_face(path), layout_engine=ImageFont.Layout.BASIC)


@lru_cache(1)
def _han_file() -> Path | None:
    folders = _SETTINGS["folders"].get(sys.platform, _SETTINGS["folders"]["other"])
    found = (
        path
        for name in _SETTINGS["chinese"]["files"]
        for folder in folders
        for path in sorted(Path(folder).expanduser().rglob(name))
    )
    return next(found, None)


@lru_cache(8)
def _simplified_face(path: Path) -> int:
    """Return the index of the face with simplified characters, 0 if no face says so."""
    for index in range(16 if path.suffix == ".ttc" else 0):
        try:
            family = ImageFont.truetype(str(path), 10, index).getname()[0] or ""
        except OSError:
            break
        if family.endswith(tuple(_SETTINGS["chinese"]["simplified"])):
            return index
    return 0


@lru_cache(4096)
def _has_glyph(font: Font, character: str) -> bool:
    if character.isspace():
        return True
    glyph, missing = font.getmask(character), font.getmask(_NONCHARACTER)
    return (glyph.size, bytes(glyph)) != (missing.size, bytes(missing)) and glyph.getbbox() is not None


def runs(text: str, size: int) -> list[Run]:
    """Split the text into pieces, each with a font that has its characters.

    Symbols that no font has, such as most emoji, are left out. A missing *letter* would make a wrong word, so
    the whole text is left out then, and the result is empty.
    """
    pieces: list[Run] = []
    for character in " ".join(text.split()):
        fonts = (latin(size), han(size))
        font = next((font for font in fonts if font is not None and _has_glyph(font, character)), None)
        if font is None:
            if unicodedata.category(character)[0] in "LMN":
                return []
        elif pieces and pieces[-1][1] is font:
            pieces[-1] = (pieces[-1][0] + character, font)
        else:
            pieces.append((character, font))
    return pieces


def width(pieces: list[Run]) -> float:
    """Return the width in pixels."""
    return sum(font.getlength(text) for text, font in pieces)


def lines(text: str, size: int, max_width: float, max_lines: int) -> list[list[Run]]:
    """Break the text into lines of at most ``max_width`` pixels, with an ellipsis if it is cut off."""
    if not runs(text, size):
        return []
    broken = [""]
    for word in _WORD.findall(" ".join(text.split())):
        if broken[-1] and width(runs((broken[-1] + word).rstrip(), size)) > max_width:
            broken.append("")
        broken[-1] += word
    if len(broken) > max_lines:
        broken = [*broken[: max_lines - 1], _with_ellipsis(broken[max_lines - 1])]
    return [runs(_clip(line.strip(), size, max_width), size) for line in broken]


def _clip(line: str, size: int, max_width: float) -> str:
    while len(line) > 2 and width(runs(line, size)) > max_width:
        line = _with_ellipsis(line.rstrip("…")[:-1])
    return line


def _with_ellipsis(line: str) -> str:
    return line.rstrip(" ,.;:，。；、") + "…"
