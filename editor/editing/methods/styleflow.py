"""StyleFlow (Abdal et al. 2021, arXiv 2008.02401): a conditional normalising flow over W.

As in the paper, a flow maps w, given its attributes, to a Gaussian. An edit maps there with the attributes as
they are and back with one of them changed, so that the others, and what is no attribute, stay. Unlike the
paper, the flow uses couplings instead of a neural differential equation, which is enough for a small bundle;
and its condition is not seventeen attributes of a face network but how the text-image model sees the picture:
its main components and, apart from them, the prompt, so that any text is an attribute.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from editor.device.gradient_descent import Budget, GradientDescent
from editor.device.progress import ProgressCallback
from editor.editing.calibration import SHARES, choose_strength
from editor.editing.methods.base import Candidate, EditTask, Method
from editor.editing.samples import Samples, samples_of
from editor.networks.flow import ConditionalFlow

COMPONENTS = 12
"""Components of what pictures differ in apart from the prompt."""
STEPS, BATCH, RATE = 400, 128, 2e-3
NOISE = 0.15
"""Noise added to w in training, in standard deviations: a few hundred points are not a density."""
END = 0.97
"""Quantile of the samples beyond which the prompt's attribute is moved."""
LEAST_STEP = 1e-4
MAX_FLOWS = 16


@dataclass(frozen=True)
class FittedFlow:
    """A flow for one prompt with the scales of its points and conditions."""

    flow: ConditionalFlow
    w_mean: Tensor
    w_std: Tensor
    basis: Tensor
    """Directions of the conditions [D, 1 + COMPONENTS], the prompt's first."""
    mean: Tensor
    """Mean of the conditions."""
    std: Tensor
    """Standard deviation of the conditions."""
    end: float
    """Where the prompt's condition is moved to."""

    def conditions(self, embeddings: Tensor) -> Tensor:
        """Embeddings [N, D] -> conditions [N, 1 + COMPONENTS], each about Gaussian."""
        return (embeddings @ self.basis - self.mean) / self.std

    def step(self, w: Tensor, embedding: Tensor) -> Tensor:
        """Return the step [w_dim] from w [w_dim] of embedding [D] to the end of the prompt's attribute."""
        point, now = ((w - self.w_mean) / self.w_std)[None], self.conditions(embedding[None])
        then = now.clone()
        then[:, 0] = then[:, 0].clamp_min(self.end)
        z, _ = self.flow(point, now)
        return (self.flow.inverse(z, then) - self.flow.inverse(z, now))[0] * self.w_std


def condition_basis(embeddings: Tensor, direction: Tensor, components: int = COMPONENTS) -> Tensor:
    """Return the direction [D] and the main components of embeddings [N, D]: [D, 1 + components]."""
    centred = embeddings - embeddings.mean(0)
    rest = centred - (centred @ direction)[:, None] * direction
    main = torch.linalg.svd(rest, full_matrices=False)[2][:components]
    return torch.cat([direction[None], main]).t()


@torch.enable_grad()
def fit_flow(
    samples: Samples, direction: Tensor, progress: ProgressCallback, steps: int = STEPS
) -> FittedFlow:
    """Train the flow for one direction [D]; the same samples and direction give the same flow."""
    basis = condition_basis(samples.embeddings, direction)
    raw = samples.embeddings @ basis
    mean, std = raw.mean(0), raw.std(0) + 1e-6
    conditions = (raw - mean) / std
    w_mean, w_std = samples.w.mean(0), samples.w.std(0) + 1e-6
    points, rng = (samples.w - w_mean) / w_std, torch.Generator().manual_seed(0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = ConditionalFlow(points.shape[1], conditions.shape[1]).to(points)
    optimizer = torch.optim.AdamW(flow.parameters(), lr=RATE, weight_decay=0.01)
    descent = GradientDescent(optimizer, Budget(steps))
    for _ in descent:
        rows = torch.randint(len(points), (BATCH,), generator=rng)
        noise = torch.randn(BATCH, points.shape[1], generator=rng).to(points)
        descent.minimise(flow.negative_log_likelihood(points[rows] + NOISE * noise, conditions[rows]))
        if descent.steps % 20 == 1:
            progress("fit", descent.steps - 1, steps)
    end = float(torch.quantile(conditions[:, 0], END))
    return FittedFlow(flow.eval().requires_grad_(False), w_mean, w_std, basis, mean, std, end)


class StyleFlow(Method):
    """The way there and back through the flow of the prompt."""

    name = "styleflow"
    slow = True

    def find(self, task: EditTask) -> Candidate | None:
        """Return a step in W that depends on the picture."""
        bundle, state = task.bundle, task.state

        def fit() -> FittedFlow:
            return fit_flow(samples_of(bundle, task.progress), task.direction, task.progress)

        fitted = bundle.caches.get("styleflow", task.cache_key, fit, MAX_FLOWS)
        step = fitted.step(state.current_w, state.embedding_before)
        if not bool(step.abs().max() > LEAST_STEP):
            return None
        delta = bundle.generator.synthesis.style_steps(step[None])[0]
        return choose_strength(task, Candidate(delta, self.name), SHARES)
