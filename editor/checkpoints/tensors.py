"""Readers of tensor files that run nothing: torch's ``.pt``, safetensors and numpy's ``.npy``."""

from __future__ import annotations

import argparse
import pathlib
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from editor.api.errors import BadCheckpoint
from editor.checkpoints.file_signatures import check_archive
from editor.checkpoints.records import check_tensors
from editor.checkpoints.unpickler import refusal

SAFE: list[Any] = [argparse.Namespace, pathlib.PosixPath, pathlib.PurePosixPath]
"""Plain classes for the options that training scripts store with the weights. Making one runs nothing."""
RUNS_SOMETHING = ("GLOBAL", "Unsupported class", "Unsupported operand", "not an allowed")
"""Parts of torch's messages about a pickle that wants to call something."""


def read_pt(path: Path) -> Any:
    """Read a file of ``torch.save``, new or old, in torch's restricted mode. Raises BadCheckpoint."""
    check_archive(path, path.name)
    try:
        with torch.serialization.safe_globals(SAFE), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about the pickle protocol, which does not matter
            loaded = torch.load(path, map_location="cpu", weights_only=True)
        check_tensors(loaded, path.stat().st_size)
        return loaded
    except pickle.UnpicklingError as error:
        if any(words in str(error) for words in RUNS_SOMETHING):
            raise BadCheckpoint(
                f"{path.name} was not read: it wants to run something, and weights need no such thing."
            ) from error
        raise refusal(path, error) from error
    except Exception as error:  # a hostile file can raise anything
        raise refusal(path, error) from error


def is_torchscript(path: Path) -> bool:
    """Whether a file is an archive of ``torch.jit.save``, a zip with code. Raises BadCheckpoint."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception as error:  # a hostile file can raise anything
        raise refusal(path, error) from error
    return any(name.split("/")[1:2] == ["code"] or name.endswith("/constants.pkl") for name in names)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file. Raises BadCheckpoint."""
    try:
        return load_file(path)
    except Exception as error:  # a hostile file can raise anything
        raise refusal(path, error) from error


def read_npy(path: Path) -> np.ndarray:
    """Read an array of numbers. Raises BadCheckpoint, also for one of objects, which would be a pickle."""
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except Exception as error:  # a hostile file can raise anything
        raise refusal(path, error) from error
    if not isinstance(array, np.ndarray):
        raise BadCheckpoint(f"{path.name} holds several arrays; one was expected.")
    return np.array(array)


def state_of(loaded: Any) -> Mapping[str, Any]:
    """Return the ``state_dict`` of a checkpoint; empty if it has none."""
    state = loaded.get("state_dict") if isinstance(loaded, Mapping) else None
    return state if isinstance(state, Mapping) else {}


def options_of(loaded: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a training script stored with the weights; empty if there are none."""
    options = loaded.get("opts") or {}
    return dict(options) if isinstance(options, Mapping) else dict(vars(options))


def below(state: Mapping[str, Any], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names begin with ``prefix``, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in state.items()
        if name.startswith(prefix) and isinstance(value, Tensor)
    }


def describe(loaded: Any) -> str:
    """Say what a checkpoint is, for the error about a file of the wrong kind."""
    if not isinstance(loaded, Mapping):
        return "a file of another kind"
    if "g_ema" in loaded:
        return "a rosinality generator"
    names = loaded.get("state_dict", loaded)
    if not isinstance(names, Mapping):
        return "a file of another kind"
    roots = {str(name).split(".")[0] for name in names}
    if "mapper" in roots:
        return "a StyleCLIP mapper"
    if "encoder" in roots and "decoder" in roots:
        return "an encoder (e4e, pSp or ReStyle)"
    if {"visual", "logit_scale"} <= roots or {"vision_model", "text_model"} <= roots:
        return "a CLIP model"
    return "a checkpoint of another kind"
