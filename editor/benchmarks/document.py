"""The report as a document, with plots of how cost grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

HEAD = """# How fast it is

Made on {date} by

    python -m editor bench PICTURE --bundle {bundle} --resolutions {sides} --growth --to docs/performance.md \\
      --against stylegan2-ada-pytorch stylegan2-pytorch    # checkouts of the published repositories

on {processor}, {cores} cores, {threads} threads, {gpu}, Python {python}, PyTorch {torch}. When it began, {load}
processes wanted a processor on average. Ratios are of processor milliseconds (of all threads together), the median over
alternating rounds. Other work on the machine disturbs these too: figures that fall where they should rise show by how much.
"""
CONVERSATION = """
## A conversation

Bundle `{bundle}`, a picture of {width} × {height} pixels, inside the editor, milliseconds by the clock:

| step | p50 | p95 | target p50 |
| --- | --- | --- | --- |
| picture made editable, with refinement | {invert} | | |
| first wish, searched for and measured | {first[p50]} | {first[p95]} | 400 |
| follow-up | {later[p50]} | {later[p95]} | 60 |

The process had {peak_mb} MB at most.
"""
STARTUP = """From its start to its first job the editor process takes {ready_s} s (target 6 s); waiting, it holds {idle_mb} MB.
"""
AGAINST = """
## Beside published code

The same random weights in FFHQ's layout, single precision, one picture. "Step" is the generator's share of an optimization step,
forward and backward, for a loss that sees 224 pixels; ours synthesises only as far as the loss needs.

| code | side | largest difference | synthesis: theirs | ours | ratio | step: theirs | ours | ratio |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""
GROWTH = """
## How cost grows

Processor milliseconds, but for users: microseconds that one job costs the queue on its way through.

| with | at: cost |
| --- | --- |
"""


def write(report: dict[str, Any], path: Path) -> None:
    """Markdown at ``path``, plots in a folder of its name beside it."""
    machine, talk = report["machine"], report["conversation"]
    sides = " ".join(str(side) for side in sorted({row["resolution"] for row in report["against"]})) or "256"
    text = HEAD.format(**machine | {"gpu": machine["gpu"] or "no GPU"}, sides=sides, bundle=talk["bundle"])
    text += CONVERSATION.format(**talk, width=talk["picture"][0], height=talk["picture"][1], first=talk["first_edit"],
                                later=talk["follow_up"])  # fmt: skip
    if "startup" in report:
        text += STARTUP.format(**report["startup"])
    text += AGAINST + "".join(_row(row) for row in report["against"])
    if "growth" in report:
        text += GROWTH + "".join(f"| {name} | {_pairs(pairs)} |\n" for name, pairs in report["growth"].items())
        text += "\n![How cost grows](performance/growth.png)\n"
        _plot(report["growth"], path.with_suffix("") / "growth.png")
    path.write_text(text, encoding="utf-8")


def _row(row: dict[str, Any]) -> str:
    cells = [row["name"], str(row["resolution"]), f"{row['largest_difference']:.1e}"]
    for part in ("synthesis", "optimization_step"):
        cells += [f"{row[part][who]['processor_ms']:.0f} ms" for who in ("theirs", "ours")] + [f"**{row[part]['ratio']} ×**"]
    return f"| {' | '.join(cells)} |\n"


def _pairs(pairs: list[list[float]]) -> str:
    return ", ".join(f"{at:g}: {cost:.3g}" for at, cost in pairs)


def _plot(growth: dict[str, list[list[float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, panels = pyplot.subplots(1, len(growth), figsize=(3.2 * len(growth), 2.8), layout="constrained")
    for panel, (name, pairs) in zip(panels, growth.items(), strict=True):
        panel.loglog([at for at, _ in pairs], [cost for _, cost in pairs], "o-")
        panel.set(title=name, ylabel="µs" if name == "users" else "ms")
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
