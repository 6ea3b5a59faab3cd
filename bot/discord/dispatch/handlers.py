"""What is done for each kind of request, and the message that shows the result."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import discord

from bot.conversation import replies
from bot.conversation.messages import CompareRequest, Speaker, TalkRequest, Turn, job_of
from bot.discord.attachments import download
from bot.discord.dispatch.progress import ProgressMessage
from bot.discord.request import PLATFORM, Kind, Request
from bot.discord.services import Services
from bot.discord.ui.buttons import consent_button, result_buttons
from bot.discord.ui.menus import adjustment_lines, adjustment_menus, goto_menu
from bot.discord.ui.view import AttachedPicture, OutgoingMessage
from bot.errors import BotError, code_for, sentence_for
from bot.language.actions import Show, Variations
from bot.locales import Locale, get, locale_of
from bot.pictures.sheet import before_after, contact_sheet
from editor.api import protocol as wire
from editor.api.errors import EditorAway, EditorError
from storage.errors import NotFound, StorageError
from storage.records import Edit
from storage.servers import ServerSettings

MAX_TILES = 24
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds between two checks whether the editor is back
_TRAINED_NONCE = 9
"""The nonce of the message that tells the owner about a trained mapper, so that it is sent once."""


@dataclass(frozen=True)
class Result:
    """An answer: the message, the edit that it shows, and the outcome in one word."""

    message: OutgoingMessage
    edit: int | None = None
    outcome: str = "done"


async def handle(
    services: Services, request: Request, settings: ServerSettings, progress: ProgressMessage
) -> Result:
    """Do what a request asks for, however long the editor is away; errors of members become the result."""
    work = _Work(services, request, settings, progress)
    progress.spoiler = request.spoiler or await work.continues_spoiler()
    while True:
        try:
            result = await _HANDLERS[request.kind](work)
        except (BotError, EditorError, StorageError) as error:
            result = error_result(error, request)
        if result.outcome != EditorAway.code:
            return result
        await progress.show_editor_away()
        pause = FIRST_PAUSE
        while not await services.conversations.editor.ready():
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, 1.5 * pause)


def error_result(error: Exception, request: Request) -> Result:
    """The answer to a request that failed, with times that Discord shows in each reader's time zone."""
    locale = locale_of(request.text, request.locale)
    if isinstance(error, BotError):
        for name, value in error.values.items():
            if isinstance(value, datetime):
                error.values[name] = discord.utils.format_dt(value, "f")
    if isinstance(error, BotError) and error.key == "policy.consent-needed":
        waiting = request.reference if request.acknowledgement == "message" else None
        message = OutgoingMessage(locale.say("discord.consent"), items=[consent_button(locale, waiting)])
    else:
        message = OutgoingMessage(sentence_for(error, locale))
    return Result(message, None, code_for(error))


async def head_of(services: Services, request: Request) -> Edit:
    """The current edit of the requester's conversation. Raises NoPicture."""
    user = request.owner or request.user
    conversation = await services.history.conversation(PLATFORM, user, request.place, request.server)
    return await services.history.head(conversation.id)


def adjustments_message(edit: Edit, locale: Locale) -> OutgoingMessage:
    """The adjustments of an edit as a list, with the menus that change them."""
    lines, items = adjustment_lines(edit, locale), adjustment_menus(edit, locale)
    return OutgoingMessage(title=locale.say("discord.title.adjustments"), lines=lines, items=items)


