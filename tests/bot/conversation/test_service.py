"""The service behind every front end: memory, branches, refusals, bad input, and wishes that a crash
interrupted."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bot import locales
from bot.app.supervisor import own_editor
from bot.conversation import replies
from bot.conversation.jobs import Options
from bot.conversation.messages import CompareRequest, Speaker, TalkRequest, Turn, job_of
from bot.conversation.planning import steps_of, strengths_after
from bot.conversation.service import Conversations
from bot.language.actions import ALL, Add, Remove, Scale, Set, Undo
from bot.pictures.mark import is_marked
from editor.api import protocol as wire
from editor.api.client import EditorClient
from storage.errors import DiskFull
from storage.history import History
from storage.jobs import Job, Jobs
from storage.retention import Retention
from tests import pictures
from tests.conftest import make_png
from tests.tiny import write_bundle

ANN, BEN = Speaker("test", "ann", "here"), Speaker("test", "ben", "here")


async def talk(conversations: Conversations, *texts: str, speaker: Speaker = ANN) -> Turn:
    """Send a picture unless there is one, then each text; the last answer."""
    turn = Turn("")
    for text in texts:
        turn = await conversations.talk(speaker, TalkRequest(text))
        if turn.error == "NoPicture":
            turn = await conversations.talk(speaker, TalkRequest(text, make_png()))
        assert turn.error is None, turn.reply
    return turn


async def test_ten_turns(conversations: Conversations) -> None:
    pink = await talk(conversations, "pink hair")
    assert pink.adjustments == (("pink hair", 1.0),)
    assert (await talk(conversations, "now less")).adjustments == (("pink hair", 0.6),)
    both = await talk(conversations, "add glasses")
    assert both.adjustments == (("pink hair", 0.6), ("glasses", 1.0))
    undone = await talk(conversations, "undo")
    assert undone.adjustments == (("pink hair", 0.6),)
    redone = await talk(conversations, "redo")
    assert redone.pictures[0].picture == both.pictures[0].picture, "redo returns the stored file"
    assert (await talk(conversations, "remove the glasses")).adjustments == (("pink hair", 0.6),)
    assert (await talk(conversations, "set it to 100 %")).adjustments == (("pink hair", 1.0),)
    first = await talk(conversations, "go to 1")
    assert first.pictures[0].picture == pink.pictures[0].picture, "going back returns the stored file"
    assert "1." in (await talk(conversations, "show the history")).reply
    original = await talk(conversations, "back to the original")
    assert original.adjustments == ()
    with (
        Image.open(io.BytesIO(original.pictures[0].picture.data)) as a,
        Image.open(io.BytesIO(make_png())) as b,
    ):
        assert a.tobytes() == b.convert("RGB").tobytes(), "the original is the user's own, pixel by pixel"


async def test_several_wishes_in_one_sentence_make_one_step(conversations: Conversations) -> None:
    turn = await talk(conversations, "pink hair and glasses, without changing the background")
    assert [prompt for prompt, _ in turn.adjustments] == ["pink hair", "glasses"]
    assert turn.edit is not None
    assert turn.edit.number == 1
    assert turn.edit.recipes[0]["keep"] == ["background"]


async def test_a_reply_to_an_older_picture_branches(conversations: Conversations) -> None:
    pink = await talk(conversations, "pink hair")
    await talk(conversations, "glasses")
    assert pink.edit is not None
    branch = await conversations.talk(ANN, TalkRequest("a hat", reply_to=pink.edit.id))
    assert [prompt for prompt, _ in branch.adjustments] == ["pink hair", "a hat".removeprefix("a ")]
    stranger = await conversations.talk(BEN, TalkRequest("a hat", reply_to=pink.edit.id))
    assert stranger.error == "NoPicture", "nobody goes on from somebody else's picture"


async def test_a_look_is_carried_to_another_picture(conversations: Conversations) -> None:
    await talk(conversations, "pink hair", "less")
    turn = await conversations.talk(ANN, TalkRequest("same on this one", make_png(seed=5)))
    assert turn.adjustments == (("pink hair", 0.6),)
    assert turn.edit is not None
    assert turn.edit.number == 1


async def test_variations_are_branches_and_the_head_stays(conversations: Conversations) -> None:
    await talk(conversations, "pink hair")
    turn = await talk(conversations, "show me two variations")
    assert [shown.number for shown in turn.pictures] == [2, 3]
    assert turn.edit is not None
    assert turn.edit.number == 1
    assert len({shown.picture.data for shown in turn.pictures}) == 2
    assert "variation 1" in turn.pictures[0].alt
    assert "%" not in turn.pictures[0].alt
    more = await talk(conversations, "show me two variations")
    assert len({shown.picture.data for shown in (*turn.pictures, *more.pictures)}) == 4
    assert (await talk(conversations, "go to 3")).edit.number == 3  # type: ignore[union-attr]


METHODS = ("mapper", "direction", "styleclip")


async def test_a_wish_by_several_methods_side_by_side_changes_nothing_until_one_is_chosen(
    conversations: Conversations,
) -> None:
    await talk(conversations, "pink hair")
    turn = await conversations.compare(ANN, CompareRequest("glasses", methods=METHODS))
    assert turn.error is None, turn.reply
    assert [shown.caption for shown in turn.pictures] == [
        "mapper for any change",
        "global direction",
        "StyleCLIP as published",
    ]
    assert turn.reply.startswith("“glasses” by each method:\n2. mapper for any change: ")
    assert "“go to 2”" in turn.reply
    assert len({shown.picture.data for shown in turn.pictures}) == 3
    assert turn.adjustments == (("pink hair", 1.0),)
    assert (await talk(conversations, "what is applied?")).adjustments == (("pink hair", 1.0),)
    chosen = await talk(conversations, "go to 3")
    assert chosen.pictures[0].picture == turn.pictures[1].picture
    assert [prompt for prompt, _ in chosen.adjustments] == ["pink hair", "glasses"]


async def test_the_same_comparison_asked_again_makes_its_edits_once(conversations: Conversations) -> None:
    await talk(conversations, "pink hair")
    first, second = [
        await conversations.compare(ANN, CompareRequest("glasses", key="k", methods=METHODS[:2]))
        for _ in range(2)
    ]
    assert [shown.edit for shown in first.pictures] == [shown.edit for shown in second.pictures]
    assert first.reply == second.reply


async def test_methods_have_names_in_chinese_and_need_a_wish(conversations: Conversations) -> None:
    await talk(conversations, "pink hair")
    turn = await conversations.compare(ANN, CompareRequest("戴上眼镜", methods=METHODS[:1]))
    assert (turn.locale, turn.pictures[0].caption) == ("zh-CN", "通用映射器")
    assert turn.pictures[0].alt.startswith("通用映射器：")
    nothing = await conversations.compare(ANN, CompareRequest("undo"))
    assert (nothing.error, nothing.pictures) == ("NothingToCompare", ())
    assert (await conversations.compare(BEN, CompareRequest("glasses"))).error == "NoPicture"


async def test_chinese_and_english_in_one_conversation(conversations: Conversations) -> None:
    pink = await talk(conversations, "把头发染成粉色")
    assert (pink.locale, pink.adjustments) == ("zh-CN", (("pink hair", 1.0),))
    assert "改好了：粉色头发。" in pink.reply
    assert pink.pictures[0].alt == "修改后的图片：粉色头发"
    less = await talk(conversations, "再淡一点")
    assert less.adjustments == (("pink hair", 0.8),)
    assert less.reply == "「粉色头发」现在是 80%。"
    english = await talk(conversations, "twice as strong")
    assert english.adjustments == (("pink hair", 1.6),)
    assert english.reply == "“pink hair” is at 160 % now."
    both = await talk(conversations, "add glasses", "粉发更淡一点，眼镜不要了")
    assert [prompt for prompt, _ in both.adjustments] == ["pink hair"]
    assert "「粉色头发」" in both.reply
    assert "「glasses」" in both.reply, "what was said in English is called as it was said"
    assert (await talk(conversations, "历史")).reply.splitlines()[0] == "0. 原图"
    assert (await talk(conversations, "撤销")).reply.startswith("已撤销，现在是第 ")


async def test_a_word_that_is_in_no_lexicon_is_asked_about(conversations: Conversations) -> None:
    await talk(conversations, "glasses")
    turn = await talk(conversations, "粉色头发，还有魑魅魍魉")
    assert [action.do for action in turn.actions] == ["add", "ask"]
    assert "「魑魅魍魉」" in turn.reply


async def test_the_preferred_language_where_a_sentence_shows_none(conversations: Conversations) -> None:
    speaker = Speaker("test", "cai", "here", locale="zh-CN")
    received = await conversations.talk(speaker, TalkRequest("", make_png()))
    assert received.reply == "收到！想改哪里？比如「粉色头发」和「眼镜」。"
    assert (await conversations.talk(speaker, TalkRequest(""))).reply.startswith("没听明白")
    assert (await conversations.talk(speaker, TalkRequest("undo"))).locale == "en"


async def test_a_multilingual_model_gets_the_users_own_words(history: History, tmp_path: Path) -> None:
    write_bundle(tmp_path / "bundles" / "many", languages=["en", "zh"])
    arguments = ["--bundles", str(tmp_path / "bundles")]
    async with own_editor(arguments) as supervisor, EditorClient(supervisor.url) as editor:
        while not await editor.ready():  # noqa: ASYNC110 - the editor is another process
            await asyncio.sleep(0.05)
        conversations = Conversations(history, editor, "many")
        turn = await talk(conversations, "把头发染成魑魅色")
        assert [(action.prompt, action.said) for action in turn.actions if isinstance(action, Add)] == [
            ("魑魅头发", "魑魅头发")
        ]
        assert "改好了：魑魅头发。" in turn.reply


async def test_examples_are_those_of_the_pictures_own_bundle(history: History, editor_url: str) -> None:
    async with EditorClient(editor_url) as editor:
        everything = Conversations(history, editor)
        turn = await talk(Conversations(history, editor, "tiny"), "glasses")
        assert await everything.examples(turn.edit) == ("pink hair",), "what is in force is not suggested"
        before = await everything.examples()
        for bundle in await editor.bundles():
            assert set(bundle.examples) <= set(before), "before there is a picture, all that could be wished"
        assert len(before) == len(set(before))


async def test_bad_pictures_lose_nothing(conversations: Conversations) -> None:
    before = await talk(conversations, "glasses")
    for data, words in pictures.BAD.values():
        turn = await conversations.talk(ANN, TalkRequest("pink hair", data or b" "))
        assert words in turn.reply
        assert turn.error in ("bad-picture", "picture-too-large")
        assert (await talk(conversations, "show the adjustments")).edit == before.edit


async def test_odd_texts_get_an_answer(conversations: Conversations) -> None:
    await talk(conversations, "glasses")
    for text in ("", "   ", "\u202e\u200f", "\x00\x01", "?!", "🙂", "x" * 5000, "pink hair " * 500):
        turn = await conversations.talk(ANN, TalkRequest(text))
        assert turn.reply
        assert turn.error is None or turn.error == "NothingSaid"
        assert "\x00" not in turn.reply


async def test_nothing_yet(conversations: Conversations) -> None:
    for text in ("undo", "pink hair", "less", "go to 3"):
        turn = await conversations.talk(BEN, TalkRequest(text))
        assert turn.reply.startswith(("I have no picture", "There's nothing to make weaker"))
    assert (await conversations.talk(BEN, TalkRequest("help"))).error is None
    assert (await conversations.talk(BEN, TalkRequest(""))).error == "NothingSaid"


async def test_a_deleted_parent_is_explained(conversations: Conversations) -> None:
    turn = await talk(conversations, "glasses")
    await Retention(conversations.history).forget_user("test", "ann")
    assert turn.edit is not None
    again = await conversations.talk(ANN, TalkRequest("more", reply_to=turn.edit.id))
    assert again.error == "NotFound"
    assert "deleted" in again.reply


async def test_many_messages_at_once_keep_their_order(conversations: Conversations) -> None:
    await talk(conversations, "pink hair")
    turns = await asyncio.gather(*(conversations.talk(ANN, TalkRequest("now less")) for _ in range(4)))
    assert [turn.error for turn in turns] == [None] * 4
    assert sorted((turn.adjustments[0][1] for turn in turns), reverse=True) == [0.6, 0.36, 0.216, 0.1296]


async def test_an_editor_away_is_told(history: History, tmp_path: Path) -> None:
    async with EditorClient(f"unix:{tmp_path}/nothing", patience=0.2) as editor:
        turn = await Conversations(history, editor).talk(ANN, TalkRequest("glasses", make_png()))
    assert turn.error == "editor-away"
    assert "Nothing was lost" in turn.reply


async def test_a_wish_under_way_is_finished_by_the_next_life(conversations: Conversations) -> None:
    """The bot is stopped at the worst moment: the editor works, no answer was stored."""
    turn = await talk(conversations, "pink hair")
    assert turn.edit is not None
    begun = asyncio.Event()
    task = asyncio.create_task(
        conversations.talk(ANN, TalkRequest("add glasses"), on_progress=lambda _: begun.set())
    )
    await begun.wait()
    (job,) = await conversations.history.jobs.under_way()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await conversations.history.jobs.begin(
        job.id, job.conversation, job.request
    )  # as a process killed would have left it
    (edit,) = await conversations.recover()
    assert [recipe["prompt"] for recipe in edit.recipes] == ["pink hair", "glasses"]
    assert await conversations.recover() == []
    assert (await conversations.history.head(edit.conversation)).id == edit.id


async def test_a_request_answered_with_an_error_is_never_done_later(
    conversations: Conversations, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: neither the edit nor the end of the request can be written."""
    history = conversations.history
    await conversations.talk(ANN, TalkRequest("", picture))

    async def full(*_: Any) -> None:
        raise DiskFull("the database cannot grow")

    with monkeypatch.context() as patched:
        patched.setattr(history, "record_edit", full)
        patched.setattr(Jobs, "_remove", full)
        failed = await conversations.talk(ANN, TalkRequest("pink hair"))
        assert failed.error == "DiskFull"
        assert await conversations.recover() == []
    assert await conversations.recover() == []
    blue = await conversations.talk(ANN, TalkRequest("blue hair"))
    await asyncio.sleep(1.5)
    assert await conversations.recover() == []
    assert blue.edit is not None
    assert await history.head(blue.edit.conversation) == blue.edit
    assert [edit.number for edit in await history.edits(blue.edit.source)] == [0, 1]


