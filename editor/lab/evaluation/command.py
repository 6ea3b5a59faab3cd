"""``python -m editor evaluate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from editor.api.protocol import MethodName
from editor.lab.commands import Json, prepared, print_report

SEED = 1_000_919
"""Seed of the portraits that figures are reported on."""
EPILOG = (
    "A line of the --wishes file: prompt; attribute; direction (+1 or -1) or value; optionally may_change, "
    "and from (only portraits that show one of these values). An edit succeeds if at strength 1 the value is "
    "predicted, a scale moved by 0.25, or an amount crossed 0.5. Collateral is the number of other visible "
    "attributes that changed."
)


def _option(*names: str, help: str, metavar: str | None = None) -> Any:
    return typer.Option(*names, help=help, metavar=metavar)


Bundle = Annotated[str, _option(help="Name of an installed bundle, or its folder.")]
Wishes = Annotated[Path | None, _option(metavar="FILE", help="Test edits as JSON lines.")]
Out = Annotated[Path | None, _option(metavar="DIR", help="Folder for contact sheets and report.json.")]
Portraits = Annotated[int, _option(help="Unseen portraits for each edit.")]
Seed = Annotated[int, _option(help="Seed of the portraits; use another one to tune anything.")]
Method = Annotated[MethodName | None, _option(help="Use this method only.")]
Models = Annotated[bool, _option("--models", help="Generator PSNR and inversion figures (256 portraits).")]
SELECTION_HELP = "The bundles chosen for N unseen drawings of each installed bundle."
Selection = Annotated[int, _option("--model-selection", "--routes", metavar="N", help=SELECTION_HELP)]
REJECTION_HELP = "Outcome of impossible and of possible edits."
Rejection = Annotated[str, _option("--rejection", "--refusals", metavar="[FILE]", help=REJECTION_HELP)]
SEQUENTIAL_HELP = "Ten edits in a row on each portrait, then all undone. Default: unusual wordings."
Sequential = Annotated[str, _option("--sequential", "--in-a-row", metavar="[FILE]", help=SEQUENTIAL_HELP)]
COMPARE_HELP = "All methods on the same edits, row by row into --out; continues an interrupted comparison."
Compare = Annotated[bool, _option("--compare", help=COMPARE_HELP)]
Methods = Annotated[str, _option(help="With --compare: only these, separated by commas.")]
Each = Annotated[int, _option(help="With --compare: portraits of each edit.")]
Searched = Annotated[int, _option(help="With --compare: the same for methods that search every time.")]
LOOK_HELP = (
    "Write --portraits edits there to be graded by people (those of --wishes, by default everyday ones); or, "
    "if its grades*.csv are filled in, read them."
)
Look = Annotated[Path | None, _option(metavar="DIR", help=LOOK_HELP)]
QUALITIES_HELP = "The qualities of inversion side by side, on the edits of --compare or of --wishes."
Qualities = Annotated[bool, _option("--qualities", help=QUALITIES_HELP)]


def evaluate(
    bundle: Bundle = "avatar",
    wishes: Wishes = None,
    out: Out = None,
    portraits: Portraits = 64,
    seed: Seed = SEED,
    method: Method = None,
    models: Models = False,
    model_selection: Selection = 0,
    rejection: Rejection = "",
    sequential: Sequential = "",
    compare: Compare = False,
    methods: Methods = "",
    each: Each = 12,
    searched: Searched = 2,
    qualities: Qualities = False,
    look: Look = None,
    as_json: Json = False,
) -> int:
    """Measure a bundle: success and collateral change of edits on unseen portraits.

    They enter like any upload, and are judged by the bundle's frozen attribute classifier.
    """
    impossible = _file(rejection, "refusals.jsonl")
    in_a_row = _file(sequential, "wordings.jsonl")
    with prepared("measured"):
        from editor.lab.evaluation import report, uploads

        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        tested, folders = uploads.load(bundle, method)
        if look is not None:
            found = report.look_at(tested, look, wishes, portraits, seed)
        elif qualities:
            found = report.compare_qualities(tested, wishes, portraits, seed)
        else:
            edits = compare or wishes or impossible or in_a_row
            unseen = uploads.UploadSet.make(tested, portraits if edits else 1, seed)
            if compare:
                found = report.compare_methods(unseen, wishes, methods, (each, searched), out)
            else:
                found = report.measure_models(tested, folders, seed, models, model_selection)
                found |= report.measure_edits(unseen, seed, impossible, in_a_row, wishes, out)
        if out is not None:
            (out / "report.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print_report(found, as_json, hidden=("attribute", "scored", "portraits", "verdicts", "curve"))
    return 0


def _file(given: str, default: str) -> Path | None:
    """Return the file that an option names, the stored one for "default", or None without the option."""
    if given == "default":
        return Path(__file__).with_name(default)
    return Path(given) if given else None
