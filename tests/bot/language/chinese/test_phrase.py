"""Chinese words as English descriptions, and examples of bundles as one would say them in Chinese."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import editor
from bot.language.actions import Add
from bot.language.chinese.phrase import translate
from bot.language.reader import read
from bot.locales import get

MANIFESTS = sorted((Path(editor.__file__).parent / "bundles").glob("*/bundle.toml"))


@pytest.mark.parametrize(
    ("said", "english"),
    [
        ("金色的长发", "long blonde hair"),
        ("头发金色", "blonde hair"),
        ("金色项链", "golden necklace"),
        ("蓝眼睛", "blue eyes"),
        ("红色和蓝色的头发", "red and blue hair"),
        ("又长又卷的头发", "long curly hair"),
        ("戴红帽子的女孩", "girl with red hat"),
        ("大眼睛的可爱的猫", "cute cat with big eyes"),
        ("猫耳朵", "cat ears"),
        ("白皮肤", "pale skin"),
        ("白帽子", "white hat"),
        ("二十岁的女人", "20-year-old woman"),
        ("红色glasses", "red glasses"),
        ("一顶紫色的帽子", "purple hat"),
        ("把老虎变成狮子", "lion"),
        ("一只小狐狸", "fox cub"),
        ("耷拉的耳朵", "floppy ears"),
        ("戴红色项圈的狗", "dog with red collar"),
        ("加上鬃毛", "mane"),
        ("生日帽", "party hat"),
        ("豹纹", "leopard spots"),
    ],
)
def test_words_in_english_order(said: str, english: str) -> None:
    (action,) = read(said)
    assert isinstance(action, Add)
    assert action.prompt == english


def test_the_users_words_stay_beside_the_prompt() -> None:
    said = {
        text: read(text)[0].said for text in ("把她的头发染成金色", "摘掉眼镜", "可爱一点的猫", "不要胡子")
    }  # type: ignore[union-attr]
    assert said == {
        "把她的头发染成金色": "金色头发",
        "摘掉眼镜": "摘掉眼镜",
        "可爱一点的猫": "可爱的猫",
        "不要胡子": "不要胡子",
    }


def test_a_model_that_reads_chinese_gets_chinese() -> None:
    (action,) = read("把头发染成魑魅色", languages=("en", "zh"))
    assert isinstance(action, Add)
    assert (action.prompt, action.said) == ("魑魅头发", "魑魅头发")
    assert read("不要眼镜", languages=("zh",)) == [Add("没有眼镜", said="不要眼镜")]
    assert translate("金色头发") == "blonde hair"


def test_stored_chinese_prompts_are_found() -> None:
    (action,) = read("头发没那么金", ["金色头发", "smiling"], ("zh",))
    assert (action.do, action.target) == ("scale", "金色头发")  # type: ignore[union-attr]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parent.name)
def test_examples_in_chinese_mean_the_same(manifest: Path) -> None:
    examples = tomllib.loads(manifest.read_text(encoding="utf-8"))["examples"]
    put = {example: get("zh-CN").wording(example) for example in examples}
    chinese = {example: said for example, said in put.items() if said != example}
    assert len(chinese) >= 0.8 * len(examples), [example for example in examples if example not in chinese]
    for example, said in chinese.items():
        assert not any(character.isascii() for character in said), said
        (action,) = read(said)
        assert isinstance(action, Add), (example, said)
        meant = example.removeprefix("a ").removeprefix("an ")
        assert action.prompt in (meant, {"older": "old", "younger": "young"}.get(meant)), (example, said)
