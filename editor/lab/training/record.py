"""How a bundle's weights were made: the command, the seed, the commit and the figures, kept beside the weights."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from editor.lab.training.run import Run

DEFAULT = "avatars"
"""The domain of a record that names none."""


def commit() -> str:
    """The present commit, with a plus sign where files differ from it; empty outside a repository."""
    try:
        text = (
            ["git", "rev-parse", "--short", "HEAD"],
            ["git", "status", "--porcelain", "--untracked-files=no"],
        )
        head, changes = (
            subprocess.run(c, capture_output=True, text=True, check=True).stdout.strip() for c in text
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changes else "")


def read(bundle: Path) -> dict[str, Any]:
    """All records of a bundle by part; empty when it has none."""
    path = bundle / "record.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(
    bundle: Path,
    part: str,
    options: argparse.Namespace,
    run: Run,
    figures: dict[str, Any],
    extra: dict[str, Any] | None = None,
    stage: str = "",
) -> None:
    """Add or replace one part's record; of a part that is trained in several stages, that of the ``stage``."""
    skipped = {"runs", "name", "bundle", "device", "threads", "workers", "part", "domain"}
    flags = {k: v for k, v in vars(options).items() if k not in skipped and v is not None}
    flags = {
        k: v.name if isinstance(v, Path) else v for k, v in flags.items()
    }  # a folder of this machine tells nobody anything
    if run.domain.name != DEFAULT:
        flags = {"domain": run.domain.name} | flags
    if flags.get("reuse") == 1:
        del flags["reuse"]
    flags |= {"name": stage} if stage not in ("", part) else {}
    words = [
        f"--{k.replace('_', '-')}" + ("" if v is True else f" {v}")
        for k, v in flags.items()
        if v is not False
    ]
    command = " ".join(
        ["python -m editor", "directions" if part == "directions" else f"train {part}", *words]
    )
    entry = (
        {
            "command": command,
            "seed": run.seed,
            "commit": commit(),
            "device": str(run.device),
            "steps": run.step,
            "minutes": round(run.seconds / 60, 1),
            "figures": figures,
        }
        | ({"domain": run.domain.name} if run.domain.name != DEFAULT else {})
        | (extra or {})
    )
    save(bundle, read(bundle) | {stage or part: entry})


def save(bundle: Path, records: dict[str, Any]) -> None:
    """Write all records."""
    (bundle / "record.json").write_text(json.dumps(records, indent=1) + "\n", encoding="utf-8")
