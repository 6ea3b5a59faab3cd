"""The report of ``python -m editor load`` as a document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from editor.lab.benchmarks.load_test import MIX
from editor.lab.benchmarks.timing import machine

TARGET = 5.0
"""Times its unloaded median, for each core, that a follow-up may take at the 95th percentile."""
HEAD = """# Many users at once

Made on {date} by

    python -m editor load {picture} --bundle {bundle} --users {users} --seconds {asking:g} --pause {pause:g} --to docs/load.md

on {processor}, {cores} cores, {threads} threads, {gpu}, Python {python}, PyTorch {torch}.
{users} users ask again {pause:g} s on average after each answer, for {asking:g} s: 80 % follow-ups, 15 % new pictures, 5 % wishes
by optimization. Milliseconds by the clock, from the question to the answer.

| kind | asked | done | p50 | p95 |
| --- | --- | --- | --- | --- |
"""
LINE = "| {kind} | {asked} | {done} | {p50} | {p95} |\n"
FOUND = """
* A follow-up alone, just before: p50 {alone[p50]}, p95 {alone[p95]} ms. Under load its p95 is {times} times that p50, {each:.1f}
  times for each core (target {target:g}: {met}).
* Optimization did {steps} steps a second.
* A user was served twice while another waited {twice} times (target 0).
"""
NOTES = """
Follow-ups go first, and what is slow lets them go between its steps, which are short: trials and the pictures that a place is found
in are drawn four at a time (of 128 pixels), the bundles read a new picture one after the other, and a search steps aside before its
way back as well as after it. New pictures and searches are what waits where there are too few cores.

How many turns may pass over a lower job that waits (`editor/device/scheduler.py`), the same load one after the other on 28 November 2026: 3
gives p95 353 ms, new pictures 9 s, 1.07 steps a second; 4, which is taken, 267 ms, 13 s, 0.74; 6, as it was before, 334 ms, 21 s,
0.47.

## Batches

Rows of several users are gathered into one batch where `EDITOR_BATCH` says so (`editor/device/batching.py`; 1 when empty): a job that
is about to draw lets all go before it that are ready, and whoever is first at the device again draws for all. On a CPU it does
not pay: drawing 2, 4 or 8 pictures of `avatar` in one go took 10.8, 9.2 to 12.4 and 11.2 to 11.8 ms for each, one by one 12.6
to 15.6 (two rounds on two cores; on one 17.3 to 18.7, 16.3 to 16.8 and 15.6 to 16.6 for 18.6 to 20), a tenth of what a
follow-up takes at best, and a request would no longer always give the same bytes: rows of a batch differ in the fifth decimal
from those drawn alone, which is a level of 255 at most. On a GPU it should; there several follow-ups and edits are under way at
a time in any case, and decoding, pasting and encoding go on beside the device. `bench --gpu` measures follow-ups of 32 people
at once with and without batches.
"""


def write(report: dict[str, Any], path: Path, picture: Path, bundle: str, asking: float) -> None:
    """Markdown at ``path``; ``asking``: seconds for which users kept asking."""
    about = machine(report["threads"])
    text = HEAD.format(
        **about | {"gpu": about["gpu"] or "no GPU"},
        picture=picture,
        bundle=bundle,
        users=report["users"],
        pause=report["pause"],
        asking=asking,
    )
    for kind in MIX:
        text += LINE.format(**{"p50": "", "p95": ""} | report[kind], kind=kind)
    times = report["p95_per_unloaded_p50"]
    if times is not None:
        each = times / report["cores"]
        text += FOUND.format(
            alone=report["follow_up_alone"],
            times=times,
            each=each,
            target=TARGET,
            met="met" if each <= TARGET else "missed",
            steps=report["optimization"]["steps_a_second"],
            twice=report["served_twice_while_another_waits"],
        )
    path.write_text(text + NOTES, encoding="utf-8")
