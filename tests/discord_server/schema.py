"""Checks requests and responses against Discord's own OpenAPI description, if that file is present."""

from __future__ import annotations

import json
import re
from functools import cache, reduce
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

DESCRIPTION = Path(__file__).parents[3] / "shared" / "discord" / "openapi.json"
_ROOT = "urn:discord"


@cache
def _document() -> dict[str, Any] | None:
    return json.loads(DESCRIPTION.read_text(encoding="utf-8")) if DESCRIPTION.is_file() else None


@cache
def _validator(pointer: str) -> Draft202012Validator:
    registry = Registry().with_resource(_ROOT, Resource.opaque(_document()))
    return Draft202012Validator({"$ref": f"{_ROOT}#{pointer}"}, registry=registry)


@cache
def _quick(pointer: str) -> jsonschema_rs.Draft202012Validator:
    """Tells only whether a body is valid, in a hundredth of the time."""
    registry = jsonschema_rs.Registry([(_ROOT, _document())], draft=jsonschema_rs.Draft202012)
    return jsonschema_rs.Draft202012Validator({"$ref": f"{_ROOT}#{quote(pointer)}"}, registry=registry)


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    document = _document() or {"paths": {}}
    ordered = sorted(document["paths"], key=lambda path: path.count("{"))  # fixed names before parameters
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in ordered]


def present() -> bool:
    """Whether there is a description to check against."""
    return _document() is not None


def _pointer(method: str, path: str, *rest: str) -> str | None:
    known = next((name for pattern, name in _paths() if pattern.fullmatch(path)), None)
    assert known is not None, f"Discord has no {path}"
    node: Any = _document()
    pointer = ""
    for key in ("paths", known, method.lower(), *rest):
        if not isinstance(node, dict) or key not in node:
            return None
        node, pointer = node[key], f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
        if pointer.count("/") < 6 and "$ref" in node:  # shared responses
            pointer = node["$ref"].removeprefix("#")
            node = reduce(lambda inner, name: inner[name], pointer.strip("/").split("/"), _document())
    return pointer


def _snowflakes(body: Any) -> Any:
    """The body with ids as strings. Discord also accepts numbers, which discord.py sends, but the description
    does not."""
    if isinstance(body, dict):
        return {
            k: str(v) if (k == "id" or k.endswith("_id")) and isinstance(v, int) else _snowflakes(v)
            for k, v in body.items()
        }
    return [_snowflakes(item) for item in body] if isinstance(body, list) else body


def problems(method: str, path: str, body: Any, status: int | None = None) -> list[str]:
    """The problems of a request's JSON body, or, with ``status``, of a response's; empty if there are
    none."""
    if not present():
        return []
    body = _snowflakes(body) if status is None else body
    part = ("requestBody",) if status is None else ("responses", str(status) if status < 400 else "4XX")
    pointer = _pointer(method, path, *part, "content", "application/json", "schema")
    if pointer is None:
        return [] if body is None else [f"{method} {path} has no such body"]
    if _quick(pointer).is_valid(body):
        return []
    # of the branches of a union, report the one that matches best
    errors = [best_match([error]) for error in _validator(pointer).iter_errors(body)]
    return [f"{method} {path}: {error.json_path} {error.message[:200]}" for error in errors]
