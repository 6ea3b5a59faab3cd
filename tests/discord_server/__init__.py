"""A server on loopback that speaks Discord's API: REST, gateway and CDN, for the real discord.py to talk to."""

from tests.discord_server.library import point_library
from tests.discord_server.members import NotOffered
from tests.discord_server.ratelimits import RateLimits
from tests.discord_server.server import DiscordServer

__all__ = ["DiscordServer", "NotOffered", "RateLimits", "point_library"]
