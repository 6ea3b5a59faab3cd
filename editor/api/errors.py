"""Every way in which the editor says no.

    EditorError
    ├── BadPicture            what was sent is no picture that can be opened
    │   └── PictureTooLarge   its bytes or its pixels exceed the limits
    ├── BadRequest            the job itself makes no sense (schema, shapes)
    │   ├── WrongBundle       a latent or delta was made for another generator
    │   └── NoSuchFace        fewer faces were found in the picture than were counted
    ├── BadCheckpoint         a weights file is malformed, hostile or of another network
    ├── UnknownBundle
    ├── UnknownJob
    ├── JobConflict           another body under a job id already used
    ├── QueueFull             too many jobs of one user are waiting
    ├── NotAuthorised
    ├── Draining              the editor is stopping and takes no new work
    ├── Cancelled
    ├── OutOfMemory
    ├── DiskFull
    └── EditorAway            (client side) the editor cannot be reached

``code`` is stable and for programs, the text is for people, ``status`` is the HTTP answer. This is the only mapping.
"""

from __future__ import annotations

from typing import Any, ClassVar


class EditorError(Exception):
    """Base of all; ``detail`` carries data for programs (limits, positions, names)."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    sentence: ClassVar[str] = "Something went wrong inside the editor. Please try again."

    def __init__(self, sentence: str | None = None, **detail: Any) -> None:
        super().__init__(sentence or self.sentence)
        self.detail = detail


class BadPicture(EditorError):
    code, status, sentence = "bad-picture", 422, "This file is not a picture that I can open."


class PictureTooLarge(BadPicture):
    code, status, sentence = "picture-too-large", 413, "This picture is too large for me."


class BadRequest(EditorError):
    code, status, sentence = "bad-request", 400, "This request could not be understood."


class WrongBundle(BadRequest):
    code, status = "wrong-bundle", 409
    sentence = "This edit was made with another model and cannot be continued with the present one."


class NoSuchFace(BadRequest):
    """``detail`` has the ``number`` from which side (``reason``: left or right), and how many ``faces`` there are."""

    code, status, sentence = "no-such-face", 422, "There is no such face in this picture."


class BadCheckpoint(EditorError):
    code, status, sentence = "bad-checkpoint", 422, "This weights file cannot be used."


class UnknownBundle(EditorError):
    code, status, sentence = "unknown-bundle", 404, "There is no model of that name here."


class UnknownJob(EditorError):
    code, status, sentence = "unknown-job", 404, "There is no job of that name here."


class JobConflict(EditorError):
    code, status, sentence = "job-conflict", 409, "Another request was already made under this job's name."


class QueueFull(EditorError):
    """``detail["retry_after"]`` is in seconds."""

    code, status, sentence = (
        "queue-full",
        429,
        "You have too many wishes waiting. Please try again in a moment.",
    )


class NotAuthorised(EditorError):
    code, status, sentence = "not-authorised", 401, "The editor did not accept the access token."


class Draining(EditorError):
    code, status, sentence = "draining", 503, "The editor is restarting. Please try again in a moment."


class Cancelled(EditorError):
    code, status, sentence = "cancelled", 410, "This wish was cancelled."


class OutOfMemory(EditorError):
    code, status, sentence = "out-of-memory", 507, "There was not enough memory for this edit."


class DiskFull(EditorError):
    code, status, sentence = "disk-full", 507, "There is no space left on the disk."


class EditorAway(EditorError):
    code, status, sentence = "editor-away", 503, "The editor cannot be reached at the moment."


def _tree(root: type[EditorError]) -> dict[str, type[EditorError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def error_for(code: str, sentence: str, detail: dict[str, Any] | None = None) -> EditorError:
    """The error that a code from the wire stands for; an unknown code is the base class."""
    return _tree(EditorError).get(code, EditorError)(sentence, **(detail or {}))
