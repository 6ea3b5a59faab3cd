"""The languages that the bot speaks: one file each in this folder, found by itself.

A file of this folder defines ``LOCALE``. Another language is one more such file: its sentences (the keys of English),
and the function that reads wishes. Files whose names begin with an underscore are no languages.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from bot.language.script import script_of
from bot.locales._locale import Locale

DEFAULT = "en"


@cache
def every() -> tuple[Locale, ...]:
    """All languages, English first."""
    names = sorted(
        module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")
    )
    found: list[Locale] = [importlib.import_module(f"{__name__}.{name}").LOCALE for name in names]
    return tuple(sorted(found, key=lambda locale: locale.code != DEFAULT))


def get(code: str) -> Locale:
    """The language of one of our codes. Raises KeyError."""
    for locale in every():
        if locale.code == code:
            return locale
    raise KeyError(code)


def preferring(code: str | None) -> Locale | None:
    """The language nearest to a code of ours, of Discord, of a browser or of a system ("zh_CN.UTF-8"), if there is one."""
    wanted = (code or "").split(".")[0].replace("_", "-").lower()
    for locale in every():
        if wanted in (name.lower() for name in (locale.code, *locale.discord)):
            return locale
    return next((locale for locale in every() if wanted.split("-")[0] == locale.code.split("-")[0]), None)


def locale_of(text: str = "", preferred: str | None = None) -> Locale:
    """The language to answer in: that of the sentence's own script, else the preferred one, else English.

    Among languages of the sentence's script the preferred one is chosen.
    """
    wish, script = preferring(preferred), script_of(text)
    written = [locale for locale in every() if script in locale.scripts]
    if written:
        return wish if wish in written else written[0]
    return wish or get(DEFAULT)


__all__ = ["DEFAULT", "Locale", "every", "get", "locale_of", "preferring"]
