"""What is typed in many ways is read in one."""

from __future__ import annotations

import pytest

from bot.language.numbers import amount, chinese_number
from bot.language.reader import read
from bot.language.text import clean


def test_one_form_for_each_character_and_mark() -> None:
    assert clean("把頭髮染成藍色，謝謝！") == "把头发染成蓝色,谢谢!"
    assert clean("５０％") == "50%"
    assert clean("\u200b粉色🙂头发\u202e") == "粉色头发"


@pytest.mark.parametrize(
    "texts",
    [
        (
            "把她的头发染成金色",
            "把她的頭髮染成金色",
            "把 她 的 头发 染成 金色",
            "请帮我把她的头发染成金色，谢谢！",
            "把她的头发染成「金色」",
        ),
        ("不戴眼镜", "不戴眼鏡", "不戴眼镜。"),
    ],
)
def test_the_same_wish(texts: tuple[str, ...]) -> None:
    assert len({read(text)[0] for text in texts}) == 1


def test_numerals() -> None:
    values = {"7": 7, "两": 2, "十": 10, "十二": 12, "二十": 20, "三十五": 35, "一百": 100, "几": 4, "零": 0}
    assert {text: chinese_number(text) for text in values} == values


@pytest.mark.parametrize(
    ("text", "share"),
    [("百分之五十", 0.5), ("五成", 0.5), ("50%", 0.5), ("+20 %", 0.2), ("120.5%", 1.205), ("一点", None)],
)
def test_shares(text: str, share: float | None) -> None:
    assert amount(text).share == share
