"""The table of REST routes: handlers register here and are found by method and path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.discord_server.drafts import Draft
from tests.discord_server.world import Json, World

Handler = Callable[..., tuple[int, Any]]


@dataclass(frozen=True)
class Call:
    """One request: its JSON, files and query."""

    world: World
    body: Any
    uploads: list[tuple[int, str, bytes]] = field(default_factory=list)
    query: Mapping[str, str] = field(default_factory=dict)

    def draft(self, body: Json, limit: int) -> Draft:
        """The draft of a message in this request; files may have up to ``limit`` bytes each."""
        return Draft(body, self.uploads, limit)


@dataclass(frozen=True)
class Route:
    """One path of the API."""

    method: str
    template: str
    handler: Handler

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of this route."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.template))

    def bucket(self, parameters: Mapping[str, str]) -> str:
        """The name of the rate limit that a request counts towards."""
        majors = ("channel_id", "guild_id", "webhook_id", "token")
        return ":".join(
            [self.method, self.template, *(parameters[name] for name in majors if name in parameters)]
        )


_routes: list[tuple[re.Pattern[str], Route]] = []


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Register a handler: ``handler(call, **path parameters) -> (status, JSON or None)``."""

    def register(handler: Handler) -> Handler:
        made = Route(method, template, handler)
        _routes.append((made.pattern, made))
        return handler

    return register


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of a request and the parameters in its path; fixed names win over parameters."""
    fitting = [
        (r, match.groupdict())
        for pattern, r in _routes
        if r.method == method and (match := pattern.fullmatch(path))
    ]
    return min(fitting, key=lambda pair: len(pair[1]), default=None)
