"""What the lab's commands share. Their modules import what takes long only when they run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from editor.api.errors import BadRequest
from editor.device.allocator import set_memory_limit

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def limit_memory() -> None:
    """Keep searches on a CPU to EDITOR_MEMORY_GB."""
    from editor.serving.settings import Settings

    set_memory_limit(Settings.read().editor_memory_gb)


@contextmanager
def prepared(what: str) -> Iterator[None]:
    """Keep to the memory limit, and turn expected errors into one sentence.

    ``what``: what cannot be done if one occurs.
    """
    limit_memory()
    try:
        yield
    except ModuleNotFoundError as error:
        raise BadRequest(f"This needs more packages ({error.name}): pip install '.[train]'") from error
    except (ValueError, KeyError, OSError) as error:
        raise BadRequest(f"This cannot be {what}: {error}") from error


def text_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Align rows of named cells in columns; the columns are in the order of their first use."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_shown(row.get(name)) for name in names] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in cells)
    return "\n".join("  ".join(line).rstrip() for line in lines)


def print_report(report: Mapping[str, Any], as_json: bool, hidden: Sequence[str] = ()) -> None:
    """Print a report as one JSON object, or its lists of rows as tables and then its figures, one a line.

    ``hidden``: names of figures that are left out of the tables.
    """
    if as_json:
        print(json.dumps(report))
        return
    tables = {name: rows for name, rows in report.items() if _is_table(rows)}
    for rows in tables.values():
        print(text_table([{k: v for k, v in row.items() if k not in hidden} for row in rows]))
    left_out = (*tables, *hidden)
    print(text_table([{"figure": k, "value": v} for k, v in _flat(report) if k not in left_out and v != []]))


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _flat(report: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in report.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _shown(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.4g}"
        case dict():
            return ", ".join(f"{name} {_shown(part)}" for name, part in value.items())
        case list() | tuple():
            return " ".join(map(_shown, value))
    return str(value)
