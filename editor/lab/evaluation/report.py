"""The tests of a bundle that ``python -m editor evaluate`` offers, and their report."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

from editor.api.errors import BadRequest
from editor.lab.evaluation import (
    comparison,
    inversion_quality,
    look,
    model_selection,
    rejection,
    sequential_edits,
    single_edits,
)
from editor.lab.evaluation.classifier_metrics import EditCase, read_lines
from editor.lab.evaluation.uploads import EvaluatedBundle, UploadSet

EVERYDAY = Path(__file__).with_name("everyday.jsonl")


def cases(path: Path, tested: EvaluatedBundle) -> list[EditCase]:
    """Read a file of edits with their expected results."""
    return [EditCase.from_json(line, tested.domain.attributes) for line in read_lines(path)]


def measure_models(
    tested: EvaluatedBundle, folders: dict[str, Path], seed: int, models: bool, selected: int
) -> dict[str, Any]:
    """Test the models, and the choice between them on ``selected`` pictures of each."""
    report: dict[str, Any] = {"bundle": tested.name, "scored": list(tested.scored)}
    if models:
        report |= inversion_quality.model_figures(tested)
    if selected:
        report["model_selection"] = model_selection.assignments(tested.engine, folders, selected, seed)
    return report


def look_at(
    tested: EvaluatedBundle, folder: Path, wishes: Path | None, edits: int, seed: int
) -> dict[str, Any]:
    """Write edits to be graded, or read the grades if the folder holds some."""
    if look.graded_sheets(folder):
        return {"bundle": tested.name} | look.read(folder)
    look.write(tested, cases(wishes or EVERYDAY, tested), folder, edits, seed)
    return {"bundle": tested.name, "edits": edits, "to_grade": str(folder / "grades.csv")}


def measure_edits(
    unseen: UploadSet,
    seed: int,
    impossible: Path | None,
    in_a_row: Path | None,
    single: Path | None,
    out: Path | None,
) -> dict[str, Any]:
    """Test edits of the given files, where there are any."""
    report: dict[str, Any] = {}
    begun, tested = time.monotonic(), unseen.tested
    if impossible is not None:
        prompts = rejection.read(impossible, tested.scored)
        report["rejection"] = rejection.rejection(unseen, prompts)
    if in_a_row is not None:
        report["sequential_edits"] = sequential_edits.sequential_edits(unseen, cases(in_a_row, tested), seed)
    if single is not None:
        report |= _single_edits(unseen, cases(single, tested), out)
    return report | {"seconds": round(time.monotonic() - begun, 1)}


def _single_edits(unseen: UploadSet, edits: list[EditCase], out: Path | None) -> dict[str, Any]:
    """Make every edit on all portraits, with a contact sheet of each in ``out``."""
    rows = []
    for case in edits:
        name = re.sub(r"[^a-z0-9]+", "-", " ".join([case.prompt.lower(), *sorted(case.start)])).strip("-")
        rows.append(single_edits.evaluate(unseen, case, out / f"{name}.png" if out else None))
        _log(f"{case.prompt}: success {rows[-1]['success']}")
    figures = ("success", "collateral", "grows", "honest")
    means = {key: single_edits.mean_figure(rows, key) for key in figures}
    return {**means, "wishes": rows, "pairs": single_edits.by_pairs(rows)}


def compare_methods(
    unseen: UploadSet, path: Path | None, names: str, counts: tuple[int, int], out: Path | None
) -> dict[str, Any]:
    """Compare the named methods (separated by commas), or all, on the edits of a file."""
    if out is None:
        raise BadRequest("--compare needs --out, a folder for the measurements.")
    edits = cases(path or comparison.CASES, unseen.tested)
    methods = tuple(filter(None, names.split(","))) or comparison.offered(unseen.tested)
    for row in comparison.measure_all(unseen, edits, methods, counts, out):
        _log(f"{row.method}, {row.prompt}, {row.upload}: {row.success}")
    return {"bundle": unseen.tested.name, **comparison.report(out)}


def compare_qualities(tested: EvaluatedBundle, path: Path | None, count: int, seed: int) -> dict[str, Any]:
    """Compare the qualities of inversion on ``count`` portraits and the edits of a file."""
    rows = []
    for row in inversion_quality.compare(tested, cases(path or comparison.CASES, tested), count, seed):
        _log(row)
        rows.append(row)
    return {"bundle": tested.name, "qualities": rows}


def _log(line: object) -> None:
    print(line, file=sys.stderr, flush=True)
