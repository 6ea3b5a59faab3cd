"""What is unclear is asked about, and the answer to that question is understood."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bot.conversation.jobs import Options
from bot.conversation.messages import Speaker, TalkRequest
from bot.conversation.readers import Reader
from bot.conversation.service import Conversations
from bot.language.actions import Action, Add, Ask, Remove, Scale, Undo
from bot.language.reader import pick
from editor.api.client import EditorClient
from storage.history import History
from tests.conftest import make_png

ANN = Speaker("test", "ann", "here")


class Unsure(Reader):
    """Never sure what "hmm" means."""

    async def read(self, text: str, after: Sequence[str], languages: Sequence[str]) -> list[Action]:
        if text != "hmm":
            return await super().read(text, after, languages)
        return [Ask("ask.which", choices=((Scale("pink hair", 0.6),), (Add("glasses"),), (Undo(),)))]


@pytest.fixture
async def unsure(history: History, editor_url: str) -> Conversations:
    async with EditorClient(editor_url) as editor:
        conversations = Conversations(history, editor, "tiny", options=Options(reader=Unsure()))
        await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
        yield conversations


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ("1", (("pink hair", 0.6),)),
        ("2", (("pink hair", 1.0), ("glasses", 1.0))),
        ("the second one", (("pink hair", 1.0), ("glasses", 1.0))),
        ("the first", (("pink hair", 0.6),)),
        ("yes", (("pink hair", 0.6),)),
        ("3", ()),
        ("no", (("pink hair", 1.0),)),
        ("blue eyes", (("pink hair", 1.0), ("blue eyes", 1.0))),
    ],
)
async def test_a_question_is_answered(
    unsure: Conversations, answer: str, left: tuple[tuple[str, float], ...]
) -> None:
    asked = await unsure.talk(ANN, TalkRequest("hmm"))
    assert asked.reply.splitlines()[1:] == ["1. less pink hair", "2. add glasses", "3. undo"]
    assert asked.choices == ("less pink hair", "add glasses", "undo")
    assert asked.adjustments == (("pink hair", 1.0),)
    turn = await unsure.talk(ANN, TalkRequest(answer))
    assert turn.adjustments == left


async def test_a_choice_may_be_said_in_full_and_a_question_is_forgotten(unsure: Conversations) -> None:
    await unsure.talk(ANN, TalkRequest("hmm"))
    turn = await unsure.talk(ANN, TalkRequest("less pink hair"))
    assert turn.adjustments == (("pink hair", 0.6),)
    later = await unsure.talk(ANN, TalkRequest("yes"))
    assert later.adjustments == (("pink hair", 0.6),)


@pytest.mark.parametrize(
    ("text", "place"),
    [("2", 1), ("第二个", 1), ("好", 0), ("不", -1), ("5", None), ("pink hair", None), ("", None)],
)
def test_which_choice_an_answer_names(text: str, place: int | None) -> None:
    assert pick(text, 3) == place


def test_a_choice_keeps_its_actions() -> None:
    from bot.language.actions import from_json, to_json

    ask = Ask("ask.which", choices=((Remove("hat"), Add("cap")), (Undo(2),)))
    assert from_json(to_json(ask)) == ask
    assert "choices" not in to_json(Ask("ask.unclear"))
