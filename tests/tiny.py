"""A bundle of the real networks in small, with random weights: enough for everything but pretty pictures."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from editor.bundle.manifest import write_manifest
from editor.networks.deltaedit import TextMapper
from editor.networks.encoder import Encoder
from editor.networks.siglip import JointSpace
from editor.networks.stylegan2 import Generator, GeneratorConfig

CONFIG = GeneratorConfig(
    resolution=128,
    z_dim=16,
    w_dim=16,
    mapping_layers=2,
    mapping_features=16,
    channel_base=512,
    channel_max=16,
)
DIM = 32
THRESHOLDS = {"standard_gain": 0.01, "shown": 50.0, "domain_similarity": -1.0, "domain_psnr": 0.0}


def write_bundle(folder: Path, seed: int = 0, **changes: object) -> Path:
    """Write the bundle; ``changes`` go into the manifest."""
    torch.manual_seed(seed)
    folder.mkdir(parents=True)
    generator = Generator(CONFIG).eval()
    channels = generator.synthesis.num_channels
    with torch.no_grad():
        styles = generator.synthesis.styles(generator.mapping(torch.randn(256, CONFIG.z_dim)))
    bank = {
        "s_mean": styles.mean(0),
        "s_std": styles.std(0) + 1e-3,
        "relevance": torch.nn.functional.normalize(torch.randn(channels, DIM), dim=1),
    }
    parts = {
        "generator": generator.state_dict(),
        "encoder": Encoder(CONFIG.num_ws, CONFIG.w_dim).state_dict(),
        "clip": JointSpace(DIM).state_dict(),
        "mapper": TextMapper(CONFIG.w_dim, DIM).state_dict(),
        "bank": bank,
    }
    for name, tensors in parts.items():
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / f"{name}.safetensors")
    manifest = {
        "title": "Tiny",
        "domain": "noise",
        "licence": "MIT",
        "examples": ["pink hair", "glasses"],
        "neutral": ["a face"],
        "generator": CONFIG.as_dict(),
        "clip": {"dim": DIM},
        "thresholds": THRESHOLDS,
    }
    write_manifest(folder, manifest | changes)
    return folder
