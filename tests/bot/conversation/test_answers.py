"""Messages that ask for no change get an answer of their own, and no picture changes."""

from __future__ import annotations

import asyncio
from typing import get_args

import pytest

from bot.conversation.answers import answer
from bot.conversation.messages import Speaker, TalkRequest
from bot.conversation.service import Conversations
from bot.language import reader
from bot.language.actions import Action, Add, Answer, Topic
from bot.locales import Locale, every, get
from tests.conftest import make_png

ANN = Speaker("discord", "ann", "here")
EXAMPLES = ("pink hair", "glasses")


@pytest.mark.parametrize("locale", every(), ids=lambda locale: locale.code)
@pytest.mark.parametrize("topic", get_args(Topic))
def test_every_topic_has_an_answer(locale: Locale, topic: Topic) -> None:
    for said in (answer(locale, topic), answer(locale, topic, "discord", True, EXAMPLES, 90)):
        assert said
        assert "{" not in said


def test_the_first_greeting_is_help_in_three_lines() -> None:
    first = answer(get("en"), "greeting", examples=EXAMPLES)
    assert len(first.splitlines()) == 3
    assert "“pink hair” and “glasses”" in first
    later = answer(get("en"), "greeting", has_picture=True, examples=EXAMPLES)
    assert len(later.splitlines()) == 1


def test_privacy_says_how_long_and_how_to_delete() -> None:
    discord = answer(get("en"), "privacy", "discord", retention_days=90)
    assert "90 days" in discord
    assert "“/privacy delete”" in discord
    local = answer(get("zh-CN"), "delete-data", "web", retention_days=None)
    assert "/privacy" not in local
    assert "我的数据" in local


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Action]]:
    """What sentences are understood as, in this test."""
    meant: dict[str, list[Action]] = {}

    def read(text: str, *rest: object) -> list[Action]:
        return meant[text] if text in meant else reader.read(text, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("bot.conversation.talk.read", read)
    monkeypatch.setattr("bot.conversation.service.read", read)
    return meant


async def test_thanks_change_nothing_and_print_no_help(
    conversations: Conversations, heard: dict[str, list[Action]]
) -> None:
    heard |= {"thanks": [Answer("thanks")], "hi": [Answer("greeting")]}
    assert len((await conversations.talk(ANN, TalkRequest("hi"))).reply.splitlines()) == 3
    received = await conversations.talk(ANN, TalkRequest("hi", make_png()))
    assert "What would you like to change?" in received.reply, (
        "a greeting with a picture is no message of its own"
    )
    made = await conversations.talk(ANN, TalkRequest("pink hair"))
    turn = await conversations.talk(ANN, TalkRequest("thanks"))
    assert turn.reply == "You're welcome! Just tell me when you want another change."
    assert (turn.edit, turn.pictures, turn.error) == (made.edit, (), None)


async def test_a_change_that_is_there_is_not_made_again(conversations: Conversations) -> None:
    await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    made = await conversations.talk(ANN, TalkRequest("now less"))
    stronger = await conversations.talk(ANN, TalkRequest("pink hair"))
    assert stronger.adjustments == (("pink hair", 1.0),), "it is made whole again"
    again = await conversations.talk(ANN, TalkRequest("pink hair"))
    assert again.reply.startswith("“pink hair” is already there, at 100 %. Say “more”")
    assert (again.edit, again.pictures) == (stronger.edit, ())
    assert again.edit != made.edit
    both = await conversations.talk(ANN, TalkRequest("pink hair and glasses"))
    assert [prompt for prompt, _ in both.adjustments] == ["pink hair", "glasses"]
    assert "already there" in both.reply
    assert "Done: glasses." in both.reply


async def test_only_the_first_result_says_how_to_go_on(conversations: Conversations) -> None:
    first = await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    assert first.reply == "Done: pink hair. Say “less”, “more” or “undo”, or try “glasses” next."
    assert (await conversations.talk(ANN, TalkRequest("glasses"))).reply == "Done: glasses."


async def test_stop_does_not_wait_for_what_it_stops(
    conversations: Conversations, heard: dict[str, list[Action]]
) -> None:
    heard |= {"stop": [Answer("stop")], "slow": [Add("glasses")]}
    before = await conversations.talk(ANN, TalkRequest("pink hair", make_png()))
    idle = await conversations.talk(ANN, TalkRequest("stop"))
    assert idle.reply.startswith("Nothing is running")
    begun = asyncio.Event()
    working = asyncio.create_task(
        conversations.talk(ANN, TalkRequest("slow"), on_progress=lambda _: begun.set())
    )
    await begun.wait()
    stopped = await conversations.talk(ANN, TalkRequest("stop"))
    assert stopped.reply == "Stopped. Your picture is as it was."
    assert (await working).error == "cancelled"
    shown = await conversations.talk(ANN, TalkRequest("show the adjustments"))
    assert shown.edit == before.edit
