"""Works: what is done for an asking, by its kind, and the card that shows it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import discord

from bot.conversation import replies
from bot.conversation.messages import CompareRequest, Shown, Speaker, TalkRequest, Turn
from bot.discord.dispatch.progress import LiveMessage
from bot.discord.requests import attachments
from bot.discord.requests.request import PLATFORM, Asking, Kind
from bot.discord.ui import buttons, menus, view
from bot.discord.ui.view import Card, Shot
from bot.errors import BotError, code_for, sentence_for
from bot.language.actions import Show, Variations, from_json
from bot.locales import Locale, get, locale_of
from bot.moderation.errors import ConsentNeeded, Moment
from bot.pictures.sheet import before_after, contact_sheet
from editor.api.errors import EditorAway, EditorError
from storage.errors import NotFound, StorageError
from storage.history import Edit
from storage.servers import ServerSettings

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

MOST_TILES = 24
AWAY_SECONDS, LONGEST_AWAY_SECONDS = 2.0, 60.0
"""First and longest pause between two looks whether the editor is back."""


@dataclass(frozen=True)
class Result:
    """An answer: its card, the edit that its message shows, and how it went in one word."""

    card: Card
    edit: int | None = None
    outcome: str = "done"

    @property
    def private(self) -> bool:
        """Words without a picture are for the asker alone, where that can be."""
        return not self.card.shots


Work = Callable[["Bot", Asking, ServerSettings, LiveMessage], Awaitable[Result]]


def speaker_of(asking: Asking) -> Speaker:
    """Whose conversation it is."""
    return Speaker(PLATFORM, asking.owner or asking.user, asking.place, asking.server, asking.locale)


def failed(error: Exception, asking: Asking) -> Result:
    """The answer where something is wrong, in the language of whoever asked, with times as each reader's own."""
    locale = locale_of(asking.text, asking.locale)
    if isinstance(error, BotError):
        error.values = {name: _here(value) for name, value in error.values.items()}
    items = (
        (buttons.ConsentButton(locale, asking.reference if asking.ack == "message" else None),)
        if isinstance(error, ConsentNeeded)
        else ()
    )
    text = locale.say("discord.consent") if isinstance(error, ConsentNeeded) else sentence_for(error, locale)
    return Result(Card(text, items=items), None, code_for(error))


def _here(value: object) -> object:
    return discord.utils.format_dt(value.at, "f") if isinstance(value, Moment) else value


