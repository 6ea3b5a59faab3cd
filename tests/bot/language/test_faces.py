"""Which face of a picture a message speaks of, in English and Chinese."""

from __future__ import annotations

import pytest

from bot.conversation.faces import numbers_of
from bot.language.actions import Add, Face, Scale
from bot.language.reader import read


def said(text: str, after: tuple[str, ...] = ()) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for action in read(text, after, ("en",)):
        if isinstance(action, Face):
            found.append(("face", action.place))
        else:
            found.append(
                (action.do, action.prompt if isinstance(action, Add) else getattr(action, "target", None))
            )
    return found


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("the left one", 1),
        ("the right face", -1),
        ("The person on the right, please", -1),
        ("the second from the left", 2),
        ("the second person from the right", -2),
        ("the 3rd face from the left", 3),
        ("the middle one", 0),
        ("the one in the middle", 0),
        ("both of them", None),
        ("both", None),
        ("everyone", None),
        ("the leftmost face", 1),
        ("左边的人", 1),
        ("右边那个", -1),
        ("左边第二个", 2),
        ("从右数第二个人", -2),
        ("中间那个人", 0),
        ("两个人都", None),
        ("所有人", None),
    ],
)
def test_a_face_alone(text: str, place: int | None) -> None:
    assert ("face", place) in said(text)
    assert all(kind in ("face", "ask") for kind, _ in said(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("make the left one older", [("face", 1), ("add", "older")]),
        (
            "give the left one glasses and the right one a hat",
            [("face", 1), ("add", "glasses"), ("face", -1), ("add", "hat")],
        ),
        ("pink hair on the right one", [("face", -1), ("add", "pink hair")]),
        ("the left one: pink hair and glasses", [("face", 1), ("add", "pink hair"), ("add", "glasses")]),
        ("glasses for both", [("face", None), ("add", "glasses")]),
        ("give both of them blonde hair", [("face", None), ("add", "blonde hair")]),
        ("make the left person's hair green", [("face", 1), ("add", "green hair")]),
        ("左边的人戴眼镜", [("face", 1), ("add", "glasses")]),
        ("给右边那个人戴上帽子", [("face", -1), ("add", "hat")]),
        (
            "左边那个人的头发染成粉色,右边那个戴眼镜",
            [("face", 1), ("add", "pink hair"), ("face", -1), ("add", "glasses")],
        ),
        ("两个人都戴眼镜", [("face", None), ("add", "glasses")]),
    ],
)
def test_a_face_with_its_wishes(text: str, expected: list[tuple[str, object]]) -> None:
    found = said(text)
    assert [kind for kind, _ in found] == [kind for kind, _ in expected]
    for (kind, value), (_, wanted) in zip(found, expected, strict=True):
        if kind == "face":
            assert value == wanted
        else:
            assert {"older": "old"}.get(str(wanted), str(wanted)).split()[-1] in str(value)


@pytest.mark.parametrize(
    "text",
    [
        "only the left eye: blue",
        "make both eyes green",
        "both glasses and a hat",
        "the second one",
        "blue left eye",
        "go to 2",
        "add all of it",
        "左眼变成蓝色",
        "左边的眼睛变绿",
        "two of the same",
    ],
)
def test_what_only_sounds_like_a_face(text: str) -> None:
    assert all(kind != "face" for kind, _ in said(text))


def test_a_change_of_strength_is_about_the_named_face() -> None:
    actions = read("now less for the right one", ("glasses",), ("en",))
    assert actions[0] == Face(-1)
    assert isinstance(actions[1], Scale)


def test_places_among_so_many() -> None:
    assert [list(numbers_of(place, 3)) for place in (1, -1, 2, -2, 0, None, 4, -4)] == [
        [0],
        [2],
        [1],
        [1],
        [1],
        [0, 1, 2],
        [],
        [],
    ]
