"""Outlets: where an answer goes, and how it is sent, changed or told to one member alone.

Where the bot is a member it answers with ordinary messages: members can reply to them, their pictures may be larger, and
they outlive the interaction's token. Elsewhere (the bot installed by a user, in somebody's server or group) only the token
can write, for 15 minutes and at most five times; there the answer takes the place of "thinking…".
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import discord

from bot.discord.requests.request import Asking
from bot.discord.ui.view import Card

logger = logging.getLogger(__name__)

TOKEN_LIVES = timedelta(minutes=14, seconds=30)
_LOOK_BACK = 50
_TOO_LARGE, _LEAST_LIMIT = 413, 65536
_UNKNOWN_WEBHOOK = 10015
"""Discord's code for the token of an interaction that was never acknowledged."""

_Sent = TypeVar("_Sent")


class Outlet:
    """The way back to whoever asked; made anew from the same asking after a restart."""

    def __init__(self, client: discord.Client, asking: Asking, first: bool = True) -> None:
        self.client, self.asking, self.first = client, asking, first
        self.whispered = False
        self._sent = 0

    # where

    @property
    def channel(self) -> discord.PartialMessageable:
        """The channel, which need not be cached."""
        return self.client.get_partial_messageable(
            int(self.asking.place), guild_id=_number(self.asking.server)
        )

    @property
    def webhook(self) -> discord.Webhook | None:
        """The interaction's way to answer, None for a message and when its token has run out."""
        if self.asking.token is None or self.client.application_id is None:
            return None
        asked = discord.utils.snowflake_time(self.asking.number)
        if discord.utils.utcnow() - asked > TOKEN_LIVES:
            return None
        webhook = discord.Webhook.partial(self.client.application_id, self.asking.token, client=self.client)
        webhook.type = discord.WebhookType.application  # only such a one may tell a member alone
        return webhook

    @asynccontextmanager
    async def typing(self) -> AsyncIterator[None]:
        """Show that an answer is being made, where that can be shown."""
        async with contextlib.AsyncExitStack() as stack:
            if self.asking.member and self.asking.ack != "private":
                with contextlib.suppress(discord.HTTPException):
                    await stack.enter_async_context(self.channel.typing())
            yield

    # what is seen by all

    async def post(self, card: Card) -> int:
        """Send the card; returns what ``edit`` takes. Raises discord.HTTPException."""
        return await self._fitting(lambda: self._post(card))

    async def _fitting(self, send: Callable[[], Awaitable[_Sent]]) -> _Sent:
        """Send with smaller and smaller files, where Discord takes less than it had said."""
        while True:
            try:
                return await send()
            except discord.HTTPException as error:
                if error.status != _TOO_LARGE or self.asking.limit < _LEAST_LIMIT:
                    raise
                self.asking = replace(self.asking, limit=self.asking.limit // 2)

    async def _post(self, card: Card) -> int:
        if self.asking.member:
            return await self._send(self._headed(card))
        webhook = self.webhook
        if webhook is None:
            return await self._direct(card)
        if self.asking.ack == "public" and self.first:
            return (await webhook.edit_message(_original(), **await self._changes(card))).id
        return (await webhook.send(wait=True, **await self._parts(card))).id

    async def edit(self, message: int, card: Card) -> None:
        """Change a card that was posted. Raises discord.HTTPException."""
        await self._fitting(lambda: self._edit(message, card))

    async def _edit(self, message: int, card: Card) -> None:
        changes = await self._changes(self._headed(card))
        if self.asking.member:
            await self.channel.get_partial_message(message).edit(
                allowed_mentions=discord.AllowedMentions.none(), **changes
            )
        elif (webhook := self.webhook) is not None:
            await webhook.edit_message(message, **changes)

    def _headed(self, card: Card) -> Card:
        return replace(card, heading=self.asking.heading)

    async def _send(self, card: Card) -> int:
        options = await self._parts(card)
        if self.asking.reference is not None and self._may_reply():
            options["reference"] = discord.MessageReference(
                message_id=int(self.asking.reference),
                channel_id=int(self.asking.place),
                fail_if_not_exists=False,
            )
        message = await self.channel.send(
            nonce=self.asking.nonce(self._sent), mention_author=False, **options
        )
        self._sent += 1
        if message.content != card.content.strip() or len(message.attachments) != len(
            options.get("files", [])
        ):
            await self.edit(
                message.id, card
            )  # it stands for the nonce since a former life, which was killed before the end
        return message.id

    def _may_reply(self) -> bool:
        """Discord takes no reply from whoever may not read what was said before."""
        channel = self.client.get_channel(int(self.asking.place))
        if not isinstance(channel, discord.abc.GuildChannel):
            return True
        return channel.permissions_for(channel.guild.me).read_message_history

    async def _direct(self, card: Card) -> int:
        """The token has run out where nothing else may write: a direct message is the last way."""
        user = await self.client.fetch_user(int(self.asking.user))
        return (await user.send(nonce=self.asking.nonce(), **await self._parts(card))).id

    async def _parts(self, card: Card) -> dict[str, Any]:
        parts = {
            "content": card.content or None,
            "files": await card.files(self.asking.limit),
            "embed": card.embed(),
            "view": card.view(),
        }
        return {name: value for name, value in parts.items() if value}

    async def _changes(self, card: Card) -> dict[str, Any]:
        return {
            "content": card.content or None,
            "attachments": await card.files(self.asking.limit),
            "embed": card.embed(),
            "view": card.view(),
        }

    # what is seen by the asker alone

    async def whisper(self, card: Card) -> int:
        """Tell the asker alone; a message can only be answered by a message. Raises discord.HTTPException."""
        webhook = self.webhook
        if webhook is None:
            return await self.post(card)
        if self.asking.ack == "private" and self.first and not self.whispered:
            self.whispered = True
            return (await webhook.edit_message(_original(), **await self._changes(card))).id
        if self.asking.ack == "public" and self.first and not self.whispered:
            await self._unthink(webhook)
        self.whispered = True
        return (await webhook.send(wait=True, ephemeral=True, **await self._parts(card))).id

    async def acknowledged(self) -> bool:
        """Whether an earlier life of the bot got as far as that; if not, Discord has told the member that it failed."""
        webhook = self.webhook
        if webhook is None:
            return True
        try:
            await webhook.fetch_message(_original())
        except discord.HTTPException as error:
            return error.code != _UNKNOWN_WEBHOOK
        return True

    async def thinks(self) -> bool:
        """Whether the asker still sees "thinking…". Raises discord.HTTPException."""
        webhook = self.webhook
        if webhook is None:
            return False
        try:
            return (await webhook.fetch_message(_original())).flags.loading
        except discord.NotFound:  # it was never acknowledged, or its answer is dismissed
            return False

    async def close(self) -> None:
        """The answer is out: a "thinking…" that only the asker sees is not needed any more."""
        webhook = self.webhook
        if self.asking.ack == "private" and self.first and not self.whispered and webhook is not None:
            await self._unthink(webhook)

    @staticmethod
    async def _unthink(webhook: discord.Webhook) -> None:
        with contextlib.suppress(discord.HTTPException):
            await webhook.delete_message(_original())

    # what a former life has sent

    async def earlier(self, tag: str) -> int | None:
        """The message with which a former life of the bot began to answer this asking, None where there is none.

        It is known by the names of its files, or, for a message's only answer, by what it replies to.
        """
        if not self.asking.member:
            return None
        asked = discord.Object(self.asking.number)
        try:
            async for message in self.channel.history(after=asked, limit=_LOOK_BACK, oldest_first=True):
                if message.author == self.client.user and self._answers(message, tag):
                    return message.id
        except discord.HTTPException as error:
            logger.info(
                "what was sent before cannot be looked up: HTTP %d, code %d", error.status, error.code
            )
        return None

    def _answers(self, message: discord.Message, tag: str) -> bool:
        if any(tag in attachment.filename for attachment in message.attachments):
            return True
        to = message.reference.message_id if message.reference else None
        return (
            self.first
            and self.asking.ack == "message"
            and to is not None
            and str(to) == self.asking.reference
        )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None else None


def _original() -> Any:
    """The library knows no constant for it; the API takes this word where a message's id stands."""
    return "@original"
