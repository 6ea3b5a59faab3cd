"""Runs the whole bot against a Discord on loopback: ``python -m tests.discord_server.process BASE``.

Its settings come from the environment, as always.
"""

from __future__ import annotations

import sys
from typing import Any

from bot.app import run
from bot.discord import client
from tests.discord_server.library import point_library


class LoopbackBot(client.Bot):
    """The bot, except that pictures may come from loopback and shards do not wait for each other."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options | {"cdn_hosts": {"127.0.0.1"}, "guild_ready_timeout": 0.2})

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not pause."""


if __name__ == "__main__":
    point_library(sys.argv[1])
    client.Bot = LoopbackBot  # type: ignore[misc]
    sys.exit(run.run())
