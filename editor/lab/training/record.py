"""How a bundle's weights were made: command, seed, commit and figures, in ``record.json`` next to the
weights.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DEFAULT_DOMAIN = "avatars"
"""The domain of a record that names none."""
COMMANDS = {"judge": "train attribute-classifier", "words": "train text-head"}
"""Commands of the entries whose name is not that of the trained part."""
_MACHINE_OPTIONS = {"runs", "name", "bundle", "device", "threads", "workers", "part", "domain"}


def commit() -> str:
    """Return the current commit, with a plus sign if files differ from it; empty outside a repository."""

    def git(*command: str) -> str:
        return subprocess.run(["git", *command], capture_output=True, text=True, check=True).stdout.strip()

    try:
        head, changes = git("rev-parse", "--short", "HEAD"), git("status", "--porcelain", "-uno")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changes else "")


def read(bundle: Path) -> dict[str, Any]:
    """Return all entries of a bundle's record by name; empty if it has none."""
    path = bundle / "record.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def save(bundle: Path, entries: Mapping[str, Any]) -> None:
    """Write all entries."""
    (bundle / "record.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def command_line(part: str, options: Mapping[str, Any], domain: str, stage: str = "") -> str:
    """Return the command that repeats a training; a part trained in several stages names its ``stage``.

    Options that only concern the machine are left out.
    """
    flags = {k: v for k, v in options.items() if k not in _MACHINE_OPTIONS and v not in (None, False)}
    if domain != DEFAULT_DOMAIN:
        flags = {"domain": domain} | flags
    if flags.get("reuse") == 1:
        del flags["reuse"]
    if stage not in ("", part):
        flags["name"] = stage
    words = ["python -m editor", COMMANDS.get(part, f"train {part}")]
    for name, value in flags.items():
        option = f"--{name.replace('_', '-')}"
        words.append(
            option if value is True else f"{option} {value.name if isinstance(value, Path) else value}"
        )
    return " ".join(words)
