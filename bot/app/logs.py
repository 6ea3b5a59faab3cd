"""Logs that hold no content: what happened and where, never what was said, sent or trusted to us.

Three things see to it. Libraries stay at INFO whatever is asked for, because at DEBUG they print statements with their
values and messages with their texts. Tracebacks are told by their frames and the kinds of their errors, because an
error's own words may quote a user. And what looks like a secret, or is one we know, is blotted out of the finished line.
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
"""Migrations and single requests are no news to whoever runs a bot."""
_SECRETS = (
    re.compile(r"[\w-]{23,30}\.[\w-]{6}\.[\w-]{27,45}"),  # a bot's token
    re.compile(r"(?<=/interactions/)\d+/[^/\s]+"),  # Discord's addresses with the token of an interaction
    re.compile(r"(?<=/webhooks/)\d+/[^/\s?]+"),
    re.compile(
        r"https?://(?:cdn|media)\.discordapp\.(?:com|net)/[^\s'\")]+"
    ),  # they end in the name of the user's file
)
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


def configure(
    level: str, form: str = "text", secrets: Collection[str] = (), stream: IO[str] | None = None
) -> None:
    """Send all logs to ``stream`` (standard error) as ``form``, "text" or "json"; ``level`` holds for our own packages."""
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
    """One line of text for each record, and its traceback below."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = tuple(sorted((secret for secret in secrets if secret), key=len, reverse=True))

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, clean of secrets."""
        record.exc_text = None  # another handler may have put its own version there
        return self.clean(super().format(record))

    def formatException(self, info: Any) -> str:
        """Frames and kinds of errors, without their words."""
        return "\n".join(frames(info[1]))

    def clean(self, text: str) -> str:
        """The text without known secrets and without what looks like one."""
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        for pattern in _SECRETS:
            text = pattern.sub(BLOT, text)
        return text


class JsonLines(Lines):
    """One JSON object a line: time, level, logger, message, what the caller gave as ``extra``, error and its frames."""

    def format(self, record: logging.LogRecord) -> str:
        """The finished line, clean of secrets."""
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
    """An error told by its kind and by where it passed, the cause first; none of its words."""
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
