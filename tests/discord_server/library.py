"""Pointing the real discord.py at a server on loopback, in this process or in one that a test starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import discord
from discord.gateway import DiscordWebSocket
from yarl import URL


def point_library(base: str, put: Callable[[Any, str, Any], None] = setattr) -> None:
    """From now on the library talks to the server at ``base`` (``DiscordServer.base``).

    A test passes ``monkeypatch.setattr``; a process of its own begins with this call.
    """
    put(discord.http.Route, "BASE", f"{base}/api/v10")
    put(discord.Asset, "BASE", base)
    put(DiscordWebSocket, "DEFAULT_GATEWAY", URL(base.replace("http", "ws") + "/gateway/"))
