"""Contact sheets: the history with numbers, or before and after, as one picture.

A sheet is drawn 1080 pixels wide and made to be read on a phone, which shows it at about a third of that:
few columns, large letters. A dark background and rounded tiles suit both light and dark pages.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageOps

from bot.pictures import fonts
from bot.pictures.mark import mark
from storage.records import Picture

Tile = tuple[bytes, str]
"""An encoded picture and its caption, which may be empty."""
Point = tuple[int, int]

MAX_TILES = 12
"""More tiles would be too small on a phone."""

# all sizes in pixels
_WIDTH, _MARGIN, _GAP, _CAPTION_GAP, _RADIUS, _FRAME = 1080, 27, 24, 12, 22, 7
_MAX_SINGLE_WIDTH = 720
_OVERSAMPLING = 2
_BACKGROUND, _TILE, _TEXT, _ACCENT = (24, 25, 29), (38, 40, 46), (232, 233, 237), (126, 160, 255)
_BADGE, _BADGE_TEXT = (16, 17, 20, 215), (255, 255, 255, 255)
_FONT_SIZES = {1: 44, 2: 40, 3: 36}
"""By number of columns."""
_MAX_CAPTION_LINES = 2
_MAX_RATIO, _MIN_RATIO = 1.6, 0.7
"""Bounds of a tile's width : height. A picture beyond them gets margins; nothing is cut off."""


def contact_sheet(
    tiles: Sequence[Tile], numbers: Sequence[int] | None = None, current: int | None = None
) -> Picture:
    """Draw a history: each picture with its number and caption, with a frame around the current one.

    If there are more than ``MAX_TILES``, the first (the original) and the last ones are shown.

    Args:
        tiles: At least one, else ValueError is raised.
        numbers: The number of each tile; 0, 1, 2, … by default.
        current: The number of the tile to frame.
    """
    rows = list(zip(numbers if numbers is not None else range(len(tiles)), tiles, strict=True))
    if len(rows) > MAX_TILES:
        rows = [rows[0], *rows[1 - MAX_TILES :]]
    framed = next((index for index, (number, _) in enumerate(rows) if number == current), None)
    columns = {1: 1, 2: 2, 4: 2}.get(len(rows), 3)
    return _draw([tile for _, tile in rows], columns, [str(number) for number, _ in rows], framed)


def before_after(before: bytes, after: bytes, captions: tuple[str, str] = ("", "")) -> Picture:
    """Draw two pictures side by side, or one above the other if they are much wider than high."""
    wide = _common_ratio([_decode(before)]) >= _MAX_RATIO
    return _draw([(before, captions[0]), (after, captions[1])], 1 if wide else 2)


def _draw(
    tiles: Sequence[Tile], columns: int, badges: Sequence[str] = (), framed: int | None = None
) -> Picture:
    if not tiles:
        raise ValueError("a sheet needs a picture")
    images = [_decode(data) for data, _ in tiles]
    ratio, font_size = _common_ratio(images), _FONT_SIZES[columns]
    width = (_WIDTH - 2 * _MARGIN - (columns - 1) * _GAP) // columns
    if columns == 1 and ratio < _MAX_RATIO:
        width = min(width, _MAX_SINGLE_WIDTH)
    tile, line_height = (width, round(width / ratio)), round(1.3 * font_size)
    captions = [fonts.lines(caption, font_size, width - 8, _MAX_CAPTION_LINES) for _, caption in tiles]
    tops, top = [], _MARGIN
    for first in range(0, len(tiles), columns):
        lines = max(map(len, captions[first : first + columns]))
        tops.append(top)
        top += tile[1] + (_CAPTION_GAP + lines * line_height if lines else 0) + _GAP
    size = (2 * _MARGIN + columns * (width + _GAP) - _GAP, top - _GAP + _MARGIN)
    sheet = Image.new("RGB", size, _BACKGROUND)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        left, top = corner = _MARGIN + column * (width + _GAP), tops[row]
        if index == framed:
            _draw_frame(sheet, corner, tile)
        padded = ImageOps.pad(image, tile, Image.Resampling.LANCZOS, _TILE)
        sheet.paste(padded, corner, _rounded_mask(tile))
        if badges:
            _draw_badge(sheet, badges[index], (left + 14, top + 14), font_size, index == framed)
        baseline = top + tile[1] + _CAPTION_GAP + font_size
        for number, line in enumerate(captions[index]):
            _draw_line(sheet, line, left + width / 2, baseline + number * line_height)
    buffer = io.BytesIO()
    sheet.save(buffer, "WEBP", quality=90, method=4)
    return mark(Picture(buffer.getvalue(), "image/webp", *sheet.size))


def _decode(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def _common_ratio(images: Sequence[Image.Image]) -> float:
    """Return the median of width : height, within the bounds of a tile."""
    ratios = sorted(image.width / image.height for image in images)
    return max(_MIN_RATIO, min(_MAX_RATIO, ratios[len(ratios) // 2]))


def _rounded_mask(size: Point, radius: int = _RADIUS) -> Image.Image:
    """Return a mask with round corners, drawn larger and reduced so that its edges are smooth."""
    width, height = size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING
    mask = Image.new("L", (width, height), 0)
    box = (0, 0, width - 1, height - 1)
    ImageDraw.Draw(mask).rounded_rectangle(box, radius * _OVERSAMPLING, fill=255)
    return mask.resize(size, Image.Resampling.BOX)


def _draw_frame(sheet: Image.Image, corner: Point, tile: Point) -> None:
    size = (tile[0] + 2 * _FRAME, tile[1] + 2 * _FRAME)
    sheet.paste(_ACCENT, (corner[0] - _FRAME, corner[1] - _FRAME), _rounded_mask(size, _RADIUS + _FRAME))


def _draw_badge(sheet: Image.Image, text: str, corner: Point, font_size: int, framed: bool) -> None:
    font = fonts.latin(font_size)
    height = round(1.5 * font_size)
    size = (max(height, round(font.getlength(text) + 0.9 * font_size)), height)
    red, green, blue, alpha = (*_ACCENT, 255) if framed else _BADGE
    mask = _rounded_mask(size, height // 2).point(lambda value: value * alpha // 255)
    sheet.paste((red, green, blue), corner, mask)
    middle = (corner[0] + size[0] / 2, corner[1] + size[1] / 2)
    ImageDraw.Draw(sheet).text(middle, text, _BACKGROUND if framed else _BADGE_TEXT, font, anchor="mm")


def _draw_line(sheet: Image.Image, pieces: list[fonts.Run], middle: float, baseline: float) -> None:
    """Draw a line of text; its pieces share a baseline, whatever their fonts."""
    x = middle - fonts.width(pieces) / 2
    for text, font in pieces:
        ImageDraw.Draw(sheet).text((x, baseline), text, _TEXT, font, anchor="ls")
        x += font.getlength(text)
