"""Checks before the bot starts: each problem becomes one sentence instead of a surprise at night."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from bot.errors import StartError
from bot.settings import Settings
from storage.engines import parse_url, sqlite_file
from storage.errors import BlobsAway, DatabaseUnknown

LEAST_MEGABYTES = 100
_TOKEN = re.compile(r"[\w-]{18,40}\.[\w-]{6,8}\.[\w-]{25,80}")


def problems(settings: Settings) -> list[StartError]:
    """Return everything that keeps a bot with these settings from working. Blocks for milliseconds."""
    found: list[StartError] = []
    checks: tuple[Callable[[], None], ...] = (
        lambda: check_folder(settings.data_dir),
        lambda: check_space(settings.data_dir),
        lambda: check_database(settings.database),
        lambda: check_blobs(settings),
        lambda: check_host(settings),
        lambda: check_port("WEB", settings.web_host, settings.web_port),
        lambda: check_port("METRICS", settings.metrics_host, settings.metrics_port),
        lambda: check_token(settings.discord_token),
    )
    for check in checks:
        try:
            check()
        except StartError as error:
            found.append(error)
    return found


def check_folder(folder: Path) -> None:
    """Make a file in the data folder. Raises StartError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise StartError("start.data-folder", folder=str(folder), reason=_reason(error)) from None


def check_space(folder: Path, least: int = LEAST_MEGABYTES) -> None:
    """Require ``least`` megabytes of free space. Raises StartError."""
    existing = next((place for place in (folder, *folder.resolve().parents) if place.exists()), Path("/"))
    if shutil.disk_usage(existing).free < least * 1024 * 1024:
        raise StartError("start.disk-full", folder=str(folder), least=least)


def check_database(url: str) -> None:
    """Require a known kind of URL and, for SQLite, a file that is a database. Raises StartError.

    A database of a newer version is found later, when it is opened (``storage.errors.DatabaseTooNew``).
    """
    try:
        file = sqlite_file(parse_url(url))
    except DatabaseUnknown as error:
        raise StartError("start.database", reason=f"DATABASE_URL: {error.reason}") from None
    if file is None or not file.exists():
        return
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        raise StartError("start.database", reason=str(error)) from None


def check_blobs(settings: Settings) -> None:
    """Write to the store that BLOBS_URL names; ``check_folder`` covers the default. Raises StartError."""
    if settings.blobs_url is None:
        return
    try:
        settings.blobs.check()
    except BlobsAway as error:
        raise StartError("start.pictures", reason=error.reason) from None
    except OSError as error:
        raise StartError("start.pictures", reason=_reason(error)) from None


def check_host(settings: Settings) -> None:
    """Require a password if other machines can open the web chat. Raises StartError."""
    if settings.web_password is None and not _is_loopback(settings.web_host):
        raise StartError("start.host-open", host=settings.web_host)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def check_port(service: str, host: str, port: int | None) -> None:
    """Listen on a port for a moment. Raises StartError.

    Args:
        service: First word of the settings' names, "WEB" or "METRICS".
        port: 0 is any free port; None stands for no server.
    """
    if port is None:
        return
    try:
        with socket.create_server((host.strip("[]"), port), family=_family(host)):
            pass
    except OSError as error:
        code = error.errno or 0
        reason = os.strerror(code) if code > 0 else _reason(error)  # strerror repeats the address
        if code in (errno.EADDRINUSE, errno.EACCES):
            raise StartError("start.port-taken", name=f"{service}_PORT", port=port, reason=reason) from None
        raise StartError("start.host-unknown", name=f"{service}_HOST", host=host, reason=reason) from None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def check_bundle(wanted: str | None, known: Sequence[str]) -> None:
    """Require the bundle that BUNDLE names among those of the editor. Raises StartError."""
    if wanted is not None and known and wanted not in known:
        raise StartError("start.bundle", name=wanted, known=", ".join(known))


def check_token(token: SecretStr | None) -> None:
    """Require the shape of a token; None is fine, since then there is no Discord. Raises StartError."""
    if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
        raise StartError("start.token")


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
