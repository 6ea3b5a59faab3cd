"""``python -m editor evaluate``: what a bundle can do, as its judge reads it."""

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

import numpy as np

from editor.api.errors import EditorError
from editor.api.protocol import MethodName
from editor.bundle.bundle import Bundle
from editor.bundle.manifest import find_bundles
from editor.editing.engine import Engine
from editor.lab.evaluation import rejection, sequential_edits

if TYPE_CHECKING:
    from editor.lab.evaluation import classifier_metrics
    from editor.lab.evaluation.wishes import Setting
    from editor.lab.training.domain import Domain

SEED = 1_000_919
"""Of the portraits that figures are reported on."""


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m editor evaluate",
        description="Measure a bundle: success and collateral of wishes on unseen portraits that enter like any upload, "
        "judged by its frozen recogniser; with --models also the generator and the inversion.",
        epilog="A line of the wishes file: prompt; attribute; direction (+1 or -1) or value; optionally may_change and "
        "from (values: only portraits that show one of them). "
        "A wish succeeds when at strength 1 the judge reads the value, or a scale moved by 0.25, or an amount crossed 0.5; "
        "collateral is the number of other visible attributes that are read as changed.",
    )
    parser.add_argument("--bundle", default="avatar", help="name of an installed bundle, or its folder")
    parser.add_argument("--wishes", type=Path, help="JSON lines; without it only --models makes sense")
    parser.add_argument("--out", type=Path, help="folder for the contact sheets and report.json")
    parser.add_argument("--portraits", type=int, default=64, help="unseen portraits for each wish")
    parser.add_argument(
        "--seed", type=int, default=SEED, help="of the portraits; use another one to tune anything"
    )
    parser.add_argument("--method", choices=get_args(MethodName), help="this method alone")
    parser.add_argument(
        "--channels-only", action="store_true", help="single channels as in the paper: no axes, no mapper"
    )
    parser.add_argument(
        "--models", action="store_true", help="also generator PSNR and inversion figures (256 portraits)"
    )
    parser.add_argument(
        "--routes", type=int, metavar="N", help="also where N unseen drawings of each installed bundle go"
    )
    parser.add_argument(
        "--refusals",
        type=Path,
        nargs="?",
        const=rejection.WISHES,
        metavar="FILE",
        help="also what becomes of impossible and of possible wishes",
    )
    parser.add_argument(
        "--others",
        type=int,
        metavar="N",
        help="also N portraits by each of three other drawing libraries (extra "
        "'test'), and what of them is kept",
    )
    parser.add_argument(
        "--in-a-row",
        type=Path,
        nargs="?",
        const=sequential_edits.WISHES,
        metavar="FILE",
        help="also ten wishes on each portrait (the file's, else unusual ones), and all undone",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="all methods on the same wishes, row by row into --out; goes on where it was broken off",
    )
    parser.add_argument("--methods", default="", help="with --compare: these alone, separated by commas")
    parser.add_argument("--each", type=int, default=12, help="with --compare: portraits of each wish")
    parser.add_argument(
        "--searched",
        type=int,
        default=2,
        help="with --compare: the same for methods that search anew each time",
    )
    parser.add_argument(
        "--document", type=Path, help="with --compare: write table, plots and contact sheets there"
    )
    parser.add_argument(
        "--qualities",
        action="store_true",
        help="the qualities of inversion side by side, on the wishes of --compare or of --wishes",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _engine(name: str, channels_only: bool) -> tuple[Engine, str, dict[str, Path]]:
    folder = Path(name) if Path(name, "bundle.toml").exists() else None
    found = {path.name: path for path in find_bundles([folder.parent] if folder else [])}
    key = folder.name if folder else name
    if key not in found:
        raise EditorError(f"There is no bundle '{name}'; there is: {', '.join(found) or 'none'}.")
    engine = Engine.load([folder.parent] if folder else [])
    if channels_only:
        engine.loaded[key] = _without_axes(engine.loaded[key])
    return engine, key, found


def _without_axes(bundle: Bundle) -> Bundle:
    info = bundle.info.model_copy(update={"methods": ("direction",)})
    return dataclasses.replace(bundle, bank=bundle.bank.channels_only(), mapper=None, info=info)


def mean(rows: Sequence[dict[str, Any]], key: str) -> float | None:
    """The mean of a figure over the scored wishes that have it."""
    values = [row[key] for row in rows if row["scored"] and row[key] is not None]
    return round(float(np.mean(values)), 4) if values else None


def _setting(options: argparse.Namespace) -> tuple[Setting, str, dict[str, Path]]:
    """What wishes are measured with, the bundle's name and all bundles' folders."""
    from editor.lab.evaluation.uploads import Uploads
    from editor.lab.evaluation.wishes import Setting
    from editor.lab.training import attribute_classifier as judging
    from editor.lab.training import domains, record

    engine, name, folders = _engine(options.bundle, options.channels_only)
    domain, judge = domains.of_bundle(folders[name]), judging.load(folders[name])
    scored = tuple(record.read(folders[name])["judge"]["scored"])
    seen = Uploads.make(
        domain, engine, name, judge, options.portraits if _edits(options) else 1, options.seed
    )
    return Setting(engine, judge, scored, seen, options.method), name, folders


def _edits(options: argparse.Namespace) -> bool:
    return bool(options.wishes or options.refusals or options.in_a_row or options.compare)


def run(options: argparse.Namespace) -> dict[str, Any]:
    """The report."""
    from editor.lab.evaluation import model_selection, models, out_of_domain

    begun = time.monotonic()
    setting, name, folders = _setting(options)
    engine, scored, domain = setting.engine, setting.scored, setting.uploads.domain
    report: dict[str, Any] = {"bundle": name, "scored": list(scored)}
    if options.models:
        report["generator_psnr"] = models.generator_psnr(domain, engine.loaded[name])
        report |= models.inversion(domain, engine, name, setting.judge, scored)
    if options.routes:
        report["routes"] = model_selection.routes(engine, folders, options.routes, options.seed)
    if options.others:
        report["others"] = out_of_domain.others(engine, name, setting.judge, options.others, options.seed)
    if options.refusals:
        report["refusals"] = rejection.refusals(setting, rejection.read(options.refusals, scored))
    if options.in_a_row:
        report["in a row"] = sequential_edits.in_a_row(
            setting, _wishes(options.in_a_row, domain), options.seed
        )
    if options.wishes:
        report |= _granted(setting, options)
    return report | {"seconds": round(time.monotonic() - begun, 1)}


def _granted(setting: Setting, options: argparse.Namespace) -> dict[str, Any]:
    """Every wish of the wishes file on all portraits."""
    from editor.lab.evaluation.wishes import evaluate

    rows = []
    for wish in _wishes(options.wishes, setting.uploads.domain):
        rows.append(evaluate(setting, wish, options.out / f"{_slug(wish)}.png" if options.out else None))
        if not options.json:
            print(_line(rows[-1]), flush=True)
    figures = {key: mean(rows, key) for key in ("success", "collateral", "grows", "honest")}
    return {**figures, "wishes": rows, "pairs": pairs(rows)}


def _wishes(path: Path, domain: Domain) -> list[classifier_metrics.Wish]:
    """The wishes of a file."""
    from editor.lab.evaluation.classifier_metrics import Wish

    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [Wish.of(line, domain.attributes) for line in lines]


def pairs(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """For each choice, the mean success over pairs of start and target: of the wishes that take every start ("all"), and of
    those that name theirs ("named")."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        kind = "named" if "from" in row else "all"
        for hits, count in row.get("by_start", {}).values():
            found.setdefault(row["attribute"], {}).setdefault(kind, []).append(hits / count)
    return {
        name: {kind: round(float(np.mean(shares)), 4) for kind, shares in kinds.items()}
        for name, kinds in found.items()
    }


def _slug(wish: classifier_metrics.Wish) -> str:
    return re.sub(r"[^a-z0-9]+", "-", " ".join([wish.prompt.lower(), *sorted(wish.start)])).strip("-")


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all methods side by side and write the document."""
    from editor.lab.evaluation import comparison, document, summary

    setting, name, _ = _setting(options)
    wishes = _wishes(options.wishes or comparison.WISHES, setting.uploads.domain)
    methods = tuple(filter(None, options.methods.split(","))) or comparison.offered(setting, name)
    share = comparison.Share(options.each, options.searched)
    for row in comparison.measure(setting, wishes, methods, share, options.out):
        if not options.json:
            print(
                f"{row.method:<16} {row.prompt:<28} {row.upload:>3}  {row.success} {row.collateral}",
                flush=True,
            )
    rows = comparison.read_rows(options.out / "rows.jsonl")
    if options.document:
        document.write(
            rows, options.out, options.document, "python -m editor evaluate " + " ".join(_said(options))
        )
    return {
        "bundle": name,
        "methods": [dataclasses.asdict(found) for found in summary.summaries(summary.comparable(rows))],
    }


def qualities(options: argparse.Namespace) -> dict[str, Any]:
    """Measure the qualities of inversion side by side."""
    from editor.lab.evaluation import comparison, inversions
    from editor.lab.evaluation.classifier_metrics import Wish
    from editor.lab.training import attribute_classifier as judging
    from editor.lab.training import domains, record

    engine, name, folders = _engine(options.bundle, options.channels_only)
    domain = domains.of_bundle(folders[name])
    judge, scored = judging.load(folders[name]), tuple(record.read(folders[name])["judge"]["scored"])
    text = (options.wishes or comparison.WISHES).read_text(encoding="utf-8")
    asked = [Wish.of(json.loads(line), domain.attributes) for line in text.splitlines() if line.strip()]

    def tell(row: dict[str, Any]) -> None:
        print(row, file=sys.stderr, flush=True)

    rows = inversions.compare(
        domain, engine, name, judge, scored, asked, options.portraits, options.seed, tell
    )
    if not options.json:
        print(inversions.table(rows))
    return {"bundle": name, "qualities": rows}


def _said(options: argparse.Namespace) -> list[str]:
    """The command's options, to be repeated in what it makes."""
    words = [
        "--compare",
        f"--portraits {options.portraits}",
        f"--each {options.each}",
        f"--searched {options.searched}",
        f"--seed {options.seed}",
    ]
    words += [f"--wishes {options.wishes.name}"] if options.wishes else []
    return [*words, f"--out runs/{options.out.name}", f"--document docs/{options.document.name}"]


def _line(row: dict[str, Any]) -> str:
    if row["success"] is None:
        return f"{row['prompt']:<28} no portrait to try it on"
    mark = "" if row["scored"] else "  (not scored)"
    starts = "".join(f" {name} {hits}/{count}" for name, (hits, count) in row.get("by_start", {}).items())
    return (
        f"{row['prompt']:<28} success {row['success']:6.1%}  collateral {row['collateral']:.2f}  grows {row['grows']:6.1%}  "
        f"{row['methods']} {row['moved_along']}{starts}{mark}"
    )


def main(argv: Sequence[str]) -> int:
    """Measure and print; 2 for a usage error or where the drawing library is missing."""
    options = arguments().parse_args(argv)
    try:
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
        if options.compare and options.out is None:
            raise ValueError("--compare needs --out, a folder for what is measured")
        work = qualities if options.qualities else compare if options.compare else run
        report = work(options)
    except ModuleNotFoundError as error:
        print(
            f"Evaluation draws portraits and needs more packages ({error.name}): pip install '.[train]'",
            file=sys.stderr,
        )
        return 2
    except (EditorError, ValueError, KeyError, OSError) as error:
        print(f"This cannot be measured: {error}", file=sys.stderr)
        return 2
    if options.out:
        (options.out / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(report))
    else:
        print(
            {
                key: value
                for key, value in report.items()
                if key not in ("wishes", "scored", "methods", "qualities")
            }
        )
    return 0
