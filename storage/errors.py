"""Every way in which storage says no.

    StorageError
    ├── NotFound            a row or file that should be there is not
    │   └── UnknownEdit     there is no edit of that number in the conversation
    ├── NothingToUndo       the head is the original picture
    ├── NothingToRedo       nothing was undone from here
    ├── NoPicture           the conversation has no picture yet
    ├── BlobDamaged         a stored file is missing or not what was written
    ├── DiskFull            there is no space for a file or a row
    ├── DatabaseTooNew      the database was written by a newer version of this program
    ├── DatabaseAway        the database's server cannot be reached, or refuses us
    │   └── DatabaseUnknown its address is none that this program can use
    ├── TargetNotEmpty      what should be moved to holds something already
    └── BlobsAway           the store of pictures cannot be reached, or refuses us
        └── BlobsUnknown    its address is none that this program can use

The data an answer needs (numbers, names) are attributes, not parts of the text.
"""

from __future__ import annotations


class StorageError(Exception):
    """Base of all."""


class NotFound(StorageError):
    """A row that was asked for is not there."""


class UnknownEdit(NotFound):
    """``number`` was asked for; ``last`` is the highest there is."""

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
    """A stored file is missing or does not have the hash it is named by."""


class DiskFull(StorageError):
    """There is no space left where files or the database live."""


class DatabaseTooNew(StorageError):
    """The database carries a revision that this program does not know."""


class DatabaseAway(StorageError):
    """The database's server cannot be reached for a ``reason``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DatabaseUnknown(DatabaseAway):
    """The database's address cannot be used for a ``reason``."""


class TargetNotEmpty(StorageError):
    """The database that should be moved to holds something already, which is not of this move."""


class BlobsAway(StorageError):
    """The store of pictures cannot be reached for a ``reason``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BlobsUnknown(BlobsAway):
    """The address of the store of pictures cannot be used for a ``reason``."""
