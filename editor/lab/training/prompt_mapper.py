"""``python -m editor train mapper --prompt TEXT``: train a mapper for one prompt, as an editor's job does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from editor.api.protocol import PictureData, TrainMapperRequest, TrainMapperResult
from editor.editing.engine import Engine
from editor.serving.bundle_commands import Device
from editor.serving.commands import DATA_HELP, Folders
from editor.serving.settings import Settings

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Prompt = Annotated[str, typer.Option(help="What pictures become: 'a mohawk'.")]
Neutral = Annotated[str | None, typer.Option(help="Text to contrast it with. Default: the bundle's own.")]
BundleName = Annotated[str | None, typer.Option(help="An installed bundle. Default: the first one.")]
Levels = Annotated[str, typer.Option(help="Levels of W+ it may move. Without fine, colours stay.")]
Minutes = Annotated[float, typer.Option(help="Training time.")]
Seed = Annotated[int, typer.Option(help="Seed of the training pictures.")]

Data = Annotated[Path | None, typer.Option(help=DATA_HELP)]


@app.command()
def train(
    prompt: Prompt,
    neutral: Neutral = None,
    bundle: BundleName = None,
    levels: Levels = "coarse,medium,fine",
    minutes: Minutes = 3.0,
    seed: Seed = 0,
    bundles: Folders = None,
    data: Data = None,
    device: Device = None,
) -> int:
    """Train a mapper for one prompt.

    Later edits with the same meaning use it where it measures best. A running editor loads it at its next
    start, or trains it itself as a job. The exit status is 1 if the mapper is not worth keeping.
    """
    chosen = tuple(filter(None, levels.split(",")))
    try:
        request = TrainMapperRequest(
            bundle=bundle, prompt=prompt, neutral=neutral, seed=seed, levels=chosen, minutes=minutes
        )
    except ValueError as error:
        print(f"This cannot be trained: {error}", file=sys.stderr)
        return 2
    engine = Engine.load(bundles or [], device, data or Settings.read().data_dir)
    with tqdm(total=int(60 * minutes), unit="s", desc="mapper") as bar:

        def report(stage: str, step: int, total: int, preview: PictureData | None) -> None:
            bar.update(step - bar.n)

        result = engine.run(request, report, lambda: False)
    assert isinstance(result, TrainMapperResult)
    print(result.model_dump_json())
    return 0 if result.kept else 1
