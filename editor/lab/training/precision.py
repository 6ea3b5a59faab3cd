"""Arithmetic of training: bfloat16 where the device has instructions for it, single precision elsewhere.

A CPU without such instructions does emulate bfloat16, about fifty times slower than single precision.
"""

from __future__ import annotations

import torch


def fast_dtype(device: torch.device) -> torch.dtype:
    """Return the type of numbers in which a device trains fastest."""
    if device.type != "cpu":
        return torch.bfloat16
    capabilities = torch.cpu.get_capabilities()
    native = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return torch.bfloat16 if native else torch.float32


def autocast(device: torch.device, enabled: bool = True) -> torch.autocast:
    """Return a context in which a device computes in its fastest type."""
    fast = fast_dtype(device) == torch.bfloat16
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled and fast)
