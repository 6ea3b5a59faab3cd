"""The script that a text is written in, which tells Chinese from English."""

from __future__ import annotations

import unicodedata
from collections import Counter


def script_of(text: str) -> str | None:
    """Return the script that decides a text's language, or None for a text without letters.

    A script is the first word of its letters' Unicode names: "LATIN", "CJK". Any other script outweighs Latin
    letters, which occur in sentences of every language ("加上 glasses").
    """
    counts = Counter(unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha())
    others = [script for script, _ in counts.most_common() if script != "LATIN"]
    return others[0] if others else "LATIN" if counts else None
