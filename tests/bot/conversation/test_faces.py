"""Several faces in one picture, through the whole conversation: who is spoken of is remembered, and nobody
else changes."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest
from PIL import Image

from bot.conversation.jobs import Options
from bot.conversation.messages import Speaker, TalkRequest, Turn
from bot.conversation.service import Conversations
from editor.api.client import EditorClient
from storage.history import History
from tests.editor.imaging import yunet
from tests.editor.imaging.test_faces import picture
from tests.tiny import write_bundle

ANN = Speaker("test", "ann", "here")
TWO = picture((200, 80), (40, 120))
MIDDLE = 124
"""Column between the two faces."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("faces")
    write_bundle(root / "people", alignment="ffhq")
    faces = yunet.write(root / "face_detection_yunet.onnx")
    command = [
        sys.executable,
        "-m",
        "editor",
        "serve",
        "--socket",
        str(root / "s"),
        "--bundles",
        str(root),
        "--faces",
        str(faces),
    ]
    process = subprocess.Popen([*command, "--data", str(root)], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (root / "s").exists():
        assert process.poll() is None, "the editor did not start"
        assert time.monotonic() < deadline, "the editor takes too long to start"
        time.sleep(0.05)
    yield f"unix:{root / 's'}"
    process.terminate()
    process.wait(15)


@pytest.fixture
async def conversations(history: History, url: str) -> AsyncIterator[Conversations]:
    async with EditorClient(url) as editor:
        yield Conversations(history, editor, "people", options=Options("draft"))


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def changed(turn: Turn) -> tuple[bool, bool]:
    """Whether anything is changed on the left, and on the right."""
    pixels = np.asarray(Image.open(io.BytesIO(turn.pictures[0].picture.data)).convert("RGB"))
    different = (pixels != TWO).any(axis=2)
    return bool(different[:, :MIDDLE].any()), bool(different[:, MIDDLE:].any())


async def talk(conversations: Conversations, text: str, sent: bytes | None = None) -> Turn:
    turn = await conversations.talk(ANN, TalkRequest(text, sent))
    assert turn.error is None, turn.reply
    return turn


async def test_who_is_spoken_of_is_remembered(conversations: Conversations) -> None:
    first = await talk(conversations, "make the left one look different", png(TWO))
    assert "several" not in first.reply
    assert changed(await talk(conversations, "glasses")) == (True, False)
    both = await talk(conversations, "the right one: a hat")
    assert changed(both) == (True, True)
    less = await talk(conversations, "now less")
    assert dict(less.adjustments)["hat"] < 1.0
    assert dict(less.adjustments)["glasses"] == 1.0
    undone = await talk(conversations, "undo")
    assert undone.pictures[0].picture == both.pictures[0].picture
    told = (await talk(conversations, "what is applied?")).reply
    assert "glasses (face 1)" in told
    assert "hat (face 2)" in told


async def test_both_at_once_make_one_edit(conversations: Conversations) -> None:
    turn = await talk(conversations, "glasses for both", png(TWO))
    assert changed(turn) == (True, True)
    assert turn.adjustments == (("glasses", 1.0), ("glasses", 1.0))
    assert turn.edit is not None
    assert turn.edit.number == 1
    removed = await talk(conversations, "remove the glasses from the left one")
    assert changed(removed) == (False, True)


async def test_with_none_named_the_largest_is_taken_and_that_is_said(conversations: Conversations) -> None:
    turn = await talk(conversations, "", png(TWO))
    assert "the largest, the" in turn.reply
    assert "the right one" in (await talk(conversations, "the right one")).reply
    assert changed(await talk(conversations, "glasses")) == (False, True)


async def test_a_face_that_is_not_there_is_said_to_be_missing(conversations: Conversations) -> None:
    await talk(conversations, "glasses", png(TWO))
    turn = await conversations.talk(ANN, TalkRequest("the third from the left: a hat"))
    assert turn.error == "no-such-face"
    assert "2 faces" in turn.reply
    alone = await conversations.talk(ANN, TalkRequest("make the left one older", png(picture())))
    assert alone.error == "NoFaces"
    chinese = await talk(conversations, "两个人都戴眼镜", png(TWO))
    assert changed(chinese) == (True, True)
