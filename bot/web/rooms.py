"""The rooms of all persons who use the web chat, and how they are closed when the bot stops."""

from __future__ import annotations

import asyncio

from bot.conversation.service import Conversations
from bot.web.room import Room
from bot.web.views import Views
from storage.transcripts import Transcripts


class Rooms:
    """One room for each person."""

    def __init__(self, conversations: Conversations, transcripts: Transcripts, views: Views) -> None:
        self._conversations, self._transcripts, self._views = conversations, transcripts, views
        self._rooms: dict[str, Room] = {}
        self._drained = asyncio.Event()
        self.draining = False

    def of(self, user: str) -> Room:
        """Return the room of a person."""
        if user not in self._rooms:
            self._rooms[user] = Room(
                self._conversations, self._transcripts, self._views.describe, self._drained
            )
        return self._rooms[user]

    def leave(self, user: str) -> None:
        """Forget the room of a person if nothing goes on in it."""
        room = self._rooms.get(user)
        if room is not None and room.idle:
            del self._rooms[user]

    async def drain(self, seconds: float) -> None:
        """Accept no new messages, and finish running ones within ``seconds``.

        The next start does the rest.
        """
        self.draining = True
        rooms = list(self._rooms.values())
        for room in rooms:
            room.waiting.clear()
        workers = {room.worker for room in rooms if room.worker is not None and not room.worker.done()}
        if workers:
            await asyncio.wait(workers, timeout=seconds)
        self._drained.set()
        if late := {worker for worker in workers if not worker.done()}:
            await asyncio.wait(late, timeout=1.0)
        self.close()

    def close(self) -> None:
        """Let all pages go."""
        for room in self._rooms.values():
            room.close()
