"""A picture's own small change of the generator: pivotal tuning (Roich et al. 2021, arXiv 2106.05744), after the search in W+.

What the generator cannot draw from any place in W+ (this mole, that collar) is taught to a copy of it, at this place. As
there, a locality term holds the copy to the generator elsewhere, so that edits keep doing what they do. What differs: the
affine maps stay, so that StyleSpace and every delta in it mean the same as before, and what is learnt is small enough to be
kept with the picture: low-rank steps of the convolutions (Hu et al. 2021, arXiv 2106.09685), whole ones of biases and
ToRGB, and of the stored noise where a layer has any.

The generator itself is never altered: whoever edits another picture, in the same batch or not, has the one that was loaded.
"""

from __future__ import annotations

import copy
import hashlib
import math
import time
from collections.abc import Mapping
from functools import partial

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from editor.api.errors import BadRequest
from editor.device.learning_rate import set_falling
from editor.device.memory import Plan
from editor.device.progress import Progress, no_progress
from editor.inversion.perceptual_distance import distance
from editor.networks.generators import Generator

RANK = 8
"""Of a convolution's step."""
MOST_NOISE = 64
"""Side of the largest noise that is refined: what is kept must stay small, and finer noise is texture that nobody misses."""
RATE = 0.01
LOCALITY, NEARBY = 0.3, 0.7
"""Weight of the locality term, and how far from the picture's place towards a random one it is asked for."""
NOISE_STAY = 0.05
"""Pull of the noise back to what it was, in its squared deviation."""
MOST_BYTES = 16 * 1024 * 1024
"""Of a tuning that is accepted; FFHQ-1024's have about 2 MB."""

Steps = Mapping[str, Tensor]
"""Of each tuned tensor of the synthesis, by its name: ``NAME`` the whole step, or ``NAME.up`` [O, r] and ``NAME.down`` [r, I]."""


def _tuned_names(synthesis: nn.Module) -> dict[str, Tensor]:
    """What is tuned: weights, biases and small noise of the layers, never their affine maps."""
    found = {}
    for name, value in (*synthesis.named_parameters(), *synthesis.named_buffers()):
        *_, leaf = name.split(".")
        small_noise = leaf == "noise" and value.shape[-1] <= MOST_NOISE
        if (
            ".affine." not in name
            and name.startswith("blocks.")
            and (leaf in ("weight", "bias") or small_noise)
        ):
            found[name] = value
    return found


def _shapes(synthesis: nn.Module) -> dict[str, tuple[int, ...]]:
    """The tensors of a tuning with their shapes."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, value in _tuned_names(synthesis).items():
        outputs, inputs = value.shape[0], value[0].numel()
        if value.ndim == 4 and RANK * (outputs + inputs) < value.numel():
            shapes[f"{name}.up"], shapes[f"{name}.down"] = (outputs, RANK), (RANK, inputs)
        else:
            shapes[name] = tuple(value.shape)
    return shapes


def _begin(synthesis: nn.Module) -> dict[str, Tensor]:
    """Steps that change nothing yet; ``down`` is random, or nothing would ever move."""
    rng = torch.Generator().manual_seed(0)
    made = {}
    for name, shape in _shapes(synthesis).items():
        down = torch.randn(shape, generator=rng) if name.endswith(".down") else torch.zeros(shape)
        made[name] = down.to(next(synthesis.parameters()).device).requires_grad_(True)
    return made


def _moved(synthesis: nn.Module, steps: Steps) -> dict[str, Tensor]:
    """The tuned tensors with their steps taken, in units of each tensor's own size."""
    moved = {}
    for name, value in _tuned_names(synthesis).items():
        unit = value.square().mean().sqrt() if value.ndim == 4 else 1.0
        moved[name] = value + unit * (steps[name] if name in steps else _unfolded(steps, name).view_as(value))
    return moved


def _unfolded(steps: Steps, name: str) -> Tensor:
    return steps[f"{name}.up"] @ steps[f"{name}.down"] / RANK**0.5


def tuned(generator: Generator, steps: Steps) -> Generator:
    """A generator with the steps taken; all that they leave alone is shared with the given one, which stays as it was."""
    made = _shell(generator)
    with torch.no_grad():
        _install(made.synthesis, _moved(generator.synthesis, steps))
    return made


def _shell(generator: Generator) -> Generator:
    """The same modules anew around the same tensors."""
    shared = {id(value): value for value in (*generator.parameters(), *generator.buffers())}
    return copy.deepcopy(generator, shared)


def _install(synthesis: nn.Module, values: Mapping[str, Tensor]) -> None:
    """Put plain tensors, which may have gradients, in the place of parameters and buffers."""
    for name, value in values.items():
        path, _, leaf = name.rpartition(".")
        owner = synthesis.get_submodule(path)
        owner._parameters.pop(leaf, None)
        owner._buffers.pop(leaf, None)
        setattr(owner, leaf, value)


def to_bytes(steps: Steps) -> bytes:
    """As safetensors in half precision, which is what is kept."""
    return safetensors.torch.save(
        {name: value.detach().half().cpu().contiguous() for name, value in steps.items()}
    )


def from_bytes(data: bytes, generator: Generator) -> dict[str, Tensor]:
    """The counterpart of ``to_bytes``. Raises BadRequest where they are not of this generator."""
    try:
        steps = safetensors.torch.load(data) if len(data) <= MOST_BYTES else {}
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise BadRequest("The picture's tuning cannot be read.") from error
    if {name: tuple(value.shape) for name, value in steps.items()} != _shapes(generator.synthesis):
        raise BadRequest("The picture's tuning belongs to another generator.")
    device = next(generator.parameters()).device
    return {name: value.float().to(device) for name, value in steps.items()}


def digest(data: bytes) -> str:
    """A name for a tuning."""
    return hashlib.sha256(data).hexdigest()


@torch.enable_grad()
def tune(
    generator: Generator,
    wanted: Tensor,
    w: Tensor,
    steps: int,
    watch: Progress = no_progress,
    plan: Plan | None = None,
    ends: float = math.inf,
) -> bytes:
    """The tuning that brings synthesis at W+ ``w`` [num_ws, w_dim] closer to ``wanted`` [3, S, S], as ``economy.target`` has
    it, by ``steps`` of Adam, fewer when the clock passes ``ends``.
    """
    synthesis, copied, side = generator.synthesis, _shell(generator).synthesis, wanted.shape[-1]
    checkpoint = plan is not None and plan.checkpoint
    learnt = _begin(synthesis)
    noise = [value for name, value in learnt.items() if name.endswith("noise")]
    optimizer = torch.optim.Adam(list(learnt.values()), lr=RATE, betas=(0.9, 0.99))
    rng = torch.Generator().manual_seed(0)
    for step in range(steps):
        set_falling(optimizer, RATE, step, steps, last=0.05)
        with torch.no_grad():
            away = generator.mapping(torch.randn(1, generator.config.z_dim, generator=rng).to(w))
            styles = synthesis.styles(torch.stack([w, w + NEARBY * (away - w)]))
            goals = torch.cat([wanted[None], synthesis(styles[1:], side)])
        _install(copied, _moved(synthesis, learnt))
        made = copied(styles, side, checkpoint=checkpoint)
        errors = distance(made, goals)
        loss = errors[0] + LOCALITY * errors[1] + NOISE_STAY * sum(value.square().mean() for value in noise)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch("tune", step + 1, steps, partial(made.detach().clamp(-1, 1).__getitem__, 0))
        if time.monotonic() >= ends:
            break
    return to_bytes(learnt)
