"""The labels that the reader gives: what a clause does (act), and what a word is in it (slot)."""

from __future__ import annotations

SEPARATOR = "sep"
"""The act of words between clauses."""

EDITS = ("add", "remove", "more", "less", "set", "replace", "mild", "keep", "only", "face")
COMMANDS = ("undo", "redo", "goto", "version", "original", "reset", "variations", "transfer")
CHANGES = (*EDITS, *COMMANDS)
"""Acts that change the picture or move between its edits."""
SHOWS = ("show.history", "show.original", "show.compare", "show.adjustments", "show.help")
TOPICS = (
    *("greeting", "thanks", "praise", "insult", "price", "identity", "privacy", "delete", "age", "link"),
    *("language", "frame", "yes", "no", "done", "stop", "other"),
)
"""What is no edit: each has an answer of its own."""
ACTS = (SEPARATOR, *EDITS, *COMMANDS, *SHOWS, *TOPICS, "dislike", "remark")

SLOTS = (
    *("what", "of", "old", "keep", "only", "all", "num"),
    *("tiny", "little", "fair", "much", "left", "right", "middle", "every"),
)
TAGS = ("O", *(f"{begin}-{slot}" for slot in SLOTS for begin in "BI"))

LANGUAGES = ("en", "zh", "de", "es", "fr", "ja", "pt")
