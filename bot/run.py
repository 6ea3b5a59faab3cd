"""``python -m bot``: the local web chat and, with a token, Discord, over one set of conversations."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from bot import samples
from bot.assembly import Parts, assembled
from bot.errors import BotError
from bot.settings import Settings, load
from bot.terminal import complaint
from storage.errors import StorageError
from storage.retention import Retention

logger = logging.getLogger(__name__)

EXPIRE_SECONDS = 3600.0


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
        if settings.discord_token is not None:
            from bot.discord import run as run_discord

            token = settings.discord_token.get_secret_value()
            tasks.append(group.create_task(run_discord(parts.conversations, parts.history, token, most)))
        _stop_on_signal(tasks)


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
        logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s bot %(levelname)s %(message)s")
        logging.getLogger("alembic").setLevel(logging.WARNING)  # migrations are no news to whoever starts a bot
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(settings))
    except (BotError, OSError) as error:
        print(complaint(error), file=sys.stderr)
        return 2
    except BaseExceptionGroup as group:
        known, rest = group.split((BotError, OSError))
        for reason in known.exceptions if known else ():
            print(complaint(reason), file=sys.stderr)
        if rest:
            raise rest from None
        return 2
    return 0
