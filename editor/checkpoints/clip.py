"""Importer of text-image models: OpenAI's archives, Hugging Face folders, open_clip files, multilingual text
towers.

Each becomes the tensors of ``transformers``' CLIPModel, its settings (``clip.json``) and a
``tokenizer.json``.
"""

from __future__ import annotations

import gzip
import json
import logging
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints.clip_tokenizer import build_tokenizer, openai_tokenizer, read_merges
from editor.checkpoints.part import LAYOUTS, Part, empty, fit
from editor.checkpoints.records import printable
from editor.checkpoints.tensors import below, describe, is_torchscript, read_pt, read_safetensors
from editor.checkpoints.unpickler import read_torchscript, refusal
from editor.networks.published_clip import MultilingualTower, build, config_of, load_tokenizer

logger = logging.getLogger(__name__)

LAYOUT = LAYOUTS["clip"]
BLOCK = re.compile(r"(visual\.)?transformer\.resblocks\.(\d{1,3})\.(.+)")
HEAD_WIDTH = 64
RESNET = (
    "is a CLIP model with a ResNet image tower, which is not supported; take ViT-B/32, ViT-B/16 or ViT-L/14"
)
MAX_TEXT = 64 * 1024 * 1024
MAX_LAYERS, MAX_WIDTH = 200, 1 << 20
"""Bounds of the sizes in a settings file."""


def read(paths: Sequence[Path]) -> Part:
    """Read a model from its files or its folder. Raises BadCheckpoint.

    A single model file needs its vocabulary too: ``tokenizer.json``, or OpenAI's list of merges.
    """
    files = [inner for path in paths for inner in (sorted(path.rglob("*")) if path.is_dir() else [path])]
    for path in files:
        if not path.exists():
            raise BadCheckpoint(f"There is no file {path}.")
    if any(path.name == "modules.json" for path in files):  # the layout of sentence-transformers
        return _multilingual(files)
    weights = _find_weights(files)
    config, tensors = _config_and_tensors(files, weights)
    made = fit(empty(lambda: build(config)), tensors, weights.name)
    kept = {
        name: (tensors[name] if tensors[name].is_floating_point() else value).contiguous()
        for name, value in made.items()
    }
    tokenizer = _tokenizer(files, weights.name)
    _check_tokenizer(tokenizer, config["text_config"].get("vocab_size"), weights.name)
    texts = {"clip.json": json.dumps(config, indent=1), "tokenizer.json": tokenizer}
    return Part("clip", kept, {"kind": "transformers", "dim": int(config["projection_dim"])}, texts)


