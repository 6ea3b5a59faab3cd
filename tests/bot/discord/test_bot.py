"""Conversations: the real discord.py against a Discord on loopback, with a real editor process."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image
from pydantic import SecretStr

from bot.conversation.service import Conversations
from bot.discord import DiscordConnection
from bot.errors import BadToken, sentence_for
from bot.locales import locale_of
from bot.settings import Settings
from tests.bot.discord.conftest import ANN, BEN, PORTRAIT, Start
from tests.discord_server import DiscordServer, objects


async def test_a_conversation_by_mention_reply_and_button(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await server.answer_to(await server.say(ANN, "pink hair", files=PORTRAIT))
        assert "pink hair" in first["content"]
        (attachment,) = first["attachments"]
        assert "pink hair" in attachment["description"]
        with Image.open(io.BytesIO(server.files_of(first)[0])) as image:
            assert image.size == (160, 128)
        second = await server.answer_to(await server.say(ANN, "now less", mention=False, reply_to=first))
        assert "“pink hair” is at 60 %" in second["content"]
        await server.press(ANN, second, "Undo")
        third = await server.answer_to(second)
        assert "edit 1" in third["content"]
        assert server.files_of(third) == server.files_of(first)
    assert server.typing > 0


async def test_buttons_work_after_a_restart_for_their_owner_only(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await server.answer_to(await server.say(ANN, "pink hair", files=PORTRAIT))
    async with start():
        refused = await server.callback_of(await server.press(BEN, first, "More"))
        assert refused["data"]["flags"] & 64  # only Ben sees it
        assert "the person who sent the picture" in refused["data"]["content"]
        await server.press(ANN, first, "More")
        assert "“pink hair” is at" in (await server.answer_to(first))["content"]


async def test_a_reply_to_an_older_picture_makes_a_branch(server: DiscordServer, start: Start) -> None:
    async with start():
        first = await server.answer_to(await server.say(ANN, "pink hair", files=PORTRAIT))
        await server.answer_to(await server.say(ANN, "glasses"))
        branch = await server.answer_to(await server.say(ANN, "more", mention=False, reply_to=first))
        assert "“pink hair” is at" in branch["content"]
        listed = await server.answer_to(await server.say(ANN, "show the adjustments"))
        assert "glasses" not in listed["content"]
        stolen = await server.answer_to(await server.say(BEN, "more", mention=False, reply_to=first))
        assert "someone else" in stolen["content"]


async def test_data_of_a_server_that_removes_the_bot_is_deleted(server: DiscordServer, start: Start) -> None:
    async with start() as bot:
        first = await server.answer_to(await server.say(ANN, "pink hair", files=PORTRAIT))
        kept = await server.answer_to(await server.say(ANN, "pink hair", files=PORTRAIT, direct=True))
        server.kick_bot(server.home)
        async with asyncio.timeout(10):
            while await bot.services.history.edit_of_message("discord", first["id"]) is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert await bot.services.history.edit_of_message("discord", kept["id"]) is not None


async def test_direct_messages_and_help(server: DiscordServer, start: Start) -> None:
    async with start():
        helped = await server.answer_to(await server.say(BEN, "help", direct=True))
        assert "Send me a portrait" in helped["content"]
        assert not helped["attachments"]
        bare = await server.answer_to(await server.say(BEN, "undo", direct=True))
        assert "no picture" in bare["content"]


async def test_other_messages_are_ignored(server: DiscordServer, start: Start) -> None:
    async with start():
        ignored = await server.say(ANN, "pink hair", mention=False, files=PORTRAIT)
        robot = await server.say(objects.user("800000000000000003", "robot", bot=True), "pink hair")
        await server.answer_to(await server.say(ANN, "help"))
        answered = {m.get("message_reference", {}).get("message_id") for m in server.messages.values()}
        assert not {ignored["id"], robot["id"]} & answered


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("page.png", b"<html><script>alert(1)</script></html>", "not a picture"),
        ("big.png", b"\x89PNG" + bytes(1024 * 1024), "too large"),
    ],
)
async def test_bad_uploads_are_explained(
    server: DiscordServer, start: Start, name: str, data: bytes, words: str
) -> None:
    async with start():
        answer = await server.answer_to(await server.say(ANN, "glasses", files={name: (data, "image/png")}))
        assert words in answer["content"]


async def test_pictures_on_other_hosts_are_not_downloaded(server: DiscordServer, start: Start) -> None:
    async with start(cdn_hosts={"cdn.discordapp.com"}):
        answer = await server.answer_to(await server.say(ANN, "glasses", files=PORTRAIT))
        assert "uploaded here" in answer["content"]


async def test_repeated_text_pings_nobody(server: DiscordServer, start: Start) -> None:
    async with start():
        answer = await server.answer_to(await server.say(ANN, "@everyone hair", files=PORTRAIT))
        assert "@everyone" not in answer["content"]


async def test_a_lost_connection_is_resumed(server: DiscordServer, start: Start) -> None:
    async with start():
        await server.disconnect()
        await server.connected()
        assert (await server.answer_to(await server.say(ANN, "help")))["content"]


async def test_a_wrong_token_is_reported_but_not_shown(
    server: DiscordServer, conversations: Conversations
) -> None:
    settings = Settings(discord_token=SecretStr("secret-token"))
    with pytest.raises(BadToken) as caught:
        await DiscordConnection(conversations, conversations.history, settings).serve()
    sentence = sentence_for(caught.value, locale_of())
    assert "secret" not in sentence
    assert "DISCORD_TOKEN" in sentence
