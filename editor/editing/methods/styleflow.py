"""StyleFlow (Abdal et al. 2021, arXiv 2008.02401): a conditional normalising flow over W, attributes set in any order.

As there: a flow takes w, given its attributes, to a Gaussian; an edit goes there with the attributes as they are and comes
back with one of them changed, so that the others and what is nobody's attribute stay. What differs: couplings instead of a
neural differential equation, which a small bundle has enough of; and instead of seventeen attributes of a face network the
condition is how the text-image model sees a picture, its main components and, apart from them, the wish, so that any text
is an attribute.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.device.progress import Progress
from editor.editing import samples
from editor.editing.calibration import SHARES, standard
from editor.editing.methods.base import Candidate, State
from editor.editing.methods.mapper import place_in_w
from editor.editing.samples import Population
from editor.networks.flow import ConditionalFlow

OTHERS = 12
"""Components of what pictures differ in apart from the wish."""
STEPS, BATCH, RATE = 400, 128, 2e-3
NOISE = 0.15
"""Deviation of what is added to w while learning, in W's deviations: a few hundred points are no density."""
END = 0.97
"""Share of the population that the wish is taken past."""
_FLOWS: dict[tuple[str, bytes], Fitted] = {}
MOST_FLOWS = 16


@dataclass(frozen=True)
class Fitted:
    """A flow with the scales of its points and conditions. ``basis``: [D, 1 + OTHERS], the wish's direction first."""

    flow: ConditionalFlow
    mean: Tensor
    std: Tensor
    basis: Tensor
    middle: Tensor
    spread: Tensor
    end: float

    def conditions(self, embeddings: Tensor) -> Tensor:
        """Embeddings [N, D] -> [N, 1 + OTHERS], each about Gaussian."""
        return (embeddings @ self.basis - self.middle) / self.spread

    def moved(self, w: Tensor, embedding: Tensor) -> Tensor:
        """w [w_dim] of a picture of embedding [D] with the wish's attribute at its end, as a step [w_dim]."""
        x, now = ((w - self.mean) / self.std)[None], self.conditions(embedding[None])
        then = now.clone()
        then[:, 0] = then[:, 0].clamp_min(self.end)
        z, _ = self.flow(x, now)
        return (self.flow.inverse(z, then) - self.flow.inverse(z, now))[0] * self.std


def basis_of(embeddings: Tensor, direction: Tensor, others: int = OTHERS) -> Tensor:
    """The direction [D] and the main components of what embeddings [N, D] differ in besides: [D, 1 + others]."""
    centred = embeddings - embeddings.mean(0)
    rest = centred - (centred @ direction)[:, None] * direction
    components = torch.linalg.svd(rest, full_matrices=False)[2][:others]
    return torch.cat([direction[None], components]).t()


@torch.enable_grad()
def fit(crowd: Population, direction: Tensor, watch: Progress, steps: int = STEPS) -> Fitted:
    """Learn the flow for one wish; the same crowd and direction [D] give the same flow."""
    basis = basis_of(crowd.embeddings, direction)
    seen = crowd.embeddings @ basis
    middle, spread = seen.mean(0), seen.std(0) + 1e-6
    conditions = (seen - middle) / spread
    mean, std = crowd.w.mean(0), crowd.w.std(0) + 1e-6
    points, rng = (crowd.w - mean) / std, torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = ConditionalFlow(points.shape[1], conditions.shape[1]).to(points)
    optimizer = torch.optim.AdamW(flow.parameters(), lr=RATE, weight_decay=0.01)
    for step in range(steps):
        rows = torch.randint(len(points), (BATCH,), generator=rng)
        noise = torch.randn(BATCH, points.shape[1], generator=rng).to(points)
        loss = flow.negative_log_likelihood(points[rows] + NOISE * noise, conditions[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 0:
            watch("fit", step, steps)
    end = float(torch.quantile(conditions[:, 0], END))
    return Fitted(flow.eval().requires_grad_(False), mean, std, basis, middle, spread, end)


class StyleFlow:
    """There and back through the flow of the wish."""

    name: MethodName = "styleflow"
    slow = True

    def offered(self, bundle: Bundle) -> bool:
        """Everywhere."""
        return True

    def find(
        self, bundle: Bundle, state: State, wish: Change, direction: Tensor, watch: Progress
    ) -> Candidate | None:
        """A step in W that depends on the picture."""
        key = (bundle.info.fingerprint, direction.cpu().numpy().tobytes())
        if key not in _FLOWS:
            _FLOWS[key] = fit(samples.of(bundle, watch), direction, watch)
            while len(_FLOWS) > MOST_FLOWS:
                del _FLOWS[next(iter(_FLOWS))]
        embedding = state.embed(bundle, torch.zeros_like(state.base)[None])[0]
        step = _FLOWS[key].moved(place_in_w(bundle, state), embedding)
        if not bool(step.abs().max() > 1e-4):
            return None
        delta = bundle.generator.synthesis.style_steps(step[None])[0]
        return standard(bundle, state, wish, direction, Candidate(delta, self.name), SHARES, watch)
