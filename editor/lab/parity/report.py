"""The differences as a Markdown document."""

from __future__ import annotations

from collections.abc import Sequence

from editor.lab.parity.cases import ENLARGED, IMAGE, NETWORK, REPOSITORIES
from editor.lab.parity.differences import Compared, Difference

HEAD = f"""# Our networks and the published ones

Every checkpoint here has random weights in the exact published layout; the published code wrote and ran it, and
ours imported and ran the same file. The figures are the largest absolute difference of any number, and after "of" the largest
absolute value of the published result, in single precision on a CPU unless a row says else. Allowed are {NETWORK:g}, and
{IMAGE:g} for pictures.
Random weights make pictures that go beyond [-1, 1]; they are compared before anything is clamped.
W, S: latents and styles. "fs3": relevance of every channel to every dimension of the text-image space. The published recipe
cuts pictures down to 256 levels before CLIP sees them. There a difference of a millionth may become a whole level; and ReStyle's
steps enlarge what the one before rounded. What lies behind these may differ by {ENLARGED:g}; the rows without the cut, and in
double precision, show what is left without them. The real weights could not be had where this was made.

    python -m editor parity --published FOLDER --large --store --to docs/parity.md    # runs the published code
    python -m editor parity --large --to docs/parity.md                               # from the numbers that it gave

`FOLDER` holds copies of the published repositories, some of which need scipy; none of their code is here. What was kept of the
first command are {{kept}} numbers evenly picked from each result, with the names and shapes of the checkpoints, from which
the second makes the same checkpoints again.
"""
MADE = ("This table was made by the second command.\n", "This table was made by the first command.\n")
SLIPS = """
## Where the published code slips

Ours is right by default. `python -m editor directions BUNDLE --as-published` follows the published script, the shallow copy
included, with its list of layers; the method `styleclip` follows the published choice of channels, and `styleclip-optimization`
the published optimizer, for bundles with a published CLIP that sees 224 pixels (its identity term, which needs a face
recogniser, is left out). The published 0 / 0 is followed in this comparison only: an edit of NaN is of no use to anybody.

| slip | ours by default, against the published code as it is | ours following it |
| --- | --- | --- |
"""
NAMES = {
    "directions": "a shallow copy leaves every channel that was measured at its mean while the later ones are measured; "
    "with no channel above the threshold, 0 / 0 (ours says that nothing responds)",
    "optimizer": "the optimizer shows CLIP pictures in [-1, 1] without its mean and deviation, enlarged by repeating pixels",
}
LIST = """| the list of layers is written out for 1024 pixels | takes the convolutions of any generator | refuses a generator \
that has not 26 style layers; at 1024 pixels both lists are the same |
"""


def document(compared: Sequence[Compared], ran: bool, kept: int) -> str:
    """The whole of it."""
    rows = ["| checkpoint | published in | largest differences |", "| --- | --- | --- |"]
    rows += [f"| {one.case.name} | {REPOSITORIES[one.case.repository]} | {one.said()} |" for one in compared]
    slips = [
        f"| {one.case.name}: {NAMES[one.case.make]} | {_said(one.default)} | {one.said()} |"
        for one in compared
        if one.default
    ]
    return (
        HEAD.format(kept=kept)
        + "\n"
        + MADE[ran]
        + "\n"
        + "\n".join(rows)
        + "\n"
        + SLIPS
        + "\n".join(slips)
        + "\n"
        + LIST
    )


def _said(differences: dict[str, Difference]) -> str:
    return ", ".join(f"{name} {found.said()}" for name, found in differences.items())
