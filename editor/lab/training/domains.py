"""The drawn domains by name. Each is a package with a module ``domain`` that defines ``DOMAIN``."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from editor.lab.training import record
from editor.lab.training.domain import Domain
from editor.lab.training.portraits import Portraits

NAMES = ("avatars", "critters")


def named(name: str) -> Domain:
    """Return a domain by its name. Raises KeyError if there is none."""
    if name not in NAMES:
        raise KeyError(f"there is no domain '{name}'; there is: {', '.join(NAMES)}")
    found: Domain = import_module(f"editor.lab.training.{name}.domain").DOMAIN
    return found


def of(portraits: Portraits) -> Domain:
    """Return the domain of portraits."""
    return named(portraits.DOMAIN)


def of_bundle(bundle: Path | None) -> Domain:
    """Return the domain that a bundle's record names, or the default."""
    entries = record.read(bundle).values() if bundle is not None else ()
    return named(next((entry["domain"] for entry in entries if "domain" in entry), record.DEFAULT_DOMAIN))
