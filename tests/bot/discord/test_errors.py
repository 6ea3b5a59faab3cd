"""Errors that members are told carry the label under which metrics count them."""

from __future__ import annotations

import pytest

from bot.discord.errors import DiscordError, Reason
from bot.errors import code_for


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("discord.error.not-your-button", "NotYourButton"),
        ("policy.no-quota", "NoQuota"),
        ("policy.blocked-until", "BlockedUntil"),
        ("mod.error.the-bot", "TheBot"),
        ("owner.error.not-the-owner", "NotTheOwner"),
    ],
)
def test_labels_of_metrics_stay_those_of_earlier_versions(reason: Reason, label: str) -> None:
    assert code_for(DiscordError(reason)) == label
