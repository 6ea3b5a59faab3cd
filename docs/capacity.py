"""What many members need: machines, storage and money, from measured figures and written assumptions.

    python docs/capacity.py measure --database URL --pictures PLACE    measure the storage, for capacity.toml
    python docs/capacity.py > docs/capacity.md                          the document, from capacity.toml

The database is to be an empty one that may be filled. Everything in capacity.toml that is not measured is an assumption: change it.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import platform
import resource
import statistics
import sys
import time
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

INPUTS = Path(__file__).with_name("capacity.toml")
DAY = 86400.0
Table = dict[str, Any]
Inputs = dict[str, Table]
Kind = TypeVar("Kind", "Load", "Figures", "Rules", "Prices")


@dataclass(frozen=True)
class Load:
    """Who asks for what."""

    servers: int
    members: int
    active_share: float
    """Of all members, those who ask for something on a day."""
    edits: float
    """That one of them makes on that day."""
    uploads: float
    """Pictures that one of them sends on that day."""
    searches: float
    """The share of edits that are found by optimization."""
    peak: float
    """The busiest minutes over the mean of the day."""
    retention_days: int


@dataclass(frozen=True)
class Figures:
    """What one of each takes. Seconds of a device, of a bot's core, of the database; bytes."""

    edit_device: float
    upload_device: float
    search_device: float
    bot_core: float
    write_wall: float
    write_tables: float
    edit_bytes: float
    upload_bytes: float
    picture_bytes: float
    is_core: bool = False
    """Its devices are cores."""


@dataclass(frozen=True)
class Prices:
    """In dollars: an hour of a machine with one device, of a core, a gigabyte a month, a million requests."""

    device_hour: float
    core_hour: float
    disk_month: float
    object_month: float
    million_writes: float


@dataclass(frozen=True)
class Rules:
    """How full things may be, and what the outside asks for."""

    busy: float
    """The share of its time that a device or core may be busy at the peak."""
    servers_of_shard: int
    shards_of_process: int
    spare_devices: int
    indexes: float
    """Tables with their indexes and what vacuum has not reused yet, over what is in them."""


@dataclass(frozen=True)
class Need:
    """What it takes."""

    edits_day: float
    edits_peak: float
    devices: int
    shards: int
    processes: int
    bot_cores: float
    writes_peak: float
    connections: int
    tables: float
    objects: float


def need(load: Load, figures: Figures, rules: Rules) -> Need:
    """The model: work at the peak over the capacity of one, storage as what is made in the days that it is kept."""
    active = load.members * load.active_share
    edits, uploads = active * load.edits, active * load.uploads
    device = edits * ((1 - load.searches) * figures.edit_device + load.searches * figures.search_device)
    device += uploads * figures.upload_device
    at_peak = load.peak / DAY
    shards = math.ceil(load.servers / rules.servers_of_shard)
    cores = (edits + uploads) * figures.bot_core * at_peak / rules.busy
    processes = max(math.ceil(shards / rules.shards_of_process), math.ceil(cores))
    tables = (
        load.retention_days * (edits * figures.edit_bytes + uploads * figures.upload_bytes) * rules.indexes
    )
    return Need(
        edits_day=edits,
        edits_peak=edits * at_peak,
        devices=math.ceil(device * at_peak / rules.busy) + rules.spare_devices,
        shards=shards,
        processes=processes,
        bot_cores=cores,
        writes_peak=(edits + uploads) * figures.write_tables * at_peak,
        connections=13 * processes,
        tables=tables,
        objects=load.retention_days * (edits + uploads) * figures.picture_bytes,
    )


def costs(load: Load, figures: Figures, found: Need, prices: Prices) -> dict[str, float]:
    """Dollars a day by what they are paid for."""
    gigabytes = 1e9 * 30
    uploads = load.members * load.active_share * load.uploads
    return {
        "devices": 24 * found.devices * (prices.core_hour if figures.is_core else prices.device_hour),
        "bots": 24 * max(1, math.ceil(found.bot_cores)) * prices.core_hour
        + 24 * found.processes * 0.25 * prices.core_hour,
        "database": 24 * 8 * prices.core_hour + found.tables * prices.disk_month / gigabytes,
        "pictures": found.objects * prices.object_month / gigabytes
        + (found.edits_day + uploads) * prices.million_writes / 1e6,
    }


