"""``python -m bot try``: a whole conversation from the command line, on the same code path as every front end."""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot import samples
from bot.app.container import assembled
from bot.cli.errors import complaint
from bot.conversation.messages import CompareRequest, Speaker, TalkRequest, Turn
from bot.conversation.service import Conversations
from bot.errors import BotError, NoSuchSample, UnreadableFile
from bot.language.actions import to_json
from bot.settings import Settings, load
from editor.api.protocol import QUALITIES, Box


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bot try",
        description="Edit a picture by a conversation, without Discord or a browser. The first text comes with the picture.",
        epilog='example: python -m bot try sample:1 "pink hair" "now less" "add glasses" "undo" --out results',
    )
    parser.add_argument("picture", help="a picture file, or sample:N for one of the samples")
    parser.add_argument("text", nargs="+", help="what is said, message after message")
    parser.add_argument("--compare", action="store_true", help="the last text by every method side by side")
    parser.add_argument(
        "--quality",
        choices=QUALITIES,
        help="how closely the picture is taken up before it "
        "is edited: at once, in seconds, or as closely as can be (default: QUALITY, else standard)",
    )
    parser.add_argument(
        "--box",
        type=box,
        metavar="LEFT,TOP,SIDE",
        help="the square of the picture that is edited, in pixels, "
        "where the face is not to be looked for: for portraits the whole head with some room around",
    )
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the pictures")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each message")
    return parser


def box(text: str) -> Box:
    """A square from "left,top,side". Raises argparse.ArgumentTypeError."""
    try:
        left, top, side = (float(part) for part in text.split(","))
    except ValueError:
        left, top, side = 0.0, 0.0, -1.0
    if not side > 0 or not all(math.isfinite(value) for value in (left, top, side)):
        raise argparse.ArgumentTypeError(f"a square is three numbers, as in 120,40,600; not '{text}'")
    return left, top, side


def read_picture(name: str) -> bytes:
    """The picture's bytes. Raises UnreadableFile."""
    try:
        path = (
            samples.path_of(int(name.removeprefix("sample:"))) if name.startswith("sample:") else Path(name)
        )
        return path.read_bytes()
    except (KeyError, ValueError):
        known = samples.numbers()
        raise NoSuchSample(name=name, first=known[0], last=known[-1]) from None
    except OSError as error:
        raise UnreadableFile(name=name, reason=error.strerror) from None


def row_of(number: int, text: str, turn: Turn, picture: Path | None) -> dict[str, Any]:
    """What ``--json`` prints for one message."""
    return {
        "turn": number,
        "text": text,
        "actions": [to_json(action) for action in turn.actions],
        "reply": turn.reply,
        "adjustments": [{"prompt": prompt, "strength": strength} for prompt, strength in turn.adjustments],
        "picture": str(picture) if picture else None,
        "ms": turn.milliseconds,
        "warnings": list(turn.warnings),
        "error": turn.error,
    }


def _save(turn: Turn, number: int, out: Path) -> Path | None:
    """Write a turn's pictures; returns the one that answers it (the last), None when there is none."""
    written: Path | None = None
    for index, shown in enumerate(turn.pictures):
        suffix = "" if len(turn.pictures) == 1 else f"-{index + 1}"
        suffix += f"-{shown.caption.lower().replace(' ', '-')}" if shown.caption else ""
        written = out / f"turn-{number:02d}{suffix}.png"
        written.write_bytes(shown.picture.data)
    return written


async def _talk(conversations: Conversations, options: argparse.Namespace, picture: bytes) -> int:
    speaker, worst = Speaker("try", "me", "here"), 0
    for number, text in enumerate(options.text, start=1):
        sent = picture if number == 1 else None
        if options.compare and number == len(options.text):
            turn = await _compared(conversations, speaker, options, sent)
        else:
            turn = await conversations.talk(
                speaker, TalkRequest(text, sent, quality=options.quality, box=options.box)
            )
        path = _save(turn, number, options.out)
        if options.json:
            print(json.dumps(row_of(number, text, turn, path), ensure_ascii=False), flush=True)
        else:
            print(f"> {text}\n{turn.reply}" + (f"\n  [{path}]" if path else ""), flush=True)
        worst = max(worst, int(turn.error is not None and number == 1))
    return worst


async def _compared(
    conversations: Conversations, speaker: Speaker, options: argparse.Namespace, picture: bytes | None
) -> Turn:
    if picture is not None:
        received = await conversations.talk(
            speaker, TalkRequest(picture=picture, quality=options.quality, box=options.box)
        )
        if received.error:
            return received
    return await conversations.compare(speaker, CompareRequest(options.text[-1]))


async def _run(options: argparse.Namespace, picture: bytes, settings: Settings) -> int:
    with tempfile.TemporaryDirectory() as folder:
        changes: dict[str, Any] = {"data_dir": Path(folder), "database_url": None, "blobs_url": None}
        if options.quality is not None:
            changes["inversion_seconds"] = None
        async with assembled(settings.model_copy(update=changes), settings.data_dir) as parts:
            return await _talk(parts.conversations, options, picture)


def main(argv: Sequence[str]) -> int:
    """Hold the conversation; 1 when even the first message could not be followed, 2 for a usage error."""
    options = arguments().parse_args(argv)
    try:
        picture = read_picture(options.picture)
        options.out.mkdir(parents=True, exist_ok=True)
        return asyncio.run(_run(options, picture, load()))
    except (BotError, OSError) as error:
        print(complaint(error), file=sys.stderr)
        return 2
