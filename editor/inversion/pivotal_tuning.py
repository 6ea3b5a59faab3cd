"""Pivotal tuning (Roich et al. 2021, arXiv 2106.05744): a small change of the generator for one picture.

After the search in W+, a copy of the generator is taught what the generator cannot draw from any W+ (this
mole, that collar). As in the paper, a locality term keeps the copy like the generator elsewhere, so that
edits still work. Unlike the paper, the affine maps do not change, so that StyleSpace and every delta in it
keep their meaning. And what is learnt is small enough to be stored with the picture: low-rank steps of the
convolutions (Hu et al. 2021, arXiv 2106.09685), and whole steps of biases, ToRGB and stored noise.

The generator itself never changes: pictures without a tuning, even in the same batch, use the one that was
loaded.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from editor.api.errors import BadRequest
from editor.bundle.bundle import Bundle
from editor.device.gradient_descent import Budget, GradientDescent, linear_decay
from editor.inversion.perceptual_distance import pixel_distance
from editor.inversion.search import InversionSearch
from editor.networks.generators import Generator

RANK = 8
"""Rank of a convolution's step."""
MAX_NOISE_SIDE = 64
"""Side of the largest noise map that is tuned; finer noise would take much space."""
RATE, LAST_RATE = 0.01, 0.05
"""Learning rate, and its share in the last step."""
LOCALITY_WEIGHT, LOCALITY_DISTANCE = 0.3, 0.7
"""Weight of the locality term, and the share of the way to a random W at which it is measured."""
NOISE_WEIGHT = 0.05
"""Penalty per squared standard deviation of the noise's step."""
MAX_BYTES = 16 * 1024 * 1024
"""Size of the largest tuning that is accepted; those of FFHQ-1024 have about 2 MB."""
MAX_TUNED = 4
"""Cached tuned generators of a bundle: a follow-up must not wait for its own."""

Tuning = dict[str, Tensor]
"""Steps of tensors: ``NAME`` the whole step, or ``NAME.up`` [O, r] and ``NAME.down`` [r, I]."""


def _tensors(synthesis: nn.Module) -> dict[str, Tensor]:
    """Return what is tuned: weights, biases and small noise of the layers, never their affine maps."""
    found = {}
    for name, value in (*synthesis.named_parameters(), *synthesis.named_buffers()):
        leaf = name.rpartition(".")[2]
        small_noise = leaf == "noise" and value.shape[-1] <= MAX_NOISE_SIDE
        tunable = leaf in ("weight", "bias") or small_noise
        if tunable and name.startswith("blocks.") and ".affine." not in name:
            found[name] = value
    return found


