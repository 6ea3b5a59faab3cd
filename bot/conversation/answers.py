"""The bot's own answers to messages that ask for no change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.conversation.replies import with_examples
from bot.language.actions import Topic
from bot.locales import Locale, every


@dataclass(frozen=True)
class Circumstances:
    """What an answer depends on.

    Attributes:
        platform: The front end, which decides how to delete data.
        has_picture: The conversation has a picture.
        examples: Changes to suggest.
        retention_days: After how many days without use pictures are deleted; None for never.
    """

    platform: str = ""
    has_picture: bool = False
    examples: Sequence[str] = ()
    retention_days: int | None = None


def answer(locale: Locale, topic: Topic, circumstances: Circumstances) -> str:
    """Return the answer on a topic."""
    match topic:
        case "greeting" if not circumstances.has_picture:
            return with_examples(locale, "answer.greeting.first", circumstances.examples[:3])
        case "greeting":
            return with_examples(locale, "answer.greeting", circumstances.examples[:3])
        case "privacy" | "delete-data":
            kept, delete = (
                _retention_sentence(locale, circumstances.retention_days),
                _delete(locale, circumstances.platform),
            )
            return locale.say(f"answer.{topic}", kept=kept, delete=delete)
        case "language":
            return locale.say("answer.language", names=locale.listed([other.name for other in every()]))
    return locale.say(f"answer.{topic}")


def _retention_sentence(locale: Locale, days: int | None) -> str:
    return locale.say("answer.kept") if days is None else locale.say("answer.kept.days", count=days)


def _delete(locale: Locale, platform: str) -> str:
    key = f"answer.delete.{platform}"
    return locale.say(key if key in locale.texts else "answer.delete")
