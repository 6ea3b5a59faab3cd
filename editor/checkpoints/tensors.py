"""Tensors out of files: torch's own ``.pt``, safetensors and numpy's ``.npy``, none of which may run anything."""

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
from editor.checkpoints.unpickler import refused

SAFE: list[Any] = [argparse.Namespace, pathlib.PosixPath, pathlib.PurePosixPath]
"""Plain holders of options that training scripts put beside the weights; making one runs nothing."""


def read_pt(path: Path) -> Any:
    """What ``torch.save`` wrote, new layout or old, read by torch in its restricted mode. Raises BadCheckpoint."""
    _check_archive(path)
    try:
        with torch.serialization.safe_globals(SAFE), warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # of torch's, on how others pickled: what cannot be read is said below
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise _unpicklable(path, error) from error
    except Exception as error:  # a hostile file can raise anything
        raise refused(path, error) from error


def _check_archive(path: Path) -> None:
    """Weights lie in their archive as they are; packed ones could fill the memory from a small file. Raises BadCheckpoint."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            packed = [
                member.filename for member in archive.infolist() if member.compress_type != zipfile.ZIP_STORED
            ]
    except Exception as error:
        raise refused(path, error) from error
    if packed:
        raise BadCheckpoint(
            f"{path.name} is damaged, or no weights file that is known here: its parts are compressed."
        )


def _unpicklable(path: Path, error: pickle.UnpicklingError) -> BadCheckpoint:
    text = str(error)
    if (
        "GLOBAL" in text
        or "Unsupported class" in text
        or "Unsupported operand" in text
        or "not an allowed" in text
    ):
        return BadCheckpoint(
            f"{path.name} was not read: it wants to run something, and weights need no such thing."
        )
    return refused(path, error)


def is_torchscript(path: Path) -> bool:
    """Is it an archive of ``torch.jit.save``: a zip with code beside the tensors?"""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(
            name.split("/")[1:2] == ["code"] or name.endswith("/constants.pkl") for name in archive.namelist()
        )


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """A safetensors file. Raises BadCheckpoint."""
    try:
        return load_file(path)
    except Exception as error:
        raise refused(path, error) from error


def read_npy(path: Path) -> np.ndarray:
    """An array of numbers. Raises BadCheckpoint, also for an array of objects, which would be a pickle."""
    try:
        array = np.load(path, allow_pickle=False)
    except Exception as error:
        raise refused(path, error) from error
    if not isinstance(array, np.ndarray):
        raise BadCheckpoint(f"{path.name} holds several arrays; one was expected.")
    return array


def below(state: Mapping[str, Any], prefix: str) -> dict[str, Tensor]:
    """The tensors whose names begin with ``prefix``, without it."""
    return {
        name.removeprefix(prefix): value
        for name, value in state.items()
        if name.startswith(prefix) and isinstance(value, Tensor)
    }


def recognise(loaded: Any) -> str:
    """What a checkpoint is, in words, for the sentence that refuses it in the wrong place."""
    if not isinstance(loaded, Mapping):
        return "no checkpoint"
    if "g_ema" in loaded:
        return "a rosinality generator"
    names = loaded.get("state_dict", loaded)
    if not isinstance(names, Mapping):
        return "no checkpoint"
    roots = {str(name).split(".")[0] for name in names}
    if "mapper" in roots:
        return "a StyleCLIP mapper"
    if "encoder" in roots and "decoder" in roots:
        return "an encoder (e4e, pSp or ReStyle)"
    if {"visual", "logit_scale"} <= roots or {"vision_model", "text_model"} <= roots:
        return "a CLIP model"
    return "something else"