def _shapes(synthesis: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a tuning for this network."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, value in _tensors(synthesis).items():
        outputs, inputs = value.shape[0], value[0].numel()
        if value.ndim == 4 and RANK * (outputs + inputs) < value.numel():
            shapes[f"{name}.up"], shapes[f"{name}.down"] = (outputs, RANK), (RANK, inputs)
        else:
            shapes[name] = tuple(value.shape)
    return shapes


def _initial(synthesis: nn.Module) -> Tuning:
    """Return a tuning that changes nothing. ``down`` is random, or the gradient of ``up`` would be zero."""
    rng = torch.Generator().manual_seed(0)
    device = next(synthesis.parameters()).device
    made = {}
    for name, shape in _shapes(synthesis).items():
        value = torch.randn(shape, generator=rng) if name.endswith(".down") else torch.zeros(shape)
        made[name] = value.to(device).requires_grad_(True)
    return made


def _add_step(name: str, value: Tensor, tuning: Mapping[str, Tensor]) -> Tensor:
    """Add the step of a tensor; for a convolution it is in units of the root mean square."""
    step = tuning[name] if name in tuning else tuning[f"{name}.up"] @ tuning[f"{name}.down"] / RANK**0.5
    return value + (value.square().mean().sqrt() if value.ndim == 4 else 1.0) * step.view_as(value)


class _Step(nn.Module):
    """Parametrization that adds the step of one tensor, with gradients to the tuning."""

    def __init__(self, name: str, tuning: Tuning) -> None:
        super().__init__()
        self.name, self.tuning = name, tuning

    def forward(self, value: Tensor) -> Tensor:
        return _add_step(self.name, value, self.tuning)


def _shallow_copy(generator: Generator) -> Generator:
    """Copy the modules around the same tensors."""
    shared = {id(value): value for value in (*generator.parameters(), *generator.buffers())}
    return copy.deepcopy(generator, shared)


def tuned(generator: Generator, tuning: Mapping[str, Tensor]) -> Generator:
    """Return a tuned copy of a generator. It shares all tensors that the tuning does not change."""
    copied = _shallow_copy(generator)
    with torch.no_grad():
        changed = {
            name: _add_step(name, value, tuning) for name, value in _tensors(generator.synthesis).items()
        }
    copied.synthesis.load_state_dict(changed, strict=False, assign=True)
    return copied.requires_grad_(False)


def tuned_bundle(bundle: Bundle, data: bytes | None) -> Bundle:
    """Return the bundle with the generator that was tuned to a picture; ``data``: its tuning, None for none.

    Raises BadRequest if the tuning cannot be read or belongs to another generator.
    """
    if data is None:
        return bundle
    name, generator = hashlib.sha256(data).hexdigest(), bundle.generator
    made = bundle.caches.get("tuned", name, lambda: tuned(generator, from_bytes(data, generator)), MAX_TUNED)
    return bundle.tuned(made, name)


def to_bytes(tuning: Mapping[str, Tensor]) -> bytes:
    """Serialise a tuning as safetensors in half precision."""
    return safetensors.torch.save(
        {name: value.detach().half().cpu().contiguous() for name, value in tuning.items()}
    )


def from_bytes(data: bytes, generator: Generator) -> Tuning:
    """Read what ``to_bytes`` wrote. Raises BadRequest for anything else, or of another generator."""
    try:
        tuning = safetensors.torch.load(data) if len(data) <= MAX_BYTES else {}
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise BadRequest("The picture's tuning cannot be read.") from error
    if {name: tuple(value.shape) for name, value in tuning.items()} != _shapes(generator.synthesis):
        raise BadRequest("The picture's tuning belongs to another generator.")
    device = next(generator.parameters()).device
    return {name: value.float().to(device) for name, value in tuning.items()}


@torch.enable_grad()
def tune(search: InversionSearch, w: Tensor, steps: int) -> bytes:
    """Tune the generator so that synthesis at W+ ``w`` [num_ws, w_dim] approaches the target [1, 3, S, S]."""
    generator, side = search.generator, search.target.shape[-1]
    synthesis, copied = generator.synthesis, _shallow_copy(generator).synthesis
    tuning = _initial(synthesis)
    for name in _tensors(synthesis):
        path, _, leaf = name.rpartition(".")
        parametrize.register_parametrization(copied.get_submodule(path), leaf, _Step(name, tuning))
    noise = [value for name, value in tuning.items() if name.endswith("noise")]
    descent = GradientDescent(
        torch.optim.Adam(list(tuning.values()), lr=RATE, betas=(0.9, 0.99)),
        Budget(steps, search.deadline),
        lambda t: linear_decay(t, LAST_RATE),
        search.progress,
        "tune",
    )
    rng = torch.Generator().manual_seed(0)
    for _ in descent:
        with torch.no_grad():
            other = generator.mapping(torch.randn(1, generator.config.z_dim, generator=rng).to(w))
            styles = synthesis.styles(torch.stack([w, w + LOCALITY_DISTANCE * (other - w)]))
            goals = torch.cat([search.target, synthesis(styles[1:], side)])
        drawn = copied(styles, side, checkpoint=search.checkpoint)
        distances = pixel_distance(drawn, goals)
        loss = distances[0] + LOCALITY_WEIGHT * distances[1]
        descent.minimise(loss + NOISE_WEIGHT * sum(value.square().mean() for value in noise), drawn)
    return to_bytes(tuning)
