"""The bot's own answers to messages that ask for no change."""

from __future__ import annotations

from collections.abc import Sequence

from bot.conversation import replies
from bot.language.actions import Topic
from bot.locales import Locale, every
from storage.history import Edit


def answer(
    locale: Locale, topic: Topic, head: Edit | None, examples: Sequence[str], retention_days: int | None
) -> str:
    """Return the answer on a topic; ``head`` is the current edit and ``examples`` are changes to suggest."""
    said = replies.examples_in_words(locale, examples[:3])
    match topic:
        case "greeting" if head is None:
            return locale.say(
                "answer.greeting.first" if said else "answer.greeting.first.bare", examples=said
            )
        case "privacy" | "delete-data":
            kept = locale.say("answer.kept-for-good")
            if retention_days is not None:
                kept = locale.say("answer.kept-days", count=retention_days)
            return locale.say(f"answer.{topic}", kept=kept)
        case "language":
            return locale.say("answer.language", names=locale.listed([other.name for other in every()]))
        case _:
            return locale.say(f"answer.{topic}", examples=said)
