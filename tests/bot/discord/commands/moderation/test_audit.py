"""Every command of moderators is recorded, logged in the channel, and refused without its permission."""

from __future__ import annotations

from typing import Any

import pytest

from storage.history import History
from storage.servers import Servers, ServerSettings
from tests.bot.discord.conftest import ANN, BEN, Start, words
from tests.bot.discord.moderators import MEI, MOE, appoint, audits, mod, told
from tests.discord_server import DiscordServer, objects, permissions

PLACE = "700000000000000001"
ROLE = objects.role("700000000000000009", "fans", 0)
SETTING = "setting"
CHANGES: list[tuple[str, dict[str, Any], str, str | None, str]] = [
    (
        "block",
        {"member": ANN, "for": "3 days", "reason": "spam"},
        "block",
        ANN["id"],
        "blocked <@800000000000000001> until <t:",
    ),
    (
        "unblock",
        {"member": BEN, "reason": "sorry"},
        "unblock",
        BEN["id"],
        "lifted the block of <@800000000000000002>",
    ),
    ("channel allow", {"channel": PLACE}, "channel-allow", PLACE, f"turned me on in <#{PLACE}>"),
    ("channel deny", {"channel": PLACE}, "channel-deny", PLACE, f"turned me off in <#{PLACE}>"),
    (
        "channel clear",
        {"channel": PLACE},
        "channel-clear",
        PLACE,
        f"let <#{PLACE}> follow the server-wide setting",
    ),
    (
        "channel age-restricted",
        {"on": True},
        SETTING,
        "age_restricted_only",
        "“Only in age-restricted channels”: on",
    ),
    ("quota set", {"wishes": 5}, SETTING, "quota_per_day", "“Limit for each member”: 5 edits in 24 hours"),
    (
        "quota set",
        {"wishes": 7, "role": ROLE},
        "role-quota",
        ROLE["id"],
        f"limit of <@&{ROLE['id']}>: 7 edits",
    ),
    ("quota clear", {}, SETTING, "quota_per_day", "“Limit for each member”: unlimited"),
    ("quota clear", {"role": ROLE}, "role-quota", ROLE["id"], f"limit of <@&{ROLE['id']}>: none"),
    (
        "cooldown",
        {"length": "90s"},
        SETTING,
        "cooldown_seconds",
        "“Cooldown between two requests”: 90 seconds",
    ),
    ("words add", {"word": "pink"}, "word-add", None, "put “pink” on the list"),
    ("words remove", {"word": "blue"}, "word-remove", None, "took “blue” off the list"),
    ("require consent", {"on": True}, SETTING, "require_consent", "“Members agree to the notice first”: on"),
    ("require spoilers", {"on": True}, SETTING, "require_spoilers", "“Pictures must be spoilers”: on"),
    ("settings language", {"language": "en"}, SETTING, "language", "“Language”: English"),
    ("settings model", {"model": "tiny"}, SETTING, "bundle", "“Model for new pictures”: tiny"),
    ("settings visible-mark", {"on": True}, SETTING, "visible_mark", "“Visible mark on results”: on"),
    ("settings open-buttons", {"on": False}, SETTING, "open_buttons", "“Anybody may press the buttons”: off"),
    (
        "settings others-avatars",
        {"on": True},
        SETTING,
        "others_avatars",
        "“Pictures and avatars of others may be edited”: on",
    ),
    ("settings retention", {"days": 3}, SETTING, "retention_days", "“Pictures are kept”: 3 days"),
    ("settings forget-leavers", {"on": True}, SETTING, "forget_leavers", "“Forget members who leave”: on"),
    ("queue pause", {}, "pause", None, "paused me"),
    ("queue drain", {}, "drain", None, "told me to finish earlier requests"),
    ("queue resume", {"reason": "done"}, "resume", None, "told me to take requests again"),
]
"""Removing results and cancelling requests have their own tests."""

LOOKS = [
    ("blocks", {}),
    ("words list", {}),
    ("settings show", {}),
    ("wishes", {"member": ANN}),
    ("queue list", {}),
    ("audit", {}),
]


def _logged(server: DiscordServer, channel: str) -> list[dict[str, Any]]:
    return [message for message in server.messages.values() if message["channel_id"] == channel]


async def _prepared(server: DiscordServer, history: History) -> str:
    """Set a log channel, block a member and refuse a word, so that every command has something to change."""
    appoint(server, MOE)
    server.home.roles[ROLE["id"]] = ROLE
    log = str(server.add_channel(server.home, "log")["id"])
    servers = Servers(history.database)
    await servers.change("discord", objects.GUILD, log_channel=log, refused_words=("blue",))
    await servers.block("discord", objects.GUILD, BEN["id"], None, None, MOE["id"])
    return log


@pytest.mark.parametrize(
    ("name", "options", "action", "target", "sentence"), CHANGES, ids=lambda value: str(value)[:40]
)
async def test_each_change_is_recorded_and_logged(
    server: DiscordServer,
    start: Start,
    history: History,
    name: str,
    options: dict[str, Any],
    action: str,
    target: str | None,
    sentence: str,
) -> None:
    log = await _prepared(server, history)
    async with start():
        await mod(server, name, options)
        (record,) = await audits(history)
        assert (record.actor, record.action, record.target) == (MOE["id"], action, target)
        assert record.reason == options.get("reason")
        (message,) = _logged(server, log)
        assert f"<@{MOE['id']}>" in message["content"]
        assert sentence in message["content"]
        assert (options.get("reason") or "") in message["content"]
        assert message["mentions"] == []