class _Work:
    """What one request asks for."""

    def __init__(
        self, services: Services, request: Request, settings: ServerSettings, progress: ProgressMessage
    ) -> None:
        self.services, self.request, self.settings, self.progress = services, request, settings, progress
        self.conversations, self.history = services.conversations, services.history
        user = request.owner or request.user
        self.speaker = Speaker(PLATFORM, user, request.place, request.server, request.locale)

    async def continues_spoiler(self) -> bool:
        """Whether the picture to continue from was sent as a spoiler."""
        if self.request.uploads:
            return False
        try:
            number = self.request.reply_to
            edit = await (self.history.edit(number) if number else head_of(self.services, self.request))
            return await self.conversations.hidden(edit)
        except StorageError:
            return False  # there is no picture

    # the conversation

    async def talk(self) -> Result:
        """Edit a picture, or answer about it."""
        request, picture = self.request, None
        if request.uploads:
            services = self.services
            picture = await download(request.uploads[0], services.max_upload, services.cdn_hosts)
        talk = TalkRequest(
            request.text,
            picture,
            request.reply_to,
            request.actions,
            request.key,
            request.spoiler,
            self.settings.bundle,
            quality=request.quality,
        )
        turn = await self.conversations.talk(self.speaker, talk, self.progress.on_event)
        message = self._message(turn, turn.hidden or request.spoiler)
        if turn.edit is not None and turn.error is None:
            message = await self._arrange(turn, turn.edit, message)
        return await self._result(turn, message)

    def _message(self, turn: Turn, spoiler: bool) -> OutgoingMessage:
        pictures = [AttachedPicture(shown.picture, shown.alt, shown.number) for shown in turn.pictures]
        return OutgoingMessage(turn.reply, pictures=pictures, spoiler=spoiler, tag=self.request.tag)

    async def _result(self, turn: Turn, message: OutgoingMessage) -> Result:
        """The result of a turn, with the visible mark if the server wants one."""
        if self.settings.visible_mark:
            mark = self.conversations.mark
            pictures = [
                replace(shown, picture=await asyncio.to_thread(mark, shown.picture, True))
                for shown in message.pictures
            ]
            message = replace(message, pictures=pictures)
        return Result(message, turn.edit.id if turn.edit else None, turn.error or "done")

    async def _arrange(self, turn: Turn, edit: Edit, message: OutgoingMessage) -> OutgoingMessage:
        """The answer with buttons; several pictures are joined into one sheet, adjustments become a list."""
        locale = get(turn.locale)
        if turn.pictures:
            buttons = result_buttons(edit.id, edit.number > 0, bool(turn.adjustments), locale)
            message = replace(message, items=buttons)
        shown = next((action.what for action in turn.actions if isinstance(action, Show)), None)
        if shown == "history":
            return await self._history_sheet(edit, message, locale)
        if shown == "compare" and len(turn.pictures) == 2:
            return replace(message, pictures=[await _side_by_side(message.pictures, locale)])
        if any(isinstance(action, Variations) for action in turn.actions) and len(turn.pictures) > 1:
            return await _choice_sheet(turn, edit, message, "variations")
        if shown == "adjustments" and edit.recipes:
            return adjustments_message(edit, locale)
        return message

    async def _history_sheet(self, head: Edit, message: OutgoingMessage, locale: Locale) -> OutgoingMessage:
        edits = (await self.history.edits(head.source))[-MAX_TILES:]
        choices = [(edit.number, replies.describe(locale, edit)) for edit in edits]
        pictures = [(await self.history.picture(edit.picture)).data for edit in edits]
        tiles = [(picture, caption) for picture, (_, caption) in zip(pictures, choices, strict=True)]
        sheet = await asyncio.to_thread(contact_sheet, tiles, [edit.number for edit in edits], head.number)
        rows = locale.say("list.comma").join(replies.history_rows(locale, edits, head))
        picture = AttachedPicture(sheet, locale.say("discord.alt.history", description=rows), head.number)
        return replace(message, pictures=[picture], items=[goto_menu(head, choices, locale)])

    async def compare(self) -> Result:
        """One edit by several methods."""
        comparison = CompareRequest(self.request.text, self.request.reply_to, self.request.key)
        turn = await self.conversations.compare(self.speaker, comparison, self.progress.on_event)
        message = self._message(turn, turn.hidden)
        if turn.edit is not None and turn.pictures:
            message = await _choice_sheet(turn, turn.edit, message, "methods")
        return await self._result(turn, message)

    async def animate(self) -> Result:
        """The way from the original to the current look and back, as a moving picture."""
        request, report = self.request, self.progress.on_event
        turn = await self.conversations.animate(
            self.speaker, request.reply_to, request.upload_limit, on_progress=report
        )
        hidden = turn.edit is not None and await self.conversations.hidden(turn.edit)
        message = self._message(turn, hidden)
        return Result(message, turn.edit.id if turn.edit else None, turn.error or "done")

    # deletion and training

    async def erase(self) -> Result:
        """Delete an edit of the requester, or all their data; a missing edit was deleted before a restart."""
        what = "all" if self.request.reply_to is None else "edit"
        if self.request.reply_to is None:
            await self.services.erase_member(self.request.user)
        else:
            with contextlib.suppress(NotFound):
                await self.services.erase_edit(self.request.reply_to)
        text = locale_of(preferred=self.request.locale).say(f"discord.forgotten.{what}")
        return Result(OutgoingMessage(text))

    async def train(self) -> Result:
        """Train a mapper for one prompt, and notify the owner when it is ready."""
        request, progress = self.request, self.progress
        assert request.minutes is not None
        training = wire.TrainMapperRequest(
            bundle=self.conversations.bundle, prompt=request.text, minutes=request.minutes
        )
        job = wire.Job(user=request.user, request=training)
        result = await self.conversations.editor.run(job_of(request.key), job, progress.on_event)
        assert isinstance(result, wire.TrainMapperResult)
        key = "owner.trained" if result.kept else "owner.trained.not-kept"
        prompt = discord.utils.escape_markdown(result.prompt)
        text = locale_of(preferred=request.locale).say(key, prompt=prompt)
        if progress.message is not None:  # an edited message notifies nobody, so a new one is sent
            await progress.responder.channel.send(
                f"<@{request.user}> {discord.utils.escape_mentions(text)}",
                nonce=request.nonce(_TRAINED_NONCE),
                allowed_mentions=discord.AllowedMentions(everyone=False, roles=False, users=True),
            )
        return Result(OutgoingMessage(text))


