"""Imports are right, work when they are used, and leave a bundle as it was when they are refused."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from editor.api.errors import BadCheckpoint
from editor.checkpoints import (
    clip,
    encoders,
    nvidia,
    rosinality,
    styleclip_mapper,
    unpickler,
)
from editor.checkpoints.installing import install
from editor.checkpoints.part import Part
from editor.networks import published_clip, stylegan2, stylegan3
from editor.networks.psp import PspConfig
from tests.editor.checkpoints import made

# what is imported must be right


def narrow(tmp_path: Path) -> Part:
    return rosinality.read(made.stored(made.ROSINALITY, tmp_path))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    path = made.stored(made.ROSINALITY, tmp_path)
    loaded = torch.load(path, weights_only=True)
    loaded["g_ema"]["input.input"][0, 0, 0, 0] = float("nan")
    torch.save(loaded, path)
    with pytest.raises(BadCheckpoint, match="not a number"):
        rosinality.read(path)


def test_another_blur_filter_is_refused(tmp_path: Path) -> None:
    path = made.stored(made.ROSINALITY, tmp_path)
    loaded = torch.load(path, weights_only=True)
    loaded["g_ema"]["to_rgbs.0.upsample.kernel"] = torch.ones(4, 4)
    torch.save(loaded, path)
    with pytest.raises(BadCheckpoint, match="filter that is not supported"):
        rosinality.read(path)


def test_a_generator_without_the_mean_of_w_is_measured(tmp_path: Path) -> None:
    network = unpickler.read_pickle(made.stored(made.ADA, tmp_path))["G_ema"]
    del network.get("mapping").state["_buffers"]["w_avg"]
    part = nvidia.generator(network, "file")
    assert part.tensors["mapping.w_avg"].abs().sum() > 0


def test_no_critical_layer_is_possible() -> None:
    small = {"resolution": 16, "z_dim": 8, "w_dim": 8, "channel_base": 128, "channel_max": 8, "layers": 5}
    generator = stylegan3.Generator(stylegan3.GeneratorConfig(critical=0, **small))  # type: ignore[arg-type]
    assert generator(torch.randn(1, 8)).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_arrays_of_any_order_and_empty_ones_are_read(protocol: int, tmp_path: Path) -> None:
    arrays = [
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.zeros((0, 3), np.float32),
    ]
    (tmp_path / "file").write_bytes(pickle.dumps(arrays, protocol=protocol))
    for found, wanted in zip(unpickler.read_pickle(tmp_path / "file"), arrays, strict=True):
        assert np.array_equal(found, wanted)
        assert found.dtype == wanted.dtype


# bundles


def test_a_number_that_toml_cannot_hold_leaves_the_bundle_as_it_was(tmp_path: Path) -> None:
    part = narrow(tmp_path)
    folder = tmp_path / "to" / "b"
    install(tmp_path / "to", "b", [part], {"title": "Good"})
    before = (folder / "bundle.toml").read_bytes()
    for value in (float("inf"), float("nan")):
        with pytest.raises(BadCheckpoint, match="cannot hold"):
            install(tmp_path / "to", "b", [Part(part.name, part.tensors, part.table | {"clamp": value})], {})
    with pytest.raises(BadCheckpoint, match="Unicode"):
        install(tmp_path / "to", "b", [part], {"title": "\udcff"})
    assert (folder / "bundle.toml").read_bytes() == before
    assert os.listdir(tmp_path / "to") == ["b"]


def test_files_of_a_bundle_can_be_read_by_others(tmp_path: Path) -> None:
    folder = tmp_path / "to" / "b"
    install(tmp_path / "to", "b", [narrow(tmp_path)], {})
    assert {path.name: path.stat().st_mode & 0o044 for path in folder.iterdir()} == {
        "bundle.toml": 0o044,
        "generator.safetensors": 0o044,
    }


def test_a_killed_import_is_cleaned_up_and_its_bundle_restored(tmp_path: Path) -> None:
    part = narrow(tmp_path)
    root = tmp_path / "to"
    folder = root / "b"
    install(tmp_path / "to", "b", [part], {"title": "Before"})
    leftover = root / ".b-abcd1234"
    leftover.mkdir()
    folder.rename(leftover / "before")
    os.utime(leftover, (0, 0))
    install(tmp_path / "to", "b", [part], {})
    assert os.listdir(root) == ["b"]
    assert 'title = "Before"' in (folder / "bundle.toml").read_text()


# what is accepted must work


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    folder = made.hugging_face_folder(tmp_path / "model")
    words = json.loads((folder / "vocab.json").read_text())
    (folder / "vocab.json").write_text(json.dumps(words | {"new": 60}))
    with pytest.raises(BadCheckpoint, match="token 60, and the model knows 60"):
        clip.read([folder])


def test_impossible_settings_of_a_folder_are_refused(tmp_path: Path) -> None:
    folder = made.hugging_face_folder(tmp_path / "model")
    settings = json.loads((folder / "config.json").read_text())
    for name, value in (("num_hidden_layers", 10**9), ("hidden_size", 2**40)):
        changed = settings | {"text_config": settings["text_config"] | {name: value}}
        (folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(BadCheckpoint, match="not possible"):
            clip.read([folder])


def test_a_model_of_a_short_context_encodes_long_texts(tmp_path: Path) -> None:
    from transformers import CLIPConfig, CLIPModel

    folder = made.hugging_face_folder(tmp_path / "model")
    settings = json.loads((folder / "config.json").read_text())
    settings["text_config"]["max_position_embeddings"] = 12
    CLIPModel(CLIPConfig(**settings)).save_pretrained(folder)
    part = clip.read([folder])
    model = published_clip.build(json.loads(part.texts["clip.json"]))
    model.load_state_dict(part.tensors)
    tokenizer = published_clip.load_tokenizer(part.texts["tokenizer.json"])
    found = published_clip.PublishedClip(model, tokenizer).encode_text(["ab " * 30])
    assert found.shape == (1, 24)


def test_openais_activation_is_used_if_a_file_does_not_state_one(tmp_path: Path) -> None:
    state = unpickler.read_torchscript(made.stored(made.CLIP, tmp_path))
    state = {name: value for name, value in state.items() if name not in clip.LAYOUT["not_weights"]}
    torch.save(state, tmp_path / "plain.pt")
    part = clip.read([tmp_path / "plain.pt", made.vocabulary(tmp_path)])
    assert json.loads(part.texts["clip.json"])["text_config"]["hidden_act"] == "quick_gelu"


def test_restyle_with_one_iteration_runs_one(tmp_path: Path) -> None:
    path = made.stored(made.RESTYLE, tmp_path)
    loaded = torch.load(path, weights_only=False)
    options = loaded["opts"]
    if isinstance(options, dict):
        options["n_iters_per_batch"] = 1
    else:
        options.n_iters_per_batch = 1
    torch.save(loaded, path)
    part, _ = encoders.read(path, "restyle")
    assert (part.table["iterations"], part.table["iterative"]) == (1, True)
    assert PspConfig(iterations=5).iterative, "bundles of older versions do not state it"


def test_a_mapper_of_other_layers_is_refused() -> None:
    table = {"kind": "stylegan2", **stylegan2.GeneratorConfig(resolution=16).as_dict()}
    part = Part("prompts", {}, {"prompt": "x", "nets": {"99": 256}})
    with pytest.raises(BadCheckpoint, match="style layer 99"):
        styleclip_mapper.check_widths(part, table, "file")
    part = Part("prompts", {}, {"prompt": "x", "nets": {"0": 8}})
    with pytest.raises(BadCheckpoint, match="has 8 channels, not 256"):
        styleclip_mapper.check_widths(part, table, "file")
