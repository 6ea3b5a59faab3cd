"""Sentences as people write them, by kind: what is understood, and what is never done."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.lab.evaluation import evaluate
from bot.language.actions import Answer, Ask
from bot.language.reader import read

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", ["understood_en.jsonl", "understood_zh.jsonl"])
def test_most_sentences_are_understood_and_hardly_any_the_wrong_way(name: str) -> None:
    scores = evaluate([HERE / name])
    lines = sum(score.lines for score in scores.values())
    assert sum(score.right for score in scores.values()) >= 0.95 * lines
    assert sum(score.wrong_way for score in scores.values()) <= 0.005 * lines
    assert sum(score.changed for score in scores.values()) <= 0.01 * lines


@pytest.mark.parametrize("text", ["", "  ", "!!!", "🙂🙂", "\u200b"])
def test_nothing_said_is_asked_about(text: str) -> None:
    assert read(text) == [Ask("ask.nothing")]


@pytest.mark.parametrize("text", ["привет, сделай волосы розовыми", "髪をピンクにして", "머리를 분홍색으로"])
def test_scripts_that_are_not_read_are_said_to_be_so(text: str) -> None:
    assert read(text, ["hat"]) == [Answer("language")]