# the document


def _of(kind: type[Kind], values: Table) -> Kind:
    return kind(**{one.name: values[one.name] for one in fields(kind) if one.name in values})  # type: ignore[arg-type]


def document(inputs: Inputs) -> str:
    """``capacity.md``."""
    load, rules, prices = (
        _of(Load, inputs["load"]),
        _of(Rules, inputs["rules"]),
        _of(Prices, inputs["prices"]),
    )
    figures = {name: _of(Figures, inputs["storage"] | inputs[name]) for name in inputs["document"]["domains"]}
    needs = {name: need(load, one, rules) for name, one in figures.items()}
    head = HEAD.format(servers=f"{load.servers:,}", members=f"{load.members:,}")
    return "\n".join(
        [
            head,
            _needs(load, figures, needs, prices, inputs),
            MEASURED,
            _inputs(inputs),
            LIMITS.format(**vars(next(iter(needs.values())))),
        ]
    )


def _needs(
    load: Load, figures: dict[str, Figures], needs: dict[str, Need], prices: Prices, inputs: Inputs
) -> str:
    names = [str(inputs[name]["title"]) for name in needs]
    rows = [
        ("edits a day", lambda n: f"{n.edits_day:,.0f}"),
        ("edits a second at the peak", lambda n: f"{n.edits_peak:.1f}"),
        ("devices, with the spare", lambda n: f"{n.devices}"),
        ("shards", lambda n: f"{n.shards}"),
        ("bot processes", lambda n: f"{n.processes}"),
        ("cores busy with the bots at the peak", lambda n: f"{n.bot_cores:.1f}"),
        ("writes of the database at the peak, seconds a second", lambda n: f"{n.writes_peak:.2f}"),
        ("connections to the database", lambda n: f"{n.connections}"),
        ("tables, GB", lambda n: f"{n.tables / 1e9:,.0f}"),
        ("pictures, GB", lambda n: f"{n.objects / 1e9:,.0f}"),
    ]
    lines = ["| | " + " | ".join(names) + " |", "| --- |" + " ---: |" * len(names)]
    lines += [
        f"| {label} | " + " | ".join(show(one) for one in needs.values()) + " |" for label, show in rows
    ]
    paid = [costs(load, figures[name], one, prices) for name, one in needs.items()]
    lines += [
        f"| dollars a day: {what} | " + " | ".join(f"{one[what]:,.0f}" for one in paid) + " |"
        for what in paid[0]
    ]
    lines.append(
        "| **dollars a day** | " + " | ".join(f"**{sum(one.values()):,.0f}**" for one in paid) + " |"
    )
    per = [1e3 * sum(one.values()) / found.edits_day for one, found in zip(paid, needs.values(), strict=True)]
    return "\n".join(
        [*lines, "| dollars for 1000 edits | " + " | ".join(f"{value:.2f}" for value in per) + " |"]
    )


def _inputs(inputs: Inputs) -> str:
    lines = ["| input | value | |", "| --- | ---: | --- |"]
    for table, values in inputs.items():
        notes = values.get("notes", {})
        for name, value in values.items():
            if name not in ("notes", "title", "domains", "is_core"):
                lines.append(f"| {table}.{name} | {value:,} | {notes.get(name, '')} |")  # type: ignore[union-attr]
    return "\n".join(lines)


