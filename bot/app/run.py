"""``python -m bot run``: the web chat and, with a token, Discord, over one set of conversations."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy.exc import SQLAlchemyError

from bot import samples
from bot.app import logs
from bot.app.checks import check_bundle, problems
from bot.app.container import Container, open_container
from bot.errors import BotError, sentence_for_terminal
from bot.metrics import Check
from bot.metrics import create_app as create_metrics_app
from bot.settings import Settings, load
from editor.api.errors import EditorError
from storage.errors import StorageError
from storage.upkeep import upkeep

logger = logging.getLogger(__name__)

UPKEEP_SECONDS, RECOVERY_SECONDS = 3600.0, 60.0
PATIENCE_SECONDS = 120.0
"""Time an editor may take to load its models before the log says that it does not answer."""
KNOWN_ERRORS = (BotError, StorageError, OSError)

Drain = Callable[[float], Awaitable[None]]
"""Take no new work, finish current work within this many seconds, and leave the rest for the next start."""


def run() -> int:
    """Run until a signal; return 2 if a setting or the token is wrong."""
    try:
        settings = load()
        logs.configure(settings.log_level, settings.log_format, settings.secrets)
        if found := problems(settings):
            return _report_failure(*found)
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(settings))
    except KNOWN_ERRORS as error:
        return _report_failure(error)
    except BaseExceptionGroup as group:
        known, rest = group.split(KNOWN_ERRORS)
        status = _report_failure(*(known.exceptions if known else ()))
        if rest:
            raise rest from None
        return status
    return 0


def _report_failure(*errors: BaseException) -> int:
    for error in errors:
        print(sentence_for_terminal(error), file=sys.stderr)
    return 2


async def _serve(settings: Settings) -> None:
    """Serve until a front end fails or the program is stopped."""
    async with open_container(settings) as parts, asyncio.TaskGroup() as group:
        front_ends = list(_front_ends(settings, parts))
        chores = (
            _recover(parts),
            _keep_up(parts, settings.retention_days),
            _await_editor(parts, settings.bundle),
        )
        tasks = [group.create_task(work) for work in (*chores, *(serve for serve, _ in front_ends))]
        await _until_stopped([drain for _, drain in front_ends], settings.stop_seconds)
        for task in tasks:
            task.cancel()


def _front_ends(settings: Settings, parts: Container) -> Iterator[tuple[Coroutine[None, None, None], Drain]]:
    """Yield each front end's server and how it is drained; metrics come last, so that they are served to
    the end."""
    from bot.web import server as web

    def announce(address: str) -> None:
        print(f"\n  Open {address} in your browser and drop in a portrait. Ctrl+C stops.\n", flush=True)

    password = settings.web_password.get_secret_value() if settings.web_password else None
    chat = web.create_app(
        parts.conversations, samples.FOLDER, settings.max_upload_mb * 1024 * 1024, settings.web_host, password
    )
    yield web.serve(chat, settings.web_host, settings.web_port, announce), partial(web.drain, chat)
    checks: dict[str, Check] = {"database": parts.history.database.ping, "editor": parts.editor.ready}
    if settings.discord_token is not None:
        from bot.discord import DiscordConnection

        service = DiscordConnection(parts.conversations, parts.history, settings)
        checks["discord"] = service.connected
        parts.metrics.add_measure(service.measure)
        yield service.serve(), service.drain
    if settings.metrics_port is not None:
        app = create_metrics_app(parts.metrics, checks)
        log = partial(logger.info, "metrics at %s/metrics")
        serve = web.serve(app, settings.metrics_host, settings.metrics_port, log)
        yield serve, partial(asyncio.sleep, 0)  # nothing to drain


async def _until_stopped(drains: Sequence[Drain], seconds: float) -> None:
    """Wait for a signal, then until all front ends are drained or a second signal arrives."""
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    await signals.get()
    logger.info("stopping: current work has %g seconds; a second signal stops at once", seconds)
    drained = asyncio.create_task(_drain_all(drains, seconds))
    again = asyncio.create_task(signals.get())
    try:
        await asyncio.wait({drained, again}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        drained.cancel()
        again.cancel()


async def _drain_all(drains: Sequence[Drain], seconds: float) -> None:
    for done in await asyncio.gather(*(drain(seconds) for drain in drains), return_exceptions=True):
        if isinstance(done, Exception):
            logger.error("a front end did not stop gracefully", exc_info=done)


async def _await_editor(parts: Container, bundle: str | None) -> None:
    """Log when the editor is ready, or why it is not; the rest of the bot does not wait for it.

    Raises StartError if it does not have the bundle.
    """
    try:
        began = time.monotonic()
        while not await parts.editor.ready():
            if time.monotonic() - began > PATIENCE_SECONDS:
                logger.error("the editor does not answer; requests wait until it does")
                return
            await asyncio.sleep(0.5)
        check_bundle(bundle, [known.name for known in await parts.editor.bundles()])
        logger.info("the editor is ready")
    except EditorError as error:
        logger.error("%s", sentence_for_terminal(error))


async def _recover(parts: Container) -> None:
    """Finish requests of an earlier run, and once a minute those of another process that died."""
    while True:
        try:
            if finished := await parts.conversations.recover():
                logger.info("finished %d requests of an earlier run", len(finished))
        except (StorageError, SQLAlchemyError) as error:
            logger.warning("unfinished requests could not be looked up: %s", type(error).__name__)
        await asyncio.sleep(RECOVERY_SECONDS)


async def _keep_up(parts: Container, days: int) -> None:
    """Delete what is past its retention time, now and once an hour."""
    while True:
        try:
            await upkeep(parts.history, days)
        except (StorageError, SQLAlchemyError, OSError) as error:  # a full disk or a busy database
            logger.warning("old pictures could not be deleted: %s", type(error).__name__)
        await asyncio.sleep(UPKEEP_SECONDS)
