"""Metrics and health over HTTP, as Prometheus and a health check ask for them."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from bot.conversation.messages import Speaker, TalkRequest
from bot.conversation.service import Conversations
from bot.metrics import Check, Metrics, create_app
from tests.conftest import make_png


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


async def test_answers_verdicts_and_queue_positions_are_counted(conversations: Conversations) -> None:
    metrics = conversations.metrics
    assert (
        await conversations.talk(Speaker("test", "ann", "here"), TalkRequest("pink hair", make_png()))
    ).error is None
    assert value(metrics, "bot_wishes_total", verdict="done") == 1
    metrics.count_answer("mention", None, 0.3)
    metrics.count_answer("mention", "picture-too-large", 0.1)
    assert value(metrics, "bot_answers_total", kind="mention", outcome="done") == 1
    assert value(metrics, "bot_answers_total", kind="mention", outcome="picture-too-large") == 1
    assert value(metrics, "bot_answer_seconds_count", kind="mention") == 2
    assert value(metrics, "bot_queue_position_count") == 1, "picture and edit are one job"


def test_a_gateway_that_does_not_know_its_latency_yet() -> None:
    metrics = Metrics()
    for latency in (float("nan"), float("inf"), None):
        metrics.set_shard(0, up=True, latency=latency)
    assert value(metrics, "bot_gateway_latency_seconds", shard="0") is None
    metrics.set_shard(0, up=False, latency=0.08)
    assert value(metrics, "bot_gateway_latency_seconds", shard="0") == 0.08
    assert value(metrics, "bot_gateway_up", shard="0") == 0


def test_two_bots_in_one_process_do_not_add_up() -> None:
    one, other = Metrics(), Metrics()
    one.count_editor_restart()
    one.set_open_requests(3)
    assert value(one, "bot_editor_restarts_total") == 1
    assert value(other, "bot_editor_restarts_total") == 0
    assert value(other, "bot_inbox_open") == 0


async def test_the_page_is_prometheus_text(aiohttp_client: Any) -> None:
    metrics = Metrics()
    metrics.count_answer("web", None, 1.0)
    client = await aiohttp_client(create_app(metrics, {}))
    answer = await client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = (await answer.text()).splitlines()
    assert 'bot_answers_total{kind="web",outcome="done"} 1.0' in lines
    assert all(line.startswith("#") or re.fullmatch(r"[a-z_:]+(\{.*\})? \S+", line) for line in lines)
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)


async def passes() -> bool:
    return True


async def is_false() -> bool:
    return False


async def raises() -> bool:
    raise RuntimeError


@pytest.mark.parametrize(("check", "healthy"), [(passes, True), (is_false, False), (raises, False)])
async def test_health_names_the_failing_check(aiohttp_client: Any, check: Check, healthy: bool) -> None:
    client = await aiohttp_client(create_app(Metrics(), {"database": passes, "editor": check}))
    answer = await client.get("/health")
    assert answer.status == (200 if healthy else 503)
    assert (await answer.json())["checks"] == {"database": True, "editor": healthy}


async def test_a_check_that_hangs_fails_in_time(aiohttp_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    async def hangs() -> bool:
        await asyncio.sleep(60)
        return True

    monkeypatch.setattr("bot.metrics._CHECK_TIMEOUT", 0.05)
    client = await aiohttp_client(create_app(Metrics(), {"editor": hangs}))
    begun = time.monotonic()
    assert (await client.get("/health")).status == 503
    assert time.monotonic() - begun < 5
