"""Several pictures on one sheet: the history with numbers, before and after, methods side by side.

A sheet is drawn 1080 pixels wide and meant to be read at the width of a phone, about a third of that: few columns, large
letters. Its ground is dark and its tiles are rounded, so that it sits well on light and dark pages alike.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from bot.pictures import fonts
from bot.pictures.decoding import decode_rgb
from bot.pictures.mark import mark
from storage.records import Picture

Tile = tuple[bytes, str]
"""An encoded picture and its caption, which may be empty."""

MOST_TILES = 12
"""As many as still show something on a phone."""

_WIDTH, _MARGIN, _GAP, _SPACE, _RADIUS, _TIMES = 1080, 27, 24, 12, 22, 2
_GROUND, _PANEL, _TEXT, _ACCENT = (24, 25, 29), (38, 40, 46), (232, 233, 237), (126, 160, 255)
_BADGE, _BADGE_TEXT = (16, 17, 20, 215), (255, 255, 255, 255)
_LETTERS = {1: 44, 2: 40, 3: 36}
"""Height of letters in pixels by columns."""
_LINES = 2
_FLATTEST, _TALLEST = 1.6, 0.7
"""Bounds of a tile's width by its height; a picture beyond them gets margins, nothing is cut off."""


@dataclass(frozen=True)
class _Layout:
    """Sizes in pixels; ``captions`` holds the height that captions need below the tiles of each row."""

    columns: int
    tile: tuple[int, int]
    letters: int
    captions: tuple[int, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole sheet."""
        width = 2 * _MARGIN + self.columns * (self.tile[0] + _GAP) - _GAP
        return width, 2 * _MARGIN + sum(self.captions) + len(self.captions) * (self.tile[1] + _GAP) - _GAP

    def corner(self, place: int) -> tuple[int, int]:
        """Left and top of the tile at this place, row by row."""
        row, column = divmod(place, self.columns)
        return _MARGIN + column * (self.tile[0] + _GAP), _MARGIN + row * (self.tile[1] + _GAP) + sum(
            self.captions[:row]
        )


def contact_sheet(
    tiles: Sequence[Tile], numbers: Sequence[int] | None = None, current: int | None = None
) -> Picture:
    """The history: each picture with its number (0, 1, 2 … unless given) and caption, the one numbered ``current`` framed.

    Of more than ``MOST_TILES`` the last ones are shown, and the first (the original) keeps its place. Raises ValueError
    when there is none.
    """
    rows = list(zip(numbers if numbers is not None else range(len(tiles)), tiles, strict=True))
    if len(rows) > MOST_TILES:
        rows = [rows[0], *rows[1 - MOST_TILES :]]
    chosen = next((place for place, (number, _) in enumerate(rows) if number == current), None)
    return _drawn(
        [tile for _, tile in rows], _columns(len(rows)), [str(number) for number, _ in rows], chosen
    )


def before_after(before: bytes, after: bytes, captions: tuple[str, str] = ("", "")) -> Picture:
    """Two pictures side by side, or one above the other where they are much wider than high."""
    tiles = [(before, captions[0]), (after, captions[1])]
    wide = _ratio([decode_rgb(before)]) >= _FLATTEST
    return _drawn(tiles, 1 if wide else 2)


def side_by_side(tiles: Sequence[Tile]) -> Picture:
    """Pictures with captions and without numbers, as to compare methods. Raises ValueError when there is none."""
    return _drawn(list(tiles[:MOST_TILES]), _columns(len(tiles)))


def _columns(tiles: int) -> int:
    return {1: 1, 2: 2, 4: 2}.get(tiles, 3)


def _drawn(
    tiles: Sequence[Tile], columns: int, badges: Sequence[str] = (), chosen: int | None = None
) -> Picture:
    if not tiles:
        raise ValueError("a sheet needs a picture")
    images = [decode_rgb(data) for data, _ in tiles]
    layout, captions = _arranged(_ratio(images), columns, [caption for _, caption in tiles])
    sheet = Image.new("RGB", layout.size, _GROUND)
    for place, image in enumerate(images):
        left, top = layout.corner(place)
        if place == chosen:
            _frame(sheet, (left, top), layout.tile)
        sheet.paste(_tile(image, layout.tile), (left, top), _rounded(layout.tile))
        if badges:
            _badge(sheet, badges[place], (left + 14, top + 14), layout.letters, place == chosen)
        _caption(sheet, captions[place], layout, (left, top + layout.tile[1]))
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=90, method=4)
    return mark(Picture(buffer.getvalue(), "image/webp", *sheet.size))


def _arranged(
    ratio: float, columns: int, captions: Sequence[str]
) -> tuple[_Layout, list[list[list[fonts.Run]]]]:
    """The layout, and each caption in lines."""
    width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    if columns == 1:
        width = min(width, 720 if ratio < _FLATTEST else width)
    letters = _LETTERS[columns]
    lines = [fonts.lines(caption, letters, width - 8, _LINES) for caption in captions]
    rows = [max(len(found) for found in lines[at : at + columns]) for at in range(0, len(lines), columns)]
    heights = tuple(_SPACE + count * _line_height(letters) if count else 0 for count in rows)
    return _Layout(columns, (width, round(width / ratio)), letters, heights), lines


def _line_height(letters: int) -> int:
    return round(1.3 * letters)


def _ratio(images: Sequence[Image.Image]) -> float:
    """Width by height that suits most of the pictures."""
    ratios = sorted(image.width / image.height for image in images)
    return max(_TALLEST, min(_FLATTEST, ratios[len(ratios) // 2]))


def _tile(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The whole picture as large as the tile allows."""
    scale = min(size[0] / image.width, size[1] / image.height)
    inner = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    tile = Image.new("RGB", size, _PANEL)
    tile.paste(
        image.resize(inner, Image.Resampling.LANCZOS), ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2)
    )
    return tile


