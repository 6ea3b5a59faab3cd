"""All methods by name, and which of them are tried when a wish names none."""

from __future__ import annotations

from editor.api.errors import BadRequest
from editor.api.protocol import Change, MethodName
from editor.bundle.bundle import Bundle
from editor.editing import text_directions
from editor.editing.methods.base import Method
from editor.editing.methods.ganspace import GANSpace
from editor.editing.methods.global_direction import BETA, GlobalDirection, Published
from editor.editing.methods.interfacegan import InterFaceGAN
from editor.editing.methods.mapper import TextMapping
from editor.editing.methods.optimization import Optimization, Styles, WPlus
from editor.editing.methods.prompt_mapper import PromptMapping, fitting
from editor.editing.methods.published_optimization import PublishedOptimization
from editor.editing.methods.styleflow import StyleFlow
from editor.editing.methods.stylemc import StyleMC
from editor.editing.methods.stylespace import StyleSpace
from editor.editing.methods.tedigan import TediGAN

METHODS: dict[MethodName, Method] = {
    method.name: method
    for method in (
        TextMapping(),
        PromptMapping(),
        GlobalDirection(),
        Published("styleclip", BETA),
        Published("styleclip-auto", None),
        Optimization("optimization", WPlus),
        Optimization("optimization-s", Styles),
        PublishedOptimization(),
        StyleMC(),
        StyleSpace(),
        GANSpace(),
        InterFaceGAN(),
        StyleFlow(),
        TediGAN(),
    )
}
AUTOMATIC: tuple[MethodName, ...] = ("prompt-mapper", "mapper", "direction")
"""Fast, and measured to be worth their time. Single channels change least besides, and were chosen where they did too little:
with them and two more thresholds among the candidates, weighed more for drift, 87 % of 16 wishes succeeded on 10 portraits;
of the mapper and the direction alone, as they were chosen from before, 90 %, in half the time."""
PATIENT: tuple[MethodName, ...] = ("optimization",)
"""Tried where the automatic ones do too little and the user is willing to wait."""
COMPARED: tuple[MethodName, ...] = ("prompt-mapper", "mapper", "direction", "optimization", "styleclip")
"""Side by side when no methods are named."""


def get(name: MethodName, bundle: Bundle) -> Method:
    """A method by its name. Raises BadRequest where this bundle has not what it needs."""
    method = METHODS.get(name)
    if method is None or not method.offered(bundle):
        raise BadRequest(f"This model has no method named '{name}'.")
    return method


def automatic(bundle: Bundle, wish: Change) -> tuple[MethodName, ...]:
    """Those tried for a wish that names no method."""
    return _useful(AUTOMATIC, bundle, wish)


def slow(bundle: Bundle) -> tuple[MethodName, ...]:
    """Those tried for a patient user."""
    return tuple(name for name in PATIENT if METHODS[name].offered(bundle))


def compared(bundle: Bundle, wish: Change) -> tuple[MethodName, ...]:
    """Those shown side by side when none are named."""
    return _useful(COMPARED, bundle, wish)


def _useful(names: tuple[MethodName, ...], bundle: Bundle, wish: Change) -> tuple[MethodName, ...]:
    """Those that the bundle has; a mapper for one prompt where one was trained for this wish."""
    found = tuple(name for name in names if METHODS[name].offered(bundle))
    taught = (
        "prompt-mapper" in found and fitting(bundle, text_directions.text_direction(bundle, wish)) is not None
    )
    return found if taught else tuple(name for name in found if name != "prompt-mapper")
