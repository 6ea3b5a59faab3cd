"""``python -m bot move``: an installation to another database, and to another store of pictures, with proof."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from bot.cli.errors import complaint
from bot.errors import BotError
from bot.settings import load
from storage.blobs import Blobs
from storage.database import Database
from storage.errors import StorageError
from storage.transfer import Proof, move

EPILOG = """Stop the bot first: what it would be asked meanwhile cannot be kept. Nothing at the source is changed or deleted.
The target has to be empty. A move that was broken off goes on where it was when the same command is given again.
In the end every table is compared, by its number of rows and by a digest of all that they hold, and every picture is
read back and compared with its hash. Status 0: all of it is there. 1: not all, and what is missing is named.
2: it could not be moved.

examples:
  python -m bot move --to postgresql://bot@db.internal/bot
  python -m bot move --to postgresql://bot@db.internal/bot --blobs s3://pictures/bot
  DATABASE_URL=postgresql://bot@db/bot python -m bot move --to sqlite:////srv/copy/history.sqlite --blobs /srv/copy/pictures

Passwords may stay out of the command line: PostgreSQL's own ~/.pgpass and PGPASSWORD are heeded, and for S3 the AWS_ settings."""


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bot move",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Move history and pictures from DATABASE_URL and BLOBS_URL (or DATA_DIR) to another database and store.",
    )
    parser.add_argument("--to", required=True, metavar="URL", help="the database to move to")
    parser.add_argument(
        "--blobs",
        metavar="URL",
        help="where the pictures are to go, a folder or s3://...; they stay when left out",
    )
    return parser


def report(proof: Proof) -> str:
    """The proof as a table."""
    lines = [f"{'table':14} {'rows':>9}  {'content':16}  at the target"]
    for name, held in proof.source.items():
        found = proof.target[name]
        same = "the same" if found == held else f"DIFFERENT: {found.rows} rows, {found.digest[:16]}"
        lines.append(f"{name:14} {held.rows:>9}  {held.digest[:16]}  {same}")
    lines.append(f"{proof.pictures} pictures were read back, each with the hash it is named by")
    lines += [
        f"picture {name} of user {user} was missing or damaged at the source already"
        for user, name in proof.lost
    ]
    return "\n".join(lines)


async def _move(to: str, where: str | None) -> Proof:
    settings = load()
    blobs = settings.blobs
    new: Blobs = settings.model_copy(update={"blobs_url": where}).blobs if where is not None else blobs
    source, target = Database(settings.database), Database(to)
    try:
        return await move(source, blobs, target, new, told=print)
    finally:
        await source.close()
        await target.close()


def main(argv: Sequence[str]) -> int:
    """Move; 0 where everything is at the target, 1 where it is not, 2 where it could not be done."""
    options = arguments().parse_args(argv)
    try:
        proof = asyncio.run(_move(options.to, options.blobs))
    except (BotError, StorageError, OSError) as error:
        print(complaint(error), file=sys.stderr)
        return 2
    print(report(proof))
    if not proof.complete:
        print("The target does not hold the same: do not use it.", file=sys.stderr)
        return 1
    print(
        f"Set DATABASE_URL{' and BLOBS_URL' if options.blobs else ''} to what was moved to, and start the bot."
    )
    return int(bool(proof.lost))
