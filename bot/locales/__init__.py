"""The languages that the bot speaks, one TOML file each. To add a language, translate ``english.toml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.locales.locale import Locale
from bot.locales.script import script_of

DEFAULT = "en"
FOLDER = Path(__file__).parent


@cache
def every() -> tuple[Locale, ...]:
    """Return all languages, English first."""
    found = [Locale.load(path) for path in sorted(FOLDER.glob("*.toml"))]
    return tuple(sorted(found, key=lambda locale: locale.code != DEFAULT))


def get(code: str) -> Locale:
    """Return the language with one of our codes. Raises KeyError."""
    for locale in every():
        if locale.code == code:
            return locale
    raise KeyError(code)


def preferring(code: str | None) -> Locale | None:
    """Return the language nearest to a code of ours, Discord, a browser or a system ("zh_CN.UTF-8"), if any
    is."""
    wanted = (code or "").split(".")[0].replace("_", "-").lower()
    for locale in every():
        if wanted in (name.lower() for name in (locale.code, *locale.discord)):
            return locale
    return next((locale for locale in every() if wanted.split("-")[0] == locale.code.split("-")[0]), None)


def locale_of(text: str = "", preferred: str | None = None) -> Locale:
    """Return the language to answer a text in: one of its script, else the preferred one, else English.

    Among languages of the text's script, the preferred one is chosen.
    """
    liked, script = preferring(preferred), script_of(text)
    written = [locale for locale in every() if script in locale.scripts]
    if written:
        return liked if liked in written else written[0]
    return liked or get(DEFAULT)


__all__ = ["DEFAULT", "Locale", "every", "get", "locale_of", "preferring"]
