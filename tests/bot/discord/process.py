"""``python -m bot`` as a process of its own, with the library pointed at a Discord on loopback.

python -m tests.bot.discord.process http://127.0.0.1:PORT
"""

from __future__ import annotations

import sys

from bot.__main__ import main
from bot.discord import attachments
from tests.discord_server import point_library

if __name__ == "__main__":
    point_library(sys.argv[1])
    attachments.CDN_HOSTS = frozenset({"127.0.0.1"})  # type: ignore[assignment]
    sys.exit(main([]))
