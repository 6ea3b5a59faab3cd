"""A server on loopback that speaks Discord's API: REST, gateway and CDN, for the real discord.py to talk to.

    async with DiscordServer(shards=2) as server:
        point_library(server.base, monkeypatch.setattr)
        ...                                                   # start the bot
        message = await server.say(ANN, "pink hair", files={"me.png": (png, "image/png")})
        answer = await server.answer_to(message)
        await server.press(ANN, answer, "Undo")
        assert server.complaints == []

What it knows is in ``world``; a test furnishes it with ``building``, acts with ``members``, looks with ``waiting``. What the
bot may do is in ``routes`` and the modules that fill it (``messages``, ``interactions``, ``commands``, ``things``). Requests
and answers are checked by ``schema`` (Discord's own description), ``drafts`` (limits of messages), ``permissions`` and
``ratelimits``; ``gateway`` tells the bot what happened. A request that Discord would refuse gets Discord's code
(``refusals``); what no good client does is a complaint too.
"""

from tests.discord_server.inputs import NotOffered
from tests.discord_server.library import connected_bot, point_library
from tests.discord_server.ratelimits import RateLimits
from tests.discord_server.server import DiscordServer

__all__ = ["DiscordServer", "NotOffered", "RateLimits", "connected_bot", "point_library"]
