"""Every language says everything, and the right one answers; another language is one more file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from bot import locales
from bot.conversation.replies import in_words
from bot.language.actions import Ask
from bot.language.reader import read
from bot.locales import Locale, every, get, locale_of, preferring
from editor.api import protocol as wire

ENGLISH = get("en")
FORMS = re.compile(r"\.(zero|one|two|few|many|other)$")
SOURCES = [
    *Path(locales.__file__).parents[1].rglob("*.py"),
    *Path(locales.__file__).parents[1].glob("web/**/*.*"),
]


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("locale", every(), ids=lambda locale: locale.code)
def test_every_language_has_every_text_with_the_same_placeholders(locale: Locale) -> None:
    plain = {key for key in ENGLISH.texts if not (FORMS.search(key) and FORMS.sub("", key) in ENGLISH.texts)}
    assert plain <= locale.texts.keys()
    assert {key for key in locale.texts if FORMS.sub("", key) not in plain | ENGLISH.texts.keys()} == set()
    for key in plain:
        assert f"{key}.one" not in locale.texts or "{count}" in locale.texts[key], key
        assert placeholders(locale.texts[key]) == placeholders(ENGLISH.texts[key]), key


@pytest.mark.parametrize("locale", every(), ids=lambda locale: locale.code)
def test_all_that_is_named_by_the_editor_has_a_text(locale: Locale) -> None:
    stages = get_args(wire.Progress.model_fields["stage"].annotation)
    methods = get_args(wire.MethodName)
    assert "tune" in stages
    named = {f"web.stage.{stage}" for stage in stages} | {f"method.{method}" for method in methods}
    assert named | {f"quality.{quality}" for quality in wire.QUALITIES} <= locale.texts.keys()


def test_chinese_keeps_to_chinese_marks() -> None:
    for key, text in get("zh-CN").texts.items():
        bare = re.sub(r"\{\w+\}|\{\w*|[A-Za-z0-9_:]+", "", text)
        assert not set(bare) & set(",!?;\"'“”‘’()"), (key, text)
        assert text.count("「") == text.count("」"), key
        assert not re.search(r"[\u4e00-\u9fff][.:]", text), (key, text)


def test_no_text_is_left_over() -> None:
    """Each key is named somewhere, whole or as the beginning of one that is put together."""
    code = "\n".join(
        path.read_text(encoding="utf-8") for path in SOURCES if path.suffix in (".py", ".js", ".html")
    )
    # code names the plain key: the form for one, or with examples, is chosen by itself
    for key in {text.removesuffix(".one").removesuffix(".examples") for text in ENGLISH.texts}:
        head = key.rsplit(".", 1)[0]
        beginnings = [key[: place.start()] for place in re.finditer(r"\.", key)][1:]
        named = (
            f'"{key}"' in code
            or any(f'f"{beginning}.{{' in code or f'"{beginning}"' in code for beginning in beginnings)
            or f"{{{{{key}}}}}" in code
            or re.search(rf'["`](?:{re.escape(head)}|{re.escape(head.split(".", 1)[-1])})[.`]', code)
        )
        assert named or f'"{key.removeprefix("web.")}"' in code or key.startswith("error.editor."), key


@pytest.mark.parametrize(
    ("text", "preferred", "code"),
    [
        ("pink hair", None, "en"),
        ("pink hair", "zh-CN", "en"),
        ("粉色头发", None, "zh-CN"),
        ("粉色头发", "en-US", "zh-CN"),
        ("加上glasses", "en-US", "zh-CN"),
        ("50%", "zh-CN", "zh-CN"),
        ("50%", None, "en"),
        ("", "zh-TW", "zh-CN"),
        ("", "fr", "en"),
        ("привет", "zh-CN", "zh-CN"),
        ("привет", None, "en"),
        ("🙂", "en-GB", "en"),
        ("頭髮", None, "zh-CN"),
    ],
)
def test_the_sentence_decides_then_the_preference(text: str, preferred: str | None, code: str) -> None:
    assert locale_of(text, preferred).code == code


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("zh-CN", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("zh-Hans-SG", "zh-CN"),
        ("zh_CN.UTF-8", "zh-CN"),
        ("EN-us", "en"),
        ("en", "en"),
    ],
)
def test_codes_of_discord_browsers_and_systems(code: str, found: str) -> None:
    locale = preferring(code)
    assert locale is not None
    assert locale.code == found


def test_codes_of_languages_that_are_not_spoken() -> None:
    assert [preferring(code) for code in (None, "", "C", "C.UTF-8", "fr", "*")] == [None] * 6


def test_lists_and_shares() -> None:
    chinese = get("zh-CN")
    assert ENGLISH.quoted(["a", "b", "c"]) == "“a”, “b” and “c”"
    assert chinese.quoted(["甲", "乙", "丙"]) == "「甲」、「乙」和「丙」"
    assert (ENGLISH.quoted([]), ENGLISH.quoted(["a"])) == ("", "“a”")
    assert (ENGLISH.percent(0.6), chinese.percent(0.6)) == ("60 %", "60%")


def test_a_question_is_put_into_words() -> None:
    (ask,) = (in_words(get("zh-CN"), action) for action in read("魑魅魍魉"))
    assert isinstance(ask, Ask)
    assert "「魑魅魍魉」" in ask.question


GERMAN = """
[language]
code = "de"
name = "Deutsch"
discord = ["de"]
scripts = ["LATIN"]
singular = [1]

[texts]
"reply.done" = "Fertig: {names}."
"steps" = { one = "ein Schritt", other = "{count} Schritte" }
"""


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for path in locales.FOLDER.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "german.toml").write_text(GERMAN, encoding="utf-8")
    monkeypatch.setattr(locales, "FOLDER", tmp_path)
    every.cache_clear()
    yield
    every.cache_clear()


@pytest.mark.usefixtures("german")
def test_another_language_is_one_more_file() -> None:
    assert [locale.code for locale in every()] == ["en", "zh-CN", "de"]
    assert locale_of("blonde Haare", "de").code == "de"
    assert locale_of("blonde Haare", "en-US").code == "en"
    german = get("de")
    assert german.say("reply.done", names="x") == "Fertig: x."
    assert [german.say("steps", count=count) for count in (1, 3)] == ["ein Schritt", "3 Schritte"]


@pytest.mark.parametrize("text", ["3", '{ one = "x" }', '{ one = "x", other = "y", few = "z" }'])
def test_a_text_of_another_format_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "german.toml"
    file.write_text(GERMAN + f'"reply.off" = {text}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"german.toml: 'reply.off'"):
        Locale.load(file)


@pytest.mark.parametrize("locale", every()[1:], ids=lambda locale: locale.code)
def test_examples_of_the_embedded_bundles_are_worded_and_understood(locale: Locale) -> None:
    for file in (Path(locales.__file__).parents[2] / "editor" / "bundles").glob("*/bundle.toml"):
        for example in tomllib.loads(file.read_text(encoding="utf-8"))["examples"]:
            wording = locale.wording(example)
            assert locale.writes(wording), example
            assert any(action.do in ("add", "remove") for action in read(wording)), wording
