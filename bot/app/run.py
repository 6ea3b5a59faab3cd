"""``python -m bot``: the local web chat and, with a token, Discord, over one set of conversations."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from bot import samples
from bot.app import logs
from bot.app.checks import problems
from bot.app.container import Parts, assembled
from bot.app.shutdown import Drain, until_stopped
from bot.cli.errors import complaint
from bot.errors import BotError
from bot.metrics import Check
from bot.metrics import create_app as create_metrics_app
from bot.settings import Settings, load
from editor.api.errors import EditorError
from storage.errors import StorageError
from storage.upkeep import upkeep

logger = logging.getLogger(__name__)

EXPIRE_SECONDS, RECOVER_SECONDS = 3600.0, 60.0
PATIENCE_SECONDS = 120.0
"""As long as an editor may take to load its models before that is worth a word."""


def _announce(address: str) -> None:
    print(f"\n  Open {address} in your browser and drop in a portrait. Ctrl+C stops.\n", flush=True)


async def _serve(settings: Settings) -> None:
    """Serve until a front end fails or the program is stopped."""
    async with assembled(settings) as parts, asyncio.TaskGroup() as group:
        front_ends = list(_front_ends(settings, parts))
        chores = (_recover(parts), _expire(parts, settings.retention_days), _await_editor(parts))
        tasks = [group.create_task(work) for work in (*chores, *(serve for serve, _ in front_ends))]
        await until_stopped([drain for _, drain in front_ends], settings.stop_seconds)
        for task in tasks:
            task.cancel()


def _front_ends(settings: Settings, parts: Parts) -> Iterator[tuple[Coroutine[None, None, None], Drain]]:
    """What serves people and programs, and how each is drained; the figures are there until the end."""
    from bot.web import server as web

    chat = web.create_app(parts.conversations, samples.FOLDER, settings.max_upload_mb * 1024 * 1024)
    yield web.serve(chat, settings.web_host, settings.web_port, _announce), partial(web.drain, chat)
    checks: dict[str, Check] = {"database": partial(_database_well, parts), "editor": parts.editor.ready}
    if settings.discord_token is not None:
        from bot.discord import Service

        service = Service(parts.conversations, parts.history, settings)
        checks["discord"] = service.connected
        parts.metrics.measured_by(service.measure)
        yield service.serve(), service.drain
    if settings.metrics_port is not None:
        figures = create_metrics_app(parts.metrics, checks)
        announce = partial(logger.info, "metrics at %s/metrics")
        yield web.serve(figures, settings.metrics_host, settings.metrics_port, announce), _at_once


async def _at_once(_: float) -> None:
    """Nothing to wait for."""


async def _database_well(parts: Parts) -> bool:
    await parts.history.database.ping()
    return True


async def _await_editor(parts: Parts) -> None:
    """Say when wishes can be done, or why they cannot; the rest of the bot does not wait for it."""
    try:
        begun = time.monotonic()
        while not await parts.editor.ready():
            if time.monotonic() - begun > PATIENCE_SECONDS:
                logger.error("the editor does not answer; wishes wait until it does")
                return
            await asyncio.sleep(0.5)
        logger.info("the editor is ready")
    except EditorError as error:
        logger.error("%s", complaint(error))


async def _recover(parts: Parts) -> None:
    """Finish what an earlier run had begun, and every minute what another process leaves behind that is gone meanwhile."""
    while True:
        try:
            if finished := await parts.conversations.recover():
                logger.info("finished %d wishes that an earlier run had begun", len(finished))
        except (StorageError, SQLAlchemyError) as error:
            logger.warning("what is under way could not be looked up: %s", type(error).__name__)
        await asyncio.sleep(RECOVER_SECONDS)


async def _expire(parts: Parts, days: int) -> None:
    """Delete what is older than it may be, now and every hour."""
    while True:
        try:
            await upkeep(parts.history, days)
        except (StorageError, SQLAlchemyError, OSError) as error:  # a full disk or a busy database
            logger.warning("old pictures could not be deleted: %s", type(error).__name__)
        await asyncio.sleep(EXPIRE_SECONDS)


def main(argv: Sequence[str]) -> int:
    """Run until a signal; 2 where a setting or the token is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bot run",
        description="The local web chat and, with DISCORD_TOKEN set, the Discord bot.",
        epilog="Settings come from the environment or .env; .env.example explains them.",
    )
    parser.parse_args(argv)
    try:
        settings = load()
        logs.configure(settings.log_level, settings.log_format, settings.secrets)
        if found := problems(settings):
            print(*(complaint(problem) for problem in found), sep="\n", file=sys.stderr)
            return 2
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(settings))
    except (BotError, StorageError, OSError) as error:
        print(complaint(error), file=sys.stderr)
        return 2
    except BaseExceptionGroup as group:
        known, rest = group.split((BotError, StorageError, OSError))
        for reason in known.exceptions if known else ():
            print(complaint(reason), file=sys.stderr)
        if rest:
            raise rest from None
        return 2
    return 0
