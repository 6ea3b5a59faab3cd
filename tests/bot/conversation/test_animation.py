"""The way from the original to an edit."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from bot.conversation import animation
from bot.conversation.messages import Speaker, TalkRequest
from bot.conversation.service import Conversations
from bot.pictures.mark import is_marked
from editor.api import protocol as wire
from editor.api.strength import effective_strength
from tests.conftest import make_png

ANN = Speaker("test", "ann", "here")


@pytest.mark.parametrize("strength", [0.3, 1.0, 2.0, 3.0, -0.5, -2.5])
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_partway_is_linear_in_what_the_editor_does(strength: float, share: float) -> None:
    assert effective_strength(animation.partway(strength, share)) == pytest.approx(
        share * effective_strength(strength)
    )


async def test_a_slow_editor_is_asked_for_fewer_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    request = wire.EditRequest.model_construct(adjustments=(), changes=())
    monkeypatch.setattr(animation, "_request_at", lambda _, share: share)

    async def render(share: float) -> bytes:
        asked.append(round(share, 3))
        return str(share).encode()

    async def on_step(step: int, total: int) -> None:
        assert 1 <= step <= total

    assert len(await animation.frames_between(request, render, on_step)) == 9  # type: ignore[arg-type]
    monkeypatch.setattr(animation, "BUDGET_SECONDS", 0.0)
    asked.clear()
    assert [float(data) for data in await animation.frames_between(request, render, on_step)] == [
        0.25,
        0.5,
        0.75,
    ]  # type: ignore[arg-type]
    assert asked == [0.5, 0.25, 0.75]


async def test_an_edit_becomes_a_loop_and_nothing_changes(conversations: Conversations) -> None:
    made = await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    more = await conversations.talk(ANN, TalkRequest("more"))
    heard: list[wire.Event] = []
    turn = await conversations.animate(ANN, on_progress=heard.append)
    assert turn.error is None, turn.reply
    assert turn.edit == more.edit
    (shown,) = turn.pictures
    assert "pink hair" in shown.alt
    assert is_marked(shown.picture.data)
    assert [(e.step, e.total) for e in heard if isinstance(e, wire.Progress)] == [
        (step, 9) for step in range(1, 10)
    ]
    image = Image.open(io.BytesIO(shown.picture.data))
    assert getattr(image, "n_frames", 1) == 20
    ends = [
        Image.open(io.BytesIO(data)).convert("RGB") for data in (make_png(), more.pictures[0].picture.data)
    ]
    for frame, end in zip((0, 10), ends, strict=True):
        image.seek(frame)
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - np.asarray(end)).mean() < 8
    assert (await conversations.history.edits(more.edit.source))[-1] == more.edit  # type: ignore[union-attr]
    older = await conversations.animate(ANN, made.edit.id, limit=30_000)  # type: ignore[union-attr]
    assert older.pictures[0].picture.media_type == "image/webp"
    assert len(older.pictures[0].picture.data) <= 30_000


async def test_nothing_to_animate_is_said(conversations: Conversations) -> None:
    assert (await conversations.animate(ANN)).error == "NoPicture"
    await conversations.talk(ANN, TalkRequest("", make_png()))
    turn = await conversations.animate(Speaker("test", "ann", "here", locale="zh-CN"))
    assert turn.error == "NothingToAnimate"
    assert "动不起来" in turn.reply
