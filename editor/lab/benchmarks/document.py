"""The report as a document, with plots of how cost grows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from editor.lab.benchmarks import loops

HEAD = """# How fast it is

Made on {date} by

    python -m editor bench --bundle {bundle} --resolutions {sides} --growth --loops --to docs/performance.md \\
      --against stylegan2-ada-pytorch stylegan2-pytorch StyleCLIP    # checkouts of the published repositories, CLIP beside them

on {processor}, {cores} cores, {threads} threads, {gpu}, Python {python}, PyTorch {torch}. When it began, {load}
processes wanted a processor on average: milliseconds by the clock are longer than on a machine that does nothing else, and
ratios are of processor milliseconds (of all threads together), the median over alternating rounds. Other work disturbs these too,
by a tenth or two: figures that fall where they should rise show by how much.
"""
CONVERSATION = """
## A conversation

Bundle `{bundle}`, a picture of {width} × {height} pixels, milliseconds. Those by the clock count what the machine did meanwhile for
others; those of the processors do not, and with both cores at hand the clock shows between half of them and all of them.

| step | p50 by the clock | p95 | processors | target p50 |
| --- | --- | --- | --- | --- |
| picture made editable, with refinement | {invert[p50]} | | {invert[processor]} | |
| first wish, searched for and measured | {first[p50]} | {first[p95]} | {first[processor]} | 400 |
| follow-up | {later[p50]} | {later[p95]} | {later[processor]} | 60 |
"""
TALK = """| follow-up by message ("now less", "more"), all of it | {follow_up[whole][p50]} | {follow_up[whole][p95]} | | |
| of that beside the editor's time | {follow_up[added][p50]} | {follow_up[added][p95]} | {follow_up[processor]} (bot alone) | 15 |
| "undo", "redo": no job of the editor | {move[whole][p50]} | {move[whole][p95]} | {move[processor]} (bot alone) | 15 |

The messages go through the bot's conversations to an editor process over HTTP, with the history in a SQLite file. What a message
reads and writes there is a dozen statements by keys; a way to the database's thread takes longer than any of them, so only what can
wait goes there: for other writers when a transaction begins, and for the disk when it ends.
"""
MEMORY = """
The process had {peak_mb} MB at most.
"""
STARTUP = """From its start to its first job the editor process takes {ready_s} s (target 6 s); waiting, it holds {idle_mb} MB.
"""
LOAD = """
How it fares with many users at once: [load.md](load.md).
"""
AGAINST = """
## Beside published code

The same random weights in FFHQ's layout, single precision unless said, one picture. Each code has a process of its own, the two
take turns: theirs runs as published, ours as the editor runs it, which keeps freed memory. The loss of an optimization sees 224
pixels, so ours synthesises only as far as that needs. The targets are for 1024 pixels, and are held against 256 too. The generator
of 256 pixels has half the maps of the larger one in NVIDIA's layout. Of a work whose round takes over 30 s there are two rounds
after the first, which never counts.

| code | side | work | theirs | ours | ratio | target | rounds |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""
MISSED = """
What is missed, and why:

- A synthesis: both codes spend most of it in the same library's convolutions, which run at about the processor's speed already.
  Ours does fewer multiplications where there are many maps (Winograd's filtering from 32 pixels and 128 maps on) and passes over
  the maps less often; where maps are few and large the transforms cost more than they save, and so they do for the layers that
  double the resolution. A generator of 256 pixels has few layers of the first kind.
- The picture of a follow-up alone: it is one synthesis in both codes, and nothing but a faster one makes it faster. What makes
  follow-ups of messages fast is that the text, the direction and the styles are kept, and that a large picture is seen at 256
  pixels on the way. Starting at the first layer that changed would save the layers before it (the growth with resolution below
  says how much: of 1024 pixels all up to 64 are a seventh, up to 128 a quarter, up to 256 half), against 130 MB of feature maps
  for each picture. It is not done, since there is nothing to save: of 48 wishes on the bundle `avatar` every direction moves the
  first layer, and of the published kind, which moves single channels only, 37 do and none begins after 16 pixels.
- A step of the optimizer at 256 pixels: there both draw the same size.
"""
GPU = """
Targets on a GPU were not measured: none was at hand. `python -m editor bench --gpu` measures them on one: edits of 1024 pixels one
by one and in batches, in each precision with its error, with and without a CUDA graph; a wish's optimization; a prompt's mapper;
directions, the published way and ours; and the bundle of cartoon portraits. `--device cuda` runs the table above (there ratios are
of time by the clock; the published code then uses its own operations in place of compiled ones).
"""
GROWTH = """
## How cost grows

Processor milliseconds, but for users: microseconds that one job costs the queue on its way through; and for the history: what
bot and storage add to a message after so many edits of one picture, milliseconds by the clock.

| with | at: cost |
| --- | --- |
"""


