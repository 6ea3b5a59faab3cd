"""Read and write the parts of a bundle in training."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from editor.lab.training import record
from editor.lab.training.teacher_mapping import TeacherMapping
from editor.networks.encoder import Encoder
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator, GeneratorConfig

Network = TypeVar("Network", bound=nn.Module)


def save_weights(network: nn.Module, path: Path) -> None:
    """Write a network for serving: floating-point numbers in half precision, everything else unchanged."""
    state = {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}
    save_file({k: v.cpu().contiguous() for k, v in state.items()}, path)


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read a network's state in single precision."""
    return {k: v.float() if v.is_floating_point() else v for k, v in load_file(path).items()}


def frozen(network: Network, state: dict[str, Tensor], device: torch.device) -> Network:
    """Load a state into a network for inference only."""
    network.load_state_dict(state)
    return network.to(device).eval().requires_grad_(False)


def load_generator(bundle: Path, device: torch.device) -> Generator:
    """Return the generator, frozen."""
    generator = Generator(GeneratorConfig(**record.read(bundle)["generator"]["config"]))
    return frozen(generator, load_weights(bundle / "generator.safetensors"), device)


def load_teacher(bundle: Path, device: torch.device) -> TeacherMapping:
    """Return the teacher mapping, frozen."""
    state = load_weights(bundle / "teacher.safetensors")
    return frozen(TeacherMapping(len(state["mean"]), state["linear.weight"].shape[0]), state, device)


def load_clip(bundle: Path, device: torch.device) -> JointSpace:
    """Return the text-image model's joint space, frozen."""
    entry = record.read(bundle)["clip"]
    space = JointSpace(entry["dim"], entry.get("width", 1.0))
    return frozen(space, load_weights(bundle / "clip.safetensors"), device)


def load_encoder(bundle: Path, device: torch.device) -> Encoder:
    """Return the encoder, frozen."""
    entries = record.read(bundle)
    config = GeneratorConfig(**entries["generator"]["config"])
    encoder = Encoder(config.num_ws, config.w_dim, entries["encoder"].get("width", 1.0))
    return frozen(encoder, load_weights(bundle / "encoder.safetensors"), device)
