"""``python -m bot``: the local web chat and, with a token, Discord, over one set of conversations."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from bot import logs, samples
from bot.assembly import Parts, assembled
from bot.errors import BotError
from bot.metrics import create_app as create_metrics_app
from bot.settings import Settings, load
from bot.startup import problems
from bot.terminal import complaint
from editor.errors import EditorError
from storage.errors import StorageError
from storage.retention import Retention

logger = logging.getLogger(__name__)

EXPIRE_SECONDS = 3600.0
PATIENCE_SECONDS = 120.0
"""As long as an editor may take to load its models before that is worth a word."""


def _announce(address: str) -> None:
    print(f"\n  Open {address} in your browser and drop in a portrait. Ctrl+C stops.\n", flush=True)


async def _serve(settings: Settings) -> None:
    from bot.web.server import create_app, serve

    async with assembled(settings) as parts, asyncio.TaskGroup() as group:
        most = settings.max_upload_mb * 1024 * 1024
        app = create_app(parts.conversations, samples.FOLDER, most)
        tasks = [group.create_task(serve(app, settings.web_host, settings.web_port, _announce))]
        tasks.append(group.create_task(_recover(parts)))
        tasks.append(group.create_task(_expire(parts, settings.retention_days)))
        tasks.append(group.create_task(_await_editor(parts)))
        if settings.metrics_port is not None:
            figures = create_metrics_app(parts.metrics, {"database": partial(_database_well, parts), "editor": parts.editor.ready})
            announce = partial(logger.info, "metrics at %s/metrics")
            tasks.append(group.create_task(serve(figures, settings.metrics_host, settings.metrics_port, announce)))
        if settings.discord_token is not None:
            from bot.discord import run as run_discord

            token = settings.discord_token.get_secret_value()
            tasks.append(group.create_task(run_discord(parts.conversations, parts.history, token, most)))
        _stop_on_signal(tasks)


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
    finished = await parts.conversations.recover()
    if finished:
        logger.info("finished %d wishes that an earlier run had begun", len(finished))


async def _expire(parts: Parts, days: int) -> None:
    """Delete what is older than it may be, now and every hour."""
    retention = Retention(parts.history)
    while True:
        try:
            if count := await retention.expire(days):
                logger.info("deleted %d pictures that were not used for long", count)
            await parts.history.sweep()
        except (StorageError, SQLAlchemyError) as error:  # a full disk or a busy database: there is another hour
            logger.warning("old pictures could not be deleted: %s", type(error).__name__)
        await asyncio.sleep(EXPIRE_SECONDS)


def _stop_on_signal(tasks: list[asyncio.Task[None]]) -> None:
    def stop() -> None:
        for task in tasks:
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def main(argv: Sequence[str]) -> int:
    """Run until a signal; 2 where a setting or the token is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m bot run", description="The local web chat and, with DISCORD_TOKEN set, the Discord bot.",
        epilog="Settings come from the environment or .env; .env.example explains them.",
    )  # fmt: skip
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
