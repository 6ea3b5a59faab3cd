"""Settings of servers, blocks, and the record of what moderators did."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from storage.history import History
from storage.retention import Retention
from storage.schema import now
from storage.servers import Servers, ServerSettings


@pytest.fixture
def servers(history: History) -> Servers:
    return Servers(history.database)


async def test_settings_have_defaults_and_change_one_by_one(servers: Servers) -> None:
    assert await servers.settings("test", "club") == ServerSettings()
    await servers.change("test", "club", visible_mark=True, role_quotas={"7": 5})
    changed = await servers.change("test", "club", cooldown_seconds=2.5)
    assert changed == await servers.settings("test", "club")
    assert (changed.visible_mark, changed.role_quotas, changed.cooldown_seconds) == (True, {"7": 5}, 2.5)
    assert await servers.settings("test", "pub") == ServerSettings()
    with pytest.raises(TypeError):
        await servers.change("test", "club", no_such_setting=1)


async def test_concurrent_changes_are_all_kept(servers: Servers) -> None:
    words = [f"word{n}" for n in range(40)]
    await asyncio.gather(*(servers.add_to("test", "club", "refused_words", word) for word in words))
    assert sorted((await servers.settings("test", "club")).refused_words) == sorted(words)
    await servers.add_to("test", "club", "refused_words", "word1")
    left = await servers.take_from("test", "club", "refused_words", "word2")
    assert sorted(left.refused_words) == sorted(set(words) - {"word2"})


async def test_blocks_hold_until_their_time(servers: Servers) -> None:
    moment = now()
    await servers.block("test", "club", "ann", moment + timedelta(hours=1), "rude", "mod")
    found = await servers.blocked("test", "club", "ann", moment)
    assert found is not None
    assert found.reason == "rude"
    assert await servers.blocked("test", "club", "ann", moment + timedelta(hours=2)) is None
    assert await servers.blocked("test", "pub", "ann", moment) is None
    await servers.block("test", "club", "ann", None, None, "mod")
    assert len(await servers.blocks("test", "club", moment + timedelta(days=900))) == 1
    assert await servers.unblock("test", "club", "ann")
    assert not await servers.unblock("test", "club", "ann")


async def test_a_block_applies_after_the_members_data_was_deleted(servers: Servers, history: History) -> None:
    await servers.block("test", "club", "80000001", None, "spam by 80000001", "mod")
    await servers.record("test", "club", "mod", "block", "80000001", "spam by 80000001", who="80000001")
    await Retention(history).forget_user("test", "80000001")
    (block,) = await servers.blocks("test", "club", now())
    (audit,) = await servers.audits("test", "club")
    assert "80000001" not in f"{block}{audit}"
    assert block.member == audit.target == audit.details["who"]
    assert await servers.blocked("test", "club", "80000001", now()) is not None
    assert await servers.blocked("test", "club", "80000002", now()) is None
    assert await servers.unblock("test", "club", "80000001")


async def test_the_record_is_read_in_pages_by_server(servers: Servers) -> None:
    for number in range(5):
        await servers.record("test", "club", "mod", f"step-{number}", "ann", why=number)
    await servers.record("test", None, "owner", "reload")
    page = await servers.audits("test", "club", limit=3)
    assert [one.action for one in page] == ["step-4", "step-3", "step-2"]
    assert [one.action for one in await servers.audits("test", "club", before=page[-1].id)] == [
        "step-1",
        "step-0",
    ]
    assert [one.action for one in await servers.audits("test", None)] == ["reload"]
    assert await servers.audits("test", "pub") == []


async def test_pages_can_be_turned_both_ways(history: History) -> None:
    servers = Servers(history.database)
    made = [await servers.record("test", "club", "mod", "block", f"member {number}") for number in range(7)]
    first = await servers.audits("test", "club", limit=3)
    assert [one.id for one in first] == [one.id for one in made[:3:-1]]
    older = await servers.audits("test", "club", first[-1].id, 3)
    assert [one.id for one in older] == [one.id for one in made[3:0:-1]]
    assert await servers.audits("test", "club", limit=3, after=older[0].id) == first
    assert await servers.audits("test", "club", after=first[0].id) == []


async def test_quotas_of_roles_are_changed_one_by_one(history: History) -> None:
    servers = Servers(history.database)
    await asyncio.gather(
        *(servers.set_role_quota("test", "club", f"role {number}", number) for number in range(5))
    )
    await servers.set_role_quota("test", "club", "role 1", None)
    settings = await servers.set_role_quota("test", "club", "role 2", 0)
    assert settings.role_quotas == {"role 0": 0, "role 2": 0, "role 3": 3, "role 4": 4}