async def test_every_command_needs_its_permission(
    server: DiscordServer, start: Start, history: History
) -> None:
    """Even if the owner of the server shows the commands to everybody in Discord's own settings."""
    log = await _prepared(server, history)
    before = await Servers(history.database).settings("discord", objects.GUILD)
    async with start():
        for command in server.world.commands[None]:
            command["default_member_permissions"] = None
        others: list[tuple[str, dict[str, Any]]] = [
            *LOOKS,
            ("remove", {"message": "1" * 18}),
            ("queue cancel", {"wish": "message:1"}),
        ]
        for name, options in [*((one[0], one[1]) for one in CHANGES), *others, ("settings log", {})]:
            refused = (await server.callback_of(await server.slash(ANN, f"mod {name}", options)))["data"]
            assert refused["flags"] & 64, name
            assert "you need the permission “" in refused["content"], name
        sent = await server.say(ANN, "look", mention=False)
        refused = (await server.callback_of(await server.message_menu(ANN, "Remove this result", sent)))[
            "data"
        ]
        assert "“Manage Messages”" in refused["content"]
        for name, focused in (("words remove", "word"), ("queue cancel", "wish")):
            assert await server.autocomplete(ANN, f"mod {name}", focused, "") == []
        assert await audits(history) == []
        assert _logged(server, log) == []
        assert await Servers(history.database).settings("discord", objects.GUILD) == before


@pytest.mark.parametrize(
    ("granted", "may", "may_not"),
    [
        (permissions.MODERATE_MEMBERS, ("block", {"member": ANN}), ("cooldown", {})),
        (
            permissions.MANAGE_GUILD | permissions.MODERATE_MEMBERS,
            ("cooldown", {}),
            ("remove", {"message": "1" * 18}),
        ),
    ],
)
async def test_each_permission_allows_its_commands(
    server: DiscordServer,
    start: Start,
    granted: int,
    may: tuple[str, dict[str, Any]],
    may_not: tuple[str, dict[str, Any]],
) -> None:
    appoint(server, MEI, granted=granted)
    async with start():
        assert "权限" not in await told(server, *may, who=MEI)
        refused = (await server.callback_of(await server.slash(MEI, f"mod {may_not[0]}", may_not[1])))[
            "data"
        ]["content"]
        assert "权限" in refused


async def test_commands_are_hidden_from_members_and_in_direct_messages(
    server: DiscordServer, start: Start
) -> None:
    appoint(server, MOE)
    async with start():
        for who, place in ((ANN, {}), (MOE, {"direct": True})):
            with pytest.raises(AssertionError, match=r"hidden|not offered"):
                await server.slash(who, "mod audit", **place)


async def test_pages_of_the_audit_log_turn_after_a_restart(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE, MEI)
    servers = Servers(history.database)
    async with start():
        assert "Nothing is recorded" in await told(server, "audit")
    for number in range(25):
        await servers.record(
            "discord", objects.GUILD, MOE["id"], "block", ANN["id"], f"case {number}.", until=None
        )
    await servers.record("discord", "another server", MOE["id"], "block", BEN["id"], "elsewhere")
    async with start():
        shown = await mod(server, "audit")
        assert "case 24." in words(shown)
        assert "case 15." in words(shown)
        assert "case 14." not in words(shown)
    async with start():
        await server.press(MOE, shown, "Older")
        shown = await server.settled(shown, lambda m: "case 14." in words(m))
        await server.press(MOE, shown, "Older")
        shown = await server.settled(shown, lambda m: "case 0." in words(m))
        assert "elsewhere" not in words(shown)
        with pytest.raises(AssertionError, match="no button"):  # this is the last page
            await server.press(MOE, shown, "Older")
        await server.press(MOE, shown, "Newer")
        shown = await server.settled(shown, lambda m: "case 14." in words(m) and "case 5." in words(m))
        refused = await server.callback_of(await server.press(ANN, shown, "Newer"))
        assert "“Timeout Members”" in refused["data"]["content"]


async def test_the_audit_log_shows_erased_members_and_records_of_other_versions(
    server: DiscordServer, start: Start, history: History
) -> None:
    appoint(server, MOE, MEI)
    servers = Servers(history.database)
    async with start() as bot:
        await mod(
            server, "block", {"member": ANN, "reason": f"asked {ANN['id']} twice, <@{ANN['id']}> knows"}
        )
        await servers.record("discord", objects.GUILD, MOE["id"], "teleport", "somewhere", height=3)
        await servers.record("discord", objects.GUILD, MOE["id"], "setting", "gravity", value=[1, {"two": 2}])
        await bot.services.erase_member(ANN["id"])
        shown = await told(server, "audit")
        assert "blocked a member who was forgotten" in shown
        assert "asked a member who was forgotten twice, a member who was forgotten knows" in shown
        assert "~" not in shown
        assert ANN["id"] not in shown
        assert "“teleport”" in shown
        assert "gravity" in shown
        assert "屏蔽了 一位已被删除资料的成员，永久" in await told(server, "audit", who=MEI)


async def test_the_log_channel_gets_the_language_of_the_server(
    server: DiscordServer, start: Start, history: History
) -> None:
    log = await _prepared(server, history)
    await Servers(history.database).change("discord", objects.GUILD, language="zh-CN")
    async with start():
        assert "can't use me here" in await told(server, "block", {"member": ANN, "for": "2周"})
        (message,) = _logged(server, log)
        assert "屏蔽了" in message["content"]


def test_every_setting_has_a_command() -> None:
    """A setting without a command could not be changed by any moderator."""
    changed = {target for _, _, action, target, _ in CHANGES if action == SETTING} | {
        "log_channel",
        "refused_words",
        "channels_allowed",
        "channels_denied",
        "role_quotas",
        "paused",
        "drained_at",
    }
    assert changed == set(ServerSettings.__dataclass_fields__)
