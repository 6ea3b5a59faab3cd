"""``python -m editor evaluate``: measure what a bundle can do with the classifier of its attributes."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from editor.api.errors import EditorError
from editor.api.protocol import MethodName
from editor.lab.text_table import figures_table, text_table

if TYPE_CHECKING:
    from editor.lab.evaluation.classifier_metrics import EditCase
    from editor.lab.evaluation.uploads import UploadSet

SEED = 1_000_919
"""Seed of the portraits that figures are reported on."""
TEST_DATA = Path(__file__).parent
ROW_COLUMNS = ("prompt", "success", "collateral", "grows", "methods", "by_start", "moved_along")


def arguments() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m editor evaluate",
        description="Measure a bundle: success and collateral change of edits on unseen portraits that "
        "enter like any upload, predicted by its frozen attribute classifier; with --models "
        "also the generator and the inversion.",
        epilog="A line of the --wishes file: prompt; attribute; direction (+1 or -1) or value; "
        "optionally may_change, and from (only portraits that show one of these values). An "
        "edit succeeds if at strength 1 the value is predicted, a scale moved by 0.25, or an "
        "amount crossed 0.5. Collateral is the number of other visible attributes that changed.",
    )
    add = parser.add_argument
    add("--bundle", default="avatar", help="name of an installed bundle, or its folder")
    add("--wishes", type=Path, metavar="FILE", help="test edits as JSON lines")
    add("--out", type=Path, metavar="DIR", help="folder for contact sheets and report.json")
    add("--portraits", type=int, default=64, help="unseen portraits for each edit (default: %(default)s)")
    add("--seed", type=int, default=SEED, help="seed of the portraits; use another one to tune anything")
    add("--method", choices=get_args(MethodName), help="use this method only")
    add("--channels-only", action="store_true", help="single channels as in the paper: no axes, no mapper")
    add("--json", action="store_true", help="print one JSON object")
    _add_tests(parser)
    _add_comparison(parser)
    return parser


def _add_tests(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("further tests").add_argument
    add("--models", action="store_true", help="generator PSNR and inversion figures (256 portraits)")
    add(
        "--model-selection",
        "--routes",
        type=int,
        metavar="N",
        help="the bundles chosen for N unseen drawings of each installed bundle",
    )
    add(
        "--rejection",
        "--refusals",
        type=Path,
        nargs="?",
        const=TEST_DATA / "refusals.jsonl",
        metavar="FILE",
        help="outcome of impossible and of possible edits",
    )
    add(
        "--out-of-domain",
        "--others",
        type=int,
        metavar="N",
        help="how well N portraits from each of three avatar libraries are preserved (extra 'test')",
    )
    add(
        "--sequential",
        "--in-a-row",
        type=Path,
        nargs="?",
        const=TEST_DATA / "wordings.jsonl",
        metavar="FILE",
        help="ten edits in a row on each portrait, then all undone; FILE names the edits "
        "(default: unusual ones)",
    )


def _add_comparison(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("comparisons").add_argument
    add(
        "--compare",
        action="store_true",
        help="all methods on the same edits, row by row into --out; continues an interrupted comparison",
    )
    add("--methods", default="", help="with --compare: only these, separated by commas")
    add("--each", type=int, default=12, help="with --compare: portraits of each edit")
    add("--searched", type=int, default=2, help="with --compare: the same for methods that search every time")
    add(
        "--qualities",
        action="store_true",
        help="the qualities of inversion side by side, on the edits of --compare or of --wishes",
    )


def _unseen(options: argparse.Namespace, count: int) -> tuple[UploadSet, dict[str, Path]]:
    """Load the bundle and make ``count`` uploads; also return all bundles' folders."""
    from editor.lab.evaluation.uploads import EvaluatedBundle, UploadSet, load_engine

    engine, name, folders = load_engine(options.bundle, options.channels_only)
    tested = EvaluatedBundle.of(engine, name, folders[name], options.method)
    return UploadSet.make(tested, count, options.seed), folders


