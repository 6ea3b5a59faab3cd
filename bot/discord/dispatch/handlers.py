"""What is done for each kind of request, and the message that shows the result."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import discord

from bot.conversation import replies
from bot.conversation.messages import CompareRequest, Shown, Speaker, TalkRequest, Turn, job_of
from bot.discord.dispatch import erasure
from bot.discord.dispatch.progress import ProgressMessage
from bot.discord.requests import attachments
from bot.discord.requests.request import PLATFORM, Kind, Request
from bot.discord.services import Services
from bot.discord.ui import menus, view
from bot.discord.ui.buttons import ConsentButton
from bot.discord.ui.view import AttachedPicture, OutgoingMessage
from bot.errors import BotError, code_for, sentence_for
from bot.language.actions import Show, Variations
from bot.locales import Locale, get, locale_of
from bot.moderation.errors import ConsentNeeded, Moment
from bot.pictures.sheet import before_after, contact_sheet
from editor.api import protocol as wire
from editor.api.errors import EditorAway, EditorError
from storage.errors import NotFound, StorageError
from storage.records import Edit
from storage.servers import ServerSettings

MAX_TILES = 24
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds between two checks whether the editor is back."""
_TRAINED_NONCE = 9
"""The nonce of the message that tells the owner about a trained mapper, so that it is sent once."""


@dataclass(frozen=True)
class Result:
    """An answer: the message, the edit that it shows, and the outcome in one word."""

    message: OutgoingMessage
    edit: int | None = None
    outcome: str = "done"

    @property
    def private(self) -> bool:
        """Whether only the requester should see it, if possible: text without a picture."""
        return not self.message.pictures


Handler = Callable[[Services, Request, ServerSettings, ProgressMessage], Awaitable[Result]]


async def handle(
    services: Services, request: Request, settings: ServerSettings, progress: ProgressMessage
) -> Result:
    """Do what a request asks for, however long the editor is away; errors of members become the result."""
    progress.spoiler = request.spoiler or await _continues_spoiler(services, request)
    while True:
        try:
            result = await _HANDLERS[request.kind](services, request, settings, progress)
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
        error.values = {name: _local_time(value) for name, value in error.values.items()}
    if isinstance(error, ConsentNeeded):
        waiting = request.reference if request.acknowledgement == "message" else None
        message = view.sentence(locale.say("discord.consent"), ConsentButton.create(locale, waiting))
    else:
        message = view.sentence(sentence_for(error, locale))
    return Result(message, None, code_for(error))


def _local_time(value: object) -> object:
    return discord.utils.format_dt(value.at, "f") if isinstance(value, Moment) else value


def speaker_of(request: Request) -> Speaker:
    """The person whose conversation a request belongs to."""
    user = request.owner or request.user
    return Speaker(PLATFORM, user, request.place, request.server, request.locale)


async def head_of(services: Services, request: Request) -> Edit:
    """The current edit of the requester's conversation. Raises NoPicture."""
    who = speaker_of(request)
    conversation = await services.history.conversation(who.platform, who.user, who.place, who.server)
    return await services.history.head(conversation.id)


async def _continues_spoiler(services: Services, request: Request) -> bool:
    """Whether the picture to continue from was sent as a spoiler."""
    if request.uploads:
        return False
    try:
        if request.reply_to is None:
            edit = await head_of(services, request)
        else:
            edit = await services.history.edit(request.reply_to)
        return await services.conversations.hidden(edit)
    except StorageError:
        return False  # there is no picture


# the conversation


async def _talk(
    services: Services, request: Request, settings: ServerSettings, progress: ProgressMessage
) -> Result:
    picture = None
    if request.uploads:
        picture = await attachments.download(request.uploads[0], services.max_upload, services.cdn_hosts)
    talk = TalkRequest(
        request.text,
        picture,
        request.reply_to,
        request.actions,
        request.key,
        request.spoiler,
        settings.bundle,
        quality=request.quality,
    )
    turn = await services.conversations.talk(speaker_of(request), talk, progress.on_event)
    message = view.of_turn(turn, request, turn.hidden or request.spoiler)
    if turn.edit is not None and turn.error is None:
        message = await _arrange(services, turn, turn.edit, message)
    return await _result(services, turn, message, settings)


async def _result(
    services: Services, turn: Turn, message: OutgoingMessage, settings: ServerSettings
) -> Result:
    """The result of a turn, with the visible mark if the server wants one."""
    if settings.visible_mark:
        mark = services.conversations.mark
        pictures = [
            replace(shown, picture=await asyncio.to_thread(mark, shown.picture, True))
            for shown in message.pictures
        ]
        message = replace(message, pictures=tuple(pictures))
    return Result(message, turn.edit.id if turn.edit else None, turn.error or "done")


async def _arrange(services: Services, turn: Turn, edit: Edit, message: OutgoingMessage) -> OutgoingMessage:
    """The answer with several pictures joined into one sheet, or with the adjustments as a list."""
    locale = get(turn.locale)
    shown = next((action.what for action in turn.actions if isinstance(action, Show)), None)
    if shown == "history":
        return await _history_sheet(services, edit, message, locale)
    if shown == "compare" and len(turn.pictures) == 2:
        return replace(message, pictures=(await _side_by_side(*turn.pictures, locale=locale),))
    if any(isinstance(action, Variations) for action in turn.actions) and len(turn.pictures) > 1:
        return await _variations_sheet(turn, edit, message, locale)
    if shown == "adjustments" and edit.recipes:
        return adjustments_message(edit, locale)
    return message


