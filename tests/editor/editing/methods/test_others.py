"""Other published methods: each on a known answer, then all of them on the embedded bundle."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from editor.api.protocol import Change, MethodName, PictureData
from editor.bundle.bundle import Bundle
from editor.bundle.caches import Caches
from editor.device.progress import no_progress
from editor.editing import apply, text_directions
from editor.editing.methods import ganspace, interfacegan, registry, styleflow, stylemc, stylespace, tedigan
from editor.editing.methods.base import EditTask
from editor.editing.methods.global_direction import ALPHA, BETA
from editor.editing.samples import Samples, samples_of
from editor.editing.session import EditSession
from editor.networks.flow import ConditionalFlow

BLANK = PictureData(media_type="image/png", width=1, height=1, data=b"")


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_principal_components_have_the_most_variance() -> None:
    turn = torch.linalg.qr(normal(5, 5))[0]
    points = normal(20_000, 5) * torch.tensor([4.0, 2.0, 1.0, 0.5, 0.1]) @ turn + 7
    found = ganspace.principal_components(points, 2)
    assert found.norm(dim=1).tolist() == pytest.approx([4, 2], rel=0.03)
    assert F.cosine_similarity(found, turn[:2]).abs().tolist() == pytest.approx([1, 1], abs=1e-2)


def test_the_nearest_component_may_be_reversed() -> None:
    rows = torch.eye(4) * torch.tensor([1.0, 1, -1, 1])
    assert ganspace.nearest_row(rows, torch.tensor([0.1, 0.0, 0.9, 0.2])) == (2, pytest.approx(-0.9))


def test_the_boundary_is_orthogonal_to_the_difference() -> None:
    axis = F.normalize(normal(16, seed=3), dim=0)
    points = normal(600, 16)
    apart = points @ axis
    points, positive = points[apart.abs() > 0.5], (apart > 0)[apart.abs() > 0.5]
    assert float(interfacegan.boundary(points, positive) @ axis) > 0.97


def test_clear_cases_are_the_ends_of_a_score() -> None:
    high, low = interfacegan.clear_cases(torch.arange(100.0).flip(0), 0.05)
    assert (sorted(high.tolist()), sorted(low.tolist())) == (list(range(5)), list(range(95, 100)))


def test_channels_with_agreeing_exemplars_come_first() -> None:
    exemplars = normal(30, 12)
    exemplars[:, 4] = -2 + 0.1 * exemplars[:, 4]
    exemplars[:, 7] = 3 + 2 * exemplars[:, 7]  # further out, but they do not agree
    order, side = stylespace.rank_channels(exemplars, torch.zeros(12), torch.ones(12))
    assert order[0] == 4
    assert (side[4], side[7]) == (-1, 1)


def test_a_flow_is_invertible() -> None:
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


def test_the_flow_moves_its_attribute_only() -> None:
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
    fitted = styleflow.fit_flow(Samples(w, embeddings), direction, no_progress, steps=250)
    row = int((attribute[:, 0] + 1).abs().argmin())  # a picture that shows little of it
    step = fitted.step(w[row], embeddings[row])
    assert float(step[0]) > 1.5
    assert float(step[1]) < -0.7
    assert float(step[2:].abs().max()) < 0.6


# on the embedded bundle


@pytest.mark.parametrize("name", ["styleclip", "styleclip-auto"])
def test_the_published_recipe_moves_its_strongest_channel_by_alpha(
    avatar: Bundle, session: EditSession, name: MethodName
) -> None:
    change = Change(prompt="a beard")
    direction = text_directions.text_direction(avatar, change)
    found = registry.get(name, avatar).find(EditTask(session.state(()), change, direction))
    assert found is not None
    moved = (found.delta / avatar.bank.s_std).abs()
    assert float(moved.max()) == pytest.approx(ALPHA)
    assert found.threshold is not None
    step = F.normalize(avatar.clip.encode_text([change.prompt])[0] - avatar.neutral_embedding, dim=0)
    count = int(((avatar.bank.relevance @ step).abs() >= found.threshold).sum())
    assert int((moved > 0).sum()) == count
    assert found.threshold == BETA if name == "styleclip" else count > 20 or found.threshold == 0.1


def test_the_samples_are_the_banks_own_pictures(avatar: Bundle) -> None:
    samples = samples_of(avatar, no_progress)
    assert samples.embeddings is avatar.bank.samples
    again = avatar.embed(avatar.generator.synthesis.styles(samples.w[100:102]))
    assert float((again * samples.embeddings[100:102]).sum(1).min()) > 0.99


@pytest.fixture
def short(avatar: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches that take seconds; the components are named on one picture."""
    monkeypatch.setattr(tedigan, "STEPS", 14)
    monkeypatch.setattr(stylemc, "STEPS", 10)
    monkeypatch.setattr(styleflow, "STEPS", 150)
    monkeypatch.setattr(ganspace, "COMPONENTS", 8)
    monkeypatch.setattr(ganspace, "PICTURES", 1)
    monkeypatch.setattr(avatar, "caches", Caches())


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "name", ["stylemc", "stylespace", "ganspace", "interfacegan", "styleflow", "tedigan"]
)
def test_each_method_gains_and_is_deterministic(
    avatar: Bundle, session: EditSession, name: MethodName
) -> None:
    change = Change(prompt="dark skin")
    row, again = (apply.compare_methods(session, [], change, [name], lambda _: BLANK)[0] for _ in range(2))
    assert row.adjustment is not None
    assert again.adjustment is not None
    assert row.adjustment.method == name
    assert row.effect.gain > 0.1
    assert row.adjustment.delta == again.adjustment.delta


@pytest.mark.usefixtures("short")
def test_stylemc_has_one_direction_for_all_pictures(avatar: Bundle, session: EditSession) -> None:
    change = Change(prompt="dark skin")
    direction = text_directions.text_direction(avatar, change)
    samples = samples_of(avatar, no_progress)
    deltas = []
    for start in (session.w, samples.w[50].expand_as(session.w)):
        session.w, session.base = start, avatar.generator.synthesis.styles(start[None])[0]
        found = registry.get("stylemc", avatar).find(EditTask(session.state(()), change, direction))
        assert found is not None
        deltas.append(found.delta)
    assert float(F.cosine_similarity(deltas[0], deltas[1], dim=0)) == pytest.approx(1, abs=1e-4)


@pytest.mark.usefixtures("short")
def test_stylespace_moves_one_channel(avatar: Bundle, session: EditSession) -> None:
    change = Change(prompt="dark skin")
    found = registry.get("stylespace", avatar).find(
        EditTask(session.state(()), change, text_directions.text_direction(avatar, change))
    )
    assert found is not None
    assert int((found.delta != 0).sum()) == 1
