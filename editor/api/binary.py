"""Bytes in messages: base64 in plain JSON, attachments in frames (``editor.api.framing``)."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, SerializationInfo, ValidationInfo

ATTACHMENTS = "attachments"
"""Key of the (de)serialization context that holds a message's attachments, a list of bytes."""


def _read_bytes(value: Any, info: ValidationInfo) -> Any:
    if isinstance(value, str):
        return base64.b64decode(value, validate=True)
    if isinstance(value, dict) and info.context is not None:
        try:
            return info.context[ATTACHMENTS][value["attachment"]]
        except (KeyError, IndexError, TypeError):
            raise ValueError("there is no such attachment") from None
    return value


def _write_bytes(value: bytes, info: SerializationInfo) -> str | dict[str, int]:
    attachments = (info.context or {}).get(ATTACHMENTS)
    if attachments is None:
        return base64.b64encode(value).decode("ascii")
    attachments.append(value)
    return {"attachment": len(attachments) - 1}


Data = Annotated[
    bytes,
    BeforeValidator(_read_bytes),
    PlainSerializer(_write_bytes, return_type=str | dict[str, int], when_used="json"),
]
