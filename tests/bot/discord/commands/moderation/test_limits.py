"""Limits, as members meet them."""

from __future__ import annotations

from storage.history import History
from storage.servers import Servers
from tests.bot.discord.conftest import ANN, BEN, PORTRAIT, Start
from tests.bot.discord.moderators import MOE, appoint, asks, mod, told
from tests.discord_server import DiscordServer, objects

SPOILER = {f"SPOILER_{name}": file for name, file in PORTRAIT.items()}


async def _served(server: DiscordServer, **place: str) -> bool:
    return bool((await asks(server, ANN, **place))["attachments"])


async def test_channels_are_allowed_and_denied_and_threads_follow_their_channel(
    server: DiscordServer, start: Start
) -> None:
    appoint(server, MOE)
    other = server.add_channel(server.home, "other")
    thread = server.add_thread(other, "within")
    async with start():
        await mod(server, "channel deny", {"channel": thread})
        assert not await _served(server, channel=other["id"])
        assert not await _served(server, channel=thread["id"])
        assert await _served(server)
        await mod(server, "channel allow", {"channel": other})
        assert await _served(server, channel=thread["id"])
        assert not await _served(server)
        await mod(server, "channel clear", {"channel": other})
        assert await _served(server)


async def test_only_age_restricted_channels(server: DiscordServer, start: Start) -> None:
    appoint(server, MOE)
    grown = server.add_channel(server.home, "grown", nsfw=True)
    thread = server.add_thread(grown, "within")
    async with start():
        assert "**Only in age-restricted channels**: on." in await told(
            server, "channel age-restricted", {"on": True}
        )
        assert "age-restricted" in (await asks(server, ANN))["content"]
        assert await _served(server, channel=grown["id"])
        assert await _served(server, channel=thread["id"])
        await mod(server, "channel age-restricted", {"on": False})
        assert await _served(server)


async def test_quotas_for_everybody_and_for_a_role(server: DiscordServer, start: Start) -> None:
    appoint(server, MOE)
    fans = server.add_role(server.home, "fans", 0)
    server.join(server.home, BEN, (fans,))
    async with start():
        assert "one edit in 24 hours" in await told(server, "quota set", {"wishes": 1})
        assert "2 edits" in await told(server, "quota set", {"wishes": 2, "role": fans})
        assert await _served(server)
        spent = (await asks(server, ANN))["content"]
        assert "one edit for today" in spent
        assert "<t:" in spent
        assert [bool((await asks(server, BEN))["attachments"]) for _ in range(3)] == [True, True, False]
        assert "no longer has a limit of its own" in await told(server, "quota clear", {"role": fans})
        assert "one edit for today" in (await asks(server, BEN))["content"]
        assert "unlimited" in await told(server, "quota clear")
        assert await _served(server)


async def test_a_cooldown_says_when_it_ends(server: DiscordServer, start: Start) -> None:
    appoint(server, MOE)
    async with start():
        assert "30 seconds" in await told(server, "cooldown", {"length": "30s"})
        assert await _served(server)
        assert "seconds" in (await asks(server, ANN))["content"]
        assert "2 hours" in await told(server, "cooldown", {"length": "2h"})
        assert "<t:" in (await asks(server, ANN))["content"]
        assert "forever" in await told(server, "cooldown", {"length": "forever"})
        assert "none" in await told(server, "cooldown")
        assert await _served(server)


async def test_refused_words_are_added_listed_and_removed(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE)
    async with start():
        for word in ("pink", "/gl[ao]sses/"):
            assert "refuse requests" in await told(server, "words add", {"word": word})
        assert "can't search for" in await told(server, "words add", {"word": "/(/"})
        listed = await told(server, "words list")
        assert "pink" in listed
        for wish in ("p i n k hair", "glosses"):
            refused = await asks(server, ANN, wish)
            assert "don't want" in refused["content"]
            assert refused["attachments"] == []
        assert [c["value"] for c in await server.autocomplete(MOE, "mod words remove", "word", "gl")] == [
            "/gl[ao]sses/"
        ]
        assert "off the list" in await told(server, "words remove", {"word": "pink"})
        assert "not on the list" in await told(server, "words remove", {"word": "pink"})
        assert await _served(server)
        assert (await Servers(history.database).settings("discord", objects.GUILD)).refused_words == (
            "/gl[ao]sses/",
        )


async def test_consent_and_spoilers_are_required(server: DiscordServer, start: Start) -> None:
    appoint(server, MOE)
    async with start():
        await mod(server, "require spoilers", {"on": True})
        assert "spoiler" in (await asks(server, ANN))["content"]
        shown = await asks(server, ANN, files=SPOILER)
        assert shown["attachments"][0]["filename"].startswith("SPOILER_")
        await mod(server, "require spoilers", {"on": False})
        await mod(server, "require consent", {"on": True})
        notice = await asks(server, ANN)
        assert "agree" in str(notice["components"])
        await server.callback_of(await server.press(ANN, notice, "I agree"))
        assert await _served(server)