def _cases(path: Path, unseen: UploadSet) -> list[EditCase]:
    from editor.lab.evaluation.classifier_metrics import read_cases

    return read_cases(path, unseen.tested.domain.attributes)


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Run the chosen tests and return the report."""
    from editor.lab.evaluation import (
        inversion_quality,
        model_selection,
        out_of_domain,
        rejection,
        sequential_edits,
    )

    begun = time.monotonic()
    edits = options.wishes or options.rejection or options.sequential
    unseen, folders = _unseen(options, options.portraits if edits else 1)
    tested = unseen.tested
    report: dict[str, Any] = {"bundle": tested.name, "scored": list(tested.scored)}
    if options.models:
        report |= inversion_quality.of_models(tested)
    if options.model_selection:
        count, seed = options.model_selection, options.seed
        report["model_selection"] = model_selection.assignments(tested.engine, folders, count, seed)
    if options.out_of_domain:
        report["out_of_domain"] = out_of_domain.out_of_domain(tested, options.out_of_domain, options.seed)
    if options.rejection:
        cases = rejection.read(options.rejection, tested.scored)
        report["rejection"] = rejection.rejection(unseen, cases)
    if options.sequential:
        report["sequential_edits"] = sequential_edits.sequential_edits(
            unseen, _cases(options.sequential, unseen), options.seed
        )
    if options.wishes:
        report |= _single_edits(unseen, options)
    return report | {"seconds": round(time.monotonic() - begun, 1)}


def _single_edits(unseen: UploadSet, options: argparse.Namespace) -> dict[str, Any]:
    """Make every edit of the --wishes file on all portraits."""
    from editor.lab.evaluation import single_edits

    rows = []
    for case in _cases(options.wishes, unseen):
        sheet = options.out / f"{_file_name(case)}.png" if options.out else None
        rows.append(single_edits.evaluate(unseen, case, sheet))
        print(f"{case.prompt}: success {rows[-1]['success']}", file=sys.stderr, flush=True)
    figures = {key: single_edits.mean(rows, key) for key in ("success", "collateral", "grows", "honest")}
    return {**figures, "wishes": rows, "pairs": single_edits.by_pairs(rows)}


def _file_name(case: EditCase) -> str:
    return re.sub(r"[^a-z0-9]+", "-", " ".join([case.prompt.lower(), *sorted(case.start)])).strip("-")


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all methods side by side."""
    from editor.lab.evaluation import comparison, summary

    if options.out is None:
        raise ValueError("--compare needs --out, a folder for the measurements")
    unseen, _ = _unseen(options, options.portraits)
    cases = _cases(options.wishes or comparison.CASES, unseen)
    methods = tuple(filter(None, options.methods.split(","))) or comparison.offered(unseen.tested)
    counts = comparison.PortraitsPerEdit(options.each, options.searched)
    for row in comparison.measure(unseen, cases, methods, counts, options.out):
        print(f"{row.method}, {row.prompt}, {row.upload}: {row.success}", file=sys.stderr, flush=True)
    rows = summary.comparable(comparison.read_rows(options.out / "rows.jsonl"))
    comparison.contact_sheets(options.out, rows)
    found = summary.summaries(rows)
    leads = {name: dataclasses.asdict(figure) for name, figure in summary.leads_of_choice(rows).items()}
    return {
        "bundle": unseen.tested.name,
        "methods": [dataclasses.asdict(one) for one in found],
        "lead_of_choice": leads,
        "table": [one.cells() for one in found],
    }


def qualities(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the qualities of inversion side by side."""
    from editor.lab.evaluation import comparison, inversion_quality

    unseen, _ = _unseen(options, 1)
    cases, rows = _cases(options.wishes or comparison.CASES, unseen), []
    for row in inversion_quality.compare(unseen.tested, cases, options.portraits, options.seed):
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    return {"bundle": unseen.tested.name, "qualities": rows}


def _print_tables(report: dict[str, Any]) -> None:
    for key in ("table", "qualities"):
        if key in report:
            print(text_table(report[key]))
    if "wishes" in report:
        print(text_table([{name: row.get(name) for name in ROW_COLUMNS} for row in report["wishes"]]))
    shown = {key: value for key, value in report.items() if key not in _ROWS}
    print(figures_table(shown))


_ROWS = ("table", "qualities", "wishes", "scored", "methods")


def main(argv: Sequence[str]) -> int:
    """Measure and print; return 2 for a usage error or if packages are missing."""
    options = arguments().parse_args(argv)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    measure = qualities if options.qualities else compare if options.compare else evaluate
    try:
        report = measure(options)
    except ModuleNotFoundError as error:
        print(f"Evaluation needs more packages ({error.name}): pip install '.[train]'", file=sys.stderr)
        return 2
    except (EditorError, ValueError, KeyError, OSError) as error:
        print(f"This cannot be measured: {error}", file=sys.stderr)
        return 2
    if options.out:
        (options.out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(report))
    else:
        _print_tables(report)
    return 0
