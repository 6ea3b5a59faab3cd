"""The editor's bundles, asked for once and remembered."""

from __future__ import annotations

import contextlib
import itertools

from editor.api import protocol as wire
from editor.api.client import EditorClient
from editor.api.errors import EditorError


class Bundles:
    """What the editor's bundles know; ``default_bundle`` is for new pictures, None for the best match."""

    def __init__(self, editor: EditorClient, default_bundle: str | None) -> None:
        self.editor, self.default_bundle = editor, default_bundle
        self._known: tuple[wire.BundleInfo, ...] = ()

    async def reload(self) -> tuple[wire.BundleInfo, ...]:
        """Have the editor read its bundles anew, and return them. Raises EditorError."""
        self._known = tuple(await self.editor.reload())
        return self._known

    async def selectable(self) -> tuple[wire.BundleInfo, ...]:
        """Return the bundles that new pictures may use; none while the editor is away."""
        if not self._known:
            with contextlib.suppress(EditorError):
                self._known = tuple(await self.editor.bundles())
        return tuple(bundle for bundle in self._known if self.default_bundle in (None, bundle.name))

    async def info(self, name: str | None) -> wire.BundleInfo | None:
        """Return a bundle by name, the first one if there is no such name, None while the editor is away."""
        await self.selectable()
        first = self._known[0] if self._known else None
        return next((bundle for bundle in self._known if bundle.name == name), first)

    async def languages(self, name: str | None) -> tuple[str, ...]:
        """Return the languages that a bundle's text-image model understands."""
        bundle = await self.info(name)
        return bundle.languages if bundle else ("en",)

    async def examples(self, name: str | None) -> tuple[str, ...]:
        """Return changes that a bundle does well; without a name those of all bundles, taken in turn."""
        if name is not None:
            bundle = await self.info(name)
            return bundle.examples if bundle else ()
        in_turn = itertools.zip_longest(*(bundle.examples for bundle in await self.selectable()))
        return tuple(dict.fromkeys(example for row in in_turn for example in row if example is not None))
