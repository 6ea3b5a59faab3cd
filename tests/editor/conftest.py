"""The embedded bundle, for tests that need trained weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot import samples
from editor.api.protocol import InvertRequest, InvertResult
from editor.bundle.bundle import Bundle
from editor.editing.engine import Engine
from editor.editing.session import EditSession


@pytest.fixture(scope="session")
def avatars() -> Engine:
    """An engine with the embedded bundle alone."""
    engine = Engine.load([], "cpu")
    return Engine({"avatar": engine.loaded["avatar"]}, engine.device)


@pytest.fixture(scope="session")
def avatar(avatars: Engine) -> Bundle:
    """The embedded bundle."""
    return avatars.loaded["avatar"]


@pytest.fixture(scope="session")
def sample(avatars: Engine) -> Callable[[int], InvertResult]:
    """Samples by number, made editable once each."""
    found: dict[int, InvertResult] = {}

    def invert(number: int = 1) -> InvertResult:
        if number not in found:
            request = InvertRequest(
                bundle="avatar", picture=samples.path_of(number).read_bytes(), quality="draft"
            )
            result = avatars.run(request, lambda *_: None, lambda: False)
            assert isinstance(result, InvertResult)
            found[number] = result
        return found[number]

    return invert


@pytest.fixture
def session(avatar: Bundle, sample: Callable[[int], InvertResult]) -> EditSession:
    """The first sample, ready to be edited."""
    return EditSession(avatar, sample(1).inversion)