HEAD = """# What many members need

For {servers} servers with {members} members together. This document is made by `python docs/capacity.py`; what goes in is in
[`capacity.toml`](capacity.toml), and to answer for other numbers is to change them there.
"""
MEASURED = """
Devices are sized so that at the busiest minutes none is busier than `rules.busy`, and one more is there to fail. Storage holds
what is made in `retention_days`; whoever keeps pictures for ten days needs a third of it.

## What went in

A value is an assumption where no source is named beside it.
"""
LIMITS = """
## Where this ends

* **The database** is one PostgreSQL server. {writes_peak:.2f} seconds of writing a second at the peak are spread over as many
  connections as it has cores; the figure is of writers that wait for each other only where they write about the same person.
* **Connections**: a bot process opens up to 13, so that all have {connections}. From eight processes on that is more than
  PostgreSQL's usual 100: set `max_connections`. A pooler may stand in between only if it keeps sessions (PgBouncer: `pool_mode =
  session`), as locks are held by them.
* **Discord** takes one new connection in five seconds, so that {shards} shards need as many times five seconds to come up. It
  lets very large bots (from 150,000 servers on) open several at once, which this bot does not make use of.
* **The bots** hold no tensors; their cores go into JSON, TLS and PNG. Prices are of machines that are always on: with
  autoscaling (docs/cluster.md) the devices' share falls to about the mean over the peak.
"""


# measuring


async def measured(url: str, pictures: str, people: int, edits: int, at_once: int) -> dict[str, float]:
    """Live through many small histories on a real database; returns what one edit and one upload cost.

    ``write_tables`` is the share of the wall clock, ``write_wall`` what one of ``at_once`` writers waits.
    """
    from storage.blobs import blobs_at
    from storage.history import History
    from storage.records import Adjustment, Array, NewSource, Picture

    random = os.urandom(20_000)
    latent, delta = Array("float16", (18, 512), random[:18432]), Array("float16", (9088,), random[:18176])
    recipe = {
        "prompt": "pink hair",
        "neutral": "hair",
        "strength": 1.0,
        "method": "direction",
        "threshold": 0.15,
        "keep": [],
    }
    spent: list[float] = []
    async with History.open(url, blobs_at(pictures)) as history:
        few, before = asyncio.Semaphore(at_once), await history.database.size()

        async def live(number: int) -> None:
            async with few:
                conversation = await history.conversation("capacity", str(number), "here", str(number % 50))
                first = Picture(os.urandom(2000), "image/png", 1024, 1024)
                edit = await history.add_source(
                    conversation.id,
                    NewSource(first, "ffhq", "f" * 64, latent, {"geometry": {}, "fidelity": {}}),
                )
                layers: list[Adjustment] = []
                for turn in range(edits):
                    layers = (
                        layers if turn % 3 else [*layers, Adjustment(recipe, _other(delta, number, turn))]
                    )
                    begun = time.perf_counter()
                    job = f"{number}-{turn}"
                    await history.jobs.begin(job, conversation.id, {"text": "pink hair", "base": edit.id})
                    picture = Picture(os.urandom(2000), "image/png", 1024, 1024)
                    edit = await history.record_edit(edit, "pink hair", layers, [], picture, job)
                    await history.link_message("capacity", job, edit.id, "here")
                    await history.jobs.finish(job)
                    spent.append(time.perf_counter() - begun)

        begun, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(live(number) for number in range(people)))
        wall, core = time.perf_counter() - begun, time.process_time() - cpu
        grown = await history.database.size() - before
    count, head = people * edits, 18432 + 1200
    return {
        "write_wall": round(statistics.median(spent), 5),
        "write_tables": round(wall / (count + people), 5),
        "bot_core_of_storage": round(core / (count + people), 5),
        "upload_bytes": head,
        "edit_bytes": round((grown - people * head) / count),
        "at_once": at_once,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _other(delta: object, number: int, turn: int) -> object:
    """A delta that nobody else has, of the same size."""
    from dataclasses import replace

    return replace(delta, data=f"{number} {turn} ".encode().ljust(32) + delta.data[32:])  # type: ignore[type-var, attr-defined]


def main() -> int:
    """Measure, or print the document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=["document", "measure"], default="document")
    parser.add_argument("--database", help="URL of an empty database")
    parser.add_argument("--pictures", help="folder or s3://... for the pictures")
    options = parser.parse_args()
    if options.what == "document":
        print(document(tomllib.loads(INPUTS.read_text())), end="")
        return 0
    found = asyncio.run(measured(options.database, options.pictures, people=60, edits=10, at_once=8))
    print(f"# {time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores")
    print(*(f"{name} = {value}" for name, value in found.items()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    sys.exit(main())
