"""``python -m editor parity``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from editor.lab.commands import Json, print_report
from editor.lab.parity.cases import CASES, REPOSITORIES

Published = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Run the published code there; some needs scipy.")
]
Large = Annotated[bool, typer.Option("--large", help="Also the full-size networks (minutes, 8 GB).")]
Only = Annotated[str, typer.Option(metavar="WORDS", help="Only the cases whose names contain these words.")]
Store = Annotated[
    bool, typer.Option("--store", help="With --published: store the results for later runs without it.")
]
FOLDERS = "Folders that --published needs, and the GitHub repositories they are copies of: " + ", ".join(
    f"{folder} ({where})" for folder, where in REPOSITORIES.items()
)


def parity(
    published: Published = None,
    large: Large = False,
    only: Only = "",
    store: Store = False,
    as_json: Json = False,
) -> int:
    """Compare our networks with the published ones on the same random weights.

    Exit status 1: a difference is larger than allowed.
    """
    from editor.lab.parity.comparison import compare

    found = []
    for case in CASES:
        if only in case.name and (large or not case.large):
            found.append(compare(case, published, store))
            print(f"{case.name}: {found[-1]}", file=sys.stderr, flush=True)
    rows = [
        {"fits": "ok" if one.fits else "OFF", "case": one.case.name, "differences": str(one)} for one in found
    ]
    print_report({"cases": [one.as_dict() for one in found] if as_json else rows}, as_json)
    return 0 if all(one.fits for one in found) else 1
