"""Bounded caches of a bundle."""

from __future__ import annotations

from editor.bundle.caches import Caches


def test_a_value_is_made_once_even_if_it_is_none() -> None:
    caches, made = Caches(), []

    def make() -> None:
        made.append(1)

    assert [caches.get("regions", "hair", make, 2) for _ in range(3)] == [None, None, None]
    assert len(made) == 1


def test_the_least_recently_used_value_goes_first_and_caches_are_apart() -> None:
    caches = Caches()
    for key in ("a", "b", "a", "c"):
        caches.get("pictures", key, lambda key=key: [key], 2)  # type: ignore[misc]
    kept = caches.get("pictures", "a", lambda: ["made again"], 2)
    assert kept == ["a"]
    assert caches.get("pictures", "b", lambda: ["made again"], 2) == ["made again"]
    assert caches.get("regions", "a", lambda: ["another"], 2) == ["another"]
