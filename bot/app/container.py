"""Wiring: history, editor and conversations as every front end needs them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.app.supervisor import own_editor
from bot.conversation.jobs import Options
from bot.conversation.readers import OwnReader, Reader
from bot.conversation.service import Conversations
from bot.metrics import Metrics
from bot.pictures.credentials import Signer
from bot.pictures.mark import Marker
from bot.settings import Settings
from editor.api.client import EditorClient
from storage.history import History


@dataclass(frozen=True)
class Container:
    """The parts of a running bot."""

    history: History
    editor: EditorClient
    conversations: Conversations
    metrics: Metrics


@asynccontextmanager
async def open_container(settings: Settings, trained: Path | None = None) -> AsyncIterator[Container]:
    """Open the history, reach an editor, and wire the conversations to both.

    Args:
        settings: Without ``editor_url`` the bot starts an editor of its own and restarts it when it dies.
        trained: Folder in which that editor keeps what it trains; the data folder when absent.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    signer = await asyncio.to_thread(Signer.from_files, settings.c2pa_certificate, settings.c2pa_key)
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        url = settings.editor_url
        if url is None:
            arguments = _editor_arguments(settings, trained or settings.data_dir)
            url = (await stack.enter_async_context(own_editor(arguments, metrics.count_editor_restart))).url
        token = settings.editor_token.get_secret_value() if settings.editor_token else None
        editor = await stack.enter_async_context(EditorClient(url, token))
        history = await stack.enter_async_context(History.open(settings.database, settings.blobs))
        options = Options(
            settings.quality,
            settings.inversion_seconds,
            settings.search_seconds,
            settings.retention_days,
            _reader(settings),
        )
        conversations = Conversations(history, editor, settings.bundle, Marker(signer), metrics, options)
        yield Container(history, editor, conversations, metrics)


def _reader(settings: Settings) -> Reader:
    if settings.reader_url is None:
        return Reader()
    key = settings.reader_key.get_secret_value() if settings.reader_key else None
    return OwnReader(settings.reader_url, settings.reader_model or "", key)


def _editor_arguments(settings: Settings, data: Path) -> list[str]:
    optional = {
        "--bundles": settings.bundles_dir,
        "--faces": settings.faces_model,
        "--memory": settings.editor_memory_gb,
    }
    given = [text for option, value in optional.items() if value for text in (option, str(value))]
    return ["--data", str(data), *given]
