"""Logs hold what happened and no content: a whole run at DEBUG is searched for what was said, sent and
trusted to it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.app import logs
from tests.conftest import make_png

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was."""
    root, levels = (
        logging.getLogger(),
        {name: logging.getLogger(name).level for name in (*logs.OURS, "alembic", "aiohttp.access")},
    )
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)
    for name, value in levels.items():
        logging.getLogger(name).setLevel(value)


def written(form: str, level: str = "DEBUG", secrets: tuple[str, ...] = ()) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level, form, secrets, stream)
    return stream


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "secret",
    [
        TOKEN,
        "https://cdn.discordapp.com/attachments/1/2/holiday-in-rome.png?ex=1",
        "https://discord.com/api/v10/webhooks/123/aW50ZXJhY3Rpb246MTIzOnRva2Vu/messages/@original",
        "https://discord.com/api/v10/interactions/123/aW50ZXJhY3Rpb246MTIzOnRva2Vu/callback",
        "hunter2",
    ],
)
def test_secrets_are_blotted_out_wherever_they_stand(form: str, secret: str) -> None:
    stream = written(form, secrets=("hunter2", ""))
    logging.getLogger("discord.http").warning("rate limited: %s", secret)
    logging.getLogger("bot").info(f"it was {secret} here", extra={"place": secret})
    assert "rate limited" in stream.getvalue()
    assert "here" in stream.getvalue()
    for part in ("abcdefghijklmnopqrstuvwxyz", "holiday-in-rome", "aW50ZXJhY3Rpb246MTIzOnRva2Vu", "hunter2"):
        assert part not in stream.getvalue()
    assert logs.BLOT in stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_errors_are_told_without_their_words(form: str) -> None:
    stream = written(form)
    try:
        try:
            raise ValueError("the user said: purple elephants")
        except ValueError as error:
            raise ExceptionGroup("purple group", [RuntimeError("purple part")]) from error
    except ExceptionGroup:
        logging.getLogger("bot").exception("unforeseen")
    text = stream.getvalue()
    assert "purple" not in text
    for word in (
        "ValueError",
        "RuntimeError",
        "ExceptionGroup",
        "test_logs.py",
        "test_errors_are_told_without_their_words",
    ):
        assert word in text


def test_json_is_one_object_a_line() -> None:
    stream = written("json")
    logging.getLogger("bot.discord").info("finished %d wishes", 3, extra={"shard": 1})
    logging.getLogger("bot").warning("two\nlines")
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert (first["level"], first["logger"], first["message"], first["shard"]) == (
        "INFO",
        "bot.discord",
        "finished 3 wishes",
        1,
    )
    assert first["time"].endswith("+00:00")
    assert second["message"] == "two\nlines"


def test_debug_is_for_our_own_packages() -> None:
    stream = written("text")
    for name in (
        "aiosqlite",
        "discord.gateway",
        "discord.http",
        "PIL.PngImagePlugin",
        "sqlalchemy.engine.Engine",
    ):
        logging.getLogger(name).debug("a library's %s", "payload")
    logging.getLogger("bot.web").debug("our own detail")
    assert "payload" not in stream.getvalue()
    assert "our own detail" in stream.getvalue()


WISH, NAME, SECRET = "xylophone hair zanzibar", "holiday-in-rome.png", "s3cret-editor-token"


async def address_of(process: asyncio.subprocess.Process, seen: bytearray) -> str:
    assert process.stdout is not None
    while b"browser" not in seen:
        seen += await asyncio.wait_for(process.stdout.readline(), 60)
    return seen.split(b"Open ")[1].split()[0].decode()


@pytest.mark.parametrize("form", ["text", "json"])
async def test_a_whole_conversation_leaves_no_content_in_the_logs(
    tmp_path: Path, bundles: Path, form: str
) -> None:
    chosen = {
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": form,
        "EDITOR_TOKEN": SECRET,
        "DATA_DIR": str(tmp_path / "data"),
        "WEB_PORT": "0",
        "BUNDLES_DIR": str(bundles),
        "BUNDLE": "tiny",
        "METRICS_PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | chosen,
    )
    seen = bytearray()
    try:
        address = await address_of(process, seen)
        async with aiohttp.ClientSession() as session:
            for text in (WISH, "more", "undo"):
                form_data = aiohttp.FormData({"text": text})
                if text == WISH:
                    form_data.add_field("picture", make_png(), filename=NAME, content_type="image/png")
                async with session.post(f"{address}/api/talk", data=form_data) as answer:
                    assert b'"event": "turn"' in await answer.read()
    finally:
        process.terminate()
        out, error = await asyncio.wait_for(process.communicate(), 30)
    logged = (bytes(seen) + out + error).decode()
    assert process.returncode == 0, logged
    assert "metrics at http://127.0.0.1:" in logged
    assert "the editor is ready" in logged
    for private in (*WISH.split(), NAME, "holiday", SECRET):
        assert private not in logged, private