async def talk(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """One turn of the conversation."""
    picture = None
    if asking.uploads:
        picture = await attachments.download(asking.uploads[0], bot.most_upload, bot.cdn_hosts)
    request = TalkRequest(
        asking.text,
        picture,
        asking.reply_to,
        None if asking.actions is None else tuple(from_json(action) for action in asking.actions),
        asking.key,
        asking.spoiler,
        settings.bundle,
        quality=asking.quality,
    )
    turn = await bot.conversations.talk(speaker_of(asking), request, live.progress)
    card = await _dressed(bot, turn, view.of_turn(turn, asking, turn.hidden or asking.spoiler))
    return Result(
        await _marked(bot, card, settings), turn.edit.id if turn.edit else None, turn.error or "done"
    )


async def _dressed(bot: Bot, turn: Turn, card: Card) -> Card:
    """The history as a sheet of numbered pictures, and before beside after as one picture."""
    what = next((action.what for action in turn.actions if isinstance(action, Show)), None)
    if turn.edit is None or turn.error is not None:
        return card
    locale = get(turn.locale)
    if what == "history":
        return await _history(bot, turn.edit, card, locale)
    if what == "compare" and len(turn.pictures) == 2:
        return replace(card, shots=(await _side_by_side(turn.pictures[0], turn.pictures[1], locale),))
    if any(isinstance(action, Variations) for action in turn.actions) and len(turn.pictures) > 1:
        return await _variations(turn, card, locale)
    if what == "adjustments" and turn.edit.recipes:
        return adjustments(turn.edit, locale)
    return card


async def _history(bot: Bot, head: Edit, card: Card, locale: Locale) -> Card:
    edits = (await bot.history.edits(head.source))[-MOST_TILES:]
    words = [replies.describe(locale, edit) for edit in edits]
    tiles = [
        ((await bot.history.picture(edit.picture)).data, said)
        for edit, said in zip(edits, words, strict=True)
    ]
    numbers = [edit.number for edit in edits]
    sheet = await asyncio.to_thread(contact_sheet, tiles, numbers, head.number)
    told = locale.say("list.comma").join(replies.history_rows(locale, edits, head))
    alt = locale.say("discord.alt.history", description=told)
    items = (menus.to_go_to(head, list(zip(numbers, words, strict=True)), locale),)
    return replace(card, shots=(Shot(sheet, alt, head.number),), items=items)


async def _variations(turn: Turn, card: Card, locale: Locale) -> Card:
    """As a sheet with numbers to choose by; whichever is chosen is shown alone and whole."""
    assert turn.edit is not None
    words, numbers = replies.describe(locale, turn.edit), [shown.number for shown in turn.pictures]
    sheet = await asyncio.to_thread(
        contact_sheet, [(shown.picture.data, "") for shown in turn.pictures], numbers
    )
    alt = locale.say(
        "discord.alt.variations",
        numbers=locale.listed([str(number) for number in numbers]),
        description=words,
    )
    menu = menus.to_go_to(turn.edit, [(number, words) for number in numbers], locale)
    return replace(card, shots=(Shot(sheet, alt, turn.edit.number),), items=(menu, *card.items))


async def _side_by_side(before: Shown, after: Shown, locale: Locale) -> Shot:
    captions = (locale.say("discord.caption.before"), locale.say("discord.caption.after"))
    picture = await asyncio.to_thread(before_after, before.picture.data, after.picture.data, captions)
    return Shot(picture, locale.say("discord.alt.compare", before=before.alt, after=after.alt), after.number)


def adjustments(edit: Edit, locale: Locale) -> Card:
    """The adjustments in force as a list, with the menus to change them."""
    return view.table(
        locale.say("discord.title.adjustments"), menus.in_force(edit, locale), *menus.to_adjust(edit, locale)
    )


async def _marked(bot: Bot, card: Card, settings: ServerSettings) -> Card:
    """With the visible mark, where the server wants one."""
    if not settings.visible_mark:
        return card
    shots = [
        replace(shot, picture=await asyncio.to_thread(bot.conversations.mark, shot.picture, True))
        for shot in card.shots
    ]
    return replace(card, shots=tuple(shots))


async def animate(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """The way from the original to the present look, to and fro."""
    turn = await bot.conversations.animate(
        speaker_of(asking), asking.reply_to, asking.limit, on_progress=live.progress
    )
    hidden = turn.edit is not None and await bot.conversations.hidden(turn.edit)
    card = Card(turn.reply, shots=view.shots(turn.pictures), spoiler=hidden, tag=view.tag(asking))
    return Result(card, turn.edit.id if turn.edit else None, turn.error or "done")


async def compare(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """One wish by several methods, as a sheet with numbers to choose by."""
    request = CompareRequest(asking.text, asking.reply_to, asking.key)
    turn = await bot.conversations.compare(speaker_of(asking), request, live.progress)
    card = Card(turn.reply, spoiler=turn.hidden, tag=view.tag(asking))
    if turn.edit is not None and turn.pictures:
        card = await _methods(turn, turn.edit, card, get(turn.locale))
    return Result(
        await _marked(bot, card, settings), turn.edit.id if turn.edit else None, turn.error or "done"
    )


async def _methods(turn: Turn, base: Edit, card: Card, locale: Locale) -> Card:
    rows = [(shown.number, shown.caption) for shown in turn.pictures]
    tiles = [(shown.picture.data, shown.caption) for shown in turn.pictures]
    sheet = await asyncio.to_thread(contact_sheet, tiles, [number for number, _ in rows])
    numbers, names = (locale.listed([str(value) for value in column]) for column in zip(*rows, strict=True))
    shot = Shot(sheet, locale.say("discord.alt.methods", numbers=numbers, names=names), base.number)
    return replace(card, shots=(shot,), items=(menus.to_go_to(base, rows, locale),))


async def forget(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """Delete an edit of the asker's, or everything about them; what is gone already was deleted in an earlier life."""
    what = "all" if asking.reply_to is None else "edit"
    if asking.reply_to is None:
        await bot.forgetting.member(int(asking.user))
    else:
        with contextlib.suppress(NotFound):
            await bot.forgetting.edit(asking.reply_to)
    return Result(Card(locale_of(preferred=asking.locale).say(f"discord.forgotten.{what}")))


async def head_of(bot: Bot, asking: Asking) -> Edit:
    """The edit that the asker's conversation is at. Raises NoPicture."""
    who = speaker_of(asking)
    conversation = await bot.history.conversation(who.platform, who.user, who.place, who.server)
    return await bot.history.head(conversation.id)


async def train(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """A mapper for one prompt, for the bot's owner."""
    from bot.discord.commands.owner.training import (
        trained,  # its command goes through the desk, which knows these works
    )

    return Result(await trained(bot, asking, live))


WORKS: Mapping[Kind, Work] = {
    "talk": talk,
    "animate": animate,
    "compare": compare,
    "forget": forget,
    "train": train,
}


async def do(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """Do the work of an asking, however long the editor is away. Never raises for what a member can cause."""
    live.spoiler = asking.spoiler or await _covered(bot, asking)
    while True:
        try:
            result = await WORKS[asking.kind](bot, asking, settings, live)
        except (BotError, EditorError, StorageError) as error:
            result = failed(error, asking)
        if result.outcome != EditorAway.code:
            return result
        await live.away()
        await _until_ready(bot)


async def _covered(bot: Bot, asking: Asking) -> bool:
    """Whether the picture that is gone on from came covered."""
    if asking.uploads:
        return False
    try:
        head = (
            await head_of(bot, asking) if asking.reply_to is None else await bot.history.edit(asking.reply_to)
        )
        return await bot.conversations.hidden(head)
    except StorageError:
        return False  # there is none


async def _until_ready(bot: Bot) -> None:
    pause = AWAY_SECONDS
    while not await bot.conversations.editor.ready():
        await asyncio.sleep(pause)
        pause = min(LONGEST_AWAY_SECONDS, 1.5 * pause)
