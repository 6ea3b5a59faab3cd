"""Move an installation to another database and another store of pictures, and prove that all is there."""

from __future__ import annotations

from bot.settings import load
from storage.blobs import Blobs
from storage.database import Database
from storage.transfer import Proof, move


async def move_installation(to: str, where: str | None) -> Proof:
    """Move to the database ``to`` and, if given, the store of pictures ``where``."""
    settings = load()
    blobs = settings.blobs
    new: Blobs = settings.model_copy(update={"blobs_url": where}).blobs if where is not None else blobs
    source, target = Database(settings.database), Database(to)
    try:
        return await move(source, blobs, target, new, told=print)
    finally:
        await source.close()
        await target.close()


def report(proof: Proof) -> str:
    """Format the proof as a table."""
    lines = [f"{'table':14} {'rows':>9}  {'content':16}  at the target"]
    for name, held in proof.source.items():
        found = proof.target[name]
        same = "the same" if found == held else f"DIFFERENT: {found.rows} rows, {found.digest[:16]}"
        lines.append(f"{name:14} {held.rows:>9}  {held.digest[:16]}  {same}")
    lines.append(f"{proof.pictures} pictures were read back, each with the hash it is named by")
    lines += [
        f"picture {name} of user {user} was already missing or damaged at the source"
        for user, name in proof.lost
    ]
    return "\n".join(lines)
