"""Parts of a bundle as training needs them."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from editor.lab.training import record
from editor.lab.training.generator import TeacherMapping
from editor.networks.encoder import Encoder
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator, GeneratorConfig


def load_generator(bundle: Path, device: torch.device) -> Generator:
    """The generator in float32, in eval mode, frozen."""
    generator = Generator(GeneratorConfig(**record.read(bundle)["generator"]["config"]))
    generator.load_state_dict({k: v.float() for k, v in load_file(bundle / "generator.safetensors").items()})
    return generator.to(device).eval().requires_grad_(False)


def load_teacher(bundle: Path, device: torch.device) -> TeacherMapping:
    """The teacher mapping, frozen."""
    state = {k: v.float() for k, v in load_file(bundle / "teacher.safetensors").items()}
    teacher = TeacherMapping(len(state["mean"]), state["linear.weight"].shape[0])
    teacher.load_state_dict(state)
    return teacher.to(device).eval().requires_grad_(False)


def load_clip(bundle: Path, device: torch.device) -> JointSpace:
    """The text-image model's joint space, frozen."""
    entry = record.read(bundle)["clip"]
    space = JointSpace(entry["dim"], entry.get("width", 1.0))
    state = load_file(bundle / "clip.safetensors")
    space.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    return space.to(device).eval().requires_grad_(False)


def load_encoder(bundle: Path, device: torch.device) -> Encoder:
    """The encoder, frozen."""
    records = record.read(bundle)
    config = GeneratorConfig(**records["generator"]["config"])
    encoder = Encoder(config.num_ws, config.w_dim, records["encoder"].get("width", 1.0))
    state = load_file(bundle / "encoder.safetensors")
    encoder.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    return encoder.to(device).eval().requires_grad_(False)
