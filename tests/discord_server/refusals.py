"""How Discord refuses a request: an HTTP status and an error code."""

from __future__ import annotations

_REFUSALS = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40094: (400, "This interaction has hit the maximum number of follow up messages"),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    160002: (400, "Cannot reply without permission to read message history"),
}


class Refused(Exception):
    """A request that Discord would refuse, with its code from "JSON error codes"."""

    def __init__(self, code: int, why: str = "") -> None:
        self.code, self.why = code, why
        self.status, self.message = _REFUSALS[code]
        super().__init__(f"{self.message}: {why}" if why else self.message)

    @property
    def body(self) -> dict[str, object]:
        """The JSON of the response."""
        return {"message": str(self), "code": self.code}
