"""Words of other languages, Chinese above all, and how they are put into English."""

from __future__ import annotations

from bot.language import lexicon
from bot.language.chinese.phrase import describe
from bot.language.chinese.segments import CONTENT, NEEDY, read_spaced
from bot.language.chinese.segments import read as words
from bot.language.prompts import MOST_PROMPT, Prompt


def described(what: str, of: str = "", own: bool = False, language: str = "zh") -> Prompt:
    """Return the prompt of a description, of a thing if it is named apart; in Chinese if ``own``."""
    split = words if language in ("zh", "ja") else read_spaced
    content = [word for word in (*split(of, language), *split(what, language)) if word.kind in CONTENT]
    if not content:
        return Prompt("", "")
    phrase = describe(content)
    unknown = next((word.text for word in content if word.kind == "unknown"), None)
    nouns = [word for word in content if word.kind in ("part", "worn")]
    kind: str | None = phrase.nouns[-1] if phrase.nouns else content[-1].kind
    between = "" if language == "ja" else " "
    said = phrase.said if language == "zh" else f"{of}{between}{what}".strip()
    return Prompt(
        (phrase.said if own else phrase.english)[:MOST_PROMPT],
        phrase.english,
        said[:MOST_PROMPT],
        nouns[-1].text if nouns else None,
        None if kind == "unknown" else kind,
        all(word.kind in NEEDY for word in content),
        None if own else unknown,
    )


def absent(prompt: Prompt, clause: str, own: bool = False) -> Prompt:
    """The prompt of its absence: "no glasses", said with the verb of the clause if it reads well."""
    verbs = [word.text for word in words(clause) if word.kind == "removing"]
    kept = [verb for verb in verbs if verb in lexicon.chinese("kept_in_speech")]
    said = (kept[0] if kept else "不要") + (prompt.said or "")
    text = f"没有{prompt.said}" if own else f"no {prompt.key}"
    return Prompt(text[:MOST_PROMPT], f"no {prompt.key}", said[:MOST_PROMPT], prompt.noun, prompt.kind)


__all__ = ["absent", "described", "words"]
