"""A server on loopback that speaks Discord's API: REST, gateway and CDN, for the real discord.py to talk to.

    async with DiscordServer(shards=2) as server:
        point_library(server.base, monkeypatch.setattr)
        ...                                                   # start the bot
        message = await server.say(ANN, "pink hair", files={"me.png": (png, "image/png")})
        answer = await server.answer_to(message)
        await server.press(ANN, answer, "Undo")
        assert server.complaints == []

Its state is in ``world``. A test sets it up with ``building``, acts as a member with ``members``, and waits
for answers with ``waiting``. The bot's REST requests are routed by ``routes`` to ``messages``,
``interactions``, ``commands`` and ``resources``. Requests and responses are checked by ``schema`` (Discord's
own description), ``drafts`` (limits of messages), ``permissions`` and ``ratelimits``; ``gateway`` sends
events to the bot. A request that Discord would refuse gets Discord's error code (``refusals``); what no
correct client does is recorded as a complaint as well.
"""

from tests.discord_server.inputs import NotOffered
from tests.discord_server.library import connected_bot, point_library
from tests.discord_server.ratelimits import RateLimits
from tests.discord_server.server import DiscordServer

__all__ = ["DiscordServer", "NotOffered", "RateLimits", "connected_bot", "point_library"]
