"""Lengths of time as moderators type them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.moderation.duration import BadDuration, parse


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("12 h", timedelta(hours=12)),
        ("3 days", timedelta(days=3)),
        ("1 week", timedelta(weeks=1)),
        ("1d 12h", timedelta(hours=36)),
        ("1 hour and 30 minutes", timedelta(minutes=90)),
        ("0.5 h", timedelta(minutes=30)),
        ("2周", timedelta(weeks=2)),
        ("3个月", timedelta(days=90)),
        ("30 分钟", timedelta(minutes=30)),
        ("forever", None),
        ("永久", None),
        ("99 years", None),
    ],
)
def test_lengths(text: str, length: timedelta | None) -> None:
    assert parse(text) == length


@pytest.mark.parametrize("text", ["", "soon", "5", "0m", "-3 days", "3 parsecs", "3d tomorrow", "1e9d"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(BadDuration):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_length_or_refused(text: str) -> None:
    try:
        length = parse(text)
    except BadDuration:
        return
    assert length is None or length > timedelta(0)
