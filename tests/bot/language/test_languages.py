"""Simple edits and commands in the languages that have a small word list each."""

from __future__ import annotations

import pytest

from bot.language.actions import Action, Add, Answer, Goto, Remove, Scale, Undo
from bot.language.reader import read


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("ponle gafas", (), [Add("glasses", said="gafas")]),
        ("quiero el pelo rubio por favor", (), [Add("blonde hair", said="pelo rubio")]),
        ("un poco menos", ("glasses",), [Scale("glasses", 0.8)]),
        ("quítale las gafas", ("glasses",), [Remove("glasses")]),
        ("mets-lui un chapeau", (), [Add("hat", said="chapeau")]),
        ("les cheveux roses", (), [Add("pink hair", said="cheveux roses")]),
        ("enlève le chapeau", ("hat",), [Remove("hat")]),
        ("setz ihr einen Hut auf", (), [Add("hat", said="hut")]),
        ("mach die Haare rot", (), [Add("red hair", said="haare rot")]),
        ("rückgängig machen", ("hat",), [Undo()]),
        ("coloca óculos nela", (), [Add("glasses", said="óculos")]),
        ("volta ao original", ("hat",), [Goto(0)]),
        ("髪をピンクにして", (), [Add("pink hair", said="髪ピンク")]),
        ("眼鏡をかけて", (), [Add("glasses", said="眼镜")]),
        ("帽子を取って", ("hat",), [Remove("hat")]),
    ],
)
def test_simple_edits(text: str, after: tuple[str, ...], expected: list[Action]) -> None:
    assert read(text, after) == expected


@pytest.mark.parametrize(
    "text", ["mettile gli occhiali", "сделай волосы розовыми", "머리를 분홍색으로 바꿔줘"]
)
def test_other_languages_are_answered(text: str) -> None:
    assert read(text) == [Answer("language")]


@pytest.mark.parametrize("text", ["gracias", "merci", "danke", "obrigado", "ありがとう", "¿qué hora es?"])
def test_talk_changes_nothing(text: str) -> None:
    assert all(isinstance(action, Answer) or action.do in ("ask", "show") for action in read(text, ("hat",)))
