"""Answering interactions: commands, buttons, menus and forms.

discord.py only logs an exception in a persistent item and tells the member nothing. Callbacks therefore run
inside ``errors_reported``, which answers the member with a private sentence.
"""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

import discord
from discord import app_commands

from bot import locales
from bot.discord.errors import MayNotModerate, NotYourButton, http_error_logged
from bot.discord.requests.request import PLATFORM, Request
from bot.discord.services import Services
from bot.errors import code_for, sentence_for
from bot.locales import Locale
from storage.records import Edit

logger = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]
Acknowledge = Callable[[], Awaitable[Any]]
Complete = Callable[[], Awaitable[Request | None]]
_DISPATCHED = "dispatched"
"""Marks interactions that the dispatcher answers and counts."""


class Dispatcher(Protocol):
    """What answers requests."""

    async def take(
        self, request: Request, acknowledge: Acknowledge | None = None, complete: Complete | None = None
    ) -> None:
        """Store a request, acknowledge it, and answer it in its turn."""


def services_of(interaction: Interaction) -> Services:
    """The services of the client that received an interaction."""
    services: Services = interaction.client.services
    return services


def dispatcher_of(interaction: Interaction) -> Dispatcher:
    """The dispatcher of the client that received an interaction."""
    dispatcher: Dispatcher = interaction.client.dispatcher
    return dispatcher


def locale_of(interaction: Interaction) -> Locale:
    """The language of the member's own Discord."""
    return locales.locale_of(preferred=interaction.locale.value)


def server_of(interaction: Interaction) -> str | None:
    """The id of the server where it happened; None in direct conversations."""
    return str(interaction.guild_id) if interaction.guild_id else None


@asynccontextmanager
async def errors_reported(interaction: Interaction) -> AsyncIterator[None]:
    """Tell the member privately about any error inside, and count the outcome."""
    started, outcome = time.monotonic(), "done"
    try:
        yield
    except discord.HTTPException as error:
        outcome = "lost"
        logger.warning("an interaction could not be answered: HTTP %d, code %d", error.status, error.code)
    except Exception as error:
        outcome = code_for(error)
        await reply_privately(interaction, error_sentence(error, locale_of(interaction)))
    count(interaction, "press", outcome, started)


def count(interaction: Interaction, origin: str, outcome: str, started: float) -> None:
    """Count an interaction unless the dispatcher does; ``started`` is in monotonic seconds."""
    if _DISPATCHED not in interaction.extras:
        services_of(interaction).metrics.count_answer(origin, outcome, time.monotonic() - started)


async def dispatch(interaction: Interaction, request: Request, acknowledge: Acknowledge) -> None:
    """Have a request stored, acknowledged and answered in its turn."""
    interaction.extras[_DISPATCHED] = True
    await dispatcher_of(interaction).take(request, acknowledge)


async def dispatch_edit(interaction: Interaction, edit: Edit, **values: Any) -> None:
    """Dispatch what a component under an edit asks for; the answer replies to its message.

    Args:
        interaction: the press or choice.
        edit: the edit to continue from.
        **values: what to do, as fields of ``Request``.
    """
    request = await services_of(interaction).requests.from_component(interaction, edit, **values)
    await dispatch(interaction, request, interaction.response.defer)


def error_sentence(error: Exception, locale: Locale) -> str:
    """What to tell the member about an error, including those of discord.py's own checks."""
    if isinstance(error, app_commands.MissingPermissions):
        names = [locale.say(f"mod.permission.{name}") for name in error.missing_permissions]
        quoted = [locale.say("list.quote", item=name) for name in names]
        error = MayNotModerate(permissions=locale.listed(quoted))
    return sentence_for(error, locale)


async def reply_privately(interaction: Interaction, text: str, **options: Any) -> None:
    """Send a sentence only to the member, whether or not the interaction is acknowledged already."""
    done = interaction.response.is_done()
    send = interaction.followup.send if done else interaction.response.send_message
    with http_error_logged("an interaction could not be answered", logging.WARNING):
        await send(text, ephemeral=True, **options)


async def edit_for(interaction: Interaction, number: int, shared: bool = True) -> Edit:
    """The edit that a component is about, if the member may use it.

    Args:
        interaction: the press or choice.
        number: the id of the edit.
        shared: whether others may use it too if the server's settings allow that.

    Raises:
        NotFound: the edit is deleted.
        NotYourButton: it belongs to somebody else.
    """
    services = services_of(interaction)
    edit = await services.history.edit(number)
    if await services.history.owner(number) == (PLATFORM, str(interaction.user.id)):
        return edit
    if not (shared and (await services.access.settings(server_of(interaction))).open_buttons):
        raise NotYourButton
    return edit