async def _history_sheet(
    services: Services, head: Edit, message: OutgoingMessage, locale: Locale
) -> OutgoingMessage:
    history = services.history
    edits = (await history.edits(head.source))[-MAX_TILES:]
    numbers = [edit.number for edit in edits]
    captions = [replies.describe(locale, edit) for edit in edits]
    pictures = [(await history.picture(edit.picture)).data for edit in edits]
    tiles = list(zip(pictures, captions, strict=True))
    sheet = await asyncio.to_thread(contact_sheet, tiles, numbers, head.number)
    rows = locale.say("list.comma").join(replies.history_rows(locale, edits, head))
    picture = AttachedPicture(sheet, locale.say("discord.alt.history", description=rows), head.number)
    menu = menus.goto_menu(head, list(zip(numbers, captions, strict=True)), locale)
    return replace(message, pictures=(picture,), items=(menu,))


async def _variations_sheet(
    turn: Turn, edit: Edit, message: OutgoingMessage, locale: Locale
) -> OutgoingMessage:
    """The variations with numbers to choose one by, which is then shown alone and in full."""
    description, numbers = replies.describe(locale, edit), [shown.number for shown in turn.pictures]
    tiles = [(shown.picture.data, "") for shown in turn.pictures]
    sheet = await asyncio.to_thread(contact_sheet, tiles, numbers)
    listed = locale.listed([str(number) for number in numbers])
    alt = locale.say("discord.alt.variations", numbers=listed, description=description)
    menu = menus.goto_menu(edit, [(number, description) for number in numbers], locale)
    picture = AttachedPicture(sheet, alt, edit.number)
    return replace(message, pictures=(picture,), items=(menu, *message.items))


async def _side_by_side(before: Shown, after: Shown, locale: Locale) -> AttachedPicture:
    captions = (locale.say("discord.caption.before"), locale.say("discord.caption.after"))
    picture = await asyncio.to_thread(before_after, before.picture.data, after.picture.data, captions)
    alt = locale.say("discord.alt.compare", before=before.alt, after=after.alt)
    return AttachedPicture(picture, alt, after.number)


def adjustments_message(edit: Edit, locale: Locale) -> OutgoingMessage:
    """The adjustments of an edit as a list, with the menus that change them."""
    lines, items = menus.adjustment_lines(edit, locale), menus.adjustment_menus(edit, locale)
    return view.table(locale.say("discord.title.adjustments"), lines, *items)


async def _animate(
    services: Services, request: Request, settings: ServerSettings, progress: ProgressMessage
) -> Result:
    """The way from the original to the current look and back, as a moving picture."""
    turn = await services.conversations.animate(
        speaker_of(request), request.reply_to, request.upload_limit, on_progress=progress.on_event
    )
    hidden = turn.edit is not None and await services.conversations.hidden(turn.edit)
    message = OutgoingMessage(
        turn.reply, pictures=view.pictures_of(turn), spoiler=hidden, tag=view.answer_tag(request)
    )
    return Result(message, turn.edit.id if turn.edit else None, turn.error or "done")


async def _compare(
    services: Services, request: Request, settings: ServerSettings, progress: ProgressMessage
) -> Result:
    """One edit by several methods, as a sheet with numbers to choose one by."""
    comparison = CompareRequest(request.text, request.reply_to, request.key)
    turn = await services.conversations.compare(speaker_of(request), comparison, progress.on_event)
    message = OutgoingMessage(turn.reply, spoiler=turn.hidden, tag=view.answer_tag(request))
    if turn.edit is not None and turn.pictures:
        message = await _methods_sheet(turn, turn.edit, message)
    return await _result(services, turn, message, settings)


async def _methods_sheet(turn: Turn, base: Edit, message: OutgoingMessage) -> OutgoingMessage:
    locale = get(turn.locale)
    rows = [(shown.number, shown.caption) for shown in turn.pictures]
    tiles = [(shown.picture.data, shown.caption) for shown in turn.pictures]
    sheet = await asyncio.to_thread(contact_sheet, tiles, [number for number, _ in rows])
    numbers, names = (locale.listed([str(value) for value in column]) for column in zip(*rows, strict=True))
    alt = locale.say("discord.alt.methods", numbers=numbers, names=names)
    picture = AttachedPicture(sheet, alt, base.number)
    return replace(message, pictures=(picture,), items=(menus.goto_menu(base, rows, locale),))


# deletion and training


async def _erase(
    services: Services, request: Request, settings: ServerSettings, progress: ProgressMessage
) -> Result:
    """Delete an edit of the requester, or all their data; a missing edit was deleted before a restart."""
    if request.reply_to is None:
        await erasure.erase_member(services, request.user)
    else:
        with contextlib.suppress(NotFound):
            await erasure.erase_edit(services, request.reply_to)
    what = "all" if request.reply_to is None else "edit"
    return Result(view.sentence(locale_of(preferred=request.locale).say(f"discord.forgotten.{what}")))


async def _train(
    services: Services, request: Request, settings: ServerSettings, progress: ProgressMessage
) -> Result:
    """Train a mapper for one prompt, and notify the owner when it is ready."""
    conversations = services.conversations
    assert request.minutes is not None
    training = wire.TrainMapperRequest(
        bundle=conversations.bundle, prompt=request.text, minutes=request.minutes
    )
    job = wire.Job(user=request.user, request=training)
    result = await conversations.editor.run(job_of(request.key), job, progress.on_event)
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
    return Result(view.sentence(text))


_HANDLERS: Mapping[Kind, Handler] = {
    "talk": _talk,
    "animate": _animate,
    "compare": _compare,
    "forget": _erase,
    "train": _train,
}
