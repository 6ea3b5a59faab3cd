"""``python -m editor parity``: the published code and ours on the same random weights, as a table.

With ``--published FOLDER`` the published code itself is run; without it, the results that were kept of such a run are used,
and the checkpoints are made again from their layouts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from editor.api.errors import EditorError
from editor.lab.parity import checkpoints, ours, vectors
from editor.lab.parity.cases import CASES, REPOSITORIES, Case
from editor.lab.parity.differences import Compared, measured
from editor.lab.parity.report import document

LONGEST = 1800.0
"""Seconds that one case of the published code may take."""


def run_published(case: Case, repositories: Path, out: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Results and layout of the published code. Raises EditorError with the end of what it printed where it fails."""
    command = [
        sys.executable,
        "-m",
        "editor.lab.parity.published",
        case.name,
        str(repositories),
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    if done.returncode:
        raise EditorError(
            f"The published code of '{case.name}' failed: {done.stderr.strip().splitlines()[-1]}"
        )
    layout = json.loads((out / "layout.json").read_text(encoding="utf-8"))
    vocabulary = repositories / "CLIP" / "clip" / ours.VOCABULARY
    if (out / "clip.pt").exists() or case.kind == "clip":
        (out / ours.VOCABULARY).write_bytes(vocabulary.read_bytes())
    return load_file(out / "theirs.safetensors"), layout


def compare_run(
    case: Case, repositories: Path, out: Path
) -> tuple[Compared, dict[str, Tensor], dict[str, Any]]:
    """Run both and compare every number."""
    found, layout = run_published(case, repositories, out)
    results, _ = vectors.split(found)
    return measured(case, results, lambda which: ours.compute(which, out, results, layout)), found, layout


def compare_stored(case: Case, out: Path) -> Compared:
    """Make the checkpoint again, and compare with the numbers that were kept."""
    results = vectors.results(case.name)
    layout, constants = vectors.layout(case.name)
    checkpoints.write(layout, constants, out)
    return measured(case, results, lambda which: _picked(ours.compute(which, out, results, layout)))


def _picked(results: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: vectors.picked(value) for name, value in results.items() if name != "tokens"}


def _chosen(options: argparse.Namespace) -> Iterator[Case]:
    known = set(vectors.names()) if options.published is None else {case.name for case in CASES}
    for case in CASES:
        if case.name in known and (options.large or not case.large) and (options.only or "") in case.name:
            yield case


def parser() -> argparse.ArgumentParser:
    """The command line."""
    folders = "\n".join(f"  {folder:<22} {where}" for folder, where in REPOSITORIES.items())
    made = argparse.ArgumentParser(
        prog="python -m editor parity",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compare our networks with the published ones on the same random weights, and write the table.",
        epilog=f"folders that --published needs, and the GitHub repositories they are copies of:\n{folders}",
    )
    made.add_argument(
        "--published", type=Path, metavar="FOLDER", help="run the published code from there; some needs scipy"
    )
    made.add_argument("--large", action="store_true", help="also the full-size networks (minutes, 8 GB)")
    made.add_argument("--only", metavar="WORDS", help="only the cases whose names contain these words")
    made.add_argument(
        "--store", action="store_true", help="with --published: keep the results for later runs without it"
    )
    made.add_argument("--to", type=Path, metavar="FILE", help="write the table there (Markdown)")
    return made


def _compared(case: Case, options: argparse.Namespace) -> Compared:
    with tempfile.TemporaryDirectory(prefix="parity-") as temporary:
        if options.published is None:
            return compare_stored(case, Path(temporary))
        compared, found, layout = compare_run(case, options.published, Path(temporary))
        if options.store:
            vectors.store({case.name: (found, layout)}, [case.name for case in CASES])
        return compared


def main(argv: Sequence[str]) -> int:
    """Compare; 1 where something differs by more than is allowed."""
    options = parser().parse_args(argv)
    compared: list[Compared] = []
    for case in _chosen(options):
        try:
            compared.append(_compared(case, options))
        except EditorError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{'ok  ' if compared[-1].fits else 'OFF '} {case.name}: {compared[-1].said()}", flush=True)
    if options.to is not None:
        options.to.write_text(
            document(compared, options.published is not None, vectors.MOST), encoding="utf-8"
        )
    return 0 if all(one.fits for one in compared) else 1
