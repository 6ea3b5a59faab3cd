"""The rules of a server, one by one, with a real database."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from bot.discord.errors import DiscordError, Reason
from bot.discord.policy import Policy, quota_of
from bot.discord.request import PLATFORM, Request, Upload
from bot.errors import BotError, sentence_for
from bot.language.actions import Undo
from bot.locales import every
from bot.moderation.words import BadRefusedWord
from storage.history import History
from storage.inbox import Inbox, InboxItem
from storage.people import People
from storage.schema import now
from storage.servers import Servers, ServerSettings

ANN = Request("message:1", "ann", "general", "club", text="pink hair")
MOD = replace(ANN, user="mod", moderator=True)
PICTURE = Upload("https://cdn.discordapp.com/a/me.png", "me.png", 1000, "image/png")


def refused(reason: str) -> AbstractContextManager[pytest.ExceptionInfo[DiscordError]]:
    """Expect a refusal for exactly this reason."""
    return pytest.raises(DiscordError, match=rf"^policy\.{reason}$")


@pytest.fixture
def policy(history: History) -> Policy:
    return Policy(Servers(history.database), Inbox(history.database), People(history.database))


async def change(policy: Policy, **changes: Any) -> None:
    await policy.servers.change(PLATFORM, "club", **changes)


async def admit(policy: Policy, request: Request = ANN, at: datetime | None = None) -> ServerSettings:
    return await policy.admit(request, now=at)


async def ask(policy: Policy, key: str, request: Request = ANN) -> None:
    """Handle a request as the dispatcher does: accept, admit, answer; a refused one does not count."""
    who = (request.user, request.server, request.place)
    item = await policy.inbox.accept(key, PLATFORM, *who, request.to_payload())
    assert item is not None
    try:
        await policy.admit(request, item)
    except DiscordError:
        await policy.inbox.answered(key, counts=False)
        raise
    await policy.inbox.answered(key)


async def test_without_rules_everybody_is_admitted(policy: Policy) -> None:
    assert await admit(policy) == ServerSettings()
    await change(policy, visible_mark=True)
    assert (await admit(policy)).visible_mark
    assert not (await admit(policy, replace(ANN, server=None))).visible_mark


async def test_a_pause_is_for_everybody_in_one_server(policy: Policy) -> None:
    await change(policy, paused=True)
    for member in (ANN, MOD):
        with refused("paused"):
            await admit(policy, member)
    await admit(policy, replace(ANN, server="pub"))
    await admit(policy, replace(ANN, server=None))


async def test_blocks(policy: Policy) -> None:
    until = now() + timedelta(hours=1)
    await policy.servers.block(PLATFORM, "club", "ann", until, "rude", "mod")
    with refused("blocked-until") as caught:
        await admit(policy)
    assert caught.value.values == {"until": until}
    await admit(policy, at=until + timedelta(seconds=1))
    await admit(policy, replace(ANN, server="pub"))
    await policy.servers.block(PLATFORM, "club", "ann", None, None, "mod")
    with refused("blocked"):
        await admit(policy, at=until + timedelta(days=999))


async def test_channels(policy: Policy) -> None:
    await change(policy, channels_denied=("general",))
    with refused("channel-closed"):
        await admit(policy)
    await change(policy, channels_denied=(), channels_allowed=("bots",))
    with refused("channel-closed"):
        await admit(policy)
    await admit(policy, replace(ANN, place="bots"))
    await change(policy, channels_denied=("bots",))
    with refused("channel-closed"):
        await admit(policy, replace(ANN, place="bots"))


async def test_age_restricted_channels_only(policy: Policy) -> None:
    await change(policy, age_restricted_only=True)
    with refused("age-restricted-only"):
        await admit(policy)
    await admit(policy, replace(ANN, age_restricted=True))


async def test_consent(policy: Policy, history: History) -> None:
    await change(policy, require_consent=True)
    with refused("consent-needed"):
        await admit(policy)
    await People(history.database).consent(PLATFORM, "ann", now())
    await admit(policy)
    with refused("consent-needed"):
        await admit(policy, replace(ANN, user="ben"))


async def test_spoilers(policy: Policy) -> None:
    await change(policy, require_spoilers=True)
    with refused("spoiler-needed"):
        await admit(policy, replace(ANN, uploads=(PICTURE,)))
    await admit(policy, replace(ANN, uploads=(replace(PICTURE, spoiler=True),)))
    await admit(policy)


async def test_refused_words_are_not_repeated_to_the_member(policy: Policy) -> None:
    await change(policy, refused_words=("nasty", "/gr[ou]+ss/"))
    for text, word in (("something N4STY", "nasty"), ("so grooss", "/gr[ou]+ss/")):
        with refused("refused-word") as caught:
            await admit(policy, replace(ANN, text=text))
        assert caught.value.values["word"] == word
        assert all(word not in sentence_for(caught.value, locale) for locale in every())
    await admit(policy, replace(ANN, text="dynasty"))


async def test_a_quota_is_used_up_and_comes_back(policy: Policy) -> None:
    await change(policy, quota_per_day=2)
    await ask(policy, "m1")
    await ask(policy, "m2")
    for key in ("m3", "m4", "m5"):
        with refused("quota-spent") as caught:
            await ask(policy, key)
    again = caught.value.values["again"]
    await ask(policy, "m6", replace(ANN, user="ben"))
    await ask(policy, "m7", replace(ANN, server="pub"))
    for number in range(3):
        await ask(policy, f"mod-{number}", MOD)
        await ask(policy, f"undo-{number}", replace(ANN, actions=(Undo(1),)))
    with refused("quota-spent"):
        await admit(policy, at=again - timedelta(seconds=1))
    await admit(policy, at=again)


async def test_many_requests_at_once_do_not_exceed_the_quota(policy: Policy) -> None:
    await change(policy, quota_per_day=5)
    results = await asyncio.gather(
        *(ask(policy, f"m{number}") for number in range(20)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 5
    assert sum(isinstance(result, DiscordError) for result in results) == 15


async def test_the_largest_quota_of_a_members_roles_wins(policy: Policy) -> None:
    settings = ServerSettings(quota_per_day=3, role_quotas={"new": 1, "patron": 50, "muted": 0})
    quotas = {
        roles: quota_of(replace(ANN, roles=roles), settings)
        for roles in ((), ("new",), ("new", "patron"), ("muted",), ("other",))
    }
    assert list(quotas.values()) == [3, 1, 50, 0, 3]
    assert quota_of(ANN, ServerSettings()) is None
    await change(policy, role_quotas={"muted": 0})
    with refused("no-quota"):
        await admit(policy, replace(ANN, roles=("muted",)))
    await admit(policy)


async def test_a_cooldown_counts_down_and_refusals_do_not_prolong_it(policy: Policy) -> None:
    await change(policy, cooldown_seconds=60.0)
    await ask(policy, "m1")
    with refused("cooling-down") as caught:
        await ask(policy, "m2")
    assert 1 <= caught.value.values["count"] <= 60
    (asked,) = [one for one in await policy.inbox.recent(PLATFORM, "club", "ann") if one.key == "m1"]
    with refused("cooling-down") as last:
        await admit(policy, at=asked.created_at + timedelta(seconds=59.5))
    assert last.value.values["count"] == 1
    await admit(policy, at=asked.created_at + timedelta(seconds=60))
    await ask(policy, "m3", MOD)
    await ask(policy, "m4", MOD)


async def test_every_refusal_has_a_sentence_in_every_language() -> None:
    moment = now()
    values = {"until": moment, "again": moment, "count": 9, "word": "x", "when": "", "member": "", "most": 1}
    values |= {"permissions": "", "text": "", "known": ""}
    errors: list[BotError] = [DiscordError(reason, **values) for reason in get_args(Reason)]
    errors.append(BadRefusedWord(entry="/(/"))
    errors += [
        DiscordError("policy.cooling-down", count=1),
        DiscordError("policy.quota-spent", count=1, again=moment),
    ]
    for locale in every():
        sentences = [sentence_for(error, locale) for error in errors]
        assert all(sentence and "{" not in sentence for sentence in sentences)
        assert sum(str(moment) in sentence for sentence in sentences) == 4


async def test_a_drain_finishes_requests_that_were_accepted_before(policy: Policy) -> None:
    async def accept(key: str) -> InboxItem:
        asked = await policy.inbox.accept(key, PLATFORM, "ann", "club", "general", {})
        assert asked is not None
        return asked

    before = await accept("1")
    await change(policy, paused=True, drained_at=now().timestamp())
    after = await accept("2")
    assert await policy.admit(ANN, before)
    for asked in (after, None):
        with refused("draining"):
            await policy.admit(ANN, asked)
    await change(policy, drained_at=None)
    with refused("paused"):
        await policy.admit(ANN, before)


async def test_the_end_of_a_long_cooldown_is_told(policy: Policy) -> None:
    await change(policy, cooldown_seconds=3600.0)
    await ask(policy, "1")
    with refused("resting") as caught:
        await admit(policy)
    again = caught.value.values["again"]
    assert timedelta(minutes=59) < again - now() <= timedelta(hours=1)
    with refused("cooling-down") as close:
        await admit(policy, at=again - timedelta(seconds=90))
    assert close.value.values["count"] == 90
