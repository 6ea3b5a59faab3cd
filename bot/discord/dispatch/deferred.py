"""Commands that are acknowledged at once and answered within seconds, only to the requester.

Unlike requests they are not repeated after a restart: the bot may have been killed before or after a
moderator's command took effect, and repeating it could undo what somebody decided since. Instead the
acknowledgement is stored, and at the next start a member who still sees "thinking…" is asked to check and try
again.
"""

from __future__ import annotations

import discord

from bot.discord.builders import from_interaction
from bot.discord.dispatch.responder import Responder
from bot.discord.errors import log_http_error
from bot.discord.request import Request
from bot.discord.services import Interaction, Services, services_of
from bot.discord.ui.view import OutgoingMessage
from bot.locales import locale_of

DEFERRED_PLATFORM = "discord-promises"
"""Deferred commands are stored in the inbox under a platform of their own; the value is kept for stored data.

So they are in no member's queue and count towards no quota.
"""
_KEY = "deferred"  # where ``Interaction.extras`` keeps the key in the inbox


async def defer(interaction: Interaction) -> None:
    """Store an interaction, then acknowledge it with a private "thinking…"."""
    services, request = services_of(interaction), from_interaction(interaction)
    who, payload = (request.user, request.server, request.place), request.to_payload()
    await services.inbox.accept(request.key, DEFERRED_PLATFORM, *who, payload, services.holder)
    interaction.extras[_KEY] = request.key
    await interaction.response.defer(ephemeral=True, thinking=True)


async def forget_answered(interaction: Interaction) -> None:
    """Delete the stored interaction now that it has been answered."""
    if (key := interaction.extras.pop(_KEY, None)) is not None:
        await services_of(interaction).inbox.forget(key)


async def notify_interrupted(services: Services) -> None:
    """Tell members whose command was interrupted to check its effect and try again."""
    for item in await services.inbox.take_over(DEFERRED_PLATFORM, services.holder):
        request = Request.from_payload(item.payload)
        responder = Responder(services.client, request)
        try:
            if await responder.is_thinking():
                text = locale_of(preferred=request.locale).say("discord.interrupted")
                await responder.send(OutgoingMessage(text), private=True)
        except discord.HTTPException as error:
            log_http_error("an interrupted command could not be answered", error)
            if error.status >= 500:
                continue  # try again later
        await services.inbox.forget(item.key)
