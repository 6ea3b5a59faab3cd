"""Letters for captions: Pillow's own font for Latin, a font of the system for Han where there is one.

A font for Han weighs ten megabytes, so none comes along. What no font at hand can write is left unwritten; an empty box
in place of a letter is never drawn.
"""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

Font = ImageFont.FreeTypeFont
Run = tuple[str, Font]

_FOLDERS = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": (r"C:\Windows\Fonts",),
}.get(sys.platform, ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"))
_HAN = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "NotoSansSC-Regular.otf",
    "NotoSansSC*.ttf",
    "SourceHanSansSC-Regular.otf",
    "SourceHanSansCN-Regular.otf",
    "PingFang.ttc",
    "Hiragino Sans GB.ttc",
    "msyh.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "simhei.ttf",
)
"""Fonts that write Chinese, the best first."""
_SIMPLIFIED = ("SC", "CN", "GB")
_MISSING = "\U0010fffe"
"""A code point that no font has."""


@lru_cache(64)
def latin(size: int) -> Font:
    """Pillow's built-in font at ``size`` pixels."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType")
    return font


@lru_cache(64)
def han(size: int) -> Font | None:
    """A font of this system that writes Chinese, None where there is none."""
    found = _han_file()
    return (
        ImageFont.truetype(str(found), size, _face(found), layout_engine=ImageFont.Layout.BASIC)
        if found
        else None
    )


@lru_cache(1)
def _han_file() -> Path | None:
    folders = [Path(folder).expanduser() for folder in _FOLDERS]
    return next((path for name in _HAN for folder in folders for path in sorted(folder.rglob(name))), None)


@lru_cache(8)
def _face(path: Path) -> int:
    """Which face of a collection has the simplified forms; the first one where none says so."""
    for index in range(16 if path.suffix == ".ttc" else 0):
        try:
            family = ImageFont.truetype(str(path), 10, index).getname()[0] or ""
        except OSError:
            break
        if family.endswith(_SIMPLIFIED):
            return index
    return 0


@lru_cache(4096)
def _writes(font: Font, character: str) -> bool:
    """Has the font a glyph of its own for this character?"""
    if character.isspace():
        return True
    glyph, missing = font.getmask(character), font.getmask(_MISSING)
    return (glyph.size, bytes(glyph)) != (missing.size, bytes(missing)) and glyph.getbbox() is not None


def runs(text: str, size: int) -> list[Run]:
    """The text in pieces, each with the font that writes it.

    Signs that no font has (most emoji) are left out. A *letter* that no font has would leave a wrong word, so then the
    whole text is left out and the answer is empty.
    """
    pieces: list[Run] = []
    for character in " ".join(text.split()):
        font = next((f for f in (latin(size), han(size)) if f is not None and _writes(f, character)), None)
        if font is None:
            if unicodedata.category(character)[0] in "LMN":
                return []
        elif pieces and pieces[-1][1] is font:
            pieces[-1] = (pieces[-1][0] + character, font)
        else:
            pieces.append((character, font))
    return pieces


def width(pieces: list[Run]) -> float:
    """Pixels from the first letter to behind the last."""
    return sum(font.getlength(text) for text, font in pieces)


def words(text: str) -> Iterator[str]:
    """Where a line may be broken: after spaces, and between any two Han characters."""
    word = ""
    for character in " ".join(text.split()):
        if _is_wide(character) and word and not word.isspace():
            yield word
            word = ""
        word += character
        if character == " " or _is_wide(character):
            yield word
            word = ""
    if word:
        yield word


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF" and unicodedata.category(character)[0] == "L"


def lines(text: str, size: int, most_width: float, most_lines: int) -> list[list[Run]]:
    """The text broken into at most ``most_lines`` lines of ``most_width`` pixels; an ellipsis stands for what is cut off."""
    if not runs(text, size):
        return []
    broken = [""]
    for word in words(text):
        if broken[-1] and width(runs((broken[-1] + word).rstrip(), size)) > most_width:
            broken.append("")
        broken[-1] += word
    if len(broken) > most_lines:
        broken = [*broken[: most_lines - 1], _open_ended(broken[most_lines - 1])]
    return [runs(_clipped(line.strip(), size, most_width), size) for line in broken]


def _clipped(line: str, size: int, most_width: float) -> str:
    while len(line) > 2 and width(runs(line, size)) > most_width:
        line = _open_ended(line.rstrip("…")[:-1])
    return line


def _open_ended(line: str) -> str:
    return line.rstrip(" ,.;:，。；、") + "…"
