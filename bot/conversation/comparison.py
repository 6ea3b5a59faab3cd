"""One change by several methods, side by side."""

from __future__ import annotations

from bot.conversation import replies
from bot.conversation.jobs import EditorJobs
from bot.conversation.messages import CompareRequest, OnProgress, Shown, Turn, job_of, strengths
from bot.conversation.planning import change_of
from bot.errors import NothingToCompare
from bot.language.actions import Add
from bot.language.reader import read
from bot.locales import Locale
from editor.api import protocol as wire
from storage.records import Edit


async def compare(
    jobs: EditorJobs,
    base: Edit,
    request: CompareRequest,
    mask: wire.PictureData | None,
    locale: Locale,
    on_progress: OnProgress | None,
) -> Turn:
    """Make the first change in a text by each method; each picture becomes an edit, and ``base`` stays the
    current one.

    Raises NothingToCompare, EditorError, StorageError.
    """
    start = await jobs.edit_request_for(base)
    languages = await jobs.bundles.languages(start.inversion.latent.bundle)
    actions = read(request.text, [layer.prompt for layer in start.adjustments], languages)
    change = next((action for action in actions if isinstance(action, Add)), None)
    if change is None:
        raise NothingToCompare
    asked = wire.CompareRequest(
        picture=start.picture,
        inversion=start.inversion,
        adjustments=start.adjustments,
        other_faces=start.other_faces,
        change=change_of(change, mask),
        methods=request.methods,
    )
    job = job_of(request.key)
    result = await jobs.run(base.conversation, asked, job, wire.CompareResult, on_progress)
    rows: list[tuple[wire.MethodResult, Edit | None]] = []
    shown = []
    for row in result.rows:
        if row.adjustment is None:
            rows.append((row, None))
            continue
        made = wire.EditResult(picture=row.picture, adjustments=row.adjustments, effects=(row.effect,))
        edit, picture = await jobs.record(base, request.text, made, f"{job}-{row.method}")
        rows.append((row, edit))
        caption, description = replies.method(locale, row.method), replies.describe(locale, edit)
        alt = locale.say("reply.alt.method", method=caption, description=description)
        shown.append(Shown(edit.id, edit.number, picture, alt, caption))
    await jobs.history.show(base.id, base.conversation)
    return Turn(
        replies.compared(locale, replies.name_of(locale, change), rows),
        (change,),
        base,
        tuple(shown),
        strengths(base),
        locale=locale.code,
        hidden=await jobs.hidden(base),
    )
