"""``python -m editor train mapper --prompt TEXT``: train a mapper for one prompt, as an editor's job does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from editor.api.errors import EditorError
from editor.api.protocol import PictureData, TrainMapperRequest, TrainMapperResult
from editor.editing.engine import Engine
from editor.networks.styleclip_mapper import LEVELS
from editor.serving.settings import Settings


def arguments() -> argparse.ArgumentParser:
    """Return the command's parser."""
    parser = argparse.ArgumentParser(
        prog="python -m editor train mapper --prompt TEXT",
        description="Train a mapper for one prompt. Later edits with the same meaning use it where it "
        "measures best. A running editor loads it at its next start, or trains it itself as a "
        "job.",
    )
    add = parser.add_argument
    add("--prompt", required=True, help="what pictures become: 'a mohawk'")
    add("--neutral", help="the text it is contrasted with (default: the bundle's neutral texts)")
    add("--bundle", help="name of an installed bundle (default: the first one)")
    add(
        "--levels",
        default=",".join(LEVELS),
        help="W+ levels it may move: %(default)s; without fine, colours stay",
    )
    add("--minutes", type=float, default=3.0, help="training time")
    add("--seed", type=int, default=0, help="seed of the training pictures")
    add("--bundles", type=Path, action="append", default=[], metavar="DIR", help="folder of more bundles")
    add("--data", type=Path, help="folder that keeps it (default: DATA_DIR, else 'data')")
    add("--device", choices=["cpu", "cuda"], help="default: cuda if there is a GPU, else cpu")
    return parser


def main(argv: Sequence[str]) -> int:
    """Train in this process; return 1 if the mapper is not worth keeping, 2 for a usage error."""
    options = arguments().parse_args(argv)
    try:
        request = TrainMapperRequest(
            bundle=options.bundle,
            prompt=options.prompt,
            neutral=options.neutral,
            seed=options.seed,
            levels=tuple(filter(None, options.levels.split(","))),
            minutes=options.minutes,
        )
        engine = Engine.load(options.bundles, options.device, options.data or Settings.read().data_dir)
        with tqdm(total=int(60 * options.minutes), unit="s", desc="mapper") as bar:

            def report(stage: str, step: int, total: int, preview: PictureData | None) -> None:
                bar.update(step - bar.n)

            result = engine.run(request, report, lambda: False)
    except (EditorError, ValueError) as error:
        print(f"This cannot be trained: {error}", file=sys.stderr)
        return 2
    assert isinstance(result, TrainMapperResult)
    print(result.model_dump_json())
    return 0 if result.kept else 1
