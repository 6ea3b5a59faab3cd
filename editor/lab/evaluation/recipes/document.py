"""A study as a document: a table, a plot of agreement against cost, and what to make of it, made from its report alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

from editor.bundle import lazy_directions

mpl.use("Agg")
from matplotlib import pyplot

TEXT = """# Directions for any generator, and what they cost

StyleCLIP's preprocessing moves every style channel by five deviations either way on 100 pictures and looks at each pair with the
text-image model. `python -m editor directions BUNDLE` finds the same by gradients: one backward pass tells how all channels
answer to one direction of the text-image space, so a picture takes as many backward passes as that space has dimensions. This
page compares the two; it was made by

```sh
{command}
```

on the bundle `{bundle}`: {channels} of its channels (a random {share:.0%}; each costs the same), {images} pictures of
seed 0{short}, {texts} texts written for this page (`editor/lab/evaluation/recipes/prompts.jsonl`), threshold beta 0.15. The published
recipe here is the paper's, without its script's slips. *Cosine* is that of the StyleSpace deltas that a text is given, mean and
least over the {answered} texts to which the published recipe knows an answer, and over all before the threshold makes all or
nothing of a channel; *rows*, the mean cosine of the channels' relevance.
*Judged*: of {edits} edits of {judged} other pictures at the published strength of 4.1, by these channels alone, how many
the bundle's judge reads as done. Seconds are of one core's processor time for a whole bank (for a way without a bank: until the
first answer); they are counted passes times timed slices. FFHQ-1024 is a generator of that layout and CLIP ViT-B/32, both of
random weights: its column is **extrapolated** from the slices below, nothing of it ran to the end; steps in the table render what
the model sees (256 pixels there), and what the recipe costs at full resolution is said below.

| way | cosine | least | before the threshold | rows | judged | seconds, `{bundle}` | FFHQ-1024, extrapolated | cheaper there |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
{table}

The published recipe on 100 pictures at full resolution: {here:,.0f} s for `{bundle}`, {large} for FFHQ-1024.
{goal}

![Agreement against cost]({plot})

## What it shows

* **The pictures matter more than the way.** Half of the pictures by the published recipe agree with the other half, by the same
  recipe, at a cosine of {steps_half:.3f}; by gradients at {gradients_half:.3f}. On the same pictures the two ways agree at
  {best:.3f}. So gradients on many pictures are better spent than steps on few. What is left is mostly the threshold, which a
  channel passes or does not: texts that move a handful of channels agree least.
* **Fewer directions than the space has** cost agreement at the same number of pictures; all are taken by default (`--probes`).
* **Features reused up to the changed layer** leave {reused_here:.0%} of the multiplications here and {reused_large:.0%} at 1024
  pixels: nearly all channels belong to early layers and nearly all work to late ones. It was not built.
* **Forward mode** gives a channel's first-order effect, the same number as the gradient, at {tangent_here:.1f} forward passes a
  channel here and {tangent_large:.1f} for FFHQ's layout, where steps take two: it is no cheaper than what it would replace.
* **Without any bank**, a text by itself on few pictures, lengths of channels estimated by {probes} random directions: the rows
  "each text by itself". A bundle that came without directions is edited so: for FFHQ's layout its first wish waits {live} of one
  core, and each in new words {again}. Until its directions are measured it edits worse, as the rows say.

## Timed slices, seconds of one core

| | `{bundle}` | FFHQ-1024 with ViT-B/32 |
| --- | --- | --- |
{slices}

