"""Sends, edits and hides the messages that answer one request.

Where the bot is a member it answers with ordinary messages: members can reply to them, their pictures may be
larger, and they outlive the interaction's token. Elsewhere, where a user installed the bot for themselves,
only the token can write, for 15 minutes and at most five times; there the answer replaces "thinking…".
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import discord

from bot.discord.errors import http_error_logged
from bot.discord.request import Request
from bot.discord.ui.view import OutgoingMessage

TOKEN_LIFETIME = timedelta(minutes=14, seconds=30)
_SEARCH_LIMIT = 50
_TOO_LARGE, _SMALLEST_LIMIT = 413, 65536
_UNKNOWN_WEBHOOK = 10015  # Discord's code for the token of an interaction that was never acknowledged
_ORIGINAL: Any = "@original"
"""The API's name for the first response to an interaction, for which discord.py has no constant."""

_Sent = TypeVar("_Sent")


class Responder:
    """Sends the answer to a request, or to one part of it; the ``first`` part replaces "thinking…"."""

    def __init__(self, client: discord.Client, request: Request, first: bool = True) -> None:
        self._client, self.request, self._first = client, request, first
        self._sent = 0

    @property
    def channel(self) -> discord.PartialMessageable:
        """The channel of the request, whether or not it is cached."""
        server = None if self.request.server is None else int(self.request.server)
        return self._client.get_partial_messageable(int(self.request.place), guild_id=server)

    @property
    def _webhook(self) -> discord.Webhook | None:
        """The interaction's webhook; None for a message, and when the token has expired."""
        token, application = self.request.token, self._client.application_id
        age = discord.utils.utcnow() - discord.utils.snowflake_time(self.request.number)
        if token is None or application is None or age > TOKEN_LIFETIME:
            return None
        webhook = discord.Webhook.partial(application, token, client=self._client)
        webhook.type = discord.WebhookType.application  # discord.py sends ephemeral messages only for it
        return webhook

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        """Show the typing indicator inside the block if everybody will see the answer."""
        async with contextlib.AsyncExitStack() as stack:
            if self.request.can_write and self.request.acknowledgement != "private":
                with contextlib.suppress(discord.HTTPException):
                    await stack.enter_async_context(self.channel.typing())
            yield

    # messages

    async def send(self, message: OutgoingMessage, private: bool = False) -> int:
        """Send a message, only to the requester if it is ``private`` and that is possible.

        Returns its id for ``edit``. Raises discord.HTTPException.
        """
        return await self._shrinking(partial(self._send, message, private and self._webhook is not None))

    async def edit(self, number: int, message: OutgoingMessage) -> None:
        """Replace a message that everybody sees. Raises discord.HTTPException."""
        await self._shrinking(partial(self._edit, number, message))

    async def _shrinking(self, send: Callable[[], Awaitable[_Sent]]) -> _Sent:
        """Send again with smaller files while Discord accepts less than it announced."""
        while True:
            try:
                return await send()
            except discord.HTTPException as error:
                if error.status != _TOO_LARGE or self.request.upload_limit < _SMALLEST_LIMIT:
                    raise
                self.request = replace(self.request, upload_limit=self.request.upload_limit // 2)

    async def _send(self, message: OutgoingMessage, private: bool) -> int:
        if self.request.can_write and not private:
            return await self._send_to_channel(replace(message, heading=self.request.heading))
        webhook, acknowledgement = self._webhook, self.request.acknowledgement
        if webhook is None:  # the token has expired; a direct message is the last way
            user = await self._client.fetch_user(int(self.request.user))
            return (await user.send(nonce=self.request.nonce(), **await self._new(message))).id
        if self._first and acknowledgement == ("private" if private else "public"):
            sent = await webhook.edit_message(_ORIGINAL, **await self._changes(message))
        else:
            if self._first and acknowledgement == "public":
                await self._stop_thinking(webhook)
            sent = await webhook.send(wait=True, ephemeral=private, **await self._new(message))
        self._first = False
        return sent.id

    async def _edit(self, number: int, message: OutgoingMessage) -> None:
        changes = await self._changes(replace(message, heading=self.request.heading))
        if self.request.can_write:
            nobody = discord.AllowedMentions.none()
            await self.channel.get_partial_message(number).edit(allowed_mentions=nobody, **changes)
        elif (webhook := self._webhook) is not None:
            await webhook.edit_message(number, **changes)

    async def _send_to_channel(self, message: OutgoingMessage) -> int:
        options = await self._new(message)
        if self.request.reference is not None and self._may_reply():
            options["reference"] = discord.MessageReference(
                message_id=int(self.request.reference),
                channel_id=int(self.request.place),
                fail_if_not_exists=False,
            )
        nonce = self.request.nonce(self._sent)
        sent = await self.channel.send(nonce=nonce, mention_author=False, **options)
        self._sent += 1
        files = len(options.get("files", []))
        if sent.content != message.content.strip() or len(sent.attachments) != files:
            # Discord returned an unfinished message that a killed process had sent with the same nonce
            await self.edit(sent.id, message)
        return sent.id

    def _may_reply(self) -> bool:
        """Whether the bot may read earlier messages, without which Discord accepts no reply."""
        channel = self._client.get_channel(int(self.request.place))
        if not isinstance(channel, discord.abc.GuildChannel):
            return True
        return channel.permissions_for(channel.guild.me).read_message_history

    async def _new(self, message: OutgoingMessage) -> dict[str, Any]:
        parts = await self._changes(message)
        parts["files"] = parts.pop("attachments")
        return {name: value for name, value in parts.items() if value}

    async def _changes(self, message: OutgoingMessage) -> dict[str, Any]:
        return {
            "content": message.content or None,
            "attachments": await message.files(self.request.upload_limit),
            "embed": message.embed(),
            "view": message.view(),
        }

    # "thinking…"

    async def was_acknowledged(self) -> bool:
        """Whether the request was acknowledged; if not, Discord told the member that it failed."""
        if (webhook := self._webhook) is not None:
            try:
                await webhook.fetch_message(_ORIGINAL)
            except discord.HTTPException as error:
                return error.code != _UNKNOWN_WEBHOOK
        return True

    async def is_thinking(self) -> bool:
        """Whether the requester still sees "thinking…". Raises discord.HTTPException."""
        try:
            webhook = self._webhook
            return webhook is not None and (await webhook.fetch_message(_ORIGINAL)).flags.loading
        except discord.NotFound:  # never acknowledged, or the member dismissed the answer
            return False

    async def close(self) -> None:
        """Remove a private "thinking…" after a public answer."""
        webhook = self._webhook
        if self.request.acknowledgement == "private" and self._first and webhook is not None:
            await self._stop_thinking(webhook)

    @staticmethod
    async def _stop_thinking(webhook: discord.Webhook) -> None:
        with contextlib.suppress(discord.HTTPException):
            await webhook.delete_message(_ORIGINAL)

    # after a restart

    async def find_earlier(self) -> int | None:
        """The message with which a killed process began to answer this request, None if there is none."""
        if not self.request.can_write:
            return None
        asked = discord.Object(self.request.number)
        with http_error_logged("earlier messages could not be read"):
            async for message in self.channel.history(after=asked, limit=_SEARCH_LIMIT, oldest_first=True):
                if message.author == self._client.user and self._is_answer(message):
                    return message.id
        return None

    def _is_answer(self, message: discord.Message) -> bool:
        if any(self.request.tag in attachment.filename for attachment in message.attachments):
            return True
        replied = message.reference.message_id if message.reference else None
        only_answer = self._first and self.request.acknowledgement == "message"
        return only_answer and replied is not None and str(replied) == self.request.reference