LOOPS = """
## Gain against time of the optimizer's loops

On the bundle itself, from the same picture: the published loop (one row, 300 steps) and ours (several rows at once, looked at in
views of their own, early end). In each cell logits of the wish gained, and after the stroke what changed beside it, in logits too:
a text is soon gained by changing everything. Seconds of the processors.

| wish | loop | seconds in all | {moments} | at the end |
| --- | --- | --- | {strokes} | --- |
"""


def _loops(curves: dict[str, Any], folder: Path) -> str:
    lines = LOOPS.format(
        moments=" | ".join(f"after {moment:g} s" for moment in loops.MOMENTS),
        strokes=" | ".join("---" for _ in loops.MOMENTS),
    )
    for row in loops.rows(curves):
        cells = [
            row["prompt"],
            row["loop"],
            f"{row['seconds']:.1f}",
            *(f"{gain:.1f} / {beside:.1f}" for gain, beside in row["then"]),
        ]
        lines += f"| {' | '.join(cells)} |\n"
    _plot_loops(curves, folder / "loops.png")
    return lines + "\n![Gain against time](performance/loops.png)\n"


def _plot_loops(curves: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, panels = pyplot.subplots(
        1, len(curves), figsize=(3.4 * len(curves), 2.8), layout="constrained", squeeze=False
    )
    for panel, (prompt, by_loop) in zip(panels[0], curves.items(), strict=True):
        for colour, (name, points) in zip(("tab:orange", "tab:blue"), by_loop.items(), strict=True):
            seconds, gains, besides = zip(*points, strict=True)
            panel.plot(seconds, gains, color=colour, label=f"{name}: gained")
            panel.plot(seconds, besides, color=colour, linestyle=":", label=f"{name}: beside")
        panel.set(title=prompt, xlabel="processor seconds", ylabel="logits")
    panels[0][0].legend(fontsize=7)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def write(report: dict[str, Any], path: Path) -> None:
    """Markdown at ``path``, plots in a folder of its name beside it."""
    machine, talk = report["machine"], report["conversation"]
    sides = " ".join(str(side) for side in sorted({row["resolution"] for row in report["against"]})) or "256"
    text = HEAD.format(**machine | {"gpu": machine["gpu"] or "no GPU"}, sides=sides, bundle=talk["bundle"])
    text += CONVERSATION.format(
        **talk,
        width=talk["picture"][0],
        height=talk["picture"][1],
        first=talk["first_edit"],
        later=talk["follow_up"],
    )
    if "talk" in report:
        text += TALK.format(**report["talk"])
    text += MEMORY.format(**talk)
    if "startup" in report:
        text += STARTUP.format(**report["startup"])
    text += LOAD + AGAINST + "".join(_line(one, row) for one in report["against"] for row in one["rows"])
    text += (
        "".join(_notes(one) for one in report["against"]) + ("\n" + MISSED if report["against"] else "") + GPU
    )
    if "loops" in report:
        text += _loops(report["loops"], path.with_suffix(""))
    if "growth" in report:
        text += GROWTH + "".join(
            f"| {name} | {_pairs(pairs)} |\n" for name, pairs in report["growth"].items()
        )
        text += "\n![How cost grows](performance/growth.png)\n"
        _plot(report["growth"], path.with_suffix("") / "growth.png")
    path.write_text(text, encoding="utf-8")


def _line(one: dict[str, Any], row: dict[str, Any]) -> str:
    target = row["target"]
    asked = "" if target is None else f"{target:g} ×" + ("" if row["ratio"] >= target else ", missed")
    times = [f"{row[who]['processor_ms']:.0f} ms" for who in ("theirs", "ours")]
    cells = [
        one["name"],
        str(one["resolution"]),
        row["work"],
        *times,
        f"**{row['ratio']} ×**",
        asked,
        str(row["rounds"]),
    ]
    return f"| {' | '.join(cells)} |\n"


def _notes(one: dict[str, Any]) -> str:
    notes = "".join(f"{row['work']}: {row['note']}; " for row in one["rows"] if row["note"])
    machine, peaks = one["machine"], one["peak_mb"]
    ran = f"{machine['threads']} threads, load {machine['load']}, at most {peaks['theirs']} MB and {peaks['ours']} MB"
    return f"\n- {one['name']} at {one['resolution']}: {notes}{ran}."


def _pairs(pairs: list[list[float]]) -> str:
    return ", ".join(f"{at:g}: {cost:.3g}" for at, cost in pairs)


def _plot(growth: dict[str, list[list[float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    figure, panels = pyplot.subplots(1, len(growth), figsize=(2.6 * len(growth), 2.8), layout="constrained")
    for panel, (name, pairs) in zip(panels, growth.items(), strict=True):
        panel.loglog([at for at, _ in pairs], [cost for _, cost in pairs], "o-")
        costs = [cost for _, cost in pairs]
        panel.set(
            title=name, ylabel="µs" if name == "users" else "ms", ylim=(min(costs) / 4, 4 * max(costs))
        )  # noise stays flat
        panel.minorticks_off()
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
