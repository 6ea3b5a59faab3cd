"""How an edit would look with another strength of one adjustment, before anybody decides on it."""

from __future__ import annotations

import asyncio
import io
import uuid
from dataclasses import replace

from PIL import Image

from bot.conversation.faces import Faces
from bot.conversation.jobs import EditorJobs
from bot.conversation.planning import LEAST_STRENGTH
from bot.errors import NoSuchAdjustment
from editor.api import protocol as wire
from storage.records import Edit, Picture

_QUALITY = 82


async def preview(jobs: EditorJobs, edit: Edit, target: str, strength: float, side: int) -> Picture:
    """Render ``edit`` with another strength of the adjustment ``target``; nothing is stored.

    Args:
        target: Prompt of the adjustment.
        strength: 0 leaves it out.
        side: Longest side of the picture in pixels, at most.

    Raises:
        NoSuchAdjustment: It is not in force.
        EditorError: The editor failed.
        StorageError: The edit was deleted.
    """
    faces = await jobs.faces(edit)
    number = next((n for n, layers in faces.layers.items() if any(a.prompt == target for a in layers)), None)
    if number is None:
        raise NoSuchAdjustment
    request = replace(faces, layers=faces.layers | {number: _at(faces, number, target, strength)}).request(
        number, await jobs.history.original(faces.source)
    )
    request = request.model_copy(update={"kind": "render"})
    result = await jobs.run(edit.conversation, request, uuid.uuid4().hex, wire.EditResult)
    return await asyncio.to_thread(shrink, result.picture.data, side)


def _at(faces: Faces, number: int, target: str, strength: float) -> tuple[wire.Adjustment, ...]:
    """Return a face's adjustments with another strength of the newest one that is called ``target``.

    An empty basis keeps the editor from computing deltas anew.
    """
    layers = [layer.model_copy(update={"basis": ""}) for layer in faces.layers[number]]
    place = max(index for index, layer in enumerate(layers) if layer.prompt == target)
    if abs(strength) < LEAST_STRENGTH:
        del layers[place]
    else:
        layers[place] = layers[place].model_copy(update={"strength": strength})
    return tuple(layers)


def shrink(data: bytes, side: int) -> Picture:
    """Return a picture as a WebP of at most ``side`` pixels on its longest side."""
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return Picture(buffer.getvalue(), "image/webp", *image.size)
