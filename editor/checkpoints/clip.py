"""Text-image models: OpenAI's archives, folders of Hugging Face, open_clip's safetensors, and multilingual text towers.

All become the tensors of ``transformers``' CLIPModel, its settings (``clip.json``) and a ``tokenizer.json``.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints.part import Part, fit
from editor.checkpoints.tensors import below, is_torchscript, read_pt, read_safetensors, recognise
from editor.checkpoints.unpickler import read_torchscript, refused
from editor.networks.published_clip import MultilingualTower, build, config_of, load_tokenizer

HEAD_WIDTH = 64
MERGES = 49152 - 256 - 2
"""Merges of OpenAI's vocabulary: 49152 entries less the 256 bytes, and two marks after them."""
START, END = "<|startoftext|>", "<|endoftext|>"
SPLIT = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
RESNET = "is a CLIP model with a ResNet image tower, which cannot be held here; take ViT-B/32, ViT-B/16 or ViT-L/14"
MOST_TEXT = 64 * 1024 * 1024


def read(paths: Sequence[Path]) -> Part:
    """A model from its files or its folder. Raises BadCheckpoint.

    A single model file needs the vocabulary beside it: ``tokenizer.json``, or OpenAI's list of merges.
    """
    files = [inner for path in paths for inner in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    for path in files:
        if not path.exists():
            raise BadCheckpoint(f"There is no file {path}.")
    if _is_sentence_transformer(files):
        return _multilingual(files)
    weights = _weights(files)
    settings = _json(files, "config.json")
    loaded = _load(weights)
    state = loaded.get("state_dict", loaded) if isinstance(loaded, Mapping) else {}
    state = {
        str(name).removeprefix("module."): value for name, value in state.items() if isinstance(value, Tensor)
    }
    if "vision_model.embeddings.class_embedding" in state:
        config = _settings_of_folder(settings, weights.name)
        tensors = {name: value for name, value in state.items() if not name.endswith("position_ids")}
    elif any(name.startswith("visual.layer1.") or "attnpool" in name for name in state):
        raise BadCheckpoint(f"{weights.name} {RESNET}.")
    elif "visual.class_embedding" in state:
        config = _settings(
            state, _json(files, "open_clip_config.json"), is_torchscript(weights) or _was_openai(loaded)
        )
        tensors = _renamed(state)
    else:
        raise BadCheckpoint(f"{weights.name} is not a CLIP model but {recognise(loaded)}.")
    module = build(config)
    made = fit(module, tensors, weights.name)
    kept = {
        name: (tensors[name] if tensors[name].is_floating_point() else value).contiguous()
        for name, value in made.items()
    }
    table = {"kind": "transformers", "dim": int(config["projection_dim"])}
    return Part(
        "clip",
        kept,
        table,
        {"clip.json": json.dumps(config, indent=1), "tokenizer.json": _tokenizer(files, weights.name)},
    )


def _weights(files: Sequence[Path]) -> Path:
    """The one file of weights; of the same model in two formats, the safe one."""
    for ending in (".safetensors", ".pt", ".bin", ".pth"):
        found = [path for path in files if path.suffix == ending and path.parent.name != "2_Dense"]
        if len(found) > 1:
            raise BadCheckpoint(f"There is more than one {ending} file; which one is the model?")
        if found:
            return found[0]
    raise BadCheckpoint(
        "There is no CLIP model among these files (.pt, .safetensors or a Hugging Face folder)."
    )


def _load(path: Path) -> Any:
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    return read_torchscript(path) if is_torchscript(path) else read_pt(path)


def _was_openai(loaded: Any) -> bool:
    """OpenAI's state dicts carry three numbers of the model beside its tensors; others do not."""
    return isinstance(loaded, Mapping) and "input_resolution" in loaded


def _text(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            return stream.read(MOST_TEXT).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise refused(path, error) from error


def _json(files: Sequence[Path], name: str) -> dict[str, Any] | None:
    found = [path for path in files if path.name == name and path.parent.name not in ("1_Pooling", "2_Dense")]
    return config_of(_text(found[0])) if found else None


# settings


def _settings_of_folder(settings: dict[str, Any] | None, source: str) -> dict[str, Any]:
    if settings is None:
        raise BadCheckpoint(f"{source} needs the config.json of its folder beside it.")
    if settings.get("model_type") != "clip":
        raise BadCheckpoint(
            f"{source} belongs to a model of type '{settings.get('model_type')}'; only 'clip' can be held here."
        )
    kept: dict[str, Any] = {
        name: settings[name] for name in ("projection_dim", "logit_scale_init_value") if name in settings
    }
    kept.setdefault("projection_dim", 512)
    for part in ("text_config", "vision_config"):
        given = settings.get(part) or settings.get(f"{part}_dict") or {}
        kept[part] = {name: value for name, value in given.items() if name in FIELDS}
    return kept


FIELDS = {
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "hidden_act",
    "layer_norm_eps",
    "max_position_embeddings",
    "vocab_size",
    "image_size",
    "patch_size",
    "eos_token_id",
    "bos_token_id",
}
"""Settings of a tower that change what it computes."""


def _settings(state: Mapping[str, Tensor], given: dict[str, Any] | None, openai: bool) -> dict[str, Any]:
    """Settings from the tensors' shapes; the activation and the heads are not in them."""
    extra = dict((given or {}).get("model_cfg") or {})
    vision, text = dict(extra.get("vision_cfg") or {}), dict(extra.get("text_cfg") or {})
    activation = "quick_gelu" if openai or extra.get("quick_gelu") else "gelu"
    patches = state["visual.positional_embedding"].shape[0] - 1
    width, _, patch, _ = state["visual.conv1.weight"].shape
    narrow, dim = state["text_projection"].shape
    depth = {
        part: len(
            {name.split(".")[place] for name in state if name.startswith(f"{part}transformer.resblocks.")}
        )
        for part, place in (("visual.", 3), ("", 2))
    }
    end = state["token_embedding.weight"].shape[0] - 1
    return {
        "projection_dim": dim,
        "vision_config": {
            "hidden_size": width,
            "intermediate_size": state["visual.transformer.resblocks.0.mlp.c_fc.weight"].shape[0],
            "num_hidden_layers": depth["visual."],
            "num_attention_heads": width // int(vision.get("head_width", HEAD_WIDTH)),
            "patch_size": patch,
            "image_size": patch * round(patches**0.5),
            "hidden_act": activation,
        },
        "text_config": {
            "hidden_size": narrow,
            "intermediate_size": state["transformer.resblocks.0.mlp.c_fc.weight"].shape[0],
            "num_hidden_layers": depth[""],
            "num_attention_heads": int(text.get("heads", narrow // HEAD_WIDTH)),
            "max_position_embeddings": state["positional_embedding"].shape[0],
            "vocab_size": end + 1,
            "hidden_act": activation,
            "eos_token_id": end,
            "bos_token_id": end - 1,
        },
    }


# names


SINGLE = {
    "visual.class_embedding": "vision_model.embeddings.class_embedding",
    "visual.conv1.weight": "vision_model.embeddings.patch_embedding.weight",
    "visual.positional_embedding": "vision_model.embeddings.position_embedding.weight",
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "visual.proj": "visual_projection.weight",
    "text_projection": "text_projection.weight",
    "logit_scale": "logit_scale",
}
NORMS = {
    "visual.ln_pre": "vision_model.pre_layrnorm",
    "visual.ln_post": "vision_model.post_layernorm",
    "ln_final": "text_model.final_layer_norm",
}
LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}
BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d+)\.(.+)")
NUMBERS = ("input_resolution", "context_length", "vocab_size", "attn_mask")


def _renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of OpenAI's names under those of ``transformers``; the joint query-key-value weights are cut in three."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        base, _, field = name.rpartition(".")
        block = BLOCK.fullmatch(name)
        if name in SINGLE:
            found[SINGLE[name]] = value.t() if name in ("visual.proj", "text_projection") else value
        elif base in NORMS:
            found[f"{NORMS[base]}.{field}"] = value
        elif block is not None:
            tower = "vision_model" if block[1] else "text_model"
            found |= _renamed_layer(f"{tower}.encoder.layers.{block[2]}.", block[3], value)
        elif name not in NUMBERS:
            found[name] = value  # refused by name when it is fitted
    return found


def _renamed_layer(root: str, name: str, value: Tensor) -> dict[str, Tensor]:
    if name.startswith("attn.in_proj_"):
        field = name.removeprefix("attn.in_proj_")
        return {
            f"{root}self_attn.{part}_proj.{field}": piece
            for part, piece in zip("qkv", value.chunk(3), strict=True)
        }
    base, _, field = name.rpartition(".")
    return {f"{root}{LAYER.get(base, base)}.{field}": value}


# vocabulary


def _tokenizer(files: Sequence[Path], source: str) -> str:
    """The text of ``tokenizer.json``, as it is or made from a vocabulary and its merges."""
    by_name = {path.name: path for path in files}
    if "tokenizer.json" in by_name:
        text = _text(by_name["tokenizer.json"])
        load_tokenizer(text)
        return text
    if "vocab.json" in by_name and "merges.txt" in by_name:
        lines = _text(by_name["merges.txt"]).splitlines()
        return _bpe(config_of(_text(by_name["vocab.json"])), _merges(lines))
    lists = [path for path in files if path.name.startswith("bpe_simple_vocab")]
    if not lists:
        raise BadCheckpoint(
            f"{source} needs its vocabulary beside it: tokenizer.json, or OpenAI's bpe_simple_vocab_16e6.txt.gz."
        )
    merges = _merges(_text(lists[0]).split("\n")[1 : MERGES + 1])
    letters = list(_bytes().values())
    entries = [
        *letters,
        *(f"{letter}</w>" for letter in letters),
        *("".join(pair) for pair in merges),
        START,
        END,
    ]
    return _bpe({entry: number for number, entry in enumerate(entries)}, merges)


def _merges(lines: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [tuple(line.split()) for line in lines if line and not line.startswith("#version")]
    if not pairs or any(len(pair) != 2 for pair in pairs):
        raise BadCheckpoint("The vocabulary's list of merges is damaged.")
    return pairs  # type: ignore[return-value]


def _bytes() -> dict[int, str]:
    """The letter that byte-level vocabularies write for each byte: itself where it is visible, else one from 256 on."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {byte: chr(byte) for byte in visible} | {
        byte: chr(256 + place) for place, byte in enumerate(hidden)
    }


def _bpe(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> str:
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    if START not in vocabulary or END not in vocabulary:
        raise BadCheckpoint(f"The vocabulary lacks its marks {START} and {END}.")
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix="</w>", unk_token=END)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, vocabulary[START]), (END, vocabulary[END])]
    )
    return tokenizer.to_str()


# multilingual towers


def _is_sentence_transformer(files: Sequence[Path]) -> bool:
    return any(path.name == "modules.json" for path in files)


TOWER_FIELDS = (
    "vocab_size",
    "max_position_embeddings",
    "n_layers",
    "n_heads",
    "dim",
    "hidden_dim",
    "activation",
    "sinusoidal_pos_embds",
)


def _multilingual(files: Sequence[Path]) -> Part:
    """A text tower alone: DistilBERT, mean pooling, one linear layer."""
    settings = _json(files, "config.json") or {}
    weights, dense = (
        _weights(files),
        [path for path in files if path.parent.name == "2_Dense" and path.suffix in (".bin", ".safetensors")],
    )
    if settings.get("model_type") != "distilbert" or not dense:
        raise BadCheckpoint(
            f"{weights.name}: of multilingual text towers only DistilBERT with a linear layer can be held here."
        )
    linear = below(_load(dense[-1]), "linear.")
    body = {name.removeprefix("distilbert."): value for name, value in _load(weights).items()}
    config = {name: settings[name] for name in TOWER_FIELDS if name in settings}
    dim = linear["weight"].shape[0]
    module = MultilingualTower(config, dim, "bias" in linear)
    tensors = {f"body.{name}": value for name, value in body.items() if not name.endswith("position_ids")}
    tensors |= {f"dense.{name}": value for name, value in linear.items()}
    tokenizers = [path for path in files if path.name == "tokenizer.json"]
    if not tokenizers:
        raise BadCheckpoint(f"{weights.name} needs its tokenizer.json beside it.")
    text = _text(tokenizers[0])
    load_tokenizer(text)
    table = {"dim": dim, "bias": "bias" in linear}
    return Part(
        "text",
        fit(module, tensors, weights.name),
        table,
        {"text.json": json.dumps(config, indent=1), "text_tokenizer.json": text},
    )
