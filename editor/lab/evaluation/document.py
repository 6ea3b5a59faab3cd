"""A comparison as a document: table, plots and contact sheets, made from its rows alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image

from editor.editing.methods import registry
from editor.lab.evaluation.comparison import CHOSEN, SEARCHES, STRENGTHS, TILES, Row, tile
from editor.lab.evaluation.summary import COVER, EQUAL, Figure, Summary, comparable, lead, summaries

mpl.use("Agg")
from matplotlib import pyplot

MOST_COST = 4.0
"""Collateral to which curves are drawn: past it no picture is what it was."""
INTRODUCTION = """# The methods, measured

Every method gives the same thing, a delta in StyleSpace, so all of them can be named in a wish, compared in the chat
(`/compare`, the button *Methods*, `python -m bot try --compare`) and measured by one command:

```sh
{command}
```

{wishes} wishes on {portraits} unseen portraits. All methods did the same wishes on the same portraits, but for those that search
anew for every picture ({searches}): they did the first few of them, as *edits* says. The portraits enter like any upload (drawn,
encoded, inverted, edited, pasted back) and are read by a recogniser that shares nothing with the models. The wordings were used
for no training and no tuning.

A wish *succeeds* when the judge reads what was asked for. *Collateral* is how many other visible attributes it reads as changed;
*identity* and *geometry* are shares of {identity} and of {geometry} that are read as
before. *Grows*: from strength {first} to {last} the wish is never read as less. *Success at {equal}* is what is reached, at
whatever strength, while at most {equal} other attributes change on average: the fair figure, since every method can buy success
with collateral. Brackets are {cover:.0%} intervals, portraits resampled: where they overlap, methods are not told apart.
*Seconds* are medians on the machine that made this page, as busy as it was; what a method learns once is spread over its wishes.
"""


ADVICE = """## Which to use

None: leave the method out and the engine chooses, per wish and picture, by what it measures without labels. Name one where you
know better:

* **mapper** where a wish has a goal ("pink hair", from any hair); **prompt-mapper** where one wish is asked for often and is worth
  minutes of training, once;
* **direction** where a wish is a way to go ("older", and "much older"): it adds up, scales furthest, and works for any generator
  whose directions were measured, without a trained mapper;
* **stylespace** to see what single channels do: where there is one for the wish it is found, else little comes of it;
* **optimization** where the quick ones do too little and seconds are no matter (where they show nothing of a wish that other
  pictures show, the chat tries it by itself); in StyleSpace it moves less besides;
* the others to compare with: **styleclip** and **styleclip-auto** are the published recipe, **ganspace** and **interfacegan** know
  only straight ways through W, **tedigan** trusts the text-image model more than a small one deserves.

"""

CHOICE = """**chosen**: what the engine does when no method is named. It tries the quick ones (a mapper for this wish where there
is one, the mapper for any wish, the global direction), renders each, and takes what gains most of the wish, as far as it is
wanted, changes least besides, and is still read by the encoder as what it is. What does next to nothing comes last.
"""


CHOOSING = """## Is choosing better than any one method?

The difference in success at {equal} changed attributes, on the edits that both did, portraits resampled. Against {beaten} of
{count} methods its whole interval is above nought. Where a method did few edits they were on few portraits, and an interval from
those says less than it seems to.
"""


def write(rows: Sequence[Row], out: Path, document: Path, command: str) -> None:
    """Write the document and, in a folder of its name beside it, what it shows."""
    from editor.lab.evaluation.comparison import GEOMETRY, IDENTITY

    rows = comparable(rows)
    found = summaries(rows)
    folder = document.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    curves(found, folder / "curves.png")
    prompts = list(dict.fromkeys(row.prompt for row in rows))
    sheets = [(prompt, sheet(found, prompt, out, folder)) for prompt in prompts]
    values = {
        "command": command,
        "portraits": len({row.upload for row in rows}),
        "wishes": len(prompts),
        "searches": ", ".join(SEARCHES),
        "identity": _words(IDENTITY),
        "geometry": _words(GEOMETRY),
        "first": STRENGTHS[0],
        "last": STRENGTHS[-1],
        "equal": EQUAL,
        "cover": COVER,
    }
    parts = [
        INTRODUCTION.format(**values),
        table(found),
        f"![Success against collateral as strength grows]({folder.name}/curves.png)\n",
        choosing(rows, found),
        ADVICE + "## By wish\n\nSuccess at strength 1.\n",
        by_wish(rows, found, prompts),
        "## What they look like\n",
        *(f"**{prompt}**\n\n![{prompt}]({folder.name}/{path.name})\n" for prompt, path in sheets if path),
        "## What each is, and what differs from its paper\n",
        *(about(summary.method) for summary in found),
    ]
    document.write_text("\n".join(part for part in parts if part), encoding="utf-8")


def table(found: Sequence[Summary]) -> str:
    """All figures, a line a method."""
    head = (
        "method",
        "edits",
        f"success at {EQUAL}",
        "success at strength 1",
        "collateral",
        "identity",
        "geometry",
        "grows",
        "CLIP gain",
        "undone exactly",
        "seconds",
    )
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(_cells(one)) for one in found]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def _cells(one: Summary) -> tuple[str, ...]:
    name = f"**{one.method}**" if one.method == CHOSEN else one.method
    shares = (f"{share:.0%}" for share in (one.identity, one.geometry, one.grows))
    measured = (_percent(one.at_equal), _percent(one.success), _number(one.collateral))
    return (
        name,
        str(one.rows),
        *measured,
        *shares,
        f"{one.gain:.1f}",
        f"{one.undone:.0%}",
        f"{one.seconds:.2g}",
    )


def choosing(rows: Sequence[Row], found: Sequence[Summary]) -> str:
    """The engine's choice against every method, on the edits that both did; nothing where it was not measured."""
    others = [one.method for one in found if one.method != CHOSEN]
    if len(others) == len(found) or not others:
        return ""
    leads = {name: lead(rows, CHOSEN, name) for name in others}
    lines = [f"| {name} | {_points(figure)} | {_judged(figure)} |" for name, figure in leads.items()]
    beaten = sum(figure.low > 0 for figure in leads.values())
    head = ["| method | choice ahead at equal collateral, in points | the choice is |", "| --- | --- | --- |"]
    return (
        CHOOSING.format(beaten=beaten, count=len(leads), equal=EQUAL)
        + "\n"
        + "\n".join([*head, *lines])
        + "\n"
    )


