"""Disk space kept for the moment when the disk is full."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

RESERVE_BYTES = 2**20


class Reserve:
    """A file next to an SQLite database that is given up so that a last small change can still be written.

    ``path`` is None if the database is not a file of ours; then there is no reserve.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def fill(self) -> None:
        """Make the file if it is missing and there is space for it. Blocks."""
        if self._path is None or self._path.exists():
            return
        try:
            self._path.write_bytes(os.urandom(RESERVE_BYTES))  # random: some file systems do not store zeros
        except OSError:
            self.release()

    def release(self) -> bool:
        """Remove the file; False if there was none. Blocks."""
        with suppress(OSError):
            if self._path is not None:
                self._path.unlink()
                return True
        return False
