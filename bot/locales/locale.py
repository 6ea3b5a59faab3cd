"""A language that the bot speaks, read from its TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from bot.locales.script import script_of


@dataclass(frozen=True)
class Locale:
    """One language and its texts.

    Attributes:
        code: BCP 47 tag.
        name: The language's own name for itself.
        texts: By key, with placeholders for ``str.format``. A text with the key ``{key}.one`` is the form of
            ``key`` for singular counts.
        discord: Discord's locales that get this language.
        scripts: First words of the Unicode names of its letters ("LATIN", "CJK").
        singular: Counts that take the form ``one``.
        examples: Names of the bundles' English examples in this language.
    """

    code: str
    name: str
    texts: Mapping[str, str] = field(repr=False)
    discord: tuple[str, ...] = ()
    scripts: frozenset[str] = frozenset()
    singular: frozenset[int] = frozenset()
    examples: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a language from its file.

        Raises ValueError, naming the text, if the file has another format.
        """
        with path.open("rb") as file:
            content = tomllib.load(file)
        texts: dict[str, str] = {}
        for key, text in content["texts"].items():
            match text:
                case str():
                    texts[key] = text
                case {"one": str(one), "other": str(other), **rest} if not rest:
                    texts |= {key: other, f"{key}.one": one}
                case _:
                    raise ValueError(
                        f"{path.name}: {key!r} must be a text, or a table of the forms one and other"
                    )
        language = content["language"]
        return cls(
            language["code"],
            language["name"],
            texts,
            tuple(language["discord"]),
            frozenset(language["scripts"]),
            frozenset(language["singular"]),
            content.get("examples", {}),
        )

    def say(self, key: str, /, **values: Any) -> str:
        """Return the text of a key with its values filled in; ``count`` also chooses its form. Raises
        KeyError."""
        template = self.texts[key]
        if values.get("count") in self.singular:
            template = self.texts.get(f"{key}.one", template)
        return template.format(**values)

    def wording(self, example: str) -> str:
        """Return an English example of a bundle in this language if it is known, unchanged otherwise."""
        return self.examples.get(example, example)

    def writes(self, text: str) -> bool:
        """Whether the text has letters of this language, and none of another script."""
        return script_of(text) in self.scripts

    def quoted(self, names: Iterable[str]) -> str:
        """Return “a”, “b” and “c”, in the language's own quotation marks."""
        return self.listed([self.say("list.quote", item=name) for name in names])

    def listed(self, items: Sequence[str]) -> str:
        """Return a, b and c."""
        if len(items) < 2:
            return "".join(items)
        return self.say("list.comma").join(items[:-1]) + self.say("list.and") + items[-1]

    def joined(self, sentences: Iterable[str]) -> str:
        """Return sentences one after the other."""
        return self.say("list.sentences").join(sentences)

    def percent(self, strength: float) -> str:
        """Return a strength as a percentage: 1 is "100 %"."""
        return self.say("percent", number=round(100 * strength))
