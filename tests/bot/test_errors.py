"""Every error in the words of every language, with the numbers it carries."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import pkgutil
from pathlib import Path

import pytest
from PIL import Image

import editor
from bot.errors import AttachmentTooLarge, BotError, NoSuchSample, code_for, sentence_for
from bot.locales import Locale, every, get
from editor.api.errors import EditorError, error_for
from editor.imaging.decode import Limits, decode
from storage.errors import DiskFull, StorageError, UnknownEdit
from tests import pictures

CHINESE, ENGLISH = get("zh-CN"), get("en")
OF_OPERATORS = {
    "bad-request",
    "bad-checkpoint",
    "no-download",
    "unknown-job",
    "job-conflict",
    "picture-unknown",
}
"""What only programmers and whoever runs the editor's commands meet."""
for _module in pkgutil.walk_packages([str(Path(editor.__file__).parent)], "editor."):
    if not _module.name.endswith(
        "__main__"
    ):  # so that the tree of errors is whole, whichever test runs first
        with contextlib.suppress(ImportError):  # of what an extra would bring
            importlib.import_module(_module.name)


def tree(root: type[Exception]) -> list[type[Exception]]:
    return [root, *(kind for child in root.__subclasses__() for kind in tree(child))]


@pytest.mark.parametrize("locale", every(), ids=lambda locale: locale.code)
def test_every_error_has_a_sentence(locale: Locale) -> None:
    for kind in tree(BotError):
        assert locale.texts[kind.key]  # type: ignore[attr-defined]
    plain = sentence_for(StorageError(), locale)
    for kind in StorageError.__subclasses__():
        assert sentence_for(kind("x"), locale) != plain, kind
    for kind in tree(EditorError):
        if kind.code not in OF_OPERATORS:
            assert sentence_for(kind(), locale) != kind.sentence or locale is ENGLISH, kind  # type: ignore[call-arg]


def test_values_are_filled_in() -> None:
    assert sentence_for(AttachmentTooLarge(most=25), CHINESE) == "这张图太大了：我最多能收 25 MB。"
    assert "sample:12" in sentence_for(NoSuchSample(name="x", first=1, last=12), ENGLISH)
    assert sentence_for(UnknownEdit(7, 3), CHINESE) == "这张图没有第 7 步；最后一步是第 3 步，0 是原图。"
    assert sentence_for(StorageError(), ENGLISH) == "I couldn't save that. Please try again."
    assert "空间" in sentence_for(DiskFull(), CHINESE)


def refusal(data: bytes, limits: Limits | None = None) -> EditorError:
    """What the editor refuses a picture with, as it comes over the wire."""
    with pytest.raises(EditorError) as caught:
        decode(data, limits)
    error = caught.value
    return error_for(error.code, str(error), json.loads(json.dumps(error.detail)))


def png(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (refusal(png(8, 9)), "这张图太小了：只有 8 × 9 像素。请发一张至少 32 × 32 的。"),
        (refusal(bytes(3 << 20), Limits(bytes=1 << 20)), "这个文件太大了：有 3 MB，我最多能收 1 MB。"),
        (
            refusal(png(2000, 1000), Limits(pixels=1_000_000)),
            "这张图太大了：2000 × 1000 像素，我最多能收 1 百万像素。",
        ),
        (refusal(b"<svg/>"), "这个文件不是我能打开的图片。PNG、JPEG、WebP、AVIF 和 GIF 都可以。"),
    ],
)
def test_refusals_of_the_editor_in_chinese(error: EditorError, sentence: str) -> None:
    assert sentence_for(error, CHINESE) == sentence
    assert sentence_for(error, ENGLISH) == str(error)


def test_every_bad_picture_is_refused_in_both_languages() -> None:
    for data, words in pictures.BAD.values():
        error = refusal(data)
        assert words in sentence_for(error, ENGLISH)
        assert sentence_for(error, CHINESE) != sentence_for(error, ENGLISH)


def test_what_no_language_knows_is_said_as_it_came() -> None:
    unknown = error_for("bad-request", "The latent must be [1], not [2].", {"reason": "{x}"})
    assert sentence_for(unknown, CHINESE) == "The latent must be [1], not [2]."
    assert (code_for(unknown), code_for(BotError())) == ("bad-request", "BotError")


def test_unforeseen_errors_show_nothing_of_themselves(caplog: pytest.LogCaptureFixture) -> None:
    assert "secret" not in sentence_for(ValueError("secret"), CHINESE)
    assert "ValueError" in caplog.text
