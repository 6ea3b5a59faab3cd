"""What was said about each picture."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from storage.errors import NotFound
from storage.export import export
from storage.history import History
from storage.retention import Retention
from storage.transcripts import Line, Transcripts
from tests.storage.test_history import begin, step


async def test_lines_belong_to_a_picture_and_go_with_it(history: History) -> None:
    transcripts = Transcripts(history.database)
    first, second = await begin(history), await begin(history)
    await transcripts.add(first.source, [Line("person", "hello"), Line("bot", "hi", first.id, {"a": 1})])
    await transcripts.add(second.source, [Line("person", "other\0")])
    lines = await transcripts.lines(first.source)
    assert [(line.author, line.text, line.edit, line.details) for line in lines] == [
        ("person", "hello", None, {}),
        ("bot", "hi", first.id, {"a": 1}),
    ]
    assert [line.text for line in await transcripts.lines(second.source)] == ["other"]
    await Retention(history).forget_edit(first.id)
    assert await transcripts.lines(first.source) == []
    with pytest.raises(NotFound):
        await transcripts.add(first.source, [Line("person", "too late")])


async def test_a_picture_shows_the_edit_that_it_showed_last(history: History) -> None:
    transcripts = Transcripts(history.database)
    first = await begin(history)
    edit = await step(history, first, "pink hair")
    await history.undo(first.conversation)
    assert (await transcripts.shown(first.source)).id == first.id
    await transcripts.add(first.source, [Line("note", "undone", first.id)])
    second = await begin(history)
    assert (await transcripts.shown(first.source)).id == first.id
    assert (await transcripts.shown(second.source)).id == second.id
    await transcripts.add(first.source, [Line("note", "redone", edit.id)])
    assert (await transcripts.shown(first.source)).id == edit.id
    with pytest.raises(NotFound):
        await transcripts.shown(99)


async def test_the_pictures_of_a_person_with_their_names(history: History) -> None:
    transcripts = Transcripts(history.database)
    first, second = await begin(history), await begin(history)
    await step(history, first, "pink hair")
    await begin(history, "ben")
    await transcripts.rename(second.source, "  Aunt Ann ")
    opened = await transcripts.opened("test", "ann")
    assert [(one.source, one.title, one.edits) for one in opened] == [
        (first.source, "", 1),
        (second.source, "Aunt Ann", 0),
    ]
    assert await transcripts.opened("test", "nobody") == []


async def test_the_export_has_what_was_said(history: History) -> None:
    first = await begin(history)
    await Transcripts(history.database).add(first.source, [Line("person", "hello there")])
    with zipfile.ZipFile(io.BytesIO(await export(history, "test", "ann"))) as archive:
        document = json.loads(archive.read("history.json"))
    assert [(line["author"], line["text"]) for line in document["said"]] == [("person", "hello there")]
