"""A language model of the operator's own, answering well, badly, slowly and not at all."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.app.container import _reader
from bot.conversation.readers import OwnReader, Reader, checked
from bot.language.actions import Add, Answer, Ask, Remove, Scale, Undo
from bot.settings import Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PINK = [Add("pink hair")]
"""What the built-in reader makes of "pink hair"."""


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server with a chat API; yields its address."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", handler)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1/"))


def says(content: Any) -> web.Response:
    """An answer of the model."""
    text = content if isinstance(content, str) else json.dumps(content)
    return web.json_response({"choices": [{"message": {"role": "assistant", "content": text}}]})


async def test_a_good_answer_is_used() -> None:
    asked: list[tuple[dict[str, Any], str | None]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        asked.append((await request.json(), request.headers.get("Authorization")))
        return says(
            {"actions": [{"do": "add", "prompt": "steampunk goggles", "strength": 1.2}, {"do": "undo"}]}
        )

    async with serving(handler) as url:
        found = await OwnReader(url, "small", "secret").read("gimme the goggles", ["hat"], ("en",))
    assert found == [Add("steampunk goggles", 1.2), Undo()]
    body, token = asked[0]
    assert token == "Bearer secret"
    assert body["model"] == "small"
    assert json.loads(body["messages"][1]["content"]) == {
        "message": "gimme the goggles",
        "changes in force": ["hat"],
    }
    assert body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    "content",
    [
        "make it so",
        "{}",
        {"actions": []},
        {"actions": [{"do": "delete-everything"}]},
        {"actions": [{"do": "add"}]},
        {"actions": [{"do": "add", "prompt": "x" * 201}]},
        {"actions": [{"do": "add", "prompt": "hair\u0000"}]},
        {"actions": [{"do": "add", "prompt": "<@1234>"}]},
        {"actions": [{"do": "add", "prompt": "hat", "strength": 1e9}]},
        {"actions": [{"do": "add", "prompt": "hat", "path": "/etc/passwd"}]},
        {"actions": [{"do": "scale", "target": "a hat that is not there", "factor": 2}]},
        {"actions": [{"do": "scale", "target": "hat", "factor": -1}]},
        {"actions": [{"do": "undo", "steps": 10**9}]},
        {"actions": [{"do": "undo"}] * 13},
        {"actions": [{"do": "ask"}], "note": "hello"},
        "[" * 100_000,
    ],
)
async def test_a_bad_answer_is_not_used(content: Any) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return says(content)

    async with serving(handler) as url:
        assert await OwnReader(url, "m").read("pink hair", ["hat"], ("en",)) == PINK


async def _error(request: web.Request) -> web.StreamResponse:
    return web.Response(status=500, text="no")


async def _other_json(request: web.Request) -> web.StreamResponse:
    return web.json_response({"choices": "none"})


async def _no_json(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>", content_type="text/html")


async def _huge(request: web.Request) -> web.StreamResponse:
    return says("x" * 200_000)


async def _elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPTemporaryRedirect("http://127.0.0.1:9/elsewhere")


@pytest.mark.parametrize("handler", [_error, _other_json, _no_json, _huge, _elsewhere])
async def test_a_broken_server_does_no_harm(handler: Handler) -> None:
    async with serving(handler) as url:
        assert await OwnReader(url, "m").read("pink hair", [], ("en",)) == PINK


async def test_a_slow_server_is_not_waited_for() -> None:
    released = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        await released.wait()
        return says({"actions": [{"do": "reset"}]})

    async with serving(handler) as url:
        begun = time.monotonic()
        assert await OwnReader(url, "m", seconds=0.3).read("pink hair", [], ("en",)) == PINK
        assert time.monotonic() - begun < 2
        released.set()


async def test_no_server_at_all_does_no_harm() -> None:
    url = f"http://127.0.0.1:{unused_port()}/v1"
    assert await OwnReader(url, "m").read("pink hair", [], ("en",)) == PINK


def test_what_a_model_asks_is_not_shown() -> None:
    assert checked('{"actions": [{"do": "ask"}]}', []) == [Ask("ask.unclear")]
    assert checked('{"actions": [{"do": "answer", "topic": "price"}]}', []) == [Answer("price")]
    said = '{"actions": [{"do": "remove", "target": "hat"}, {"do": "scale", "target": "all", "factor": 0.5}]}'
    assert checked(said, ["hat"]) == [Remove("hat"), Scale("all", 0.5)]


def test_the_settings_choose_the_reader() -> None:
    assert type(_reader(Settings(_env_file=None))) is Reader
    url = "http://127.0.0.1:11434/v1"
    assert isinstance(_reader(Settings(_env_file=None, reader_url=url, reader_model="m")), OwnReader)
