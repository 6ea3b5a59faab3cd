"""``python -m editor parity``: compare our networks with the published code on the same random weights.

With ``--published FOLDER`` the published code itself is run. Without it, the stored results of such a run are
used, and the checkpoints are made again from their layouts.
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
from editor.lab.parity.differences import Compared, compare
from editor.lab.text_table import text_table

LONGEST = 1800.0
"""Seconds that one case of the published code may take."""


def run_published(case: Case, repositories: Path, out: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return results and layout of the published code. Raises EditorError with its last line if it fails."""
    module = "editor.lab.parity.published"
    command = [sys.executable, "-m", module, case.name, str(repositories), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1]
        raise EditorError(f"The published code of '{case.name}' failed: {last}")
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
    return compare(case, results, lambda which: ours.compute(which, out, results, layout)), found, layout


def compare_stored(case: Case, out: Path) -> Compared:
    """Make the checkpoint again, and compare with the stored numbers."""
    results = vectors.results(case.name)
    layout, constants = vectors.layout(case.name)
    checkpoints.write(layout, constants, out)

    def compute(which: Case) -> dict[str, Tensor]:
        found = ours.compute(which, out, results, layout)
        return {name: vectors.picked(value) for name, value in found.items() if name != "tokens"}

    return compare(case, results, compute)


def _chosen(options: argparse.Namespace) -> Iterator[Case]:
    known = set(vectors.names()) if options.published is None else {case.name for case in CASES}
    for case in CASES:
        if case.name in known and (options.large or not case.large) and (options.only or "") in case.name:
            yield case


def arguments() -> argparse.ArgumentParser:
    """Return the command's parser."""
    folders = "\n".join(f"  {folder:<22} {where}" for folder, where in REPOSITORIES.items())
    parser = argparse.ArgumentParser(
        prog="python -m editor parity",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compare our networks with the published ones on the same random weights.",
        epilog=f"folders that --published needs, and the GitHub repositories they are copies of:\n{folders}",
    )
    add = parser.add_argument
    add("--published", type=Path, metavar="FOLDER", help="run the published code there; some needs scipy")
    add("--large", action="store_true", help="also the full-size networks (minutes, 8 GB)")
    add("--only", metavar="WORDS", help="only the cases whose names contain these words")
    add("--store", action="store_true", help="with --published: store the results for later runs without it")
    add("--json", action="store_true", help="print one JSON object")
    return parser


def _compare(case: Case, options: argparse.Namespace) -> Compared:
    with tempfile.TemporaryDirectory(prefix="parity-") as temporary:
        if options.published is None:
            return compare_stored(case, Path(temporary))
        compared, found, layout = compare_run(case, options.published, Path(temporary))
        if options.store:
            vectors.store({case.name: (found, layout)}, [case.name for case in CASES])
        return compared


def main(argv: Sequence[str]) -> int:
    """Compare and print; return 1 if a difference is larger than allowed."""
    options = arguments().parse_args(argv)
    compared: list[Compared] = []
    for case in _chosen(options):
        try:
            compared.append(_compare(case, options))
        except EditorError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{case.name}: {compared[-1].summary()}", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps({"cases": [one.as_dict() for one in compared]}))
    else:
        rows = [
            {"fits": "ok" if one.fits else "OFF", "case": one.case.name, "differences": one.summary()}
            for one in compared
        ]
        print(text_table(rows))
    return 0 if all(one.fits for one in compared) else 1
