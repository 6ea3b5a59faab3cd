"""A clock that jumped deletes nothing."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest

from storage.export import overview
from storage.history import History
from storage.inbox import Inbox
from storage.installation import clock_is_trusted
from storage.schema import now
from storage.upkeep import upkeep
from tests.storage.test_history import begin

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def run(history: History, start: datetime, end: datetime) -> None:
    """Upkeep every hour, as a bot does it."""
    while start <= end:
        await upkeep(history, 30, start)
        start += HOUR


async def pictures(history: History) -> int:
    return (await overview(history, "test", "ann")).edits


@pytest.mark.parametrize("checked", [False, True], ids=["first start", "later start"])
async def test_one_start_with_a_clock_that_is_ahead(
    history: History, caplog: pytest.LogCaptureFixture, checked: bool
) -> None:
    await begin(history)
    await Inbox(history.database).accept("k", "test", "ann", None, "here", {"text": "pink hair"})
    await Inbox(history.database).answered("k")
    start = now()
    if checked:
        await upkeep(history, 30, start)
    caplog.set_level(logging.WARNING)
    await run(history, start + 40 * DAY, start + 40 * DAY + 5 * HOUR)
    assert caplog.text.count("after the last check: nothing is deleted for the next 2 days") == 1
    await run(history, start + HOUR, start + 3 * DAY)  # it was set right
    assert await pictures(history) == 1
    assert await Inbox(history.database).known("k")
    await run(history, start + 3 * DAY, start + 31 * DAY)
    assert await pictures(history) == 0
    assert not await Inbox(history.database).known("k")


async def test_a_bot_that_was_off_for_long_waits_and_then_deletes(history: History) -> None:
    await begin(history)
    start = now()
    await upkeep(history, 30, start)
    await run(history, start + 40 * DAY, start + 42 * DAY - HOUR)
    assert await pictures(history) == 1
    await run(history, start + 42 * DAY, start + 42 * DAY + HOUR)
    assert await pictures(history) == 0


async def test_a_bot_that_runs_once_a_week_deletes_too(history: History) -> None:
    start = now()
    trusted = [await clock_is_trusted(history.database, start + week * 7 * DAY) for week in range(5)]
    assert trusted == [True, False, True, False, True]
