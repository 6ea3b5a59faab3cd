"""Logs of a conversation in Discord contain nothing private."""

from __future__ import annotations

import pytest

from tests.bot.app.test_logs import NAME, WISH, restored, written
from tests.bot.discord.conftest import ANN, Start
from tests.conftest import make_png
from tests.discord_server import DiscordServer

__all__ = ["restored"]  # a fixture


@pytest.mark.parametrize("form", ["text", "json"])
async def test_logs_contain_no_text_no_file_name_and_no_token(
    server: DiscordServer, start: Start, form: str
) -> None:
    stream = written(form, secrets=(server.token,))
    async with start():
        first = await server.answer_to(await server.say(ANN, WISH, files={NAME: (make_png(), "image/png")}))
        await server.answer_to(await server.say(ANN, f"{WISH} instead", mention=False, reply_to=first))
    logged = stream.getvalue()
    assert "connected to Discord" in logged
    for private in (*WISH.split()[::2], "holiday", server.token, ANN["username"] + '"'):
        assert private not in logged
