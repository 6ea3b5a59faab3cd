"""The errors of storage. Data for the answer (numbers, names) is in attributes, not only in the text."""

from __future__ import annotations


class StorageError(Exception):
    """Base of the errors of storage."""


class NotFound(StorageError):
    """A row is missing, perhaps because it was deleted."""


class UnknownEdit(NotFound):
    """The picture has no edit with this ``number``; ``last`` is the highest."""

    def __init__(self, number: int, last: int) -> None:
        super().__init__(f"no edit {number}, the last is {last}")
        self.number, self.last = number, last


class NothingToUndo(StorageError):
    """The head is the original picture."""


class NothingToRedo(StorageError):
    """Nothing was undone from the head."""


class NoPicture(StorageError):
    """The conversation has no picture yet."""


class BlobDamaged(StorageError):
    """A stored file is missing, or does not have the hash that is its name."""


class DiskFull(StorageError):
    """There is no space for a file or a row."""


class DatabaseTooNew(StorageError):
    """The database has a revision that this program does not know."""


class TargetNotEmpty(StorageError):
    """The database to move to has rows."""


class DatabaseAway(StorageError):
    """The database's server cannot be reached, or refuses, for a ``reason``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DatabaseUnknown(DatabaseAway):
    """The database's address cannot be used for a ``reason``."""


class BlobsAway(StorageError):
    """The store of pictures cannot be reached, or refuses, for a ``reason``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BlobsUnknown(BlobsAway):
    """The store's address cannot be used for a ``reason``."""
