"""Checkpoints of random weights in the published layouts, and the files that come with them."""

from __future__ import annotations

import gzip
import json
import pickle
from pathlib import Path

import numpy as np
import torch

from editor.__main__ import main
from editor.bundle.loading import load_generator
from editor.bundle.manifest import read_manifest
from editor.checkpoints.clip_tokenizer import MERGES, byte_letters
from editor.lab.parity import checkpoints, vectors
from editor.networks.generators import Generator

ADA, THIRD_T, THIRD_R = (
    "ada, skip, 32 px, narrow",
    "StyleGAN3-T, 32 px, narrow",
    "StyleGAN3-R, 32 px, narrow, labels",
)
FIRST, ROSINALITY = "first StyleGAN2 (TensorFlow), 64 px, read by stylegan3", "rosinality, 16 px"
E4E, PSP, RESTYLE = "e4e", "pSp into W", "ReStyle over e4e, 3 steps"
MAPPER, CLIP = "mapper, three levels", "CLIP, two layers, half precision"
DIM = 512


def stored(case: str, folder: Path) -> Path:
    """Write the checkpoint of a case."""
    layout, constants = vectors.layout(case)
    return checkpoints.write(layout, constants, folder)


def run_import(kind: str, *paths: Path, root: Path, name: str = "narrow", more: tuple[str, ...] = ()) -> int:
    """Run ``python -m editor import``."""
    return main(["import", kind, *map(str, paths), "--name", name, "--to", str(root), *more])


def generator_of(folder: Path) -> Generator:
    """Load the generator of a bundle."""
    return load_generator(folder, read_manifest(folder))


def vocabulary(folder: Path) -> Path:
    """Write a list of merges as long as OpenAI's.

    The first make "ab" and "abc", the others any two letters.
    """
    letters = list(byte_letters().values())
    pairs = [("a", "b"), ("ab", "c</w>")]
    pairs += [
        (one, other + end)
        for one in letters
        for other in letters
        for end in ("", "</w>")
        if (one, other + end) not in pairs
    ]
    path = folder / "bpe_simple_vocab_16e6.txt.gz"
    path.write_bytes(
        gzip.compress(
            "\n".join(["#version: 0.2", *(" ".join(pair) for pair in pairs[:MERGES]), ""]).encode(), 1
        )
    )
    return path


def clip_files(folder: Path) -> list[Path]:
    """Write a CLIP archive and its vocabulary."""
    return [stored(CLIP, folder), vocabulary(folder)]


@torch.no_grad()
def direction_files(folder: Path, generator: Generator, rows: int | None = None, seed: int = 0) -> list[Path]:
    """Write ``fs3.npy`` for all convolutions of a generator, with its ``S_mean_std``."""
    folder.mkdir(parents=True, exist_ok=True)
    layers = generator.synthesis.layers
    count = rows or sum(layer.stop - layer.start for layer in layers if layer.kind == "conv")
    relevance = np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)
    np.save(folder / "fs3.npy", relevance / np.linalg.norm(relevance, axis=1, keepdims=True))
    styles = generator.synthesis.styles(
        generator.mapping(torch.randn(500, generator.config.z_dim), 0.7)
    ).numpy()
    parts = [styles[:, layer.start : layer.stop] for layer in layers]
    pair = [[part.mean(0) for part in parts], [part.std(0) for part in parts]]
    (folder / "S_mean_std").write_bytes(pickle.dumps(pair))
    return [folder / "fs3.npy", folder / "S_mean_std"]


def hugging_face_folder(folder: Path) -> Path:
    """Write a CLIP model in the layout of ``save_pretrained``."""
    from transformers import CLIPConfig, CLIPModel

    torch.manual_seed(0)
    text = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "vocab_size": 60,
    }
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 32,
    }
    vision |= {"patch_size": 8}
    text |= {"eos_token_id": 59, "bos_token_id": 58}
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=24)).save_pretrained(folder)
    letters = [chr(97 + number) for number in range(26)]
    words = {
        token: number
        for number, token in enumerate([*letters, *(f"{letter}</w>" for letter in letters), "ab", "ab</w>"])
    }
    words |= {"<|startoftext|>": 58, "<|endoftext|>": 59}
    (folder / "vocab.json").write_text(json.dumps(words))
    (folder / "merges.txt").write_text("#version: 0.2\na b\na b</w>\n")
    return folder
