"""All methods by name, and which of them are tried when a change names none."""

from __future__ import annotations

from editor.api.errors import BadRequest
from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.editing import text_directions
from editor.editing.methods.base import Method
from editor.editing.methods.ganspace import GANSpace
from editor.editing.methods.global_direction import BETA, GlobalDirection, PublishedGlobalDirection
from editor.editing.methods.interfacegan import InterFaceGAN
from editor.editing.methods.mapper import PromptMapping, TextMapping, matching_mapper
from editor.editing.methods.optimization import Optimization, StyleOffsets, WPlusOffsets
from editor.editing.methods.published_optimization import PublishedOptimization
from editor.editing.methods.styleflow import StyleFlow
from editor.editing.methods.stylemc import StyleMC
from editor.editing.methods.stylespace import StyleSpace
from editor.editing.methods.tedigan import TediGAN

_ALL: tuple[Method, ...] = (
    TextMapping(),
    PromptMapping(),
    GlobalDirection(),
    PublishedGlobalDirection("styleclip", BETA),
    PublishedGlobalDirection("styleclip-auto", None),
    Optimization("optimization", WPlusOffsets),
    Optimization("optimization-s", StyleOffsets),
    PublishedOptimization(),
    StyleMC(),
    StyleSpace(),
    GANSpace(),
    InterFaceGAN(),
    StyleFlow(),
    TediGAN(),
)
METHODS: dict[MethodName, Method] = {method.name: method for method in _ALL}
AUTOMATIC: tuple[MethodName, ...] = ("prompt-mapper", "mapper", "direction")
"""Fast methods that are measured to be worth their time.

Single channels change least besides the prompt, and so were chosen where they did too little: with them and
two more thresholds among the candidates, 87 % of 16 prompts succeeded on 10 portraits; with the mapper and
the direction alone 90 %, in half the time.
"""
PATIENT: tuple[MethodName, ...] = ("optimization",)
"""Methods that are tried if the automatic ones do too little and the user waits."""
COMPARED: tuple[MethodName, ...] = ("prompt-mapper", "mapper", "direction", "optimization", "styleclip")
"""Methods that are compared when none are named."""


def get(name: MethodName, bundle: Bundle) -> Method:
    """Return a method by its name.

    Raises:
        BadRequest: The bundle lacks what the method needs.
    """
    method = METHODS.get(name)
    if method is None or not method.supports(bundle):
        raise BadRequest(f"This model has no method named '{name}'.")
    return method


def automatic(bundle: Bundle, change: Change) -> tuple[MethodName, ...]:
    """Return the methods that are tried for a change that names none."""
    return _keep_supported(AUTOMATIC, bundle, change)


def patient(bundle: Bundle) -> tuple[MethodName, ...]:
    """Return the methods that are tried for a user who waits."""
    return tuple(name for name in PATIENT if METHODS[name].supports(bundle))


def compared(bundle: Bundle, change: Change) -> tuple[MethodName, ...]:
    """Return the methods that are compared when none are named."""
    return _keep_supported(COMPARED, bundle, change)


def _keep_supported(names: tuple[MethodName, ...], bundle: Bundle, change: Change) -> tuple[MethodName, ...]:
    """Keep what the bundle supports; a mapper for one prompt only if one was trained for this prompt."""
    direction = text_directions.text_direction(bundle, change)
    return tuple(
        name
        for name in names
        if METHODS[name].supports(bundle)
        and (name != "prompt-mapper" or matching_mapper(bundle, direction) is not None)
    )
