"""Text-image models of every layout give the same embeddings as the code they come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from tokenizers import Tokenizer

from editor.api.errors import BadCheckpoint
from editor.bundle.loading import load_bundle
from editor.checkpoints import clip
from editor.networks import published_clip
from tests.editor.checkpoints import made


def model_of(part: clip.Part) -> published_clip.PublishedClip:
    model = published_clip.build(published_clip.config_of(part.texts["clip.json"]))
    model.load_state_dict({name: value.float() for name, value in part.tensors.items()})
    return published_clip.PublishedClip(model, published_clip.load_tokenizer(part.texts["tokenizer.json"]))


def test_openais_vocabulary_is_read_from_its_list_of_merges(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_str(clip._tokenizer([made.vocabulary(tmp_path)], "x"))
    ids = tokenizer.encode("  ABC\n abcd 7!").ids
    assert (ids[0], ids[-1]) == (49406, 49407)
    assert ids[1] == 513  # "ab" and "c</w>" were merged second
    assert [tokenizer.id_to_token(number) for number in ids[2:-1]] == ["ab", "cd</w>", "7</w>", "!</w>"]


def test_half_precision_stays_half_on_disk(tmp_path: Path) -> None:
    part = clip.read(made.clip_files(tmp_path))
    kinds = {value.dtype for value in part.tensors.values()}
    assert kinds == {torch.float16, torch.float32}
    assert model_of(part).encode_text(["abc"]).shape == (1, 512)


def test_a_folder_of_hugging_face_gives_what_transformers_gives(tmp_path: Path) -> None:
    from transformers import CLIPModel

    folder = made.hugging_face_folder(tmp_path / "model")
    ours, theirs = model_of(clip.read([folder])), CLIPModel.from_pretrained(folder).eval()
    prepared = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        wanted = F.normalize(
            theirs.get_image_features(pixel_values=prepared, return_dict=True).pooler_output, dim=1
        )
    assert torch.allclose(ours.embed(prepared), wanted, atol=1e-6)
    assert ours.encode_text(["ab a"]).shape == (1, 24)


def open_clip_files(folder: Path, quick: bool | None = None) -> list[Path]:
    """The same weights as OpenAI's archive, as open_clip stores them."""
    layout, constants = made.vectors.layout(made.CLIP)
    state = made.checkpoints.filled(layout["shapes"], constants)
    state = {name: value.half().float() if name in layout["half"] else value for name, value in state.items()}
    save_file(
        {name: value.contiguous() for name, value in state.items()}, folder / "open_clip_model.safetensors"
    )
    (folder / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": {} if quick is None else {"quick_gelu": quick}})
    )
    return [folder / "open_clip_model.safetensors", folder / "open_clip_config.json", made.vocabulary(folder)]


def test_open_clip_has_another_activation_unless_its_config_states_quick_gelu(tmp_path: Path) -> None:
    quick, plain, openai = (tmp_path / name for name in ("quick", "plain", "openai"))
    for folder in (quick, plain, openai):
        folder.mkdir()
    prepared = torch.randn(1, 3, 64, 64)
    published = model_of(clip.read(made.clip_files(openai))).embed(prepared)
    assert torch.allclose(
        model_of(clip.read(open_clip_files(quick, True))).embed(prepared), published, atol=1e-5
    )
    assert not torch.allclose(
        model_of(clip.read(open_clip_files(plain))).embed(prepared), published, atol=1e-5
    )


def test_a_resnet_is_refused_with_alternatives(tmp_path: Path) -> None:
    state = {
        "visual.layer1.0.conv1.weight": torch.zeros(1),
        "visual.attnpool.positional_embedding": torch.zeros(1),
    }
    path = made.checkpoints.write_torchscript(tmp_path / "RN50.pt", state)
    with pytest.raises(
        BadCheckpoint, match=r"RN50.pt is a CLIP model with a ResNet image tower.*take ViT-B/32"
    ):
        clip.read([path, made.vocabulary(tmp_path)])


def multilingual_folder(folder: Path, dim: int) -> Path:
    """A text tower as sentence-transformers publishes it."""
    from transformers import DistilBertConfig, DistilBertModel

    torch.manual_seed(0)
    sizes = {
        "vocab_size": 40,
        "dim": 16,
        "hidden_dim": 32,
        "n_layers": 1,
        "n_heads": 2,
        "max_position_embeddings": 64,
    }
    DistilBertModel(DistilBertConfig(**sizes)).save_pretrained(folder)
    (folder / "modules.json").write_text("[]")
    (folder / "2_Dense").mkdir()
    torch.save({"linear.weight": torch.randn(dim, 16)}, folder / "2_Dense" / "pytorch_model.bin")
    words = {"[UNK]": 0, "粉": 1, "色": 2, "pink": 3}
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
    }
    tokenizer = {"version": "1.0", "pre_tokenizer": {"type": "Whitespace"}, "model": model | {"vocab": words}}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder


def test_a_multilingual_tower_replaces_the_text_tower(tmp_path: Path) -> None:
    from transformers import DistilBertModel

    part = clip.read([multilingual_folder(tmp_path / "tower", 512)])
    assert (part.name, part.table["dim"]) == ("text", 512)
    tower = published_clip.MultilingualTower(json.loads(part.texts["text.json"]), 512).eval()
    tower.load_state_dict(part.tensors)
    ids = torch.tensor([[1, 2]])
    body = DistilBertModel.from_pretrained(tmp_path / "tower").eval()
    with torch.no_grad():
        wanted = body(ids).last_hidden_state.mean(1) @ part.tensors["dense.weight"].t()
        assert torch.allclose(tower(ids, torch.ones(1, 2, dtype=torch.bool)), wanted, atol=1e-5)


def test_a_bundle_loads_with_both_towers(tmp_path: Path) -> None:
    def run_import(kind: str, *paths: Path) -> int:
        return made.run_import(kind, *paths, root=tmp_path / "to", name="b")

    assert run_import("nvidia", made.stored(made.ADA, tmp_path)) == 0
    (tmp_path / "small").mkdir()
    assert run_import("clip", multilingual_folder(tmp_path / "tower", 512)) == 1
    assert run_import("clip", *made.clip_files(tmp_path / "small")) == 0
    assert run_import("clip", multilingual_folder(tmp_path / "wrong", 100)) == 1
    assert run_import("clip", tmp_path / "tower") == 0
    assert (
        run_import(
            "directions", *made.direction_files(tmp_path / "d", made.generator_of(tmp_path / "to" / "b"))
        )
        == 0
    )
    bundle = load_bundle(tmp_path / "to" / "b", "cpu")
    one, other = bundle.clip.encode_text(["粉 色", "pink"])
    assert one.shape == (512,)
    assert not torch.allclose(one, other)
