"""The script of a text."""

from __future__ import annotations

from bot.locales.script import script_of


def test_scripts() -> None:
    assert [script_of(text) for text in ("hair", "头发", "加glasses", "12 %", "")] == [
        "LATIN",
        "CJK",
        "CJK",
        None,
        None,
    ]
