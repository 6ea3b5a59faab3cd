"""A backup of history and pictures into a folder, taken while the bot runs, from which a bot can start.

SQLite's online backup copies one moment of the database. Pictures never change once written, so they are
linked where folder and data share a disk, and copied elsewhere. They are gathered before and after the
database, and then those it does not name are taken out: so every picture of that moment is there, and no
other.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.errors import BotError
from bot.settings import Settings
from storage.blobs import BlobName, Blobs, BlobStore
from storage.engines import parse_url, sqlite_file
from storage.errors import BlobDamaged
from storage.schema import PICTURES


@dataclass(frozen=True)
class Backup:
    """What a backup holds. The database names ``missing`` pictures that are no longer on the disk."""

    folder: Path
    pictures: int
    missing: int


def back_up_installation(settings: Settings, target: Path) -> Backup:
    """Back up the history and pictures of these settings. Raises BotError, StorageError and OSError."""
    file = sqlite_file(parse_url(settings.database))
    if file is None:
        raise BotError("backup.other-database")
    return back_up(file, settings.blobs, target)


def back_up(database: Path, pictures: Path | Blobs, target: Path) -> Backup:
    """Copy a history and its pictures into a new folder.

    Raises BotError or OSError, and then leaves no partial folder.
    """
    source = BlobStore(pictures) if isinstance(pictures, Path) else pictures
    if target.exists():
        raise BotError("backup.target-in-use", target=str(target))
    if not database.is_file():
        raise BotError("backup.nothing", source=str(database))
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        store, copy = BlobStore(partial / "pictures"), partial / "history.sqlite"
        _gather(source, store)
        _copy_database(database, copy)
        _gather(source, store)
        named = _pictures_in(copy)
        _fetch(source, named, store)
        gathered = {name for name, _ in store.listed()}
        store.remove(gathered - named)
        missing = len(named - gathered)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Backup(target, len(named) - missing, missing)


def _gather(source: Blobs, target: BlobStore) -> None:
    """Link or copy the files that the target lacks.

    One that vanishes meanwhile was deleted, and is left out.
    """
    if not isinstance(source, BlobStore):
        return
    for user, name, path in source.names():
        place = target.path(user, name)
        if place.exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, place)
        except FileNotFoundError:
            continue
        except OSError:  # another disk, or one without links
            shutil.copy2(path, place)


def _fetch(source: Blobs, named: set[BlobName], target: BlobStore) -> None:
    """Read pictures from a store that is no folder.

    Those deleted since the database was copied are left out.
    """
    for user, name in named if source.folder is None else ():
        with suppress(BlobDamaged):
            target.write(user, source.read(user, name))


def _copy_database(source: Path, target: Path) -> None:
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, no log


def _pictures_in(database: Path) -> set[BlobName]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(f"SELECT user_id, sha256 FROM {PICTURES.name}")  # noqa: S608 (our own constant)
        return {(user, name) for user, name in rows}
