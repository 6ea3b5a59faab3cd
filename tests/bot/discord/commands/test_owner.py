"""The commands of the bot's owner: visible in one server, only for the owner, and recorded."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.app.supervisor import own_editor
from bot.conversation.service import Conversations
from bot.discord.commands.owner import owners
from bot.discord.dispatch import progress
from bot.discord.request import PLATFORM
from editor.api.client import EditorClient
from storage.history import History
from storage.servers import Servers
from tests.bot.discord.conftest import ANN, BEN, Start, words
from tests.bot.discord.moderators import eventually
from tests.discord_server import DiscordServer, NotOffered, objects, permissions
from tests.tiny import write_bundle

OWNER = objects.user(objects.OWNER, "owner")
HOME = {"owner_server": int(objects.GUILD)}


async def test_owner_commands_exist_only_in_the_owners_server(server: DiscordServer, start: Start) -> None:
    other = server.add_guild("another")
    async with start(**HOME):
        assert [command["name"] for command in server.world.commands[objects.GUILD]] == ["owner"]
        assert "owner" not in [command["name"] for command in server.world.commands[None]]
        for who, channel in ((OWNER, next(iter(other.channels))), (ANN, None)):
            with pytest.raises(NotOffered):
                await server.slash(who, "owner status", channel=channel)
        with pytest.raises(NotOffered):
            await server.slash(OWNER, "owner status", direct=True)
    async with start(**HOME):  # registered already
        await server.original_response(await server.slash(OWNER, "owner status"))


async def test_there_are_no_owner_commands_without_the_setting(server: DiscordServer, start: Start) -> None:
    async with start():
        with pytest.raises(NotOffered):
            await server.slash(OWNER, "owner status")


async def test_an_administrator_who_is_not_the_owner_is_refused(
    server: DiscordServer, start: Start, history: History
) -> None:
    role = server.add_role(server.home, "admin", permissions.ADMINISTRATOR)
    server.join(server.home, ANN, (role,))
    async with start(**HOME):
        for command in ("status", "reload", "announce"):
            told = await server.original_response(await server.slash(ANN, f"owner {command}"))
            assert "only for whoever runs this bot" in told["content"]
            assert told["flags"] & objects.EPHEMERAL
        assert await Servers(history.database).audits(PLATFORM, None) == []
        assert [m for m in server.messages.values() if "Maintenance" in m["content"]] == []


async def test_status_shows_shards_editor_disk_and_versions(server: DiscordServer, start: Start) -> None:
    async with start(**HOME) as bot:
        await eventually(bot.services.conversations.editor.ready, 60)  # the status shows its loaded bundles
        shown = await server.original_response(await server.slash(OWNER, "owner status"))
        assert shown["flags"] & objects.EPHEMERAL
        text = words(shown)
        for part in (
            r"Shard 0:\*\* connected, (\d+|\?) ms, one server",
            r"Editor:\*\* .*tiny; 0 under way, 0 waiting; on (cpu|cuda)",
            r"torch 2\.",
            r"not answered yet:\*\* 0",
            r"[\d.]+ GB free of [\d.]+ GB; the database takes [\d.]+ MB",
            rf"discord\.py {re.escape(discord.__version__)}",
        ):
            assert re.search(part, text), (part, text)
        chinese = OWNER | {"locale": "zh-CN"}
        assert "分片 0" in words(await server.original_response(await server.slash(chinese, "owner status")))


async def test_reload_finds_a_new_bundle_without_a_restart(
    server: DiscordServer, start: Start, history: History, tmp_path: Path
) -> None:
    write_bundle(tmp_path / "models" / "tiny")
    async with (
        own_editor(["--bundles", str(tmp_path / "models")]) as running,
        EditorClient(running.url) as editor,
    ):
        service = Conversations(history, editor, "tiny")
        async with start(conversations=service, **HOME):
            async with asyncio.timeout(60):
                while not await editor.ready():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            assert await service.examples() == ("pink hair", "glasses")
            write_bundle(tmp_path / "models" / "other")
            told = await server.original_response(await server.slash(OWNER, "owner reload"))
            assert "“other” and “tiny”" in told["content"]
            (tmp_path / "models" / "other" / "bundle.toml").write_text("damaged")
            told = await server.original_response(await server.slash(OWNER, "owner reload"))
            assert "damaged: “other”" in told["content"]
            listed = await server.original_response(await server.slash(BEN, "bundles"))
            assert "Tiny" in words(listed)
    records = await Servers(history.database).audits(PLATFORM, None)
    assert [(audit.actor, audit.action) for audit in records] == [(objects.OWNER, "reload")] * 2


async def test_maintenance_is_announced_in_each_servers_language(
    server: DiscordServer, start: Start, history: History
) -> None:
    tea = server.add_guild("茶", {objects.snowflake(): "general", objects.snowflake(): "log"}, locale="zh-CN")
    general, log = tea.channels.values()
    tea.system_channel = general["id"]
    (home,) = server.home.channels.values()
    server.home.system_channel = home["id"]
    server.add_guild("nowhere")
    closed = server.add_guild("closed")
    (channel,) = closed.channels.values()
    closed.system_channel = channel["id"]
    server.overwrite(channel, closed.id, deny=permissions.SEND_MESSAGES)
    await Servers(history.database).change(PLATFORM, tea.id, log_channel=log["id"])
    async with start(**HOME):
        values = {"begins-in": 5, "lasts": 20, "note": "New models. @everyone"}
        told = await server.original_response(await server.slash(OWNER, "owner announce", values))
        assert "I told 2 of 4 servers" in told["content"]
        assert "“nowhere” and “closed”" in told["content"]

        def said(place: dict[str, Any]) -> list[str]:
            own = [
                m
                for m in server.messages.values()
                if m["author"]["id"] == objects.BOT and m["channel_id"] == place["id"]
            ]
            return [m["content"] for m in own if not m["flags"] & objects.EPHEMERAL]

        (english,) = said(home)
        assert re.search(
            r"Maintenance:\*\* I will be away from <t:\d+:t> \(<t:\d+:R>\), for about 20 minutes", english
        )
        assert "New models." in english
        assert "@everyone" not in english
        (chinese,) = said(log)
        assert "大约 20 分钟" in chinese
        assert said(general) == []
    (audit,) = await Servers(history.database).audits(PLATFORM, None)
    assert (audit.action, audit.details["told"], audit.details["untold"]) == ("announce", 2, 2)


def test_owners_of_a_team_are_accepted_admins_and_developers() -> None:
    def member(number: int, role: str, state: int = 2) -> dict[str, Any]:
        return {
            "user": objects.user(str(number), f"m{number}"),
            "role": role,
            "membership_state": state,
            "team_id": "1",
            "permissions": ["*"],
        }

    team = {
        "id": "1",
        "name": "team",
        "icon": None,
        "owner_user_id": "1",
        "members": [
            member(1, "admin"),
            member(2, "developer"),
            member(3, "read_only"),
            member(4, "admin", state=1),
        ],
    }
    client = discord.Client(intents=discord.Intents.none())
    info = discord.AppInfo(client._connection, objects.application() | {"team": team})  # type: ignore[arg-type]
    assert owners(info) == {1, 2}
    assert owners(discord.AppInfo(client._connection, objects.application())) == {int(objects.OWNER)}  # type: ignore[arg-type]


async def test_a_mapper_is_trained_and_the_owner_notified(
    server: DiscordServer, start: Start, history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    write_bundle(tmp_path / "models" / "tiny")
    arguments = ["--bundles", str(tmp_path / "models"), "--data", str(tmp_path / "kept")]
    async with (
        own_editor(arguments) as running,
        EditorClient(running.url) as editor,
        start(conversations=Conversations(history, editor, "tiny"), **HOME),
    ):
        await server.slash(OWNER, "owner train", {"prompt": "a green hat", "minutes": 0.1})

        def own() -> list[dict[str, Any]]:
            return [
                m
                for m in server.messages.values()
                if m["author"]["id"] == objects.BOT and not m["flags"] & objects.EPHEMERAL
            ]

        def called() -> dict[str, Any] | None:
            return next(
                (m for m in own() if f"<@{objects.OWNER}> The mapper for “a green hat”" in m["content"]), None
            )

        before = own()
        call = await server.world.until(called, 120)
        assert call["id"] not in {message["id"] for message in before}
        await server.world.until(
            lambda: [m for m in own() if m is not call and "The mapper for" in m["content"]], 20
        )
    (audit,) = await Servers(history.database).audits(PLATFORM, None)
    assert (audit.action, audit.target) == ("train", "a green hat")
