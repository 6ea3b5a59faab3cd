"""``python -m bot parse``: what a sentence, or each line of a file, is understood as."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.conversation.replies import in_words
from bot.language.actions import to_json
from bot.language.reader import read
from bot.locales import locale_of


def main(argv: Sequence[str]) -> int:
    """Print ``{"actions": [...]}`` a line; 2 for a file that cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m bot parse", description="Print what a sentence is understood as, as JSON."
    )
    parser.add_argument("text", nargs="?", help="what is said")
    parser.add_argument(
        "--after", action="append", default=[], metavar="PROMPT", help="an adjustment in force, oldest first"
    )
    parser.add_argument(
        "--batch", type=Path, metavar="FILE.jsonl", help='lines of {"text": ..., "after": [...]} instead'
    )
    options = parser.parse_args(argv)
    if (options.text is None) == (options.batch is None):
        parser.error("give either a text or --batch")
    try:
        lines = options.batch.read_text(encoding="utf-8").splitlines() if options.batch else []
        cases = [json.loads(line) for line in lines if line.strip()] if options.batch else [vars(options)]
        for case in cases:
            text = str(case["text"])
            actions = [in_words(locale_of(text), action) for action in read(text, case.get("after", ()))]
            print(json.dumps({"actions": [to_json(action) for action in actions]}, ensure_ascii=False))
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{options.batch} cannot be read: {error}", file=sys.stderr)
        return 2
    return 0