async def test_an_interrupted_request_is_dropped_once_the_conversation_moved_on(
    conversations: Conversations, picture: bytes
) -> None:
    first = await conversations.talk(ANN, TalkRequest("pink hair", picture))
    assert first.edit is not None
    request = {"text": "glasses", "reply_to": None, "actions": None, "locale": "en", "kept": False}
    request |= {"base": first.edit.id, "since": first.edit.created_at.isoformat()}
    await conversations.history.jobs.begin("killed", first.edit.conversation, request)
    newer = await conversations.talk(ANN, TalkRequest("undo"))
    assert await conversations.recover() == []
    assert await conversations.history.head(first.edit.conversation) == newer.edit


async def test_a_reply_to_what_is_forgotten_meanwhile_leaves_no_wish(
    conversations: Conversations, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await conversations.talk(ANN, TalkRequest("", picture))
    pink, blue = await talk(conversations, "pink hair"), await talk(conversations, "blue hair")
    assert pink.edit is not None
    assert blue.edit is not None
    begin, gone = conversations.history.jobs.begin, pink.edit.id

    async def begin_late(*asked: Any) -> Job:
        job = await begin(*asked)
        await Retention(conversations.history).forget_edit(gone)
        return job

    monkeypatch.setattr(conversations.history.jobs, "begin", begin_late)
    turn = await conversations.talk(ANN, TalkRequest("glasses", reply_to=gone))
    assert turn.error is not None
    assert await conversations.history.jobs.under_way() == []
    assert (await conversations.history.head(blue.edit.conversation)).id == blue.edit.id


async def test_a_wish_never_goes_on_from_what_took_the_number_of_its_start(
    conversations: Conversations, picture: bytes
) -> None:
    history = conversations.history
    await conversations.talk(ANN, TalkRequest("", picture))
    pink = await talk(conversations, "pink hair")
    assert pink.edit is not None
    request = {
        "text": "glasses",
        "reply_to": None,
        "actions": None,
        "locale": "en",
        "kept": True,
        "base": pink.edit.id,
        "since": pink.edit.created_at.isoformat(),
    }
    await history.jobs.begin(job_of("message:1"), pink.edit.conversation, request)
    await Retention(history).forget_edit(pink.edit.id)
    other = await conversations.talk(BEN, TalkRequest("", picture))
    assert other.edit is not None
    assert other.edit.id == pink.edit.id
    turn = await conversations.talk(ANN, TalkRequest("glasses", key="message:1"))
    assert (turn.error is not None, turn.pictures) == (True, ())
    assert (await history.head(other.edit.conversation)).id == other.edit.id


async def test_a_wish_asked_again_under_its_key_is_done_once(
    conversations: Conversations, picture: bytes
) -> None:
    """Killed after the edit and before the answer: the next life asks again."""
    first = await conversations.talk(ANN, TalkRequest("pink hair. undo. glasses", picture, key="message:1"))
    await conversations.talk(BEN, TalkRequest("glasses", picture))
    again = await conversations.talk(ANN, TalkRequest("pink hair. undo. glasses", picture, key="message:1"))
    assert first.edit is not None
    assert (again.edit, again.reply) == (first.edit, first.reply)
    assert [edit.number for edit in await conversations.history.edits(first.edit.source)] == [0, 1, 2]
    await conversations.history.jobs.finish(job_of("message:1"))
    assert await conversations.history.jobs.under_way() == []
    assert await conversations.recover() == []


async def test_undo_asked_again_goes_back_one_step_only(conversations: Conversations, picture: bytes) -> None:
    await conversations.talk(ANN, TalkRequest("pink hair", picture))
    await conversations.talk(ANN, TalkRequest("glasses"))
    for _ in range(3):
        turn = await conversations.talk(ANN, TalkRequest(actions=(Undo(),), key="interaction:1"))
    assert turn.edit is not None
    assert turn.edit.number == 1


async def test_an_editor_killed_under_way_does_the_wish_once(history: History, bundles: Path) -> None:
    async with own_editor(["--bundles", str(bundles)]) as supervisor, EditorClient(supervisor.url) as editor:
        conversations = Conversations(history, editor, "tiny")
        await talk(conversations, "pink hair")

        def kill(event: Any) -> None:
            if event.event == "started" and supervisor.restarts == 0 and supervisor.process is not None:
                supervisor.process.kill()

        turn = await conversations.talk(ANN, TalkRequest("glasses"), on_progress=kill)
        assert supervisor.restarts >= 1
        assert [prompt for prompt, _ in turn.adjustments] == ["pink hair", "glasses"]
        assert turn.edit is not None
        assert turn.edit.number == 2


def test_steps_end_where_a_later_action_needs_an_earlier_one() -> None:
    add, scale, undo = Add("hat"), Scale("hat", 0.5), Undo()
    assert steps_of([add, scale]) == [[add], [scale]]
    assert steps_of([scale, add]) == [[scale, add]]
    assert steps_of([undo, add, undo]) == [[undo], [add], [undo]]


def test_strengths_are_bounded_and_weak_layers_fall_off() -> None:
    array = wire.Array(dtype="float32", shape=(1,), data=b"1234")
    layers = [
        wire.Adjustment(prompt=name, method="direction", fingerprint="f", delta=array, strength=2.0)
        for name in ("hat", "beard")
    ]
    more = strengths_after(layers, Scale("hat", 4.0))
    assert [layer.strength for layer in more] == [3.0, 2.0]
    assert [layer.strength for layer in strengths_after(layers, Scale(ALL, 0.5))] == [1.0, 1.0]
    assert [layer.prompt for layer in strengths_after(layers, Set("hat", 0.01))] == ["beard"]
    assert strengths_after(layers, Remove(ALL)) == []


def test_a_strength_stops_where_the_adjustment_does_and_the_reply_says_so() -> None:
    array = wire.Array(dtype="float32", shape=(1,), data=b"1234")
    before = [wire.Adjustment(prompt="hat", method="direction", fingerprint="f", most=1.2, delta=array)]
    action = Scale("hat", 1.5)
    after = strengths_after(before, action)
    assert [layer.strength for layer in after] == [1.4]
    picture = wire.PictureData(media_type="image/png", width=1, height=1, data=b"1")
    said = [
        replies.changed(
            locales.get("en"),
            [action],
            before,
            wire.EditResult(picture=picture, adjustments=tuple(layers), effects=()),
        )
        for layers in (after, strengths_after(before, Scale("hat", 1.3)))
    ]
    assert said == [["“hat” is at its maximum (140 %)."], ["“hat” is at 130 % now."]]


async def test_every_result_is_marked_and_what_was_sent_is_not(conversations: Conversations) -> None:
    """Once, before it is stored: undo and a second look give the very file, and the same wish gives the
    same bytes."""
    pink = await talk(conversations, "pink hair")
    varied = await talk(conversations, "show me two variations")
    original = await talk(conversations, "show the original")
    assert [is_marked(shown.picture.data) for shown in (*pink.pictures, *varied.pictures)] == [True] * 3
    assert [is_marked(shown.picture.data) for shown in original.pictures] == [False]
    await talk(conversations, "glasses")
    assert (await talk(conversations, "undo")).pictures[0].picture == pink.pictures[0].picture
    assert (await talk(conversations, "pink hair", speaker=BEN)).pictures[0].picture == pink.pictures[
        0
    ].picture


@pytest.mark.slow
async def test_what_was_tuned_to_a_picture_is_kept_with_it(history: History, editor_url: str) -> None:
    async with EditorClient(editor_url) as editor:
        first = Conversations(history, editor, "tiny", options=Options("best"))
        pink = await talk(first, "pink hair")
        assert pink.edit is not None
        source = await history.source(pink.edit.source)
        assert source.tuning is not None
        assert source.details["fidelity"]["quality"] == "best"
        less = await talk(first, "now less")
        undone = await talk(Conversations(history, editor, "tiny"), "undo")
        assert undone.pictures[0].picture == pink.pictures[0].picture
        again = await talk(Conversations(history, editor, "tiny"), "now less")
        assert again.pictures[0].picture == less.pictures[0].picture


class Doubtful(EditorClient):
    """A client that is told, of every change tried by fast methods, that it does not show on this picture."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.asked: list[tuple[bool, float | None]] = []
        """Whether each edit was a search, and for how long."""

    async def run(self, identifier: str, job: wire.Job, on_event: Any = None) -> wire.Result:
        result = await super().run(identifier, job, on_event)
        if isinstance(result, wire.InvertResult) and result.edit is not None:
            self.asked.append((False, None))
            return result.model_copy(update={"edit": self._refused(result.edit, ())})
        if not isinstance(job.request, wire.EditRequest) or not isinstance(result, wire.EditResult):
            return result
        self.asked.append((job.request.search, job.request.seconds))
        if job.request.search or not job.request.changes:
            return result
        return self._refused(result, job.request.adjustments)

    @staticmethod
    def _refused(result: wire.EditResult, adjustments: tuple[wire.Adjustment, ...]) -> wire.EditResult:
        refused = {"verdict": "refused", "satisfied": False, "notes": ("not-here",)}
        effects = tuple(effect.model_copy(update=refused) for effect in result.effects)
        return result.model_copy(update={"effects": effects, "adjustments": adjustments})


class Recording(EditorClient):
    """A client that remembers the kinds of its jobs."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.kinds: list[str] = []

    async def run(self, identifier: str, job: wire.Job, on_event: Any = None) -> wire.Result:
        self.kinds.append(job.request.kind)
        return await super().run(identifier, job, on_event)


async def test_a_new_picture_with_a_change_is_one_job(history: History, editor_url: str) -> None:
    async with Recording(editor_url) as editor:
        conversations = Conversations(history, editor, "tiny")
        both = await conversations.talk(ANN, TalkRequest("pink hair and glasses", make_png()))
        assert editor.kinds == ["invert"]
        assert [prompt for prompt, _ in both.adjustments] == ["pink hair", "glasses"]
        apart = await conversations.talk(BEN, TalkRequest("", make_png()))
        assert apart.error is None
        apart = await conversations.talk(BEN, TalkRequest("pink hair and glasses"))
        assert editor.kinds == ["invert", "invert", "edit"]
        assert apart.pictures[0].picture == both.pictures[0].picture
        assert apart.adjustments == both.adjustments


async def test_what_does_not_show_quickly_is_searched_for(history: History, editor_url: str) -> None:
    async with Doubtful(editor_url) as editor:
        conversations = Conversations(history, editor, "tiny", options=Options(search_seconds=5.0))
        turn = await talk(conversations, "pink hair")
        assert turn.adjustments == (("pink hair", 1.0),)
        assert editor.asked == [(False, None), (True, 5.0)]
        assert len(await history.edits((await history.head(turn.edit.conversation)).source)) == 2  # type: ignore[union-attr]
        assert (await talk(conversations, "now less")).adjustments == (("pink hair", 0.6),)
        assert len(editor.asked) == 3, "a follow-up asks once"


async def test_and_is_not_where_there_is_no_time_for_it(history: History, editor_url: str) -> None:
    async with Doubtful(editor_url) as editor:
        turn = await talk(
            Conversations(history, editor, "tiny", options=Options(search_seconds=0.0)), "pink hair"
        )
        assert turn.adjustments == ()
        assert "but nothing showed" in turn.reply
        assert editor.asked == [(False, None)]
