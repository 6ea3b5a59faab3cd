"""From what was typed to plain tokens: bounded, without control characters, emoji and fancy punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

MAX_CHARACTERS = 2000
"""What comes after is ignored: no wish needs more, and reading stays quick whatever is sent."""

_TOKEN = re.compile(
    r"(?P<percent>[+-]?\d+(?:\.\d+)?\s?%)|(?P<times>\d+(?:\.\d+)?x\b|x\d+(?:\.\d+)?\b)|(?P<number>\d+(?:\.\d+)?)"
    r"|(?P<word>[^\W\d_](?:[^\W\d_]|['-](?=[^\W\d_]))*)|(?P<stop>[.!?;\n]+)|(?P<comma>[,:]|\s-+\s|-{2,})|(?P<sign>[&+/#])"
)
_PUNCTUATION = str.maketrans({"‘": "'", "’": "'", "´": "'", "`": "'", "“": " ", "”": " ", '"': " ", "«": " ", "»": " ",
                              "–": "-", "—": " - ", "−": "-", "…": ".", "、": ",", "。": ".", "_": " ", "*": " ",
                              "(": ",", ")": ","})  # fmt: skip


def clean(text: str) -> str:
    """Lower case, compatibility forms unified; formatting marks are gone and symbols (emoji) are spaces."""
    unified = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS].translate(_PUNCTUATION))
    kept: list[str] = []
    for character in unified.translate(_PUNCTUATION).lower()[:MAX_CHARACTERS]:
        category = unicodedata.category(character)
        if character in "\n+%" or category[0] not in "CSZ":
            kept.append(character)
        elif category != "Cf":
            kept.append("\n" if character in "\r\u2028\u2029" else " ")
    return "".join(kept)


def tokenise(text: str, rewrites: Mapping[str, str]) -> list[str]:
    """Tokens of cleaned text. Ends of sentences become ``.``, pauses ``,`` or ``:``; `rewrites` expands whole words.

    >>> tokenise("don't add 20 % more, ok?", {"don't": "do not"})
    ['do', 'not', 'add', '20%', 'more', ',', 'ok', '.']
    """
    tokens: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        if match.lastgroup == "stop":
            tokens.append(".")
        elif match.lastgroup == "comma":
            tokens.append(":" if token == ":" else ",")
        else:
            token = token.replace(" ", "")
            tokens.extend(rewrites.get(token, token).split())
    return tokens
