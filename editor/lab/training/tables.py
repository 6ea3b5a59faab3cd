"""Load the data tables of the drawn domains: TOML files next to the code."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


def load_table(module_file: str, name: str) -> dict[str, Any]:
    """Return the TOML file ``name`` in the folder of the module file ``module_file``, with tuples for lists.

    The order of entries is kept: it decides the order of labels and phrases, and so what a seed trains.
    """
    with Path(module_file).with_name(name).open("rb") as file:
        return {key: _frozen(value) for key, value in tomllib.load(file).items()}


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(part) for part in value)
    if isinstance(value, dict):
        return {key: _frozen(part) for key, part in value.items()}
    return value