async def _choice_sheet(turn: Turn, edit: Edit, message: OutgoingMessage, what: str) -> OutgoingMessage:
    """The answer with its pictures as one sheet with numbers, and a menu to show one alone and in full."""
    locale = get(turn.locale)
    description = replies.describe(locale, edit)
    choices = [(shown.number, shown.caption or description) for shown in turn.pictures]
    tiles = [(shown.picture.data, shown.caption) for shown in turn.pictures]
    sheet = await asyncio.to_thread(contact_sheet, tiles, [number for number, _ in choices])
    numbers = locale.listed([str(number) for number, _ in choices])
    names = locale.listed([name for _, name in choices])
    alt = locale.say(f"discord.alt.{what}", numbers=numbers, names=names, description=description)
    menu = goto_menu(edit, choices, locale)
    return replace(message, pictures=[AttachedPicture(sheet, alt, edit.number)], items=[menu, *message.items])


async def _side_by_side(pictures: Sequence[AttachedPicture], locale: Locale) -> AttachedPicture:
    before, after = pictures
    captions = (locale.say("discord.caption.before"), locale.say("discord.caption.after"))
    picture = await asyncio.to_thread(before_after, before.picture.data, after.picture.data, captions)
    alt = locale.say("discord.alt.compare", before=before.alt, after=after.alt)
    return AttachedPicture(picture, alt, after.number)


_HANDLERS: dict[Kind, Callable[[_Work], Awaitable[Result]]] = {
    "talk": _Work.talk,
    "compare": _Work.compare,
    "animate": _Work.animate,
    "forget": _Work.erase,
    "train": _Work.train,
}
