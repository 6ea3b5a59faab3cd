"""The bot's own answers to messages that ask for no change."""

from __future__ import annotations

from collections.abc import Sequence

from bot.conversation.replies import with_examples
from bot.language.actions import Topic
from bot.locales import Locale, every


def answer(
    locale: Locale,
    topic: Topic,
    platform: str = "",
    has_picture: bool = False,
    examples: Sequence[str] = (),
    retention_days: int | None = None,
) -> str:
    """Return the answer on a topic.

    Args:
        platform: The front end, which decides how to delete data.
        has_picture: The conversation has a picture.
        examples: Changes to suggest.
        retention_days: After how many days without use pictures are deleted; None for never.
    """
    match topic:
        case "greeting":
            key = "answer.greeting" if has_picture else "answer.greeting.first"
            return with_examples(locale, key, examples[:3])
        case "privacy" | "delete-data":
            days = retention_days
            kept = locale.say("answer.kept") if days is None else locale.say("answer.kept.days", count=days)
            key = f"answer.delete.{platform}"
            delete = locale.say(key if key in locale.texts else "answer.delete")
            return locale.say(f"answer.{topic}", kept=kept, delete=delete)
        case "language":
            return locale.say("answer.language", names=locale.listed([other.name for other in every()]))
    return locale.say(f"answer.{topic}")
