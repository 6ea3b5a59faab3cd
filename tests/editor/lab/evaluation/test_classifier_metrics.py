"""Success, collateral change and growth of edits."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("skia", reason="no drawing library here: evaluation goes untested", exc_type=ImportError)

from editor.editing.engine import Engine
from editor.lab.evaluation import classifier_metrics
from editor.lab.evaluation.classifier_metrics import EditCase
from editor.lab.evaluation.single_edits import by_pairs, evaluate, mean_figure
from editor.lab.evaluation.uploads import EvaluatedBundle, UploadSet
from editor.lab.training import domains
from editor.lab.training.avatars.appearance import AMOUNTS, CHOICES, SCALES, Portraits
from editor.networks.attribute_classifier import AttributeClassifier, AttributeValues

AVATARS = domains.named("avatars")


def perfect(portraits: Portraits) -> AttributeValues:
    """AttributeValues without a mistake."""
    labels = portraits.labels()
    choices = {name: torch.from_numpy(portraits.weights[name]) for name in CHOICES}
    return AttributeValues(
        {k: torch.from_numpy(labels.scales[k]) for k in SCALES},
        {k: torch.from_numpy(labels.raw_amounts[k]) for k in AMOUNTS},
        choices,
    )


@pytest.fixture(scope="module")
def portraits() -> Portraits:
    plain = Portraits.sample(40, seed=9)
    for name in AMOUNTS:
        plain = plain.replace(name, 0.0)
    return plain.replace("hair_color", "brown").replace("smile", 0.5)


def test_a_colour_succeeds_when_it_is_read(portraits: Portraits) -> None:
    case = EditCase.from_json(
        {"prompt": "pink hair", "attribute": "hair_color", "value": "pink"}, AVATARS.attributes
    )
    before, after = perfect(portraits), perfect(portraits.replace("hair_color", "pink"))
    assert classifier_metrics.eligible(before, portraits.labels(), case).all()
    assert not classifier_metrics.eligible(after, portraits.labels(), case).any()
    assert classifier_metrics.succeeded(before, after, case).all()
    assert not classifier_metrics.succeeded(before, before, case).any()


def test_an_edit_may_name_the_start_of_its_portraits(portraits: Portraits) -> None:
    line = {"prompt": "pink hair", "attribute": "hair_color", "value": "pink", "from": ["black", "blue"]}
    case, plain = EditCase.from_json(line, AVATARS.attributes), portraits.labels()
    for colour, wanted in (("black", True), ("blue", True), ("brown", False)):
        assert (
            classifier_metrics.eligible(perfect(portraits.replace("hair_color", colour)), plain, case)
            == wanted
        ).all()


def test_a_scale_must_move_by_a_quarter_and_an_amount_cross_a_half(portraits: Portraits) -> None:
    smile, hat = EditCase("smiling", "smile", 1), EditCase("a hat", "hat", 1)
    before = perfect(portraits)
    for level, wanted in ((0.70, False), (0.76, True)):
        assert (
            classifier_metrics.succeeded(before, perfect(portraits.replace("smile", level)), smile) == wanted
        ).all()
    for level, wanted in ((0.4, False), (0.6, True)):
        assert (
            classifier_metrics.succeeded(before, perfect(portraits.replace("hat", level)), hat) == wanted
        ).all()
    assert not classifier_metrics.eligible(
        perfect(portraits.replace("smile", 0.8)), portraits.labels(), smile
    ).any()


def test_collateral_counts_what_else_changed_and_can_be_seen(portraits: Portraits) -> None:
    case = EditCase("a hat", "hat", 1, may_change=frozenset({"hat_color"}))
    after = perfect(portraits.replace("hat", 1.0).replace("beard", 1.0))
    moved = classifier_metrics.collateral(
        AVATARS, perfect(portraits), after, portraits.labels(), case, (*SCALES, *AMOUNTS, *CHOICES)
    )
    assert moved["beard"].all()
    assert "hat" not in moved
    assert "hat_color" not in moved
    assert sum(rows.mean() for name, rows in moved.items() if name != "beard") < 0.05


def test_growth_allows_saturation_but_no_fall() -> None:
    rising, flat, falling = (0.1, 0.5, 0.9), (0.9, 0.9, 0.89), (0.5, 0.6, 0.5)
    assert [classifier_metrics.grows(row) for row in (rising, flat, falling)] == [True, True, False]


@pytest.mark.parametrize(
    "line",
    [
        {"prompt": "x", "attribute": "wings", "direction": 1},
        {"prompt": "x", "attribute": "hair_color", "value": "plaid"},
        {"prompt": "x", "attribute": "smile", "direction": 0},
        {"prompt": "x", "attribute": "hair_color", "value": "pink", "from": ["tartan"]},
    ],
)
def test_an_edit_that_makes_no_sense_is_an_error(line: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"no value|known attribute"):
        EditCase.from_json(line, AVATARS.attributes)


def test_pairs_are_averaged_over_starts_and_targets() -> None:
    rows = [
        {"attribute": "species", "by_start": {"cat": [4, 4], "dog": [0, 2]}},
        {"attribute": "species", "by_start": {"cat": [3, 4]}, "from": ["cat"]},
        {"attribute": "smile"},
    ]
    assert by_pairs(rows) == {"species": {"all": 0.5, "named": 0.75}}


def test_an_edit_that_every_portrait_shows_already_is_listed_and_left_out_of_means(
    portraits: Portraits,
) -> None:
    brown = EditCase.from_json(
        {"prompt": "brown hair", "attribute": "hair_color", "value": "brown"}, AVATARS.attributes
    )
    engine, classifier = Engine({}, torch.device("cpu")), AttributeClassifier(AVATARS.attributes)
    tested = EvaluatedBundle(engine, "avatar", AVATARS, classifier, ("hair_color",))
    row = evaluate(UploadSet(tested, (), portraits.labels(), perfect(portraits)), brown, None)
    assert row["portraits"] == 0
    for figure in ("success", "collateral", "grows", "honest"):
        assert mean_figure([row, row | {figure: 0.5}], figure) == 0.5
        assert mean_figure([row], figure) is None
