"""What reads messages: the built-in reader, or a language model of the operator's own before it.

The model is asked over OpenAI's chat API, which Ollama, llama.cpp and vLLM speak too. It gets the sentence
and the prompts in force, never a picture. Its answer is checked like a stranger's input; when it is late,
wrong or absent, the built-in reader reads the sentence.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.language import reader
from bot.language.actions import ALL, MAX_STRENGTH, Action, Ask, Topic, What, from_json
from bot.language.text import MAX_CHARACTERS

logger = logging.getLogger(__name__)

SECONDS = 3.0
"""How long the model may take."""
MAX_ANSWER = 65536
"""Bytes of an answer that are read."""
INSTRUCTIONS = """You turn one message of a person who edits a portrait by talking into actions, as JSON.
"add" wants a short English description of what the picture should show ("pink hair", "no glasses", "old") and
a strength: 1 is usual, 0.5 "a bit", 1.5 "very". "scale" multiplies the strength of a change in force by a
factor, "set" gives it a strength, "remove" takes it out; their target is one of the changes in force, word by
word, or "all". "undo" and "redo" have steps, "goto" the number of an edit (0 is the original picture).
"variations" has a count. "show" has what. "answer" has the topic of a message that asks for no change. "ask"
is for a message that you do not understand. Add nothing that was not asked for."""


class Reader:
    """The built-in reader."""

    async def read(self, text: str, after: Sequence[str], languages: Sequence[str]) -> list[Action]:
        """Return what a message asks for, as `bot.language.reader.read` does."""
        return reader.read(text, after, languages)


Words = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f<>{}]+$")]


class _Said(BaseModel):
    """One action as the model may give it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    do: Literal[
        "add",
        "scale",
        "set",
        "remove",
        "undo",
        "redo",
        "goto",
        "reset",
        "variations",
        "show",
        "answer",
        "ask",
    ]
    prompt: Words | None = None
    strength: float | None = Field(None, ge=-MAX_STRENGTH, le=MAX_STRENGTH)
    target: Words | None = None
    factor: float | None = Field(None, gt=0, le=10)
    steps: int | None = Field(None, ge=1, le=50)
    edit: int | None = Field(None, ge=0, le=100_000)
    count: int | None = Field(None, ge=1, le=9)
    what: What | None = None
    topic: Topic | None = None
    keep: list[Words] = Field(default_factory=list, max_length=5)


class _Reading(BaseModel):
    """The model's whole answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    actions: list[_Said] = Field(min_length=1, max_length=12)


class OwnReader(Reader):
    """Asks a server that speaks OpenAI's chat API first.

    Args:
        url: The API's address up to its version, for example "http://127.0.0.1:11434/v1".
        model: The model's name.
        key: Sent as a bearer token.
        seconds: How long it may take.
    """

    def __init__(self, url: str, model: str, key: str | None = None, seconds: float = SECONDS) -> None:
        self._url, self._model, self._seconds = f"{url.rstrip('/')}/chat/completions", model, seconds
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def read(self, text: str, after: Sequence[str], languages: Sequence[str]) -> list[Action]:
        """Return what the model reads, or else what the built-in reader does."""
        try:
            async with asyncio.timeout(self._seconds):
                return checked(await self._ask(text[:MAX_CHARACTERS], after), after)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            logger.warning("the reader at READER_URL was of no use: %s", type(error).__name__)
            return await super().read(text, after, languages)

    async def _ask(self, text: str, after: Sequence[str]) -> str:
        """Return the content of the model's answer. Raises ValueError if it has another form."""
        schema = {"name": "reading", "strict": True, "schema": _Reading.model_json_schema()}
        said = json.dumps({"message": text, "changes in force": list(after)}, ensure_ascii=False)
        body = {
            "model": self._model,
            "temperature": 0,
            "messages": [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": said}],
            "response_format": {"type": "json_schema", "json_schema": schema},
        }
        async with (
            aiohttp.ClientSession(headers=self._headers) as session,
            session.post(self._url, json=body, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise ValueError(f"HTTP {response.status}")
            data = await response.content.read(MAX_ANSWER + 1)
            while len(data) <= MAX_ANSWER and (more := await response.content.read(MAX_ANSWER + 1)):
                data += more
        if len(data) > MAX_ANSWER:
            raise ValueError("too long")
        return _content(json.loads(data))


def _content(answer: Any) -> str:
    try:
        content = answer["choices"][0]["message"]["content"]
    except (LookupError, TypeError) as error:
        raise ValueError("no message") from error
    if not isinstance(content, str):
        raise ValueError("no text")
    return content


def checked(content: str, after: Sequence[str]) -> list[Action]:
    """Return the actions that a model's answer holds.

    Raises:
        ValueError: It is not of the schema, lacks a field, or names a change that is not in force.
    """
    try:
        reading = _Reading.model_validate_json(content)
    except (ValidationError, RecursionError) as error:
        raise ValueError("not of the schema") from error
    found = [_action(said) for said in reading.actions]
    for action in found:
        target = getattr(action, "target", None)
        if target is not None and target not in after and not (target == ALL and after):
            raise ValueError("no such change")
    return found


def _action(said: _Said) -> Action:
    if said.do == "ask":  # its words are not shown: they are a stranger's
        return Ask("ask.unclear")
    values = {name: value for name, value in said.model_dump().items() if value is not None}
    return from_json(values)
