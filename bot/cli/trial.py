"""A whole conversation from the command line, on the same code path as every front end."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import samples
from bot.app.container import open_container
from bot.conversation.messages import CompareRequest, Speaker, TalkRequest, Turn
from bot.conversation.service import Conversations
from bot.errors import NoSuchSample, UnreadableFile
from bot.language.actions import to_json
from bot.settings import Settings
from editor.api.protocol import Box, Quality

SPEAKER = Speaker("try", "me", "here")


@dataclass(frozen=True)
class Trial:
    """What to say about which picture, and how to show the answers.

    ``compare``: make the last change by every method. ``as_json``: print one JSON object for each message.
    """

    picture: bytes
    texts: Sequence[str]
    out: Path
    quality: Quality | None = None
    box: Box | None = None
    compare: bool = False
    as_json: bool = False


def parse_box(text: str) -> Box:
    """Read a square from "left,top,side". Raises ValueError."""
    left, top, side = (float(part) for part in text.split(","))
    if not side > 0 or not all(math.isfinite(value) for value in (left, top, side)):
        raise ValueError(text)
    return left, top, side


def read_picture(name: str) -> bytes:
    """Read a file, or a sample by ``sample:N``. Raises UnreadableFile."""
    try:
        if name.startswith("sample:"):
            return samples.path_of(int(name.removeprefix("sample:"))).read_bytes()
        return Path(name).read_bytes()
    except (KeyError, ValueError):
        known = samples.numbers()
        raise NoSuchSample(name=name, first=known[0], last=known[-1]) from None
    except OSError as error:
        raise UnreadableFile(name=name, reason=error.strerror) from None


async def hold(trial: Trial, settings: Settings) -> int:
    """Hold the conversation in a temporary history. Return 1 if the first message already failed."""
    with tempfile.TemporaryDirectory() as folder:
        changes: dict[str, Any] = {"data_dir": Path(folder), "database_url": None, "blobs_url": None}
        if trial.quality is not None:
            changes["inversion_seconds"] = None
        async with open_container(settings.model_copy(update=changes), settings.data_dir) as parts:
            failed = False
            for number, text in enumerate(trial.texts, start=1):
                turn = await _send(parts.conversations, trial, number, text)
                _show(trial, number, text, turn)
                failed |= number == 1 and turn.error is not None
            return int(failed)


async def _send(conversations: Conversations, trial: Trial, number: int, text: str) -> Turn:
    sent = trial.picture if number == 1 else None
    if not (trial.compare and number == len(trial.texts)):
        request = TalkRequest(text, sent, quality=trial.quality, box=trial.box)
        return await conversations.talk(SPEAKER, request)
    if sent is not None:
        request = TalkRequest(picture=sent, quality=trial.quality, box=trial.box)
        received = await conversations.talk(SPEAKER, request)
        if received.error:
            return received
    return await conversations.compare(SPEAKER, CompareRequest(text))


def _show(trial: Trial, number: int, text: str, turn: Turn) -> None:
    path = _save(turn, number, trial.out)
    if trial.as_json:
        print(json.dumps(_row(number, text, turn, path), ensure_ascii=False), flush=True)
    else:
        print(f"> {text}\n{turn.reply}" + (f"\n  [{path}]" if path else ""), flush=True)


def _row(number: int, text: str, turn: Turn, picture: Path | None) -> dict[str, Any]:
    return {
        "turn": number,
        "text": text,
        "actions": [to_json(action) for action in turn.actions],
        "reply": turn.reply,
        "adjustments": [{"prompt": prompt, "strength": strength} for prompt, strength in turn.adjustments],
        "picture": str(picture) if picture else None,
        "ms": turn.milliseconds,
        "warnings": list(turn.warnings),
        "choices": list(turn.choices),
        "error": turn.error,
    }


def _save(turn: Turn, number: int, out: Path) -> Path | None:
    """Write a turn's pictures and return the last one's path, which answers it; None if there is none."""
    written: Path | None = None
    for index, shown in enumerate(turn.pictures):
        suffix = "" if len(turn.pictures) == 1 else f"-{index + 1}"
        suffix += f"-{shown.caption.lower().replace(' ', '-')}" if shown.caption else ""
        written = out / f"turn-{number:02d}{suffix}.png"
        written.write_bytes(shown.picture.data)
    return written
