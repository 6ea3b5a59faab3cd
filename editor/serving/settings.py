"""Settings from ``.env``, as the bot reads them too: what the environment itself says goes before."""

from __future__ import annotations

import os
from pathlib import Path

from dotenv import dotenv_values

READ, BEGINNINGS = ("BUNDLES_DIR", "DATA_DIR", "FACES_MODEL", "LOG_LEVEL"), ("EDITOR_", "RAY_")
"""What of it the editor's commands read; the rest, the tokens of others among it, stays out of their environment."""


def token() -> str | None:
    """The secret that an editor started from here demands, and that its clients send."""
    return os.environ.get("EDITOR_TOKEN") or None


def read_dotenv(file: Path = Path(".env")) -> None:
    """Set in the environment what the file says and the environment does not."""
    for name, value in dotenv_values(file, encoding="utf-8").items():
        wanted = name in READ or name.startswith(BEGINNINGS)
        if value and wanted and not os.environ.get(name):
            os.environ[name] = value
