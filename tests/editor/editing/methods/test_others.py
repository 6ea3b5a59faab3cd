"""The other systems as methods: each on a known answer, then all of them on the embedded bundle."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from editor.api.protocol import Change, MethodName
from editor.bundle import rendering
from editor.bundle.bundle import Bundle
from editor.device.progress import no_progress
from editor.editing import apply, samples, text_directions
from editor.editing.methods import ganspace, interfacegan, registry, styleflow, stylemc, stylespace, tedigan
from editor.editing.methods.global_direction import ALPHA, BETA
from editor.editing.samples import Population
from editor.editing.session import Canvas
from editor.networks.flow import ConditionalFlow


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_principal_components_are_the_directions_of_most_variance() -> None:
    turn = torch.linalg.qr(normal(5, 5))[0]
    points = normal(20_000, 5) * torch.tensor([4.0, 2.0, 1.0, 0.5, 0.1]) @ turn + 7
    found = ganspace.principal(points, 2)
    assert found.norm(dim=1).tolist() == pytest.approx([4, 2], rel=0.03)
    assert F.cosine_similarity(found, turn[:2]).abs().tolist() == pytest.approx([1, 1], abs=1e-2)


def test_a_component_is_named_by_what_it_does_either_way() -> None:
    rows = torch.eye(4) * torch.tensor([1.0, 1, -1, 1])
    assert ganspace.nearest(rows, torch.tensor([0.1, 0.0, 0.9, 0.2])) == (2, pytest.approx(-0.9))


def test_the_boundary_between_two_clouds_is_square_to_what_tells_them_apart() -> None:
    axis = F.normalize(normal(16, seed=3), dim=0)
    points = normal(600, 16)
    apart = points @ axis
    points, positive = points[apart.abs() > 0.5], (apart > 0)[apart.abs() > 0.5]
    assert float(interfacegan.boundary(points, positive) @ axis) > 0.97


def test_clear_cases_are_the_ends_of_a_score() -> None:
    high, low = interfacegan.clear_cases(torch.arange(100.0).flip(0), 0.05)
    assert (sorted(high.tolist()), sorted(low.tolist())) == (list(range(5)), list(range(95, 100)))


def test_the_channel_in_which_exemplars_agree_comes_first() -> None:
    exemplars = normal(30, 12)
    exemplars[:, 4] = -2 + 0.1 * exemplars[:, 4]
    exemplars[:, 7] = 3 + 2 * exemplars[:, 7]  # further out, but they do not agree
    order, side = stylespace.ranked(exemplars, torch.zeros(12), torch.ones(12))
    assert order[0] == 4
    assert (side[4], side[7]) == (-1, 1)


def test_a_flow_comes_back_to_where_it_began() -> None:
    flow = ConditionalFlow(6, 2)
    for layer in flow.layers:
        torch.nn.init.normal_(layer.net[-1].weight, std=0.2)  # type: ignore[index, arg-type]
    points, conditions = normal(50, 6), normal(50, 2, seed=1)
    z, log = flow(points, conditions)
    assert torch.allclose(flow.inverse(z, conditions), points, atol=1e-4)
    jacobian = torch.autograd.functional.jacobian(lambda x: flow(x[None], conditions[:1])[0][0], points[0])
    assert float(torch.linalg.slogdet(jacobian.detach())[1]) == pytest.approx(
        float(log.detach()[0]), abs=1e-4
    )


def test_the_flow_learns_which_way_an_attribute_lies_and_keeps_the_rest() -> None:
    """w = two entries that show the attribute and four that do not."""
    attribute = normal(800, 1)
    w = torch.cat(
        [
            2 * attribute + 0.3 * normal(800, 1, seed=1),
            -attribute + 0.3 * normal(800, 1, seed=2),
            normal(800, 4, seed=3),
        ],
        1,
    )
    embeddings = F.normalize(
        torch.cat([0.2 * attribute, torch.ones(800, 1), 0.2 * normal(800, 6, seed=4)], 1), dim=1
    )
    direction = F.one_hot(torch.tensor(0), 8).float()
    fitted = styleflow.fit(Population(w, embeddings), direction, no_progress, steps=250)
    row = int((attribute[:, 0] + 1).abs().argmin())  # a picture that shows little of it
    step = fitted.moved(w[row], embeddings[row])
    assert float(step[0]) > 1.5
    assert float(step[1]) < -0.7
    assert float(step[2:].abs().max()) < 0.6


# on the embedded bundle


@pytest.mark.parametrize("name", ["styleclip", "styleclip-auto"])
def test_the_published_recipe_moves_its_strongest_channel_by_alpha(
    avatar: Bundle, canvas: Canvas, name: MethodName
) -> None:
    wish = Change(prompt="a beard")
    direction = text_directions.text_direction(avatar, wish)
    found = registry.get(name, avatar).find(avatar, canvas.state(()), wish, direction, no_progress)
    assert found is not None
    moved = (found.delta / avatar.bank.s_std).abs()
    assert float(moved.max()) == pytest.approx(ALPHA)
    assert found.threshold is not None
    step = F.normalize(avatar.clip.encode_text([wish.prompt])[0] - avatar.neutral_embedding, dim=0)
    count = int(((avatar.bank.relevance @ step).abs() >= found.threshold).sum())
    assert int((moved > 0).sum()) == count
    assert found.threshold == BETA if name == "styleclip" else count > 20 or found.threshold == 0.1


def test_the_banks_own_pictures_are_the_population(avatar: Bundle) -> None:
    crowd = samples.of(avatar, no_progress)
    assert crowd.embeddings is avatar.bank.samples
    again = rendering.embed(avatar, avatar.generator.synthesis.styles(crowd.w[100:102]))
    assert float((again * crowd.embeddings[100:102]).sum(1).min()) > 0.99


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches that take seconds; the components are named on one picture."""
    monkeypatch.setattr(tedigan, "STEPS", 14)
    monkeypatch.setattr(stylemc, "STEPS", 10)
    monkeypatch.setattr(styleflow, "STEPS", 150)
    monkeypatch.setattr(ganspace, "COMPONENTS", 8)
    monkeypatch.setattr(ganspace, "PICTURES", 1)
    for known in (ganspace._NAMED, stylemc._FOUND, styleflow._FLOWS):
        known.clear()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "name", ["stylemc", "stylespace", "ganspace", "interfacegan", "styleflow", "tedigan"]
)
def test_each_moves_an_unseen_picture_towards_the_wish_and_repeats_itself(
    avatar: Bundle, canvas: Canvas, name: MethodName
) -> None:
    wish = Change(prompt="dark skin")
    row, again = (apply.compare(canvas, [], wish, [name], no_progress)[0] for _ in range(2))
    assert row.layer is not None
    assert again.layer is not None
    assert row.layer.method == name
    assert row.effect.gain > 0.1
    assert row.layer.delta == again.layer.delta


@pytest.mark.usefixtures("short")
def test_stylemc_has_one_direction_for_all_pictures(avatar: Bundle, canvas: Canvas) -> None:
    wish = Change(prompt="dark skin")
    direction = text_directions.text_direction(avatar, wish)
    crowd = samples.of(avatar, no_progress)
    deltas = []
    for start in (canvas.w, crowd.w[50].expand_as(canvas.w)):
        canvas.w, canvas.base = start, avatar.generator.synthesis.styles(start[None])[0]
        found = registry.get("stylemc", avatar).find(avatar, canvas.state(()), wish, direction, no_progress)
        assert found is not None
        deltas.append(found.delta)
    assert float(F.cosine_similarity(deltas[0], deltas[1], dim=0)) == pytest.approx(1, abs=1e-4)


@pytest.mark.usefixtures("short")
def test_stylespace_moves_one_channel(avatar: Bundle, canvas: Canvas) -> None:
    wish = Change(prompt="dark skin")
    found = registry.get("stylespace", avatar).find(
        avatar, canvas.state(()), wish, text_directions.text_direction(avatar, wish), no_progress
    )
    assert found is not None
    assert int((found.delta != 0).sum()) == 1