def _rounded(size: tuple[int, int], radius: int = _RADIUS) -> Image.Image:
    """A mask with round corners, drawn larger and reduced so that its edge is smooth."""
    mask = Image.new("L", (size[0] * _TIMES, size[1] * _TIMES), 0)
    corner = (size[0] * _TIMES - 1, size[1] * _TIMES - 1)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *corner), radius * _TIMES, fill=255)
    return mask.resize(size, Image.Resampling.BOX)


def _frame(sheet: Image.Image, corner: tuple[int, int], tile: tuple[int, int], thick: int = 7) -> None:
    size = (tile[0] + 2 * thick, tile[1] + 2 * thick)
    sheet.paste(_ACCENT, (corner[0] - thick, corner[1] - thick), _rounded(size, _RADIUS + thick))


def _badge(sheet: Image.Image, text: str, corner: tuple[int, int], letters: int, chosen: bool) -> None:
    font = fonts.latin(letters)
    height = round(1.5 * letters)
    size = (max(height, round(font.getlength(text) + 0.9 * letters)), height)
    ground = (*_ACCENT, 255) if chosen else _BADGE
    mask = _rounded(size, height // 2).point(lambda value: value * ground[3] // 255)
    sheet.paste(ground[:3], corner, mask)
    middle = (corner[0] + size[0] / 2, corner[1] + size[1] / 2)
    ImageDraw.Draw(sheet).text(middle, text, _GROUND if chosen else _BADGE_TEXT, font, anchor="mm")


def _caption(
    sheet: Image.Image, lines: Sequence[Sequence[fonts.Run]], layout: _Layout, corner: tuple[int, int]
) -> None:
    """Lines centred below a tile, all on the baselines of their line whatever fonts they mix."""
    draw = ImageDraw.Draw(sheet)
    for number, pieces in enumerate(lines):
        x = corner[0] + (layout.tile[0] - fonts.width(list(pieces))) / 2
        baseline = corner[1] + _SPACE + number * _line_height(layout.letters) + layout.letters
        for text, font in pieces:
            draw.text((x, baseline), text, _TEXT, font, anchor="ls")
            x += font.getlength(text)
