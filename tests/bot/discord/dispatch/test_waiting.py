"""A member's requests are answered one at a time, in their order."""

from __future__ import annotations

import asyncio

from bot.discord.dispatch.waiting import USUAL_SECONDS, MemberQueue


async def test_one_at_a_time_in_the_order_of_joining() -> None:
    queue, running, order = MemberQueue(), 0, []

    async def work(number: int) -> None:
        nonlocal running
        async with queue.join() as turn:
            await asyncio.sleep(0.01 * (3 - number))  # the last one is the first to be ready
            await turn
            running += 1
            assert running == 1
            await asyncio.sleep(0.01)
            order.append(number)
            running -= 1

    await asyncio.gather(*(work(number) for number in range(3)))
    assert order == [0, 1, 2]
    assert queue.length == 0
    assert 0 < queue.seconds < USUAL_SECONDS


async def test_one_that_leaves_early_lets_nobody_overtake() -> None:
    queue = MemberQueue()
    async with queue.join() as first:
        await first
        async with queue.join():
            assert queue.wait_seconds == 2 * USUAL_SECONDS
        async with queue.join() as third:
            await asyncio.sleep(0.01)
            assert not third.done()
    async with queue.join() as next_one:
        await asyncio.wait_for(next_one, 1)
