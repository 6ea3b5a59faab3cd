"""What people say, in files: shared examples where they are present, our own, and wordings kept aside.

An expected ``ask`` and an ``answer`` are alike here: both say something and edit nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.replies import in_words
from bot.language.actions import Action, Answer, to_json
from bot.language.prompts import described
from bot.language.reader import read
from bot.locales import locale_of

HERE = Path(__file__).parent
FILES = [
    *(HERE / f"conversations_{name}.jsonl" for name in ("en", "heldout", "zh", "zh_heldout", "zh_second")),
    HERE.parents[3] / "shared" / "conversations.jsonl",
]
NOT_YET = {
    "show her with glasses",
    "blonde hair without touching the eyes",
    "blonde hair, and don't touch the face",
    "眼睛换成异色瞳，左眼蓝右眼绿",
}
"""Sentences that the reader does not understand yet: it asks, or leaves out a part."""
COMMANDS = re.compile(
    r"\b(make|add|give|please|can you|could you|turn|change|put|remove|get rid|lose|drop|take off|set)\b",
    re.I,
)
NEGATED = re.compile(r"^(no|not|non|without|less|free of)\b|-free$|^un[a-z]{3,}", re.I)


def parse(text: str, after: Sequence[str] = ()) -> list[Action]:
    return [in_words(locale_of(text), action) for action in read(text, after)]


def cases() -> list[Any]:
    found = []
    for path in FILES:
        if path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                case = json.loads(line)
                marks = [pytest.mark.xfail(strict=False)] if case["text"] in NOT_YET else []
                name = f"{path.stem}: {case['after']} {case['text'][:60]}"
                found.append(pytest.param(case, id=name, marks=marks))
    return found


def begins(text: str, beginnings: list[str]) -> bool:
    return all(re.search(r"(?<!\w)" + re.escape(one), text, re.I) for one in beginnings)


def added(action: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """The rules for an ``add``: a description without the command; sense, strength, region, what to keep."""
    prompt, strength = action["prompt"], action["strength"]
    if COMMANDS.search(prompt) or not begins(prompt, wanted["has"]):
        return False
    if bool(action["keep"]) != bool(wanted.get("keep")) or not begins(
        " ".join(action["keep"]), wanted.get("keep", [])
    ):
        return False
    if bool(action["region"]) != bool(wanted.get("region")) or not begins(
        action["region"] or "", wanted.get("region", [])
    ):
        return False
    negative = bool(NEGATED.search(prompt)) != (strength < 0)
    low, high = wanted.get("strength", (0.05, 3))
    return negative if wanted.get("negative") else not negative and low <= strength <= high


def fits(action: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if "any" in wanted:
        return any(fits(action, one) for one in wanted["any"])
    if action["do"] != wanted["do"]:
        return {action["do"], wanted["do"]} == {"answer", "ask"}  # both say something and edit nothing
    if action["do"] == "add":
        return added(action, wanted)
    for field, expected in wanted.items():
        value = action.get(field)
        if isinstance(expected, list) and field in ("factor", "strength"):
            if not (isinstance(value, int | float) and expected[0] - 1e-6 <= value <= expected[1] + 1e-6):
                return False
        elif isinstance(expected, list):
            if not begins(str(value), expected):
                return False
        elif field != "do" and value != expected:
            return False
    return True


@pytest.mark.parametrize("case", cases())
def test_conversations(case: dict[str, Any]) -> None:
    actions = [to_json(action) for action in parse(case["text"], case["after"])]
    assert len(actions) == len(case["expect"]), actions
    for action, wanted in zip(actions, case["expect"], strict=True):
        assert fits(action, wanted), (action, wanted)


VOCABULARY = """
make her hair pink less more undo no not the a only just but keep without , . and % 50 go to 3 é 🙂 \u202e
instead of that it swap for with glasses change back all
"""
CHINESE = """
把 她 的 头发 染成 金色 蓝 眼镜 胡子 不要 别动 去掉
换成 变成 只改 左眼 ： ， 、 和 然后 再 淡 一点
更 可爱 非常 50% 百分之 五十 一半 一倍 撤销 第 两 步 回到 原图
都 得 太 了 猫 glasses red 魑 頭髮 除了 保持 不变 岁 几 张
"""
WORDS = st.one_of(st.sampled_from(VOCABULARY.split()), st.sampled_from(CHINESE.split()))
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)


@given(
    st.one_of(
        st.text(max_size=300),
        st.lists(WORDS, max_size=14).map(" ".join),
        st.text(HAN, max_size=40),
        st.lists(st.sampled_from(CHINESE.split()), max_size=14).map("".join),
    ),
    st.lists(st.sampled_from(["pink hair", "glasses", "smiling", "金色头发", "没有胡子", "?"]), max_size=3),
    st.sampled_from([("en",), ("en", "zh")]),
)
def test_anything_at_all_is_an_answer(text: str, after: list[str], languages: tuple[str, ...]) -> None:
    actions = [to_json(action) for action in read(text, after, languages)]
    assert actions
    for action in actions:
        if action["do"] == "add":
            assert 0 < len(action["prompt"]) <= 200
            assert -3 <= action["strength"] <= 3
        if action["do"] in ("scale", "set", "remove"):
            assert action["target"] in [*after, "all"]


def test_long_and_strange_messages_stay_bounded() -> None:
    assert len(parse("pink hair and " * 2000)) <= 12
    assert parse("a" * 5000)
    assert len(parse("粉色头发，" * 1000)) <= 12
    assert parse("头" * 5000)
    assert parse("不要动" * 700)
    assert parse("\x00\x07\u202e\u200b pink hair \u202c")[0] == parse("pink hair")[0]


@pytest.mark.parametrize(
    "text", ["a plaid skirt", "about to shout", "slick hair", "a funky hat", "rouge", "sleep", "a brush"]
)
def test_real_words_are_not_taken_for_misspelt_ones(text: str) -> None:
    prompt = described(text).text
    assert prompt.split()[-1] == text.split()[-1]
    assert "plain" not in prompt
    assert "stick" not in prompt


@pytest.mark.parametrize(
    ("typed", "meant"), [("curley hair", "curly hair"), ("blusch", "blush"), ("glases", "glasses")]
)
def test_a_slip_is_still_put_right(typed: str, meant: str) -> None:
    assert described(typed).text == meant


@pytest.mark.parametrize("text", ["zoom in", "把照片裁剪一下"])
def test_what_is_asked_of_the_picture_as_a_whole_is_said_to_be_beyond_this(text: str) -> None:
    assert parse(text) == [Answer("whole-picture")]
