"""Checks before the bot starts: each problem becomes one sentence instead of a surprise at night.

StartError
├── DataFolderClosed      the data folder (``folder``) is not writable (``reason``)
├── DiskNearlyFull        less than ``least`` megabytes are free in ``folder``
├── DatabaseUnreadable    the database cannot be opened (``reason``)
├── PicturesClosed        pictures cannot be written to BLOBS_URL (``reason``)
└── TokenMalformed        DISCORD_TOKEN does not look like a token
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from bot.errors import StartError
from bot.settings import Settings
from storage.engines import parse_url
from storage.errors import BlobsAway, DatabaseUnknown

LEAST_MEGABYTES = 100
_TOKEN = re.compile(r"[\w-]{18,40}\.[\w-]{6,8}\.[\w-]{25,80}")


class DataFolderClosed(StartError):
    """The data folder is not writable."""

    key = "start.data-folder"


class DiskNearlyFull(StartError):
    """Hardly any space is left."""

    key = "start.disk-full"


class DatabaseUnreadable(StartError):
    """The database cannot be opened."""

    key = "start.database"


class PicturesClosed(StartError):
    """Pictures cannot be written to their store."""

    key = "start.pictures"


class TokenMalformed(StartError):
    """DISCORD_TOKEN does not look like a token."""

    key = "start.token"


def problems(settings: Settings) -> list[StartError]:
    """Return everything that keeps a bot with these settings from working. Blocks for milliseconds."""
    found: list[StartError] = []
    checks: tuple[Callable[[], None], ...] = (
        lambda: check_folder(settings.data_dir),
        lambda: check_space(settings.data_dir),
        lambda: check_database(settings.database),
        lambda: check_blobs(settings),
        lambda: check_token(settings.discord_token),
    )
    for check in checks:
        try:
            check()
        except StartError as error:
            found.append(error)
    return found


def check_folder(folder: Path) -> None:
    """Make a file in the data folder. Raises DataFolderClosed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataFolderClosed(folder=str(folder), reason=_reason(error)) from None


def check_space(folder: Path, least: int = LEAST_MEGABYTES) -> None:
    """Require ``least`` megabytes of free space. Raises DiskNearlyFull."""
    existing = next((place for place in (folder, *folder.resolve().parents) if place.exists()), Path("/"))
    if shutil.disk_usage(existing).free < least * 1024 * 1024:
        raise DiskNearlyFull(folder=str(folder), least=least)


def check_database(url: str) -> None:
    """Require a known kind of URL and, for SQLite, a file that is a database. Raises DatabaseUnreadable.

    A database of a newer version is found later, when it is opened (``storage.errors.DatabaseTooNew``).
    """
    try:
        address = parse_url(url)
    except DatabaseUnknown as error:
        raise DatabaseUnreadable(reason=f"DATABASE_URL: {error.reason}") from None
    if address.get_backend_name() != "sqlite" or not address.database or not Path(address.database).exists():
        return
    uri = f"{Path(address.database).resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise DatabaseUnreadable(reason=str(error)) from None


def check_blobs(settings: Settings) -> None:
    """Write to the store that BLOBS_URL names; ``check_folder`` covers the default. Raises PicturesClosed."""
    if settings.blobs_url is None:
        return
    try:
        settings.blobs.check()
    except BlobsAway as error:
        raise PicturesClosed(reason=error.reason) from None
    except OSError as error:
        raise PicturesClosed(reason=_reason(error)) from None


def check_token(token: SecretStr | None) -> None:
    """Require the shape of a token; None is fine, since then there is no Discord. Raises TokenMalformed."""
    if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
        raise TokenMalformed()


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