What is not known: how this goes with the real weights of a published generator and CLIP, which could not be had here.
"""
SLICES = {
    "forward": "a picture at full resolution, embedded",
    "seen": "the same at the size that the model sees",
    "there": "the same, keeping what gradients need",
    "back": "one direction pulled back",
    "tangent": "one channel in forward mode",
}


def write(report: dict[str, Any], document: Path, command: str) -> None:
    """Write the document, with its plot in a folder of its name beside it."""
    folder = document.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    plot(report, folder / "frontier.png")
    here, large, halves, lines = report["here"], report["large"], report["halves"], report["lines"]
    best = max((line for line in lines[1:]), key=lambda line: line["mean"])
    document.write_text(
        TEXT.format(
            command=command,
            table="\n".join(_row(line, report) for line in lines),
            plot=f"{folder.name}/frontier.png",
            short="" if report["images"] >= 100 else " (the paper: 100)",
            here=report["published"]["here"],
            large=duration(report["published"]["large"]),
            goal=_goal(best, report),
            steps_half=halves["steps"]["mean"],
            gradients_half=halves["gradients"]["mean"],
            best=best["mean"],
            reused_here=here["reused"],
            reused_large=large["reused"],
            tangent_here=here["tangent"] / here["seen"],
            tangent_large=large["tangent"] / large["seen"],
            probes=lazy_directions.PROBES,
            slices="\n".join(
                f"| {said} | {here[name]:.3f} | {large[name]:.2f} |" for name, said in SLICES.items()
            ),
            edits=lines[0]["edits"],
            lazy_directions=duration(_live(lines)["large"]),
            again=duration(lazy_directions.PICTURES * (large["there"] + large["back"])),
            **{
                name: report[name]
                for name in ("bundle", "channels", "share", "images", "texts", "answered", "judged")
            },
        ),
        encoding="utf-8",
    )


def _live(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The way that a bundle without directions is edited by."""
    return next(
        (
            line
            for line in lines
            if line["name"] == f"each text by itself, {lazy_directions.PICTURES} pictures"
        ),
        lines[-1],
    )


def _goal(best: dict[str, Any], report: dict[str, Any]) -> str:
    """What the best of the cheaper ways comes to, at as many pictures as the paper's."""
    more = 100 / report["images"]
    unmeasured = "" if report["images"] >= 100 else ", at an agreement that was not measured"
    times = [report["published"][where] / (best[where] * more) for where in ("here", "large")]
    return (
        f"The best of the cheaper ways, {best['name']}, agrees at {best['mean']:.3f}; on 100 pictures it takes "
        f"{duration(best['here'] * more)} here, {times[0]:.0f} times less, and {duration(best['large'] * more)} for FFHQ-1024, "
        f"{times[1]:.0f} times less{unmeasured}. That is the default."
    )


def _row(line: dict[str, Any], report: dict[str, Any]) -> str:
    rows = "" if line["rows"] is None else f"{line['rows']:.3f}"
    judged = f"{line['hits'] / line['edits']:.0%}" if line["edits"] else ""
    times = f"{report['published']['large'] / line['large']:,.0f}"
    return (
        f"| {line['name']} | {line['mean']:.3f} | {line['least']:.3f} | {line['plain']:.3f} | {rows} | {judged} | "
        f"{line['here']:,.0f} | {duration(line['large'])} | {times} |"
    )


def duration(seconds: float) -> str:
    """In words, to two digits or so."""
    for unit, length in (("days", 86_400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.0f} s"


def plot(report: dict[str, Any], path: Path) -> None:
    """Mean cosine against hours of one core for FFHQ's layout, a line for each kind of way."""
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for kind, mark in (("steps", "s"), ("gradients", "o"), ("each text", "^")):
        lines = [line for line in report["lines"] if line["name"].startswith(kind)]
        whole = [line for line in lines if " of the directions" not in line["name"]]
        whole.sort(key=lambda line: line["large"])
        axes.plot(
            [line["large"] / 3600 for line in whole],
            [line["mean"] for line in whole],
            marker=mark,
            label=kind,
        )
        shares = [line for line in lines if line not in whole]
        if shares:
            axes.plot(
                [line["large"] / 3600 for line in shares],
                [line["mean"] for line in shares],
                "x--",
                label=f"{kind}, fewer directions",
            )
    axes.set(
        xscale="log",
        xlabel="hours of one core, FFHQ-1024 layout (extrapolated)",
        ylabel="mean cosine with the published recipe",
    )
    axes.set_ylim(0, 1.02)
    axes.axhline(0.95, color="grey", linewidth=0.8, linestyle=":")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
