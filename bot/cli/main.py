"""The commands of ``python -m bot``. Each imports what it needs when it runs, so that ``--help`` is quick."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from editor.api.protocol import Quality

if TYPE_CHECKING:
    from bot.lab.evaluation import Score
    from storage.transfer import Proof

HELD = Path(__file__).parents[2] / "tests" / "bot" / "language" / "held"

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
    from bot.cli.trial import Trial, hold, parse_box, read_picture
    from bot.settings import load

    try:
        square = parse_box(box) if box is not None else None
    except ValueError:
        raise typer.BadParameter(f"a square is three numbers, as in 120,40,600; not '{box}'") from None
    with _known_errors_told():
        trial = Trial(read_picture(picture), text, out, quality, square, compare, json)
        out.mkdir(parents=True, exist_ok=True)
        status = asyncio.run(hold(trial, load()))
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
    if (text is None) == (batch is None):
        raise typer.BadParameter("give either a text or --batch")
    if text is not None:
        print(_actions_as_json(text, after or ()))
        return
    assert batch is not None
    try:
        for line in filter(str.strip, batch.read_text(encoding="utf-8").splitlines()):
            case = json.loads(line)
            print(_actions_as_json(str(case["text"]), case.get("after", ())))
    except (OSError, ValueError, KeyError, TypeError) as error:
        _fail(f"{batch} cannot be read: {error}")


def _actions_as_json(text: str, after: Sequence[str]) -> str:
    """Return ``{"actions": [...]}`` for a sentence, given the prompts in force, oldest first."""
    from bot.conversation.replies import in_words
    from bot.language.actions import to_json
    from bot.language.reader import read
    from bot.locales import locale_of

    actions = [to_json(in_words(locale_of(text), action)) for action in read(text, after)]
    return json.dumps({"actions": actions}, ensure_ascii=False)


@app.command()
def evaluate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Default: the held-out evaluation files.")
    ] = None,
    misses: Annotated[bool, typer.Option("--misses", help="Print each line that was read wrong.")] = False,
) -> None:
    """Score how sentences of files are understood, by kind."""
    from bot.lab.evaluation import confusion, total
    from bot.lab.evaluation import evaluate as score

    try:
        scores = score(files or sorted(HELD.glob("*.jsonl")))
    except (OSError, ValueError, KeyError) as error:
        _fail(f"The files cannot be read: {error}")
    print(f"{'kind':36} {'right':>13} {'wrong way':>10} {'changed':>8} {'asked':>6}")
    for kind, found in sorted(scores.items()):
        _print_score(kind, found)
    _print_score("all", total(scores.values()))
    for (expected, got), number in confusion(scores).most_common(12):
        print(f"expected {expected}, read {got}: {number}")
    for found in scores.values() if misses else ():
        for case, actions in found.misses:
            print(json.dumps({**case, "read": actions}, ensure_ascii=False))


def _print_score(kind: str, score: Score) -> None:
    share = f"{score.right}/{score.lines} {100 * score.right / max(1, score.lines):.0f}%"
    print(f"{kind:36} {share:>13} {score.wrong_way:>10} {score.changed:>8} {score.asked:>6}")


@app.command()
def train_reader(
    steps: Annotated[int | None, typer.Option(help="Training steps.")] = None,
    rate: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sentences and the weights.")] = 1,
    further: Annotated[bool, typer.Option("--further", help="Continue from the stored model.")] = False,
) -> None:
    """Train the sentence reader on bot/language/examples; needs the 'train' extra."""
    from bot.lab.train import Settings, train

    options: dict[str, Any] = {"steps": steps, "rate": rate}
    given = {name: value for name, value in options.items() if value is not None}
    print(json.dumps(train(Settings(seed=seed, further=further, **given)), indent=2))


@app.command()
def backup(to: Annotated[Path, typer.Argument(help="The folder to make.")]) -> None:
    """Copy history and pictures into a new folder, also while the bot runs.

    To restore, stop the bot and put the folder in the place of DATA_DIR.
    """
    from bot.app.backup import back_up_installation
    from bot.settings import load

    with _known_errors_told():
        made = back_up_installation(load(), to)
    print(f"{made.folder}: the history and {made.pictures} pictures")
    if made.missing:
        _fail(f"{made.missing} pictures that the history names are not on the disk.", 1)


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
    with _known_errors_told():
        proof = asyncio.run(_move(to, blobs))
    print(f"{'table':14} {'rows':>9}  {'content':16}  at the target")
    for name, held in proof.source.items():
        found = proof.target[name]
        same = "the same" if found == held else f"DIFFERENT: {found.rows} rows, {found.digest[:16]}"
        print(f"{name:14} {held.rows:>9}  {held.digest[:16]}  {same}")
    print(f"{proof.pictures} pictures were read back, each with the hash it is named by")
    for user, name in proof.lost:
        print(f"picture {name} of user {user} was already missing or damaged at the source")
    if not proof.complete:
        _fail("The target does not hold the same: do not use it.", 1)
    print(f"Set DATABASE_URL{' and BLOBS_URL' if blobs else ''} to the target, and start the bot.")
    raise typer.Exit(int(bool(proof.lost)))


async def _move(to: str, where: str | None) -> Proof:
    from bot.settings import load
    from storage.database import Database
    from storage.transfer import move

    settings = load()
    old = settings.blobs
    new = settings.model_copy(update={"blobs_url": where}).blobs if where is not None else old
    source, target = Database(settings.database), Database(to)
    try:
        return await move(source, old, target, new, told=print)
    finally:
        await source.close()
        await target.close()


@contextmanager
def _known_errors_told() -> Iterator[None]:
    """End the command with a sentence and status 2 if a known error is raised in the block."""
    from bot.app.run import KNOWN_ERRORS
    from bot.errors import sentence_for_terminal

    try:
        yield
    except KNOWN_ERRORS as error:
        _fail(sentence_for_terminal(error))


def _fail(sentence: str, status: int = 2) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise typer.Exit(status)
