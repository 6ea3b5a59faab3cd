"""Requests survive the inbox, also those that an earlier version stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.discord.request import Request, Upload
from bot.language.actions import Show, Undo

PICTURE = Upload("https://cdn.discordapp.com/a/me.png", "me.png", 1000, "image/png", True)
OLD: dict[str, Any] = {
    "key": "interaction:900000000000000003",
    "user": "8",
    "place": "7",
    "server": None,
    "owner": None,
    "kind": "talk",
    "text": "",
    "actions": None,
    "reply_to": None,
    "uploads": [],
    "quality": None,
    "locale": None,
    "ack": "private",
    "member": True,
    "reference": None,
    "heading": "",
    "token": "t",
    "limit": 10485760,
    "age_restricted": False,
    "roles": [],
    "moderator": False,
    "parent": None,
    "heard": True,
    "shown": {},
    "counts": True,
}
"""A payload as earlier versions wrote it."""


@pytest.mark.parametrize(
    "request_",
    [
        Request(key="message:1", user="2", place="3", text="pink hair", uploads=(PICTURE,), roles=("1",)),
        Request(key="interaction:1", user="2", place="3", actions=(Undo(2), Show("history")), quality="best"),
        Request(key="interaction:1", user="2", place="3", kind="train", text="a hat", minutes=2.5),
        Request(key="message:1", user="2", place="3", complete=False, unfinished={"message:1": "4"}),
    ],
    ids=["picture", "actions", "training", "unfinished"],
)
def test_a_request_comes_back_from_json(request_: Request) -> None:
    stored = json.loads(json.dumps(request_.to_payload()))
    assert Request.from_payload(stored | {"cancelled": True}) == request_


def test_a_message_of_an_earlier_version() -> None:
    changes = {
        "key": "message:900000000000000001",
        "server": "6",
        "reference": "900000000000000001",
        "text": "pink hair",
        "uploads": [
            {
                "url": PICTURE.url,
                "filename": "me.png",
                "size": 1000,
                "content_type": "image/png",
                "spoiler": True,
            }
        ],
        "roles": ["1"],
        "moderator": True,
        "parent": "5",
        "ack": "message",
        "token": None,
        "limit": 26214400,
        "heard": False,
        "shown": {"message:900000000000000001": "900000000000000002"},
    }
    assert Request.from_payload(OLD | changes) == Request(
        key="message:900000000000000001",
        user="8",
        place="7",
        server="6",
        reference="900000000000000001",
        text="pink hair",
        uploads=(PICTURE,),
        roles=("1",),
        moderator=True,
        parent="5",
        upload_limit=26214400,
        complete=False,
        unfinished={"message:900000000000000001": "900000000000000002"},
    )


def test_a_button_of_an_earlier_version() -> None:
    changes = {
        "owner": "9",
        "actions": [{"do": "undo", "steps": 1}],
        "reply_to": 3,
        "ack": "silent",
        "heading": "<@8>",
        "reference": "12",
        "counts": False,
    }
    request = Request.from_payload(OLD | changes)
    assert (request.actions, request.reply_to, request.owner) == ((Undo(1),), 3, "9")
    assert (request.acknowledgement, request.origin, request.needs_editor) == ("silent", "press", False)


def test_a_deletion_of_an_earlier_version() -> None:
    changes = {"kind": "forget", "actions": [{"do": "forget"}], "reply_to": 3, "member": False}
    request = Request.from_payload(OLD | changes)
    assert (request.kind, request.reply_to, request.can_write) == ("forget", 3, False)
    assert not request.needs_editor


def test_a_training_of_an_earlier_version() -> None:
    actions = [{"do": "train", "minutes": 2.5}]
    request = Request.from_payload(OLD | {"kind": "train", "text": "a hat", "actions": actions})
    assert (request.kind, request.text, request.minutes) == ("train", "a hat", 2.5)
    assert request.needs_editor


def test_each_picture_is_a_request_of_its_own() -> None:
    request = Request(key="message:1", user="2", place="3", uploads=(PICTURE, PICTURE))
    first, second = request.split()
    assert (first.key, second.key) == ("message:1", "message:1/1")
    assert first.number == second.number == 1
    assert first.nonce() == request.nonce() != second.nonce()
    assert len(second.nonce(9)) <= 25