def _judged(figure: Figure) -> str:
    return "better" if figure.low > 0 else "worse" if figure.high < 0 else "not told apart"


def _points(figure: Figure) -> str:
    return f"{100 * figure.mean:+.0f} [{100 * figure.low:+.0f}, {100 * figure.high:+.0f}]"


def by_wish(rows: Sequence[Row], found: Sequence[Summary], prompts: Sequence[str]) -> str:
    """Success at strength 1, a line a method and a column a wish."""
    at_one = STRENGTHS.index(1.0)
    lines = [" | ".join(("method", *prompts)), " | ".join("---" for _ in range(1 + len(prompts)))]
    for one in found:
        cells = [
            [row.success[at_one] for row in rows if (row.method, row.prompt) == (one.method, prompt)]
            for prompt in prompts
        ]
        lines.append(" | ".join((one.method, *(f"{np.mean(cell):.0%}" if cell else "" for cell in cells))))
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def about(method: str) -> str:
    """A method in the words of its own module."""
    if method == CHOSEN:
        return CHOICE
    words = sys.modules[type(registry.METHODS[method]).__module__].__doc__ or ""  # type: ignore[index]
    return f"**{method}**: {' '.join(words.split())}\n"


def curves(found: Sequence[Summary], path: Path) -> None:
    """Success against collateral, a line for each method through all strengths."""
    figure, axes = pyplot.subplots(figsize=(9, 6), dpi=110)
    markers = "osD^vP*Xph<>d"
    for number, one in enumerate(found):
        cost, success = zip(*[(0.0, 0.0), *one.curve], strict=True)
        bold = one.method == CHOSEN
        axes.plot(
            cost,
            success,
            marker=markers[number % len(markers)],
            markersize=5,
            label=one.method,
            color="black" if bold else f"C{number % 10}",
            linewidth=2.6 if bold else 1.3,
            linestyle="-" if number < 10 or bold else "--",
        )
    axes.axvline(EQUAL, color="grey", linewidth=0.8, linestyle=":")
    axes.set(xlabel="other visible attributes changed", ylabel="wishes that succeed", ylim=(0, 1.02))
    axes.set_xlim(0, MOST_COST)
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="lower right", ncols=2)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def sheet(found: Sequence[Summary], prompt: str, out: Path, folder: Path) -> Path | None:
    """Portraits beside what each method makes of them; None where no pictures were kept."""
    names = ["before", *(one.method for one in found)]
    count = next((place for place in range(TILES) if not tile(out, "before", prompt, place).exists()), TILES)
    if not count:
        return None
    figure, axes = pyplot.subplots(
        count, len(names), figsize=(1.2 * len(names), 1.25 * count + 0.2), dpi=80, squeeze=False
    )
    for column, name in zip(axes.T, names, strict=True):
        column[0].set_title(name, fontsize=8)
        for place, cell in enumerate(column):
            cell.set(xticks=[], yticks=[])
            cell.spines[:].set_visible(False)
            path = tile(out, name, prompt, place)
            if path.exists():
                cell.imshow(np.asarray(Image.open(path)))
    figure.tight_layout(pad=0.3)
    path = folder / f"{prompt.replace(' ', '-')}.jpg"
    figure.savefig(path, pil_kwargs={"quality": 82})
    pyplot.close(figure)
    return path


def _percent(figure: Figure) -> str:
    return f"{figure.mean:.0%} [{100 * figure.low:.0f}, {100 * figure.high:.0f}]"


def _number(figure: Figure) -> str:
    return f"{figure.mean:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def _words(names: Sequence[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
