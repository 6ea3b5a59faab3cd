"""What the bot says about the models it has."""

from __future__ import annotations

import pytest

from bot.conversation import replies
from bot.locales import every, get
from editor.api import protocol as wire


def info(name: str, domain: str) -> wire.BundleInfo:
    return wire.BundleInfo(
        name=name, title=name, domain=domain, resolution=128, fingerprint="", licence="MIT"
    )


KNOWN = (info("avatar", "cartoon portraits"), info("critters", "cartoon animals"), info("mine", "bicycles"))


@pytest.mark.parametrize("code", [locale.code for locale in every()])
def test_outside_all_domains_every_one_is_named(code: str) -> None:
    locale = get(code)
    (sentence,) = replies.received(locale, ("outside-domain",), KNOWN)
    for bundle in KNOWN:
        assert locale.texts.get(f"domain.{bundle.name}", bundle.domain) in sentence
    assert "bicycles" in sentence, "a model that no locale knows is called what its maker called it"


def test_inside_a_domain_nothing_is_said_of_it() -> None:
    assert replies.received(get("en"), (), KNOWN) == []


def test_a_model_is_called_in_the_readers_language_where_there_is_a_name_for_it() -> None:
    assert [replies.title(get("zh-CN"), bundle) for bundle in KNOWN] == ["卡通头像", "卡通动物", "mine"]
    assert replies.title(get("en"), KNOWN[1]) == "Cartoon animals"
