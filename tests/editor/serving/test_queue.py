"""Fairness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.api.errors import QueueFull
from editor.serving.queue import FairQueue


def drained(queue: FairQueue) -> list[str]:
    found = []
    while (job := queue.pop()) is not None:
        found.append(job)
    return found


def test_whoever_was_served_least_recently_goes_first() -> None:
    queue = FairQueue()
    for number in range(3):
        queue.push("ann", f"a{number}")
    queue.push("ben", "b0")
    queue.push("cat", "c0")
    assert drained(queue) == ["a0", "b0", "c0", "a1", "a2"]
    queue.push("ann", "a3")
    queue.push("ben", "b1")
    assert drained(queue) == ["b1", "a3"]


def test_within_one_user_priority_then_age() -> None:
    queue = FairQueue()
    for job, priority in (("slow", -1), ("first", 0), ("second", 0), ("urgent", 5)):
        queue.push("ann", job, priority)
    assert drained(queue) == ["urgent", "first", "second", "slow"]


def test_positions_tell_the_order_that_pop_follows() -> None:
    queue = FairQueue()
    for user, job in (("ann", "a0"), ("ann", "a1"), ("ben", "b0"), ("cat", "c0"), ("ben", "b1")):
        queue.push(user, job)
    positions = {job: queue.position(job) for job in ("a0", "a1", "b0", "b1", "c0")}
    order = drained(queue)
    assert [order.index(job) for job in positions] == list(positions.values())


def test_one_user_cannot_fill_the_queue() -> None:
    queue = FairQueue(per_user=2)
    queue.push("ann", "a0")
    queue.push("ann", "a1")
    with pytest.raises(QueueFull) as caught:
        queue.push("ann", "a2")
    assert caught.value.detail["retry_after"] > 0
    queue.push("ben", "b0")
    assert queue.remove("a0")
    assert not queue.remove("a0")
    queue.push("ann", "a2")
    assert len(queue) == 3
    assert sorted(queue.drain()) == ["a1", "a2", "b0"]
    assert len(queue) == 0


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-1, 1), st.booleans()), max_size=20))
def test_positions_hold_whatever_came_before(history: list[tuple[str, int, bool]]) -> None:
    queue, waiting = FairQueue(per_user=20), set()
    for number, (user, priority, served) in enumerate(history):
        queue.push(user, str(number), priority)
        waiting.add(str(number))
        if served:
            waiting.discard(queue.pop() or "")
    positions = {job: queue.position(job) for job in waiting}
    order = drained(queue)
    assert positions == {job: number for number, job in enumerate(order)}
