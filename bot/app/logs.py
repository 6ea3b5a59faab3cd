"""Logs without content: what happened and where, but never what a user wrote or sent, and no secret.

Libraries stay at INFO or above, because at DEBUG they print statements with their values and messages with
their texts. Tracebacks show frames and types of errors only, because an error's message may quote a user.
Known secrets, and whatever looks like one, are replaced in the finished line.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Collection
from datetime import UTC, datetime
from typing import IO, Any

OURS = ("bot", "editor", "storage")
BLOT = "[redacted]"
_MORE_QUIET = ("alembic", "aiohttp.access")
"""Loggers whose INFO lines do not interest an operator."""
_SECRETS = (
    re.compile(r"[\w-]{23,30}\.[\w-]{6}\.[\w-]{27,45}"),  # a bot's token
    re.compile(r"(?<=/interactions/)\d+/[^/\s]+"),  # Discord's addresses with an interaction's token
    re.compile(r"(?<=/webhooks/)\d+/[^/\s?]+"),
    re.compile(
        r"https?://(?:cdn|media)\.discordapp\.(?:com|net)/[^\s'\")]+"
    ),  # they end in the user's file name
)
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


def configure(
    level: str, form: str = "text", secrets: Collection[str] = (), stream: IO[str] | None = None
) -> None:
    """Send all logs to a stream.

    Args:
        level: The level of our own packages.
        form: "text" or "json".
        secrets: Values that must not appear in any line.
        stream: Standard error when absent.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter((JsonLines if form == "json" else Lines)(secrets))
    root, number = logging.getLogger(), logging.getLevelNamesMapping()[level.upper()]
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    for name in OURS:
        logging.getLogger(name).setLevel(number)
    for name in _MORE_QUIET:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    logging.captureWarnings(capture=True)


class Lines(logging.Formatter):
    """One line of text for each record, followed by its traceback."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = tuple(sorted((secret for secret in secrets if secret), key=len, reverse=True))

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line without secrets."""
        record.exc_text = None  # another handler may have cached its own version
        return self.clean(super().format(record))

    def formatException(self, info: Any) -> str:
        """Return frames and types of errors, without their messages."""
        return "\n".join(frames(info[1]))

    def clean(self, text: str) -> str:
        """Replace known secrets, and whatever looks like one."""
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        for pattern in _SECRETS:
            text = pattern.sub(BLOT, text)
        return text


class JsonLines(Lines):
    """One JSON object a line: time, level, logger, message, the caller's ``extra``, error and frames."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the finished line without secrets."""
        row: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        row |= {key: value for key, value in vars(record).items() if key not in _PLAIN and key not in row}
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            row |= {"error": type(error).__name__, "frames": frames(error)}
        return self.clean(json.dumps(row, ensure_ascii=False, default=lambda value: type(value).__name__))


def frames(error: BaseException | None) -> list[str]:
    """List the types and frames of an error and its causes, the first cause first, without their messages."""
    if error is None:
        return []
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told = [
        f"  {frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    parts = (
        [line for part in error.exceptions for line in frames(part)]
        if isinstance(error, BaseExceptionGroup)
        else []
    )
    return [*frames(before), *parts, type(error).__qualname__, *told]
