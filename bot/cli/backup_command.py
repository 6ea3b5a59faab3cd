"""``python -m bot backup``: history and pictures in a folder, taken while the bot runs, that a bot can start from.

The database is copied by SQLite's own online backup, one moment of it. Pictures are never changed once written, so they
are linked where folder and data are on one disk, and copied elsewhere. They are gathered before and after the database,
then those are taken out that it does not name: so every picture of that moment is there, and nobody else's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.cli.errors import complaint
from bot.errors import BotError
from bot.settings import Settings, load
from storage.blobs import Blobs, BlobStore
from storage.engines import parsed
from storage.errors import BlobDamaged, StorageError
from storage.schema import PictureRow

DATABASE, PICTURES = "history.sqlite", "pictures"


class BackupRefused(BotError):
    """Base of why there is no backup."""


class TargetInUse(BackupRefused):
    """The folder ``target`` exists already."""

    key = "backup.target-in-use"


class NothingToBackUp(BackupRefused):
    """There is no history at ``source``."""

    key = "backup.nothing"


class OtherDatabase(BackupRefused):
    """The database is not SQLite, and has tools of its own."""

    key = "backup.other-database"


@dataclass(frozen=True)
class Backup:
    """What a backup holds. ``missing`` pictures were named by the database and had gone from the disk."""

    folder: Path
    pictures: int
    missing: int


def back_up(database: Path, pictures: Path | Blobs, target: Path) -> Backup:
    """Copy a history and its pictures into a new folder. Raises BackupRefused and OSError, and leaves nothing half done."""
    source = BlobStore(pictures) if isinstance(pictures, Path) else pictures
    if target.exists():
        raise TargetInUse(target=str(target))
    if not database.is_file():
        raise NothingToBackUp(source=str(database))
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        store = BlobStore(partial / PICTURES)
        _gather(source, store)
        _copy_database(database, partial / DATABASE)
        _gather(source, store)
        named = _named(partial / DATABASE)
        _fetch(source, named, store)
        gathered = {(user, name) for user, name, _ in store.names()}
        store.remove(gathered - named)
        missing = len(named - gathered)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Backup(target, len(named) - missing, missing)


def _gather(source: Blobs, target: BlobStore) -> None:
    """Link or copy what is not there yet; a picture that vanishes meanwhile was deleted and is left out."""
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


def _fetch(source: Blobs, named: set[tuple[int, str]], target: BlobStore) -> None:
    """Read what lies elsewhere than in a folder; what was deleted after that moment of the database is left out."""
    for user, name in named if source.folder is None else ():
        with suppress(BlobDamaged):
            target.write(user, source.read(user, name))


def _copy_database(source: Path, target: Path) -> None:
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=30)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it


def _named(database: Path) -> set[tuple[int, str]]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(f"SELECT user_id, sha256 FROM {PictureRow.__tablename__}")  # noqa: S608 (our own constant)
        return {(user, name) for user, name in rows}


def _paths(settings: Settings) -> tuple[Path, Blobs]:
    url = parsed(settings.database)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise OtherDatabase()
    return Path(url.database), settings.blobs


def main(argv: Sequence[str]) -> int:
    """Make a backup; 2 where it cannot be made, 1 where pictures had gone."""
    parser = argparse.ArgumentParser(
        prog="python -m bot backup",
        description="Copy history and pictures into a new folder, also while the bot runs.",
        epilog="To restore, stop the bot and put the folder in the place of DATA_DIR.",
    )
    parser.add_argument("to", type=Path, help="the folder to make")
    target = parser.parse_args(argv).to
    try:
        made = back_up(*_paths(load()), target)
    except (BotError, StorageError, OSError) as error:
        print(complaint(error), file=sys.stderr)
        return 2
    print(f"{made.folder}: the history and {made.pictures} pictures")
    if made.missing:
        print(f"{made.missing} pictures that the history names are not on the disk.", file=sys.stderr)
    return int(made.missing > 0)