def _config_and_tensors(files: Sequence[Path], weights: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Read settings and weights, whatever the layout, under the names of ``transformers``."""
    loaded = _load(weights)
    state = loaded.get("state_dict", loaded) if isinstance(loaded, Mapping) else {}
    state = state if isinstance(state, Mapping) else {}
    tensors = {
        str(name).removeprefix("module."): value for name, value in state.items() if isinstance(value, Tensor)
    }
    if "vision_model.embeddings.class_embedding" in tensors:
        config = _config_of_folder(_read_json(files, "config.json"), weights.name)
        return config, {name: v for name, v in tensors.items() if not name.endswith("position_ids")}
    if any(name.startswith("visual.layer1.") or "attnpool" in name for name in tensors):
        raise BadCheckpoint(f"{weights.name} {RESNET}.")
    if "visual.class_embedding" not in tensors:
        raise BadCheckpoint(f"{weights.name} is not a CLIP model but {describe(loaded)}.")
    settings = _read_json(files, "open_clip_config.json")
    openai = is_torchscript(weights) or (isinstance(loaded, Mapping) and "input_resolution" in loaded)
    if settings is None and not openai:
        logger.warning(
            "%s does not state its activation. OpenAI's QuickGELU is used; for a model of open_clip, add its "
            "open_clip_config.json.",
            weights.name,
        )
    return _config_of_shapes(tensors, settings, openai), _rename(tensors)


def _find_weights(files: Sequence[Path]) -> Path:
    """Return the file of weights; of the same model in two formats, the safe one."""
    for ending in (".safetensors", ".pt", ".bin", ".pth"):
        found = [path for path in files if path.suffix == ending and path.parent.name != "2_Dense"]
        if len(found) > 1:
            raise BadCheckpoint(f"There is more than one {ending} file; please name the one to import.")
        if found:
            return found[0]
    raise BadCheckpoint(
        "There is no CLIP model among these files (.pt, .safetensors or a Hugging Face folder)."
    )


def _load(path: Path) -> Any:
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    return read_torchscript(path) if is_torchscript(path) else read_pt(path)


def _read_text(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            return stream.read(MAX_TEXT).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise refusal(path, error) from error


def _read_json(files: Sequence[Path], name: str) -> dict[str, Any] | None:
    found = [path for path in files if path.name == name and path.parent.name not in ("1_Pooling", "2_Dense")]
    return config_of(_read_text(found[0])) if found else None


# settings


def _config_of_folder(settings: dict[str, Any] | None, source: str) -> dict[str, Any]:
    if settings is None:
        raise BadCheckpoint(f"{source} needs the config.json of its folder.")
    if settings.get("model_type") != "clip":
        kind = printable(settings.get("model_type"))
        raise BadCheckpoint(f"{source} belongs to a model of type '{kind}'; only 'clip' is supported.")
    known = ("projection_dim", "logit_scale_init_value")
    kept: dict[str, Any] = {name: settings[name] for name in known if name in settings}
    kept.setdefault("projection_dim", 512)
    for part in ("text_config", "vision_config"):
        given = settings.get(part) or settings.get(f"{part}_dict") or {}
        kept[part] = _known_settings(given, LAYOUT["tower"], source)
    return kept


def _known_settings(given: Mapping[str, Any], names: Collection[str], source: str) -> dict[str, Any]:
    """Return the settings of these names. Raises BadCheckpoint for an impossible size."""
    kept = {name: value for name, value in given.items() if name in names}
    for name, value in kept.items():
        most = MAX_LAYERS if name in ("num_hidden_layers", "n_layers") else MAX_WIDTH
        if isinstance(value, int) and not 0 <= value <= most:
            raise BadCheckpoint(f"{source}: the setting {name} is {printable(value)}, which is not possible.")
    return kept


def _config_of_shapes(
    state: Mapping[str, Tensor], given: dict[str, Any] | None, openai: bool
) -> dict[str, Any]:
    """Find the settings from the shapes of tensors, which tell all but the activation and the heads."""
    extra = dict((given or {}).get("model_cfg") or {})
    vision, text = dict(extra.get("vision_cfg") or {}), dict(extra.get("text_cfg") or {})
    activation = "quick_gelu" if openai or given is None or extra.get("quick_gelu") else "gelu"
    width, _, patch, _ = state["visual.conv1.weight"].shape
    patches = state["visual.positional_embedding"].shape[0] - 1
    narrow, dim = state["text_projection"].shape
    end = state["token_embedding.weight"].shape[0] - 1
    return {
        "projection_dim": dim,
        "vision_config": {
            **_config_of_blocks(state, "visual.transformer.resblocks.", width, activation),
            "num_attention_heads": width // int(vision.get("head_width", HEAD_WIDTH)),
            "patch_size": patch,
            "image_size": patch * round(patches**0.5),
        },
        "text_config": {
            **_config_of_blocks(state, "transformer.resblocks.", narrow, activation),
            "num_attention_heads": int(text.get("heads", narrow // HEAD_WIDTH)),
            "max_position_embeddings": state["positional_embedding"].shape[0],
            "vocab_size": end + 1,
            "eos_token_id": end,
            "bos_token_id": end - 1,
        },
    }


def _config_of_blocks(
    state: Mapping[str, Tensor], prefix: str, width: int, activation: str
) -> dict[str, Any]:
    return {
        "hidden_size": width,
        "intermediate_size": state[f"{prefix}0.mlp.c_fc.weight"].shape[0],
        "num_hidden_layers": len({name.split(".")[0] for name in below(state, prefix)}),
        "hidden_act": activation,
    }


# names


def _rename(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give OpenAI's tensors the names of ``transformers`` and split the joint query-key-value weights."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        block = BLOCK.fullmatch(name)
        if name in LAYOUT["tensors"]:
            transposed = name in ("visual.proj", "text_projection")
            found[LAYOUT["tensors"][name]] = value.t() if transposed else value
        elif block is not None:
            tower = "vision_model" if block[1] else "text_model"
            found |= _rename_layer(f"{tower}.encoder.layers.{block[2]}.", block[3], value)
        elif name not in LAYOUT["not_weights"]:
            found[name] = value  # ``fit`` refuses it by name
    return found


def _rename_layer(root: str, name: str, value: Tensor) -> dict[str, Tensor]:
    if name.startswith("attn.in_proj_"):
        field = name.removeprefix("attn.in_proj_")
        pieces = zip("qkv", value.chunk(3), strict=True)
        return {f"{root}self_attn.{part}_proj.{field}": piece for part, piece in pieces}
    base, _, field = name.rpartition(".")
    return {f"{root}{LAYOUT['layers'].get(base, base)}.{field}": value}


# vocabulary


def _tokenizer(files: Sequence[Path], source: str) -> str:
    """Return the text of ``tokenizer.json``, read or built from a vocabulary and its merges."""
    by_name = {path.name: path for path in files}
    if "tokenizer.json" in by_name:
        return _read_text(by_name["tokenizer.json"])
    if "vocab.json" in by_name and "merges.txt" in by_name:
        merges = read_merges(_read_text(by_name["merges.txt"]).splitlines())
        return build_tokenizer(config_of(_read_text(by_name["vocab.json"])), merges)
    lists = [path for path in files if path.name.startswith("bpe_simple_vocab")]
    if not lists:
        raise BadCheckpoint(
            f"{source} needs its vocabulary: add tokenizer.json, or OpenAI's bpe_simple_vocab_16e6.txt.gz."
        )
    return openai_tokenizer(_read_text(lists[0]))


def _check_tokenizer(text: str, vocabulary: int | None, source: str) -> None:
    """Raise BadCheckpoint if a tokenizer cannot be loaded or has tokens that the model does not know."""
    tokenizer = load_tokenizer(text)
    highest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
    if vocabulary is not None and highest >= vocabulary:
        raise BadCheckpoint(
            f"The tokenizer does not belong to {source}: it has token {highest}, and the model knows "
            f"{vocabulary}."
        )


def _multilingual(files: Sequence[Path]) -> Part:
    """Read a text tower alone: DistilBERT, mean pooling, one linear layer."""
    settings, weights = _read_json(files, "config.json") or {}, _find_weights(files)
    endings = (".bin", ".safetensors")
    dense = [path for path in files if path.parent.name == "2_Dense" and path.suffix in endings]
    if settings.get("model_type") != "distilbert" or not dense:
        raise BadCheckpoint(
            f"{weights.name} is not supported: a text tower must be DistilBERT with a linear layer."
        )
    tokenizers = [path for path in files if path.name == "tokenizer.json"]
    if not tokenizers:
        raise BadCheckpoint(f"{weights.name} needs its tokenizer.json.")
    tokenizer = _read_text(tokenizers[0])
    config = _known_settings(settings, LAYOUT["multilingual"], weights.name)
    _check_tokenizer(tokenizer, config.get("vocab_size"), weights.name)
    linear = below(_load(dense[-1]), "linear.")
    dim, bias = linear["weight"].shape[0], "bias" in linear
    body = {name.removeprefix("distilbert."): value for name, value in _load(weights).items()}
    tensors = {f"body.{name}": value for name, value in body.items() if not name.endswith("position_ids")}
    tensors |= {f"dense.{name}": value for name, value in linear.items()}
    made = fit(empty(lambda: MultilingualTower(config, dim, bias)), tensors, weights.name)
    texts = {"text.json": json.dumps(config, indent=1), "text_tokenizer.json": tokenizer}
    return Part("text", made, {"dim": dim, "bias": bias}, texts)
