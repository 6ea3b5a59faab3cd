"""A language as the bot speaks and hears it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.language.script import script_of


def _same(text: str) -> str:
    return text


def _other(_: int) -> str:
    return "other"


@dataclass(frozen=True)
class Locale:
    """One language: its sentences, and how wishes are put in it.

    ``code`` is a BCP 47 tag; ``discord`` are the locales of Discord that it serves; ``name`` is in the language itself;
    ``scripts`` are the first words of the Unicode names of the letters it is written in ("LATIN", "CJK").
    ``wording`` puts an English example of a bundle into the language where it can, and returns it as it is elsewhere.
    ``plural`` names the plural form of a count: the text ``key.form`` is preferred to ``key`` where there is one.
    """

    code: str
    discord: tuple[str, ...]
    name: str
    scripts: frozenset[str]
    texts: Mapping[str, str]
    wording: Callable[[str], str] = _same
    plural: Callable[[int], str] = _other

    def say(self, key: str, /, **values: Any) -> str:
        """The text of a key with its values filled in; ``count`` also chooses the plural form. Raises KeyError."""
        template = self.texts[key]
        if "count" in values:
            template = self.texts.get(f"{key}.{self.plural(values['count'])}", template)
        return template.format(**values)

    def writes(self, text: str) -> bool:
        """Whether the text has letters of this language, and none of another script."""
        return script_of(text) in self.scripts

    def quoted(self, names: Iterable[str]) -> str:
        """“a”, “b” and “c”, with the language's own marks."""
        return self.listed([self.say("list.quote", item=name) for name in names])

    def listed(self, items: Sequence[str]) -> str:
        """a, b and c."""
        if len(items) < 2:
            return "".join(items)
        return self.say("list.comma").join(items[:-1]) + self.say("list.and") + items[-1]

    def joined(self, sentences: Iterable[str]) -> str:
        """Sentences one after the other."""
        return self.say("list.sentences").join(sentences)

    def percent(self, strength: float) -> str:
        """1 -> 100 %."""
        return self.say("percent", number=round(100 * strength))
