"""Works: what is done for an asking, by its kind, and the card that shows it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot import replies
from bot.conversation import Shown, Speaker, Turn
from bot.discord import attachments, cards, menus
from bot.discord.asking import PLATFORM, Asking, Kind
from bot.discord.cards import Card, Shot
from bot.discord.live import LiveMessage
from bot.errors import BotError, code_for, sentence_for
from bot.locales import Locale, get, locale_of
from bot.pictures.animation import animation
from bot.pictures.mark import mark
from bot.pictures.sheet import before_after, contact_sheet
from editor.errors import EditorAway, EditorError
from storage.errors import NoPicture, StorageError
from storage.history import Edit
from storage.servers import ServerSettings

if TYPE_CHECKING:
    from bot.discord.client import Bot

logger = logging.getLogger(__name__)

FRAMES = 9
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
    """The answer where something is wrong, in the language of whoever asked."""
    return Result(Card(sentence_for(error, locale_of(asking.text, asking.locale))), None, code_for(error))


async def talk(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """One turn of the conversation."""
    picture = None
    if asking.uploads:
        picture = await attachments.download(asking.uploads[0], bot.most_upload, bot.cdn_hosts)
    turn = await bot.conversations.talk(
        speaker_of(asking), asking.text, picture, asking.reply_to, live.progress, key=asking.key, actions=asking.actions,
        hidden=asking.spoiler,
    )  # fmt: skip
    card = await _dressed(bot, turn, cards.of_turn(turn, asking, turn.hidden or asking.spoiler))
    return Result(await _marked(card, settings), turn.edit.id if turn.edit else None, turn.error or "done")


async def _dressed(bot: Bot, turn: Turn, card: Card) -> Card:
    """The history as a sheet of numbered pictures, and before beside after as one picture."""
    what = next((action["what"] for action in turn.actions if action["do"] == "show"), None)
    if turn.edit is None or turn.error is not None:
        return card
    locale = get(turn.locale)
    if what == "history":
        return await _history(bot, turn.edit, card, locale)
    if what == "compare" and len(turn.pictures) == 2:
        return replace(card, shots=(await _side_by_side(turn.pictures[0], turn.pictures[1], locale),))
    if what == "adjustments" and turn.edit.recipes:
        return adjustments(turn.edit, locale)
    return card


async def _history(bot: Bot, head: Edit, card: Card, locale: Locale) -> Card:
    edits = (await bot.history.edits(head.source))[-MOST_TILES:]
    tiles = [((await bot.history.picture(edit.picture)).data, f"{edit.number}. {replies.describe(locale, edit)}") for edit in edits]
    sheet = await asyncio.to_thread(contact_sheet, tiles)
    places = [(edit.number, replies.describe(locale, edit)) for edit in edits]
    return replace(card, shots=(Shot(sheet, card.text, head.number),), items=(menus.to_go_to(head, places, locale),))


async def _side_by_side(before: Shown, after: Shown, locale: Locale) -> Shot:
    captions = (locale.say("discord.caption.before"), locale.say("discord.caption.after"))
    picture = await asyncio.to_thread(before_after, before.picture.data, after.picture.data, captions)
    return Shot(picture, locale.say("discord.alt.compare", before=before.alt, after=after.alt), after.number)


def adjustments(edit: Edit, locale: Locale) -> Card:
    """The adjustments in force as a list, with the menus to change them."""
    lines = [cards.bar(locale, replies.name_of(locale, recipe), float(recipe["strength"])) for recipe in edit.recipes]
    return cards.table(locale.say("discord.title.adjustments"), lines, *menus.to_adjust(edit, locale))


async def _marked(card: Card, settings: ServerSettings) -> Card:
    """With the visible mark, where the server wants one."""
    if not settings.visible_mark:
        return card
    shots = [replace(shot, picture=await asyncio.to_thread(mark, shot.picture, True)) for shot in card.shots]
    return replace(card, shots=tuple(shots))


async def animate(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """The way from the original to the present look, to and fro."""
    locale = locale_of(preferred=asking.locale)
    head = await head_of(bot, asking)
    if head.number == 0:
        return Result(Card(locale.say("discord.animate.nothing")))
    frames = await bot.conversations.frames(head.id, FRAMES, live.progress)
    if settings.visible_mark:
        frames = [await asyncio.to_thread(mark, frame, True) for frame in frames]
    picture = await asyncio.to_thread(animation, [frame.data for frame in frames], asking.limit)
    alt = locale.say("discord.alt.animation", description=replies.describe(locale, head))
    hidden = bool((await bot.history.source(head.source)).details.get("hidden"))
    card = Card(locale.say("discord.animate.done"), (Shot(picture, alt, head.number),), spoiler=hidden, tag=cards.tag(asking))
    return Result(card, head.id)


async def head_of(bot: Bot, asking: Asking) -> Edit:
    """The edit that an asking is about: the one it names, else the one shown now. Raises NoPicture, NotFound."""
    if asking.reply_to is not None:
        return await bot.history.edit(asking.reply_to)
    who = speaker_of(asking)
    conversation = await bot.history.conversation(who.platform, who.user, who.place, who.server)
    if conversation.head is None:
        raise NoPicture("no picture yet")
    return await bot.history.edit(conversation.head)


WORKS: Mapping[Kind, Work] = {"talk": talk, "animate": animate}


async def do(bot: Bot, asking: Asking, settings: ServerSettings, live: LiveMessage) -> Result:
    """Do the work of an asking, however long the editor is away. Never raises for what a member can cause."""
    while True:
        try:
            result = await WORKS[asking.kind](bot, asking, settings, live)
        except (BotError, EditorError, StorageError) as error:
            result = failed(error, asking)
        if result.outcome != EditorAway.code:
            return result
        await live.away()
        await _until_ready(bot)


async def _until_ready(bot: Bot) -> None:
    pause = AWAY_SECONDS
    while not await bot.conversations.editor.ready():
        await asyncio.sleep(pause)
        pause = min(LONGEST_AWAY_SECONDS, 1.5 * pause)
