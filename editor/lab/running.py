"""Run single jobs of an engine in this process, without progress."""

from __future__ import annotations

from typing import TypeVar

from editor.api.protocol import Request, Result
from editor.editing.engine import Engine

R = TypeVar("R", bound=Result)


def run_job(engine: Engine, request: Request, result_type: type[R]) -> R:
    """Run one job to its end and return its result."""
    result = engine.run(request, lambda *_: None, lambda: False)
    assert isinstance(result, result_type)
    return result
