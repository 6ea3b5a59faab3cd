"""Blocks, as moderators set them and as members meet them."""

from __future__ import annotations

import asyncio
import time

import pytest

from storage.history import History
from storage.schema import now
from storage.servers import Servers
from tests.bot.discord.conftest import ANN, BEN, LI, Start, edited
from tests.bot.discord.moderators import MEI, MOE, appoint, asks, audits, mod, told
from tests.discord_server import DiscordServer, objects


async def test_a_blocked_member_is_refused_and_told_until_when(server: DiscordServer, start: Start) -> None:
    appoint(server, MOE)
    async with start():
        await edited(server, ANN, "pink hair")
        said = await told(server, "block", {"member": ANN, "for": "90m", "reason": "spam"})
        assert ANN["id"] in said
        refused = await asks(server, ANN)
        until = int(refused["content"].partition("<t:")[2].partition(":")[0])
        assert 89 * 60 < until - time.time() < 91 * 60
        assert "spam" not in refused["content"]
        assert refused["attachments"] == []
        private = await server.original_response(await server.slash(ANN, "edit", {"wish": "glasses"}))
        assert private["flags"] & 64
        assert "until <t:" in private["content"]
        assert (await asks(server, BEN))["attachments"]
        assert "can use me here again" in await told(server, "unblock", {"member": ANN})
        assert (await asks(server, ANN))["attachments"]
        assert "is not blocked" in await told(server, "unblock", {"member": ANN})


async def test_buttons_are_refused_to_blocked_members_privately(server: DiscordServer, start: Start) -> None:
    appoint(server, MOE)
    async with start():
        first = await edited(server, ANN, "pink hair")
        await mod(server, "block", {"member": ANN})
        pressed = await server.press(ANN, first, "More")
        (refused,) = await server.followups(pressed)
        assert refused["flags"] & 64
        assert "blocked you" in refused["content"]
        assert server.answers_to(first) == []


async def test_a_block_ends_by_itself_only_if_it_has_a_time(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE)
    async with start():
        assert "for good" in await told(server, "block", {"member": ANN, "for": "forever"})
        assert "<t:" in await told(server, "block", {"member": BEN, "for": "1s"})
        (block,) = [
            b
            for b in await Servers(history.database).blocks("discord", objects.GUILD, now())
            if b.until is None
        ]
        assert block.member == ANN["id"]
        await asyncio.sleep(1.1)
        assert (await asks(server, BEN))["attachments"]
        assert not (await asks(server, ANN))["attachments"]


async def test_moderators_cannot_be_blocked(server: DiscordServer, start: Start, history: History) -> None:
    appoint(server, MOE, MEI)
    async with start():
        assert "yourself" in await told(server, "block", {"member": MOE})
        assert "myself" in await told(server, "block", {"member": objects.me()})
        assert "moderates this server too" in await told(server, "block", {"member": MEI})
        assert "moderates this server too" in await told(
            server, "block", {"member": server.world.users[objects.OWNER]}
        )
        assert await Servers(history.database).blocks("discord", objects.GUILD, now()) == []
        assert await audits(history) == []


@pytest.mark.parametrize("length", ["soon", "-3 days", "5"])
async def test_an_unknown_length_of_time_blocks_nobody(
    server: DiscordServer, start: Start, history: History, length: str
) -> None:
    appoint(server, MOE)
    async with start():
        assert f"“{length}”" in await told(server, "block", {"member": ANN, "for": length})
        assert await audits(history) == []


async def test_the_list_of_blocks_shows_who_until_when_and_why(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE, MEI)
    async with start() as bot:
        assert "Nobody" in await told(server, "blocks")
        await mod(server, "block", {"member": ANN, "reason": f"*rude* to <@{BEN['id']}>"})
        await mod(server, "block", {"member": LI, "for": "2周"}, who=MEI)
        listed = await told(server, "blocks")
        assert listed.index(LI["id"]) < listed.index(ANN["id"])
        assert f"<@{MEI['id']}>" in listed
        assert r"\*rude\*" in listed
        await bot.services.erase_member(ANN["id"])
        listed = await told(server, "blocks")
        assert "a member who was forgotten" in listed
        assert "~" not in listed
        assert "一位已被删除资料的成员" in await told(server, "blocks", who=MEI)
        assert not (await asks(server, ANN))["attachments"]  # a block remains after the data is erased
