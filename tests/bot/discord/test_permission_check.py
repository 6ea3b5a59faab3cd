"""Missing permissions and intents are reported to the operator in the log and to members in the channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import discord
import pytest
from pydantic import SecretStr

from bot import locales
from bot.conversation.service import Conversations
from bot.discord import DiscordConnection, connection, permission_check
from bot.discord.errors import IntentMissing, PermissionsMissing, ShardsRefused
from bot.errors import BadToken, BotError, sentence_for
from bot.settings import Settings
from storage.history import History
from storage.servers import Servers
from tests.bot.discord.conftest import ANN, PORTRAIT, Start
from tests.discord_server import DiscordServer, objects, permissions, point_library

NEEDED = 274878024704


async def _until(found: Callable[[], bool], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not found():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def test_nothing_is_logged_when_no_permission_is_missing(
    server: DiscordServer, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async with start():
        await server.answer_to(await server.say(ANN, "help"))
    assert _warnings(caplog) == []


async def test_each_server_and_channel_without_a_permission_is_one_log_line(
    server: DiscordServer,
    start: Start,
    history: History,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANG", "C")
    tea = server.add_guild("Tea", bot_permissions=0)
    tea.roles[tea.id]["permissions"] = str(NEEDED & ~permissions.ATTACH_FILES & ~permissions.EMBED_LINKS)
    words = server.add_channel(server.home, "words")
    server.overwrite(words, objects.GUILD, deny=permissions.ATTACH_FILES)
    closed = server.add_channel(server.home, "closed")
    server.overwrite(closed, objects.GUILD, deny=permissions.VIEW_CHANNEL | permissions.ATTACH_FILES)
    await Servers(history.database).change("discord", server.home.id, forget_leavers=True)
    async with start():
        await _until(lambda: len(_warnings(caplog)) == 3)
        assert sorted(_warnings(caplog)) == [
            "In “Tea” I'm missing permissions: Embed Links, Attach Files.",
            "In “a server”, #words I'm missing permissions: Attach Files.",
            "The server “a server” wants members who leave to be forgotten, but I'm not told of "
            "them: set HEAR_LEAVERS=true.",
        ]
        late = server.add_guild("Late", bot_in=False)
        late.roles[late.id]["permissions"] = str(NEEDED & ~permissions.READ_MESSAGE_HISTORY)
        server.invite_bot(late)
        await _until(lambda: "In “Late” I'm missing permissions: Read Message History." in _warnings(caplog))


async def test_a_member_is_told_which_permission_is_missing(server: DiscordServer, start: Start) -> None:
    async with start():
        channel = server.add_channel(server.home, "short memory")
        server.overwrite(channel, objects.GUILD, deny=permissions.READ_MESSAGE_HISTORY)
        await server.say(ANN, "pink hair", files=PORTRAIT, channel=channel["id"])

        def told() -> list[str]:
            own = [m for m in server.messages.values() if m["author"]["id"] == objects.BOT]
            return [m["content"] for m in own if m["channel_id"] == channel["id"]]

        (text,) = await server.world.until(told, 20)
        assert "“Read Message History”" in text


async def test_a_bot_in_no_server_logs_its_invite_link(
    server: DiscordServer, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.kick_bot(server.home)
    async with start():
        await _until(
            lambda: f"client_id={objects.APPLICATION}&scope=bot%20applications.commands" in caplog.text
        )


async def test_closing_waits_for_cancelled_tasks(start: Start) -> None:
    ended = []

    async def query() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.2)
            ended.append("its connection is given back")

    async with start() as bot:
        bot.dispatcher.tasks.add(asyncio.create_task(query()))
        await asyncio.sleep(0.01)
        await bot.close()
        assert ended


def test_permission_bits_match_discord_py() -> None:
    needed = discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        attach_files=True,
        embed_links=True,
        read_message_history=True,
    )
    assert permission_check.NEEDED == needed.value == 274878024704
    assert permission_check.invite_link(123).endswith(
        "client_id=123&scope=bot%20applications.commands&permissions=274878024704"
    )
    assert permission_check.missing_permissions(needed, "here") == []
    assert permission_check.missing_permissions(discord.Permissions(administrator=True), "here") == []
    needed.attach_files = False
    (missing,) = permission_check.missing_permissions(needed, "the server “Tea”")
    assert isinstance(missing, PermissionsMissing)
    assert (
        sentence_for(missing, locales.get("en"))
        == "In the server “Tea” I'm missing permissions: Attach Files."
    )


def _settings(**changes: object) -> Settings:
    return Settings(discord_token=SecretStr("token-of-a-test")).model_copy(update=changes)


@pytest.mark.parametrize(
    ("trouble", "kind", "words"),
    [
        ("intent", IntentMissing, "The intent “Server Members Intent” is not turned on"),
        ("shards", ShardsRefused, "SHARD_COUNT"),
        ("token", BadToken, "DISCORD_TOKEN"),
    ],
)
async def test_errors_that_only_the_operator_can_fix_end_the_service(
    server: DiscordServer,
    conversations: Conversations,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
    kind: type[BotError],
    words: str,
) -> None:
    if trouble == "intent":
        server.world.privileged = 0
    elif trouble == "token":
        server.world.gateway.token = "another"  # it was changed between logging in and connecting
    else:

        async def refuse(socket: object, body: dict[str, object]) -> None:
            await socket.close(code=4011)  # type: ignore[attr-defined]

        monkeypatch.setattr(server.world.gateway, "_opened", refuse)
    with pytest.raises(kind) as caught:
        await DiscordConnection(
            conversations, conversations.history, _settings(hear_leavers=trouble == "intent")
        ).serve()
    assert words in sentence_for(caught.value, locales.get("en"))


async def test_members_who_leave_are_noticed_with_the_intent(
    server: DiscordServer, conversations: Conversations, history: History
) -> None:
    await Servers(history.database).change("discord", server.home.id, forget_leavers=True)
    serving = DiscordConnection(conversations, history, _settings(hear_leavers=True))
    task = asyncio.create_task(serving.serve())
    await server.connected()
    first = await server.answer_to(await server.say(ANN, "help"))
    assert first["content"]
    assert server.world.gateway.sessions[-1].intents & discord.Intents(members=True).value
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_service_retries_until_discord_can_be_reached(
    conversations: Conversations, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(connection, "FIRST_PAUSE", 0.05)
    point_library("http://127.0.0.1:1", monkeypatch.setattr)
    serving = DiscordConnection(conversations, conversations.history, _settings())
    task = asyncio.create_task(serving.serve())
    await _until(lambda: len(_warnings(caplog)) >= 2)
    assert all(
        text.startswith("Discord cannot be reached (ClientConnectorError)") for text in _warnings(caplog)
    )
    await serving.measure()
    assert not await serving.connected()
    assert conversations.metrics.registry.get_sample_value("bot_gateway_up", {"shard": "0"}) == 0
    async with DiscordServer() as late:
        point_library(late.base, monkeypatch.setattr)
        await late.connected()
        assert (await late.answer_to(await late.say(ANN, "help")))["content"]
        assert await serving.connected()
        await serving.drain(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(("advised", "count", "shards"), [(2, None, 2), (1, 3, 3)])
async def test_every_shard_connects_and_resumes(
    conversations: Conversations,
    monkeypatch: pytest.MonkeyPatch,
    advised: int,
    count: int | None,
    shards: int,
) -> None:
    """Discord or the operator decides how many there are; a lost one is shown as down, and resumes."""
    async with DiscordServer(shards=advised) as server:
        point_library(server.base, monkeypatch.setattr)
        other = server.add_guild("another", number=objects.snowflake_for(1, shards))
        serving = DiscordConnection(conversations, conversations.history, _settings(shard_count=count))
        task = asyncio.create_task(serving.serve())
        await server.connected(shards=shards)
        place = next(iter(other.channels))
        assert (await server.answer_to(await server.say(ANN, "help", channel=place)))["content"]
        value = conversations.metrics.registry.get_sample_value
        await serving.measure()
        assert [value("bot_gateway_up", {"shard": str(number)}) for number in range(shards)] == [1] * shards
        await server.disconnect(shard=1)
        await server.connected(shards=shards)
        assert server.world.gateway.resumes == 1
        assert (await server.answer_to(await server.say(ANN, "help", channel=place)))["content"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert server.complaints == []
