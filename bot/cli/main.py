"""The commands of ``python -m bot``. Each imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from editor.api.protocol import Quality

app = typer.Typer(add_completion=False, no_args_is_help=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Edit pictures by talking. Without a command: run."""
    if context.invoked_subcommand is None:
        run()


@app.command()
def run() -> None:
    """Serve the local web chat and, with DISCORD_TOKEN set, the Discord bot.

    Settings come from the environment or .env; .env.example explains them.
    """
    from bot.app.run import run as serve

    raise typer.Exit(serve())


@app.command("try")
def try_(
    picture: Annotated[str, typer.Argument(help="A picture file, or sample:N for one of the samples.")],
    text: Annotated[list[str], typer.Argument(help="Messages, one after the other.")],
    compare: Annotated[
        bool, typer.Option("--compare", help="Make the last change with every method, to compare them.")
    ] = False,
    quality: Annotated[
        Quality | None, typer.Option(help="How closely the picture is inverted (default: QUALITY).")
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(
            metavar="LEFT,TOP,SIDE",
            help="Square of the picture to edit, in pixels, instead of looking for a face: "
            "for portraits the whole head with some room around.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the pictures.")] = Path("out"),
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each message.")] = False,
) -> None:
    """Edit a picture by a conversation, without Discord or a browser. The first text comes with the picture.

    Example: python -m bot try sample:1 "pink hair" "now less" "add glasses" "undo" --out results
    """
    from bot.app.run import KNOWN_ERRORS
    from bot.cli.trial import Trial, hold, parse_box, read_picture
    from bot.settings import load

    try:
        square = parse_box(box) if box is not None else None
    except ValueError:
        raise typer.BadParameter(f"a square is three numbers, as in 120,40,600; not '{box}'") from None
    try:
        trial = Trial(read_picture(picture), text, out, quality, square, compare, json)
        out.mkdir(parents=True, exist_ok=True)
        status = asyncio.run(hold(trial, load()))
    except KNOWN_ERRORS as error:
        raise _refusal(error) from None
    raise typer.Exit(status)


@app.command()
def parse(
    text: Annotated[str | None, typer.Argument(help="A sentence.")] = None,
    after: Annotated[
        list[str] | None, typer.Option(metavar="PROMPT", help="An adjustment in force, oldest first.")
    ] = None,
    batch: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.jsonl", help='Read lines of {"text": ..., "after": [...]} from a file instead.'
        ),
    ] = None,
) -> None:
    """Print how a sentence is understood, as JSON."""
    from bot.cli.parse import parse_file, parse_to_json

    if (text is None) == (batch is None):
        raise typer.BadParameter("give either a text or --batch")
    if text is not None:
        print(parse_to_json(text, after or ()))
        return
    assert batch is not None
    try:
        for line in parse_file(batch):
            print(line)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{batch} cannot be read: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


@app.command()
def evaluate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Default: the held-out evaluation files.")
    ] = None,
    misses: Annotated[bool, typer.Option("--misses", help="Print each line that was read wrong.")] = False,
) -> None:
    """Score how sentences of files are understood, by kind."""
    from bot.cli.evaluate import HELD, report

    try:
        for line in report(files or sorted(HELD.glob("*.jsonl")), misses):
            print(line)
    except (OSError, ValueError, KeyError) as error:
        print(f"The files cannot be read: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


@app.command()
def train_reader(
    steps: Annotated[int | None, typer.Option(help="Training steps.")] = None,
    rate: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sentences and the weights.")] = 1,
) -> None:
    """Train the sentence reader on bot/language/examples, with the 'train' extra; stopped, it goes on."""
    import json

    from bot.lab.train import Settings, train

    given: dict[str, Any] = {
        name: value for name, value in (("steps", steps), ("rate", rate)) if value is not None
    }
    print(json.dumps(train(Settings(seed=seed, **given)), indent=2))


@app.command()
def backup(to: Annotated[Path, typer.Argument(help="The folder to make.")]) -> None:
    """Copy history and pictures into a new folder, also while the bot runs.

    To restore, stop the bot and put the folder in the place of DATA_DIR.
    """
    from bot.app.backup import back_up_installation
    from bot.app.run import KNOWN_ERRORS
    from bot.settings import load

    try:
        made = back_up_installation(load(), to)
    except KNOWN_ERRORS as error:
        raise _refusal(error) from None
    print(f"{made.folder}: the history and {made.pictures} pictures")
    if made.missing:
        print(f"{made.missing} pictures that the history names are not on the disk.", file=sys.stderr)
        raise typer.Exit(1)


@app.command()
def move(
    to: Annotated[str, typer.Option(metavar="URL", help="The database to move to.")],
    blobs: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Folder or s3://... for the pictures; without it they stay in their place."
        ),
    ] = None,
) -> None:
    """Move history and pictures to another database and store, with proof that all is there.

    Stop the bot first: requests that arrive meanwhile are lost. Nothing at the source is changed or deleted.
    The target has to be empty. An interrupted move continues when the same command is given again.

    At the end every table is compared by its number of rows and a digest of its content, and every picture is
    read back and compared with its hash. Exit status 0: everything is there. 1: something is missing, and is
    named. 2: the move failed.

    Passwords may stay out of the command line: PostgreSQL's ~/.pgpass and PGPASSWORD are used, and the AWS_
    settings for S3.

    Examples: python -m bot move --to postgresql://bot@db.internal/bot --blobs s3://pictures/bot, and
    DATABASE_URL=postgresql://bot@db/bot python -m bot move --to sqlite:////srv/copy/history.sqlite --blobs
    /srv/copy/pictures
    """
    from bot.app.run import KNOWN_ERRORS
    from bot.cli.move import move_installation, report

    try:
        proof = asyncio.run(move_installation(to, blobs))
    except KNOWN_ERRORS as error:
        raise _refusal(error) from None
    print(report(proof))
    if not proof.complete:
        print("The target does not hold the same: do not use it.", file=sys.stderr)
        raise typer.Exit(1)
    print(f"Set DATABASE_URL{' and BLOBS_URL' if blobs else ''} to the target, and start the bot.")
    raise typer.Exit(int(bool(proof.lost)))


def _refusal(error: BaseException) -> typer.Exit:
    from bot.app.terminal import sentence_of

    print(sentence_of(error), file=sys.stderr)
    return typer.Exit(2)
