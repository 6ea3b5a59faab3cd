"""What is looked at before the bot starts, so that what is missing is said in one sentence and not found out at night.

StartError
├── DataFolderClosed      the folder of the data (``folder``) cannot be written to (``reason``)
├── DiskNearlyFull        there is less than ``least`` megabytes left in ``folder``
├── DatabaseUnreadable    the database cannot be opened (``reason``)
├── PicturesClosed        pictures cannot be kept where BLOBS_URL says (``reason``)
└── TokenMalformed        DISCORD_TOKEN is no token
"""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from bot.errors import StartError
from bot.settings import Settings
from storage.engines import parsed
from storage.errors import BlobsAway, DatabaseUnknown

LEAST_MEGABYTES = 100
_TOKEN = re.compile(r"[\w-]{18,40}\.[\w-]{6,8}\.[\w-]{25,80}")


class DataFolderClosed(StartError):
    """The data folder cannot be written to."""

    key = "start.data-folder"


class DiskNearlyFull(StartError):
    """There is hardly any space left."""

    key = "start.disk-full"


class DatabaseUnreadable(StartError):
    """The database cannot be opened."""

    key = "start.database"


class PicturesClosed(StartError):
    """Pictures cannot be written where they should lie."""

    key = "start.pictures"


class TokenMalformed(StartError):
    """DISCORD_TOKEN has not the shape of a token."""

    key = "start.token"


def problems(settings: Settings) -> list[StartError]:
    """Everything that keeps a bot with these settings from working, before anything is started. Blocks for milliseconds."""
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
    """Can files be made in the data folder? Raises DataFolderClosed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise DataFolderClosed(folder=str(folder), reason=error.strerror or type(error).__name__) from None


def check_space(folder: Path, least: int = LEAST_MEGABYTES) -> None:
    """Is there space for a while? ``least`` in megabytes. Raises DiskNearlyFull."""
    existing = next((place for place in (folder, *folder.resolve().parents) if place.exists()), Path("/"))
    if shutil.disk_usage(existing).free < least * 1024 * 1024:
        raise DiskNearlyFull(folder=str(folder), least=least)


def check_database(url: str) -> None:
    """Is it a known kind of address, and an SQLite file really one? Raises DatabaseUnreadable.

    A database of a newer version is found when it is opened (``storage.errors.DatabaseTooNew``).
    """
    try:
        address = parsed(url)
    except DatabaseUnknown as error:
        raise DatabaseUnreadable(reason=f"DATABASE_URL: {error.reason}") from None
    if address.get_backend_name() != "sqlite" or not address.database or not Path(address.database).exists():
        return
    try:
        connection = sqlite3.connect(f"{Path(address.database).resolve().as_uri()}?mode=ro", uri=True)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise DatabaseUnreadable(reason=str(error)) from None


def check_blobs(settings: Settings) -> None:
    """Can pictures be written where BLOBS_URL says? In the data folder they can where that can be. Raises PicturesClosed."""
    if settings.blobs_url is None:
        return
    try:
        settings.blobs.check()
    except BlobsAway as error:
        raise PicturesClosed(reason=error.reason) from None
    except OSError as error:
        raise PicturesClosed(reason=error.strerror or type(error).__name__) from None


def check_token(token: SecretStr | None) -> None:
    """Has the token the shape of one? None is fine: then there is no Discord. Raises TokenMalformed."""
    if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
        raise TokenMalformed()
