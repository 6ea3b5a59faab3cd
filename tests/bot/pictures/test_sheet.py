"""Contact sheets: their size, what they show, and that no letter becomes an empty box."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.pictures import fonts, sheet
from bot.pictures.mark import is_marked
from storage.records import Picture
from tests.conftest import make_png

RED, BLUE = (220, 40, 40), (40, 60, 220)


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (128, 128)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(picture: Picture) -> np.ndarray:
    image = Image.open(io.BytesIO(picture.data)).convert("RGB")
    assert image.size == (picture.width, picture.height)
    return np.asarray(image).astype(int)


def like(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.abs(image - np.array(colour)).max(axis=2) < 24


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (7, 3), (12, 3)])
def test_every_picture_is_on_a_sheet_for_a_phone(count: int, columns: int) -> None:
    made = sheet.contact_sheet([(plain((20 * n, 255 - 20 * n, 128)), "") for n in range(count)])
    assert is_marked(made.data)
    assert made.width <= 1080
    assert made.width > 1070 or columns == 1
    image = pixels(made)
    for n in range(count):
        assert like(image, (20 * n, 255 - 20 * n, 128)).sum() > 0.5 * (1000 / max(columns, 2)) ** 2


def test_long_histories_show_the_original_and_the_latest() -> None:
    tiles = [(plain(RED), "the original"), *[(plain((0, 8 * n, 0)), "") for n in range(1, 30)]]
    image = pixels(sheet.contact_sheet(tiles, current=29))
    assert like(image, RED).sum() > 10_000
    assert like(image, (0, 232, 0)).sum() > 10_000


def test_the_current_edit_is_framed_and_only_it() -> None:
    tiles = [(plain(RED), ""), (plain(RED), ""), (plain(RED), "")]
    framed = np.nonzero(like(pixels(sheet.contact_sheet(tiles, current=2)), (126, 160, 255)))[1]
    assert framed.size > 1000
    assert framed.min() > 680, "the last third"
    assert not like(pixels(sheet.contact_sheet(tiles)), (126, 160, 255)).any()


def test_numbers_follow_the_given_ones() -> None:
    tiles = [(plain(RED), ""), (plain(RED), "")]
    assert sheet.contact_sheet(tiles, numbers=[0, 17]) != sheet.contact_sheet(tiles)
    assert sheet.contact_sheet(tiles, numbers=[0, 1]) == sheet.contact_sheet(tiles)


def test_before_and_after_are_side_by_side_or_one_above_the_other() -> None:
    horizontal = pixels(sheet.before_after(plain(RED), plain(BLUE), ("Before", "After")))
    assert like(horizontal, RED)[:, :540].any()
    assert not like(horizontal, RED)[:, 540:].any()
    above = sheet.before_after(plain(RED, (400, 200)), plain(BLUE, (400, 200)))
    assert above.height > above.width * 0.8
    assert like(pixels(above), BLUE)[above.height // 2 :].any()
    assert not like(pixels(above), BLUE)[: above.height // 2].any()


@pytest.mark.parametrize("size", [(1000, 40), (40, 1000)])
def test_nothing_is_cut_off_pictures_of_extreme_shapes(size: tuple[int, int]) -> None:
    image = pixels(sheet.contact_sheet([(plain(RED, size), "a very long picture")]))
    rows, columns = np.nonzero(like(image, RED))
    shape = (np.ptp(columns) + 1) / (np.ptp(rows) + 1)
    assert shape == pytest.approx(size[0] / size[1], rel=0.3)


def test_a_sheet_needs_a_picture() -> None:
    with pytest.raises(ValueError, match="picture"):
        sheet.contact_sheet([])


@pytest.mark.parametrize(
    "caption", ["pink hair 60 %", "“quoted” – élégant…", "", "x" * 500, "word " * 200, "\u202e\x00\n", "🙂🙂"]
)
def test_any_caption_can_be_drawn(caption: str) -> None:
    assert sheet.contact_sheet([(make_png(), caption)]).width > 0


def test_a_caption_in_letters_that_no_font_has_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "han", lambda size: None)
    assert fonts.runs("金色头发", 32) == []
    assert fonts.runs("金色头发 60 %", 32) == [], "a part of the caption would be wrong"
    assert sheet.contact_sheet([(plain(RED), "金色头发")]) == sheet.contact_sheet([(plain(RED), "")])


def test_symbols_that_no_font_has_are_left_out_and_the_words_stay() -> None:
    (piece,) = fonts.runs("happy 🙂", 32)
    assert piece[0].strip() == "happy"


@pytest.mark.skipif(fonts.han(32) is None, reason="no font for Chinese on this system")
def test_chinese_captions_are_drawn_and_broken_between_any_two_characters() -> None:
    assert "".join(text for text, _ in fonts.runs("金色头发 60 %", 32)) == "金色头发 60 %"
    broken = fonts.lines("把头发染成金色然后戴上一副圆圆的眼镜", 32, 300, 2)
    assert len(broken) == 2
    assert all(fonts.width(line) <= 300 for line in broken)
    assert sheet.contact_sheet([(plain(RED), "金色头发")]) != sheet.contact_sheet([(plain(RED), "")])


def test_lines_keep_their_width_and_end_with_an_ellipsis_if_cut_off() -> None:
    broken = fonts.lines("smiling, without changing the hair, and a very long wish", 32, 300, 2)
    assert len(broken) == 2
    assert all(fonts.width(line) <= 300 for line in broken)
    assert broken[-1][-1][0].endswith("…")
    assert fonts.lines("pink hair", 32, 300, 2)[0][0][0] == "pink hair"
