"""Disk space kept for the moment when the disk is full."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

RESERVE_BYTES = 2**20


class Reserve:
    """A file next to an SQLite database that is given up so that a last small change can still be written.

    ``path`` is None if the database is not a file of ours; then there is no reserve. Calls block.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def fill(self) -> None:
        """Make the file if it is missing and there is space for it."""
        if self.path is None or self.path.exists():
            return
        try:
            self.path.write_bytes(os.urandom(RESERVE_BYTES))  # random: some file systems do not store zeros
        except OSError:
            self.release()

    def release(self) -> bool:
        """Remove the file; False if there was none."""
        with suppress(OSError):
            if self.path is not None:
                self.path.unlink()
                return True
        return False
